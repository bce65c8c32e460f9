#include "entry.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "recovery.h"
#include "removal.h"

enum lookup_kind { LOOKUP_ENTER, LOOKUP_REFRESH };
enum lookup_stage { STAGE_ROOM, STAGE_PASSWORD, STAGE_FOLLOWS };

/* What waits for the store or for a hashing thread. */
struct lookup {
	struct list in_live;
	uint64_t ticket;
	enum lookup_kind kind;
	enum lookup_stage stage;
	char room_id[65];
	/* LOOKUP_ENTER */
	struct live_conn *conn;         /* borrowed; NULL: gone */
	uint64_t re;
	char address[LIVE_ADDRESS_ROOM];
	bool charged;                   /* the limiter was asked: it must be told how it ended */
	char *password;                 /* owned, wiped; NULL: none given */
	char *name;                     /* owned; NULL: none given */
	struct room_info room;          /* owned strings; id "" if there is none */
	uint64_t leader;                /* STAGE_FOLLOWS: whose result is waited for */
	uint8_t mac[32];
};

static void lookup_free(struct lookup *l)
{
	list_remove(&l->in_live);
	if (l->password) {
		sodium_memzero(l->password, strlen(l->password));
		free(l->password);
	}
	free(l->name);
	meeting_room_clear(&l->room);
	free(l);
}

static struct lookup *lookup_new(struct live *live, enum lookup_kind kind, const char *room_id)
{
	struct lookup *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->ticket = live->next_ticket++;
	l->kind = kind;
	strncpy(l->room_id, room_id, sizeof l->room_id - 1);
	list_add_tail(&live->lookups, &l->in_live);
	return l;
}

static struct lookup *lookup_find(struct live *live, uint64_t ticket)
{
	list_each(at, &live->lookups) {
		struct lookup *l = list_entry(at, struct lookup, in_live);
		if (l->ticket == ticket)
			return l;
	}
	return NULL;
}

void entry_destroy(struct live *live)
{
	list_each_safe(at, &live->lookups)
		lookup_free(list_entry(at, struct lookup, in_live));
}

void entry_cancel(struct live_conn *conn)
{
	list_each(at, &conn->live->lookups) {
		struct lookup *l = list_entry(at, struct lookup, in_live);
		if (l->conn == conn)
			l->conn = NULL;         /* the charge for the guess is still settled when the check ends */
	}
}

/* -- what a proven person still may not ------------------------------------------------------------------------------------ */

static bool is_owner(const struct live_conn *conn, const struct room_info *room)
{
	return conn->who.account && conn->who.account == room->owner;
}

const char *entry_bar(const struct live_conn *conn, const struct meeting *meeting)
{
	const struct room_info *room = &meeting->room;

	if (is_owner(conn, room))
		return NULL;
	if (!room->guests && !conn->who.account)
		return "members_only";
	if (removal_applies(meeting, &conn->who))
		return "removed";
	if (meeting->people >= room->max)
		return "room_full";
	return meeting->locked ? "locked" : NULL;
}

json_t *entry_describe(const struct live *live, const struct meeting *meeting, const char *name, bool guest, bool host)
{
	json_t *hosts = json_array();

	for (size_t i = 0; hosts && i < live->config.hosts_n; i++)
		json_array_append_new(hosts, json_string(live->hosts[i]));
	return json_pack("{ss, s{ss, sb, sb}, ss, ss, sI, s{so, si}, si}", "title", meeting->room.title, "you", "name", name, "guest", guest,
		"host", host, "banner", meeting->room.banner, "contact", meeting->room.contact, "people", (json_int_t)meeting->people,
		"ice", "host", hosts, "port", live->config.port, "seats", live->config.seats_max);
}

/* A guest's name as given, a member's from the account. NULL: fine; else why not. */
static const char *choose_name(struct live_conn *conn, const char *given)
{
	struct live *live = conn->live;

	if (conn->who.account) {
		memcpy(conn->name, conn->who.display, sizeof conn->name);
		return NULL;
	}
	if (!given || !*given)
		return "name_needed";
	return live->ops.name_clean(live->ops.ctx, given, conn->name) ? NULL : "bad_name";
}

/* -- refused or proven ----------------------------------------------------------------------------------------------------- */

static void finish(struct live *live, struct lookup *l, bool wrong)
{
	if (wrong)
		live->counters.wrong_passwords++;
	if (l->charged && wrong)
		live->ops.guess_wrong(live->ops.ctx, l->address, l->room_id);
	else if (l->charged)
		live->ops.guess_right(live->ops.ctx, l->address, l->room_id);
	if (l->conn)
		l->conn->busy = false;
}

static void enter_refuse(struct live *live, struct lookup *l)
{
	finish(live, l, true);
	if (l->conn)
		message_error(l->conn, l->re, "refused", 0);
	lookup_free(l);
}

static void enter_busy(struct live *live, struct lookup *l)
{
	finish(live, l, false);
	if (l->conn)
		message_error(l->conn, l->re, "slow_down", 2);
	lookup_free(l);
}

static void enter_let_in(struct live *live, struct lookup *l, struct meeting *meeting)
{
	struct live_conn *conn = l->conn;
	bool host = is_owner(conn, &meeting->room);
	const char *bar = entry_bar(conn, meeting);

	if (!bar || !strcmp(bar, "removed") || !strcmp(bar, "room_full") || !strcmp(bar, "locked")) {
		const char *name_bar = choose_name(conn, l->name);
		bar = name_bar ? name_bar : bar;
	}
	if (bar) {
		message_error(conn, l->re, bar, 0);
		return;
	}
	live->counters.entered++;
	client_enter(conn, meeting);
	message_answer(conn, l->re, "entered", entry_describe(live, meeting, conn->name, !conn->who.account, host));
}

static void enter_proven(struct live *live, struct lookup *l, bool by_password)
{
	struct meeting *meeting = NULL;

	finish(live, l, false);
	if (l->conn) {
		meeting = meeting_get(live, &l->room);
		if (!meeting) {
			client_close(l->conn, 1011);
		} else {
			if (by_password) {
				memcpy(meeting->password_mac, l->mac, sizeof l->mac);
				meeting->has_password_mac = true;
			}
			enter_let_in(live, l, meeting);
			meeting_maybe_free(meeting);
		}
	}
	lookup_free(l);
}

/* -- the way there --------------------------------------------------------------------------------------------------------- */

/* Bound to the room and its hash: another password of the same room makes the remembered one worthless by itself. Where there is no hash,
 * it still tells equal guesses at the same id. */
static void password_mac(const struct live *live, const struct lookup *l, uint8_t out[32])
{
	const char *hash = l->room.id[0] ? l->room.password_hash : "";
	const char *password = l->password ? l->password : "";
	crypto_generichash_state s;

	crypto_generichash_init(&s, live->password_key, sizeof live->password_key, 32);
	crypto_generichash_update(&s, (const uint8_t *)l->room_id, sizeof l->room_id);
	crypto_generichash_update(&s, (const uint8_t *)hash, strlen(hash) + 1);
	crypto_generichash_update(&s, (const uint8_t *)password, strlen(password));
	crypto_generichash_final(&s, out, 32);
	sodium_memzero(&s, sizeof s);
}

static bool remembered(struct live *live, const struct lookup *l)
{
	const struct meeting *meeting = meeting_find(live, l->room.id);

	return meeting && meeting->has_password_mac && !sodium_memcmp(meeting->password_mac, l->mac, sizeof l->mac);
}

/* Somebody's equal password is being checked already: wait for that result. For rooms that do not exist too, or two equal guesses at
 * once would tell by their time. */
static struct lookup *leader_of(struct live *live, const struct lookup *l)
{
	list_each(at, &live->lookups) {
		struct lookup *other = list_entry(at, struct lookup, in_live);
		if (other != l && other->kind == LOOKUP_ENTER && other->stage == STAGE_PASSWORD &&
		    !sodium_memcmp(other->mac, l->mac, sizeof l->mac))
			return other;
	}
	return NULL;
}

/* May this address guess at this room? The same question for rooms that exist and those that do not. */
static bool may_guess(struct live *live, struct lookup *l)
{
	uint32_t wait_s = 1;

	l->charged = live->ops.guess_ask(live->ops.ctx, l->address, l->room_id, &wait_s) == LIVE_GUESS_ALLOWED;
	if (l->charged)
		return true;
	if (l->conn) {
		l->conn->busy = false;
		message_error(l->conn, l->re, "slow_down", wait_s ? wait_s : 1);
	}
	lookup_free(l);
	return false;
}

static void check_password(struct live *live, struct lookup *l)
{
	if (!may_guess(live, l))
		return;
	bool real = l->room.id[0] && !l->room.closed && l->room.password_hash && *l->room.password_hash && l->password;

	if (!real)
		meeting_room_clear(&l->room);
	password_mac(live, l, l->mac);
	if (real && remembered(live, l)) {
		enter_proven(live, l, false);
		return;
	}
	struct lookup *leader = leader_of(live, l);
	if (leader) {
		l->stage = STAGE_FOLLOWS;
		l->leader = leader->ticket;
		return;
	}
	l->stage = STAGE_PASSWORD;
	live->ops.password_check(live->ops.ctx, l->ticket, real ? l->room.password_hash : NULL, l->password ? l->password : "");
}

void entry_enter(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct live *live = conn->live;
	const char *room_id = json_string_value(json_object_get(message, "room"));
	const char *password = json_string_value(json_object_get(message, "password"));
	const char *name = json_string_value(json_object_get(message, "name"));

	struct lookup *l = lookup_new(live, LOOKUP_ENTER, room_id);
	if (!l) {
		client_close(conn, 1011);
		return;
	}
	l->conn = conn;
	l->re = id;
	memcpy(l->address, conn->who.address, sizeof l->address);
	l->password = password ? strdup(password) : NULL;
	l->name = name ? strdup(name) : NULL;
	conn->busy = true;
	if (strlen(room_id) == LIVE_ROOM_ID_ROOM - 1)
		live->ops.room_find(live->ops.ctx, l->ticket, l->room_id);
	else
		check_password(live, l);        /* no such room, and as slow as any */
}

static void refreshed(struct live *live, struct lookup *l, const struct live_room *room)
{
	struct meeting *meeting = meeting_find(live, l->room_id);

	if (meeting && room)
		meeting_room_set(meeting, room);
	else if (meeting)
		meeting_room_gone(meeting);
	lookup_free(l);
	recovery_room_known(live);
}

void live_room_found(struct live *live, uint64_t ticket, const struct live_room *room)
{
	struct lookup *l = lookup_find(live, ticket);

	if (!l || l->stage != STAGE_ROOM)
		return;
	if (l->kind == LOOKUP_REFRESH) {
		refreshed(live, l, room);
		return;
	}
	if (room && !meeting_room_copy(&l->room, room))
		meeting_room_clear(&l->room);
	if (l->conn && l->room.id[0] && !l->room.closed && is_owner(l->conn, &l->room))
		enter_proven(live, l, false);
	else
		check_password(live, l);
}

void live_password_checked(struct live *live, uint64_t ticket, enum live_password verdict)
{
	struct lookup *l = lookup_find(live, ticket);

	if (!l || l->stage != STAGE_PASSWORD)
		return;
	bool right = verdict == LIVE_PASSWORD_RIGHT && l->room.id[0];
	list_each_safe(at, &live->lookups) {
		struct lookup *f = list_entry(at, struct lookup, in_live);
		if (f->stage != STAGE_FOLLOWS || f->leader != ticket)
			continue;
		if (right)
			enter_proven(live, f, true);
		else if (verdict == LIVE_PASSWORD_BUSY)
			enter_busy(live, f);
		else
			enter_refuse(live, f);
	}
	if (right)
		enter_proven(live, l, true);
	else if (verdict == LIVE_PASSWORD_BUSY)
		enter_busy(live, l);
	else
		enter_refuse(live, l);
}

void entry_refresh(struct live *live, const char *room_id)
{
	struct lookup *l = lookup_new(live, LOOKUP_REFRESH, room_id);

	if (l)
		live->ops.room_find(live->ops.ctx, l->ticket, l->room_id);
}

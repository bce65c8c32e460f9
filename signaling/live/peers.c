#include "peers.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "entry.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "rand.h"
#include "resume.h"
#include "sdp_answer.h"
#include "sealed_tag.h"

/* -- a peer and what is derived from its id ---------------------------------------------------------------------------------- */

struct live_peer *peers_find(struct live *live, const char *id)
{
	return map_get_string(live->peers_by_id, id, strlen(id));
}

static struct live_peer *peer_new(struct live *live, struct participant *p, const char *id)
{
	struct live_peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return NULL;
	strcpy(peer->id, id);
	if (map_put_string(live->peers_by_id, id, strlen(id), peer)) {
		free(peer);
		return NULL;
	}
	peer->participant = p;
	list_init(&peer->in_retired);
	return peer;
}

static struct live_peer *peer_new_named(struct live *live, struct participant *p)
{
	uint8_t bytes[18];
	char id[LIVE_PEER_ID_ROOM] = "p-";

	rand_bytes(bytes, sizeof bytes);
	sodium_bin2base64(id + 2, sizeof id - 2, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return peer_new(live, p, id);
}

static void tell_remove(struct live *live, const char *id)
{
	strcpy(media_link_prepare(live, CONTROL_PEER_REMOVE)->u.peer.peer, id);
	media_link_request(live, "");
}

void peers_remove_stray(struct live *live, const char *id)
{
	tell_remove(live, id);
}

static void peer_free(struct live *live, struct live_peer *peer, bool tell)
{
	if (!peer)
		return;
	if (tell)
		tell_remove(live, peer->id);
	map_remove_string(live->peers_by_id, peer->id, strlen(peer->id));
	list_remove(&peer->in_retired);
	free(peer->sections);
	free(peer->pending_sdp);
	free(peer);
}

void peers_drop_old(struct participant *p)
{
	peer_free(p->meeting->live, p->old_peer, true);
	p->old_peer = NULL;
}

void peers_free_all(struct participant *p, bool tell)
{
	struct live *live = p->meeting->live;

	peer_free(live, p->peer, tell);
	peer_free(live, p->old_peer, tell);
	p->peer = p->old_peer = NULL;
}

struct live_peer *peers_recover(struct live *live, struct participant *p, const char *id)
{
	return strlen(id) < LIVE_PEER_ID_ROOM && !peers_find(live, id) ? peer_new(live, p, id) : NULL;
}

/* Keyed hash of what is derived, of which peer, of which turn. */
static void derive(const struct live *live, const char *what, const struct live_peer *peer, uint32_t turn, uint8_t out[24])
{
	char text[80];
	int n = snprintf(text, sizeof text, "%s %s %" PRIu32, what, peer->id, turn);

	crypto_generichash(out, 24, (const uint8_t *)text, (size_t)n, live->config.seal_key, LIVE_SEAL_KEY_BYTES);
}

static bool ssrc_used(const uint32_t *used, size_t count, uint32_t ssrc)
{
	for (size_t i = 0; i < count; i++)
		if (used[i] == ssrc)
			return true;
	return ssrc == 0;
}

static void derive_server(const struct live *live, const struct live_peer *peer, uint16_t seat_count, struct offer_server *out)
{
	uint8_t bytes[24];
	uint32_t used[3 * CONTROL_SEATS_MAX];
	size_t count = 0;

	derive(live, "ice", peer, peer->generation, bytes);
	sodium_bin2hex(out->ufrag, sizeof out->ufrag, bytes, 8);
	sodium_bin2hex(out->pwd, sizeof out->pwd, bytes + 8, 16);
	for (uint16_t i = 0; i < seat_count; i++) {
		uint32_t *into[] = { &out->ssrcs[i].audio, &out->ssrcs[i].video, &out->ssrcs[i].rtx };
		derive(live, "ssrc", peer, i, bytes);
		for (int k = 0; k < 3; k++) {
			uint32_t ssrc;
			memcpy(&ssrc, bytes + 4 * k, sizeof ssrc);
			while (ssrc_used(used, count, ssrc))
				ssrc++;
			used[count++] = *into[k] = ssrc;
		}
	}
}

static uint32_t ufrag_mark(const char *ufrag)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint32_t mark;

	crypto_generichash(hash, sizeof hash, (const uint8_t *)ufrag, strlen(ufrag), NULL, 0);
	memcpy(&mark, hash, sizeof mark);
	return mark;
}

/* -- requests about a peer ---------------------------------------------------------------------------------------------------- */

void peers_send_state(struct participant *p)
{
	struct live *live = p->meeting->live;

	if (!p->peer)
		return;
	struct control_peer_state *s = &media_link_prepare(live, CONTROL_PEER_STATE)->u.peer_state;
	strcpy(s->peer, p->peer->id);
	s->mic = p->state[CONTROL_MIC];
	s->camera = p->state[CONTROL_CAMERA];
	s->screen = p->state[CONTROL_SCREEN];
	s->screen_audio = p->state[CONTROL_SCREEN_AUDIO];
	media_link_request(live, "");
}

void peers_send_block(struct participant *p)
{
	struct live *live = p->meeting->live;

	for (int i = 0; i < 2; i++) {
		const struct live_peer *peer = i ? p->peer : p->old_peer;
		if (!peer)
			continue;
		struct control_peer_block *b = &media_link_prepare(live, CONTROL_PEER_BLOCK)->u.peer_block;
		strcpy(b->peer, peer->id);
		b->mic = p->blocked[CONTROL_MIC];
		b->camera = p->blocked[CONTROL_CAMERA];
		b->screen = p->blocked[CONTROL_SCREEN];
		media_link_request(live, "");
	}
}

static bool open_room(struct meeting *meeting)
{
	struct live *live = meeting->live;

	if (meeting->opened)
		return true;
	strcpy(media_link_prepare(live, CONTROL_ROOM_OPEN)->u.room.room, meeting->room.id);
	meeting->opened = media_link_request(live, "");
	if (meeting->opened)
		log_info("meeting.opened", log_str("room", meeting->room.id));
	return meeting->opened;
}

static char *write_answer(struct live *live, const struct live_peer *peer, const struct offer_sections *sections,
                          const struct offer_server *server)
{
	uint8_t bytes[24];
	struct sdp_answer_server about = { .hosts = (const char *const *)live->hosts, .hosts_n = live->config.hosts_n,
		.port = live->config.port, .fingerprint = live->link.fingerprint, .version = (uint32_t)live_unix_s(live) };

	derive(live, "sdp", peer, 0, bytes);
	memcpy(&about.session, bytes, sizeof about.session);
	about.session >>= 2;
	return sdp_answer_write(live->offer, live->plan, sections, server, &about);
}

/* -- offers ---------------------------------------------------------------------------------------------------------------------- */

bool peers_read_state(bool state[CONTROL_SOURCES], const json_t *json)
{
	size_t seen = 0;

	for (int i = 0; i < CONTROL_SOURCES; i++) {
		const json_t *value = json_object_get(json, control_source_name((enum control_source)i));
		if (value && !json_is_boolean(value))
			return false;
		if (value)
			state[i] = json_is_true(value);
		seen += value != NULL;
	}
	/* Checked `state` messages carry t and id as well. */
	return json_object_size(json) == seen + (json_object_get(json, "t") ? 2 : 0);
}

/* Read a message's sdp and sections into the scratch offer and plan. False: refused, and said so. */
static bool read_offer(struct live_conn *conn, uint64_t id, const json_t *message, struct offer_sections *sections)
{
	struct live *live = conn->live;
	const json_t *sdp = json_object_get(message, "sdp");

	if (!offer_sections_read(sections, json_object_get(message, "sections"))) {
		message_refuse(conn, id, "bad_message");
		return false;
	}
	if (live->link.state != LINK_UP) {
		message_error(conn, id, "media_gone", 1);
		return false;
	}
	if (!sdp_parse(live->offer, json_string_value(sdp), json_string_length(sdp)) ||
	    !offer_plan_make(live->plan, live->offer, sections, live->config.seats_max)) {
		live->counters.bad_sdp++;
		message_error(conn, id, "bad_sdp", 0);
		return false;
	}
	return true;
}

/* Keep what the offer said of the browser's side, write the answer and remember who waits for it. */
static bool peer_take_offer(struct live_conn *conn, struct live_peer *peer, uint64_t re, const struct offer_sections *sections,
                            const struct offer_server *server)
{
	const struct sdp_section *first = &conn->live->offer->sections[conn->live->offer->bundle_first];
	struct offer_sections *kept = peer->sections ? peer->sections : malloc(sizeof *kept);
	char *sdp = write_answer(conn->live, peer, sections, server);

	if (!kept || !sdp) {
		if (kept != peer->sections)
			free(kept);
		free(sdp);
		return false;
	}
	*kept = *sections;
	peer->sections = kept;
	peer->seat_count = sections->seat_count;
	peer->ufrag_mark = ufrag_mark(first->ufrag);
	peer->fingerprint_known = true;
	memcpy(peer->fingerprint, first->fingerprint, sizeof peer->fingerprint);
	free(peer->pending_sdp);
	peer->pending_sdp = sdp;
	peer->pending_conn = conn->serial;
	peer->pending_re = re;
	return true;
}

/* room.open if needed, peer.add, and what it must know at once. */
static bool peer_send_add(struct live *live, struct participant *p, const struct offer_sections *sections, const struct offer_server *server)
{
	struct live_peer *peer = p->peer;

	if (!open_room(p->meeting))
		return false;
	struct control_peer_add *add = &media_link_prepare(live, CONTROL_PEER_ADD)->u.peer_add;
	strcpy(add->room, p->meeting->room.id);
	strcpy(add->peer, peer->id);
	add->number = p->number;
	offer_plan_to_peer(add, live->plan, live->offer, sections, server);
	if (!sealed_tag_write(add->tag, p, peer) || !media_link_request(live, peer->id))
		return false;
	peers_send_state(p);
	if (p->blocked[CONTROL_MIC] || p->blocked[CONTROL_CAMERA] || p->blocked[CONTROL_SCREEN])
		peers_send_block(p);
	return true;
}

/* A new peer of p for the offer in the scratch; the one before it is kept beside it. */
static bool add_peer(struct live_conn *conn, struct participant *p, uint64_t re, const struct offer_sections *sections)
{
	struct live *live = conn->live;
	struct offer_server server = { 0 };
	struct live_peer *peer = peer_new_named(live, p);

	if (!peer)
		return false;
	derive_server(live, peer, sections->seat_count, &server);
	if (p->old_peer)
		peers_drop_old(p);
	p->old_peer = p->peer;
	p->peer = peer;
	if (p->old_peer) {
		p->old_peer->retire_at_us = live_now_us(live) + LIVE_RETIRE_US;
		list_add_tail(&live->retired, &p->old_peer->in_retired);
	}
	return peer_take_offer(conn, peer, re, sections, &server) && peer_send_add(live, p, sections, &server);
}

/* The newest peer did not come to be: the one before, if there is one, goes on. */
static void undo_peer(struct participant *p)
{
	peer_free(p->meeting->live, p->peer, false);
	p->peer = p->old_peer;
	p->old_peer = NULL;
	if (p->peer) {
		list_remove(&p->peer->in_retired);
		p->peer->retire_at_us = 0;
	}
}

static const char *join_bar(const struct live_conn *conn)
{
	const struct meeting *meeting = conn->meeting;

	return meeting->gone || meeting->room.closed ? "refused" : entry_bar(conn, meeting);
}

/* A participant as the connection says who it is. */
static struct participant *new_participant(struct live_conn *conn, const bool state[CONTROL_SOURCES])
{
	struct live *live = conn->live;
	struct participant *p = meeting_add(conn->meeting);

	if (!p)
		return NULL;
	p->conn = conn;
	p->account = conn->who.account;
	p->guest = !conn->who.account;
	p->host = p->account && p->account == conn->meeting->room.owner;
	memcpy(p->name, conn->name, sizeof p->name);
	memcpy(p->session, conn->who.session, sizeof p->session);
	meeting_ban_mark(live, &conn->who, p->ban);
	p->since_s = live_unix_s(live);
	memcpy(p->state, state, sizeof p->state);
	conn->participant = p;
	conn->busy = true;
	return p;
}

/* The participant that was to be is not; the connection is where it was before it asked. */
static void undo_join(struct live_conn *conn, uint64_t id, const char *code, uint32_t retry_after_s)
{
	struct participant *p = conn->participant;

	conn->participant = NULL;
	conn->busy = false;
	p->conn = NULL;
	meeting_drop(p);
	message_error(conn, id, code, retry_after_s);
}

void peers_join(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct offer_sections sections;
	bool state[CONTROL_SOURCES] = { false };
	const char *bar = join_bar(conn);

	if (!peers_read_state(state, json_object_get(message, "state"))) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	if (bar) {
		message_error(conn, id, bar, 0);
		return;
	}
	if (!read_offer(conn, id, message, &sections))
		return;
	struct participant *p = new_participant(conn, state);
	if (!p)
		client_close(conn, 1011);
	else if (!add_peer(conn, p, id, &sections))
		undo_join(conn, id, "media_gone", 1);
}

/* A changed offer for a standing connection: what was there stays, seats may be added. */
static bool offer_continues(const struct live_peer *peer, const struct sdp_offer *offer, const struct offer_sections *now)
{
	const struct offer_sections *before = peer->sections;

	if (peer->fingerprint_known && strcmp(peer->fingerprint, offer->sections[offer->bundle_first].fingerprint))
		return false;
	if (!before)
		return true;
	for (int i = 0; i < CONTROL_SOURCES; i++)
		if (before->sources[i][0] && strcmp(before->sources[i], now->sources[i]))
			return false;
	return now->seat_count >= before->seat_count && !memcmp(before->seats, now->seats, before->seat_count * sizeof *now->seats);
}

static bool update_peer(struct live_conn *conn, struct live_peer *peer, uint64_t re, const struct offer_sections *sections)
{
	struct live *live = conn->live;
	struct offer_server server = { 0 };
	const struct sdp_section *first = &live->offer->sections[live->offer->bundle_first];
	bool restart = ufrag_mark(first->ufrag) != peer->ufrag_mark;

	peer->generation += restart;
	derive_server(live, peer, sections->seat_count, &server);
	if (!peer_take_offer(conn, peer, re, sections, &server))
		return false;
	struct control_peer_update *u = &media_link_prepare(live, CONTROL_PEER_UPDATE)->u.peer_update;
	offer_plan_to_peer(&u->what, live->plan, live->offer, sections, &server);
	u->has_ice = restart;
	u->has_ext = u->has_payloads = u->has_sends = u->has_seats = u->has_tag = true;
	strcpy(u->what.peer, peer->id);
	return sealed_tag_write(u->what.tag, peer->participant, peer) && media_link_request(live, peer->id);
}

void peers_offer(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = conn->participant;
	struct offer_sections sections;
	bool fresh = json_is_true(json_object_get(message, "new"));

	if (!read_offer(conn, id, message, &sections))
		return;
	if (!fresh && !p->peer) {
		message_error(conn, id, "not_now", 0);
		return;
	}
	if (!fresh && !offer_continues(p->peer, conn->live->offer, &sections)) {
		conn->live->counters.bad_sdp++;
		message_error(conn, id, "bad_sdp", 0);
		return;
	}
	if (fresh ? add_peer(conn, p, id, &sections) : update_peer(conn, p->peer, id, &sections)) {
		conn->busy = true;
		return;
	}
	if (fresh)
		undo_peer(p);
	message_error(conn, id, "media_gone", 1);
}

/* -- the media program's answers --------------------------------------------------------------------------------------------------- */

static void send_joined(struct live_conn *conn, struct participant *p, uint64_t re, const char *sdp)
{
	char token[RESUME_TOKEN_ROOM];
	json_t *body;

	resume_token_new(p, token);
	meeting_retag(p);
	meeting_arrive(p);
	conn->state = CONN_JOINED;
	body = json_pack("{ss}", "sdp", sdp);
	if (!meeting_describe(body, p, token)) {
		json_decref(body);
		body = NULL;
	}
	message_answer(conn, re, "joined", body);
	sodium_memzero(token, sizeof token);
	if (p->meeting->speakers)
		message_event(conn, json_incref(p->meeting->speakers));
}

static void answer_ok(struct live_conn *conn, struct participant *p, struct live_peer *peer)
{
	char *sdp = peer->pending_sdp;

	peer->pending_sdp = NULL;
	conn->busy = false;
	if (!p->present)
		send_joined(conn, p, peer->pending_re, sdp);
	else
		message_answer(conn, peer->pending_re, "answer", json_pack("{ss}", "sdp", sdp));
	free(sdp);
}

static void media_lost(struct participant *p)
{
	p->meeting->live->counters.media_lost++;
	if (p->conn && p->present)
		message_event(p->conn, json_pack("{ss}", "t", "media_lost"));
}

static void answer_failed(struct live_conn *conn, struct participant *p, struct live_peer *peer, bool was_new, enum control_code code)
{
	uint64_t re = peer->pending_re;
	const char *word = code == CONTROL_CODE_BAD_MESSAGE ? "bad_sdp" : "media_gone";
	uint32_t wait_s = code == CONTROL_CODE_BAD_MESSAGE ? 0 : code == CONTROL_CODE_TOO_MANY ? 5 : 1;

	if (code == CONTROL_CODE_NO_ROOM)
		p->meeting->opened = false;
	if (!p->present) {
		if (conn)
			undo_join(conn, re, word, wait_s);
		else
			meeting_drop(p);
		return;
	}
	free(peer->pending_sdp);
	peer->pending_sdp = NULL;
	if (was_new) {
		undo_peer(p);
	} else if (code == CONTROL_CODE_NO_PEER) {
		peer_free(p->meeting->live, peer, false);
		p->peer = NULL;
	}
	if (!conn)
		return;
	conn->busy = false;
	message_error(conn, re, word, wait_s);
	if (!p->peer)
		media_lost(p);
}

void peers_answered(struct live *live, const char *peer_id, enum control_type type, bool ok, enum control_code code)
{
	struct live_peer *peer = peers_find(live, peer_id);

	if (!peer || !peer->pending_sdp)
		return;
	struct participant *p = peer->participant;
	struct live_conn *conn = client_find(live, peer->pending_conn);
	if (conn && conn->participant != p)
		conn = NULL;
	if (!ok || peer != p->peer) {
		answer_failed(conn, p, peer, type == CONTROL_PEER_ADD && peer == p->peer, code);
	} else if (conn) {
		answer_ok(conn, p, peer);
	} else {
		free(peer->pending_sdp);
		peer->pending_sdp = NULL;
	}
}

/* -- the media program's events ------------------------------------------------------------------------------------------------------ */

void peers_all_gone(struct live *live)
{
	list_each(m, &live->meetings) {
		struct meeting *meeting = list_entry(m, struct meeting, in_live);
		meeting->opened = false;
		list_each_safe(at, &meeting->participants) {
			struct participant *p = list_entry(at, struct participant, in_meeting);
			peers_free_all(p, false);
			if (p->conn)
				p->conn->busy = p->conn->parked != NULL;
			media_lost(p);
		}
	}
}

void peers_connected(struct live *live, const char *peer_id, enum control_via via)
{
	struct live_peer *peer = peers_find(live, peer_id);

	if (!peer)
		return;
	struct participant *p = peer->participant;
	peer->connected = true;
	peer->via = via;
	if (peer != p->peer)
		return;
	peers_drop_old(p);
	if (p->conn && p->present)
		message_event(p->conn, json_pack("{ss, sb, ss}", "t", "media_state", "connected", true, "via", control_via_name(via)));
}

void peers_closed(struct live *live, const char *peer_id, enum control_close_reason reason)
{
	struct live_peer *peer = peers_find(live, peer_id);

	if (!peer)
		return;
	struct participant *p = peer->participant;
	log_info("peer.lost", log_str("room", p->meeting->room.id), log_uint("number", p->number),
		log_str("reason", control_close_reason_name(reason)));
	if (peer->pending_sdp) {
		answer_failed(client_find(live, peer->pending_conn), p, peer, false, CONTROL_CODE_NO_PEER);
	} else if (peer == p->peer) {
		p->peer = NULL;
		peer_free(live, peer, false);
		media_lost(p);
	} else {
		p->old_peer = NULL;
		peer_free(live, peer, false);
	}
}

void peers_stalled(struct live *live, const char *peer_id, bool stalled)
{
	struct live_peer *peer = peers_find(live, peer_id);

	if (!peer || peer != peer->participant->peer || !peer->participant->conn || !peer->participant->present)
		return;
	message_event(peer->participant->conn, json_pack("{ss, sb, ss}", "t", "media_state", "connected", !stalled, "via",
		control_via_name(peer->via)));
}

/* A seat never shows somebody who is not on the roster. */
static uint32_t seated(const struct participant *p, uint32_t number)
{
	return number && meeting_person(p->meeting, number) ? number : 0;
}

void peers_seats(struct live *live, const struct control_message *m)
{
	struct live_peer *peer = peers_find(live, m->u.seats.peer);

	if (!peer)
		return;
	struct participant *p = peer->participant;
	json_t *list = json_array();
	for (int i = 0; list && i < m->u.seats.count; i++) {
		uint16_t seat = m->u.seats.seats[i].seat;
		if (seat >= CONTROL_SEATS_MAX)
			continue;
		peer->seats[seat] = m->u.seats.seats[i].number;
		json_array_append_new(list, json_pack("{si, sI}", "seat", seat, "number", (json_int_t)seated(p, peer->seats[seat])));
	}
	if (peer == p->peer && p->conn && p->present)
		message_event(p->conn, json_pack("{ss, so}", "t", "seats", "seats", list));
	else
		json_decref(list);
}

void peers_send_seats(struct participant *p)
{
	json_t *list = json_array();

	for (uint16_t i = 0; p->peer && list && i < p->peer->seat_count; i++)
		json_array_append_new(list, json_pack("{si, sI}", "seat", i, "number", (json_int_t)seated(p, p->peer->seats[i])));
	if (json_array_size(list))
		message_event(p->conn, json_pack("{ss, so}", "t", "seats", "seats", list));
	else
		json_decref(list);
}

void peers_tick(struct live *live, int64_t now_us)
{
	list_each_safe(at, &live->retired) {
		struct live_peer *peer = list_entry(at, struct live_peer, in_retired);
		if (peer->retire_at_us <= now_us)
			peers_drop_old(peer->participant);
	}
}

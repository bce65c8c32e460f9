#include "whip.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "device_offer.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "removal.h"
#include "resume.h"

enum { FULL_RETRY_S = 10, RECOVERY_RETRY_S = 3 };

/* One request that waits: for its token to be looked up (in live.exchanges), or for the media program (conn.exchange). */
struct whip_exchange {
	struct list in_live;
	uint64_t ticket;
	struct whip_target target;
	char address[LIVE_ADDRESS_ROOM];
	char if_match[128];
	char *body;                     /* owned, or NULL */
	size_t len;
	live_whip_done_fn *done;
	void *arg;
};

/* -- exchanges ------------------------------------------------------------------------------------------------------------------ */

static void exchange_free(struct whip_exchange *x)
{
	list_remove(&x->in_live);
	sodium_memzero(&x->target, sizeof x->target);
	free(x->body);
	free(x);
}

/* Ends the exchange. */
static void answer(struct whip_exchange *x, const struct live_whip_answer *a)
{
	x->done(x->arg, a);
	exchange_free(x);
}

static void refuse(struct live *live, struct whip_exchange *x, int status, const char *code, uint32_t retry_after_s)
{
	struct live_whip_answer a = whip_refusal(status, code);

	a.retry_after_s = retry_after_s;
	live->counters.devices_refused++;
	answer(x, &a);
}

static struct whip_exchange *exchange_new(struct live *live, const struct whip_target *target, const struct live_whip_request *r,
                                          live_whip_done_fn *done, void *arg)
{
	struct whip_exchange *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	list_init(&x->in_live);
	x->body = r->body_len ? malloc(r->body_len) : NULL;
	if (r->body_len && !x->body) {
		free(x);
		return NULL;
	}
	if (r->body_len)
		memcpy(x->body, r->body, r->body_len);
	x->len = r->body_len;
	x->target = *target;
	snprintf(x->address, sizeof x->address, "%s", r->address);
	snprintf(x->if_match, sizeof x->if_match, "%s", r->if_match);
	x->done = done;
	x->arg = arg;
	x->ticket = live->next_ticket++;
	list_add_tail(&live->exchanges, &x->in_live);
	return x;
}

void live_whip(struct live *live, const struct live_whip_request *request, live_whip_done_fn *done, void *arg)
{
	struct whip_target target;
	struct live_whip_answer a;

	if (whip_judge(&target, &a, request)) {
		done(arg, &a);
		return;
	}
	struct whip_exchange *x = exchange_new(live, &target, request, done, arg);
	if (!x) {
		a = whip_refusal(503, "busy");
		done(arg, &a);
		return;
	}
	/* A copy: the exchange may have ended before the look-up returns. */
	live->ops.device_find(live->ops.ctx, x->ticket, target.token, target.room, request->address, target.method == WHIP_POST);
	sodium_memzero(&target, sizeof target);
}

static struct whip_exchange *find_exchange(struct live *live, uint64_t ticket)
{
	list_each(at, &live->exchanges) {
		struct whip_exchange *x = list_entry(at, struct whip_exchange, in_live);
		if (x->ticket == ticket)
			return x;
	}
	return NULL;
}

static void conn_takes(struct live_conn *conn, struct whip_exchange *x)
{
	list_remove(&x->in_live);
	list_init(&x->in_live);
	conn->exchange = x;
}

static struct whip_exchange *conn_gives(struct live_conn *conn)
{
	struct whip_exchange *x = conn->exchange;

	conn->exchange = NULL;
	return x;
}

/* -- a device's connection ------------------------------------------------------------------------------------------------------ */

static void wire_send(void *wire, bool binary, const void *bytes, size_t len)
{
	/* What people are told; a device has nowhere to hear it. */
}

static void wire_close(void *wire, uint16_t code)
{
	/* It is marked as closing; whip_tick takes it away. */
}

static const struct live_wire device_wire = { wire_send, wire_close };

static bool same_token(const uint8_t a[LIVE_SESSION_BYTES], const uint8_t b[LIVE_SESSION_BYTES])
{
	return !sodium_memcmp(a, b, LIVE_SESSION_BYTES);
}

static bool is_of(const struct participant *p, const uint8_t token[LIVE_SESSION_BYTES])
{
	return p->kind != LIVE_PERSON && same_token(p->session, token);
}

static struct participant *standing(struct meeting *meeting, const uint8_t token[LIVE_SESSION_BYTES])
{
	list_each(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (is_of(p, token))
			return p;
	}
	return NULL;
}

static struct live_conn *open_conn(struct live *live, const struct live_device *device, const char *address)
{
	struct live_who who = { .kind = device->publish ? LIVE_PUBLISHER : LIVE_VIEWER };

	memcpy(who.session, device->token, sizeof who.session);
	snprintf(who.display, sizeof who.display, "%s", device->name);
	snprintf(who.address, sizeof who.address, "%s", address);
	struct live_conn *conn = live_on_open(live, &device_wire, NULL, &who);
	if (conn)
		memcpy(conn->name, who.display, sizeof conn->name);
	return conn;
}

/* -- entering ------------------------------------------------------------------------------------------------------------------- */

struct bar { int status; const char *code; uint32_t retry_after_s; };

/* Why this device may not join now. Whoever stands there already comes back to the same place, through a lock and into a full room. */
static struct bar bar_of(struct meeting *meeting, const struct live_who *who)
{
	if (removal_applies(meeting, who))
		return (struct bar){ 403, "removed", 0 };
	if (standing(meeting, who->session))
		return (struct bar){ 0 };
	if (meeting->people >= meeting->room.max)
		return (struct bar){ 503, "room_full", FULL_RETRY_S };
	return meeting->locked ? (struct bar){ 403, "locked", 0 } : (struct bar){ 0 };
}

/* Into the scratch offer and plan. */
static struct bar read_offer(struct live *live, const struct whip_exchange *x, struct offer_sections *sections)
{
	if (!x->len || !sdp_parse(live->offer, x->body, x->len))
		return (struct bar){ 400, "bad_sdp", 0 };
	switch (device_offer_plan(sections, live->plan, live->offer, x->target.publish)) {
	case DEVICE_OFFER_TAKEN:
		return (struct bar){ 0 };
	case DEVICE_OFFER_WRONG_ROLE:
		return (struct bar){ 422, "bad_sdp", 0 };
	default:
		return (struct bar){ 406, "bad_sdp", 0 };
	}
}

/* The plan in the scratch is carried out; from here on the exchange is the connection's. */
static void join(struct live_conn *conn, struct whip_exchange *x, struct meeting *meeting, const struct offer_sections *sections)
{
	bool state[CONTROL_SOURCES];
	struct participant *before;

	for (int i = 0; i < CONTROL_SOURCES; i++)
		state[i] = sections->sources[i][0];     /* a device has nobody to switch it on later */
	client_enter(conn, meeting);
	while ((before = standing(meeting, conn->who.session)))
		meeting_depart(before, "left");
	conn_takes(conn, x);
	peers_join_planned(conn, 1, state, sections);
}

static void enter_meeting(struct live *live, struct whip_exchange *x, const struct live_device *device, struct room_info *info,
                          const struct offer_sections *sections)
{
	struct live_conn *conn = open_conn(live, device, x->address);
	struct meeting *meeting = conn ? meeting_get(live, info) : NULL;

	if (!meeting) {
		if (conn)
			client_close(conn, 1011);
		refuse(live, x, 503, "busy", 1);
		return;
	}
	struct bar bar = bar_of(meeting, &conn->who);
	if (bar.status) {
		client_close(conn, LIVE_CLOSE_LEFT);
		refuse(live, x, bar.status, bar.code, bar.retry_after_s);
		meeting_maybe_free(meeting);
		return;
	}
	join(conn, x, meeting, sections);
}

static void post(struct live *live, struct whip_exchange *x, const struct live_device *device, const struct live_room *room)
{
	struct offer_sections sections;
	struct room_info info;

	if (room->closed) {
		refuse(live, x, 403, "refused", 0);
		return;
	}
	if (live->link.state != LINK_UP) {
		refuse(live, x, 503, "media_gone", 1);
		return;
	}
	struct bar bar = read_offer(live, x, &sections);
	if (bar.status) {
		live->counters.bad_sdp++;
		refuse(live, x, bar.status, bar.code, bar.retry_after_s);
		return;
	}
	if (!meeting_room_copy(&info, room)) {
		refuse(live, x, 503, "busy", 1);
		return;
	}
	enter_meeting(live, x, device, &info, &sections);
	meeting_room_clear(&info);
}

/* -- a session that stands ---------------------------------------------------------------------------------------------------- */

static void patch(struct live *live, struct whip_exchange *x, struct participant *p)
{
	struct ice_fragment fragment;
	char etag[WHIP_ETAG_ROOM];

	if (!p->peer || !p->conn || live->link.state != LINK_UP) {
		refuse(live, x, 503, "media_gone", 1);
		return;
	}
	if (!ice_fragment_read(&fragment, x->body ? x->body : "", x->len)) {
		refuse(live, x, 400, "bad_sdp", 0);
		return;
	}
	peers_etag(live, p->peer, etag);
	int status = whip_patch_status(&fragment, peers_knows_ufrag(p->peer, fragment.ufrag), x->if_match, etag);
	if (status == 204) {
		answer(x, &(struct live_whip_answer){ .status = 204 });
	} else if (status != 200) {
		refuse(live, x, status, status == 400 ? "bad_sdp" : status == 412 ? "precondition_failed" : "precondition_required", 0);
	} else if (p->conn->busy) {
		refuse(live, x, 409, "not_now", 1);
	} else {
		conn_takes(p->conn, x);
		if (!peers_restart(p->conn, 1, &fragment))
			whip_refused(p->conn, "media_gone", 1);
	}
}

static void of_session(struct live *live, struct whip_exchange *x, const struct live_device *device)
{
	struct participant *p = resume_find(live, x->target.session);

	if (!p || !is_of(p, device->token) || strcmp(p->meeting->room.id, x->target.room)) {
		refuse(live, x, 404, "not_found", 0);
	} else if (x->target.method == WHIP_PATCH) {
		patch(live, x, p);
	} else {
		meeting_depart(p, "left");
		answer(x, &(struct live_whip_answer){ .status = 200 });
	}
}

void live_device_found(struct live *live, uint64_t ticket, const struct live_device *device, const struct live_room *room,
                       uint32_t retry_after_s)
{
	struct whip_exchange *x = find_exchange(live, ticket);

	if (!x)
		return;
	if (retry_after_s)
		refuse(live, x, 429, "slow_down", retry_after_s);
	else if (!device || !room)
		refuse(live, x, 401, "refused", 0);
	else if (device->publish != x->target.publish)
		refuse(live, x, 403, "not_allowed", 0);
	else if (live->recovering)
		refuse(live, x, 503, "busy", RECOVERY_RETRY_S);
	else if (x->target.method == WHIP_POST)
		post(live, x, device, room);
	else
		of_session(live, x, device);
}

/* -- what peers say ------------------------------------------------------------------------------------------------------------ */

void whip_answered(struct live_conn *conn, const char *sdp, const char *session)
{
	struct whip_exchange *x = conn_gives(conn);
	const struct participant *p = conn->participant;
	char location[LIVE_WHIP_LOCATION_ROOM], etag[WHIP_ETAG_ROOM];

	if (!x)
		return;
	peers_etag(conn->live, p->peer, etag);
	struct live_whip_answer a = { .status = session ? 201 : 200, .body = sdp, .type = session ? whip_offer_type : whip_fragment_type, .etag = etag };
	if (session) {
		snprintf(location, sizeof location, "/%s/%s/%s", x->target.publish ? "whip" : "whep", p->meeting->room.id, session);
		a.location = location;
		conn->live->counters.devices_entered++;
	}
	answer(x, &a);
	sodium_memzero(location, sizeof location);
}

void whip_refused(struct live_conn *conn, const char *code, uint32_t retry_after_s)
{
	struct whip_exchange *x = conn_gives(conn);
	bool theirs = !strcmp(code, "bad_sdp");

	if (x)
		refuse(conn->live, x, theirs ? 406 : 503, code, theirs ? 0 : retry_after_s);
}

/* -- life ---------------------------------------------------------------------------------------------------------------------- */

bool whip_recover(struct participant *p)
{
	struct live_device device = { .publish = p->kind == LIVE_PUBLISHER, .name = p->name };

	memcpy(device.token, p->session, sizeof device.token);
	struct live_conn *conn = open_conn(p->meeting->live, &device, "");
	if (!conn)
		return false;
	client_enter(conn, p->meeting);
	conn->state = CONN_JOINED;
	conn->participant = p;
	p->conn = conn;
	return true;
}

void live_end_device(struct live *live, const uint8_t token[LIVE_SESSION_BYTES])
{
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (conn->participant && is_of(conn->participant, token))
			meeting_depart(conn->participant, "removed");
	}
}

static void conn_gone(struct live_conn *conn)
{
	if (conn->exchange)
		refuse(conn->live, conn_gives(conn), 503, "media_gone", 1);
	live_on_close(conn);
}

void whip_tick(struct live *live)
{
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (conn->who.kind == LIVE_PERSON)
			continue;
		if (conn->participant && !conn->participant->peer) {
			live->counters.departed_lost += conn->participant->present;
			meeting_depart(conn->participant, "lost");
		}
		if (conn->closing || !conn->participant)
			conn_gone(conn);
	}
}

void whip_destroy(struct live *live)
{
	list_each(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (conn->exchange)
			refuse(live, conn_gives(conn), 503, "busy", 1);
	}
	list_each_safe(at, &live->exchanges)
		refuse(live, list_entry(at, struct whip_exchange, in_live), 503, "busy", 1);
}

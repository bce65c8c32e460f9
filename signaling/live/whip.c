#include "whip.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "device_offer.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "removal.h"
#include "resume.h"

enum { FULL_RETRY_S = 10, RECOVERY_RETRY_S = 3 };

static const char offer_type[] = "application/sdp";
static const char fragment_type[] = "application/trickle-ice-sdpfrag";

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

/* -- the form of a request --------------------------------------------------------------------------------------------------- */

/* One part of a path: base64url of exactly `len` characters, up to the next slash or the end. */
static bool take_part(const char **at, char *out, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (strspn(*at, digits) != len)
		return false;
	memcpy(out, *at, len);
	out[len] = 0;
	*at += len;
	return true;
}

/* /whip/ROOM, /whep/ROOM, and either with /SESSION. */
static bool read_path(struct whip_target *out, const char *path)
{
	if (strncmp(path, "/whip/", 6) && strncmp(path, "/whep/", 6))
		return false;
	out->publish = path[3] == 'i';
	path += 6;
	if (!take_part(&path, out->room, LIVE_ROOM_ID_ROOM - 1))
		return false;
	if (*path == '/' && path[1]) {
		path++;
		if (!take_part(&path, out->session, RESUME_TOKEN_ROOM - 1))
			return false;
	}
	return !*path;
}

static bool read_method(struct whip_target *out, const char *method)
{
	static const char *const names[] = { [WHIP_POST] = "POST", [WHIP_PATCH] = "PATCH", [WHIP_DELETE] = "DELETE" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(method, names[i])) {
			out->method = (enum whip_method)i;
			return (i == WHIP_POST) == !out->session[0];
		}
	}
	return false;
}

/* Parameters behind a semicolon are nobody's business here. */
static bool is_type(const char *header, const char *type)
{
	size_t len = strlen(type);

	return !strncasecmp(header, type, len) && (!header[len] || header[len] == ';' || header[len] == ' ');
}

/* A client that names what it takes must take what it gets. */
static bool accepts(const char *header)
{
	return !*header || strstr(header, "*/*") || strcasestr(header, "application/*") || strcasestr(header, offer_type);
}

/* RFC 6750 §2.1. What is no token is looked up like one: nothing tells the two apart. */
static void read_token(struct whip_target *out, const char *header)
{
	if (strncasecmp(header, "Bearer ", 7))
		return;
	header += 7;
	while (*header == ' ')
		header++;
	if (strlen(header) < sizeof out->token)
		strcpy(out->token, header);
}

static struct live_whip_answer refusal(int status, const char *code)
{
	return (struct live_whip_answer){ .status = status, .code = code };
}

bool whip_judge(struct whip_target *out, struct live_whip_answer *answer, const struct live_whip_request *r)
{
	memset(out, 0, sizeof *out);
	if (!read_path(out, r->path)) {
		*answer = refusal(404, "not_found");
		return true;
	}
	const char *allow = out->session[0] ? "OPTIONS, PATCH, DELETE" : "OPTIONS, POST";
	if (!strcmp(r->method, "OPTIONS")) {
		*answer = (struct live_whip_answer){ .status = 200, .allow = allow, .accept_post = out->session[0] ? NULL : offer_type,
			.accept_patch = out->session[0] ? fragment_type : NULL };
		return true;
	}
	if (!read_method(out, r->method)) {
		*answer = refusal(405, "method_not_allowed");
		answer->allow = allow;
		return true;
	}
	if (out->method != WHIP_DELETE && !is_type(r->content_type, out->method == WHIP_POST ? offer_type : fragment_type)) {
		*answer = refusal(415, "unsupported_media_type");
		return true;
	}
	if (out->method == WHIP_POST && !accepts(r->accept)) {
		*answer = refusal(406, "not_acceptable");
		return true;
	}
	read_token(out, r->authorization);
	return false;
}

/* If-Match: `*`, or a list of entity tags, compared strongly (RFC 9110 §13.1.1). The star is met with quotes around it, too. */
static bool matches_any(const char *if_match)
{
	return !strcmp(if_match, "*") || !strcmp(if_match, "\"*\"");
}

static bool matches(const char *if_match, const char *etag)
{
	const char *at = strstr(if_match, etag);

	return at && (at == if_match || at[-1] == ' ' || at[-1] == ',');
}

int whip_patch_status(const struct ice_fragment *fragment, bool credentials_stand, const char *if_match, const char *etag)
{
	bool named = fragment->ufrag[0] || fragment->pwd[0];

	if (!*if_match)
		return 428;
	if (!matches_any(if_match) && !matches(if_match, etag))
		return 412;
	if (!named || (fragment->ufrag[0] && credentials_stand))
		return 204;
	return fragment->ufrag[0] && fragment->pwd[0] ? 200 : 400;
}

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
	struct live_whip_answer a = refusal(status, code);

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
		a = refusal(503, "busy");
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
	struct live_whip_answer a = { .status = session ? 201 : 200, .body = sdp, .type = session ? offer_type : fragment_type, .etag = etag };
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

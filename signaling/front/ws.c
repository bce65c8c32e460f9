/* WebSocket: whole messages in, a bounded queue out, pings and silence. What is in them is the live layer's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "log.h"

enum {
	QUEUE_MOST = 1024 * 1024,       /* bytes that wait for one client; a slower one is put out and comes back by itself */
	DISCARD_MOST = 512 * 1024,      /* bytes of one message too large that are still read, so that it can be told */
	PING_AFTER_US = 10000000,       /* of silence */
	SILENT_US = 30000000,           /* PROTOCOL.md: 4408 */
	CLOSING_US = 3000000,           /* for a close to be answered */
	CLOSE_TRY_LATER = 1013,         /* RFC 6455 registry: "try again later" */
	CLOSE_TOO_BIG = 1009,
};

struct outgoing {
	struct outgoing *next;
	size_t len;
	bool binary;
	unsigned char bytes[];          /* LWS_PRE of room, then the message */
};

struct ws {
	struct ws *next, **at;          /* front.sockets */
	struct lws *wsi;
	struct front *front;
	struct live_conn *live;         /* NULL: none, or the end was told */
	struct outgoing *first, **last;
	size_t queued;                  /* bytes */
	unsigned char *message;         /* being put together */
	size_t len, room;
	size_t discarded;
	bool discarding;
	uint16_t close;                 /* code to close with once the queue is empty; 0: stay */
	bool ping;
	int64_t heard_us, pinged_us, closing_us;
};

size_t ws_session_size(void)
{
	return sizeof(struct ws);
}

/* -- out -------------------------------------------------------------------------------------------------------------- */

static void drop_queue(struct ws *s)
{
	while (s->first) {
		struct outgoing *o = s->first;
		s->first = o->next;
		free(o);
	}
	s->last = &s->first;
	s->queued = 0;
}

static void close_soon(struct ws *s, uint16_t code)
{
	if (s->close)
		return;
	s->close = code;
	s->closing_us = front_now_us();
	lws_callback_on_writable(s->wsi);
}

static void wire_send(void *wire, bool binary, const void *bytes, size_t len)
{
	struct ws *s = wire;
	if (s->close)
		return;
	struct outgoing *o = s->queued + len > QUEUE_MOST ? NULL : malloc(sizeof *o + LWS_PRE + len);
	if (!o) {
		s->front->counters.too_slow++;
		drop_queue(s);
		close_soon(s, CLOSE_TRY_LATER);
		return;
	}
	*o = (struct outgoing){ .len = len, .binary = binary };
	memcpy(o->bytes + LWS_PRE, bytes, len);
	*s->last = o;
	s->last = &o->next;
	s->queued += len;
	lws_callback_on_writable(s->wsi);
}

static void wire_close(void *wire, uint16_t code)
{
	close_soon(wire, code);
}

static const struct live_wire wire_of_ours = { .send = wire_send, .close = wire_close };

static int write_next(struct ws *s)
{
	struct outgoing *o = s->first;
	s->first = o->next;
	if (!s->first)
		s->last = &s->first;
	s->queued -= o->len;
	/* What the socket does not take at once libwebsockets keeps, and says "writable" only when it is gone. */
	int n = lws_write(s->wsi, o->bytes + LWS_PRE, o->len, o->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	free(o);
	return n < 0 ? -1 : 0;
}

static int writable(struct ws *s)
{
	if (s->ping) {
		/* Not empty: of a pong without a payload libwebsockets 4.1 says nothing. */
		unsigned char byte[LWS_PRE + 1] = { [LWS_PRE] = 'h' };
		s->ping = false;
		if (lws_write(s->wsi, byte + LWS_PRE, 1, LWS_WRITE_PING) < 0)
			return -1;
	} else if (s->first && write_next(s)) {
		return -1;
	}
	if (s->first) {
		lws_callback_on_writable(s->wsi);
		return 0;
	}
	if (!s->close)
		return 0;
	if (lws_partial_buffered(s->wsi)) {
		lws_callback_on_writable(s->wsi);
		return 0;
	}
	lws_close_reason(s->wsi, (enum lws_close_status)s->close, NULL, 0);
	return -1;
}

/* -- in --------------------------------------------------------------------------------------------------------------- */

static bool make_room(struct ws *s, size_t more)
{
	if (s->len + more <= s->room)
		return true;
	size_t room = s->room ? s->room : 2048;
	while (room < s->len + more)
		room *= 2;
	unsigned char *message = realloc(s->message, room);
	if (!message)
		return false;
	s->message = message;
	s->room = room;
	return true;
}

static void forget_message(struct ws *s)
{
	s->len = 0;
	if (s->room > 8192) {           /* an offer is large, and rare */
		free(s->message);
		s->message = NULL;
		s->room = 0;
	}
}

static int too_large(struct ws *s)
{
	s->discarding = false;
	s->discarded = 0;
	s->front->counters.too_large++;
	if (s->live)
		live_on_too_large(s->live);
	return 0;
}

static int received(struct ws *s, const void *bytes, size_t len)
{
	size_t coming = lws_remaining_packet_payload(s->wsi);
	bool whole = lws_is_final_fragment(s->wsi) && coming == 0;

	s->heard_us = front_now_us();
	if (s->close)
		return 0;
	/* A frame may declare any length up to 2^63: it is judged by that before its bytes come. */
	if (coming > DISCARD_MOST || s->discarded + len > DISCARD_MOST) {
		lws_close_reason(s->wsi, (enum lws_close_status)CLOSE_TOO_BIG, NULL, 0);
		return -1;
	}
	if (s->discarding || s->len + len + coming > LIVE_MESSAGE_MAX) {
		s->discarding = true;
		s->discarded += len;
		forget_message(s);
		return whole ? too_large(s) : 0;
	}
	if (!make_room(s, len))
		return -1;
	memcpy(s->message + s->len, bytes, len);
	s->len += len;
	if (!whole)
		return 0;
	s->front->counters.messages++;
	if (s->live)
		live_on_message(s->live, lws_frame_is_binary(s->wsi), s->message, s->len);
	forget_message(s);
	return 0;
}

/* -- opening and closing ---------------------------------------------------------------------------------------------- */

/* Only at /ws, only from a page of this server. */
static int may_open(struct lws *wsi)
{
	struct front *front = front_of(wsi);
	char path[16], origin[300], host[256];
	front_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
	front_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
	bool good = front_header(wsi, WSI_TOKEN_GET_URI, path, sizeof path) && strcmp(path, "/ws") == 0 &&
		rest_origin_ours(origin, host, front->fixed_url) && !front->stopping;
	if (!good)
		front->counters.sockets_refused++;
	return good ? 0 : -1;
}

static void who_is_it(struct lws *wsi, struct live_who *out)
{
	struct front *front = front_of(wsi);
	char token[64];
	struct identity who;
	*out = (struct live_who){ .account = 0 };
	memcpy(out->address, front_connection_of(wsi)->from_text, sizeof out->address);
	front_cookie(wsi, FRONT_COOKIE_BROWSER, token);
	if (strlen(token) < sizeof out->browser)
		strcpy(out->browser, token);
	front_cookie(wsi, FRONT_COOKIE_SESSION, token);
	if (auth_session(front->auth, token, false, front_now_s(), &who)) {
		out->account = who.account;
		memcpy(out->display, who.display, sizeof out->display);
		memcpy(out->session, who.session, sizeof out->session);
	}
	explicit_bzero(token, sizeof token);
}

static int opened(struct lws *wsi, struct ws *s)
{
	struct front *front = front_of(wsi);
	*s = (struct ws){ .wsi = wsi, .front = front, .heard_us = front_now_us() };
	s->last = &s->first;
	s->pinged_us = s->heard_us;
	front_connection_of(wsi)->secured = true;
	struct live_who who;
	who_is_it(wsi, &who);
	s->live = front->live ? live_on_open(front->live, &wire_of_ours, s, &who) : NULL;
	if (!s->live)
		return -1;
	s->next = front->sockets;
	s->at = &front->sockets;
	if (s->next)
		s->next->at = &s->next;
	front->sockets = s;
	front->counters.sockets_opened++;
	return 0;
}

static void closed(struct ws *s)
{
	if (!s->front)
		return;
	if (s->at) {
		*s->at = s->next;
		if (s->next)
			s->next->at = s->at;
		s->at = NULL;
	}
	struct live_conn *live = s->live;
	s->live = NULL;
	if (live && s->front->live)     /* once live has been destroyed, so have its connections */
		live_on_close(live);
	drop_queue(s);
	free(s->message);
	s->message = NULL;
	s->len = s->room = 0;
}

int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct ws *s = user;
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return may_open(wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return opened(wsi, s);
	case LWS_CALLBACK_RECEIVE:
		return received(s, in, len);
	case LWS_CALLBACK_RECEIVE_PONG:
		s->heard_us = front_now_us();
		if (s->live && !s->close)     /* after live_destroy every connection is closing, and its live end is gone */
			live_on_alive(s->live);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(s);
	case LWS_CALLBACK_CLOSED:
		closed(s);
		return 0;
	default:
		return 0;
	}
}

/* -- time ------------------------------------------------------------------------------------------------------------- */

void ws_tick(struct front *front)
{
	int64_t now_us = front_now_us();
	struct ws *next;
	for (struct ws *s = front->sockets; s; s = next) {
		next = s->next;
		if (s->close) {
			if (now_us - s->closing_us > CLOSING_US)
				lws_set_timeout(s->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_ASYNC);
		} else if (now_us - s->heard_us > SILENT_US) {
			front->counters.silent++;
			drop_queue(s);
			close_soon(s, LIVE_CLOSE_SILENT);
		} else if (now_us - s->heard_us > PING_AFTER_US && now_us - s->pinged_us > PING_AFTER_US) {
			s->pinged_us = now_us;
			s->ping = true;
			lws_callback_on_writable(s->wsi);
		}
	}
}

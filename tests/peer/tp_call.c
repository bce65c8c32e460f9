/* The signaling side: opening a WebSocket, entering, joining with an SDP offer, sending whatever a test wants said. */
#include "tp_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_json.h"
#include "tp_report.h"
#include "tp_script.h"
#include "tp_sdp.h"
#include "tp_ws.h"

enum { FRAME_MAX = 1 << 20 };

struct tp_call {
	struct tp_actor *actor;
	struct tp_ws *ws;
	bool deflate;                   /* send binary frames */
	long next_id, join_id, offer_id;
};

void tp_call_destroy(struct tp_call *call)
{
	if (!call)
		return;
	tp_ws_destroy(call->ws);
	free(call);
}

static void tell(const struct tp_call *call, const char *event, const char *key, json_t *value)
{
	json_t *e = json_pack("{s:s, s:s}", "ev", event, "peer", call->actor->name);
	if (key)
		json_object_set_new(e, key, value);
	tp_script_emit(e);
}

static long send_message(struct tp_call *call, json_t *message)
{
	long id = (long)tp_json_number(message, "id", 0);
	if (!id && !json_object_get(message, "id")) {
		id = ++call->next_id;
		json_object_set_new(message, "id", json_integer(id));
	} else if (id > call->next_id) {
		call->next_id = id;
	}
	char *text = json_dumps(message, JSON_COMPACT);
	if (text)
		tp_ws_send(call->ws, text, strlen(text), call->deflate);
	free(text);
	return id;
}

/* -- what comes -- */

static void take_answer(struct tp_call *call, const json_t *message)
{
	struct tp_actor *actor = call->actor;
	if (!actor->peer)
		return;
	const char *why = tp_sdp_answer(&actor->remote, actor->peer, tp_json_text(message, "sdp", ""));
	if (why) {
		tell(call, "bad_answer", "why", json_string(why));
		return;
	}
	long long number = tp_json_number(message, "number", 0);
	if (number) {
		tp_peer_set_number(actor->peer, (uint32_t)number);
		actor->number = (uint32_t)number;
	}
	if (tp_peer_connect(actor->peer, &actor->remote))
		tell(call, "closed", "reason", json_string("no fitting candidate"));
}

static void take_seats(struct tp_actor *actor, const json_t *message)
{
	size_t i;
	const json_t *seat;
	json_array_foreach(json_object_get(message, "seats"), i, seat) {
		long long at = tp_json_number(seat, "seat", -1);
		if (actor->peer && at >= 0 && at < TP_PEER_SEATS)
			actor->peer->seat_number[at] = (uint32_t)tp_json_number(seat, "number", 0);
	}
}

static void on_open(void *owner)
{
	struct tp_call *call = owner;
	tell(call, "ws.opened", "us", json_integer(tp_ws_opened_after_us(call->ws)));
}

static void on_message(void *owner, const char *text, size_t len, bool binary)
{
	struct tp_call *call = owner;
	json_error_t error;
	json_t *message = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!message) {
		tell(call, "ws.bad_json", "why", json_string(error.text));
		return;
	}
	long re = (long)tp_json_number(message, "re", -1);
	const char *type = tp_json_text(message, "t", "");
	if ((re == call->join_id && strcmp(type, "joined") == 0) || (re == call->offer_id && strcmp(type, "answer") == 0))
		take_answer(call, message);
	if (strcmp(type, "seats") == 0)
		take_seats(call->actor, message);
	tell(call, "msg", "msg", json_incref(message));
	json_decref(message);
}

static void on_closed(void *owner, int status, int code)
{
	struct tp_call *call = owner;
	tp_script_emit(json_pack("{s:s, s:s, s:i, s:i}", "ev", "ws.closed", "peer", call->actor->name, "status", status, "code", code));
}

/* -- commands -- */

static json_t *open_socket(struct tp_script *script, const json_t *command)
{
	static const struct tp_ws_events events = { on_open, on_message, on_closed };
	struct tp_actor *actor = tp_script_make_actor(script, tp_json_text(command, "peer", ""));
	if (!actor)
		return tp_script_error("peer");
	struct tp_ws_config config = { .url = tp_json_text(command, "url", ""), .origin = tp_json_text(command, "origin", NULL),
		.cookie = tp_json_text(command, "cookie", NULL), .protocol = "hopkin.v1" };
	if (json_object_get(command, "protocol"))
		config.protocol = tp_json_text(command, "protocol", NULL);
	struct tp_call *call = calloc(1, sizeof *call);
	if (!call)
		return tp_script_error("no memory");
	call->actor = actor;
	call->deflate = tp_json_bool(command, "deflate", false);
	call->join_id = call->offer_id = -1;
	int err = tp_ws_open(&call->ws, script->loop, &config, &events, call);
	if (err) {
		free(call);
		return tp_script_error(strerror(-err));
	}
	tp_call_destroy(actor->call);
	actor->call = call;
	return tp_script_done();
}

static json_t *sent(long id)
{
	json_t *done = tp_script_done();
	json_object_set_new(done, "id", json_integer(id));
	return done;
}

/* `join`, or `offer` on the same call: the peer as it is now, with an SDP offer of its own. */
static json_t *join(struct tp_call *call, const json_t *command, bool again)
{
	struct tp_peer *peer = call->actor->peer;
	if (!peer)
		return tp_script_error("make the peer first");
	char *sdp = tp_sdp_offer(peer);
	json_t *message = json_pack("{s:s, s:s, s:o}", "t", again ? "offer" : "join", "sdp", sdp, "sections", tp_sdp_sections(peer));
	free(sdp);
	if (again) {
		json_object_set_new(message, "new", json_true());
		tp_peer_set_number(peer, call->actor->number);
	} else {
		json_t *state = json_object();
		for (int i = 0; i < TP_SOURCES; i++)
			json_object_set_new(state, tp_source_names[i], json_boolean(peer->config.sends[i].on));
		const json_t *given = json_object_get(command, "state");
		if (given)
			json_object_update(state, (json_t *)(uintptr_t)given);
		json_object_set_new(message, "state", state);
	}
	long id = send_message(call, message);
	if (again)
		call->offer_id = id;
	else
		call->join_id = id;
	json_decref(message);
	return sent(id);
}

static json_t *send_any(struct tp_call *call, const json_t *command)
{
	const char *text = tp_json_text(command, "text", NULL);
	if (text) {
		tp_ws_send(call->ws, text, strlen(text), tp_json_bool(command, "deflate", false));
		return tp_script_done();
	}
	json_t *message = json_deep_copy(json_object_get(command, "msg"));
	if (!message)
		return tp_script_error("msg or text");
	long id = send_message(call, message);
	json_decref(message);
	return sent(id);
}

/* One frame: `first` byte, `declared` length, `fill` bytes of `byte` really sent; or the `hex` bytes. */
static json_t *send_frame(struct tp_call *call, const json_t *command)
{
	long long fill = tp_json_number(command, "fill", 0);
	const char *hex = tp_json_text(command, "hex", NULL);
	size_t len = hex ? strlen(hex) / 2 : (size_t)fill;
	if (len > FRAME_MAX)
		return tp_script_error("fill");
	uint8_t *bytes = malloc(len + 1);
	if (!bytes)
		return tp_script_error("no memory");
	memset(bytes, (int)tp_json_number(command, "byte", 'x'), len);
	for (size_t i = 0; hex && i < len; i++) {
		unsigned v = 0;
		sscanf(hex + 2 * i, "%2x", &v);
		bytes[i] = (uint8_t)v;
	}
	tp_ws_send_frame(call->ws, (uint8_t)tp_json_number(command, "first", 0x81),
		(uint64_t)tp_json_number(command, "declared", (long long)len), bytes, len);
	free(bytes);
	return tp_script_done();
}

/* A deflate bomb: a binary message whose inflated size is `bytes` spaces around one small object. */
static json_t *send_bomb(struct tp_call *call, const json_t *command)
{
	size_t len = (size_t)tp_json_number(command, "bytes", 8 << 20);
	char *text = malloc(len + 1);
	if (!text)
		return tp_script_error("no memory");
	memset(text, ' ', len);
	memcpy(text, "{", 1);
	memcpy(text + len - 21, "\"t\":\"ping\",\"id\":99999}", 21);
	tp_ws_send(call->ws, text, len, true);
	free(text);
	return tp_script_done();
}

/* ICE restart or a new connection may be said with plain messages; this gives a test the peer's own SDP. */
static json_t *offer_text(struct tp_actor *actor)
{
	if (!actor->peer)
		return tp_script_error("make the peer first");
	char *sdp = tp_sdp_offer(actor->peer);
	json_t *done = tp_script_done();
	json_object_set_new(done, "sdp", json_string(sdp));
	json_object_set_new(done, "sections", tp_sdp_sections(actor->peer));
	free(sdp);
	return done;
}

json_t *tp_run_call(struct tp_script *script, const char *name, const json_t *command)
{
	if (strcmp(name, "ws.open") == 0)
		return open_socket(script, command);
	static const char *const own[] = { "join", "reoffer", "offer", "ws.send", "ws.frame", "ws.bomb", "ws.close", "ws.drop", "ws.read" };
	bool mine = false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		mine |= strcmp(name, own[i]) == 0;
	if (!mine)
		return NULL;
	struct tp_actor *actor = tp_script_actor(script, tp_json_text(command, "peer", ""));
	if (actor && strcmp(name, "offer") == 0)
		return offer_text(actor);
	if (!actor || !actor->call)
		return tp_script_error("no such peer, or no socket");
	if (strcmp(name, "join") == 0 || strcmp(name, "reoffer") == 0)
		return join(actor->call, command, *name == 'r');
	if (strcmp(name, "ws.send") == 0)
		return send_any(actor->call, command);
	if (strcmp(name, "ws.frame") == 0)
		return send_frame(actor->call, command);
	if (strcmp(name, "ws.bomb") == 0)
		return send_bomb(actor->call, command);
	if (strcmp(name, "ws.close") == 0)
		tp_ws_close(actor->call->ws, (uint16_t)tp_json_number(command, "code", 1000));
	else if (strcmp(name, "ws.read") == 0)
		tp_ws_read(actor->call->ws, tp_json_bool(command, "on", true));
	else {
		tp_call_destroy(actor->call);
		actor->call = NULL;
	}
	return tp_script_done();
}

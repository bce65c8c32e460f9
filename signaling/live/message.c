#include "live_message.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "client.h"
#include "entry.h"
#include "live_state.h"
#include "meeting.h"
#include "moderation.h"
#include "peers.h"
#include "resume.h"
#include "talk.h"
#include "whip.h"

enum {
	BINARY_FROM = 1024,             /* bytes: shorter answers are not worth compressing */
	ID_MAX_BITS = 53,
};

/* -- reading ------------------------------------------------------------------------------------------------------------- */

/* Nesting of a JSON text, without parsing it: brackets outside strings. */
static bool depth_allowed(const char *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > MESSAGE_DEPTH_MAX)
				return false;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return true;
}

static enum message_read read_text(json_t **out, const char *text, size_t len)
{
	json_error_t error;

	/* A zero byte is no JSON anywhere, but jansson lets one pass behind a number. */
	if ((len && memchr(text, 0, len)) || !depth_allowed(text, len))
		return MESSAGE_BAD;
	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (*out && json_is_object(*out))
		return MESSAGE_READ;
	json_decref(*out);
	*out = NULL;
	return MESSAGE_BAD;
}

static enum message_read inflate_whole(z_stream *z, char *room, size_t *len)
{
	z->next_out = (unsigned char *)room;
	z->avail_out = MESSAGE_INFLATED_MAX + 1;
	int err = inflate(z, Z_FINISH);
	*len = MESSAGE_INFLATED_MAX + 1 - z->avail_out;
	if (*len > MESSAGE_INFLATED_MAX)
		return MESSAGE_TOO_LARGE;
	return err == Z_STREAM_END && z->avail_in == 0 ? MESSAGE_READ : MESSAGE_BAD;
}

/* Raw deflate: the stream must end where the frame ends. */
static enum message_read read_deflated(json_t **out, const void *bytes, size_t len)
{
	z_stream z = { 0 };
	char *text = malloc(MESSAGE_INFLATED_MAX + 1);
	size_t text_len = 0;
	enum message_read verdict = MESSAGE_BAD;

	if (text && inflateInit2(&z, -15) == Z_OK) {
		z.next_in = (unsigned char *)bytes;
		z.avail_in = (unsigned)len;
		verdict = inflate_whole(&z, text, &text_len);
		inflateEnd(&z);
	}
	if (verdict == MESSAGE_READ)
		verdict = read_text(out, text, text_len);
	free(text);
	return verdict;
}

enum message_read message_read(json_t **out, bool deflated, const void *bytes, size_t len)
{
	*out = NULL;
	if (len > LIVE_MESSAGE_MAX)
		return MESSAGE_TOO_LARGE;
	return deflated ? read_deflated(out, bytes, len) : read_text(out, bytes, len);
}

/* -- the table ----------------------------------------------------------------------------------------------------------- */

enum field_kind { FIELD_STRING, FIELD_BOOL, FIELD_NUMBER, FIELD_NUMBERS, FIELD_HEIGHTS, FIELD_OBJECT };

struct field { const char *name; enum field_kind kind; bool optional; uint32_t most; /* bytes of a string */ };

enum { IN_OPENED = 1 << CONN_OPENED, IN_ENTERED = 1 << CONN_ENTERED, IN_JOINED = 1 << CONN_JOINED, IN_LEFT = 1 << CONN_LEFT,
	IN_ANY = IN_OPENED | IN_ENTERED | IN_JOINED | IN_LEFT };

struct row {
	const char *type;
	void (*run)(struct live_conn *conn, uint64_t id, const json_t *message);
	uint8_t states;
	bool host;                      /* only the room's owner */
	bool waits;                     /* not while another of these is unanswered: each changes what the connection is or has */
	uint8_t burst, window_s;        /* at most `burst` in `window_s` seconds */
	struct field fields[5];
};

static void run_ping(struct live_conn *conn, uint64_t id, const json_t *m)
{
	message_answer(conn, id, "pong", json_pack("{sI}", "at", (json_int_t)conn->live->ops.unix_ms(conn->live->ops.ctx)));
}

#define NUMBER_FIELD { "number", FIELD_NUMBER, false, 0 }

static const struct row rows[] = {
	{ "enter", entry_enter, IN_OPENED | IN_LEFT, false, true, 10, 20,
	  { { "room", FIELD_STRING, false, 64 }, { "password", FIELD_STRING, true, 1024 }, { "name", FIELD_STRING, true, 1024 } } },
	{ "resume", resume_resume, IN_OPENED | IN_LEFT, false, true, 5, 10, { { "token", FIELD_STRING, false, 128 } } },
	{ "join", peers_join, IN_ENTERED, false, true, 6, 10,
	  { { "sdp", FIELD_STRING, false, SDP_TEXT_MAX }, { "state", FIELD_OBJECT, false, 0 }, { "sections", FIELD_OBJECT, false, 0 } } },
	{ "offer", peers_offer, IN_JOINED, false, true, 8, 10,
	  { { "new", FIELD_BOOL, true, 0 }, { "sdp", FIELD_STRING, false, SDP_TEXT_MAX }, { "sections", FIELD_OBJECT, false, 0 } } },
	{ "leave", meeting_leave, IN_ENTERED | IN_JOINED, false, false, 5, 5, { { NULL } } },
	{ "state", talk_state, IN_JOINED, false, false, 20, 5,
	  { { "mic", FIELD_BOOL, true, 0 }, { "camera", FIELD_BOOL, true, 0 }, { "screen", FIELD_BOOL, true, 0 },
	    { "screen_audio", FIELD_BOOL, true, 0 } } },
	{ "view", talk_view, IN_JOINED, false, false, 40, 5,
	  { { "pins", FIELD_NUMBERS, true, 0 }, { "wants", FIELD_NUMBERS, true, 0 }, { "heights", FIELD_HEIGHTS, true, 0 } } },
	{ "hand", talk_hand, IN_JOINED, false, false, 5, 5, { { "up", FIELD_BOOL, false, 0 } } },
	{ "chat", talk_chat, IN_JOINED, false, false, 5, 5, { { "text", FIELD_STRING, false, 8000 } } },
	{ "ping", run_ping, IN_ANY, false, false, 10, 10, { { NULL } } },
	{ "mute", moderation_mute, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD } },
	{ "stop_camera", moderation_stop_camera, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD } },
	{ "stop_share", moderation_stop_share, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD } },
	{ "allow", moderation_allow, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD, { "source", FIELD_STRING, false, 16 } } },
	{ "lower_hand", moderation_lower_hand, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD } },
	{ "remove", moderation_remove, IN_JOINED, true, false, 60, 10, { NUMBER_FIELD } },
	{ "lock", moderation_lock, IN_JOINED, true, false, 10, 10, { { "locked", FIELD_BOOL, false, 0 } } },
	{ "end", moderation_end, IN_JOINED, true, false, 5, 5, { { NULL } } },
};

_Static_assert(sizeof rows / sizeof *rows == LIVE_MESSAGE_KINDS, "a connection has one rate for each type of message");

static const struct row *find_row(const json_t *type)
{
	for (size_t i = 0; json_is_string(type) && i < LIVE_MESSAGE_KINDS; i++)
		if (!strcmp(rows[i].type, json_string_value(type)))
			return &rows[i];
	return NULL;
}

static bool integer_within(const json_t *value, json_int_t least, json_int_t most)
{
	return json_is_integer(value) && json_integer_value(value) >= least && json_integer_value(value) <= most;
}

static bool integers_within(const json_t *list, json_int_t least, json_int_t most)
{
	if (!json_is_array(list) || json_array_size(list) > CONTROL_VIEW_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!integer_within(json_array_get(list, i), least, most))
			return false;
	return true;
}

static bool field_sound(const struct field *f, const json_t *value)
{
	switch (f->kind) {
	case FIELD_STRING:
		return json_is_string(value) && json_string_length(value) <= f->most;
	case FIELD_BOOL:
		return json_is_boolean(value);
	case FIELD_NUMBER:
		return integer_within(value, 1, CONTROL_NUMBER_MAX);
	case FIELD_NUMBERS:
		return integers_within(value, 1, CONTROL_NUMBER_MAX);
	case FIELD_HEIGHTS:
		return integers_within(value, 0, CONTROL_HEIGHT_MAX);
	default:
		return json_is_object(value);
	}
}

/* Every field known and sound, none missing. */
static bool fields_sound(const struct row *row, const json_t *message)
{
	const size_t most = sizeof row->fields / sizeof *row->fields;
	size_t seen = 2;                /* t and id */

	for (size_t i = 0; i < most && row->fields[i].name; i++) {
		const json_t *value = json_object_get(message, row->fields[i].name);
		if (value ? !field_sound(&row->fields[i], value) : !row->fields[i].optional)
			return false;
		seen += value != NULL;
	}
	return json_object_size(message) == seen;
}

/* A token bucket: `burst` at once, refilled over the window. */
static bool rate_take(struct rate *rate, int64_t now_us, unsigned burst, unsigned window_s)
{
	if (!rate->at_us)
		rate->tokens = burst;
	else
		rate->tokens += (double)(now_us - rate->at_us) * burst / (window_s * 1e6);
	if (rate->tokens > burst)
		rate->tokens = burst;
	rate->at_us = now_us;
	if (rate->tokens < 1)
		return false;
	rate->tokens -= 1;
	return true;
}

static void run_row(struct live_conn *conn, const struct row *row, uint64_t id, const json_t *message)
{
	if (!(row->states & 1 << conn->state) || (conn->busy && row->waits))
		message_error(conn, id, "not_now", 0);
	else if (row->host && !conn->participant->host)
		message_error(conn, id, "not_allowed", 0);
	else
		row->run(conn, id, message);
}

static void too_fast(struct live_conn *conn, uint64_t id, const struct row *row)
{
	conn->live->counters.too_fast++;
	if (!rate_take(&conn->hasty, live_now_us(conn->live), 50, 60))
		client_close(conn, LIVE_CLOSE_TOO_FAST);
	else
		message_error(conn, id, "too_fast", row->window_s / row->burst + 1u);
}

/* `message` is an object; who sent it is the connection, whatever it says. */
static void dispatch_object(struct live_conn *conn, json_t *message)
{
	const json_t *id_value = json_object_get(message, "id");
	const struct row *row = find_row(json_object_get(message, "t"));
	uint64_t id = 0;

	if (integer_within(id_value, 1, (json_int_t)1 << ID_MAX_BITS))
		id = (uint64_t)json_integer_value(id_value);
	if (!row || !id || id <= conn->last_id) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	conn->last_id = id;
	if (!rate_take(&conn->rates[row - rows], live_now_us(conn->live), row->burst, row->window_s)) {
		too_fast(conn, id, row);
		return;
	}
	if (!fields_sound(row, message)) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	if (conn->live->recovering && (row->run == entry_enter || row->run == resume_resume) && !conn->busy) {
		conn->parked = json_incref(message);
		conn->parked_id = id;
		conn->busy = true;
		return;
	}
	run_row(conn, row, id, message);
}

void message_rerun(struct live_conn *conn, uint64_t id, json_t *message)
{
	const struct row *row = find_row(json_object_get(message, "t"));

	if (row)
		run_row(conn, row, id, message);
}

void message_dispatch(struct live_conn *conn, bool deflated, const void *bytes, size_t len)
{
	json_t *message;

	conn->live->counters.messages++;
	switch (message_read(&message, deflated, bytes, len)) {
	case MESSAGE_READ:
		conn->deflates = conn->deflates || deflated;
		dispatch_object(conn, message);
		json_decref(message);
		break;
	case MESSAGE_TOO_LARGE:
		message_refuse(conn, 0, "too_large");
		break;
	default:
		message_refuse(conn, 0, "bad_message");
	}
}

/* -- writing ------------------------------------------------------------------------------------------------------------- */

static void *deflate_whole(const char *text, size_t len, size_t *out_len)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	size_t room = deflateBound(&z, len);
	unsigned char *out = malloc(room);
	z.next_in = (unsigned char *)text;
	z.avail_in = (unsigned)len;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	int err = out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	*out_len = room - z.avail_out;
	deflateEnd(&z);
	if (err == Z_STREAM_END)
		return out;
	free(out);
	return NULL;
}

static void send_json(struct live_conn *conn, const json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (!text) {                    /* no memory: better gone than with a hole in what it knows */
		client_close(conn, 1011);
		return;
	}
	size_t len = strlen(text), packed_len;
	void *packed = conn->deflates && len >= BINARY_FROM ? deflate_whole(text, len, &packed_len) : NULL;
	if (packed)
		conn->wire.send(conn->wire_arg, true, packed, packed_len);
	else
		conn->wire.send(conn->wire_arg, false, text, len);
	free(packed);
	free(text);
}

void message_event(struct live_conn *conn, json_t *event)
{
	if (!conn->closing)
		send_json(conn, event);
	json_decref(event);
}

void message_answer(struct live_conn *conn, uint64_t re, const char *type, json_t *body)
{
	json_t *head = json_pack("{sI, ss}", "re", (json_int_t)re, "t", type);

	if (head && (!body || json_object_update(head, body))) {
		json_decref(head);
		head = NULL;
	}
	json_decref(body);
	message_event(conn, head);
}

void message_ok(struct live_conn *conn, uint64_t re)
{
	message_event(conn, json_pack("{sI, ss}", "re", (json_int_t)re, "t", "ok"));
}

void message_error(struct live_conn *conn, uint64_t re, const char *code, uint32_t retry_after_s)
{
	if (conn->who.kind != LIVE_PERSON) {
		whip_refused(conn, code, retry_after_s);
		return;
	}
	json_t *error = json_pack("{sI, ss, ss}", "re", (json_int_t)re, "t", "error", "code", code);

	if (error && retry_after_s)
		json_object_set_new(error, "retry_after", json_integer(retry_after_s));
	message_event(conn, error);
}

void message_refuse(struct live_conn *conn, uint64_t re, const char *code)
{
	conn->live->counters.refused++;
	message_error(conn, re, code, 0);
	/* Nine pass, the tenth closes. */
	if (!rate_take(&conn->refused, live_now_us(conn->live), 9, 60))
		client_close(conn, LIVE_CLOSE_BAD_MESSAGES);
}

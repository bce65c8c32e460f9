#include "talk.h"

#include <stdlib.h>
#include <string.h>

#include "live_message.h"
#include "meeting.h"
#include "peers.h"

enum { CHAT_CHARACTERS = 2000 };

static bool forbidden(const struct participant *p, const bool state[CONTROL_SOURCES])
{
	for (int i = 0; i < CONTROL_SOURCES; i++)
		if (state[i] && p->blocked[i])
			return true;
	return false;
}

void talk_state(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = conn->participant;
	bool state[CONTROL_SOURCES];

	memcpy(state, p->state, sizeof state);
	peers_read_state(state, message);
	if (forbidden(p, state)) {
		message_error(conn, id, "blocked", 0);
		return;
	}
	bool shown = memcmp(state, p->state, sizeof state) != 0;
	memcpy(p->state, state, sizeof state);
	peers_send_state(p);
	message_ok(conn, id);
	if (shown) {
		meeting_retag(p);
		meeting_changed(p);
	}
}

static uint8_t read_numbers(uint32_t out[CONTROL_VIEW_MAX], const json_t *list)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		out[i] = (uint32_t)json_integer_value(json_array_get(list, i));
	return (uint8_t)n;
}

void talk_view(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct live *live = conn->live;
	struct participant *p = conn->participant;

	if (p->peer && live->link.state == LINK_UP) {
		struct control_peer_view *v = &media_link_prepare(live, CONTROL_PEER_VIEW)->u.peer_view;
		const json_t *heights = json_object_get(message, "heights");
		strcpy(v->peer, p->peer->id);
		v->pin_count = read_numbers(v->pins, json_object_get(message, "pins"));
		v->want_count = read_numbers(v->wants, json_object_get(message, "wants"));
		v->height_count = (uint8_t)json_array_size(heights);
		for (int i = 0; i < v->height_count; i++)
			v->heights[i] = (uint16_t)json_integer_value(json_array_get(heights, (size_t)i));
		media_link_request(live, "");
	}
	message_ok(conn, id);
}

void talk_hand(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = conn->participant;
	bool up = json_is_true(json_object_get(message, "up"));
	bool shown = up != (p->hand_s != 0);

	if (shown)
		p->hand_s = up ? live_unix_s(conn->live) : 0;
	message_ok(conn, id);
	if (shown) {
		meeting_retag(p);
		meeting_changed(p);
	}
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* One to two thousand characters that are not all blank; no control characters but line feed and tab. */
static bool chat_sound(const char *text)
{
	size_t n = characters(text);
	bool blank = true;

	for (const char *c = text; *c; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			return false;
		blank = blank && (*c == ' ' || *c == '\n' || *c == '\t');
	}
	return !blank && n <= CHAT_CHARACTERS;
}

static void chat_keep(struct meeting *meeting, const struct participant *p, int64_t at_s, const char *text)
{
	struct chat_line *line = &meeting->chat[meeting->chat_next];
	char *name_copy = strdup(p->name), *text_copy = strdup(text);

	if (!name_copy || !text_copy) {         /* said, but not kept for those who come later */
		free(name_copy);
		free(text_copy);
		return;
	}
	if (meeting->chat_count == LIVE_CHAT_KEPT) {
		free(line->name);
		free(line->text);
	} else {
		meeting->chat_count++;
	}
	*line = (struct chat_line){ p->number, p->guest, at_s, name_copy, text_copy };
	meeting->chat_next = (meeting->chat_next + 1) % LIVE_CHAT_KEPT;
}

void talk_chat(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = conn->participant;
	const char *text = json_string_value(json_object_get(message, "text"));
	int64_t at_s = live_unix_s(conn->live);

	if (!chat_sound(text)) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	conn->live->counters.chat++;
	chat_keep(p->meeting, p, at_s, text);
	message_ok(conn, id);
	meeting_broadcast(p->meeting, NULL, json_pack("{ss, sI, ss, sb, sI, ss}", "t", "chat", "number", (json_int_t)p->number,
		"name", p->name, "guest", p->guest, "at", (json_int_t)at_s, "text", text));
}

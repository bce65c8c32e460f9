#include "meeting.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "entry.h"
#include "live_message.h"
#include "log.h"
#include "peers.h"
#include "sealed_tag.h"

/* -- rooms as stored ------------------------------------------------------------------------------------------------------ */

void meeting_room_clear(struct room_info *room)
{
	free(room->title);
	free(room->banner);
	free(room->contact);
	free(room->password_hash);
	memset(room, 0, sizeof *room);
}

bool meeting_room_copy(struct room_info *out, const struct live_room *room)
{
	*out = (struct room_info){ .owner = room->owner, .max = room->max, .guests = room->guests, .closed = room->closed };
	memcpy(out->id, room->id, sizeof out->id);
	out->title = strdup(room->title ? room->title : "");
	out->banner = strdup(room->banner ? room->banner : "");
	out->contact = strdup(room->contact ? room->contact : "");
	out->password_hash = strdup(room->password_hash ? room->password_hash : "");
	if (out->title && out->banner && out->contact && out->password_hash)
		return true;
	meeting_room_clear(out);
	return false;
}

static void room_replace(struct meeting *meeting, struct room_info *room)
{
	bool same_password = meeting->room.password_hash && !strcmp(meeting->room.password_hash, room->password_hash);

	if (!same_password)
		meeting->has_password_mac = false;
	meeting_room_clear(&meeting->room);
	meeting->room = *room;
	memset(room, 0, sizeof *room);
	meeting->gone = false;
	list_each(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		p->host = p->account && p->account == meeting->room.owner;
	}
}

void meeting_room_set(struct meeting *meeting, const struct live_room *room)
{
	struct room_info copy;

	if (meeting_room_copy(&copy, room))
		room_replace(meeting, &copy);
}

void meeting_room_gone(struct meeting *meeting)
{
	meeting->gone = true;
	meeting->room.closed = true;
	meeting->has_password_mac = false;
	meeting->entered++;             /* keeps it until here is done */
	meeting_end(meeting);
	meeting->entered--;
	meeting_maybe_free(meeting);
}

/* -- meetings ------------------------------------------------------------------------------------------------------------- */

struct meeting *meeting_find(struct live *live, const char *room_id)
{
	return map_get_string(live->meetings_by_id, room_id, strlen(room_id));
}

static struct meeting *meeting_new(struct live *live, const char *id)
{
	struct meeting *meeting = calloc(1, sizeof *meeting);

	if (!meeting)
		return NULL;
	if (map_put_string(live->meetings_by_id, id, strlen(id), meeting)) {
		free(meeting);
		return NULL;
	}
	meeting->live = live;
	memcpy(meeting->room.id, id, strlen(id) + 1);
	list_init(&meeting->participants);
	list_add_tail(&live->meetings, &meeting->in_live);
	return meeting;
}

struct meeting *meeting_get(struct live *live, struct room_info *room)
{
	struct meeting *meeting = meeting_find(live, room->id);

	if (!meeting)
		meeting = meeting_new(live, room->id);
	if (meeting)
		room_replace(meeting, room);
	return meeting;
}

static void forget(struct meeting *meeting)
{
	for (uint32_t i = 0; i < meeting->chat_count; i++) {
		free(meeting->chat[i].name);
		free(meeting->chat[i].text);
	}
	meeting->chat_count = meeting->chat_next = 0;
	free(meeting->removals);
	meeting->removals = NULL;
	meeting->removal_count = 0;
	meeting->locked = false;
	meeting->last_number = 0;
	json_decref(meeting->speakers);
	meeting->speakers = NULL;
}

/* The last has gone: the meeting is over. */
static void over(struct meeting *meeting)
{
	struct live *live = meeting->live;

	if (meeting->opened) {
		strcpy(media_link_prepare(live, CONTROL_ROOM_CLOSE)->u.room.room, meeting->room.id);
		media_link_request(live, "");
		meeting->opened = false;
		log_info("meeting.ended", log_str("room", meeting->room.id));
	}
	forget(meeting);
}

void meeting_free(struct meeting *meeting)
{
	forget(meeting);
	list_each_safe(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		peers_free_all(p, false);
		list_remove(&p->in_meeting);
		free(p);
	}
	map_remove_string(meeting->live->meetings_by_id, meeting->room.id, strlen(meeting->room.id));
	list_remove(&meeting->in_live);
	meeting_room_clear(&meeting->room);
	free(meeting);
}

void meeting_maybe_free(struct meeting *meeting)
{
	if (!meeting->entered && list_empty(&meeting->participants))
		meeting_free(meeting);
}

void meeting_end(struct meeting *meeting)
{
	meeting->entered++;
	list_each_safe(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		struct live_conn *conn = p->conn;
		if (conn)
			message_event(conn, json_pack("{ss}", "t", "ended"));
		meeting_drop(p);
		if (conn)
			client_close(conn, LIVE_CLOSE_ENDED);
	}
	meeting->entered--;
	meeting_maybe_free(meeting);
}

static void people_tick(struct meeting *meeting, int64_t now_us)
{
	list_each_safe(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (!p->conn && now_us - p->away_since_us > LIVE_AWAY_US) {
			meeting->live->counters.departed_lost++;
			meeting_depart(p, "lost");
		}
	}
}

void meeting_tick(struct live *live, int64_t now_us)
{
	list_each_safe(at, &live->meetings) {
		struct meeting *meeting = list_entry(at, struct meeting, in_live);
		meeting->entered++;
		people_tick(meeting, now_us);
		meeting->entered--;
		at_next = at->next;
		meeting_maybe_free(meeting);
	}
}

/* -- people --------------------------------------------------------------------------------------------------------------- */

struct participant *meeting_add(struct meeting *meeting)
{
	struct participant *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->meeting = meeting;
	p->number = ++meeting->last_number;
	list_add_tail(&meeting->participants, &p->in_meeting);
	meeting->people++;
	return p;
}

struct participant *meeting_person(struct meeting *meeting, uint32_t number)
{
	list_each(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (p->number == number && p->present)
			return p;
	}
	return NULL;
}

/* Cut the participant out and free it; its connection, if any, is in state `left`. */
static void remove_participant(struct participant *p)
{
	struct meeting *meeting = p->meeting;
	struct live_conn *conn = p->conn;

	peers_free_all(p, true);
	list_remove(&p->in_meeting);
	meeting->people--;
	sodium_memzero(p->resume_hash, sizeof p->resume_hash);
	free(p);
	if (list_empty(&meeting->participants))
		over(meeting);
	if (conn)
		client_leave(conn);
	else
		meeting_maybe_free(meeting);
}

void meeting_drop(struct participant *p)
{
	remove_participant(p);
}

void meeting_arrive(struct participant *p)
{
	p->present = true;
	p->meeting->live->counters.joined++;
	log_info("member.arrived", log_str("room", p->meeting->room.id), log_uint("number", p->number), log_bool("guest", p->guest));
	meeting_broadcast(p->meeting, p, json_pack("{ss, so}", "t", "arrived", "member", meeting_member_json(p)));
}

void meeting_depart(struct participant *p, const char *reason)
{
	if (p->present) {
		log_info("member.departed", log_str("room", p->meeting->room.id), log_uint("number", p->number), log_str("reason", reason));
		meeting_broadcast(p->meeting, p, json_pack("{ss, sI, ss}", "t", "departed", "number", (json_int_t)p->number, "reason", reason));
	}
	remove_participant(p);
}

void meeting_conn_lost(struct live_conn *conn)
{
	struct participant *p = conn->participant;

	if (!p->present) {
		meeting_drop(p);
		return;
	}
	if (p->kind != LIVE_PERSON) {   /* it comes back by entering anew, if at all */
		meeting_depart(p, "lost");
		return;
	}
	p->conn = NULL;
	conn->participant = NULL;
	p->away_since_us = live_now_us(conn->live);
	meeting_changed(p);
}

void meeting_changed(struct participant *p)
{
	if (p->present)
		meeting_broadcast(p->meeting, NULL, json_pack("{ss, so}", "t", "changed", "member", meeting_member_json(p)));
}

void meeting_retag(struct participant *p)
{
	struct live *live = p->meeting->live;

	if (!p->peer || live->link.state != LINK_UP)
		return;
	struct control_message *m = media_link_prepare(live, CONTROL_PEER_UPDATE);
	m->u.peer_update.has_tag = true;
	strcpy(m->u.peer_update.what.peer, p->peer->id);
	if (sealed_tag_write(m->u.peer_update.what.tag, p, p->peer))
		media_link_request(live, "");
}

void meeting_retag_all(struct meeting *meeting)
{
	list_each(at, &meeting->participants)
		meeting_retag(list_entry(at, struct participant, in_meeting));
}

static json_t *blocked_json(const struct participant *p)
{
	json_t *list = json_array();

	for (int i = 0; list && i < CONTROL_SCREEN_AUDIO; i++)
		if (p->blocked[i])
			json_array_append_new(list, json_string(control_source_name((enum control_source)i)));
	return list;
}

json_t *meeting_member_json(const struct participant *p)
{
	static const char *const devices[] = { [LIVE_PUBLISHER] = "publish", [LIVE_VIEWER] = "view" };

	return json_pack("{sI, ss, sb, sb, sI, sb, sb, sb, sI, sb, so, sb, ss*}", "number", (json_int_t)p->number, "name", p->name,
		"guest", p->guest, "host", p->host, "since", (json_int_t)p->since_s, "mic", p->state[CONTROL_MIC],
		"camera", p->state[CONTROL_CAMERA], "screen", p->state[CONTROL_SCREEN], "hand", (json_int_t)p->hand_s,
		"muted", p->blocked[CONTROL_MIC], "blocked", blocked_json(p), "away", !p->conn, "device", devices[p->kind]);
}

static json_t *roster_json(const struct meeting *meeting)
{
	json_t *roster = json_array();

	list_each(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (p->present)
			json_array_append_new(roster, meeting_member_json(p));
	}
	return roster;
}

/* The newest lines, oldest of them first, as many as fit. */
static json_t *chat_json(const struct meeting *meeting)
{
	json_t *chat = json_array();
	uint32_t count = 0;
	size_t bytes = 0;

	for (; count < meeting->chat_count; count++) {
		const struct chat_line *line = &meeting->chat[(meeting->chat_next + LIVE_CHAT_KEPT - 1 - count) % LIVE_CHAT_KEPT];
		bytes += strlen(line->text) + strlen(line->name);
		if (bytes > LIVE_CHAT_TOLD)
			break;
	}
	for (; chat && count; count--) {
		const struct chat_line *line = &meeting->chat[(meeting->chat_next + LIVE_CHAT_KEPT - count) % LIVE_CHAT_KEPT];
		json_array_append_new(chat, json_pack("{sI, ss, sb, sI, ss}", "number", (json_int_t)line->number, "name", line->name,
			"guest", line->guest, "at", (json_int_t)line->at_s, "text", line->text));
	}
	return chat;
}

bool meeting_describe(json_t *answer, const struct participant *p, const char *resume_token)
{
	json_t *body = json_pack("{sI, ss, sb, so, so}", "number", (json_int_t)p->number, "resume", resume_token, "locked",
		p->meeting->locked, "roster", roster_json(p->meeting), "chat", chat_json(p->meeting));
	bool ok = answer && body && !json_object_update(answer, body);

	json_decref(body);
	return ok;
}

void meeting_broadcast(struct meeting *meeting, const struct participant *except, json_t *event)
{
	char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	list_each_safe(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (p == except || !p->present || !p->conn || p->conn->closing)
			continue;
		if (text)
			p->conn->wire.send(p->conn->wire_arg, false, text, len);
		else
			client_close(p->conn, 1011);
	}
	free(text);
	json_decref(event);
}

static json_t *numbers_json(const struct meeting *meeting, const uint32_t *numbers, int count)
{
	json_t *list = json_array();

	for (int i = 0; list && i < count; i++)
		if (meeting_person((struct meeting *)meeting, numbers[i]))
			json_array_append_new(list, json_integer(numbers[i]));
	return list;
}

void meeting_speakers(struct live *live, const struct control_message *m)
{
	struct meeting *meeting = meeting_find(live, m->u.speakers.room);

	if (!meeting || !meeting->people)
		return;
	json_decref(meeting->speakers);
	meeting->speakers = json_pack("{ss, so, so}", "t", "speakers",
		"order", numbers_json(meeting, m->u.speakers.order, m->u.speakers.order_count),
		"speaking", numbers_json(meeting, m->u.speakers.speaking, m->u.speakers.speaking_count));
	if (meeting->speakers)
		meeting_broadcast(meeting, NULL, json_incref(meeting->speakers));
}

/* -- messages ---------------------------------------------------------------------------------------------------------------- */

void meeting_leave(struct live_conn *conn, uint64_t id, const json_t *message)
{
	if (conn->participant)
		meeting_depart(conn->participant, "left");
	else
		client_leave(conn);
	message_answer(conn, id, "left", json_object());
}

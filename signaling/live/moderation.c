#include "moderation.h"

#include <string.h>

#include "client.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "removal.h"

/* Who is meant; NULL: nobody, and said so. */
static struct participant *target(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = meeting_person(conn->meeting, (uint32_t)json_integer_value(json_object_get(message, "number")));

	if (!p)
		message_error(conn, id, "no_such_person", 0);
	return p;
}

static void tell_blocked(struct participant *p, uint32_t by)
{
	json_t *sources = json_array();

	for (int i = 0; sources && i < CONTROL_SCREEN_AUDIO; i++)
		if (p->blocked[i])
			json_array_append_new(sources, json_string(control_source_name((enum control_source)i)));
	if (p->conn)
		message_event(p->conn, json_pack("{ss, so, sI}", "t", "blocked", "sources", sources, "by", (json_int_t)by));
	else
		json_decref(sources);
}

/* Forbidden: off at once, at the media program before anybody is told. Allowed again: off stays off, but for a device. */
static void set_blocked(struct live_conn *conn, struct participant *p, enum control_source source, bool blocked)
{
	if (p->blocked[source] == blocked)
		return;
	p->blocked[source] = blocked;
	if (source == CONTROL_SCREEN)
		p->blocked[CONTROL_SCREEN_AUDIO] = blocked;
	if (blocked) {
		p->state[source] = false;
		if (source == CONTROL_SCREEN)
			p->state[CONTROL_SCREEN_AUDIO] = false;
		peers_send_state(p);
	}
	peers_send_block(p);
	if (!blocked && p->sends[source]) {     /* a device has no owner at hand to switch it on */
		p->state[source] = true;
		peers_send_state(p);
	}
	meeting_retag(p);
	tell_blocked(p, conn->participant->number);
	meeting_changed(p);
}

static void forbid(struct live_conn *conn, uint64_t id, const json_t *message, enum control_source source)
{
	struct participant *p = target(conn, id, message);

	if (!p)
		return;
	message_ok(conn, id);
	set_blocked(conn, p, source, true);
}

void moderation_mute(struct live_conn *conn, uint64_t id, const json_t *message)
{
	forbid(conn, id, message, CONTROL_MIC);
}

void moderation_stop_camera(struct live_conn *conn, uint64_t id, const json_t *message)
{
	forbid(conn, id, message, CONTROL_CAMERA);
}

void moderation_stop_share(struct live_conn *conn, uint64_t id, const json_t *message)
{
	forbid(conn, id, message, CONTROL_SCREEN);
}

void moderation_allow(struct live_conn *conn, uint64_t id, const json_t *message)
{
	const char *word = json_string_value(json_object_get(message, "source"));
	int source = 0;

	while (source < CONTROL_SCREEN_AUDIO && strcmp(word, control_source_name((enum control_source)source)))
		source++;
	if (source == CONTROL_SCREEN_AUDIO) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	struct participant *p = target(conn, id, message);
	if (!p)
		return;
	message_ok(conn, id);
	set_blocked(conn, p, (enum control_source)source, false);
}

void moderation_lower_hand(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = target(conn, id, message);

	if (!p)
		return;
	message_ok(conn, id);
	if (p->hand_s) {
		p->hand_s = 0;
		meeting_retag(p);
		meeting_changed(p);
	}
}

void moderation_remove(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = target(conn, id, message);

	if (!p)
		return;
	if (p->host) {                  /* the owner's other device, or oneself */
		message_error(conn, id, "not_allowed", 0);
		return;
	}
	struct meeting *meeting = p->meeting;
	struct live_conn *theirs = p->conn;
	if (!removal_add(meeting, &p->marks, live_unix_s(conn->live))) {
		client_close(conn, 1011);
		return;
	}
	conn->live->counters.removed++;
	if (theirs)
		message_event(theirs, json_pack("{ss}", "t", "removed"));
	meeting_depart(p, "removed");
	if (theirs)
		client_close(theirs, LIVE_CLOSE_REMOVED);
	meeting_retag_all(meeting);
	message_ok(conn, id);
}

void moderation_lock(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct meeting *meeting = conn->meeting;
	bool locked = json_is_true(json_object_get(message, "locked"));

	message_ok(conn, id);
	if (meeting->locked == locked)
		return;
	meeting->locked = locked;
	meeting_retag_all(meeting);
	meeting_broadcast(meeting, NULL, json_pack("{ss, sb, sI}", "t", "locked", "locked", locked, "by",
		(json_int_t)conn->participant->number));
}

void moderation_end(struct live_conn *conn, uint64_t id, const json_t *message)
{
	log_info("meeting.ended_by_host", log_str("room", conn->meeting->room.id), log_uint("number", conn->participant->number));
	message_ok(conn, id);
	meeting_end(conn->meeting);
}

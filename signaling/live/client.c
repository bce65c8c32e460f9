#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"

struct live_conn *live_on_open(struct live *live, const struct live_wire *vtable, void *wire, const struct live_who *who)
{
	struct live_conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		return NULL;
	conn->live = live;
	conn->serial = live->next_serial++;
	conn->wire = *vtable;
	conn->wire_arg = wire;
	conn->who = *who;
	conn->heard_us = live_now_us(live);
	list_add_tail(&live->conns, &conn->in_live);
	live->conn_count++;
	live->counters.opened++;
	return conn;
}

void live_on_alive(struct live_conn *conn)
{
	conn->heard_us = live_now_us(conn->live);
}

void live_on_message(struct live_conn *conn, bool binary, const void *bytes, size_t len)
{
	if (conn->closing)
		return;
	live_on_alive(conn);
	message_dispatch(conn, binary, bytes, len);
}

void live_on_too_large(struct live_conn *conn)
{
	if (conn->closing)
		return;
	live_on_alive(conn);
	message_refuse(conn, 0, "too_large");
}

void live_on_close(struct live_conn *conn)
{
	struct live *live = conn->live;

	conn->closing = true;
	entry_cancel(conn);
	if (conn->participant)
		meeting_conn_lost(conn);
	client_leave(conn);
	json_decref(conn->parked);
	list_remove(&conn->in_live);
	live->conn_count--;
	free(conn);
}

void client_close(struct live_conn *conn, uint16_t code)
{
	if (conn->closing)
		return;
	conn->closing = true;
	conn->wire.close(conn->wire_arg, code);
}

void client_enter(struct live_conn *conn, struct meeting *meeting)
{
	conn->meeting = meeting;
	meeting->entered++;
	conn->state = CONN_ENTERED;
}

void client_leave(struct live_conn *conn)
{
	struct meeting *meeting = conn->meeting;

	conn->state = CONN_LEFT;
	conn->participant = NULL;
	conn->busy = false;
	conn->meeting = NULL;
	if (meeting) {
		meeting->entered--;
		meeting_maybe_free(meeting);
	}
}

struct live_conn *client_find(struct live *live, uint64_t serial)
{
	list_each(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (conn->serial == serial)
			return conn;
	}
	return NULL;
}

void client_tick(struct live *live, int64_t now_us)
{
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (!conn->closing && conn->who.kind == LIVE_PERSON && now_us - conn->heard_us > LIVE_SILENT_US)
			client_close(conn, LIVE_CLOSE_SILENT);
	}
}

void client_run_parked(struct live *live)
{
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		json_t *message = conn->parked;
		if (!message)
			continue;
		conn->parked = NULL;
		conn->busy = false;
		if (!conn->closing)
			message_rerun(conn, conn->parked_id, message);
		json_decref(message);
	}
}

static bool session_matches(const uint8_t a[LIVE_SESSION_BYTES], const uint8_t b[LIVE_SESSION_BYTES])
{
	return !memcmp(a, b, LIVE_SESSION_BYTES);
}

/* Does this person's session end? Either all of an account but one, or exactly one. */
static bool ends(int64_t of, const uint8_t session[LIVE_SESSION_BYTES], int64_t account, const uint8_t *keep, const uint8_t *only)
{
	if (!of)
		return false;
	return only ? session_matches(session, only) : of == account && !(keep && session_matches(session, keep));
}

static void end_sessions(struct live *live, int64_t account, const uint8_t *keep, const uint8_t *only)
{
	/* The closing connection's participant leaves at once: a session that ended may not come back by a resume token. */
	list_each_safe(m, &live->meetings) {
		struct meeting *meeting = list_entry(m, struct meeting, in_live);
		meeting->entered++;     /* keeps it while people go */
		list_each_safe(at, &meeting->participants) {
			struct participant *p = list_entry(at, struct participant, in_meeting);
			if (ends(p->account, p->session, account, keep, only))
				meeting_depart(p, "left");
		}
		meeting->entered--;
		m_next = m->next;
		meeting_maybe_free(meeting);
	}
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		if (ends(conn->who.account, conn->who.session, account, keep, only))
			client_close(conn, LIVE_CLOSE_SESSION_ENDED);
	}
}

void live_end_account(struct live *live, int64_t account, const uint8_t keep[LIVE_SESSION_BYTES])
{
	end_sessions(live, account, keep, NULL);
}

void live_end_session(struct live *live, const uint8_t session[LIVE_SESSION_BYTES])
{
	end_sessions(live, 0, NULL, session);
}

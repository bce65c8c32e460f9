/* What the media program answers and tells about peers, brought to the people they belong to. */
#include "peers.h"

#include <sodium.h>
#include <stdlib.h>

#include "client.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "resume.h"
#include "whip.h"

/* -- the media program's answers --------------------------------------------------------------------------------------------------- */

static void send_joined(struct live_conn *conn, struct participant *p, uint64_t re, const char *sdp, const char *token)
{
	json_t *body = json_pack("{ss}", "sdp", sdp);

	if (!meeting_describe(body, p, token)) {
		json_decref(body);
		body = NULL;
	}
	message_answer(conn, re, "joined", body);
	if (p->meeting->speakers)
		message_event(conn, json_incref(p->meeting->speakers));
}

static void joined(struct live_conn *conn, struct participant *p, uint64_t re, const char *sdp)
{
	char token[RESUME_TOKEN_ROOM];

	resume_token_new(p, token);
	meeting_retag(p);
	meeting_arrive(p);
	conn->state = CONN_JOINED;
	if (p->kind == LIVE_PERSON)
		send_joined(conn, p, re, sdp, token);
	else
		whip_answered(conn, sdp, token);
	sodium_memzero(token, sizeof token);
}

static void answer_ok(struct live_conn *conn, struct participant *p, struct live_peer *peer)
{
	char *sdp = peer->pending_sdp;

	peer->pending_sdp = NULL;
	conn->busy = false;
	if (!p->present)
		joined(conn, p, peer->pending_re, sdp);
	else if (p->kind == LIVE_PERSON)
		message_answer(conn, peer->pending_re, "answer", json_pack("{ss}", "sdp", sdp));
	else
		whip_answered(conn, sdp, NULL);
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
			peers_undo_join(conn, re, word, wait_s);
		else
			meeting_drop(p);
		return;
	}
	free(peer->pending_sdp);
	peer->pending_sdp = NULL;
	if (was_new) {
		peers_undo(p);
	} else if (code == CONTROL_CODE_NO_PEER) {
		peers_free(p->meeting->live, peer, false);
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
		peers_free(live, peer, false);
		media_lost(p);
	} else {
		p->old_peer = NULL;
		peers_free(live, peer, false);
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

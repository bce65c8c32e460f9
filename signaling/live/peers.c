#include "peers.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "entry.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "rand.h"
#include "removal.h"
#include "sdp_answer.h"
#include "sealed_tag.h"

/* -- a peer and what is derived from its id ---------------------------------------------------------------------------------- */

struct live_peer *peers_find(struct live *live, const char *id)
{
	return map_get_string(live->peers_by_id, id, strlen(id));
}

static struct live_peer *peer_new(struct live *live, struct participant *p, const char *id)
{
	struct live_peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return NULL;
	strcpy(peer->id, id);
	if (map_put_string(live->peers_by_id, id, strlen(id), peer)) {
		free(peer);
		return NULL;
	}
	peer->participant = p;
	list_init(&peer->in_retired);
	return peer;
}

static struct live_peer *peer_new_named(struct live *live, struct participant *p)
{
	uint8_t bytes[18];
	char id[LIVE_PEER_ID_ROOM] = "p-";

	rand_bytes(bytes, sizeof bytes);
	sodium_bin2base64(id + 2, sizeof id - 2, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return peer_new(live, p, id);
}

static void tell_remove(struct live *live, const char *id)
{
	strcpy(media_link_prepare(live, CONTROL_PEER_REMOVE)->u.peer.peer, id);
	media_link_request(live, "");
}

void peers_remove_stray(struct live *live, const char *id)
{
	tell_remove(live, id);
}

void peers_free(struct live *live, struct live_peer *peer, bool tell)
{
	if (!peer)
		return;
	if (tell)
		tell_remove(live, peer->id);
	map_remove_string(live->peers_by_id, peer->id, strlen(peer->id));
	list_remove(&peer->in_retired);
	free(peer->sections);
	free(peer->pending_sdp);
	free(peer);
}

void peers_drop_old(struct participant *p)
{
	peers_free(p->meeting->live, p->old_peer, true);
	p->old_peer = NULL;
}

void peers_free_all(struct participant *p, bool tell)
{
	struct live *live = p->meeting->live;

	peers_free(live, p->peer, tell);
	peers_free(live, p->old_peer, tell);
	p->peer = p->old_peer = NULL;
}

struct live_peer *peers_recover(struct live *live, struct participant *p, const char *id)
{
	return strlen(id) < LIVE_PEER_ID_ROOM && !peers_find(live, id) ? peer_new(live, p, id) : NULL;
}

/* Keyed hash of what is derived, of which peer, of which turn. */
static void derive(const struct live *live, const char *what, const struct live_peer *peer, uint32_t turn, uint8_t out[24])
{
	char text[80];
	int n = snprintf(text, sizeof text, "%s %s %" PRIu32, what, peer->id, turn);

	crypto_generichash(out, 24, (const uint8_t *)text, (size_t)n, live->config.seal_key, LIVE_SEAL_KEY_BYTES);
}

static bool ssrc_used(const uint32_t *used, size_t count, uint32_t ssrc)
{
	for (size_t i = 0; i < count; i++)
		if (used[i] == ssrc)
			return true;
	return ssrc == 0;
}

static void derive_server(const struct live *live, const struct live_peer *peer, uint16_t seat_count, struct offer_server *out)
{
	uint8_t bytes[24];
	uint32_t used[3 * CONTROL_SEATS_MAX];
	size_t count = 0;

	derive(live, "ice", peer, peer->generation, bytes);
	sodium_bin2hex(out->ufrag, sizeof out->ufrag, bytes, 8);
	sodium_bin2hex(out->pwd, sizeof out->pwd, bytes + 8, 16);
	for (uint16_t i = 0; i < seat_count; i++) {
		uint32_t *into[] = { &out->ssrcs[i].audio, &out->ssrcs[i].video, &out->ssrcs[i].rtx };
		derive(live, "ssrc", peer, i, bytes);
		for (int k = 0; k < 3; k++) {
			uint32_t ssrc;
			memcpy(&ssrc, bytes + 4 * k, sizeof ssrc);
			while (ssrc_used(used, count, ssrc))
				ssrc++;
			used[count++] = *into[k] = ssrc;
		}
	}
}

static uint32_t ufrag_mark(const char *ufrag)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint32_t mark;

	crypto_generichash(hash, sizeof hash, (const uint8_t *)ufrag, strlen(ufrag), NULL, 0);
	memcpy(&mark, hash, sizeof mark);
	return mark;
}

/* -- requests about a peer ---------------------------------------------------------------------------------------------------- */

void peers_send_state(struct participant *p)
{
	struct live *live = p->meeting->live;

	if (!p->peer)
		return;
	struct control_peer_state *s = &media_link_prepare(live, CONTROL_PEER_STATE)->u.peer_state;
	strcpy(s->peer, p->peer->id);
	s->mic = p->state[CONTROL_MIC];
	s->camera = p->state[CONTROL_CAMERA];
	s->screen = p->state[CONTROL_SCREEN];
	s->screen_audio = p->state[CONTROL_SCREEN_AUDIO];
	media_link_request(live, "");
}

void peers_send_block(struct participant *p)
{
	struct live *live = p->meeting->live;

	for (int i = 0; i < 2; i++) {
		const struct live_peer *peer = i ? p->peer : p->old_peer;
		if (!peer)
			continue;
		struct control_peer_block *b = &media_link_prepare(live, CONTROL_PEER_BLOCK)->u.peer_block;
		strcpy(b->peer, peer->id);
		b->mic = p->blocked[CONTROL_MIC];
		b->camera = p->blocked[CONTROL_CAMERA];
		b->screen = p->blocked[CONTROL_SCREEN];
		media_link_request(live, "");
	}
}

static bool open_room(struct meeting *meeting)
{
	struct live *live = meeting->live;

	if (meeting->opened)
		return true;
	strcpy(media_link_prepare(live, CONTROL_ROOM_OPEN)->u.room.room, meeting->room.id);
	meeting->opened = media_link_request(live, "");
	if (meeting->opened)
		log_info("meeting.opened", log_str("room", meeting->room.id));
	return meeting->opened;
}

static struct sdp_answer_server describe_server(struct live *live, const struct live_peer *peer)
{
	uint8_t bytes[24];
	struct sdp_answer_server about = { .hosts = (const char *const *)live->hosts, .hosts_n = live->config.hosts_n,
		.port = live->config.port, .fingerprint = live->link.fingerprint, .version = (uint32_t)live_unix_s(live),
		.one_stream = peer->participant->kind != LIVE_PERSON };

	derive(live, "sdp", peer, 0, bytes);
	memcpy(&about.session, bytes, sizeof about.session);
	about.session >>= 2;
	return about;
}

static char *write_answer(struct live *live, const struct live_peer *peer, const struct offer_sections *sections,
                          const struct offer_server *server)
{
	struct sdp_answer_server about = describe_server(live, peer);

	return sdp_answer_write(live->offer, live->plan, sections, server, &about);
}

/* -- offers ---------------------------------------------------------------------------------------------------------------------- */

bool peers_read_state(bool state[CONTROL_SOURCES], const json_t *json)
{
	size_t seen = 0;

	for (int i = 0; i < CONTROL_SOURCES; i++) {
		const json_t *value = json_object_get(json, control_source_name((enum control_source)i));
		if (value && !json_is_boolean(value))
			return false;
		if (value)
			state[i] = json_is_true(value);
		seen += value != NULL;
	}
	/* Checked `state` messages carry t and id as well. */
	return json_object_size(json) == seen + (json_object_get(json, "t") ? 2 : 0);
}

/* Read a message's sdp and sections into the scratch offer and plan. False: refused, and said so. */
static bool read_offer(struct live_conn *conn, uint64_t id, const json_t *message, struct offer_sections *sections)
{
	struct live *live = conn->live;
	const json_t *sdp = json_object_get(message, "sdp");

	if (!offer_sections_read(sections, json_object_get(message, "sections"))) {
		message_refuse(conn, id, "bad_message");
		return false;
	}
	if (live->link.state != LINK_UP) {
		message_error(conn, id, "media_gone", 1);
		return false;
	}
	if (!sdp_parse(live->offer, json_string_value(sdp), json_string_length(sdp)) ||
	    !offer_plan_make(live->plan, live->offer, sections, live->config.seats_max)) {
		live->counters.bad_sdp++;
		message_error(conn, id, "bad_sdp", 0);
		return false;
	}
	return true;
}

/* Keep what the offer said of the browser's side, write the answer and remember who waits for it. */
static bool peer_take_offer(struct live_conn *conn, struct live_peer *peer, uint64_t re, const struct offer_sections *sections,
                            const struct offer_server *server)
{
	const struct sdp_section *first = &conn->live->offer->sections[conn->live->offer->bundle_first];
	struct offer_sections *kept = peer->sections ? peer->sections : malloc(sizeof *kept);
	char *sdp = write_answer(conn->live, peer, sections, server);

	if (!kept || !sdp) {
		if (kept != peer->sections)
			free(kept);
		free(sdp);
		return false;
	}
	*kept = *sections;
	peer->sections = kept;
	peer->seat_count = sections->seat_count;
	peer->ufrag_mark = ufrag_mark(first->ufrag);
	peer->fingerprint_known = true;
	memcpy(peer->fingerprint, first->fingerprint, sizeof peer->fingerprint);
	free(peer->pending_sdp);
	peer->pending_sdp = sdp;
	peer->pending_conn = conn->serial;
	peer->pending_re = re;
	return true;
}

/* room.open if needed, peer.add, and what it must know at once. */
static bool peer_send_add(struct live *live, struct participant *p, const struct offer_sections *sections, const struct offer_server *server)
{
	struct live_peer *peer = p->peer;

	if (!open_room(p->meeting))
		return false;
	struct control_peer_add *add = &media_link_prepare(live, CONTROL_PEER_ADD)->u.peer_add;
	strcpy(add->room, p->meeting->room.id);
	strcpy(add->peer, peer->id);
	add->number = p->number;
	offer_plan_to_peer(add, live->plan, live->offer, sections, server);
	if (!sealed_tag_write(add->tag, p, peer) || !media_link_request(live, peer->id))
		return false;
	peers_send_state(p);
	if (p->blocked[CONTROL_MIC] || p->blocked[CONTROL_CAMERA] || p->blocked[CONTROL_SCREEN])
		peers_send_block(p);
	return true;
}

/* A new peer of p for the offer in the scratch; the one before it is kept beside it. */
static bool add_peer(struct live_conn *conn, struct participant *p, uint64_t re, const struct offer_sections *sections)
{
	struct live *live = conn->live;
	struct offer_server server = { 0 };
	struct live_peer *peer = peer_new_named(live, p);

	if (!peer)
		return false;
	derive_server(live, peer, sections->seat_count, &server);
	if (p->old_peer)
		peers_drop_old(p);
	p->old_peer = p->peer;
	p->peer = peer;
	if (p->old_peer) {
		p->old_peer->retire_at_us = live_now_us(live) + LIVE_RETIRE_US;
		list_add_tail(&live->retired, &p->old_peer->in_retired);
	}
	return peer_take_offer(conn, peer, re, sections, &server) && peer_send_add(live, p, sections, &server);
}

/* The newest peer did not come to be: the one before, if there is one, goes on. */
void peers_undo(struct participant *p)
{
	peers_free(p->meeting->live, p->peer, false);
	p->peer = p->old_peer;
	p->old_peer = NULL;
	if (p->peer) {
		list_remove(&p->peer->in_retired);
		p->peer->retire_at_us = 0;
		peers_send_state(p);    /* what was switched meanwhile went to the other */
	}
}

static const char *join_bar(const struct live_conn *conn)
{
	const struct meeting *meeting = conn->meeting;

	return meeting->gone || meeting->room.closed ? "refused" : entry_bar(conn, meeting);
}

/* A participant as the connection says who it is. */
static struct participant *new_participant(struct live_conn *conn, const bool state[CONTROL_SOURCES])
{
	struct live *live = conn->live;
	struct participant *p = meeting_add(conn->meeting);

	if (!p)
		return NULL;
	p->conn = conn;
	p->account = conn->who.account;
	p->kind = conn->who.kind;
	p->guest = !conn->who.account && p->kind == LIVE_PERSON;
	if (p->kind == LIVE_PUBLISHER)
		memcpy(p->sends, state, sizeof p->sends);
	p->host = p->account && p->account == conn->meeting->room.owner;
	memcpy(p->name, conn->name, sizeof p->name);
	memcpy(p->session, conn->who.session, sizeof p->session);
	removal_marks(&p->marks, live, &conn->who);
	p->since_s = live_unix_s(live);
	memcpy(p->state, state, sizeof p->state);
	conn->participant = p;
	conn->busy = true;
	return p;
}

/* The participant that was to be is not; the connection is where it was before it asked. */
void peers_undo_join(struct live_conn *conn, uint64_t id, const char *code, uint32_t retry_after_s)
{
	struct participant *p = conn->participant;

	conn->participant = NULL;
	conn->busy = false;
	p->conn = NULL;
	meeting_drop(p);
	message_error(conn, id, code, retry_after_s);
}

void peers_join_planned(struct live_conn *conn, uint64_t id, const bool state[CONTROL_SOURCES], const struct offer_sections *sections)
{
	struct participant *p = new_participant(conn, state);

	if (!p)
		client_close(conn, 1011);
	else if (!add_peer(conn, p, id, sections))
		peers_undo_join(conn, id, "media_gone", 1);
}

void peers_join(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct offer_sections sections;
	bool state[CONTROL_SOURCES] = { false };
	const char *bar = join_bar(conn);

	if (!peers_read_state(state, json_object_get(message, "state"))) {
		message_refuse(conn, id, "bad_message");
		return;
	}
	if (bar) {
		message_error(conn, id, bar, 0);
		return;
	}
	if (read_offer(conn, id, message, &sections))
		peers_join_planned(conn, id, state, &sections);
}

/* A changed offer for a standing connection: what was there stays, seats may be added. */
static bool offer_continues(const struct live_peer *peer, const struct sdp_offer *offer, const struct offer_sections *now)
{
	const struct offer_sections *before = peer->sections;

	if (peer->fingerprint_known && strcmp(peer->fingerprint, offer->sections[offer->bundle_first].fingerprint))
		return false;
	if (!before)
		return true;
	for (int i = 0; i < CONTROL_SOURCES; i++)
		if (before->sources[i][0] && strcmp(before->sources[i], now->sources[i]))
			return false;
	return now->seat_count >= before->seat_count && !memcmp(before->seats, now->seats, before->seat_count * sizeof *now->seats);
}

static bool update_peer(struct live_conn *conn, struct live_peer *peer, uint64_t re, const struct offer_sections *sections)
{
	struct live *live = conn->live;
	struct offer_server server = { 0 };
	const struct sdp_section *first = &live->offer->sections[live->offer->bundle_first];
	bool restart = ufrag_mark(first->ufrag) != peer->ufrag_mark;

	peer->generation += restart;
	derive_server(live, peer, sections->seat_count, &server);
	if (!peer_take_offer(conn, peer, re, sections, &server))
		return false;
	struct control_peer_update *u = &media_link_prepare(live, CONTROL_PEER_UPDATE)->u.peer_update;
	offer_plan_to_peer(&u->what, live->plan, live->offer, sections, &server);
	u->has_ice = restart;
	u->has_ext = u->has_payloads = u->has_sends = u->has_seats = u->has_tag = true;
	strcpy(u->what.peer, peer->id);
	return sealed_tag_write(u->what.tag, peer->participant, peer) && media_link_request(live, peer->id);
}

void peers_offer(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct participant *p = conn->participant;
	struct offer_sections sections;
	bool fresh = json_is_true(json_object_get(message, "new"));

	if (!read_offer(conn, id, message, &sections))
		return;
	if (!fresh && !p->peer) {
		message_error(conn, id, "not_now", 0);
		return;
	}
	if (!fresh && !offer_continues(p->peer, conn->live->offer, &sections)) {
		conn->live->counters.bad_sdp++;
		message_error(conn, id, "bad_sdp", 0);
		return;
	}
	if (fresh ? add_peer(conn, p, id, &sections) : update_peer(conn, p->peer, id, &sections)) {
		conn->busy = true;
		return;
	}
	if (fresh)
		peers_undo(p);
	message_error(conn, id, "media_gone", 1);
}

/* -- an ICE restart without an offer --------------------------------------------------------------------------------------------- */

bool peers_knows_ufrag(const struct live_peer *peer, const char *ufrag)
{
	return ufrag_mark(ufrag) == peer->ufrag_mark;
}

void peers_etag(const struct live *live, const struct live_peer *peer, char out[19])
{
	uint8_t bytes[24];

	derive(live, "etag", peer, peer->generation, bytes);
	out[0] = '"';
	sodium_bin2hex(out + 1, 17, bytes, 8);
	strcpy(out + 17, "\"");
}

bool peers_restart(struct live_conn *conn, uint64_t id, const struct ice_fragment *fragment)
{
	struct live *live = conn->live;
	struct live_peer *peer = conn->participant->peer;
	struct offer_server server = { 0 };
	struct sdp_answer_server about = describe_server(live, peer);

	peer->generation++;
	derive_server(live, peer, 0, &server);
	char *answer = sdp_answer_fragment(fragment, &server, &about);
	if (!answer)
		return false;
	free(peer->pending_sdp);
	peer->pending_sdp = answer;
	peer->pending_conn = conn->serial;
	peer->pending_re = id;
	peer->ufrag_mark = ufrag_mark(fragment->ufrag);
	struct control_peer_update *u = &media_link_prepare(live, CONTROL_PEER_UPDATE)->u.peer_update;
	u->has_ice = u->has_tag = true;
	strcpy(u->what.peer, peer->id);
	strcpy(u->what.ice.ufrag, server.ufrag);
	strcpy(u->what.ice.pwd, server.pwd);
	strcpy(u->what.ice.remote_ufrag, fragment->ufrag);
	strcpy(u->what.ice.remote_pwd, fragment->pwd);
	conn->busy = sealed_tag_write(u->what.tag, peer->participant, peer) && media_link_request(live, peer->id);
	return conn->busy;
}

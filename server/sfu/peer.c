#include "peer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "rand.h"
#include "room.h"
#include "tcp_link.h"
#include "worker.h"

#define FOLLOW_US 500000

static void on_ice_timer(struct timer *timer, int64_t now_us);
static void apply(struct peer *p, const struct ice_out *out, int64_t now_us);

/* -- paths and user fragments: how a datagram finds its peer ------------------------------------------------------------------ */

static void path_forget(struct peer *p, size_t i)
{
	struct map *paths = p->worker->paths;

	if (map_get_path(paths, &p->paths[i]) == p)     /* another peer may have proven it since */
		map_remove_path(paths, &p->paths[i]);
	p->paths[i] = p->paths[--p->path_count];
}

static void path_remove(struct peer *p, const struct path *path)
{
	for (size_t i = 0; i < p->path_count; i++) {
		if (path_equal(&p->paths[i], path)) {
			path_forget(p, i);
			return;
		}
	}
}

/*
 * A check's source address can be written by anybody, its answer cannot be read by anybody: a path that another peer has is
 * given to this one only once it answered a check of ours (`proven`).
 */
static void path_add(struct peer *p, const struct path *path, bool proven)
{
	struct peer *has = map_get_path(p->worker->paths, path);

	if (has && has != p && !proven)
		return;
	path_remove(p, path);
	if (p->path_count == PEER_PATHS)
		path_forget(p, 0);
	if (map_put_path(p->worker->paths, path, p) == 0)
		p->paths[p->path_count++] = *path;
}

void peer_on_path(struct peer *p, const struct path *path, bool proven)
{
	path_add(p, path, proven);
	if (path->kind == PATH_TCP && tcp_link_worker(path) == p->worker->index)
		tcp_link_proved(p->worker, path);
}

void peer_on_path_gone(struct peer *p, const struct path *path, int64_t now_us)
{
	struct ice_out out;

	path_remove(p, path);
	if (!p->ice)
		return;
	ice_path_gone(p->ice, path, &out);
	apply(p, &out, now_us);
}

static void ufrag_forget(struct peer *p, char *ufrag)
{
	struct map *ufrags = p->worker->ufrags;

	if (*ufrag && map_get_string(ufrags, ufrag, strlen(ufrag)) == p)
		map_remove_string(ufrags, ufrag, strlen(ufrag));
	*ufrag = '\0';
}

static int ufrag_take(struct peer *p, const char *ufrag)
{
	if (!strcmp(p->ufrags[0], ufrag))
		return 0;
	ufrag_forget(p, p->ufrags[1]);
	strcpy(p->ufrags[1], p->ufrags[0]);
	strcpy(p->ufrags[0], ufrag);
	return map_put_string(p->worker->ufrags, ufrag, strlen(ufrag), p);
}

/* -- life ------------------------------------------------------------------------------------------------------------------------ */

static struct ice_credentials credentials_of(const struct control_ice *ice)
{
	return (struct ice_credentials){ ice->ufrag, ice->pwd, ice->remote_ufrag, ice->remote_pwd };
}

/* A track for each source that is sent, none for the others. */
static int make_tracks(struct peer *p)
{
	bool sent[CONTROL_SOURCES] = { false };

	for (size_t i = 0; i < p->config->send_count; i++) {
		const struct control_send *send = &p->config->sends[i];
		uint8_t layers = send->rid_count ? send->rid_count : 1;
		struct track **t = &p->tracks[send->source];
		sent[send->source] = true;
		if (*t && (*t)->layer_count != layers) {
			track_destroy(*t);
			*t = NULL;
		}
		if (!*t && track_create(t, p, send->source, layers) != 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < CONTROL_SOURCES; i++) {
		if (sent[i])
			continue;
		track_destroy(p->tracks[i]);
		p->tracks[i] = NULL;
	}
	return 0;
}

int peer_create(struct peer **out, struct worker *worker, struct room *room, struct peer_config *config, int64_t now_us)
{
	struct peer *p = calloc(1, sizeof *p);
	struct ice_credentials credentials = credentials_of(&config->ice);
	int err = -ENOMEM;

	if (!p) {
		peer_config_destroy(config);
		return -ENOMEM;
	}
	p->worker = worker;
	p->room = room;
	p->config = config;
	p->id = config->peer;
	p->number = config->number;
	p->rtcp_ssrc = rand_u32() | 1;
	p->loudest = 127;
	p->ice_timer.fire = on_ice_timer;
	sr_publisher_init(&p->clock);
	list_add_tail(&room->peers, &p->in_room);
	p->member = room_member_enter(room, p->number);
	if (!p->member || make_tracks(p) != 0 || (err = ice_create(&p->ice, &credentials, rand_u64(), now_us)) != 0 ||
	    (err = ufrag_take(p, config->ice.ufrag)) != 0 || (err = map_put_u32(worker->peers, p->id, p)) != 0 ||
	    (err = timer_set(&worker->timers, &p->ice_timer, ice_deadline(p->ice))) != 0) {
		peer_destroy(p);
		return err;
	}
	*out = p;
	return 0;
}

void peer_destroy(struct peer *p)
{
	if (!p)
		return;
	struct worker *w = p->worker;

	timer_cancel(&w->timers, &p->ice_timer);
	if (map_get_u32(w->peers, p->id) == p)
		map_remove_u32(w->peers, p->id);
	while (p->path_count)
		path_forget(p, 0);
	ufrag_forget(p, p->ufrags[0]);
	ufrag_forget(p, p->ufrags[1]);
	viewer_destroy(p->viewer);
	publisher_destroy(p->publisher);
	for (size_t i = 0; i < CONTROL_SOURCES; i++)
		track_destroy(p->tracks[i]);
	list_remove(&p->in_room);
	if (p->member)
		room_member_leave(p->room, p);
	media_keys_destroy(p->keys);
	ice_destroy(p->ice);
	peer_config_destroy(p->config);
	free(p);
}

/* -- ICE ---------------------------------------------------------------------------------------------------------------------------- */

static enum control_via via_of(const struct path *path)
{
	return path->kind == PATH_TCP ? CONTROL_VIA_TCP : path->kind == PATH_UDP6 ? CONTROL_VIA_UDP6 : CONTROL_VIA_UDP4;
}

static void tell_connected(struct peer *p, const struct path *path)
{
	const struct event_connected event = { p->id, p->worker->index, (uint8_t)via_of(path) };

	p->via = event.via;
	worker_tell(p->worker, EVENT_CONNECTED, &event, sizeof event);
}

static void select_path(struct peer *p, int64_t now_us)
{
	const struct path *path = ice_selected(p->ice);
	struct counters *c = &p->worker->counters;

	if (path && !p->has_path)
		count(c, COUNTER_ice_nominated);
	else if (path && !path_equal(path, &p->path))
		count(c, COUNTER_ice_path_changed);
	p->has_path = path != NULL;
	if (path)
		p->path = *path;
	p->path_heard_us = now_us;
	if (p->home != PEER_HERE)
		return;
	if (path && via_of(path) != p->via)
		tell_connected(p, path);
	viewer_on_path(p->viewer, p->has_path, now_us);
}

static void tell_stalled(struct peer *p, bool stalled)
{
	const struct event_stalled event = { p->id, stalled };

	if (p->home != PEER_HERE)
		return;
	if (stalled)
		count(&p->worker->counters, COUNTER_peers_stalled);
	worker_tell(p->worker, EVENT_STALLED, &event, sizeof event);
}

static void apply(struct peer *p, const struct ice_out *out, int64_t now_us)
{
	for (uint32_t i = 0; i < out->count; i++) {
		uint8_t *slot = worker_slot(p->worker);
		memcpy(slot, out->message[i].bytes, out->message[i].len);
		worker_send(p->worker, &out->message[i].to, slot, out->message[i].len);
	}
	if (out->changes & ICE_PATH_REMOVED)
		path_remove(p, &out->removed);
	if (out->changes & ICE_PATH_ADDED)
		peer_on_path(p, &out->added, false);
	if (out->changes & ICE_PATH_PROVEN)
		peer_on_path(p, &out->proven, true);
	if (out->changes & ICE_SELECTED)
		select_path(p, now_us);
	if (out->changes & ICE_STALLED)
		tell_stalled(p, true);
	if (out->changes & ICE_RESUMED)
		tell_stalled(p, false);
	if (out->changes & ICE_RESTART_DONE)
		ufrag_forget(p, p->ufrags[1]);
	timer_set(&p->worker->timers, &p->ice_timer, ice_deadline(p->ice));
	if ((out->changes & ICE_DEAD) && p->home == PEER_HERE) {
		const struct event_closed event = { p->id, CONTROL_CLOSE_CONSENT };
		count(&p->worker->counters, COUNTER_ice_consent_lost);
		worker_tell(p->worker, EVENT_CLOSED, &event, sizeof event);
	}
}

static void on_ice_timer(struct timer *timer, int64_t now_us)
{
	struct peer *p = list_entry(timer, struct peer, ice_timer);
	struct ice_out out;

	if (!p->ice)
		return;
	ice_tick(p->ice, p->worker->stun, now_us, &out);
	apply(p, &out, now_us);
}

void peer_on_stun(struct peer *p, const struct packet *packet, uint16_t from_worker, int64_t now_us)
{
	static const enum counter counted[] = {
		[ICE_OK] = COUNTER_stun_answered, [ICE_BAD] = COUNTER_stun_bad, [ICE_FORGED] = COUNTER_stun_bad_integrity,
		[ICE_UNMATCHED] = COUNTER_stun_not_request, [ICE_ROLE_CONFLICT] = COUNTER_stun_errors_sent,
		[ICE_UNKNOWN_ATTRIBUTE] = COUNTER_stun_errors_sent,
	};
	struct ice_out out;

	enum ice_verdict verdict = ice_receive(p->ice, p->worker->stun, &packet->path, packet->data, packet->len, now_us, &out);
	count(&p->worker->counters, counted[verdict]);
	apply(p, &out, now_us);
	/* Whoever received it shall know whose the path is. Said at each check and answer, so that it need not arrive each time. */
	bool proven = out.changes & ICE_PATH_PROVEN;
	if (from_worker != p->worker->index && verdict == ICE_OK && ice_validated(p->ice, &packet->path)) {
		const struct traffic_path head = { .peer = p->id, .path = packet->path, .proven = proven };
		worker_post(p->worker, from_worker, TRAFFIC_PATH, &head, sizeof head, NULL, 0);
	}
}

/* -- orders ---------------------------------------------------------------------------------------------------------------------------- */

static void restart_ice(struct peer *p, int64_t now_us)
{
	struct ice_credentials credentials = credentials_of(&p->config->ice);

	ufrag_take(p, p->config->ice.ufrag);
	if (!p->ice || ice_restart(p->ice, &credentials, now_us) != 0)
		return;
	count(&p->worker->counters, COUNTER_ice_restarts);
	timer_set(&p->worker->timers, &p->ice_timer, ice_deadline(p->ice));
}

void peer_on_update(struct peer *p, struct peer_config *update, int64_t now_us)
{
	uint8_t has = update->has;
	struct peer_config *old = p->config, *merged = peer_config_merge(old, update);

	peer_config_destroy(update);
	if (!merged)
		return;
	p->config = merged;
	if (has & PEER_HAS_SENDS)
		make_tracks(p);
	if (has & PEER_HAS_ICE)
		restart_ice(p, now_us);
	if (p->publisher && (has & (PEER_HAS_SENDS | PEER_HAS_EXT)))
		publisher_on_config(p->publisher, old);
	if (p->viewer && (has & (PEER_HAS_SEATS | PEER_HAS_PAYLOADS)))
		viewer_on_config(p->viewer, now_us);
	peer_config_destroy(old);
	room_seats_changed(p->room);
}

void peer_on_allowed(struct peer *p, uint8_t on, uint8_t blocked, int64_t now_us)
{
	uint8_t before = p->on & (uint8_t)~p->blocked, after = on & (uint8_t)~blocked;
	uint8_t begun = after & (uint8_t)~before;

	(void)now_us;
	p->on = on;
	p->blocked = blocked;
	for (uint8_t i = 0; i < CONTROL_SOURCES; i++) {
		if ((begun >> i & 1) && p->publisher)
			publisher_begin_anew(p->publisher, (enum control_source)i);
	}
	if (begun >> CONTROL_SCREEN & 1)
		room_on_screen(p->room, p->member);
	if (before != after)
		room_seats_changed(p->room);
}

void peer_on_keys(struct peer *p, const struct order_keys *keys, int64_t now_us)
{
	struct ice_out out;

	if (p->home != PEER_WAITING)
		return;
	if (media_keys_create(&p->keys, &keys->keys, PEER_SSRCS_MAX) != 0 || publisher_create(&p->publisher, p, now_us) != 0 ||
	    viewer_create(&p->viewer, p, now_us) != 0) {
		const struct event_closed event = { p->id, CONTROL_CLOSE_DTLS };
		worker_tell(p->worker, EVENT_CLOSED, &event, sizeof event);
		return;
	}
	p->home = PEER_HERE;
	count(&p->worker->counters, COUNTER_peers_connected);
	timer_set(&p->worker->timers, &p->publisher->timer, p->publisher->report_us);
	timer_set(&p->worker->timers, &p->viewer->timer, now_us);
	tell_connected(p, &keys->path);
	room_on_connected(p->room, p);
	select_path(p, now_us);
	/* The nomination may have been seen by another worker: the path that the browser chose for DTLS stands in for it. */
	ice_prefer(p->ice, p->worker->stun, &keys->path, now_us, &out);
	apply(p, &out, now_us);
}

void peer_on_owner(struct peer *p, uint16_t worker, int64_t now_us)
{
	(void)now_us;
	p->home = PEER_ELSEWHERE;
	p->owner = worker;
	p->has_path = false;
	timer_cancel(&p->worker->timers, &p->ice_timer);
	ice_destroy(p->ice);
	p->ice = NULL;
	room_on_connected(p->room, p);
}

/* Media from another path than ours goes to, and none from that for a while: the browser chose another of those it nominated. */
static void follow(struct peer *p, const struct path *path, int64_t now_us)
{
	struct ice_out out;

	if (!p->has_path || path_equal(path, &p->path)) {
		p->path_heard_us = now_us;
		return;
	}
	if (now_us - p->path_heard_us < FOLLOW_US)
		return;
	p->path_heard_us = now_us;
	ice_follow(p->ice, path, now_us, &out);
	apply(p, &out, now_us);
}

void peer_on_heard(struct peer *p, const struct path *path, int64_t now_us)
{
	follow(p, path, now_us);
	if (!p->proved) {
		p->proved = true;
		if (p->worker->post->handshake)
			handshake_proved(p->worker->post->handshake, p->id);
	}
	if (ice_heard(p->ice, now_us))
		tell_stalled(p, false);
}

/* -- out ---------------------------------------------------------------------------------------------------------------------------------- */

void peer_send(struct peer *p, uint8_t *bytes, uint16_t len)
{
	p->viewer->tx_packets++;
	p->viewer->tx_bytes += len;
	worker_send(p->worker, &p->path, bytes, len);
}

void peer_send_rtcp(struct peer *p, const uint8_t *bytes, size_t bytes_len)
{
	struct counters *c = &p->worker->counters;
	uint16_t len = (uint16_t)bytes_len;

	if (!p->keys || !p->has_path || bytes_len > UDP_SLOT_ROOM - MEDIA_OVERHEAD)
		return;
	uint8_t *slot = worker_slot(p->worker);
	memcpy(slot, bytes, len);
	if (media_protect_rtcp(p->keys, slot, &len, UDP_SLOT_ROOM) != PKT_OK) {
		count(c, COUNTER_srtp_failed);
		return;
	}
	count(c, COUNTER_srtcp_protected);
	peer_send(p, slot, len);
}

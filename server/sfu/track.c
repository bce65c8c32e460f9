#include "track.h"

#include <errno.h>
#include <stdlib.h>

#include "fanout.h"
#include "packet_pool.h"
#include "peer.h"
#include "publisher_feedback.h"
#include "room.h"
#include "subscription.h"
#include "worker.h"

/* What a browser may still ask for: it gives up on a video packet well before 2 s. A layer of 4 Mbit/s has 850 packets in them. */
static const struct history_limits history_limits = { .packets = 1024, .bytes = 1024 * 1024, .age_us = 2000000 };

#define WANT_AGAIN_US 1000000           /* traffic may be lost: said again after this */
#define LAYER_SILENT_US 1000000         /* a simulcast layer that stops is left for a smaller one */
#define BITRATE_WINDOW_US 500000

int track_create(struct track **out, struct peer *peer, enum control_source source, uint8_t layer_count)
{
	struct track *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->peer = peer;
	t->source = source;
	t->video = source == CONTROL_CAMERA || source == CONTROL_SCREEN;
	t->layer_count = layer_count;
	list_init(&t->watching);
	list_init(&t->waiting);
	for (size_t i = 0; i < TRACK_LAYERS; i++) {
		keyframe_gate_init(&t->layers[i].gate);
		sr_stream_init(&t->layers[i].clock, t->video ? 90000 : 48000);
	}
	*out = t;
	return 0;
}

void track_destroy(struct track *t)
{
	if (!t)
		return;
	list_each_safe(at, &t->watching)
		subscription_let_go(list_entry(at, struct subscription, in_track), t);
	list_each_safe(at, &t->waiting)
		subscription_let_go(list_entry(at, struct subscription, in_next), t);
	for (size_t i = 0; i < TRACK_LAYERS; i++)
		history_destroy(t->layers[i].history);
	fanout_forget(t->peer->worker, t);
	free(t);
}

bool track_allowed(const struct track *t)
{
	uint8_t bit = (uint8_t)(1u << t->source);
	return (t->peer->on & bit) && !(t->peer->blocked & bit);
}

/* -- a packet ---------------------------------------------------------------------------------------------------------- */

/* The layer's numbers began anew: what is kept of the old ones can never be asked for under the new. */
static void layer_begin(struct track *t, struct track_layer *l, uint8_t generation)
{
	l->source = worker_new_source(t->peer->worker);
	l->generation = generation;
	if (l->history)
		history_clear(l->history);
	sr_stream_init(&l->clock, t->video ? 90000 : 48000);
}

static void layer_keep(struct track *t, struct track_layer *l, struct packet *packet, uint64_t index, int64_t now_us)
{
	struct worker *w = t->peer->worker;

	/* The one allocation of a layer's life: at its first packet. */
	if (!l->history && history_create(&l->history, &history_limits) != 0)
		return;
	/* History must not starve the sockets of buffers. */
	if (w->pool->available < w->pool->count / 8) {
		count(&w->counters, COUNTER_history_full);
		return;
	}
	count_add(&w->counters, COUNTER_history_evicted, history_keep(l->history, packet, index, now_us));
	count(&w->counters, COUNTER_history_kept);
}

/* Those who wait choose now: a layer's first packet begins its first keyframe, which must not pass them by. */
static void layer_wakes(struct track *t, struct track_layer *l)
{
	l->info.active = true;
	track_announce(t);
	list_each(at, &t->waiting)
		subscription_aim(list_entry(at, struct subscription, in_next));
	list_each(at, &t->watching)
		subscription_aim(list_entry(at, struct subscription, in_track));
	room_layers_changed(t->peer->room);
}

static void layer_note(struct track *t, struct track_layer *l, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	if (!l->source || l->generation != in->generation) {
		fanout_run(t->peer->worker);    /* what is under way belongs to the old numbers */
		layer_begin(t, l, in->generation);
	}
	if (!l->info.active && t->peer->home == PEER_HERE)
		layer_wakes(t, l);
	l->last_us = now_us;
	l->window_bytes += packet->len;
	if (!in->recovered)
		sr_clock_on_packet(&l->clock, in->ts, in->arrival_us);
	if (!t->video || !in->payload_len)
		return;
	if (in->marks.keyframe) {
		keyframe_gate_on_keyframe(&l->gate);
		count(&t->peer->worker->counters, COUNTER_rtp_keyframes);
	}
	if (in->marks.height)
		l->info.height = in->marks.height;
	layer_keep(t, l, packet, in->index, now_us);
}

void track_deliver(struct track *t, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	layer_note(t, &t->layers[in->layer], packet, in, now_us);
	if (!list_empty(&t->watching) || !list_empty(&t->waiting))
		fanout_put(t->peer->worker, t, packet, in);
}

void track_hand_over(struct track *t, const struct packet *packet, const struct media_info *in)
{
	struct worker *w = t->peer->worker;
	uint64_t left = t->layers[in->layer].elsewhere;

	while (left) {
		uint16_t to = (uint16_t)__builtin_ctzll(left);
		left &= left - 1;
		const struct traffic_packet head = { t->peer->id, (uint8_t)t->source, *in };
		if (worker_post(w, to, TRAFFIC_PACKET, &head, sizeof head, packet->data, packet->len))
			count(&w->counters, COUNTER_fwd_remote);
	}
}

/* -- keyframes --------------------------------------------------------------------------------------------------------- */

static void keyframe_send(struct track *t, uint8_t layer)
{
	struct peer *p = t->peer;

	if (p->home == PEER_HERE) {
		publisher_send_pli(p->publisher, t->source, layer);
	} else if (p->home == PEER_ELSEWHERE) {
		const struct traffic_want head = { p->id, (uint8_t)t->source, (uint8_t)(1u << layer), p->worker->index };
		worker_post(p->worker, p->owner, TRAFFIC_KEYFRAME, &head, sizeof head, NULL, 0);
	}
}

void track_keyframe_tick(struct track *t, uint8_t layer, int64_t now_us)
{
	if (keyframe_gate_due(&t->layers[layer].gate, now_us))
		keyframe_send(t, layer);
}

void track_ask_keyframe(struct track *t, uint8_t layer, int64_t now_us)
{
	if (layer >= t->layer_count)
		return;
	if (!keyframe_gate_ask(&t->layers[layer].gate, now_us))
		count(&t->peer->worker->counters, COUNTER_pli_throttled);
	track_keyframe_tick(t, layer, now_us);
	if (t->peer->home == PEER_HERE)
		timer_sooner(&t->peer->worker->timers, &t->peer->publisher->timer,
			keyframe_gate_deadline_us(&t->layers[layer].gate));
}

/* -- shards to each other ---------------------------------------------------------------------------------------------- */

static uint8_t wanted_here(const struct track *t)
{
	uint8_t layers = 0;

	list_each(at, &t->watching)
		layers |= subscription_wants(list_entry(at, struct subscription, in_track), t);
	list_each(at, &t->waiting)
		layers |= subscription_wants(list_entry(at, struct subscription, in_next), t);
	return layers;
}

void track_tell_wanted(struct track *t, int64_t now_us)
{
	if (t->peer->home != PEER_ELSEWHERE)
		return;
	uint8_t layers = wanted_here(t);
	bool again = layers && now_us - t->wanted_us >= WANT_AGAIN_US;
	if (layers == t->wanted && !again)
		return;
	const struct traffic_want head = { t->peer->id, (uint8_t)t->source, layers, t->peer->worker->index };
	if (!worker_post(t->peer->worker, t->peer->owner, TRAFFIC_WANT, &head, sizeof head, NULL, 0))
		return;
	t->wanted = layers;
	t->wanted_us = now_us;
}

void track_on_want(struct track *t, uint16_t worker, uint8_t layers)
{
	for (uint8_t i = 0; i < t->layer_count; i++) {
		uint64_t bit = (uint64_t)1 << worker;
		bool wants = layers >> i & 1, had = t->layers[i].elsewhere & bit;
		if (wants == had)
			continue;
		t->layers[i].elsewhere ^= bit;
		const struct traffic_clock head = { t->peer->id, (uint8_t)t->source, i, t->peer->clock, t->layers[i].clock };
		if (wants)
			worker_post(t->peer->worker, worker, TRAFFIC_CLOCK, &head, sizeof head, NULL, 0);
	}
}

bool track_measure(struct track *t, int64_t now_us)
{
	bool changed = false;

	for (uint8_t i = 0; i < t->layer_count; i++) {
		struct track_layer *l = &t->layers[i];
		/* A shared screen that stands still sends next to nothing: a lone layer lives as long as its source is on. */
		bool active = l->source && track_allowed(t) && (t->layer_count == 1 || now_us - l->last_us < LAYER_SILENT_US);
		changed |= active != l->info.active;
		l->info.active = active;
		if (now_us - l->window_us >= BITRATE_WINDOW_US) {
			l->info.bitrate_bps = (uint32_t)((uint64_t)l->window_bytes * 8 * 1000000 / (uint64_t)(now_us - l->window_us));
			l->window_bytes = 0;
			l->window_us = now_us;
		}
	}
	return changed;
}

void track_expire(struct track *t, int64_t now_us)
{
	for (uint8_t i = 0; i < t->layer_count; i++) {
		if (t->layers[i].history)
			history_expire(t->layers[i].history, now_us);
	}
}

void track_announce(const struct track *t)
{
	struct worker *w = t->peer->worker;
	struct traffic_track head = { .peer = t->peer->id, .source = (uint8_t)t->source };

	for (uint8_t i = 0; i < t->layer_count; i++)
		head.layers[i] = t->layers[i].info;
	for (uint16_t to = 0; to < w->post->workers; to++) {
		if (to != w->index)
			worker_post(w, to, TRAFFIC_TRACK, &head, sizeof head, NULL, 0);
	}
}

struct track_layer *track_layer_of(struct track *t, uint32_t source)
{
	for (uint8_t i = 0; i < t->layer_count; i++) {
		if (t->layers[i].source == source && source)
			return &t->layers[i];
	}
	return NULL;
}

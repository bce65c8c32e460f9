/**
 * One published source (a microphone, a camera, a screen) as one shard of the room sees it.
 *
 * The publisher's own worker has a track, and so has every other worker of the room: each with its own subscriptions and its own
 * history, fed with the same opened packets. The others say which layers they want; the owner copies only those to them.
 *
 * Owned by its peer. Thread: the worker's.
 */
#ifndef HOPKIN_SFU_TRACK_H
#define HOPKIN_SFU_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "history.h"
#include "keyframe_gate.h"
#include "layers.h"
#include "list.h"
#include "media_info.h"
#include "orders.h"
#include "packet.h"
#include "sr_clock.h"

enum { TRACK_LAYERS = CONTROL_RIDS_MAX };

struct peer;

struct track_layer {
	uint32_t source;                /* this layer's number for `rewrite`, unique in the worker; another after each restart; 0: no packet yet */
	uint8_t generation;             /* as the publisher's worker counts restarts */
	struct layer_info info;
	int64_t last_us;                /* when a packet came */
	int64_t window_us;              /* bitrate: since when `window_bytes` are counted */
	uint32_t window_bytes;
	struct history *history;        /* video; NULL until the first packet */
	struct keyframe_gate gate;
	struct sr_stream clock;
	uint64_t elsewhere;             /* owner: workers that want it, one bit each */
};

struct track {
	struct peer *peer;              /* its owner */
	enum control_source source;
	bool video;
	uint8_t layer_count;
	uint8_t wanted;                 /* not the owner: layers last asked for, one bit each */
	int64_t wanted_us;              /* when that was said */
	struct track_layer layers[TRACK_LAYERS];
	struct list watching;           /* subscriptions that forward it */
	struct list waiting;            /* subscriptions that will, from its next keyframe on */
};

int track_create(struct track **out, struct peer *peer, enum control_source source, uint8_t layer_count);
void track_destroy(struct track *track);        /* subscriptions are let go; NULL is fine */

/** Host's and owner's switches: whether its packets may be forwarded. */
bool track_allowed(const struct track *track);

/** An opened packet: kept, and to be offered to every subscription of this shard (fanout.h). The caller's reference stays its own. */
void track_deliver(struct track *track, struct packet *packet, const struct media_info *info, int64_t now_us);
/** Owner: one copy to each other worker that wants this layer. */
void track_hand_over(struct track *track, const struct packet *packet, const struct media_info *info);

/** Somebody of this shard needs a keyframe of a layer. */
void track_ask_keyframe(struct track *track, uint8_t layer, int64_t now_us);
/** Send what is due of that: PLI from the owner, else a word to the owner. */
void track_keyframe_tick(struct track *track, uint8_t layer, int64_t now_us);

/** Tell the owner what this shard wants, if that changed or a second has passed. */
void track_tell_wanted(struct track *track, int64_t now_us);
/** Owner: another worker said so. */
void track_on_want(struct track *track, uint16_t worker, uint8_t layers);

/** Owner: which layers live; every 100 ms. True if that changed: subscriptions choose again. */
bool track_measure(struct track *track, int64_t now_us);
/** Let go of what is too old to be asked for; every 100 ms. */
void track_expire(struct track *track, int64_t now_us);
/** Owner: tell all other workers what is known of the layers. */
void track_announce(const struct track *track);
/** The layer that has this number for `rewrite`, or NULL. */
struct track_layer *track_layer_of(struct track *track, uint32_t source);

#endif

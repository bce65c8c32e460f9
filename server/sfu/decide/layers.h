/**
 * Which simulcast layer a subscription shows: what to do with each packet, and what to aim for.
 *
 * `now` is what is being forwarded, `target` what is wanted. A switch happens at a keyframe of the target layer; until it comes the old
 * layer goes on. A temporal layer is taken up at a frame that needs only lower ones, and given up at a frame's start.
 * Pure; thread: any.
 */
#ifndef HOPKIN_DECIDE_LAYERS_H
#define HOPKIN_DECIDE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_marks.h"

enum { LAYERS_MAX = 4 };

enum layer_verdict {
	LAYER_FORWARD,
	LAYER_DROP,             /* of the forwarded layer, but not wanted: close the gap (rewrite_drop) */
	LAYER_OTHER,            /* of a layer that is not being forwarded: nothing to close */
	LAYER_SWITCH,           /* first packet of the new layer: rewrite_switch, then forward */
	LAYER_WAIT_KEYFRAME,    /* of the target layer, which cannot begin here: a keyframe is needed */
};

/**
 * What to do with a packet of the track. `f->layer.spatial` is the layer it came in. Switching to another track is the same with
 * `now->spatial` LAYER_NONE for the new track's packets: forward the old track while its verdicts say so, until LAYER_SWITCH.
 * A target of LAYER_NONE forwards nothing.
 */
enum layer_verdict layer_decide(struct layer now, struct layer target, const struct frame_marks *f);
/** What is being forwarded after a packet with this verdict. */
struct layer layer_after(struct layer now, struct layer target, const struct frame_marks *f, enum layer_verdict verdict);

/** What is known of a layer. */
struct layer_info {
	bool active;            /* packets came lately */
	uint16_t height;        /* pixels; 0: not known yet */
	uint32_t bitrate_bps;   /* measured; the bandwidth allocator's seam */
};

/**
 * The layer for a tile of `wanted_height` pixels: the smallest active one of at least three quarters of it, else the largest active.
 * A layer of unknown height is guessed from its neighbours (each step doubles; the smallest of three is 180).
 *
 * @param current      the target until now, LAYER_NONE at first: kept when the size moves by less than a tenth across the border
 * @param most_spatial the highest index allowed (bandwidth); LAYERS_MAX for no limit
 * @return             index, or LAYER_NONE when wanted_height is 0 or no layer is active
 */
uint8_t layer_choose(const struct layer_info *layers, size_t count, uint16_t wanted_height, uint8_t current, uint8_t most_spatial);
/** The height known or guessed. */
uint16_t layer_height(const struct layer_info *layers, size_t count, size_t which);

#endif

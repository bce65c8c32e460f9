/**
 * The VP8 payload descriptor (RFC 7741 §4.2), and the first bytes of the frame behind it.
 *
 * Sealed frames (end-to-end encryption) leave the first payload byte clear, so `keyframe` holds for them; `width` and `height` are
 * only as true as the sender.
 */
#ifndef HOPKIN_RTP_VP8_DESCRIPTOR_H
#define HOPKIN_RTP_VP8_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct vp8_descriptor {
	bool non_reference;     /* N: no other frame needs this one */
	bool start;             /* S: first packet of a partition */
	uint8_t partition;      /* PID, 0…7 */
	bool has_picture_id, long_picture_id;   /* 15 bits or 7 */
	bool has_tl0picidx, has_tid, has_keyidx;
	bool layer_sync;        /* Y: needs nothing but the base layer */
	uint16_t picture_id;
	uint8_t tl0picidx;
	uint8_t tid;            /* temporal layer, 0…3; 0 if not given */
	uint8_t keyidx;         /* 0…31 */
	uint8_t len;            /* bytes of the descriptor */
	uint8_t picture_id_at, tl0picidx_at;    /* offsets in the payload, if present */
	bool frame_start;       /* first packet of a frame: S and partition 0 */
	bool keyframe;          /* frame_start of a keyframe */
	uint16_t width, height; /* pixels, of a keyframe whose header is all there; else 0 */
};

/** False: cut, or nothing behind the descriptor. */
bool vp8_descriptor_read(struct vp8_descriptor *out, const uint8_t *payload, size_t len);
/** Puts other numbers in place of those the descriptor has (where it has them), in their width. `d` is of this very payload. */
void vp8_descriptor_patch(uint8_t *payload, const struct vp8_descriptor *d, uint16_t picture_id, uint8_t tl0picidx);
/** Writes a descriptor (not the frame); used by test peers. */
void vp8_descriptor_write(struct wr *w, const struct vp8_descriptor *d);

#endif

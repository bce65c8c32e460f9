/**
 * The VP9 payload descriptor (RFC 9628 §4.2).
 */
#ifndef HOPKIN_RTP_VP9_DESCRIPTOR_H
#define HOPKIN_RTP_VP9_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VP9_SPATIAL_MAX = 8, VP9_REFERENCES_MAX = 3 };

struct vp9_descriptor {
	bool has_picture_id, long_picture_id;
	bool inter_predicted;   /* P: needs an earlier picture */
	bool has_layers, flexible;
	bool start, end;        /* B, E: of a layer frame */
	bool not_reference;     /* Z: no higher spatial layer needs this one */
	bool switching_up;      /* U */
	bool inter_layer;       /* D: needs the spatial layer below in the same picture */
	uint16_t picture_id;
	uint8_t tid, sid;
	uint8_t tl0picidx;      /* non-flexible mode with layers */
	uint8_t reference_count;
	uint8_t references[VP9_REFERENCES_MAX]; /* P_DIFF: 1…127 pictures back */
	bool has_structure;     /* V: scalability structure present */
	uint8_t spatial_count;  /* 1…8 where has_structure */
	uint16_t widths[VP9_SPATIAL_MAX], heights[VP9_SPATIAL_MAX];     /* pixels, 0 where not told */
	uint8_t len;            /* bytes of the descriptor (at most 255; longer is refused) */
	bool keyframe;          /* start of a picture that needs no other: B, not P, lowest spatial layer */
};

/** False: cut, more than three references, or nothing behind the descriptor. */
bool vp9_descriptor_read(struct vp9_descriptor *out, const uint8_t *payload, size_t len);

#endif

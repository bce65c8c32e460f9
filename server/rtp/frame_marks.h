/**
 * What forwarding must know of a payload, whatever its codec.
 */
#ifndef HOPKIN_RTP_FRAME_MARKS_H
#define HOPKIN_RTP_FRAME_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vp8_descriptor.h"

enum rtp_codec { CODEC_NONE, CODEC_OPUS, CODEC_RED, CODEC_VP8, CODEC_VP9, CODEC_H264, CODEC_AV1 };

/** The name used on the control link ("opus", "vp8"…); CODEC_NONE for an unknown one. */
enum rtp_codec rtp_codec_from_name(const char *name);
const char *rtp_codec_name(enum rtp_codec codec);
static inline bool rtp_codec_is_video(enum rtp_codec codec)
{
	return codec >= CODEC_VP8;
}

struct layer {
	uint8_t spatial;        /* simulcast: index of the layer, smallest first; LAYER_NONE: none */
	uint8_t temporal;
};
enum { LAYER_NONE = 0xff, TEMPORAL_ALL = 7 };

struct frame_marks {
	struct layer layer;     /* spatial is 0 from the reader: with simulcast the caller sets the layer's index */
	bool start, end;        /* of a frame; `end` is the marker bit */
	bool keyframe;          /* a keyframe begins here */
	bool sync;              /* this temporal layer may be taken up here: the frame needs nothing but lower layers */
	bool disposable;        /* no other frame needs it */
	uint16_t height;        /* pixels, at a keyframe of VP8, VP9 with structure; else 0 */
	struct vp8_descriptor vp8;      /* with CODEC_VP8; else zero */
};

/** False: the payload does not parse as this codec; the packet is then dropped. Audio codecs give start and end. */
bool frame_marks_read(struct frame_marks *out, enum rtp_codec codec, const uint8_t *payload, size_t len, bool marker);

#endif

/**
 * What every test payload carries: who sent it, from which source and layer, which packet it is, when it was sent; then
 * bytes that follow from those, so that a receiver can check each one.
 *
 * A payload is otherwise what the codec would make: for "Opus" a TOC byte and the tag, for "VP8" payload descriptor
 * (RFC 7741), the frame header where a frame starts, and the tag.
 */
#ifndef HOPKIN_PEER_TP_TAG_H
#define HOPKIN_PEER_TP_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tp_kind { TP_MIC, TP_CAMERA, TP_SCREEN, TP_SCREEN_AUDIO, TP_SOURCES };

extern const char *const tp_source_names[TP_SOURCES];   /* as CONTROL.md spells them */

enum { TP_TAG_LEN = 32 };

struct tp_tag {
	uint32_t number;        /* the sender's participant number */
	uint8_t source, layer;
	uint8_t run;            /* random in each life of a source: a sender that came back counts from 0 again */
	bool keyframe, first, last;
	uint32_t seq;           /* per source and layer, from 0, without gaps */
	uint32_t frame;
	int64_t time_us;        /* tp_now_us() of the sender */
};

/** Writes the tag and fills up to `len` bytes (at least TP_TAG_LEN). */
void tp_tag_write(uint8_t *out, size_t len, const struct tp_tag *tag);

/** False when it is no tag or one byte of the filling is wrong. */
bool tp_tag_read(struct tp_tag *out, const uint8_t *bytes, size_t len);

/** VP8 payload descriptor as sent and as received. */
struct tp_vp8 {
	bool start;             /* S and partition 0 */
	bool keyframe;          /* only where `start` */
	int32_t picture_id;     /* 15 bits, -1: absent */
	int16_t tl0;            /* -1: absent */
	int8_t tid;             /* -1: absent */
	bool layer_sync;
	size_t header_len;      /* descriptor and frame header: where the tag begins */
	uint16_t width, height; /* keyframes */
};

size_t tp_vp8_write(uint8_t *out, const struct tp_vp8 *vp8);
bool tp_vp8_read(struct tp_vp8 *out, const uint8_t *bytes, size_t len);

#endif

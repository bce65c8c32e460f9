/**
 * What a packet's payload says of itself: who sent it, from which stream, the how-manieth it is, when; then bytes that follow from those,
 * so that one wrong byte is seen. Around it stands what the codec would put there: a TOC byte, or VP8's descriptor and frame header.
 */
#ifndef HOPKIN_LOAD_TAG_H
#define HOPKIN_LOAD_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load_adaptor.h"

enum { LOAD_TAG_LEN = 28 };

struct load_tag {
	uint32_t number;        /* of the person who sent it */
	uint32_t run;           /* of this stream's life: who came back counts from 0 again */
	uint8_t codec, layer;
	uint32_t seq;           /* in this stream, from 0, without gaps */
	int64_t sent_ns;        /* CLOCK_REALTIME */
};

/** The descriptor's extension bits, as the recorded browser sent them (RFC 7741 §4.2). */
enum { LOAD_VP8_PICTURE_ID = 0x80, LOAD_VP8_TL0 = 0x40, LOAD_VP8_TID = 0x20, LOAD_VP8_KEYIDX = 0x10 };

struct load_vp8 {
	uint8_t shape;          /* of the bits above */
	bool start, keyframe, non_reference, sync;
	uint8_t tid, tl0, keyidx;
	uint16_t picture_id, width, height;
};

/**
 * Writes a payload of `len` bytes, more if the headers and the tag need more. `vp8` is NULL for Opus.
 * @return  the length written; `out` has room for `len` or 64 bytes, whichever is more
 */
size_t load_payload_write(uint8_t *out, size_t len, const struct load_vp8 *vp8, const struct load_tag *tag);

enum load_payload_verdict { LOAD_PAYLOAD_RIGHT, LOAD_PAYLOAD_WRONG, LOAD_PAYLOAD_NOT_OURS };

/** `out` is filled unless the payload is not one of ours (no tag where it must be). */
enum load_payload_verdict load_payload_read(struct load_tag *out, const uint8_t *payload, size_t len, bool vp8);

#endif

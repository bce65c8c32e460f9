/**
 * What was learnt of one RTP packet when it was opened: enough to forward it without looking at its header again.
 *
 * Plain data without pointers: it goes with the packet to other workers.
 */
#ifndef HOPKIN_SFU_MEDIA_INFO_H
#define HOPKIN_SFU_MEDIA_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "frame_marks.h"

struct media_info {
	int64_t arrival_us;
	uint64_t index;                 /* unwrapped sequence number, by the publisher's `reception` */
	uint32_t ts;
	uint32_t profile;               /* as in struct payload */
	uint16_t payload_at;            /* offset in the packet */
	uint16_t payload_len;           /* without padding; 0: a probe, of which only the number counts */
	uint8_t codec;                  /* enum rtp_codec */
	uint8_t layer;                  /* simulcast: smallest first */
	uint8_t generation;             /* another one: numbers and timestamps of this layer began anew */
	bool marker;
	bool recovered;                 /* it came as a retransmission */
	bool has_level, voice;
	uint8_t level;                  /* -dBov */
	struct frame_marks marks;
};

#endif

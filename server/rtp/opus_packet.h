/**
 * What an Opus packet says of itself without being decoded (RFC 6716 §3.1, RFC 7587).
 */
#ifndef HOPKIN_RTP_OPUS_PACKET_H
#define HOPKIN_RTP_OPUS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opus_packet {
	uint16_t frame_us_100;  /* one frame, in units of 100 us: 25, 50, 100, 200, 400, 600 */
	uint8_t frames;         /* 1…48 */
	bool stereo;
	bool dtx;               /* 1 or 2 bytes: nothing but silence (what browsers send every 400 ms with DTX on) */
};

/** False: empty, or a frame count of 0 or over 120 ms. */
bool opus_packet_read(struct opus_packet *out, const uint8_t *payload, size_t len);

static inline uint32_t opus_packet_us(const struct opus_packet *p)
{
	return (uint32_t)p->frame_us_100 * p->frames * 100;
}

#endif

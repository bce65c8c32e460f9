#include "opus_packet.h"

enum { OPUS_MOST_US_100 = 1200 };       /* 120 ms */

/* The configuration's frame size (RFC 6716 table 2). */
static uint16_t frame_us_100(uint8_t config)
{
	static const uint16_t silk[4] = { 100, 200, 400, 600 }, celt[4] = { 25, 50, 100, 200 };

	if (config < 12)
		return silk[config & 3];
	if (config < 16)
		return config & 1 ? 200 : 100;  /* hybrid */
	return celt[config & 3];
}

bool opus_packet_read(struct opus_packet *out, const uint8_t *payload, size_t len)
{
	if (len < 1)
		return false;

	uint8_t code = payload[0] & 3;
	*out = (struct opus_packet){
		.frame_us_100 = frame_us_100(payload[0] >> 3),
		.frames = code == 0 ? 1 : 2,
		.stereo = payload[0] & 4,
		.dtx = len <= 2,
	};
	if (code == 3) {
		if (len < 2)
			return false;
		out->frames = payload[1] & 63;
	}
	return out->frames && out->frames * out->frame_us_100 <= OPUS_MOST_US_100;
}

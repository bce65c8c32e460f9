#include "rtx.h"

bool rtx_osn_read(uint16_t *out, const uint8_t *payload, size_t len)
{
	if (len < RTX_OSN_LEN)
		return false;
	*out = (uint16_t)(payload[0] << 8 | payload[1]);
	return true;
}

bool rtx_unwrap(struct rtp_header *h, uint8_t *packet, uint32_t ssrc, uint8_t pt)
{
	uint16_t osn;

	if (!rtx_osn_read(&osn, packet + h->header_len, h->payload_len))
		return false;

	memmove(packet + RTX_OSN_LEN, packet, h->header_len);
	packet += RTX_OSN_LEN;
	packet[0] &= (uint8_t)~0x20;    /* the padding was the retransmission's own */
	packet[1] = (uint8_t)((packet[1] & 0x80) | (pt & 0x7f));
	packet[2] = (uint8_t)(osn >> 8);
	packet[3] = (uint8_t)osn;
	for (int i = 0; i < 4; i++)
		packet[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	h->ssrc = ssrc;
	h->pt = pt & 0x7f;
	h->seq = osn;
	h->payload_len = (uint16_t)(h->payload_len - RTX_OSN_LEN);
	h->padding_len = 0;
	return true;
}

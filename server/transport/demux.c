#include "demux.h"

/* The smallest thing of each kind that can mean anything: header sizes of RFC 8489, 6347, 3550. */
enum { STUN_HEADER = 20, DTLS_RECORD_HEADER = 13, RTP_HEADER = 12, RTCP_HEADER = 8 };

enum demux_kind demux_classify(const uint8_t *bytes, size_t len)
{
	if (!len)
		return DEMUX_BAD;
	uint8_t first = bytes[0];
	if (first <= 3)
		return len >= STUN_HEADER ? DEMUX_STUN : DEMUX_BAD;
	if (first >= 20 && first <= 63)
		return len >= DTLS_RECORD_HEADER ? DEMUX_DTLS : DEMUX_BAD;
	if (first < 128 || first > 191 || len < RTCP_HEADER)
		return DEMUX_BAD;
	/* RFC 5761 §4: RTCP packet types 192-223 cannot be told from marker + payload types 64-95, which RTP therefore avoids */
	if (bytes[1] >= 192 && bytes[1] <= 223)
		return DEMUX_RTCP;
	return len >= RTP_HEADER ? DEMUX_RTP : DEMUX_BAD;
}

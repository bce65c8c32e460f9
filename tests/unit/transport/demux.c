/* The first bytes of a datagram: RFC 7983 §7, RFC 5761 §4. */
#include "demux.h"

#include "check.h"

int main(void)
{
	static const struct { const char *name; uint8_t first, second; size_t len; enum demux_kind kind; } rows[] = {
		{ "empty", 0, 0, 0, DEMUX_BAD },
		{ "stun request", 0, 1, 20, DEMUX_STUN },
		{ "stun error", 1, 0x11, 20, DEMUX_STUN },
		{ "stun highest", 3, 0, 20, DEMUX_STUN },
		{ "stun cut", 0, 1, 19, DEMUX_BAD },
		{ "4 is nobody's", 4, 0, 100, DEMUX_BAD },
		{ "zrtp", 16, 0, 100, DEMUX_BAD },
		{ "19", 19, 0, 100, DEMUX_BAD },
		{ "dtls lowest", 20, 0xfe, 13, DEMUX_DTLS },
		{ "dtls handshake", 22, 0xfe, 100, DEMUX_DTLS },
		{ "dtls highest", 63, 0, 13, DEMUX_DTLS },
		{ "dtls cut", 22, 0xfe, 12, DEMUX_BAD },
		{ "turn channel", 64, 0, 100, DEMUX_BAD },
		{ "127", 127, 0, 100, DEMUX_BAD },
		{ "rtp", 128, 96, 12, DEMUX_RTP },
		{ "rtp with marker", 0x90, 0x80 | 96, 12, DEMUX_RTP },
		{ "rtp highest", 191, 0, 12, DEMUX_RTP },
		{ "rtp cut", 128, 96, 11, DEMUX_BAD },
		{ "rtp marker and pt 63", 128, 191, 12, DEMUX_RTP },
		{ "rtcp lowest", 128, 192, 8, DEMUX_RTCP },
		{ "rtcp sr", 128, 200, 28, DEMUX_RTCP },
		{ "rtcp highest", 128, 223, 8, DEMUX_RTCP },
		{ "rtp marker and pt 96", 128, 224, 12, DEMUX_RTP },
		{ "rtcp cut", 128, 200, 7, DEMUX_BAD },
		{ "192", 192, 0, 100, DEMUX_BAD },
		{ "255", 255, 0, 100, DEMUX_BAD },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[100] = { rows[i].first, rows[i].second };
		check(rows[i].name, demux_classify(bytes, rows[i].len) == rows[i].kind);
	}
	return check_done();
}

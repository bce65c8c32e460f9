/**
 * RTP headers with one-byte extensions (RFC 3550, RFC 8285), as the test peer writes and reads them.
 *
 * Written apart from server/rtp, so that the two check each other.
 */
#ifndef HOPKIN_PEER_TP_RTP_H
#define HOPKIN_PEER_TP_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Header extension ids as one peer negotiated them; 0: not negotiated. */
struct tp_ext_ids { uint8_t mid, rid, rrid, level, twcc; };

struct tp_rtp {
	bool marker, padding;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	uint8_t csrc_count;
	uint32_t csrc[15];
	char mid[20], rid[20], rrid[20];        /* empty: absent */
	bool has_level, voice;
	uint8_t level;                          /* -dBov, 0 loudest */
	bool has_twcc;
	uint16_t twcc;
	const uint8_t *payload;                 /* inside the packet */
	size_t payload_len;                     /* without padding */
	bool alien_ext;                         /* carries an extension id that was not negotiated */
};

/** Writes header and extensions; the payload goes behind. Returns its length. */
size_t tp_rtp_write(uint8_t *out, size_t room, const struct tp_rtp *rtp, const struct tp_ext_ids *ids);
bool tp_rtp_read(struct tp_rtp *out, const uint8_t *bytes, size_t len, const struct tp_ext_ids *ids);

#endif

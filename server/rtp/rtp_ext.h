/**
 * The header extensions that Hopkin understands, found by the ids one browser chose, and written with those another chose.
 *
 * Thread: any; nothing is kept. Spans point into the packet.
 */
#ifndef HOPKIN_RTP_RTP_EXT_H
#define HOPKIN_RTP_RTP_EXT_H

#include <stdbool.h>
#include <stdint.h>

#include "rtp_header.h"

enum rtp_ext_kind {
	RTP_EXT_NONE,
	RTP_EXT_MID,            /* urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143) */
	RTP_EXT_RID,            /* …:sdes:rtp-stream-id (RFC 8852) */
	RTP_EXT_RRID,           /* …:sdes:repaired-rtp-stream-id (RFC 8852) */
	RTP_EXT_LEVEL,          /* …:ssrc-audio-level (RFC 6464) */
	RTP_EXT_TWCC,           /* draft-holmer-rmcat-transport-wide-cc-extensions-01 */
	RTP_EXT_ABS_SEND_TIME,  /* http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time */
	RTP_EXT_DD,             /* AV1 RTP specification, appendix A: dependency descriptor */
	RTP_EXT_KINDS,
};

enum { RTP_MID_MAX = 32, RTP_RID_MAX = 32 };    /* bytes we accept */

/** What one browser chose: id by kind (0: not negotiated) and kind by id. Make it with `rtp_ext_ids_set`. */
struct rtp_ext_ids {
	uint8_t id[RTP_EXT_KINDS];
	uint8_t kind[256];
};

/** All zero is "nothing negotiated". False: id 0, 15 or taken by another kind (nothing changes then). */
bool rtp_ext_ids_set(struct rtp_ext_ids *ids, enum rtp_ext_kind kind, uint8_t id);

struct rtp_ext_span { const uint8_t *p; uint8_t len; };         /* len 0: absent */

struct rtp_ext {
	struct rtp_ext_span mid, rid, rrid;     /* letters, digits, `-`, `_` and for mid every token character; others are taken as absent */
	struct rtp_ext_span dd;                 /* the dependency descriptor, unread */
	bool has_level, has_twcc, has_abs_send_time;
	bool voice;                             /* the V bit of RFC 6464 */
	uint8_t level;                          /* -dBov: 0 is loudest, 127 silence */
	uint16_t twcc;                          /* transport-wide sequence number */
	uint32_t abs_send_time;                 /* 24 bits, 6.18 fixed point seconds */
};

/** Elements of a wrong length are taken as absent. */
void rtp_ext_read(struct rtp_ext *out, const struct rtp_ext_ids *ids, const struct rtp_header *h, const uint8_t *packet);

/** Bytes of the values, for `struct rtp_ext_out.data`. */
static inline void rtp_ext_put_twcc(uint8_t out[2], uint16_t number)
{
	out[0] = (uint8_t)(number >> 8);
	out[1] = (uint8_t)number;
}

static inline uint8_t rtp_ext_put_level(uint8_t level, bool voice)
{
	return (uint8_t)((voice ? 0x80 : 0) | (level & 0x7f));
}

#endif

/**
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which packets arrived, and when.
 * FMT 15 of RTCP_RTPFB. Run-length, one-bit and two-bit chunks are read and written.
 *
 * A packet's arrival is `reference` times 64 ms plus the sum of the deltas of the received packets up to and with it.
 */
#ifndef HOPKIN_RTP_RTCP_TWCC_H
#define HOPKIN_RTP_RTCP_TWCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtcp.h"

enum {
	RTCP_TWCC_MAX = 1024,           /* packets one message may speak of; a longer one is refused */
	RTCP_TWCC_TICK_US = 250,        /* unit of deltas */
	RTCP_TWCC_REFERENCE_US = 64000, /* unit of the reference time */
};

struct rtcp_twcc_status {
	bool received;
	int16_t delta;                  /* ticks since the received packet before; 0 if not received */
};

struct rtcp_twcc {
	uint32_t sender, media;
	uint16_t base_seq;              /* of statuses[0] */
	uint16_t count;                 /* 1…RTCP_TWCC_MAX */
	int32_t reference;              /* 24 bits, signed, times 64 ms */
	uint8_t feedback_count;         /* counts messages, so that a lost one is seen */
	struct rtcp_twcc_status statuses[RTCP_TWCC_MAX];
};

/** From an RTCP_RTPFB packet of FMT 15. False: cut, too many, a reserved symbol, or a chunk that says more than `count`. */
bool rtcp_twcc_read(struct rtcp_twcc *out, const struct rtcp_packet *p);
/** Writes the whole packet, choosing the shortest chunk greedily. */
void rtcp_twcc_write(struct wr *w, const struct rtcp_twcc *fb);

#endif

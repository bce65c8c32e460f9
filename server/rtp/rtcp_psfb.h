/**
 * Payload-specific feedback: PLI (RFC 4585 §6.3.1), FIR (RFC 5104 §4.3.1) and REMB (draft-alvestrand-rmcat-remb-03).
 */
#ifndef HOPKIN_RTP_RTCP_PSFB_H
#define HOPKIN_RTP_RTCP_PSFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtcp.h"

/** One FIR entry: whom it asks for a keyframe, and its command number (a repeated number is the same request). */
struct rtcp_fir {
	uint32_t ssrc;
	uint8_t seq;
};

enum { RTCP_REMB_MAX = 64 };    /* SSRCs we read; a packet may name 255, more than these are refused */

struct rtcp_remb {
	uint64_t bitrate_bps;   /* 18 bits of precision */
	uint8_t count;
	uint32_t ssrcs[RTCP_REMB_MAX];
};

/** A PLI has no FCI: `rtcp_feedback_read` says it all (`media` is whom it asks). */
void rtcp_pli_write(struct wr *w, uint32_t sender, uint32_t media);

/** One FCI entry; false at the end (fci->ok stays true) or when cut (false). */
bool rtcp_fir_read(struct rtcp_fir *out, struct rd *fci);
void rtcp_fir_write(struct wr *w, uint32_t sender, const struct rtcp_fir *entries, size_t count);

/** From the FCI of FMT 15; false if it is not REMB, is cut, or its rate does not fit 64 bits. */
bool rtcp_remb_read(struct rtcp_remb *out, struct rd fci);
/** The rate is rounded down to 18 significant bits. */
void rtcp_remb_write(struct wr *w, uint32_t sender, const struct rtcp_remb *remb);

#endif

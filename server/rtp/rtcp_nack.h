/**
 * Generic NACK (RFC 4585 §6.2.1): "I miss these sequence numbers". FMT 1 of RTCP_RTPFB.
 *
 *	while (rtcp_nack_read(&n, &fb.fci)) { count = rtcp_nack_seqs(seqs, &n); … }
 */
#ifndef HOPKIN_RTP_RTCP_NACK_H
#define HOPKIN_RTP_RTCP_NACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtcp.h"

enum { RTCP_NACK_SEQS = 17 };   /* the most one entry names */

struct rtcp_nack {
	uint16_t pid;           /* first missing */
	uint16_t blp;           /* bit i: pid + i + 1 is missing too */
};

/** One FCI entry; false at the end (fci->ok stays true) or when cut (false). */
bool rtcp_nack_read(struct rtcp_nack *out, struct rd *fci);
/** The sequence numbers it names, in order; returns how many (1…17). */
size_t rtcp_nack_seqs(uint16_t out[RTCP_NACK_SEQS], const struct rtcp_nack *nack);
/** A whole packet that names `seqs` (ascending in serial order; others cost an entry each, none is lost). None: nothing is written. */
void rtcp_nack_write(struct wr *w, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t count);

#endif

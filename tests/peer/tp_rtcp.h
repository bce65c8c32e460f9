/**
 * RTCP of a test peer: writing what a browser sends, and what a hostile one might; reading what the server sends.
 *
 * RFC 3550 (SR, RR, SDES, BYE), RFC 4585 and 5104 (NACK, PLI, FIR), draft-holmer-rmcat-transport-wide-cc-extensions-01, REMB.
 */
#ifndef HOPKIN_PEER_TP_RTCP_H
#define HOPKIN_PEER_TP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct tp_report_block {
	uint32_t ssrc;
	uint8_t fraction_lost;
	uint32_t lost, highest, jitter, lsr, dlsr;
};

void tp_rtcp_write_sr(struct wr *w, uint32_t ssrc, uint64_t ntp, uint32_t rtp, uint32_t packets, uint32_t bytes);
void tp_rtcp_write_rr(struct wr *w, uint32_t ssrc, const struct tp_report_block *blocks, size_t count);
void tp_rtcp_write_sdes(struct wr *w, uint32_t ssrc, const char *cname);
void tp_rtcp_write_bye(struct wr *w, uint32_t ssrc);
void tp_rtcp_write_nack(struct wr *w, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t count);
void tp_rtcp_write_pli(struct wr *w, uint32_t sender, uint32_t media);
void tp_rtcp_write_fir(struct wr *w, uint32_t sender, uint32_t media, uint8_t number);
void tp_rtcp_write_remb(struct wr *w, uint32_t sender, uint32_t bps, const uint32_t *ssrcs, size_t count);

struct tp_arrival { uint16_t seq; int64_t at_us; };

/** `arrivals` sorted by seq, at most 256. */
void tp_rtcp_write_twcc(struct wr *w, uint32_t sender, uint32_t media, uint8_t count, const struct tp_arrival *arrivals, size_t n);

/** Microseconds of a monotonic clock as an NTP time (some epoch; only differences matter). */
uint64_t tp_ntp(int64_t us);

/** What was in a compound packet; each callback may be NULL. */
struct tp_rtcp_events {
	void (*on_sr)(void *owner, uint32_t ssrc, uint64_t ntp, uint32_t rtp, uint32_t packets);
	void (*on_report)(void *owner, const struct tp_report_block *block);
	void (*on_nack)(void *owner, uint32_t media, uint16_t seq);
	void (*on_pli)(void *owner, uint32_t media, bool fir);
	void (*on_twcc)(void *owner, uint16_t base, uint16_t count, uint16_t received);
	void (*on_remb)(void *owner, uint64_t bps);
	void (*on_bye)(void *owner, uint32_t ssrc);
	void (*on_sdes)(void *owner, uint32_t ssrc, const char *cname);
};

/** False when the compound packet is malformed. */
bool tp_rtcp_read(const uint8_t *bytes, size_t len, const struct tp_rtcp_events *events, void *owner);

#endif

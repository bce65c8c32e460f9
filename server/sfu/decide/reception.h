/**
 * One received RTP stream, counted: unwrapped index of every packet, duplicates, loss and jitter for receiver reports
 * (RFC 3550 appendix A.1, A.3, A.8).
 *
 * One per publisher's SSRC, fed only with authenticated packets. Plain data, pure. Thread: the worker that owns the publisher.
 */
#ifndef HOPKIN_DECIDE_RECEPTION_H
#define HOPKIN_DECIDE_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "rtcp.h"

enum { RECEPTION_WINDOW = 1024 };       /* packets among which duplicates are seen and late ones accepted */

enum reception_verdict {
	RECEPTION_OK,           /* new; `*index` is set; it may be late (below highest) */
	RECEPTION_DUPLICATE,
	RECEPTION_OLD,          /* out of the window */
	RECEPTION_RESTART,      /* new, but numbers jumped: index goes on far above, whoever rewrites must switch */
};

struct reception {
	bool started;
	uint32_t ssrc;
	uint32_t clock_hz;
	uint64_t first;         /* unwrapped index of the first packet since the (re)start */
	uint64_t highest;
	uint64_t received;      /* packets, without duplicates; those recovered by RTX too */
	uint64_t bytes;
	uint64_t expected_prior, received_prior;
	int64_t transit;        /* ticks */
	uint32_t jitter_x16;    /* ticks times 16 */
	int64_t last_us;        /* arrival of the last packet */
	uint32_t last_ts;       /* of `highest` */
	uint16_t suspect_seq;   /* a jump is believed when two packets in a row continue it (RFC 3550 A.1) */
	bool suspect;
	uint32_t sr_middle;     /* middle 32 bits of the publisher's last SR */
	int64_t sr_us;          /* when it came */
	uint64_t seen[RECEPTION_WINDOW / 64];
};

void reception_init(struct reception *r, uint32_t ssrc, uint32_t clock_hz);
/**
 * @param recovered  it came as a retransmission: it says nothing about jitter
 * @param index      set with RECEPTION_OK and RECEPTION_RESTART
 */
enum reception_verdict reception_on_packet(struct reception *r, uint16_t seq, uint32_t ts, uint32_t bytes, bool recovered,
	int64_t arrival_us, uint64_t *index);
/** A publisher's sender report, for LSR and DLSR. */
void reception_on_sr(struct reception *r, uint64_t ntp, int64_t arrival_us);
/** One block of a receiver report; begins a new interval for the fraction lost. False: nothing received yet. */
bool reception_report(struct reception *r, struct rtcp_block *out, int64_t now_us);
/** Packets that are missing for good or not yet there, since the start; never negative. */
uint64_t reception_lost(const struct reception *r);

#endif

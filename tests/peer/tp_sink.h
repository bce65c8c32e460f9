/**
 * What a test peer checks of one received stream (one audio or video of one seat). Pure.
 *
 * Counts; it does not judge. Everything under "wrong" must be zero in a sound server, losses only where the test made some.
 */
#ifndef HOPKIN_PEER_TP_SINK_H
#define HOPKIN_PEER_TP_SINK_H

#include "tp_rtp.h"
#include "tp_tag.h"

enum { TP_SENDERS = 64, TP_MISSING = 128, TP_LATENCY_BUCKETS = 40 };

struct tp_sink_counts {
	uint64_t packets, bytes, recovered;     /* media packets; those that came by RTX */
	uint64_t resent_again;                  /* by RTX, though it was there: asked for twice, or late */
	uint64_t frames, keyframes, switches;   /* changes of sender or layer */
	uint64_t no_level;                      /* audio without a level: right where its sender sends none */
	/* wrong */
	uint64_t wrong_pt, wrong_csrc, wrong_payload, wrong_mid, alien_ext, duplicates;
	uint64_t switch_without_keyframe;       /* first packet after a change is not the start of a keyframe */
	uint64_t picture_id_jumps, tl0_jumps, ts_back;
	uint64_t tag_gaps;                      /* packets of the sender that were skipped within one run */
	uint64_t tag_back;                      /* the sender's order turned round */
};

struct tp_sink_sender { uint32_t number; uint64_t packets; };

struct tp_sink {
	/* set by the owner */
	int seat;
	bool video;
	uint32_t ssrc, rtx_ssrc;
	uint8_t pt, rtx_pt;
	bool level_expected;
	char mid[16];

	/* state */
	struct tp_sink_counts counts;
	bool started;
	uint64_t first, highest;                /* extended sequence numbers, from 65536 */
	uint64_t seen[16];                      /* bitmap of the last 1024 below `highest` */
	uint64_t missing[TP_MISSING];
	uint8_t tries[TP_MISSING];
	size_t missing_count;
	struct tp_tag last;                     /* of the packet with the highest sequence number */
	struct tp_vp8 last_vp8;
	uint32_t last_ts;
	int64_t last_arrival_us, first_arrival_us;
	uint32_t last_ts_of_frame;
	struct tp_sink_sender senders[TP_SENDERS];
	uint64_t latency[TP_LATENCY_BUCKETS];   /* by quarter powers of two of microseconds */
	int64_t latency_max_us;

	/* sender reports */
	uint64_t sr_count;
	uint64_t sr_ntp;
	uint32_t sr_rtp;
	int64_t sr_arrival_us;
};

/** One packet of this stream (or of its RTX), opened and parsed. */
void tp_sink_input(struct tp_sink *sink, const struct tp_rtp *rtp, int64_t now_us);

/** Media packets that ought to have come and did not. */
uint64_t tp_sink_lost(const struct tp_sink *sink);

/** Latency below which `share` (0…1) of the packets stayed, in microseconds. */
int64_t tp_sink_latency_us(const struct tp_sink *sink, double share);

#endif

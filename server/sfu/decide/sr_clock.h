/**
 * Sender reports in the server's own clock: which timestamp of a published stream is "now".
 *
 * A publisher's reports tie each of its streams to its own clock, and so its voice to its picture; how far that clock is from ours is learnt
 * from when the reports arrive, one offset for all streams of that publisher, so that an error in it moves voice and picture together. The
 * publisher's NTP itself never goes on. Until a stream has had a report, its packets' arrivals stand in.
 * A publisher whose clock jumps by more than SR_JUMP_US starts anew.
 *
 * Then for each subscription: `sr_clock_ts_at` gives the source timestamp of this moment, `rewrite_map_ts` turns it into the outgoing
 * one, and it goes out beside `sr_ntp(now_us)`. Plain data, pure. Thread: the worker that owns the publisher; a copy travels to others.
 */
#ifndef HOPKIN_DECIDE_SR_CLOCK_H
#define HOPKIN_DECIDE_SR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define SR_JUMP_US 1000000

/** One publisher's clock against ours; shared by its streams. */
struct sr_publisher {
	bool known;
	uint32_t generation;    /* grows at every jump: reports of an earlier one no longer count */
	int64_t offset_us;      /* our monotonic time minus the publisher's NTP time */
};

/** One published stream (with simulcast: one layer). */
struct sr_stream {
	uint32_t clock_hz;
	bool reported;
	uint32_t generation;    /* of the publisher's clock, when reported */
	int64_t ntp_us;         /* the publisher's time … */
	uint32_t ntp_ts;        /* … of this timestamp */
	bool arrived;
	int64_t anchor_us;      /* our time (least delay seen) … */
	uint32_t anchor_ts;     /* … of this timestamp */
};

void sr_publisher_init(struct sr_publisher *p);
void sr_stream_init(struct sr_stream *s, uint32_t clock_hz);
/** A report of this stream from the publisher. */
void sr_clock_on_report(struct sr_publisher *p, struct sr_stream *s, uint64_t ntp, uint32_t ts, int64_t arrival_us);
/** A packet of this stream (not a retransmission). */
void sr_clock_on_packet(struct sr_stream *s, uint32_t ts, int64_t arrival_us);
/** The stream's timestamp at `now_us`; false if nothing is known yet. */
bool sr_clock_ts_at(const struct sr_publisher *p, const struct sr_stream *s, int64_t now_us, uint32_t *ts);
/** NTP time to send for a monotonic time: the monotonic clock itself, moved to a fixed year, so it never jumps and tells nothing. */
uint64_t sr_ntp(int64_t now_us);
/** RTT from a report block that answers our sender report (RFC 3550 §6.4.1); -1 if it has none or makes no sense. */
int64_t sr_rtt_us(uint32_t lsr, uint32_t dlsr, int64_t now_us);

#endif

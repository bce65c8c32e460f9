/**
 * What a subscription turns a source packet's numbers into: sequence number, timestamp, VP8 picture id and TL0PICIDX.
 *
 * The receiver sees one unbroken stream whatever happens behind it: other people in the seat, other simulcast layers, frames left
 * out. A packet left out on purpose (`rewrite_drop`) closes its gap; a packet that was lost on the way to us keeps its gap, so that it can
 * still come late or be asked for. Two packets never get the same outgoing index: numbers are handed out in spans, each an interval of one
 * source shifted by a constant, the spans' outgoing ranges never overlap, and within the newest REWRITE_WINDOW indexes a
 * bitmap refuses a second use. What is older than that is refused.
 *
 * Plain data: a subscription that moves to another worker takes it along by value, and that is all it needs. Indexes are 64 bits and never
 * wrap; `seq` is their low half. The SRTP index (ROC and seq) of the sender follows them.
 *
 *	SWITCH   rewrite_switch(&rw, &in, rewrite_ts_at(&rw, now_us), now_us), then rewrite_forward
 *	FORWARD  if (rewrite_forward(&rw, &in, &out, now_us) == REWRITE_SEND) …
 *	DROP     rewrite_drop(&rw, &in)
 *	NACK     rewrite_find(&rw, seq, &source, &index), history_get, rewrite_again for the numbers it had, rewrite_next_rtx
 *
 * A `source` is a number the caller gives to each (track, layer), not used again for another within REWRITE_WINDOW packets; the layer's
 * publisher index is unwrapped once, by `reception`. If a publisher restarts its numbers, switch again.
 * Thread: the subscription's worker. No allocation, no clock.
 */
#ifndef HOPKIN_DECIDE_REWRITE_H
#define HOPKIN_DECIDE_REWRITE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REWRITE_WINDOW = 1024,  /* newest outgoing indexes remembered one by one */
	REWRITE_SPANS = 64,     /* changes of source or gaps closed that late packets and NACKs may reach back over: above 2 s of a
	                           stream that loses every other frame */
};

enum rewrite_verdict {
	REWRITE_SEND,
	REWRITE_USED,           /* this index went out already: a duplicate */
	REWRITE_OLD,            /* before what is remembered, or before the switch, or dropped earlier */
	REWRITE_FOREIGN,        /* no span of this source: the caller forgot to switch */
	REWRITE_AHEAD,          /* more than 2^15 ahead of all sent: it would turn the receiver's rollover counter over; switch again */
};

/** The numbers of a source packet. */
struct rewrite_in {
	uint32_t source;
	uint64_t index;         /* unwrapped sequence number */
	uint32_t ts;
	bool has_picture_id, long_picture_id;   /* VP8 */
	uint16_t picture_id;
	uint8_t tl0picidx;
};

/** The numbers it goes out with. */
struct rewrite_out {
	uint64_t index;
	uint16_t seq;           /* low half of `index` */
	uint16_t picture_id;    /* to be cut to 7 bits where the descriptor has only these: vp8_descriptor_patch does it */
	uint8_t tl0picidx;
	uint32_t ts;
};

struct rewrite_span {
	uint64_t from;          /* first source index it covers */
	uint64_t shift;         /* outgoing index = source index + shift, modulo 2^64 */
	uint32_t source;
	uint32_t ts_shift;
	uint16_t picture_shift;
	uint8_t tl0_shift;
};

struct rewrite {
	uint32_t ssrc;
	uint32_t clock_hz;
	uint64_t highest;       /* the highest outgoing index sent */
	uint64_t next_rtx;      /* RTX stream's own index, handed out next */
	uint64_t source_highest;        /* of the current span's source: the highest index forwarded or dropped */
	int64_t last_sent_us;   /* when `highest` went out */
	uint32_t last_ts;       /* of `highest`, outgoing */
	uint16_t last_picture;  /* highest outgoing picture id */
	uint16_t last_source_picture;   /* the last source frame forwarded or dropped, in the current span */
	uint8_t last_tl0;
	bool started;           /* something was sent */
	bool picture_known;     /* last_source_picture is set */
	uint8_t spans_count;
	uint8_t spans_newest;   /* place of the newest in the ring */
	struct rewrite_span spans[REWRITE_SPANS];
	uint64_t used[REWRITE_WINDOW / 64];     /* by index modulo: sent */
};

/** `first_seq` etc.: random, chosen by the caller (RFC 3550 §5.1); first_seq is taken below 2^15 so that no early rollover is missed, and never 0. */
void rewrite_init(struct rewrite *rw, uint32_t ssrc, uint32_t clock_hz, uint16_t first_seq, uint32_t first_ts, uint16_t first_rtx_seq);

/** `in` is the first packet that will be forwarded of a new source (or of the same, after a jump): it gets the next index and `ts`. */
void rewrite_switch(struct rewrite *rw, const struct rewrite_in *in, uint32_t ts);
/** The outgoing timestamp that fits `now_us`: the last one and the time since, at least one tick more. */
uint32_t rewrite_ts_at(const struct rewrite *rw, int64_t now_us);

/** Gives the packet its numbers and marks them used. Only REWRITE_SEND fills `out` and changes `rw`. */
enum rewrite_verdict rewrite_forward(struct rewrite *rw, const struct rewrite_in *in, struct rewrite_out *out, int64_t now_us);
/** A packet of the current source is left out on purpose: those after it close up. One that is not the newest leaves its gap. */
void rewrite_drop(struct rewrite *rw, const struct rewrite_in *in);

/**
 * Which source packet has the outgoing `seq`: one that went out, or one that would have (it came late, or before the switch that a
 * late keyframe packet made). Within the window and not above all sent; false otherwise. If `rewrite_again` then refuses, the packet was
 * never sent and may go out by `rewrite_forward`.
 */
bool rewrite_find(const struct rewrite *rw, uint16_t seq, uint32_t *source, uint64_t *index);
/** The numbers a packet went out with (for its retransmission, in the RTX stream); false if it did not or is forgotten. */
bool rewrite_again(const struct rewrite *rw, const struct rewrite_in *in, struct rewrite_out *out);
/** The next index of the RTX stream. */
uint64_t rewrite_next_rtx(struct rewrite *rw);

/** A timestamp of the current source as it goes out (for sender reports); false before the first switch. */
bool rewrite_map_ts(const struct rewrite *rw, uint32_t source_ts, uint32_t *out);

#endif

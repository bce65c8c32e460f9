#include <stddef.h>

#include "rewrite.h"

#include <stddef.h>

#include "seq.h"

enum { AHEAD_MOST = 1 << 15 };
#define ELAPSED_TICKS_MOST (1 << 30)    /* a seat that was empty for hours: still forward in serial arithmetic */

void rewrite_init(struct rewrite *rw, uint32_t ssrc, uint32_t clock_hz, uint16_t first_seq, uint32_t first_ts, uint16_t first_rtx_seq)
{
	*rw = (struct rewrite){
		.ssrc = ssrc,
		.clock_hz = clock_hz,
		.highest = (uint64_t)((first_seq & 0x7fff) | 1) - 1,
		.next_rtx = (first_rtx_seq & 0x7fff) | 1,
		.last_ts = first_ts,
	};
}

/* -- spans ----------------------------------------------------------------------------------------------------------- */

/* The span `age` steps before the newest. */
static inline const struct rewrite_span *span_at(const struct rewrite *rw, uint8_t age)
{
	return &rw->spans[(uint8_t)(rw->spans_newest - age) % REWRITE_SPANS];
}

static inline struct rewrite_span *newest(struct rewrite *rw)
{
	return &rw->spans[rw->spans_newest];
}

static inline uint64_t first_out(const struct rewrite_span *span)
{
	return span->from + span->shift;
}

static void push(struct rewrite *rw, struct rewrite_span span)
{
	rw->spans_newest = (uint8_t)((rw->spans_newest + 1) % REWRITE_SPANS);
	rw->spans[rw->spans_newest] = span;
	if (rw->spans_count < REWRITE_SPANS)
		rw->spans_count++;
}

/* Spans in which nothing was sent yet: what they set aside is free again. */
static void pop_unsent(struct rewrite *rw)
{
	while (rw->spans_count && first_out(newest(rw)) > rw->highest) {
		rw->spans_newest = (uint8_t)((rw->spans_newest + REWRITE_SPANS - 1) % REWRITE_SPANS);
		rw->spans_count--;
	}
}

/*
 * The span that covers a source packet, or NULL with the reason. Spans of one source begin ever later, so the newest that
 * begins at or before the packet is the one. Its range ends where the next newer span's begins, whatever that one's source is: a packet
 * past it was dropped, or belongs to the time after a switch.
 */
static const struct rewrite_span *span_for(const struct rewrite *rw, uint32_t source, uint64_t index, enum rewrite_verdict *why)
{
	uint64_t end = UINT64_MAX;

	*why = REWRITE_FOREIGN;
	for (uint8_t age = 0; age < rw->spans_count; age++) {
		const struct rewrite_span *span = span_at(rw, age);
		if (span->source == source) {
			*why = REWRITE_OLD;
			if (index >= span->from)
				return index + span->shift < end ? span : NULL;
		}
		end = first_out(span);
	}
	return NULL;
}

/* -- used indexes ---------------------------------------------------------------------------------------------------- */

static inline uint64_t bit_of(uint64_t index)
{
	return 1ull << (index % 64);
}

static inline uint64_t *word_of(struct rewrite *rw, uint64_t index)
{
	return &rw->used[index / 64 % (REWRITE_WINDOW / 64)];
}

static inline bool is_used(const struct rewrite *rw, uint64_t index)
{
	return rw->used[index / 64 % (REWRITE_WINDOW / 64)] & bit_of(index);
}

/* Moves the window up to `index`, and forgets what left it. */
static void advance_to(struct rewrite *rw, uint64_t index)
{
	if (index - rw->highest >= REWRITE_WINDOW) {
		for (int i = 0; i < REWRITE_WINDOW / 64; i++)
			rw->used[i] = 0;
	} else {
		for (uint64_t i = rw->highest + 1; i <= index; i++)
			*word_of(rw, i) &= ~bit_of(i);
	}
	rw->highest = index;
}

static enum rewrite_verdict may_use(const struct rewrite *rw, uint64_t index)
{
	if (index > rw->highest)
		return index - rw->highest > AHEAD_MOST ? REWRITE_AHEAD : REWRITE_SEND;
	if (rw->highest - index >= REWRITE_WINDOW)
		return REWRITE_OLD;
	return is_used(rw, index) ? REWRITE_USED : REWRITE_SEND;
}

/* -- what callers do ------------------------------------------------------------------------------------------------- */

static void numbers(struct rewrite_out *out, const struct rewrite_span *span, const struct rewrite_in *in)
{
	out->index = in->index + span->shift;
	out->seq = (uint16_t)out->index;
	out->ts = in->ts + span->ts_shift;
	out->picture_id = (in->picture_id + span->picture_shift) & 0x7fff;
	out->tl0picidx = (uint8_t)(in->tl0picidx + span->tl0_shift);
}

uint32_t rewrite_ts_at(const struct rewrite *rw, int64_t now_us)
{
	if (!rw->started)
		return rw->last_ts;

	int64_t elapsed_us = now_us > rw->last_sent_us ? now_us - rw->last_sent_us : 0;
	int64_t ticks = elapsed_us / 1000000 * rw->clock_hz + elapsed_us % 1000000 * rw->clock_hz / 1000000;
	if (ticks < 1)
		ticks = 1;
	return rw->last_ts + (uint32_t)(ticks < ELAPSED_TICKS_MOST ? ticks : ELAPSED_TICKS_MOST);
}

void rewrite_switch(struct rewrite *rw, const struct rewrite_in *in, uint32_t ts)
{
	pop_unsent(rw);
	push(rw, (struct rewrite_span){
		.from = in->index,
		.shift = rw->highest + 1 - in->index,
		.source = in->source,
		.ts_shift = ts - in->ts,
		.picture_shift = (uint16_t)(rw->last_picture + 1 - in->picture_id),
		.tl0_shift = (uint8_t)(rw->last_tl0 + 1 - in->tl0picidx),
	});
	rw->source_highest = in->index - 1;
	rw->picture_known = false;
}

/* What a later drop or switch must know of the newest packet. */
static void note_newest(struct rewrite *rw, const struct rewrite_in *in, const struct rewrite_out *out, int64_t now_us)
{
	rw->last_ts = out->ts;
	rw->last_sent_us = now_us;
	if (in->has_picture_id) {
		rw->last_picture = out->picture_id;
		rw->last_tl0 = out->tl0picidx;
		rw->last_source_picture = in->picture_id;
		rw->picture_known = true;
	}
	rw->source_highest = in->index;
	rw->started = true;
}

enum rewrite_verdict rewrite_forward(struct rewrite *rw, const struct rewrite_in *in, struct rewrite_out *out, int64_t now_us)
{
	enum rewrite_verdict why;
	const struct rewrite_span *span = span_for(rw, in->source, in->index, &why);
	if (!span)
		return why;

	uint64_t index = in->index + span->shift;
	enum rewrite_verdict verdict = may_use(rw, index);
	if (verdict != REWRITE_SEND)
		return verdict;

	numbers(out, span, in);
	if (index > rw->highest) {
		advance_to(rw, index);
		note_newest(rw, in, out, now_us);
	}
	*word_of(rw, index) |= bit_of(index);
	return REWRITE_SEND;
}

void rewrite_drop(struct rewrite *rw, const struct rewrite_in *in)
{
	if (!rw->spans_count)
		return;
	struct rewrite_span *span = newest(rw);
	/* One that is not the newest has its place between those sent already: the gap stays, and cannot be told from loss. */
	if (span->source != in->source || in->index < span->from || in->index <= rw->source_highest ||
			in->index - rw->source_highest > AHEAD_MOST)
		return;

	struct rewrite_span after = *span;
	after.from = in->index + 1;
	after.shift--;
	if (in->has_picture_id && !(rw->picture_known && rw->last_source_picture == in->picture_id)) {
		after.picture_shift--;
		rw->last_source_picture = in->picture_id;
		rw->picture_known = true;
	}
	rw->source_highest = in->index;
	if (in->index == span->from)
		*span = after;          /* one dropped right after another, or after the switch: the same place in the output */
	else
		push(rw, after);
}

static const struct rewrite_span *span_of_out(const struct rewrite *rw, uint64_t index)
{
	for (uint8_t age = 0; age < rw->spans_count; age++)
		if (first_out(span_at(rw, age)) <= index)
			return span_at(rw, age);
	return NULL;
}

bool rewrite_find(const struct rewrite *rw, uint16_t seq, uint32_t *source, uint64_t *index)
{
	uint64_t sent = seq16_unwrap(rw->highest, seq);

	if (!rw->started || sent > rw->highest || rw->highest - sent >= REWRITE_WINDOW)
		return false;
	const struct rewrite_span *span = span_of_out(rw, sent);
	if (!span)
		return false;
	*source = span->source;
	*index = sent - span->shift;
	return true;
}

bool rewrite_again(const struct rewrite *rw, const struct rewrite_in *in, struct rewrite_out *out)
{
	enum rewrite_verdict why;
	const struct rewrite_span *span = span_for(rw, in->source, in->index, &why);

	if (!span || may_use(rw, in->index + span->shift) != REWRITE_USED)
		return false;
	numbers(out, span, in);
	return true;
}

uint64_t rewrite_next_rtx(struct rewrite *rw)
{
	return rw->next_rtx++;
}

bool rewrite_map_ts(const struct rewrite *rw, uint32_t source_ts, uint32_t *out)
{
	if (!rw->spans_count)
		return false;
	*out = source_ts + rw->spans[rw->spans_newest].ts_shift;
	return true;
}

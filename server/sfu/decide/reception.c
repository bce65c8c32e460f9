#include "reception.h"
#include "seq.h"

enum {
	DROPOUT_MOST = 3000,    /* a jump ahead that is still believed to be loss (RFC 3550 A.1) */
	LOST_MOST = 0x7fffff,   /* 24 bits, signed */
};

void reception_init(struct reception *r, uint32_t ssrc, uint32_t clock_hz)
{
	*r = (struct reception){ .ssrc = ssrc, .clock_hz = clock_hz };
}

static inline uint64_t bit_of(uint64_t index)
{
	return 1ull << (index % 64);
}

static inline uint64_t *word_of(struct reception *r, uint64_t index)
{
	return &r->seen[index / 64 % (RECEPTION_WINDOW / 64)];
}

static void restart_at(struct reception *r, uint64_t index)
{
	for (int i = 0; i < RECEPTION_WINDOW / 64; i++)
		r->seen[i] = 0;
	r->first = r->highest = index;
	r->received = r->expected_prior = r->received_prior = 0;
	r->started = true;
	r->suspect = false;
	r->last_us = 0;
}

static void advance_to(struct reception *r, uint64_t index)
{
	uint64_t from = r->highest + 1;

	if (index - r->highest > RECEPTION_WINDOW)
		from = index - RECEPTION_WINDOW + 1;
	for (uint64_t i = from; i <= index; i++)
		*word_of(r, i) &= ~bit_of(i);
	r->highest = index;
}

/* RFC 3550 A.8, for the first packet of each timestamp: the others of a frame come when the sender's pacing lets them. */
static void note_jitter(struct reception *r, uint32_t ts, int64_t arrival_us)
{
	int64_t ticks = arrival_us / 1000000 * r->clock_hz + arrival_us % 1000000 * r->clock_hz / 1000000;
	int32_t transit = (int32_t)((uint32_t)ticks - ts);
	int64_t change = (int64_t)(int32_t)((uint32_t)transit - (uint32_t)r->transit);

	r->transit = transit;
	if (r->last_us == 0)
		return;
	if (change < 0)
		change = -change;
	if (change > (int64_t)r->clock_hz * 2)  /* the timestamps jumped: that is not the network */
		return;
	r->jitter_x16 += (uint32_t)change - ((r->jitter_x16 + 8) >> 4);
}

/* Numbers that make no sense after the last ones: believed when a second packet continues them. */
static enum reception_verdict on_jump(struct reception *r, uint16_t seq, bool recovered, uint64_t *index)
{
	if (recovered)
		return RECEPTION_OLD;
	if (!r->suspect || seq != r->suspect_seq) {
		r->suspect = true;
		r->suspect_seq = (uint16_t)(seq + 1);
		return RECEPTION_OLD;
	}
	*index = seq16_unwrap(r->highest + 0x10000, seq);
	restart_at(r, *index);
	return RECEPTION_RESTART;
}

static enum reception_verdict place(struct reception *r, uint16_t seq, bool recovered, uint64_t *index)
{
	if (!r->started) {
		*index = seq16_first(seq);
		restart_at(r, *index);
		return RECEPTION_OK;
	}
	*index = seq16_unwrap(r->highest, seq);
	if (*index > r->highest + DROPOUT_MOST || *index + RECEPTION_WINDOW <= r->highest)
		return on_jump(r, seq, recovered, index);
	if (*index <= r->highest)
		return *word_of(r, *index) & bit_of(*index) ? RECEPTION_DUPLICATE : RECEPTION_OK;
	if (!recovered)
		r->suspect = false;
	return RECEPTION_OK;
}

enum reception_verdict reception_on_packet(struct reception *r, uint16_t seq, uint32_t ts, uint32_t bytes, bool recovered,
	int64_t arrival_us, uint64_t *index)
{
	bool fresh = !r->started;
	enum reception_verdict verdict = place(r, seq, recovered, index);

	if (verdict != RECEPTION_OK && verdict != RECEPTION_RESTART)
		return verdict;
	fresh = fresh || verdict == RECEPTION_RESTART;
	if (*index < r->first)
		r->first = *index;
	if (fresh || *index > r->highest) {
		if (!fresh)
			advance_to(r, *index);
		if (!recovered && (fresh || ts != r->last_ts))
			note_jitter(r, ts, arrival_us);
		r->last_ts = ts;
	}
	*word_of(r, *index) |= bit_of(*index);
	r->received++;
	r->bytes += bytes;
	r->last_us = arrival_us;
	return verdict;
}

void reception_on_sr(struct reception *r, uint64_t ntp, int64_t arrival_us)
{
	r->sr_middle = (uint32_t)(ntp >> 16);
	r->sr_us = arrival_us;
}

uint64_t reception_lost(const struct reception *r)
{
	uint64_t expected = r->started ? r->highest - r->first + 1 : 0;

	return expected > r->received ? expected - r->received : 0;
}

bool reception_report(struct reception *r, struct rtcp_block *out, int64_t now_us)
{
	if (!r->started)
		return false;

	uint64_t expected = r->highest - r->first + 1;
	int64_t expected_now = (int64_t)(expected - r->expected_prior);
	int64_t lost_now = expected_now - (int64_t)(r->received - r->received_prior);
	uint64_t lost = reception_lost(r);

	r->expected_prior = expected;
	r->received_prior = r->received;
	*out = (struct rtcp_block){
		.ssrc = r->ssrc,
		.fraction_lost = expected_now <= 0 || lost_now <= 0 ? 0 :
			lost_now >= expected_now ? 255 : (uint8_t)(lost_now * 256 / expected_now),
		.lost = (int32_t)(lost < LOST_MOST ? lost : LOST_MOST),
		.highest_seq = (uint32_t)r->highest,
		.jitter = r->jitter_x16 >> 4,
		.lsr = r->sr_middle,
	};
	if (r->sr_middle && now_us > r->sr_us) {
		int64_t units = (now_us - r->sr_us) / 1000000 * 65536 + (now_us - r->sr_us) % 1000000 * 65536 / 1000000;
		out->dlsr = (uint32_t)(units < UINT32_MAX ? units : UINT32_MAX);
	}
	return true;
}

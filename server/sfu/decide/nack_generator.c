#include <string.h>

#include "nack_generator.h"

#define RTT_LEAST_US 20000
#define RTT_MOST_US 500000
#define RTT_FIRST_US 100000

void nack_generator_init(struct nack_generator *g)
{
	int64_t rtt_us = g->rtt_us;

	*g = (struct nack_generator){ .rtt_us = rtt_us > 0 ? rtt_us : RTT_FIRST_US };
}

void nack_generator_set_rtt(struct nack_generator *g, int64_t rtt_us)
{
	g->rtt_us = rtt_us < RTT_LEAST_US ? RTT_LEAST_US : rtt_us > RTT_MOST_US ? RTT_MOST_US : rtt_us;
}

static void remove_at(struct nack_generator *g, size_t i)
{
	memmove(&g->missing[i], &g->missing[i + 1], (--g->count - i) * sizeof g->missing[0]);
}

/* Takes the packets between the highest and `index` in; false if they are too many. */
static bool add_gap(struct nack_generator *g, uint64_t index, int64_t now_us)
{
	if (index - g->highest - 1 > (uint64_t)(NACK_LIST - g->count))
		return false;
	for (uint64_t i = g->highest + 1; i < index; i++)
		g->missing[g->count++] = (struct nack_missing){ i, now_us, now_us + NACK_WAIT_US, 0 };
	return true;
}

/* Reordering reaches only so far: what lies further back is asked for without waiting. */
static void hasten(struct nack_generator *g, int64_t now_us)
{
	for (size_t i = g->count; i-- > 0;) {
		struct nack_missing *m = &g->missing[i];
		if (g->highest - m->index >= NACK_REORDER && m->tries == 0 && m->next_us > now_us)
			m->next_us = now_us;
	}
}

static enum nack_verdict on_late(struct nack_generator *g, uint64_t index)
{
	for (size_t i = 0; i < g->count; i++) {
		if (g->missing[i].index == index) {
			remove_at(g, i);
			return NACK_RECOVERED;
		}
	}
	return NACK_OK;
}

enum nack_verdict nack_generator_on_packet(struct nack_generator *g, uint64_t index, int64_t now_us)
{
	if (!g->started) {
		g->started = true;
		g->highest = index;
		return NACK_OK;
	}
	if (index <= g->highest)
		return on_late(g, index);

	bool mendable = add_gap(g, index, now_us);
	g->highest = index;
	if (!mendable) {
		g->count = 0;
		return NACK_TOO_MANY;
	}
	if (g->count)
		hasten(g, now_us);
	return NACK_OK;
}

/* The wait after the nth asking: an RTT, and half as much again each time. */
static int64_t wait_after(const struct nack_generator *g, uint8_t tries)
{
	int64_t wait_us = g->rtt_us;

	for (uint8_t i = 1; i < tries; i++)
		wait_us += wait_us / 2;
	return wait_us;
}

size_t nack_generator_due(struct nack_generator *g, int64_t now_us, uint16_t *seqs, size_t max)
{
	size_t asked = 0, left = 0;

	for (size_t i = 0; i < g->count; i++) {
		struct nack_missing m = g->missing[i];
		bool due = m.next_us <= now_us;
		if (now_us - m.since_us >= NACK_AGE_US || (due && m.tries == NACK_TRIES)) {
			g->given_up++;
			continue;
		}
		if (due && asked < max) {
			seqs[asked++] = (uint16_t)m.index;
			m.next_us = now_us + wait_after(g, ++m.tries);
		}
		g->missing[left++] = m;
	}
	g->count = (uint16_t)left;
	return asked;
}

int64_t nack_generator_deadline_us(const struct nack_generator *g)
{
	int64_t deadline_us = INT64_MAX;

	for (size_t i = 0; i < g->count; i++) {
		const struct nack_missing *m = &g->missing[i];
		int64_t end_us = m->since_us + NACK_AGE_US, at_us = m->next_us < end_us ? m->next_us : end_us;
		if (at_us < deadline_us)
			deadline_us = at_us;
	}
	return deadline_us;
}

uint32_t nack_generator_take_given_up(struct nack_generator *g)
{
	uint32_t n = g->given_up;

	g->given_up = 0;
	return n;
}

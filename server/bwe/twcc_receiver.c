#include "seq.h"
#include "twcc_receiver.h"

enum {
	LATE_MOST = 256,        /* numbers behind what was reported that feedback goes back for */
	MESSAGE_MOST = 512,     /* numbers in one message: with deltas of two bytes still a datagram */
	HASTE_COUNT = 20,       /* arrivals that make feedback hasty */
};
#define HASTE_US 50000
#define PATIENCE_US 100000
#define NOT_COME (-1)

static inline int64_t *arrival_at(struct twcc_receiver *r, uint64_t n)
{
	return &r->arrivals_us[n % TWCC_WINDOW];
}

void twcc_receiver_init(struct twcc_receiver *r)
{
	*r = (struct twcc_receiver){ 0 };
}

static void start_at(struct twcc_receiver *r, uint64_t n)
{
	for (int i = 0; i < TWCC_WINDOW; i++)
		r->arrivals_us[i] = NOT_COME;
	r->any = true;
	r->base = r->oldest = r->highest = n;
	r->waiting = 0;
}

/* Makes `n` the highest: the slots between are emptied, and what falls out of the window unreported is forgotten. */
static void advance_to(struct twcc_receiver *r, uint64_t n)
{
	for (uint64_t i = r->highest + 1; i <= n; i++) {
		if (*arrival_at(r, i) != NOT_COME && i - TWCC_WINDOW >= r->base && r->waiting)
			r->waiting--;
		*arrival_at(r, i) = NOT_COME;
	}
	r->highest = n;
	if (n - r->oldest >= TWCC_WINDOW)
		r->oldest = n - TWCC_WINDOW + 1;
	if (r->base < r->oldest)
		r->base = r->oldest;
}

bool twcc_receiver_on_packet(struct twcc_receiver *r, uint16_t number, int64_t arrival_us)
{
	uint64_t n = r->any ? seq16_unwrap(r->highest, number) : seq16_first(number);

	if (!r->any || n >= r->highest + TWCC_WINDOW)
		start_at(r, n);
	else if (n > r->highest)
		advance_to(r, n);
	else if (n < r->oldest || n + LATE_MOST < r->base || *arrival_at(r, n) != NOT_COME)
		return false;

	*arrival_at(r, n) = arrival_us;
	if (n < r->base)
		r->base = n;
	if (r->waiting++ == 0)
		r->first_waiting_us = arrival_us;
	return true;
}

int64_t twcc_receiver_deadline_us(const struct twcc_receiver *r)
{
	if (!r->waiting)
		return INT64_MAX;
	if (r->highest - r->base >= MESSAGE_MOST)
		return r->first_waiting_us;
	return r->first_waiting_us + (r->waiting >= HASTE_COUNT ? HASTE_US : PATIENCE_US);
}

/* Statuses from the base on, until one does not fit its delta or the message is full. Returns how many arrivals are in it. */
static uint32_t fill(struct twcc_receiver *r, struct rtcp_twcc *out, int64_t first_us)
{
	int64_t ticks = first_us / RTCP_TWCC_REFERENCE_US * (RTCP_TWCC_REFERENCE_US / RTCP_TWCC_TICK_US);
	uint32_t received = 0;

	out->count = 0;
	for (uint64_t n = r->base; n <= r->highest && out->count < MESSAGE_MOST; n++) {
		struct rtcp_twcc_status *status = &out->statuses[out->count];
		*status = (struct rtcp_twcc_status){ 0 };
		if (*arrival_at(r, n) != NOT_COME) {
			int64_t delta = *arrival_at(r, n) / RTCP_TWCC_TICK_US - ticks;
			if (delta < INT16_MIN || delta > INT16_MAX)
				break;
			ticks += delta;
			*status = (struct rtcp_twcc_status){ true, (int16_t)delta };
			received++;
		}
		out->count++;
	}
	return received;
}

bool twcc_receiver_feedback(struct twcc_receiver *r, int64_t now_us, struct rtcp_twcc *out)
{
	if (now_us < twcc_receiver_deadline_us(r))
		return false;

	uint64_t first = r->base;
	while (*arrival_at(r, first) == NOT_COME)       /* the highest has come, so this ends */
		first++;
	if (first - r->base >= MESSAGE_MOST)            /* a loss too long for one message: its end is enough */
		r->base = first - 1;

	int64_t first_us = *arrival_at(r, first);
	int32_t reference = (int32_t)(first_us / RTCP_TWCC_REFERENCE_US & 0xffffff);
	uint32_t received = fill(r, out, first_us);
	out->base_seq = (uint16_t)r->base;
	out->reference = (reference ^ 0x800000) - 0x800000;
	out->feedback_count = r->feedback_count++;
	r->base += out->count;
	if (r->base > r->highest)
		r->waiting = 0;
	else
		r->waiting = r->waiting > received ? r->waiting - received : 1;
	return true;
}

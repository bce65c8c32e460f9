#include <errno.h>
#include <stdlib.h>

#include "history.h"
#include "packet_pool.h"

enum { HISTORY_PACKETS_MOST = 8192 };

struct kept {
	struct packet *packet;  /* a reference; NULL: empty */
	int64_t since_us;
};

struct history {
	struct history_limits limits;
	uint64_t mask;
	uint64_t tail;          /* no kept index is lower */
	uint64_t end;           /* one above the highest kept; tail == end: empty */
	uint64_t bytes;
	uint32_t count;
	struct kept slots[];
};

int history_create(struct history **out, const struct history_limits *limits)
{
	if (!limits->packets || limits->packets > HISTORY_PACKETS_MOST || limits->age_us <= 0)
		return -EINVAL;

	uint32_t slots = 1;
	while (slots < limits->packets)
		slots *= 2;
	struct history *h = calloc(1, sizeof *h + slots * sizeof h->slots[0]);
	if (!h)
		return -ENOMEM;
	h->limits = *limits;
	h->mask = slots - 1;
	*out = h;
	return 0;
}

void history_destroy(struct history *h)
{
	if (!h)
		return;
	history_clear(h);
	free(h);
}

static inline struct kept *slot_of(struct history *h, uint64_t index)
{
	return &h->slots[index & h->mask];
}

/* Empties the slot at the tail and moves on; returns whether a packet was let go. */
static uint32_t drop_tail(struct history *h)
{
	struct kept *slot = slot_of(h, h->tail++);

	if (!slot->packet)
		return 0;
	h->bytes -= slot->packet->len;
	h->count--;
	packet_unref(slot->packet);
	slot->packet = NULL;
	return 1;
}

void history_clear(struct history *h)
{
	while (h->tail < h->end)
		drop_tail(h);
}

uint32_t history_expire(struct history *h, int64_t now_us)
{
	uint32_t dropped = 0;

	while (h->tail < h->end) {
		const struct kept *slot = slot_of(h, h->tail);
		if (slot->packet && h->bytes <= h->limits.bytes && now_us - slot->since_us <= h->limits.age_us)
			break;
		dropped += drop_tail(h);
	}
	return dropped;
}

/* Makes room for `index` at the upper end. */
static uint32_t reach(struct history *h, uint64_t index)
{
	uint32_t dropped = 0;

	while (h->tail < h->end && index - h->tail > h->mask)
		dropped += drop_tail(h);
	if (h->tail == h->end)
		h->tail = index;
	h->end = index + 1;
	return dropped;
}

uint32_t history_keep(struct history *h, struct packet *packet, uint64_t index, int64_t now_us)
{
	uint32_t dropped = 0;

	if (h->tail == h->end || index >= h->end)
		dropped = reach(h, index);
	else if (h->end - index > h->mask + 1)
		return 0;
	else if (index < h->tail)
		h->tail = index;

	struct kept *slot = slot_of(h, index);
	if (slot->packet)
		return dropped;
	*slot = (struct kept){ packet_ref(packet), now_us };
	h->bytes += packet->len;
	h->count++;
	return dropped + history_expire(h, now_us);
}

struct packet *history_get(const struct history *h, uint64_t index, int64_t now_us)
{
	if (index < h->tail || index >= h->end)
		return NULL;
	const struct kept *slot = &h->slots[index & h->mask];
	return slot->packet && now_us - slot->since_us <= h->limits.age_us ? slot->packet : NULL;
}

uint32_t history_count(const struct history *h)
{
	return h->count;
}

uint64_t history_bytes(const struct history *h)
{
	return h->bytes;
}

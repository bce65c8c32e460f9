/**
 * A worker's packets: made once, handed out and taken back, never allocated on the way.
 *
 * `packet_pool_get` gives a packet with one reference, `data` at `room + PACKET_HEADROOM`, `len` 0, `next` NULL; the bytes are
 * not cleared. Empty pool: NULL, and `exhausted` grows: the caller drops what it wanted to do.
 * Thread: the worker that owns the pool; a packet never leaves it.
 */
#ifndef HOPKIN_BASE_PACKET_POOL_H
#define HOPKIN_BASE_PACKET_POOL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct packet_pool {
	struct packet *free;    /* the last returned first: it is still in the cache */
	struct packet *all;     /* owned, one block */
	uint32_t count;         /* packets in all */
	uint32_t fresh;         /* all[fresh…]: never handed out yet, their pages not touched */
	uint32_t available;     /* packets on the free list, and fresh ones */
	uint64_t exhausted;     /* times that none was left */
};

/** 0, -ENOMEM or -EINVAL (0 or more than 2^20). The first thousand packets' memory is touched, so that
 * no page fault comes while little is going on; the rest appears as it is needed, so that a program which comes back in the
 * middle of a meeting is there at once. */
int packet_pool_create(struct packet_pool **out, uint32_t count);
/** Every packet must have come back (assert). NULL is fine. */
void packet_pool_destroy(struct packet_pool *pool);

struct packet *packet_pool_get(struct packet_pool *pool);
/** For the last `packet_unref` only. */
void packet_pool_put(struct packet_pool *pool, struct packet *packet);

static inline struct packet *packet_ref(struct packet *packet)
{
	assert(packet->refs && packet->refs < UINT16_MAX);
	packet->refs++;
	return packet;
}

static inline void packet_unref(struct packet *packet)
{
	assert(packet->refs);
	if (--packet->refs == 0)
		packet_pool_put(packet->pool, packet);
}

/** Bytes that may be written before `data` and after `data + len`. */
static inline size_t packet_headroom(const struct packet *packet)
{
	return (size_t)(packet->data - packet->room);
}

static inline size_t packet_tailroom(const struct packet *packet)
{
	return sizeof packet->room - packet_headroom(packet) - packet->len;
}

#endif

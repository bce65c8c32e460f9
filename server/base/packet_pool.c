#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet_pool.h"

enum {
	POOL_MOST = 1 << 20,
	POOL_WARM = 1024,               /* packets whose pages are there from the start: several receive batches and what they bring about */
};

int packet_pool_create(struct packet_pool **out, uint32_t count)
{
	if (count == 0 || count > POOL_MOST)
		return -EINVAL;

	struct packet_pool *pool = calloc(1, sizeof *pool);
	struct packet *all = calloc(count, sizeof *all);        /* so large a block comes from mmap: pages appear when they are used */
	if (!pool || !all) {
		free(pool);
		free(all);
		return -ENOMEM;
	}
	pool->all = all;
	pool->count = pool->available = count;
	pool->fresh = count < POOL_WARM ? count : POOL_WARM;
	for (uint32_t i = pool->fresh; i-- > 0;) {
		all[i].pool = pool;
		all[i].next = pool->free;
		pool->free = &all[i];
	}
	*out = pool;
	return 0;
}

void packet_pool_destroy(struct packet_pool *pool)
{
	if (!pool)
		return;
	assert(pool->available == pool->count);
	free(pool->all);
	free(pool);
}

struct packet *packet_pool_get(struct packet_pool *pool)
{
	struct packet *packet = pool->free;

	if (packet) {
		pool->free = packet->next;
	} else if (pool->fresh < pool->count) {
		packet = &pool->all[pool->fresh++];
		packet->pool = pool;
	} else {
		pool->exhausted++;
		return NULL;
	}
	pool->available--;
	packet->next = NULL;
	packet->data = packet->room + PACKET_HEADROOM;
	packet->len = 0;
	packet->refs = 1;
	return packet;
}

void packet_pool_put(struct packet_pool *pool, struct packet *packet)
{
	assert(packet->refs == 0);
	packet->next = pool->free;
	pool->free = packet;
	pool->available++;
}

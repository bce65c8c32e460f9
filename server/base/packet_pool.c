#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet_pool.h"

enum { POOL_MOST = 1 << 20 };

int packet_pool_create(struct packet_pool **out, uint32_t count)
{
	if (count == 0 || count > POOL_MOST)
		return -EINVAL;

	struct packet_pool *pool = calloc(1, sizeof *pool);
	struct packet *all = malloc(count * sizeof *all);
	if (!pool || !all) {
		free(pool);
		free(all);
		return -ENOMEM;
	}
	memset(all, 0, count * sizeof *all);    /* calloc would leave the pages to be faulted in while packets wait */
	pool->all = all;
	pool->count = pool->available = count;
	for (uint32_t i = count; i-- > 0;) {
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

	if (!packet) {
		pool->exhausted++;
		return NULL;
	}
	pool->free = packet->next;
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

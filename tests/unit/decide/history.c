/* history: limits, reordering, references; then random packets against a plain model. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "history.h"
#include "packet_pool.h"

/* The next allocation fails. */
static bool fail_next;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_next ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fail_next ? NULL : __real_calloc(count, size);
}

static struct packet_pool *pool;

/* Keeps a fresh packet of `len` bytes; the history holds the only reference. */
static uint32_t keep(struct history *h, uint64_t index, uint16_t len, int64_t now_us)
{
	struct packet *p = packet_pool_get(pool);

	p->len = len;
	memcpy(p->data, &index, sizeof index);
	uint32_t dropped = history_keep(h, p, index, now_us);
	packet_unref(p);
	return dropped;
}

static bool has(struct history *h, uint64_t index, int64_t now_us)
{
	struct packet *p = history_get(h, index, now_us);
	uint64_t found;

	if (!p)
		return false;
	memcpy(&found, p->data, sizeof found);
	return found == index;
}

static struct history *fresh(uint32_t packets, uint32_t bytes, int64_t age_us)
{
	struct history *h = NULL;

	if (history_create(&h, &(struct history_limits){ packets, bytes, age_us }) < 0)
		abort();
	return h;
}

static void limits(void)
{
	struct history *h = fresh(4, 1000, 1000);

	check("empty", !has(h, 0, 0) && history_count(h) == 0);
	for (uint64_t i = 100; i < 104; i++)
		keep(h, i, 10, 0);
	check("four fit", has(h, 100, 0) && has(h, 103, 0) && history_count(h) == 4 && history_bytes(h) == 40);
	check("the fifth lets one go", keep(h, 104, 10, 0) == 1 && !has(h, 100, 0) && has(h, 101, 0) && has(h, 104, 0));
	check("too old to keep", keep(h, 100, 10, 0) == 0 && !has(h, 100, 0));
	check("there already", keep(h, 104, 10, 0) == 0 && history_count(h) == 4);
	check("too old to be given", !has(h, 104, 1001) && has(h, 104, 1000));
	check("expired", history_expire(h, 1001) == 4 && history_count(h) == 0 && pool->available == pool->count);
	keep(h, 200, 600, 2000);
	check("bytes: the older one goes", keep(h, 201, 600, 2000) == 1 && !has(h, 200, 2000) && has(h, 201, 2000));
	check("bytes: one too large goes at once", keep(h, 202, 1200, 2000) == 2 && history_bytes(h) == 0);
	history_destroy(h);
}

static void order(void)
{
	struct history *h = fresh(8, 100000, 1000);

	keep(h, 50, 10, 0);
	keep(h, 53, 10, 0);
	check("a gap", !has(h, 51, 0) && has(h, 53, 0));
	keep(h, 51, 10, 0);
	keep(h, 48, 10, 0);
	check("late ones", has(h, 51, 0) && has(h, 48, 0) && !has(h, 49, 0) && history_count(h) == 4);
	check("a jump lets all go", keep(h, 5000, 10, 0) == 4 && has(h, 5000, 0) && history_count(h) == 1);
	history_clear(h);
	check("cleared", history_count(h) == 0 && pool->available == pool->count);
	keep(h, 3, 10, 0);
	check("lower after clearing", has(h, 3, 0));
	struct packet *held = packet_ref(history_get(h, 3, 0));
	history_destroy(h);
	check("who holds one may go on", held->refs == 1);
	packet_unref(held);
	check("all came back", pool->available == pool->count);
	history_destroy(NULL);
	check("limits that make no sense", history_create(&h, &(struct history_limits){ 0, 1, 1 }) == -22 &&
		history_create(&h, &(struct history_limits){ 8193, 1, 1 }) == -22 && history_create(&h, &(struct history_limits){ 8, 1, 0 }) == -22);
}

/* Among a million random packets the newest ones that fit are there, and nothing wrong ever is. */
static void model(void)
{
	struct history *h = fresh(64, 1u << 30, 1 << 30);
	uint64_t highest = 1000, last[64] = { 0 };
	bool right = true, bounded = true;

	for (int n = 0; n < 1000000; n++) {
		uint64_t index = rand() % 8 ? highest + (uint64_t)(rand() % 3) : highest - (uint64_t)(rand() % 100);
		if (index > highest)
			highest = index;
		keep(h, index, 20, 0);
		if (highest - index < 64)
			last[index % 64] = index;
		uint64_t probe = highest - (uint64_t)(rand() % 80);
		bool expected = highest - probe < 64 && last[probe % 64] == probe;
		right = right && has(h, probe, 0) == expected;
		bounded = bounded && history_count(h) <= 64 && history_bytes(h) == 20ull * history_count(h);
	}
	history_destroy(h);
	check("a million packets: what should be there is", right);
	check("a million packets: bounded", bounded && pool->available == pool->count);
}

static void no_memory(void)
{
	struct history *h = NULL;

	fail_next = true;
	int made = history_create(&h, &(struct history_limits){ 8, 1, 1 });
	fail_next = false;
	check("no memory", made == -12 && !h);
}

int main(void)
{
	if (packet_pool_create(&pool, 128) < 0)
		return 1;
	limits();
	order();
	no_memory();
	model();
	packet_pool_destroy(pool);
	return check_done();
}

#include "attempt_limiter.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two rows of cells, as in a count-min sketch: a key has one cell in each row, and the kinder of the two speaks for it. Keys
 * that share a cell can only add to one another, and without the key of the hash nobody can choose which do.
 */
enum {
	ROWS = 2,
	CELLS = 1 << 15,                        /* a row; 1 MiB a table */
	KNOWN_SETS = 1 << 11, KNOWN_WAYS = 4,   /* pairs that have logged in */
	FORGIVEN_AFTER_S = 600,                 /* one failure of a pair is forgotten after each ten minutes */
};

#define SECOND_US INT64_C(1000000)

const struct attempt_limits attempt_limits_login = {
	.free_failures = 5, .longest_wait_s = 900,
	.address_burst = 50, .address_per_minute = 30,
	.subject_burst = 100, .subject_per_minute = 20,
};

const struct attempt_limits attempt_limits_room = {
	.free_failures = 10, .longest_wait_s = 60,      /* a branch office comes from one address */
	.address_burst = 100, .address_per_minute = 60,
	.subject_burst = 300, .subject_per_minute = 60,
};

struct cell {
	int64_t last_us;
	uint32_t count_milli;   /* failures, in thousandths */
};

struct table {
	struct cell rows[ROWS][CELLS];
};

/* A pair that has logged in. Its earlier failures are forgiven here and not in the cells, which others may share. */
struct known {
	uint64_t tag;
	int64_t used_us;
	uint32_t forgiven_milli;        /* of the pair's count, as it was at `used_us` */
};

struct attempt_limiter {
	struct attempt_limits limits;
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct table pairs, addresses, subjects;
	struct known known[KNOWN_SETS][KNOWN_WAYS];
};

struct keys { uint64_t pair, address, subject; };

static uint64_t hash(const struct attempt_limiter *l, const void *bytes, size_t len)
{
	uint64_t out;
	crypto_shorthash((uint8_t *)&out, bytes, len, l->key);
	return out;
}

static struct keys keys_of(const struct attempt_limiter *l, const char *subject, const struct client_address *from)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct client_address a = *from;
	if (memcmp(a.ip, mapped, sizeof mapped) != 0)
		memset(a.ip + 8, 0, 8);         /* an IPv6 customer has a /64 to choose from */
	uint64_t s = hash(l, subject, strlen(subject));
	uint64_t f = hash(l, a.ip, sizeof a.ip);
	uint64_t both[2] = { s, f };
	return (struct keys){ hash(l, both, sizeof both), f, s };
}

static size_t index_of(uint64_t key, int row)
{
	return (size_t)(row ? key >> 32 : key) & (CELLS - 1);
}

/* What is left of a cell's count when it leaks `per_hour` failures an hour. */
static uint32_t leaked(const struct cell *c, int64_t now_us, uint32_t per_hour)
{
	int64_t age_s = (now_us - c->last_us) / SECOND_US;
	if (age_s <= 0)
		return c->count_milli;  /* a clock that went back forgives nothing */
	uint64_t gone = (uint64_t)age_s * per_hour * 1000 / 3600;
	return gone >= c->count_milli ? 0 : c->count_milli - (uint32_t)gone;
}

static uint32_t count_of(const struct table *t, uint64_t key, int64_t now_us, uint32_t per_hour)
{
	uint32_t least = UINT32_MAX;
	for (int row = 0; row < ROWS; row++) {
		uint32_t n = leaked(&t->rows[row][index_of(key, row)], now_us, per_hour);
		if (n < least)
			least = n;
	}
	return least;
}

static void charge(struct table *t, uint64_t key, int64_t now_us, uint32_t per_hour)
{
	for (int row = 0; row < ROWS; row++) {
		struct cell *c = &t->rows[row][index_of(key, row)];
		uint32_t n = leaked(c, now_us, per_hour);
		c->count_milli = n > UINT32_MAX - 1000 ? n : n + 1000;
		c->last_us = now_us;
	}
}

static void give_back(struct table *t, uint64_t key, uint32_t milli)
{
	for (int row = 0; row < ROWS; row++) {
		struct cell *c = &t->rows[row][index_of(key, row)];
		c->count_milli = c->count_milli > milli ? c->count_milli - milli : 0;
	}
}

/* -- the three rules -------------------------------------------------------------------------------------------------- */

static uint32_t pair_per_hour(void)
{
	return 3600 / FORGIVEN_AFTER_S;
}

static uint32_t seconds_until(int64_t now_us, int64_t then_us)
{
	return then_us > now_us ? (uint32_t)((then_us - now_us + SECOND_US - 1) / SECOND_US) : 0;
}

static struct known *known_find(const struct attempt_limiter *l, uint64_t tag)
{
	const struct known *set = l->known[tag % KNOWN_SETS];
	for (int i = 0; i < KNOWN_WAYS; i++) {
		if (set[i].used_us && set[i].tag == tag)
			return (struct known *)&set[i];
	}
	return NULL;
}

/* What of a pair's count is forgiven at a moment: it leaks as the count does. */
static uint32_t forgiven(const struct attempt_limiter *l, uint64_t key, int64_t now_us)
{
	const struct known *k = known_find(l, key);
	if (!k)
		return 0;
	return leaked(&(struct cell){ .last_us = k->used_us, .count_milli = k->forgiven_milli }, now_us, pair_per_hour());
}

/* After each failure beyond the free ones the wait doubles. */
static uint32_t pair_wait(const struct attempt_limiter *l, uint64_t key, int64_t now_us)
{
	uint32_t least = UINT32_MAX;
	for (int row = 0; row < ROWS; row++) {
		const struct cell *c = &l->pairs.rows[row][index_of(key, row)];
		uint32_t past = forgiven(l, key, c->last_us), count = c->count_milli > past ? c->count_milli - past : 0;
		uint32_t failures = (count + 999) / 1000, wait = 0;
		if (failures >= l->limits.free_failures) {
			uint32_t doubled = failures - l->limits.free_failures;
			uint64_t s = UINT64_C(1) << (doubled > 20 ? 20 : doubled);
			if (s > l->limits.longest_wait_s)
				s = l->limits.longest_wait_s;
			wait = seconds_until(now_us, c->last_us + (int64_t)s * SECOND_US);
		}
		if (wait < least)
			least = wait;
	}
	return least;
}

static uint32_t rate_wait(const struct table *t, uint64_t key, int64_t now_us, uint32_t burst, uint32_t per_minute)
{
	uint32_t count = count_of(t, key, now_us, per_minute * 60);
	if (count + 1000 <= burst * 1000)
		return 0;
	return (count + 1000 - burst * 1000) * 60 / (per_minute * 1000) + 1;
}

static void known_add(struct attempt_limiter *l, uint64_t tag, int64_t now_us, uint32_t forgiven_milli)
{
	struct known *slot = known_find(l, tag);
	if (!slot) {
		struct known *set = l->known[tag % KNOWN_SETS];
		slot = &set[0];
		for (int i = 1; i < KNOWN_WAYS; i++) {
			if (set[i].used_us < slot->used_us)
				slot = &set[i];
		}
	}
	*slot = (struct known){ tag, now_us > 0 ? now_us : 1, forgiven_milli };
}

static uint32_t wait_of(const struct attempt_limiter *l, const struct keys *k, int64_t now_us)
{
	uint32_t wait = pair_wait(l, k->pair, now_us);
	if (wait || known_find(l, k->pair))
		return wait;
	wait = rate_wait(&l->addresses, k->address, now_us, l->limits.address_burst, l->limits.address_per_minute);
	if (wait || count_of(&l->pairs, k->pair, now_us, pair_per_hour()) == 0)
		return wait;            /* the first guess of a pair is free: nobody can use up the subject's rate for others */
	return rate_wait(&l->subjects, k->subject, now_us, l->limits.subject_burst, l->limits.subject_per_minute);
}

/* -- the interface ---------------------------------------------------------------------------------------------------- */

int attempt_limiter_create(struct attempt_limiter **out, const struct attempt_limits *limits)
{
	struct attempt_limiter *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	l->limits = *limits;
	randombytes_buf(l->key, sizeof l->key);
	*out = l;
	return 0;
}

void attempt_limiter_destroy(struct attempt_limiter *l)
{
	free(l);
}

uint32_t attempt_limiter_wait(const struct attempt_limiter *l, const char *subject, const struct client_address *from,
	int64_t now_us)
{
	struct keys k = keys_of(l, subject, from);
	return wait_of(l, &k, now_us);
}

uint32_t attempt_limiter_begin(struct attempt_limiter *l, const char *subject, const struct client_address *from, int64_t now_us)
{
	struct keys k = keys_of(l, subject, from);
	uint32_t wait = wait_of(l, &k, now_us);
	if (wait)
		return wait;
	charge(&l->pairs, k.pair, now_us, pair_per_hour());
	charge(&l->addresses, k.address, now_us, l->limits.address_per_minute * 60);
	charge(&l->subjects, k.subject, now_us, l->limits.subject_per_minute * 60);
	return 0;
}

void attempt_limiter_undo(struct attempt_limiter *l, const char *subject, const struct client_address *from, int64_t now_us)
{
	(void)now_us;
	struct keys k = keys_of(l, subject, from);
	give_back(&l->pairs, k.pair, 1000);
	give_back(&l->addresses, k.address, 1000);
	give_back(&l->subjects, k.subject, 1000);
}

void attempt_limiter_passed(struct attempt_limiter *l, const char *subject, const struct client_address *from, int64_t now_us)
{
	struct keys k = keys_of(l, subject, from);
	give_back(&l->pairs, k.pair, 1000);
	give_back(&l->addresses, k.address, 1000);
	give_back(&l->subjects, k.subject, 1000);
	known_add(l, k.pair, now_us, count_of(&l->pairs, k.pair, now_us, pair_per_hour()));
}

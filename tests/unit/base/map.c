/* map: against a plain array, walks with removal, limits; then with allocations that fail. */
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "map.h"
#include "packet_pool.h"

/* The nth allocation from now fails; 0: none does. */
static int fail_at;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_at && --fail_at == 0 ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fail_at && --fail_at == 0 ? NULL : __real_calloc(count, size);
}

enum { KEYS = 600 };
static char values[KEYS];

static struct path path_of(uint32_t n)
{
	return (struct path){ .kind = PATH_UDP4, .port = (uint16_t)n, .ip = { 10, 0, (uint8_t)(n >> 8), 1 } };
}

static int put(struct map *map, enum map_kind kind, uint32_t n)
{
	struct path path = path_of(n);
	char text[MAP_STRING_MAX + 1];

	switch (kind) {
	case MAP_BY_U32: return map_put_u32(map, n, &values[n]);
	case MAP_BY_PATH: return map_put_path(map, &path, &values[n]);
	case MAP_BY_STRING: return map_put_string(map, text, (size_t)snprintf(text, sizeof text, "peer-%u", n), &values[n]);
	}
	return -1;
}

static void *get(struct map *map, enum map_kind kind, uint32_t n, bool take)
{
	struct path path = path_of(n);
	char text[MAP_STRING_MAX + 1];
	size_t len = (size_t)snprintf(text, sizeof text, "peer-%u", n);

	switch (kind) {
	case MAP_BY_U32: return take ? map_remove_u32(map, n) : map_get_u32(map, n);
	case MAP_BY_PATH: return take ? map_remove_path(map, &path) : map_get_path(map, &path);
	case MAP_BY_STRING: return take ? map_remove_string(map, text, len) : map_get_string(map, text, len);
	}
	return NULL;
}

/* Random puts, removals and walks; what is there is always what the array says. */
static void model(const char *name, enum map_kind kind)
{
	struct map *map = NULL;
	bool there[KEYS] = { false }, right = true, walked = true;
	size_t count = 0;

	if (map_create(&map, kind, 0, MAP_GROWS) < 0)
		abort();
	for (int i = 0; i < 200000; i++) {
		uint32_t n = (uint32_t)rand() % KEYS;
		if (rand() % 2) {
			right = right && put(map, kind, n) == 0;
			count += !there[n];
			there[n] = true;
		} else {
			right = right && get(map, kind, n, true) == (there[n] ? &values[n] : NULL);
			count -= there[n];
			there[n] = false;
		}
		n = (uint32_t)rand() % KEYS;
		right = right && get(map, kind, n, false) == (there[n] ? &values[n] : NULL) && map_count(map) == count;
		if (i % 1000)
			continue;
		int seen[KEYS] = { 0 };
		struct map_walk walk = map_walk(map);
		for (char *v; (v = map_next(map, &walk));) {
			n = (uint32_t)(v - values);
			seen[n]++;
			if (rand() % 3 == 0) {
				get(map, kind, n, true);
				there[n] = false;
				count--;
				seen[n] += 10;
			}
		}
		for (n = 0; n < KEYS; n++)
			walked = walked && seen[n] <= 11 && (seen[n] == 1) == there[n];
	}
	map_destroy(map);
	check(name, right && walked);
}

static void limits(void)
{
	struct map *map = NULL;

	check("absurd capacity", map_create(&map, MAP_BY_U32, (1 << 24) + 1, MAP_GROWS) == -EINVAL);
	if (map_create(&map, MAP_BY_U32, 5, MAP_FIXED) < 0)
		abort();
	for (uint32_t i = 0; i < 5; i++)
		put(map, MAP_BY_U32, i);
	check("fixed and full", put(map, MAP_BY_U32, 5) == -ENOSPC && map_count(map) == 5 && put(map, MAP_BY_U32, 3) == 0);
	get(map, MAP_BY_U32, 3, true);
	check("fixed, with room again", put(map, MAP_BY_U32, 5) == 0);
	map_destroy(map);

	char text[MAP_STRING_MAX + 1];
	memset(text, 'x', sizeof text);
	if (map_create(&map, MAP_BY_STRING, 5, MAP_FIXED) < 0)
		abort();
	check("the longest string", map_put_string(map, text, MAP_STRING_MAX, values) == 0 && map_get_string(map, text, MAP_STRING_MAX) == values);
	check("a longer one", map_put_string(map, text, MAP_STRING_MAX + 1, values) == -EINVAL && !map_get_string(map, text, MAP_STRING_MAX + 1) &&
		!map_remove_string(map, text, MAP_STRING_MAX + 1));
	check("a prefix is another key", !map_get_string(map, text, 5) && !map_get_string(map, "", 0) && map_put_string(map, "", 0, values) == 0 &&
		map_get_string(map, "", 0) == values);
	map_destroy(map);
	map_destroy(NULL);
}

/* One life of what allocates; false if some allocation failed. What was got before is whole and is freed. */
static bool life(void)
{
	struct map *map = NULL;
	struct packet_pool *pool = NULL;
	bool done = map_create(&map, MAP_BY_U32, 4, MAP_GROWS) == 0 && packet_pool_create(&pool, 4) == 0;

	for (uint32_t i = 0; done && i < 100; i++) {
		done = put(map, MAP_BY_U32, i) == 0;
		for (uint32_t j = 0; j < i; j++)
			if (get(map, MAP_BY_U32, j, false) != &values[j])
				abort();
	}
	map_destroy(map);
	packet_pool_destroy(pool);
	return done;
}

int main(void)
{
	model("numbers: two hundred thousand changes", MAP_BY_U32);
	model("paths: two hundred thousand changes", MAP_BY_PATH);
	model("strings: two hundred thousand changes", MAP_BY_STRING);
	limits();
	int n = 1;
	for (bool done = false; !done && n < 100; n += !done) {
		fail_at = n;
		done = life();
		fail_at = 0;
	}
	check("each allocation failing in turn: refused, nothing lost", n > 4 && n < 20);
	return check_done();
}

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "rand.h"

enum { MAP_SLOTS_LEAST = 8, MAP_CAPACITY_MOST = 1 << 24 };

/* A slot: hash (0: empty), value, then the key in as many bytes as its kind needs. */
struct slot {
	uint64_t hash;
	void *value;
	uint8_t key[];
};

struct string_key {
	uint8_t len;
	char bytes[MAP_STRING_MAX];
};

struct map {
	enum map_kind kind;
	enum map_growth growth;
	size_t stride;          /* bytes of a slot */
	size_t mask;            /* slots - 1 */
	size_t count;
	size_t most;            /* entries before it grows, or is full */
	uint64_t seed[2];
	uint8_t *slots;
};

static size_t key_room(enum map_kind kind)
{
	switch (kind) {
	case MAP_BY_U32: return 8;
	case MAP_BY_PATH: return sizeof(struct path);
	case MAP_BY_STRING: return (sizeof(struct string_key) + 7) & ~(size_t)7;
	}
	return 0;
}

static inline struct slot *slot_at(const struct map *map, size_t i)
{
	return (struct slot *)(void *)(map->slots + i * map->stride);
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* A multiply-and-fold hash under the map's own secret. Never 0: that marks an empty slot. */
static uint64_t hash_bytes(const struct map *map, const uint8_t *p, size_t len)
{
	uint64_t h = map->seed[0] ^ len;

	for (; len >= 8; p += 8, len -= 8)
		h = fold(h ^ load64(p), map->seed[1]);
	if (len) {
		uint64_t tail = 0;
		memcpy(&tail, p, len);
		h = fold(h ^ tail, map->seed[1]);
	}
	h = fold(h ^ map->seed[1], map->seed[0] | 1);
	return h ? h : 1;
}

static int allocate(uint8_t **out, size_t slots, size_t stride)
{
	*out = calloc(slots, stride);
	return *out ? 0 : -ENOMEM;
}

/* Slots for `capacity` entries at three quarters full. */
static size_t slots_for(size_t capacity)
{
	size_t slots = MAP_SLOTS_LEAST;

	while (slots / 4 * 3 < capacity)
		slots *= 2;
	return slots;
}

int map_create(struct map **out, enum map_kind kind, size_t capacity, enum map_growth growth)
{
	if (capacity > MAP_CAPACITY_MOST)
		return -EINVAL;

	struct map *map = calloc(1, sizeof *map);
	if (!map)
		return -ENOMEM;
	size_t slots = slots_for(capacity);
	map->kind = kind;
	map->growth = growth;
	map->stride = sizeof(struct slot) + key_room(kind);
	map->mask = slots - 1;
	map->most = growth == MAP_FIXED ? capacity : slots / 4 * 3;
	rand_bytes(map->seed, sizeof map->seed);
	map->seed[1] |= 1;
	if (allocate(&map->slots, slots, map->stride) < 0) {
		map_destroy(map);
		return -ENOMEM;
	}
	*out = map;
	return 0;
}

void map_destroy(struct map *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

size_t map_count(const struct map *map)
{
	return map->count;
}

/* The slot with this key, or the empty one where it would go: there is always one, the table is never full. */
static size_t find(const struct map *map, uint64_t hash, const void *key, size_t len)
{
	size_t i = hash & map->mask;

	for (;; i = (i + 1) & map->mask) {
		const struct slot *slot = slot_at(map, i);
		if (!slot->hash || (slot->hash == hash && memcmp(slot->key, key, len) == 0))
			return i;
	}
}

static int grow(struct map *map)
{
	size_t slots = (map->mask + 1) * 2;
	struct map bigger = *map;

	if (slots > 2 * (size_t)MAP_CAPACITY_MOST || allocate(&bigger.slots, slots, map->stride) < 0)
		return -ENOMEM;
	bigger.mask = slots - 1;
	bigger.most = slots / 4 * 3;
	for (size_t i = 0; i <= map->mask; i++) {
		const struct slot *from = slot_at(map, i);
		if (!from->hash)
			continue;
		size_t to = from->hash & bigger.mask;
		while (slot_at(&bigger, to)->hash)
			to = (to + 1) & bigger.mask;
		memcpy(slot_at(&bigger, to), from, map->stride);
	}
	free(map->slots);
	*map = bigger;
	return 0;
}

static void *get(const struct map *map, const void *key, size_t len)
{
	return slot_at(map, find(map, hash_bytes(map, key, len), key, len))->value;
}

static int put(struct map *map, const void *key, size_t len, void *value)
{
	assert(value);
	uint64_t hash = hash_bytes(map, key, len);
	struct slot *slot = slot_at(map, find(map, hash, key, len));

	if (slot->hash) {
		slot->value = value;
		return 0;
	}
	if (map->count >= map->most) {
		if (map->growth == MAP_FIXED)
			return -ENOSPC;
		int err = grow(map);
		if (err < 0)
			return err;
		slot = slot_at(map, find(map, hash, key, len));
	}
	slot->hash = hash;
	slot->value = value;
	memcpy(slot->key, key, len);
	map->count++;
	return 0;
}

/* Whether the entry in slot `at`, whose home is `home`, may move back to the hole at `hole`: its home is not after the hole. */
static inline bool may_move(size_t home, size_t hole, size_t at, size_t mask)
{
	return ((at - home) & mask) >= ((at - hole) & mask);
}

static void *remove_key(struct map *map, const void *key, size_t len)
{
	size_t hole = find(map, hash_bytes(map, key, len), key, len);
	void *value = slot_at(map, hole)->value;

	if (!slot_at(map, hole)->hash)
		return NULL;
	/* Entries behind the hole move up, so that no tombstones are left. */
	for (size_t at = (hole + 1) & map->mask; slot_at(map, at)->hash; at = (at + 1) & map->mask) {
		if (!may_move(slot_at(map, at)->hash & map->mask, hole, at, map->mask))
			continue;
		memcpy(slot_at(map, hole), slot_at(map, at), map->stride);
		hole = at;
	}
	memset(slot_at(map, hole), 0, map->stride);
	map->count--;
	return value;
}

/* -- keys ------------------------------------------------------------------------------------------------------------ */

/* The length comes first, so a prefix is another key; only the bytes in use are hashed and compared. */
static size_t string_key(struct string_key *out, const struct map *map, const char *key, size_t len)
{
	assert(map->kind == MAP_BY_STRING);
	if (len > MAP_STRING_MAX)
		return 0;
	out->len = (uint8_t)len;
	memcpy(out->bytes, key, len);
	return 1 + len;
}

void *map_get_u32(const struct map *map, uint32_t key)
{
	assert(map->kind == MAP_BY_U32);
	return get(map, &key, sizeof key);
}

void *map_get_path(const struct map *map, const struct path *key)
{
	assert(map->kind == MAP_BY_PATH);
	return get(map, key, sizeof *key);
}

void *map_get_string(const struct map *map, const char *key, size_t len)
{
	struct string_key k;
	size_t n = string_key(&k, map, key, len);

	return n ? get(map, &k, n) : NULL;
}

int map_put_u32(struct map *map, uint32_t key, void *value)
{
	assert(map->kind == MAP_BY_U32);
	return put(map, &key, sizeof key, value);
}

int map_put_path(struct map *map, const struct path *key, void *value)
{
	assert(map->kind == MAP_BY_PATH);
	return put(map, key, sizeof *key, value);
}

int map_put_string(struct map *map, const char *key, size_t len, void *value)
{
	struct string_key k;
	size_t n = string_key(&k, map, key, len);

	return n ? put(map, &k, n, value) : -EINVAL;
}

void *map_remove_u32(struct map *map, uint32_t key)
{
	assert(map->kind == MAP_BY_U32);
	return remove_key(map, &key, sizeof key);
}

void *map_remove_path(struct map *map, const struct path *key)
{
	assert(map->kind == MAP_BY_PATH);
	return remove_key(map, key, sizeof *key);
}

void *map_remove_string(struct map *map, const char *key, size_t len)
{
	struct string_key k;
	size_t n = string_key(&k, map, key, len);

	return n ? remove_key(map, &k, n) : NULL;
}

/*
 * Backwards from an empty slot: removing the entry just given moves only entries of slots already passed, and no run of entries
 * reaches across an empty slot, so none is missed or given twice.
 */
struct map_walk map_walk(const struct map *map)
{
	size_t i = 0;

	while (slot_at(map, i)->hash)
		i++;
	return (struct map_walk){ i, map->mask + 1 };
}

void *map_next(const struct map *map, struct map_walk *walk)
{
	while (walk->left) {
		walk->next = (walk->next - 1) & map->mask;
		walk->left--;
		const struct slot *slot = slot_at(map, walk->next);
		if (slot->hash)
			return slot->value;
	}
	return NULL;
}

/**
 * A hash map from a path, a number or a short string to a pointer.
 *
 * Open addressing with linear probing in one block of memory; keys are copied in, values are borrowed. The hash is keyed with
 * random bits of each map, so nobody outside can choose colliding addresses. Looking up never allocates, nor does removing.
 * `map_put_*` allocates only when a growing map must grow; a map made with `MAP_FIXED` never grows: one beyond its capacity is
 * refused with -ENOSPC.
 *
 * A key belongs to the kind the map was made for; another kind's function is a bug (assert).
 * Thread: none of its own; one thread, or the caller's lock.
 */
#ifndef HOPKIN_BASE_MAP_H
#define HOPKIN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"

enum map_kind { MAP_BY_U32, MAP_BY_PATH, MAP_BY_STRING };
enum map_growth { MAP_GROWS, MAP_FIXED };
enum { MAP_STRING_MAX = 64 };   /* bytes of a string key; longer: -EINVAL on put, NULL on get */

struct map;
struct map_walk { size_t next, left; };

/**
 * @param capacity  entries to make room for now; for MAP_FIXED the most there will ever be
 * @return          0, -ENOMEM, or -EINVAL for an absurd capacity (above 2^24)
 */
int map_create(struct map **out, enum map_kind kind, size_t capacity, enum map_growth growth);
/** Frees the map, not the values. NULL is fine. */
void map_destroy(struct map *map);

size_t map_count(const struct map *map);

/** The value, or NULL. */
void *map_get_u32(const struct map *map, uint32_t key);
void *map_get_path(const struct map *map, const struct path *key);
void *map_get_string(const struct map *map, const char *key, size_t len);

/** Adds or replaces; `value` may not be NULL. 0, -ENOMEM, -ENOSPC (fixed and full), -EINVAL (string too long). */
int map_put_u32(struct map *map, uint32_t key, void *value);
int map_put_path(struct map *map, const struct path *key, void *value);
int map_put_string(struct map *map, const char *key, size_t len, void *value);

/** The value that was there, or NULL. */
void *map_remove_u32(struct map *map, uint32_t key);
void *map_remove_path(struct map *map, const struct path *key);
void *map_remove_string(struct map *map, const char *key, size_t len);

/**
 * Each value once, in no order: `struct map_walk w = map_walk(map); while ((v = map_next(map, &w))) …`
 * The entry just given may be removed while walking; nothing else may be, and nothing put.
 */
struct map_walk map_walk(const struct map *map);
void *map_next(const struct map *map, struct map_walk *walk);

#endif

/**
 * The rooms that exist, as the signaling thread knows them.
 *
 * Whether a meeting is going on in one, and who is in it, is the live layer's.
 * Everything runs on the signaling thread; callbacks come on it too; what is refused at once calls
 * back before the call that began it has returned.
 */
#ifndef HOPKIN_ROOMS_ROOMS_H
#define HOPKIN_ROOMS_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash_pool.h"
#include "store.h"
#include "store_thread.h"

struct rooms;

/** What rooms tell those above. Any may be NULL. */
struct rooms_events {
	/** Settings are different: `room` is the new record, borrowed for the call. */
	void (*changed)(void *arg, const struct room_record *room);
	/** It is gone: a meeting in it must end. */
	void (*removed)(void *arg, const char *id);
	void *arg;
};

/** `snapshot` is borrowed for the call; `store` and `pool` outlive rooms. */
int rooms_create(struct rooms **out, const struct store_snapshot *snapshot, struct store_thread *store,
	struct hash_pool *pool, const struct rooms_events *events);
void rooms_destroy(struct rooms *rooms);

/** Another process has written: take over what is different. `snapshot` is borrowed. */
void rooms_replace(struct rooms *rooms, const struct store_snapshot *snapshot);

/** Borrowed, until control returns to the loop. NULL: no such room (or not the form of an id). */
const struct room_record *rooms_find(const struct rooms *rooms, const char *id);

/** In the order of their making. Borrowed. */
const struct room_record *rooms_at(const struct rooms *rooms, size_t index);
size_t rooms_count(const struct rooms *rooms);

enum rooms_result { ROOMS_OK, ROOMS_NOT_FOUND, ROOMS_BUSY, ROOMS_TOO_MANY, ROOMS_FAILED };

/** `room` is the record as it is now (NULL after a removal or a failure), borrowed for the call. */
typedef void rooms_done_fn(void *arg, enum rooms_result result, const struct room_record *room);

enum { ROOMS_MOST = 10000, ROOMS_MOST_OF_OWNER = 200 };

/** `room`: all but id, password_hash, created_s is taken from it; valid already. `password` is hashed. */
void rooms_add(struct rooms *rooms, const struct room_record *room, const char *password, int64_t now_s,
	rooms_done_fn *done, void *arg);
/** `fields`: ROOM_TITLE… of store.h. */
void rooms_change(struct rooms *rooms, const struct room_record *room, unsigned fields, rooms_done_fn *done, void *arg);
void rooms_set_password(struct rooms *rooms, const char *id, const char *password, rooms_done_fn *done, void *arg);
void rooms_remove(struct rooms *rooms, const char *id, rooms_done_fn *done, void *arg);

#endif

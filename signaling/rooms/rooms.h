/**
 * The rooms that exist, as the signaling thread knows them, and the proof that someone knows a room's password.
 *
 * Whether a meeting is going on in one, and who is in it, is the live layer's.
 * Everything runs on the signaling thread; callbacks come on it too, never before the call that began it has returned.
 */
#ifndef HOPKIN_ROOMS_ROOMS_H
#define HOPKIN_ROOMS_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attempt_limiter.h"
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

enum room_proof {
	ROOM_PROVEN,            /* the room exists, is not closed, and this is its password */
	ROOM_REFUSED,           /* anything else: all alike in time too */
	ROOM_SLOW_DOWN,         /* too many wrong ones; retry_after_s */
	ROOM_BUSY,              /* the hashing queue is full: as ROOM_SLOW_DOWN, with a short retry_after_s */
};

/** `id` is the room's id as it was asked for; look the room up again, it may have changed meanwhile. */
typedef void room_proof_fn(void *arg, const char *id, enum room_proof proof, uint32_t retry_after_s);

/**
 * Is this the room's password? Costs Argon2id only for wrong ones and the first right one; the same right password
 * asked for by many at once costs it once. An owner needs no proof: compare room_record.owner with the identity first.
 * `arg` must live until `done` ran, which always happens (but when rooms are destroyed).
 */
void rooms_prove(struct rooms *rooms, const char *id, const char *password, const struct client_address *from,
	int64_t now_us, room_proof_fn *done, void *arg);

/* -- for the REST side ------------------------------------------------------------------------------------------------ */

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

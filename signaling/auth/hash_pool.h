/**
 * Argon2id on two threads, with two bounded queues that take turns.
 *
 * Accounts and rooms wait apart: whoever floods a room with guesses does not keep people from signing in.
 *
 * Results come to the signaling thread through the inbox. `arg` must stay valid until `done` ran: give an object that
 * lives that long and look up by id what may have gone meanwhile.
 */
#ifndef HOPKIN_AUTH_HASH_POOL_H
#define HOPKIN_AUTH_HASH_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "inbox.h"

struct hash_pool;

enum hash_queue { HASH_ACCOUNTS, HASH_ROOMS, HASH_QUEUES };

/** @param inbox  borrowed, outlives the pool */
int hash_pool_create(struct hash_pool **out, struct inbox *inbox);

/** Waits for the hash being computed; drops those that wait (their `done` is not called). NULL is fine. */
void hash_pool_destroy(struct hash_pool *pool);

/**
 * Does `password` belong to `hash`? `hash` NULL or "": always answers no, after the time that a real one would take.
 * Both are copied; the copies are wiped.
 * @return 0, or -EBUSY: that queue is full (128), `done` will not be called. Thread: signaling.
 */
int hash_pool_verify(struct hash_pool *pool, enum hash_queue queue, const char *hash, const char *password,
	void (*done)(void *arg, bool right), void *arg);

/** Make a hash, in the queue of accounts. `hash` is "" when there was no memory. @return as above */
int hash_pool_make(struct hash_pool *pool, const char *password,
	void (*done)(void *arg, const char *hash), void *arg);

/** How many Argon2id operations each queue has cost since the start: what a guess costs shows here, whatever it was a guess at. */
void hash_pool_counts(struct hash_pool *pool, uint64_t out[HASH_QUEUES]);

/** The same at once, for the command line. @return 0 or -ENOMEM */
int password_hash_make(char out[128], const char *password);

#endif

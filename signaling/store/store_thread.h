/**
 * The thread that commits, so that the signaling thread never waits for the disk.
 *
 * Transactions are applied in the order of submission. Changes made by another process (the command line) are noticed
 * within half a second and arrive as a fresh snapshot, in order with the results of our own transactions.
 */
#ifndef HOPKIN_STORE_STORE_THREAD_H
#define HOPKIN_STORE_STORE_THREAD_H

#include "inbox.h"
#include "store.h"

struct store_thread;

/** On the signaling thread; owns `snapshot`. */
typedef void store_changed_fn(void *arg, struct store_snapshot *snapshot);

/** On the signaling thread. `err` and `added` as `store_apply` returns them. */
typedef void store_done_fn(void *arg, int err, int64_t added);

/**
 * @param store    taken over; closed by `store_thread_stop`
 * @param inbox    borrowed, outlives the thread
 * @param changed  called when another process has written; may be NULL
 */
int store_thread_start(struct store_thread **out, struct store *store, struct inbox *inbox,
	store_changed_fn *changed, void *arg);

/** Commits what was submitted, then ends. NULL is fine. Thread: signaling. */
void store_thread_stop(struct store_thread *thread);

/**
 * Apply `changes` (copied) as one transaction, then call `done(arg, err, added)`. `done` may be NULL.
 * @return 0; -ENOMEM or -EBUSY (over 4096 waiting): `done` will not be called. Thread: signaling.
 */
int store_thread_submit(struct store_thread *thread, const struct store_change *changes, size_t count,
	store_done_fn *done, void *arg);

/**
 * Call `done` once everything that other processes have committed until now has been told by `changed`: whoever has just been given
 * a room's address by the command line finds the room. Costs some microseconds of the store thread. @return as above
 */
int store_thread_catch_up(struct store_thread *thread, store_done_fn *done, void *arg);

#endif

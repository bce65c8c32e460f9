/**
 * Results that other threads bring to the signaling thread.
 *
 * A thread posts a function and its argument; the signaling thread, woken by the descriptor, runs them in the order in
 * which they were posted. This is the only way in which the store, hashing and accept threads touch what it owns.
 */
#ifndef HOPKIN_STORE_INBOX_H
#define HOPKIN_STORE_INBOX_H

struct inbox;

/** @return 0 or -Exxx. Thread: any, before it is shared. */
int inbox_create(struct inbox **out);

/** Results that were not drained are dropped without being run; their posters must have stopped. NULL is fine. */
void inbox_destroy(struct inbox *inbox);

/** Readable when something waits. Owned by the inbox. */
int inbox_fd(const struct inbox *inbox);

/**
 * Have `run(arg)` called on the signaling thread.
 * @return 0 or -ENOMEM (then `run` will not be called). Thread: any.
 */
int inbox_post(struct inbox *inbox, void (*run)(void *arg), void *arg);

/** Run what waits. Thread: signaling. */
void inbox_drain(struct inbox *inbox);

#endif

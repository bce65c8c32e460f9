/**
 * The test peer's event loop: descriptors by epoll, timers in a heap, one thread, no globals.
 *
 * Everything in tests/peer runs inside one loop. A load tool may run several loops, each on a thread of its own: objects of
 * one loop are never touched from another.
 */
#ifndef HOPKIN_PEER_TP_LOOP_H
#define HOPKIN_PEER_TP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tp_loop;

/** A watched descriptor, embedded in its owner. `on_ready` gets the epoll events; it may unwatch and free its owner. */
struct tp_watch {
	int fd;
	void *owner;
	void (*on_ready)(struct tp_watch *watch, uint32_t events);
};

/** A one-shot timer, embedded in its owner; zero it before its first use. */
struct tp_timer {
	int64_t due_us;
	size_t slot;    /* 1-based place in the heap, 0: not running */
	void *owner;
	void (*on_due)(struct tp_timer *timer);
};

int tp_loop_create(struct tp_loop **out);
void tp_loop_destroy(struct tp_loop *loop);

/** Runs until `tp_loop_stop`. */
void tp_loop_run(struct tp_loop *loop);
void tp_loop_stop(struct tp_loop *loop);

/** Hands out what is ready and due, once; waits for it `most_ms` at most. May be called from inside a callback. */
void tp_loop_turn(struct tp_loop *loop, int most_ms);

/** Monotonic clock, microseconds, read anew at each call. */
int64_t tp_now_us(void);

int tp_watch_add(struct tp_loop *loop, struct tp_watch *watch, uint32_t events);
void tp_watch_events(struct tp_loop *loop, struct tp_watch *watch, uint32_t events);
void tp_watch_remove(struct tp_loop *loop, struct tp_watch *watch);

/** (Re)starts the timer to fire at `due_us`. */
void tp_timer_at(struct tp_loop *loop, struct tp_timer *timer, int64_t due_us);
void tp_timer_stop(struct tp_loop *loop, struct tp_timer *timer);

#endif

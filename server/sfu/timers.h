/**
 * A worker's timers: a binary heap of deadlines, so that an idle thousand of peers costs nothing.
 *
 * A timer is embedded in its owner. It fires once: `fire` is called with it out of the heap, and may arm it again.
 * Setting one allocates only when more are armed than ever before. Thread: the worker's.
 */
#ifndef HOPKIN_SFU_TIMERS_H
#define HOPKIN_SFU_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t at_us;
	uint32_t place;         /* in the heap, from 1; 0: not armed */
	void (*fire)(struct timer *timer, int64_t now_us);
};

struct timers {
	struct timer **heap;    /* heap[1…count] */
	uint32_t count, room;
};

int timers_init(struct timers *timers, uint32_t room);          /* 0 or -ENOMEM */
void timers_free(struct timers *timers);

/** Arm or move. Out of memory: the timer stays as it was (-ENOMEM). */
int timer_set(struct timers *timers, struct timer *timer, int64_t at_us);
/** Arm, or move forward only: the cheap call for every packet. */
int timer_sooner(struct timers *timers, struct timer *timer, int64_t at_us);
void timer_cancel(struct timers *timers, struct timer *timer);  /* harmless if not armed */

/** Fire all that are due. */
void timers_run(struct timers *timers, int64_t now_us);
int64_t timers_next(const struct timers *timers);               /* INT64_MAX: none */

#endif

/**
 * One thread's event loop: epoll, and a deadline with microsecond precision.
 *
 *     while (running) loop_run(loop, deadline_us);      (calls ready() of each source that is ready, then returns)
 *
 * Level-triggered. A source may be removed, also by another source's ready(): it is then not called any more.
 * Thread: the one that made it.
 */
#ifndef HOPKIN_NET_LOOP_H
#define HOPKIN_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_GONE = 4 };      /* GONE: error or hang-up; reported unasked */

/* Embedded in its owner; borrowed by the loop while added. */
struct loop_source {
	int fd;
	void (*ready)(struct loop_source *source, unsigned events);
};

struct loop;

int loop_create(struct loop **out);                     /* 0 or -errno */
void loop_destroy(struct loop *loop);                   /* NULL is fine; sources stay their owners' */

int loop_add(struct loop *loop, struct loop_source *source, unsigned events);
int loop_change(struct loop *loop, struct loop_source *source, unsigned events);
void loop_remove(struct loop *loop, struct loop_source *source);        /* before its fd is closed */

/** Wait until something is ready or clock_now_us() reaches `deadline_us` (in the past: only look). Returns how many were ready. */
unsigned loop_run(struct loop *loop, int64_t deadline_us);

#endif

#include "tp_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256 };

struct tp_loop {
	int epoll;
	bool stopped;
	struct tp_timer **heap;         /* 1-based: the least `due_us` at 1 */
	size_t count, room;
	struct epoll_event events[BATCH];
	int ready, at;                  /* the batch being handed out */
};

int64_t tp_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int tp_loop_create(struct tp_loop **out)
{
	struct tp_loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return -ENOMEM;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return -errno;
	}
	*out = loop;
	return 0;
}

void tp_loop_destroy(struct tp_loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll);
	free(loop->heap);
	free(loop);
}

void tp_loop_stop(struct tp_loop *loop)
{
	loop->stopped = true;
}

/* -- descriptors -- */

int tp_watch_add(struct tp_loop *loop, struct tp_watch *watch, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = watch };
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &ev) ? -errno : 0;
}

void tp_watch_events(struct tp_loop *loop, struct tp_watch *watch, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = watch };
	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &ev);
}

void tp_watch_remove(struct tp_loop *loop, struct tp_watch *watch)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = loop->at; i < loop->ready; i++)    /* its owner may be freed: forget what is left of the batch */
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

/* -- timers -- */

static void put(struct tp_loop *loop, size_t slot, struct tp_timer *timer)
{
	loop->heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct tp_loop *loop, struct tp_timer *timer, size_t slot)
{
	while (slot > 1 && loop->heap[slot / 2]->due_us > timer->due_us) {
		put(loop, slot, loop->heap[slot / 2]);
		slot /= 2;
	}
	put(loop, slot, timer);
}

static void sift_down(struct tp_loop *loop, struct tp_timer *timer, size_t slot)
{
	for (;;) {
		size_t child = slot * 2;
		if (child > loop->count)
			break;
		if (child < loop->count && loop->heap[child + 1]->due_us < loop->heap[child]->due_us)
			child++;
		if (loop->heap[child]->due_us >= timer->due_us)
			break;
		put(loop, slot, loop->heap[child]);
		slot = child;
	}
	put(loop, slot, timer);
}

void tp_timer_stop(struct tp_loop *loop, struct tp_timer *timer)
{
	if (!timer->slot)
		return;
	size_t slot = timer->slot;
	struct tp_timer *last = loop->heap[loop->count--];
	timer->slot = 0;
	if (last == timer)
		return;
	sift_up(loop, last, slot);
	sift_down(loop, last, last->slot);
}

void tp_timer_at(struct tp_loop *loop, struct tp_timer *timer, int64_t due_us)
{
	tp_timer_stop(loop, timer);
	if (loop->count + 1 >= loop->room) {
		size_t room = loop->room ? loop->room * 2 : 64;
		struct tp_timer **heap = realloc(loop->heap, room * sizeof *heap);
		if (!heap)
			abort();        /* a test tool without memory has nothing left to test */
		loop->heap = heap;
		loop->room = room;
	}
	timer->due_us = due_us;
	sift_up(loop, timer, ++loop->count);
}

static int run_timers(struct tp_loop *loop)
{
	while (loop->count) {
		struct tp_timer *first = loop->heap[1];
		int64_t wait_us = first->due_us - tp_now_us();
		if (wait_us > 0)
			return (int)(wait_us / 1000) + 1;
		tp_timer_stop(loop, first);
		first->on_due(first);
		if (loop->stopped)
			return 0;
	}
	return -1;
}

static void turn(struct tp_loop *loop, int most_ms)
{
	int timeout_ms = run_timers(loop);
	if (loop->stopped)
		return;
	if (most_ms >= 0 && (timeout_ms < 0 || timeout_ms > most_ms))
		timeout_ms = most_ms;
	loop->ready = epoll_wait(loop->epoll, loop->events, BATCH, timeout_ms);
	for (loop->at = 0; loop->at < loop->ready && !loop->stopped; ) {
		struct epoll_event *ev = &loop->events[loop->at++];
		struct tp_watch *watch = ev->data.ptr;
		if (watch)
			watch->on_ready(watch, ev->events);
	}
	loop->ready = 0;
}

void tp_loop_run(struct tp_loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		turn(loop, -1);
}

void tp_loop_turn(struct tp_loop *loop, int most_ms)
{
	loop->stopped = false;
	turn(loop, most_ms);
}

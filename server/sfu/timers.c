#include "timers.h"

#include <errno.h>
#include <stdlib.h>

int timers_init(struct timers *t, uint32_t room)
{
	*t = (struct timers){ .heap = calloc(room + 1, sizeof *t->heap), .room = room };
	return t->heap ? 0 : -ENOMEM;
}

void timers_free(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){ 0 };
}

static void place(struct timers *t, struct timer *timer, uint32_t at)
{
	t->heap[at] = timer;
	timer->place = at;
}

static void sift_up(struct timers *t, struct timer *timer, uint32_t at)
{
	while (at > 1 && t->heap[at / 2]->at_us > timer->at_us) {
		place(t, t->heap[at / 2], at);
		at /= 2;
	}
	place(t, timer, at);
}

static void sift_down(struct timers *t, struct timer *timer, uint32_t at)
{
	for (;;) {
		uint32_t child = 2 * at;
		if (child > t->count)
			break;
		if (child < t->count && t->heap[child + 1]->at_us < t->heap[child]->at_us)
			child++;
		if (t->heap[child]->at_us >= timer->at_us)
			break;
		place(t, t->heap[child], at);
		at = child;
	}
	place(t, timer, at);
}

static int grow(struct timers *t)
{
	uint32_t room = t->room ? 2 * t->room : 64;
	struct timer **heap = realloc(t->heap, (room + 1) * sizeof *heap);
	if (!heap)
		return -ENOMEM;
	t->heap = heap;
	t->room = room;
	return 0;
}

int timer_set(struct timers *t, struct timer *timer, int64_t at_us)
{
	if (!timer->place) {
		if (t->count == t->room && grow(t) != 0)
			return -ENOMEM;
		timer->at_us = at_us;
		t->count++;
		sift_up(t, timer, t->count);
		return 0;
	}
	int64_t before = timer->at_us;
	timer->at_us = at_us;
	if (at_us < before)
		sift_up(t, timer, timer->place);
	else
		sift_down(t, timer, timer->place);
	return 0;
}

int timer_sooner(struct timers *t, struct timer *timer, int64_t at_us)
{
	if (at_us == INT64_MAX || (timer->place && timer->at_us <= at_us))
		return 0;
	return timer_set(t, timer, at_us);
}

void timer_cancel(struct timers *t, struct timer *timer)
{
	uint32_t at = timer->place;
	if (!at)
		return;
	timer->place = 0;
	struct timer *last = t->heap[t->count--];
	if (last == timer)
		return;
	if (at > 1 && t->heap[at / 2]->at_us > last->at_us)
		sift_up(t, last, at);
	else
		sift_down(t, last, at);
}

void timers_run(struct timers *t, int64_t now_us)
{
	/* One that arms itself again for a time already past waits for the next call: a turn always ends. */
	for (uint32_t most = t->count; most && t->count && t->heap[1]->at_us <= now_us; most--) {
		struct timer *timer = t->heap[1];
		timer_cancel(t, timer);
		timer->fire(timer, now_us);
	}
}

int64_t timers_next(const struct timers *t)
{
	return t->count ? t->heap[1]->at_us : INT64_MAX;
}

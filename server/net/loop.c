#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { EVENTS = 64 };   /* taken from the kernel at once */

struct loop {
	int fd;
	unsigned count, next;                   /* events being delivered */
	struct epoll_event event[EVENTS];
};

int loop_create(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		return -ENOMEM;
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->fd < 0) {
		int err = -errno;
		free(loop);
		return err;
	}
	*out = loop;
	return 0;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->fd);
	free(loop);
}

static int control(struct loop *loop, int what, struct loop_source *source, unsigned events)
{
	struct epoll_event event = { .data.ptr = source,
		.events = (events & LOOP_IN ? EPOLLIN : 0u) | (events & LOOP_OUT ? EPOLLOUT : 0u) };
	return epoll_ctl(loop->fd, what, source->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_source *source, unsigned events)
{
	return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, unsigned events)
{
	return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	control(loop, EPOLL_CTL_DEL, source, 0);
	for (unsigned i = loop->next; i < loop->count; i++)     /* it may be in this round, still to be called */
		if (loop->event[i].data.ptr == source)
			loop->event[i].data.ptr = NULL;
}

static int wait_until(struct loop *loop, int64_t deadline_us)
{
	int64_t left_us = deadline_us == INT64_MAX ? INT64_MAX : deadline_us - clock_now_us();
	if (left_us < 0)
		left_us = 0;
	if (left_us > INT64_C(3600000000))
		left_us = INT64_C(3600000000);  /* an hour: looked at again then */
	struct timespec left = { .tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000 };
	return epoll_pwait2(loop->fd, loop->event, EVENTS, &left, NULL);
}

unsigned loop_run(struct loop *loop, int64_t deadline_us)
{
	int got = wait_until(loop, deadline_us);
	if (got <= 0)
		return 0;       /* time is up, or a signal */
	loop->count = (unsigned)got;
	for (loop->next = 0; loop->next < loop->count;) {
		struct epoll_event *event = &loop->event[loop->next++];
		struct loop_source *source = event->data.ptr;
		if (!source)
			continue;
		unsigned events = (event->events & EPOLLIN ? LOOP_IN : 0u) | (event->events & EPOLLOUT ? LOOP_OUT : 0u) |
			(event->events & (EPOLLERR | EPOLLHUP) ? LOOP_GONE : 0u);
		source->ready(source, events);
	}
	loop->count = loop->next = 0;
	return (unsigned)got;
}

#include "accept_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	SILENCE_MS = 3000,              /* design: a client that says nothing for so long is closed */
	FULL_PAUSE_MS = 50,             /* out of descriptors: look again after this */
	EVENTS = 64,
};

/* A connection that has not spoken yet; in a list by age, since all wait equally long. */
struct waiting {
	struct waiting *older, *younger;
	int64_t until_ms;
	struct accepted what;
};

struct accept_thread {
	pthread_t thread;
	int epoll, stop_fd;
	int listeners[ACCEPT_LISTENERS_MOST];
	size_t mains, count;
	struct waiting *oldest, *youngest;
	size_t waiting;
	void (*wake)(void *arg);
	void *arg;
	pthread_mutex_t lock;           /* of what follows */
	struct accepted ready[ACCEPT_WAITING_MOST];
	size_t ready_first, ready_count;
	struct accept_counters counters;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void count(struct accept_thread *t, uint64_t *counter)
{
	pthread_mutex_lock(&t->lock);
	++*counter;
	pthread_mutex_unlock(&t->lock);
}

/* -- the list of those who wait --------------------------------------------------------------------------------------- */

static void unlist(struct accept_thread *t, struct waiting *w)
{
	*(w->older ? &w->older->younger : &t->oldest) = w->younger;
	*(w->younger ? &w->younger->older : &t->youngest) = w->older;
	t->waiting--;
	free(w);
}

static void drop(struct accept_thread *t, struct waiting *w, uint64_t *counter)
{
	count(t, counter);
	close(w->what.fd);
	unlist(t, w);
}

static void hand_over(struct accept_thread *t, struct waiting *w)
{
	epoll_ctl(t->epoll, EPOLL_CTL_DEL, w->what.fd, NULL);
	pthread_mutex_lock(&t->lock);
	bool room = t->ready_count < ACCEPT_WAITING_MOST;
	if (room)
		t->ready[(t->ready_first + t->ready_count++) % ACCEPT_WAITING_MOST] = w->what;
	pthread_mutex_unlock(&t->lock);
	if (!room) {
		drop(t, w, &t->counters.full);
		return;
	}
	unlist(t, w);
	t->wake(t->arg);
}

static void spoken(struct accept_thread *t, struct waiting *w)
{
	uint8_t first;
	ssize_t n = recv(w->what.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 && first == 0x16) {
		hand_over(t, w);
	} else if (n == 1 && first <= 0x05 && w->what.kind == ACCEPTED_TLS) {
		w->what.kind = ACCEPTED_MEDIA;
		hand_over(t, w);
	} else {
		drop(t, w, &t->counters.refused);
	}
}

/* -- accepting -------------------------------------------------------------------------------------------------------- */

static void begin(struct accept_thread *t, int fd, enum accepted_kind kind, const struct sockaddr_storage *from)
{
	struct waiting *w = t->waiting < ACCEPT_WAITING_MOST ? calloc(1, sizeof *w) : NULL;
	if (!w) {
		count(t, &t->counters.full);
		close(fd);
		return;
	}
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	w->what = (struct accepted){ .fd = fd, .kind = kind, .from = *from };
	w->until_ms = now_ms() + SILENCE_MS;
	w->older = t->youngest;
	*(t->youngest ? &t->youngest->younger : &t->oldest) = w;
	t->youngest = w;
	t->waiting++;
	count(t, &t->counters.accepted);
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = w };
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e))
		drop(t, w, &t->counters.full);
}

/* @return false: out of descriptors */
static bool accept_all(struct accept_thread *t, size_t listener)
{
	for (;;) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof from;
		int fd = accept4(t->listeners[listener], (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			begin(t, fd, listener < t->mains ? ACCEPTED_TLS : ACCEPTED_ADMIN_TLS, &from);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return false;
		else if (errno != ECONNABORTED && errno != EINTR)
			return true;
	}
}

static int next_timeout(struct accept_thread *t)
{
	int64_t now = now_ms();
	while (t->oldest && t->oldest->until_ms <= now)
		drop(t, t->oldest, &t->counters.silent);
	return t->oldest ? (int)(t->oldest->until_ms - now) : -1;
}

static void *thread_main(void *arg)
{
	struct accept_thread *t = arg;
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(t->epoll, events, EVENTS, next_timeout(t));
		bool full = false;
		/* First those that have come before: a listener's turn may free nothing that a later event of this round names. */
		for (int i = 0; i < n; i++) {
			uintptr_t tag = (uintptr_t)events[i].data.ptr;
			if (tag == 1)
				return NULL;
			if (!(tag & 1))
				spoken(t, events[i].data.ptr);
		}
		for (int i = 0; i < n; i++) {
			uintptr_t tag = (uintptr_t)events[i].data.ptr;
			if (tag & 1)
				full |= !accept_all(t, (tag >> 1) - 1);
		}
		if (full)
			nanosleep(&(struct timespec){ .tv_nsec = FULL_PAUSE_MS * 1000000L }, NULL);
	}
}

/* -- the interface ---------------------------------------------------------------------------------------------------- */

/* Pointers are even: odd tags are the stop descriptor (1) and the listeners (3, 5, …). */
static int watch(struct accept_thread *t, int fd, uintptr_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = (void *)tag };
	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int accept_thread_start(struct accept_thread **out, const int *main, size_t mains, const int *admin, size_t admins,
	void (*wake)(void *arg), void *arg)
{
	if (mains + admins > ACCEPT_LISTENERS_MOST)
		return -EINVAL;
	struct accept_thread *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->wake = wake;
	t->arg = arg;
	t->mains = mains;
	t->count = mains + admins;
	pthread_mutex_init(&t->lock, NULL);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->stop_fd = eventfd(0, EFD_CLOEXEC);
	int err = t->epoll < 0 || t->stop_fd < 0 ? -errno : watch(t, t->stop_fd, 1);
	for (size_t i = 0; i < t->count && !err; i++) {
		t->listeners[i] = i < mains ? main[i] : admin[i - mains];
		fcntl(t->listeners[i], F_SETFL, fcntl(t->listeners[i], F_GETFL) | O_NONBLOCK);
		err = watch(t, t->listeners[i], (i + 1) * 2 + 1);
	}
	if (!err)
		err = -pthread_create(&t->thread, NULL, thread_main, t);
	if (err) {
		close(t->epoll);
		close(t->stop_fd);
		pthread_mutex_destroy(&t->lock);
		free(t);
		return err;
	}
	*out = t;
	return 0;
}

void accept_thread_stop(struct accept_thread *t)
{
	if (!t)
		return;
	uint64_t one = 1;
	ssize_t n = write(t->stop_fd, &one, sizeof one);
	(void)n;
	pthread_join(t->thread, NULL);
	while (t->oldest)
		drop(t, t->oldest, &t->counters.silent);
	for (struct accepted a; accept_thread_take(t, &a);)
		close(a.fd);
	close(t->epoll);
	close(t->stop_fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

bool accept_thread_take(struct accept_thread *t, struct accepted *out)
{
	pthread_mutex_lock(&t->lock);
	bool any = t->ready_count > 0;
	if (any) {
		*out = t->ready[t->ready_first];
		t->ready_first = (t->ready_first + 1) % ACCEPT_WAITING_MOST;
		t->ready_count--;
	}
	pthread_mutex_unlock(&t->lock);
	return any;
}

void accept_thread_counters(struct accept_thread *t, struct accept_counters *out)
{
	pthread_mutex_lock(&t->lock);
	*out = t->counters;
	pthread_mutex_unlock(&t->lock);
}

#include "accept_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "list.h"

enum {
	EVENTS = 64,
	TLS_HANDSHAKE = 0x16,           /* content type of RFC 8446 §5.1 */
	FRAME_LENGTH_HIGH_MOST = 0x05,  /* 1500 bytes at most: see RFC 7983 and RFC 4571 §2 */
};

/* What an epoll event belongs to: kind in the top byte, generation, index. */
enum event_kind { EVENT_STOP, EVENT_LISTENER, EVENT_WAITING };

struct waiting {
	struct list link;               /* in `queue`, oldest first, or in `free` */
	int fd;
	bool admin;
	uint32_t generation;            /* an event of an earlier holder of this slot is told by it */
	int64_t until_us;
};

struct listener { int fd; bool admin; };

struct accept_thread {
	pthread_t thread;
	int epoll, stop, spare;         /* spare: closed for a moment when descriptors run out */
	struct inbox *inbox;
	accept_fn *on_accept;
	void *owner;
	struct listener listeners[ACCEPT_LISTENERS_MOST];
	size_t listener_count;
	struct list queue, free;
	struct waiting slots[ACCEPT_WAITING_MOST];
	struct accept_stats stats;
};

/* A connection on its way to the signaling thread. */
struct taken {
	accept_fn *on_accept;
	void *owner;
	enum accept_kind kind;
	int fd;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void tally(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static uint64_t event_data(enum event_kind kind, uint32_t generation, size_t index)
{
	return (uint64_t)kind << 56 | (uint64_t)(generation & 0xffffffu) << 32 | (uint32_t)index;
}

/* -- those who wait ----------------------------------------------------------------------------------------------- */

static void slot_free(struct accept_thread *t, struct waiting *w)
{
	w->fd = -1;
	w->generation++;
	list_remove(&w->link);
	list_add_tail(&t->free, &w->link);
}

static void slot_close(struct accept_thread *t, struct waiting *w, uint64_t *counter)
{
	tally(counter);
	close(w->fd);
	slot_free(t, w);
}

static struct waiting *slot_take(struct accept_thread *t)
{
	if (list_empty(&t->free))
		slot_close(t, list_entry(list_first(&t->queue), struct waiting, link), &t->stats.evicted);
	struct waiting *w = list_entry(list_first(&t->free), struct waiting, link);
	list_remove(&w->link);
	list_add_tail(&t->queue, &w->link);
	return w;
}

static void drop_silent(struct accept_thread *t)
{
	int64_t now = now_us();
	while (!list_empty(&t->queue)) {
		struct waiting *w = list_entry(list_first(&t->queue), struct waiting, link);
		if (w->until_us > now)
			return;
		slot_close(t, w, &t->stats.silent);
	}
}

static int wait_ms(const struct accept_thread *t)
{
	if (list_empty(&t->queue))
		return -1;
	int64_t left = list_entry(list_first(&t->queue), struct waiting, link)->until_us - now_us();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

/* -- handing over -------------------------------------------------------------------------------------------------- */

static void arrive(void *arg)
{
	struct taken *taken = arg;
	taken->on_accept(taken->owner, taken->kind, taken->fd);
	free(taken);
}

static void hand_over(struct accept_thread *t, struct waiting *w, enum accept_kind kind)
{
	struct taken *taken = malloc(sizeof *taken);
	if (taken)
		*taken = (struct taken){ t->on_accept, t->owner, kind, w->fd };
	epoll_ctl(t->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	tally(kind == ACCEPT_MEDIA ? &t->stats.media : &t->stats.tls);
	if (!taken || inbox_post(t->inbox, arrive, taken)) {
		free(taken);
		close(w->fd);
	}
	slot_free(t, w);
}

static void look_at_first_byte(struct accept_thread *t, struct waiting *w)
{
	uint8_t first;
	ssize_t got = recv(w->fd, &first, 1, MSG_PEEK);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == 1 && first == TLS_HANDSHAKE)
		hand_over(t, w, w->admin ? ACCEPT_TLS_ADMIN : ACCEPT_TLS_MAIN);
	else if (got == 1 && first <= FRAME_LENGTH_HIGH_MOST && !w->admin)
		hand_over(t, w, ACCEPT_MEDIA);
	else
		slot_close(t, w, &t->stats.odd);
}

/* -- accepting ------------------------------------------------------------------------------------------------------ */

static void add_waiting(struct accept_thread *t, int fd, bool admin)
{
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct waiting *w = slot_take(t);
	w->fd = fd;
	w->admin = admin;
	w->until_us = now_us() + ACCEPT_SILENCE_US;
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = event_data(EVENT_WAITING, w->generation, (size_t)(w - t->slots)) };
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event))
		slot_close(t, w, &t->stats.odd);
}

/* Out of descriptors, a connection would stay in the backlog and wake us for ever: take it with the spare one and close it. */
static void refuse_one(struct accept_thread *t, int listener)
{
	tally(&t->stats.out_of_descriptors);
	close(t->spare);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	t->spare = eventfd(0, EFD_CLOEXEC);
}

static void accept_some(struct accept_thread *t, const struct listener *listener)
{
	for (int i = 0; i < EVENTS; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			refuse_one(t, listener->fd);
		if (fd < 0)
			return;
		tally(&t->stats.accepted);
		add_waiting(t, fd, listener->admin);
	}
}

/* False: asked to stop. */
static bool on_event(struct accept_thread *t, uint64_t data)
{
	size_t index = (uint32_t)data;
	switch ((enum event_kind)(data >> 56)) {
	case EVENT_STOP:
		return false;
	case EVENT_LISTENER:
		accept_some(t, &t->listeners[index]);
		break;
	case EVENT_WAITING:
		if ((t->slots[index].generation & 0xffffffu) == (data >> 32 & 0xffffffu))
			look_at_first_byte(t, &t->slots[index]);
		break;
	}
	return true;
}

static void *accept_main(void *arg)
{
	struct accept_thread *t = arg;
	for (;;) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(t->epoll, events, EVENTS, wait_ms(t));
		for (int i = 0; i < count; i++)
			if (!on_event(t, events[i].data.u64))
				return NULL;
		drop_silent(t);
	}
}

/* -- life ----------------------------------------------------------------------------------------------------------- */

static int watch(struct accept_thread *t, int fd, uint64_t data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = data };
	return fd < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int add_listeners(struct accept_thread *t, const int *fds, size_t count, bool admin)
{
	for (size_t i = 0; i < count; i++) {
		if (t->listener_count == ACCEPT_LISTENERS_MOST)
			return -E2BIG;
		t->listeners[t->listener_count] = (struct listener){ fds[i], admin };
		int err = watch(t, fds[i], event_data(EVENT_LISTENER, 0, t->listener_count++));
		if (err)
			return err;
	}
	return 0;
}

static void accept_thread_free(struct accept_thread *t)
{
	for (size_t i = 0; i < ACCEPT_WAITING_MOST; i++)
		if (t->slots[i].fd >= 0)
			close(t->slots[i].fd);
	const int own[] = { t->epoll, t->stop, t->spare };
	for (size_t i = 0; i < 3; i++)
		if (own[i] >= 0)
			close(own[i]);
	free(t);
}

int accept_thread_start(struct accept_thread **out, const int *mains, size_t main_count, const int *admins, size_t admin_count,
	struct inbox *inbox, accept_fn *on_accept, void *owner)
{
	struct accept_thread *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->inbox = inbox;
	t->on_accept = on_accept;
	t->owner = owner;
	list_init(&t->queue);
	list_init(&t->free);
	for (size_t i = 0; i < ACCEPT_WAITING_MOST; i++) {
		t->slots[i].fd = -1;
		list_add_tail(&t->free, &t->slots[i].link);
	}
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->spare = eventfd(0, EFD_CLOEXEC);
	int err = t->epoll < 0 || t->spare < 0 ? -errno : watch(t, t->stop, event_data(EVENT_STOP, 0, 0));
	if (!err)
		err = add_listeners(t, mains, main_count, false);
	if (!err)
		err = add_listeners(t, admins, admin_count, true);
	if (!err)
		err = -pthread_create(&t->thread, NULL, accept_main, t);
	if (err) {
		accept_thread_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void accept_thread_stop(struct accept_thread *t)
{
	if (!t)
		return;
	eventfd_write(t->stop, 1);
	pthread_join(t->thread, NULL);
	accept_thread_free(t);
}

void accept_thread_stats(const struct accept_thread *t, struct accept_stats *out)
{
	const uint64_t *from = (const uint64_t *)&t->stats;
	uint64_t *to = (uint64_t *)out;
	for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

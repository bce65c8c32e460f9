#include "control_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd_message.h"
#include "list.h"
#include "log.h"

enum {
	QUEUE_MAX = 8 * 1024 * 1024,            /* bytes waiting for a slow reader */
	MESSAGES_A_TURN = 64,
};

/* Bytes that the socket would not take yet. */
struct waiting { struct waiting *next; size_t len; char bytes[]; };

struct control_link {
	struct loop *loop;
	struct counters *counters;
	control_link_fn *on_message;
	void *owner;
	struct loop_source source;
	int fd;                         /* -1: none */
	bool greeted;
	struct waiting *first, *last;
	size_t waiting_bytes;
	struct control_message in, out;
	char buffer[CONTROL_MESSAGE_MAX];
};

int control_link_create(struct control_link **out, struct loop *loop, struct counters *counters, control_link_fn *on_message, void *owner)
{
	struct control_link *l = calloc(1, sizeof *l);

	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->counters = counters;
	l->on_message = on_message;
	l->owner = owner;
	l->fd = -1;
	*out = l;
	return 0;
}

static void drop_waiting(struct control_link *l)
{
	while (l->first) {
		struct waiting *w = l->first;
		l->first = w->next;
		free(w);
	}
	l->last = NULL;
	l->waiting_bytes = 0;
}

static void close_link(struct control_link *l)
{
	if (l->fd < 0)
		return;
	loop_remove(l->loop, &l->source);
	close(l->fd);
	l->fd = -1;
	l->greeted = false;
	drop_waiting(l);
	log_info("link.closed");
}

void control_link_destroy(struct control_link *l)
{
	if (!l)
		return;
	close_link(l);
	free(l);
}

/* -- out ------------------------------------------------------------------------------------------------------------------ */

struct control_message *control_link_out(struct control_link *l)
{
	return &l->out;
}

void control_link_greeted(struct control_link *l)
{
	l->greeted = true;
}

bool control_link_listens(const struct control_link *l)
{
	return l->greeted;
}

static void keep_waiting(struct control_link *l, size_t len)
{
	struct waiting *w = l->waiting_bytes + len <= QUEUE_MAX ? malloc(sizeof *w + len) : NULL;

	if (!w) {
		count(l->counters, COUNTER_link_event_dropped);
		return;
	}
	w->next = NULL;
	w->len = len;
	memcpy(w->bytes, l->buffer, len);
	if (l->last)
		l->last->next = w;
	else
		l->first = w;
	l->last = w;
	l->waiting_bytes += len;
	loop_change(l->loop, &l->source, LOOP_IN | LOOP_OUT);
}

static void flush(struct control_link *l)
{
	while (l->first) {
		struct waiting *w = l->first;
		if (fd_message_send(l->fd, w->bytes, w->len, -1) == -EAGAIN)
			return;
		l->first = w->next;
		l->waiting_bytes -= w->len;
		free(w);
	}
	l->last = NULL;
	loop_change(l->loop, &l->source, LOOP_IN);
}

void control_link_send(struct control_link *l)
{
	size_t len;

	if (l->fd < 0 || !(len = control_encode(&l->out, l->buffer, sizeof l->buffer)))
		return;
	if (l->first || fd_message_send(l->fd, l->buffer, len, -1) == -EAGAIN)
		keep_waiting(l, len);
}

void control_link_ok(struct control_link *l, uint64_t id)
{
	l->out.type = CONTROL_OK;
	l->out.id = id;
	control_link_send(l);
}

void control_link_error(struct control_link *l, uint64_t id, enum control_code code)
{
	l->out.type = CONTROL_ERROR;
	l->out.id = id;
	l->out.u.error.code = code;
	control_link_send(l);
}

/* -- in ------------------------------------------------------------------------------------------------------------------- */

static void refuse(struct control_link *l, uint64_t id)
{
	count(l->counters, COUNTER_link_bad);
	control_link_error(l, id, CONTROL_CODE_BAD_MESSAGE);
}

static void take(struct control_link *l, size_t len, int fd)
{
	bool taken = false;

	if (control_decode(&l->in, l->buffer, len)) {
		count(l->counters, COUNTER_link_messages);
		taken = l->on_message(l->owner, &l->in, fd);
	} else {
		refuse(l, l->in.id);
	}
	if (fd >= 0 && !taken)
		close(fd);
}

static void on_ready(struct loop_source *source, unsigned events)
{
	struct control_link *l = list_entry(source, struct control_link, source);

	if (events & LOOP_OUT)
		flush(l);
	for (unsigned i = 0; i < MESSAGES_A_TURN && l->fd >= 0; i++) {
		int fd = -1;
		long n = fd_message_receive(l->fd, l->buffer, sizeof l->buffer, &fd);
		if (n == -EAGAIN)
			return;
		if (n == -EMSGSIZE) {
			refuse(l, 0);
		} else if (n <= 0) {
			close_link(l);
		} else {
			take(l, (size_t)n, fd);
		}
	}
}

void control_link_never_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void control_link_adopt(struct control_link *l, int fd)
{
	close_link(l);
	control_link_never_block(fd);
	l->fd = fd;
	l->source = (struct loop_source){ fd, on_ready };
	if (loop_add(l->loop, &l->source, LOOP_IN) != 0) {
		close(fd);
		l->fd = -1;
		return;
	}
	log_info("link.open");
}

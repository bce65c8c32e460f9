#include "tcp_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet_path.h"
#include "packet_pool.h"
#include "tcp_conn.h"
#include "tcp_frame.h"
#include "worker.h"

struct tcp_link {
	struct loop_source source;
	struct worker *worker;
	struct tcp_conn *conn;          /* owned */
	bool writing;                   /* epoll is asked for room */
	struct timer timer;             /* until proved */
	struct tcp_frames frames;
};

enum { CONN_SEQUENCE = (1 << 24) - 1, READS_A_TURN = 16 };

static void close_unproved(struct timer *timer, int64_t now_us)
{
	struct tcp_link *l = list_entry(timer, struct tcp_link, timer);

	(void)now_us;
	count(&l->worker->counters, COUNTER_tcp_idle_closed);
	tcp_link_close(l);
}

static void want_room(struct tcp_link *l)
{
	bool waiting = tcp_conn_waiting(l->conn);

	if (waiting == l->writing)
		return;
	l->writing = waiting;
	loop_change(l->worker->loop, &l->source, waiting ? LOOP_IN | LOOP_OUT : LOOP_IN);
}

static void take_frame(struct tcp_link *l, const uint8_t *bytes, uint16_t len)
{
	struct worker *w = l->worker;
	struct packet *packet = packet_pool_get(w->pool);

	count(&w->counters, COUNTER_tcp_rx_frames);
	if (!packet) {
		count(&w->counters, COUNTER_pool_exhausted);
		return;
	}
	memcpy(packet->data, bytes, len);
	packet->len = len;
	packet->path = *tcp_conn_path(l->conn);
	packet->arrival_us = w->now_us;
	packet_path_receive(w, packet);
	packet_unref(packet);
}

/* False: the connection is over. */
static bool read_frames(struct tcp_link *l)
{
	for (unsigned i = 0; i < READS_A_TURN; i++) {
		const uint8_t *frame;
		uint8_t *into;
		uint16_t len;
		size_t room = tcp_frames_space(&l->frames, &into);
		int n = tcp_conn_read(l->conn, into, room);
		if (n == 0)
			return true;
		if (n < 0)
			return false;
		tcp_frames_filled(&l->frames, (size_t)n);
		while (tcp_frames_next(&l->frames, &frame, &len))
			take_frame(l, frame, len);
		if (l->frames.broken) {
			count(&l->worker->counters, COUNTER_tcp_bad_frame);
			return false;
		}
	}
	return true;
}

static void on_ready(struct loop_source *source, unsigned events)
{
	struct tcp_link *l = list_entry(source, struct tcp_link, source);

	if (((events & LOOP_OUT) && tcp_conn_flush(l->conn) != 0) ||
	    ((events & (LOOP_IN | LOOP_GONE)) && !read_frames(l)) || (events & LOOP_GONE)) {
		tcp_link_close(l);
		return;
	}
	want_room(l);
	worker_flush(l->worker);
}

/* The local address that the connection came to is unknown by index here: media answers on the connection itself. */
int tcp_link_open(struct worker *w, int fd)
{
	struct tcp_link *l = map_count(w->conns) < WORKER_TCP_MAX ? calloc(1, sizeof *l) : NULL;
	int err;

	if (!l) {
		close(fd);
		count(&w->counters, COUNTER_tcp_refused);
		return -ENOMEM;
	}
	w->conn_next = (w->conn_next & CONN_SEQUENCE) + 1;
	uint32_t id = (uint32_t)w->index << 24 | (w->conn_next & CONN_SEQUENCE);
	l->worker = w;
	l->timer.fire = close_unproved;
	err = tcp_conn_create(&l->conn, fd, 0, id);
	if (err) {
		free(l);
		return err;
	}
	l->source = (struct loop_source){ tcp_conn_fd(l->conn), on_ready };
	err = map_put_u32(w->conns, id, l);
	if (!err)
		err = loop_add(w->loop, &l->source, LOOP_IN);
	if (!err)
		err = timer_set(&w->timers, &l->timer, w->now_us + TCP_PROVE_US);
	if (err) {
		tcp_link_close(l);
		return err;
	}
	count(&w->counters, COUNTER_tcp_accepted);
	return 0;
}

static void tell_path_gone(struct worker *w, const struct path *path)
{
	struct peer *peer = map_get_path(w->paths, path);

	if (!peer)
		return;
	if (peer->home == PEER_ELSEWHERE) {
		const struct traffic_path head = { .peer = peer->id, .path = *path, .gone = true };
		worker_post(w, peer->owner, TRAFFIC_PATH, &head, sizeof head, NULL, 0);
	}
	peer_on_path_gone(peer, path, w->now_us);
}

void tcp_link_close(struct tcp_link *l)
{
	struct worker *w = l->worker;
	struct path path = *tcp_conn_path(l->conn);

	timer_cancel(&w->timers, &l->timer);
	loop_remove(w->loop, &l->source);
	map_remove_u32(w->conns, path.conn);
	tcp_conn_destroy(l->conn);
	free(l);
	count(&w->counters, COUNTER_tcp_closed);
	tell_path_gone(w, &path);
}

void tcp_link_close_all(struct worker *w)
{
	struct map_walk walk = map_walk(w->conns);
	struct tcp_link *l;

	while ((l = map_next(w->conns, &walk)))
		tcp_link_close(l);
}

void tcp_link_send(struct worker *w, const struct path *path, const uint8_t *bytes, uint16_t len)
{
	struct tcp_link *l = map_get_u32(w->conns, path->conn);

	if (!l)
		return;
	if (!tcp_conn_send(l->conn, bytes, len)) {
		count(&w->counters, COUNTER_tcp_queue_full);
		return;
	}
	count(&w->counters, COUNTER_tcp_tx_frames);
	want_room(l);
}

void tcp_link_proved(struct worker *w, const struct path *path)
{
	struct tcp_link *l = map_get_u32(w->conns, path->conn);
	if (l)
		timer_cancel(&w->timers, &l->timer);
}

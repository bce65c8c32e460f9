#include "worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "packet_path.h"
#include "tcp_link.h"
#include "worker_mail.h"

enum {
	RECEIVE_BATCHES = 4,            /* of one socket in one turn: others wait no longer than that */
	EVENTS = 4096,                  /* mailbox slots of the control thread */
	PEERS_EXPECTED = 256,           /* first size of the maps; they grow when people join, not per packet */
};

/* -- mailboxes --------------------------------------------------------------------------------------------------------------------- */

#define SLOT(head, tail) (((sizeof(head) + 7u) & ~(size_t)7) + (tail))

int post_create(struct post *post, uint16_t workers)
{
	int err = 0;

	*post = (struct post){ .workers = workers };
	for (uint16_t i = 0; i < workers && !err; i++) {
		err = mailbox_create(&post->orders[i], WORKER_ORDERS, (uint32_t)SLOT(struct order_dtls_out, DTLS_MTU));
		if (!err)
			err = mailbox_create(&post->traffic[i], WORKER_TRAFFIC, (uint32_t)SLOT(struct traffic_packet, PACKET_ROOM + 64));
	}
	if (!err)
		err = mailbox_create(&post->events, EVENTS, (uint32_t)sizeof(struct event_seats));
	if (err)
		post_destroy(post);
	return err;
}

void post_destroy(struct post *post)
{
	for (uint16_t i = 0; i < post->workers; i++) {
		mailbox_destroy(post->orders[i]);
		mailbox_destroy(post->traffic[i]);
	}
	mailbox_destroy(post->events);
	*post = (struct post){ 0 };
}

void order_post(struct mailbox *box, enum order kind, const void *head, size_t len)
{
	while (!mailbox_post(box, kind, head, len, NULL, 0))
		usleep(1000);           /* the worker is behind by a thousand orders: it is the one to wait for */
}

bool worker_post(struct worker *w, uint16_t to, enum order kind, const void *head, size_t head_len, const void *tail, size_t tail_len)
{
	bool posted = to < w->post->workers && mailbox_post(w->post->traffic[to], kind, head, head_len, tail, tail_len);

	count(&w->counters, posted ? COUNTER_mailbox_posted : COUNTER_mailbox_full);
	return posted;
}

void worker_tell(struct worker *w, enum order event, const void *head, size_t len)
{
	if (mailbox_post(w->post->events, event, head, len, NULL, 0))
		count(&w->counters, COUNTER_link_events);
	else
		count(&w->counters, COUNTER_link_event_dropped);
}

/* -- sockets -------------------------------------------------------------------------------------------------------------------------------- */

static void on_socket(struct loop_source *source, unsigned events)
{
	struct worker_socket *s = list_entry(source, struct worker_socket, source);
	struct worker *w = s->worker;
	struct packet *packets[UDP_BATCH];
	bool more = true;

	(void)events;
	for (unsigned i = 0; more && i < RECEIVE_BATCHES; i++) {
		w->now_us = clock_now_us();
		unsigned n = udp_socket_receive(s->udp, w->pool, w->now_us, &w->counters, packets, &more);
		for (unsigned k = 0; k < n; k++) {
			packet_path_receive(w, packets[k]);
			packet_unref(packets[k]);
		}
		/* What came together goes out together; nothing waits for another batch. */
		worker_flush(w);
	}
}

static void on_mail(struct loop_source *source, unsigned events)
{
	(void)source;                   /* it only woke the loop: the next turn takes the mail */
	(void)events;
}

void worker_flush(struct worker *w)
{
	fanout_run(w);
	train_close(w);
	udp_batch_send(w->batch);
}

uint8_t *worker_slot(struct worker *w)
{
	train_close(w);
	return udp_batch_slot(w->batch);
}

void worker_send(struct worker *w, const struct path *to, uint8_t *bytes, uint16_t len)
{
	if (to->kind != PATH_TCP) {
		udp_batch_add(w->batch, to, len);
		return;
	}
	if (tcp_link_worker(to) == w->index) {
		tcp_link_send(w, to, bytes, len);
		return;
	}
	const struct traffic_out head = { *to };
	worker_post(w, tcp_link_worker(to), TRAFFIC_OUT, &head, sizeof head, bytes, len);
}

uint32_t worker_new_source(struct worker *w)
{
	if (!++w->source_next)
		w->source_next = 1;
	return w->source_next;
}

/* -- a turn ------------------------------------------------------------------------------------------------------------------------------------ */

static void settle(struct worker *w)
{
	struct list *at;

	while ((at = list_first(&w->dirty)))
		room_settle(list_entry(at, struct room, dirty), w->now_us);
}

void worker_turn(struct worker *w, int64_t deadline_us)
{
	w->now_us = clock_now_us();
	worker_take_orders(w);
	bool more = worker_take_traffic(w);
	worker_flush(w);                /* what others sent does not wait for timers */
	timers_run(&w->timers, w->now_us);
	settle(w);
	worker_flush(w);

	int64_t next = timers_next(&w->timers);
	if (next < deadline_us)
		deadline_us = next;
	bool orders = mailbox_sleep(w->post->orders[w->index]), traffic = mailbox_sleep(w->post->traffic[w->index]);
	if (more || w->stop || !orders || !traffic)
		deadline_us = 0;
	loop_run(w->loop, deadline_us);
	mailbox_awake(w->post->orders[w->index]);
	mailbox_awake(w->post->traffic[w->index]);
	settle(w);
	worker_flush(w);
}

void worker_run(struct worker *w)
{
	while (!w->stop)
		worker_turn(w, INT64_MAX);
}

/* -- life --------------------------------------------------------------------------------------------------------------------------------------- */

static int open_sockets(struct worker *w, const struct worker_config *c)
{
	int err = 0;

	for (unsigned i = 0; i < c->locals; i++) {
		struct worker_socket *s = &w->sockets[i];
		if (err) {
			close(c->sockets[i]);
			continue;
		}
		err = udp_socket_create(&s->udp, c->sockets[i], (uint8_t)i);
		if (err)
			continue;
		udp_socket_set_trains(s->udp, !c->no_trains);
		w->udp[i] = s->udp;
		w->locals = i + 1;
		s->worker = w;
		s->source = (struct loop_source){ udp_socket_fd(s->udp), on_socket };
		err = loop_add(w->loop, &s->source, LOOP_IN);
	}
	return err ? err : udp_batch_create(&w->batch, w->udp, w->locals, &w->counters);
}

static int make_maps(struct worker *w)
{
	int err = map_create(&w->rooms, MAP_BY_U32, PEERS_EXPECTED, MAP_GROWS);

	if (!err)
		err = map_create(&w->peers, MAP_BY_U32, PEERS_EXPECTED, MAP_GROWS);
	if (!err)
		err = map_create(&w->paths, MAP_BY_PATH, 4 * PEERS_EXPECTED, MAP_GROWS);
	if (!err)
		err = map_create(&w->ufrags, MAP_BY_STRING, PEERS_EXPECTED, MAP_GROWS);
	if (!err)
		err = map_create(&w->conns, MAP_BY_U32, PEERS_EXPECTED, MAP_GROWS);
	return err;
}

static int open_mailboxes(struct worker *w)
{
	w->orders_ready = (struct loop_source){ mailbox_fd(w->post->orders[w->index]), on_mail };
	w->traffic_ready = (struct loop_source){ mailbox_fd(w->post->traffic[w->index]), on_mail };
	int err = loop_add(w->loop, &w->orders_ready, LOOP_IN);
	return err ? err : loop_add(w->loop, &w->traffic_ready, LOOP_IN);
}

int worker_create(struct worker **out, const struct worker_config *c)
{
	struct worker *w = aligned_alloc(64, (sizeof *w + 63) & ~(size_t)63);

	if (!w) {
		for (unsigned i = 0; i < c->locals; i++)
			close(c->sockets[i]);
		return -ENOMEM;
	}
	memset(w, 0, sizeof *w);
	w->index = c->index;
	w->post = c->post;
	w->now_us = clock_now_us();
	list_init(&w->dirty);
	int err = loop_create(&w->loop);
	if (!err)
		err = open_sockets(w, c);
	if (!err)
		err = packet_pool_create(&w->pool, c->packets ? c->packets : WORKER_PACKETS);
	if (!err)
		err = ice_stun_create(&w->stun);
	if (!err)
		err = timers_init(&w->timers, 4 * PEERS_EXPECTED);
	if (!err)
		err = make_maps(w);
	if (!err)
		err = open_mailboxes(w);
	w->people = calloc(SEATS_PEOPLE_MAX, sizeof *w->people);
	if (!err && !w->people)
		err = -ENOMEM;
	if (err) {
		worker_destroy(w);
		return err;
	}
	*out = w;
	return 0;
}

/* Orders nobody will take any more may own memory. */
static void drop_orders(struct worker *w)
{
	struct mail *mail;

	while ((mail = mailbox_next(w->post->orders[w->index]))) {
		if (mail->kind == ORDER_PEER_ADD || mail->kind == ORDER_PEER_UPDATE)
			peer_config_destroy(((const struct order_config *)(const void *)mail->bytes)->config);
		if (mail->kind == ORDER_TCP)
			close(((const struct order_tcp *)(const void *)mail->bytes)->fd);
		mailbox_done_wiped(w->post->orders[w->index]);
	}
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->conns)
		tcp_link_close_all(w);
	if (w->rooms) {
		struct map_walk walk = map_walk(w->rooms);
		struct room *room;
		while ((room = map_next(w->rooms, &walk)))
			room_destroy(room);
	}
	drop_orders(w);
	map_destroy(w->rooms);
	map_destroy(w->peers);
	map_destroy(w->paths);
	map_destroy(w->ufrags);
	map_destroy(w->conns);
	timers_free(&w->timers);
	ice_stun_destroy(w->stun);
	udp_batch_destroy(w->batch);
	for (unsigned i = 0; i < w->locals; i++)
		udp_socket_destroy(w->udp[i]);
	packet_pool_destroy(w->pool);
	loop_destroy(w->loop);
	free(w->people);
	free(w);
}

#include "worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "packet_path.h"
#include "tcp_link.h"

enum {
	RECEIVE_BATCHES = 4,            /* of one socket in one turn: others wait no longer than that */
	TRAFFIC_A_TURN = 512,
	EVENTS = 8192,                  /* mailbox slots of the control thread */
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

/* -- orders --------------------------------------------------------------------------------------------------------------------------- */

static struct room *room_of(struct worker *w, const struct peer_config *c)
{
	struct room *room = map_get_u32(w->rooms, c->room);

	if (room || room_create(&room, w, c->room, c->home) != 0)
		return room;
	if (map_put_u32(w->rooms, c->room, room) != 0) {
		room_destroy(room);
		return NULL;
	}
	return room;
}

static void leave_if_empty(struct worker *w, struct room *room)
{
	if (!list_empty(&room->peers))
		return;
	map_remove_u32(w->rooms, room->id);
	room_destroy(room);
}

static void peer_refused(struct worker *w, uint32_t peer)
{
	const struct event_closed event = { peer, CONTROL_CLOSE_DTLS };
	worker_tell(w, EVENT_CLOSED, &event, sizeof event);
}

static void on_peer_add(struct worker *w, struct peer_config *config)
{
	uint32_t id = config->peer;
	struct room *room = room_of(w, config);
	struct peer *peer;

	if (!room) {
		peer_config_destroy(config);
		peer_refused(w, id);
		return;
	}
	if (peer_create(&peer, w, room, config, w->now_us) != 0) {
		peer_refused(w, id);
		leave_if_empty(w, room);
		return;
	}
	count(&w->counters, COUNTER_peers_added);
}

static void on_peer_remove(struct worker *w, struct peer *peer)
{
	struct room *room = peer->room;

	peer_destroy(peer);
	count(&w->counters, COUNTER_peers_closed);
	leave_if_empty(w, room);
}

static struct peer_figures figures_of(const struct peer *p)
{
	int64_t rtt_us = p->viewer->rtt_us >= 0 ? p->viewer->rtt_us : ice_rtt_us(p->ice);

	return (struct peer_figures){
		.peer = p->id, .rtt_us = rtt_us > 0 ? (uint32_t)rtt_us : 0, .rx_packets = p->publisher->rx_packets,
		.rx_bytes = p->publisher->rx_bytes, .tx_packets = p->viewer->tx_packets, .tx_bytes = p->viewer->tx_bytes,
		.lost = publisher_lost(p->publisher),
	};
}

static void on_figures(struct worker *w, const struct order_figures *asked)
{
	struct room *room = map_get_u32(w->rooms, asked->room);
	struct event_figures event = { .token = asked->token };

	if (room)
		event.peers = calloc(CONTROL_STATS_PEERS_MAX, sizeof *event.peers);
	if (event.peers) {
		list_each(at, &room->peers) {
			const struct peer *p = list_entry(at, struct peer, in_room);
			if (p->home == PEER_HERE && event.count < CONTROL_STATS_PEERS_MAX)
				event.peers[event.count++] = figures_of(p);
		}
	}
	while (!mailbox_post(w->post->events, EVENT_FIGURES, &event, sizeof event, NULL, 0) && !w->stop) {
		free(event.peers);      /* the control thread asks again */
		count(&w->counters, COUNTER_link_event_dropped);
		return;
	}
}

static void send_dtls(struct worker *w, const struct order_dtls_out *head, const uint8_t *bytes, uint16_t len)
{
	uint8_t *slot = udp_batch_slot(w->batch);

	memcpy(slot, bytes, len);
	worker_send(w, &head->path, slot, len);
	count(&w->counters, COUNTER_dtls_tx);
}

static struct peer *peer_by_id(struct worker *w, const void *head)
{
	return map_get_u32(w->peers, *(const uint32_t *)head);  /* each of these structs begins with it */
}

static void on_order(struct worker *w, const struct mail *mail)
{
	const void *head = mail->bytes;
	const struct order_allowed *allowed = head;
	const struct order_level *level = head;
	struct peer *peer;

	switch ((enum order)mail->kind) {
	case ORDER_PEER_ADD:
		on_peer_add(w, ((const struct order_config *)head)->config);
		return;
	case ORDER_PEER_UPDATE: {
		struct peer_config *update = ((const struct order_config *)head)->config;
		if ((peer = map_get_u32(w->peers, update->peer)))
			peer_on_update(peer, update, w->now_us);
		else
			peer_config_destroy(update);
		return;
	}
	case ORDER_TCP:
		tcp_link_open(w, ((const struct order_tcp *)head)->fd);
		return;
	case ORDER_FIGURES:
		on_figures(w, head);
		return;
	case ORDER_STOP:
		w->stop = true;
		return;
	default:
		break;
	}
	if (!(peer = peer_by_id(w, head)))
		return;
	switch ((enum order)mail->kind) {
	case ORDER_PEER_REMOVE:
		on_peer_remove(w, peer);
		break;
	case ORDER_PEER_OWNER:
		if (peer->home == PEER_WAITING)
			peer_on_owner(peer, (uint16_t)((const struct order_peer *)head)->worker, w->now_us);
		break;
	case ORDER_PEER_ALLOWED:
		peer_on_allowed(peer, allowed->on, allowed->blocked, w->now_us);
		break;
	case ORDER_PEER_VIEW:
		if (peer->home == PEER_HERE) {
			viewer_on_view(peer->viewer, head);
			room_seats_changed(peer->room);
		}
		break;
	case ORDER_KEYS:
		peer_on_keys(peer, head, w->now_us);
		break;
	case ORDER_DTLS_OUT:
		send_dtls(w, head, mail_tail(mail), mail->tail_len);
		break;
	case ORDER_LEVEL:
		count(&w->counters, COUNTER_level_decoded);
		if (peer->home == PEER_HERE)
			room_on_level(peer, level->level, true, w->now_us);
		break;
	default:
		break;
	}
}

/* -- traffic -------------------------------------------------------------------------------------------------------------------------------- */

/* A copy of what was posted, in a packet of this worker's. */
static struct packet *packet_from(struct worker *w, const struct mail *mail)
{
	struct packet *packet = packet_pool_get(w->pool);

	if (!packet) {
		count(&w->counters, COUNTER_pool_exhausted);
		return NULL;
	}
	memcpy(packet->data, mail_tail(mail), mail->tail_len);
	packet->len = mail->tail_len;
	return packet;
}

static void on_datagram(struct worker *w, const struct mail *mail)
{
	const struct traffic_datagram *head = (const void *)mail->bytes;
	struct packet *packet = packet_from(w, mail);

	if (!packet)
		return;
	packet->path = head->path;
	packet->arrival_us = head->arrival_us;
	packet_path_receive_handed(w, packet, head);
	packet_unref(packet);
}

static void on_packet(struct worker *w, const struct mail *mail)
{
	const struct traffic_packet *head = (const void *)mail->bytes;
	struct packet *packet = packet_from(w, mail);

	if (!packet)
		return;
	packet_path_receive_opened(w, packet, head);
	packet_unref(packet);
}

static struct track *track_by(struct worker *w, uint32_t peer_id, uint8_t source)
{
	struct peer *peer = map_get_u32(w->peers, peer_id);
	return peer ? peer->tracks[source] : NULL;
}

static void on_want(struct worker *w, const struct traffic_want *want, bool keyframe)
{
	struct track *t = track_by(w, want->peer, want->source);

	if (!t || t->peer->home != PEER_HERE)
		return;
	if (!keyframe) {
		track_on_want(t, want->from, want->layers);
		return;
	}
	for (uint8_t i = 0; i < t->layer_count; i++) {
		if (want->layers >> i & 1)
			track_ask_keyframe(t, i, w->now_us);
	}
}

static void on_track(struct worker *w, const struct traffic_track *head)
{
	struct track *t = track_by(w, head->peer, head->source);
	bool changed = false;

	if (!t || t->peer->home != PEER_ELSEWHERE)
		return;
	for (uint8_t i = 0; i < t->layer_count; i++) {
		changed |= t->layers[i].info.active != head->layers[i].active || t->layers[i].info.height != head->layers[i].height;
		t->layers[i].info = head->layers[i];
	}
	if (changed)
		room_layers_changed(t->peer->room);
}

static void on_clock(struct worker *w, const struct traffic_clock *head)
{
	struct track *t = track_by(w, head->peer, head->source);

	if (!t || t->peer->home != PEER_ELSEWHERE || head->layer >= t->layer_count)
		return;
	t->peer->clock = head->publisher;
	t->layers[head->layer].clock = head->stream;
}

static void on_path(struct worker *w, const struct traffic_path *head)
{
	struct peer *peer = map_get_u32(w->peers, head->peer);
	if (peer && head->gone)
		peer_on_path_gone(peer, &head->path, w->now_us);
	else if (peer)
		peer_on_path(peer, &head->path, head->proven);
}

static void on_traffic(struct worker *w, const struct mail *mail)
{
	const void *head = mail->bytes;
	struct room *room;

	count(&w->counters, COUNTER_mailbox_taken);
	switch ((enum order)mail->kind) {
	case TRAFFIC_DATAGRAM:
		on_datagram(w, mail);
		break;
	case TRAFFIC_PATH:
		on_path(w, head);
		break;
	case TRAFFIC_PACKET:
		on_packet(w, mail);
		break;
	case TRAFFIC_WANT:
		on_want(w, head, false);
		break;
	case TRAFFIC_KEYFRAME:
		on_want(w, head, true);
		break;
	case TRAFFIC_TRACK:
		on_track(w, head);
		break;
	case TRAFFIC_CLOCK:
		on_clock(w, head);
		break;
	case TRAFFIC_LEVEL:
		if ((room = map_get_u32(w->rooms, ((const struct traffic_level *)head)->room)))
			room_on_remote_level(room, head, w->now_us);
		break;
	case TRAFFIC_SPEAKERS:
		if ((room = map_get_u32(w->rooms, ((const struct traffic_speakers *)head)->room)))
			room_on_speakers(room, head);
		break;
	case TRAFFIC_OUT:
		tcp_link_send(w, &((const struct traffic_out *)head)->path, mail_tail(mail), mail->tail_len);
		break;
	default:
		break;
	}
}

void worker_take_orders(struct worker *w)
{
	struct mail *mail;

	while ((mail = mailbox_next(w->post->orders[w->index]))) {
		on_order(w, mail);
		if (mail->kind == ORDER_KEYS)
			mailbox_done_wiped(w->post->orders[w->index]);
		else
			mailbox_done(w->post->orders[w->index]);
	}
}

/* True: more is waiting. */
static bool take_traffic(struct worker *w)
{
	struct mailbox *box = w->post->traffic[w->index];
	struct mail *mail;

	for (unsigned i = 0; i < TRAFFIC_A_TURN; i++) {
		if (!(mail = mailbox_next(box)))
			return false;
		on_traffic(w, mail);
		mailbox_done(box);
	}
	return true;
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
		udp_batch_send(w->batch);
	}
}

static void on_mail(struct loop_source *source, unsigned events)
{
	(void)source;                   /* it only woke the loop: the next turn takes the mail */
	(void)events;
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
	bool more = take_traffic(w);
	timers_run(&w->timers, w->now_us);
	settle(w);
	udp_batch_send(w->batch);

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
	udp_batch_send(w->batch);
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

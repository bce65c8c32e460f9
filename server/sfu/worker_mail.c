#include "worker_mail.h"

#include <stdlib.h>
#include <string.h>

#include "packet_path.h"
#include "tcp_link.h"
#include "worker.h"

enum { TRAFFIC_A_TURN = 512 };

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
	if (!mailbox_post(w->post->events, EVENT_FIGURES, &event, sizeof event, NULL, 0)) {
		free(event.peers);      /* the answer goes out without this part */
		count(&w->counters, COUNTER_link_event_dropped);
	}
}

static void send_dtls(struct worker *w, const struct order_dtls_out *head, const uint8_t *bytes, uint16_t len)
{
	uint8_t *slot = worker_slot(w);

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

bool worker_take_traffic(struct worker *w)
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

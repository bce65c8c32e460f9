#include <stdlib.h>
#include <string.h>

#include "control_thread_internal.h"
#include "log.h"

/* The message to fill, or NULL while nobody listens. */
struct control_message *control_begin_event(struct control_thread *c, enum control_type type)
{
	struct control_message *m = control_link_out(c->link);

	m->type = type;
	m->id = 0;
	return control_link_listens(c->link) ? m : NULL;
}

void control_say_closed(struct control_thread *c, const struct known_peer *p, enum control_close_reason reason)
{
	struct control_message *m = control_begin_event(c, CONTROL_PEER_CLOSED);

	log_info("peer.closed", log_str("room", p->room->name), log_str("peer", p->name),
		log_str("reason", control_close_reason_name(reason)));
	if (!m)
		return;
	strcpy(m->u.peer_closed.peer, p->name);
	m->u.peer_closed.reason = reason;
	control_link_send(c->link);
}

/* Every occupied seat: for a signaling process that remembers nothing. */
void control_say_all_seats(struct control_thread *c, const struct known_peer *p)
{
	struct control_message *m = control_begin_event(c, CONTROL_SEATS);
	uint8_t n = 0;

	if (!m)
		return;
	strcpy(m->u.seats.peer, p->name);
	for (uint8_t i = 0; i < CONTROL_SEATS_MAX; i++) {
		if (!p->seats[i])
			continue;
		m->u.seats.seats[n].seat = i;
		m->u.seats.seats[n++].number = p->seats[i];
	}
	m->u.seats.count = n;
	if (n)
		control_link_send(c->link);
}

/* -- what other threads tell ---------------------------------------------------------------------------------------------------- */

static void on_connected(struct control_thread *c, struct known_peer *p, const struct event_connected *e)
{
	struct control_message *m = control_begin_event(c, CONTROL_PEER_CONNECTED);
	const struct order_peer head = { p->id, e->worker };
	bool first = !p->connected;

	p->connected = true;
	p->worker = e->worker;
	for (uint16_t i = 0; first && i < c->config.post->workers; i++) {
		if (i != e->worker)
			order_post(c->config.post->orders[i], ORDER_PEER_OWNER, &head, sizeof head);
	}
	if (first && p->view)
		order_post(c->config.post->orders[p->worker], ORDER_PEER_VIEW, p->view, sizeof *p->view);
	free(p->view);
	p->view = NULL;
	log_info("peer.connected", log_str("room", p->room->name), log_str("peer", p->name), log_uint("number", p->number),
		log_str("via", control_via_name((enum control_via)e->via)), log_uint("worker", e->worker));
	if (!m)
		return;
	strcpy(m->u.peer_connected.peer, p->name);
	m->u.peer_connected.via = (enum control_via)e->via;
	control_link_send(c->link);
}

static void on_seats(struct control_thread *c, struct known_peer *p, const struct event_seats *e)
{
	struct control_message *m = control_begin_event(c, CONTROL_SEATS);

	for (uint8_t i = 0; i < e->count; i++)
		p->seats[e->seats[i].seat] = e->seats[i].number;
	if (!m)
		return;
	strcpy(m->u.seats.peer, p->name);
	m->u.seats.count = e->count;
	for (uint8_t i = 0; i < e->count; i++) {
		m->u.seats.seats[i].seat = e->seats[i].seat;
		m->u.seats.seats[i].number = e->seats[i].number;
	}
	control_link_send(c->link);
}

static void on_speakers(struct control_thread *c, const struct traffic_speakers *e)
{
	struct control_message *m = control_begin_event(c, CONTROL_SPEAKERS);
	const struct known_room *r = registry_room_by_id(&c->registry, e->room);

	if (!r || !m)
		return;
	strcpy(m->u.speakers.room, r->name);
	m->u.speakers.order_count = e->order_count;
	m->u.speakers.speaking_count = e->speaking_count;
	memcpy(m->u.speakers.order, e->order, sizeof e->order);
	memcpy(m->u.speakers.speaking, e->speaking, sizeof e->speaking);
	control_link_send(c->link);
}

static void on_stalled(struct control_thread *c, const struct known_peer *p, const struct event_stalled *e)
{
	struct control_message *m = control_begin_event(c, CONTROL_PEER_STALLED);

	log_info(e->stalled ? "peer.stalled" : "peer.resumed", log_str("room", p->room->name), log_str("peer", p->name));
	if (!m)
		return;
	strcpy(m->u.peer_stalled.peer, p->name);
	m->u.peer_stalled.stalled = e->stalled;
	control_link_send(c->link);
}

static void on_closed(struct control_thread *c, struct known_peer *p, const struct event_closed *e)
{
	control_say_closed(c, p, (enum control_close_reason)e->reason);
	control_peer_forget(c, p);
}

static void on_peer_event(struct control_thread *c, const struct mail *mail)
{
	const void *head = mail->bytes;
	struct known_peer *p = registry_peer_by_id(&c->registry, *(const uint32_t *)head);      /* each begins with it */

	if (!p)
		return;
	if (mail->kind == EVENT_CONNECTED)
		on_connected(c, p, head);
	else if (mail->kind == EVENT_CLOSED)
		on_closed(c, p, head);
	else if (mail->kind == EVENT_STALLED)
		on_stalled(c, p, head);
	else if (mail->kind == EVENT_SEATS)
		on_seats(c, p, head);
}

void control_take_events(struct control_thread *c)
{
	struct mail *mail;

	while ((mail = mailbox_next(c->config.post->events))) {
		const void *head = mail->bytes;
		if (mail->kind == EVENT_SPEAKERS)
			on_speakers(c, head);
		else if (mail->kind == EVENT_FIGURES)
			figures_on_event(&c->figures, head);
		else
			on_peer_event(c, mail);
		mailbox_done(c->config.post->events);
	}
}

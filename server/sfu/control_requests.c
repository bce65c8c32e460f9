#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control_thread_internal.h"
#include "log.h"
#include "peer_config.h"

/* -- to the workers ---------------------------------------------------------------------------------------------------------- */

static void to_all(struct control_thread *c, enum order kind, const void *head, size_t len)
{
	for (uint16_t i = 0; i < c->config.post->workers; i++)
		order_post(c->config.post->orders[i], kind, head, len);
}

/* Out of every thread's mind. */
void control_peer_forget(struct control_thread *c, struct known_peer *p)
{
	const struct order_peer head = { p->id, 0 };

	to_all(c, ORDER_PEER_REMOVE, &head, sizeof head);
	while (c->config.post->handshake && !handshake_remove(c->config.post->handshake, p->id))
		usleep(1000);
	registry_peer_remove(&c->registry, p);
}

/* A block of its own for each worker. False: out of memory; some may have it. */
static bool post_config(struct control_thread *c, const struct known_peer *p, enum order kind, const struct control_peer_add *from,
	uint8_t has)
{
	for (uint16_t i = 0; i < c->config.post->workers; i++) {
		struct order_config head = { peer_config_create(from, has) };
		if (!head.config)
			return false;
		head.config->peer = p->id;
		head.config->number = p->number;
		head.config->room = p->room->id;
		head.config->home = p->room->home;
		order_post(c->config.post->orders[i], kind, &head, sizeof head);
	}
	return true;
}

static void post_allowed(struct control_thread *c, const struct known_peer *p)
{
	const struct order_allowed head = { p->id, p->on, p->blocked };
	to_all(c, ORDER_PEER_ALLOWED, &head, sizeof head);
}

/* -- the link's begin ---------------------------------------------------------------------------------------------------------- */

static void on_hello(struct control_thread *c, const struct control_message *in)
{
	struct control_message *m = control_link_out(c->link);

	if (in->u.hello.version != CONTROL_VERSION) {
		control_link_error(c->link, in->id, CONTROL_CODE_BAD_VERSION);
		return;
	}
	m->type = CONTROL_WELCOME;
	m->id = in->id;
	strcpy(m->u.welcome.epoch, c->epoch);
	strcpy(m->u.welcome.fingerprint, handshake_fingerprint(c->config.post->handshake));
	m->u.welcome.workers = c->config.post->workers;
	control_link_greeted(c->link);
	control_link_send(c->link);
}

static void on_snapshot(struct control_thread *c, const struct control_message *in)
{
	struct map_walk walk = map_walk(c->registry.peers);
	const struct known_peer *p;
	struct control_message *m;

	control_link_ok(c->link, in->id);
	while ((p = map_next(c->registry.peers, &walk))) {
		if (!(m = control_begin_event(c, CONTROL_SNAPSHOT_PEER)))
			return;
		strcpy(m->u.snapshot_peer.room, p->room->name);
		strcpy(m->u.snapshot_peer.peer, p->name);
		strcpy(m->u.snapshot_peer.tag, p->tag);
		m->u.snapshot_peer.number = p->number;
		m->u.snapshot_peer.connected = p->connected;
		control_link_send(c->link);
		control_say_all_seats(c, p);
	}
	if (control_begin_event(c, CONTROL_SNAPSHOT_END))
		control_link_send(c->link);
}

/* -- rooms and peers ------------------------------------------------------------------------------------------------------------- */

static void on_room_open(struct control_thread *c, const struct control_message *in)
{
	const char *name = in->u.room.room;

	if (registry_room(&c->registry, name)) {
		control_link_ok(c->link, in->id);
	} else if (map_count(c->registry.rooms) >= CONTROL_ROOMS_MAX) {
		control_link_error(c->link, in->id, CONTROL_CODE_TOO_MANY);
	} else if (!registry_room_add(&c->registry, name, c->config.post->workers)) {
		control_link_error(c->link, in->id, CONTROL_CODE_NO_MEMORY);
	} else {
		log_info("room.opened", log_str("room", name));
		control_link_ok(c->link, in->id);
	}
}

static void on_room_close(struct control_thread *c, const struct control_message *in)
{
	struct known_room *r = registry_room(&c->registry, in->u.room.room);

	if (r) {
		list_each_safe(at, &r->peers)
			control_peer_forget(c, list_entry(at, struct known_peer, in_room));
		log_info("room.closed", log_str("room", r->name));
		registry_room_remove(&c->registry, r);
	}
	control_link_ok(c->link, in->id);
}

static void on_peer_add(struct control_thread *c, const struct control_message *in)
{
	const struct control_peer_add *add = &in->u.peer_add;
	struct known_room *r = registry_room(&c->registry, add->room);
	struct known_peer *p = registry_peer(&c->registry, add->peer);

	if (!r) {
		control_link_error(c->link, in->id, CONTROL_CODE_NO_ROOM);
		return;
	}
	if (p)
		control_peer_forget(c, p);
	if (map_count(c->registry.peers) >= CONTROL_PEERS_MAX) {
		control_link_error(c->link, in->id, CONTROL_CODE_TOO_MANY);
		return;
	}
	p = registry_peer_add(&c->registry, r, add, clock_now_us());
	if (!p || !post_config(c, p, ORDER_PEER_ADD, add, PEER_HAS_ICE | PEER_HAS_EXT | PEER_HAS_PAYLOADS | PEER_HAS_SENDS |
	    PEER_HAS_SEATS)) {
		if (p)
			control_peer_forget(c, p);
		control_link_error(c->link, in->id, CONTROL_CODE_NO_MEMORY);
		return;
	}
	while (c->config.post->handshake && !handshake_add(c->config.post->handshake, p->id, add->fingerprint))
		usleep(1000);
	log_info("peer.added", log_str("room", r->name), log_str("peer", p->name), log_uint("number", p->number));
	control_link_ok(c->link, in->id);
}

static uint8_t parts_of(const struct control_peer_update *u)
{
	return (uint8_t)((u->has_ice ? PEER_HAS_ICE : 0) | (u->has_ext ? PEER_HAS_EXT : 0) |
		(u->has_payloads ? PEER_HAS_PAYLOADS : 0) | (u->has_sends ? PEER_HAS_SENDS : 0) |
		(u->has_seats ? PEER_HAS_SEATS : 0));
}

static void on_peer_update(struct control_thread *c, const struct control_message *in, struct known_peer *p)
{
	const struct control_peer_update *u = &in->u.peer_update;
	uint8_t has = parts_of(u);

	if ((u->has_tag && !registry_peer_tag(p, u->what.tag)) || (has && !post_config(c, p, ORDER_PEER_UPDATE, &u->what, has)))
		control_link_error(c->link, in->id, CONTROL_CODE_NO_MEMORY);
	else
		control_link_ok(c->link, in->id);
}

static void on_peer_view(struct control_thread *c, const struct control_message *in, struct known_peer *p)
{
	const struct control_peer_view *from = &in->u.peer_view;
	struct order_view head;

	memset(&head, 0, sizeof head);
	head.peer = p->id;
	head.pin_count = from->pin_count;
	head.want_count = from->want_count;
	head.height_count = from->height_count;
	memcpy(head.pins, from->pins, sizeof head.pins);
	memcpy(head.wants, from->wants, sizeof head.wants);
	memcpy(head.heights, from->heights, sizeof head.heights);
	if (p->connected) {
		order_post(c->config.post->orders[p->worker], ORDER_PEER_VIEW, &head, sizeof head);
	} else {
		if (!p->view)
			p->view = malloc(sizeof *p->view);
		if (p->view)
			*p->view = head;
	}
	control_link_ok(c->link, in->id);
}

static uint8_t bits(bool mic, bool camera, bool screen, bool screen_audio)
{
	return (uint8_t)(mic << CONTROL_MIC | camera << CONTROL_CAMERA | screen << CONTROL_SCREEN | screen_audio << CONTROL_SCREEN_AUDIO);
}

static void on_peer_state(struct control_thread *c, const struct control_message *in, struct known_peer *p)
{
	const struct control_peer_state *s = &in->u.peer_state;

	p->on = bits(s->mic, s->camera, s->screen, s->screen_audio);
	post_allowed(c, p);
	control_link_ok(c->link, in->id);
}

static void on_peer_block(struct control_thread *c, const struct control_message *in, struct known_peer *p)
{
	const struct control_peer_block *b = &in->u.peer_block;

	p->blocked = bits(b->mic, b->camera, b->screen, b->screen);
	post_allowed(c, p);
	log_info("peer.blocked", log_str("room", p->room->name), log_str("peer", p->name), log_bool("mic", b->mic),
		log_bool("camera", b->camera), log_bool("screen", b->screen));
	control_link_ok(c->link, in->id);
}

static void on_peer_remove(struct control_thread *c, const struct control_message *in)
{
	struct known_peer *p = registry_peer(&c->registry, in->u.peer.peer);

	if (p) {
		log_info("peer.removed", log_str("room", p->room->name), log_str("peer", p->name));
		control_peer_forget(c, p);
	}
	control_link_ok(c->link, in->id);
}

/* -- the rest, and who does what --------------------------------------------------------------------------------------------------- */

/* True: the descriptor is a worker's now. */
static bool on_tcp(struct control_thread *c, const struct control_message *in, int fd)
{
	const struct order_tcp head = { fd };

	if (fd < 0) {
		control_link_error(c->link, in->id, CONTROL_CODE_BAD_MESSAGE);
		return false;
	}
	c->next_tcp = (uint16_t)((c->next_tcp + 1) % c->config.post->workers);
	order_post(c->config.post->orders[c->next_tcp], ORDER_TCP, &head, sizeof head);
	control_link_ok(c->link, in->id);
	return true;
}

static void on_stats(struct control_thread *c, const struct control_message *in)
{
	const char *name = in->u.stats.room;
	figures_ask(&c->figures, in->id, *name ? registry_room(&c->registry, name) : NULL, clock_now_us());
}

/* Requests that speak of a peer which must be there. */
static void on_peer_request(struct control_thread *c, const struct control_message *in, const char *name)
{
	struct known_peer *p = registry_peer(&c->registry, name);

	if (!p)
		control_link_error(c->link, in->id, CONTROL_CODE_NO_PEER);
	else if (in->type == CONTROL_PEER_UPDATE)
		on_peer_update(c, in, p);
	else if (in->type == CONTROL_PEER_VIEW)
		on_peer_view(c, in, p);
	else if (in->type == CONTROL_PEER_STATE)
		on_peer_state(c, in, p);
	else
		on_peer_block(c, in, p);
}

bool control_on_request(void *owner, const struct control_message *in, int fd)
{
	struct control_thread *c = owner;

	switch (in->type) {
	case CONTROL_HELLO:
		on_hello(c, in);
		break;
	case CONTROL_SNAPSHOT:
		on_snapshot(c, in);
		break;
	case CONTROL_ROOM_OPEN:
		on_room_open(c, in);
		break;
	case CONTROL_ROOM_CLOSE:
		on_room_close(c, in);
		break;
	case CONTROL_PEER_ADD:
		on_peer_add(c, in);
		break;
	case CONTROL_PEER_REMOVE:
		on_peer_remove(c, in);
		break;
	case CONTROL_PEER_UPDATE:
		on_peer_request(c, in, in->u.peer_update.what.peer);
		break;
	case CONTROL_PEER_VIEW:
		on_peer_request(c, in, in->u.peer_view.peer);
		break;
	case CONTROL_PEER_STATE:
		on_peer_request(c, in, in->u.peer_state.peer);
		break;
	case CONTROL_PEER_BLOCK:
		on_peer_request(c, in, in->u.peer_block.peer);
		break;
	case CONTROL_TCP:
		return on_tcp(c, in, fd);
	case CONTROL_STATS:
		on_stats(c, in);
		break;
	default:                        /* an answer or event: media asks nothing */
		count(&c->counters, COUNTER_link_bad);
		control_link_error(c->link, in->id, CONTROL_CODE_BAD_MESSAGE);
		break;
	}
	return false;
}

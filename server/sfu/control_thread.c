#include "control_thread.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control_link.h"
#include "fd_message.h"
#include "figures.h"
#include "log.h"
#include "peer_config.h"
#include "rand.h"
#include "registry.h"

#define FIRST_CHECK_US 60000000         /* a peer that was added and never came */
#define SCAN_US 1000000

enum { PARENT_MESSAGE_MAX = 1024 };     /* bytes: a word of the launcher's */

struct control_thread {
	bool stop;
	struct control_config config;
	struct counters counters;
	const struct counters *all_counters[WORKERS_MAX + 1];   /* the workers' and these */
	struct loop *loop;
	struct loop_source parent, events;
	struct control_link *link;
	struct registry registry;
	struct figures figures;
	control_name epoch;
	uint16_t next_tcp;
	int64_t scan_us;
};

/* -- to the workers ---------------------------------------------------------------------------------------------------------- */

static void to_all(struct control_thread *c, enum order kind, const void *head, size_t len)
{
	for (uint16_t i = 0; i < c->config.post->workers; i++)
		order_post(c->config.post->orders[i], kind, head, len);
}

/* Out of every thread's mind. */
static void peer_forget(struct control_thread *c, struct known_peer *p)
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

/* -- events to signaling -------------------------------------------------------------------------------------------------------- */

/* The message to fill, or NULL while nobody listens. */
static struct control_message *begin_event(struct control_thread *c, enum control_type type)
{
	struct control_message *m = control_link_out(c->link);

	m->type = type;
	m->id = 0;
	return control_link_listens(c->link) ? m : NULL;
}

static void say_closed(struct control_thread *c, const struct known_peer *p, enum control_close_reason reason)
{
	struct control_message *m = begin_event(c, CONTROL_PEER_CLOSED);

	log_info("peer.closed", log_str("room", p->room->name), log_str("peer", p->name),
		log_str("reason", control_close_reason_name(reason)));
	if (!m)
		return;
	strcpy(m->u.peer_closed.peer, p->name);
	m->u.peer_closed.reason = reason;
	control_link_send(c->link);
}

/* Every occupied seat: for a signaling process that remembers nothing. */
static void say_all_seats(struct control_thread *c, const struct known_peer *p)
{
	struct control_message *m = begin_event(c, CONTROL_SEATS);
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

/* -- requests ----------------------------------------------------------------------------------------------------------------------- */

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
		if (!(m = begin_event(c, CONTROL_SNAPSHOT_PEER)))
			return;
		strcpy(m->u.snapshot_peer.room, p->room->name);
		strcpy(m->u.snapshot_peer.peer, p->name);
		strcpy(m->u.snapshot_peer.tag, p->tag);
		m->u.snapshot_peer.number = p->number;
		m->u.snapshot_peer.connected = p->connected;
		control_link_send(c->link);
		say_all_seats(c, p);
	}
	if (begin_event(c, CONTROL_SNAPSHOT_END))
		control_link_send(c->link);
}

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
			peer_forget(c, list_entry(at, struct known_peer, in_room));
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
		peer_forget(c, p);
	if (map_count(c->registry.peers) >= CONTROL_PEERS_MAX) {
		control_link_error(c->link, in->id, CONTROL_CODE_TOO_MANY);
		return;
	}
	p = registry_peer_add(&c->registry, r, add, clock_now_us());
	if (!p || !post_config(c, p, ORDER_PEER_ADD, add, PEER_HAS_ICE | PEER_HAS_EXT | PEER_HAS_PAYLOADS | PEER_HAS_SENDS |
	    PEER_HAS_SEATS)) {
		if (p)
			peer_forget(c, p);
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
		peer_forget(c, p);
	}
	control_link_ok(c->link, in->id);
}

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

static bool on_message(void *owner, const struct control_message *in, int fd)
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

/* -- the launcher ---------------------------------------------------------------------------------------------------------------------- */

static void on_parent(struct loop_source *source, unsigned events)
{
	struct control_thread *c = list_entry(source, struct control_thread, parent);
	char bytes[PARENT_MESSAGE_MAX];
	int fd = -1;

	(void)events;
	long n = fd_message_receive(c->config.parent, bytes, sizeof bytes, &fd);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		log_info("parent.gone");
		c->stop = true;
		return;
	}
	json_t *root = json_loadb(bytes, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	const char *word = json_string_value(json_object_get(root, "t"));
	if (word && !strcmp(word, "link") && fd >= 0) {
		control_link_adopt(c->link, fd);
		fd = -1;
	} else if (word && !strcmp(word, "stop")) {
		c->stop = true;
	}
	json_decref(root);
	if (fd >= 0)
		close(fd);
}

/* -- what other threads tell --------------------------------------------------------------------------------------------------------------- */

static void on_connected(struct control_thread *c, struct known_peer *p, const struct event_connected *e)
{
	struct control_message *m = begin_event(c, CONTROL_PEER_CONNECTED);
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
	struct control_message *m = begin_event(c, CONTROL_SEATS);

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
	struct control_message *m = begin_event(c, CONTROL_SPEAKERS);
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
	struct control_message *m = begin_event(c, CONTROL_PEER_STALLED);

	log_info(e->stalled ? "peer.stalled" : "peer.resumed", log_str("room", p->room->name), log_str("peer", p->name));
	if (!m)
		return;
	strcpy(m->u.peer_stalled.peer, p->name);
	m->u.peer_stalled.stalled = e->stalled;
	control_link_send(c->link);
}

static void on_closed(struct control_thread *c, struct known_peer *p, const struct event_closed *e)
{
	say_closed(c, p, (enum control_close_reason)e->reason);
	peer_forget(c, p);
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

static void on_mail(struct loop_source *source, unsigned events)
{
	(void)source;                   /* it only woke the loop: the next round takes the mail */
	(void)events;
}

static void take_events(struct control_thread *c)
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

/* Once a second: those who never came. */
static void scan(struct control_thread *c, int64_t now_us)
{
	struct map_walk walk = map_walk(c->registry.peers);
	struct known_peer *p;

	while ((p = map_next(c->registry.peers, &walk))) {
		if (p->connected || now_us - p->added_us < FIRST_CHECK_US)
			continue;
		say_closed(c, p, CONTROL_CLOSE_TIMEOUT);
		peer_forget(c, p);
	}
	figures_scan(&c->figures, now_us);
}

/* -- life -------------------------------------------------------------------------------------------------------------------------------------- */

static void make_epoch(struct control_thread *c)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[16];

	rand_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		c->epoch[2 * i] = digits[bytes[i] >> 4];
		c->epoch[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static void connect_figures(struct control_thread *c)
{
	size_t n = 0;

	for (; n < c->config.counters_count; n++)
		c->all_counters[n] = c->config.counters[n];
	c->all_counters[n++] = &c->counters;
	c->figures = (struct figures){
		.post = c->config.post, .link = c->link, .registry = &c->registry, .counters = c->all_counters, .counters_count = n,
	};
}

int control_thread_create(struct control_thread **out, const struct control_config *config)
{
	struct control_thread *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63);

	if (!c) {
		close(config->parent);
		return -ENOMEM;
	}
	memset(c, 0, sizeof *c);
	c->config = *config;
	make_epoch(c);
	control_link_never_block(config->parent);
	c->parent = (struct loop_source){ config->parent, on_parent };
	c->events = (struct loop_source){ mailbox_fd(config->post->events), on_mail };
	int err = registry_init(&c->registry);
	if (!err)
		err = loop_create(&c->loop);
	if (!err)
		err = control_link_create(&c->link, c->loop, &c->counters, on_message, c);
	connect_figures(c);
	if (!err)
		err = loop_add(c->loop, &c->parent, LOOP_IN);
	if (!err)
		err = loop_add(c->loop, &c->events, LOOP_IN);
	if (err) {
		control_thread_destroy(c);
		return err;
	}
	*out = c;
	return 0;
}

void control_thread_run(struct control_thread *c)
{
	while (!c->stop) {
		int64_t now_us = clock_now_us();
		take_events(c);
		if (now_us >= c->scan_us) {
			scan(c, now_us);
			c->scan_us = now_us + SCAN_US;
		}
		loop_run(c->loop, mailbox_sleep(c->config.post->events) ? c->scan_us : 0);
		mailbox_awake(c->config.post->events);
	}
}

void control_thread_destroy(struct control_thread *c)
{
	struct mail *mail;

	if (!c)
		return;
	while ((mail = mailbox_next(c->config.post->events))) {
		if (mail->kind == EVENT_FIGURES)
			free(((const struct event_figures *)(const void *)mail->bytes)->peers);
		mailbox_done(c->config.post->events);
	}
	control_link_destroy(c->link);
	figures_free(&c->figures);
	registry_free(&c->registry);
	loop_destroy(c->loop);
	close(c->config.parent);
	free(c);
}

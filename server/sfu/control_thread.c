#include "control_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control_message.h"
#include "fd_message.h"
#include "log.h"
#include "peer_config.h"
#include "rand.h"

#define FIRST_CHECK_US 60000000         /* a peer that was added and never came */
#define SCAN_US 1000000
#define FIGURES_US 1000000              /* a worker that has not answered by then is left out */

enum {
	OUT_QUEUE_MAX = 8 * 1024 * 1024,        /* bytes waiting for a slow reader; beyond them events are dropped and counted */
	ASKED_MAX = 8,                          /* stats questions at one time */
	ORDER_VIEW_BYTES = sizeof(struct order_view),
};

struct known_room {
	uint32_t id;
	uint16_t home;
	control_name name;
	struct list peers;
	uint32_t count;
};

struct known_peer {
	uint32_t id, number;
	control_name name;
	struct known_room *room;
	struct list in_room;
	char *tag;
	bool connected;
	uint8_t on, blocked;
	uint8_t seat_count;
	uint32_t seats[CONTROL_SEATS_MAX];      /* who sits where, as last told */
	int64_t added_us;
	struct order_view *view;                /* kept until it is known where the peer lives */
	uint16_t worker;
};

/* Bytes that the link would not take yet. */
struct waiting { struct waiting *next; size_t len; char bytes[]; };

/* A stats question that some workers have not answered. */
struct asked {
	uint64_t token, id;             /* token 0: free */
	uint16_t missing;
	int64_t asked_us;
	uint32_t count;
	struct control_stats_peer *peers;
};

struct control_thread {
	bool stop;
	struct control_config config;
	struct counters counters;
	struct loop *loop;
	struct loop_source parent, link, events;
	int link_fd;                    /* -1: none */
	bool greeted;
	control_name epoch;
	uint32_t next_id;               /* of rooms and peers */
	uint64_t next_token;
	uint16_t next_tcp;
	struct map *rooms, *peers;      /* by name */
	struct map *rooms_by_id, *peers_by_id;
	struct asked asked[ASKED_MAX];
	struct waiting *out_first, *out_last;
	size_t out_bytes;
	int64_t scan_us;
	struct control_message *in, *out;
	char *buffer;                   /* CONTROL_MESSAGE_MAX */
};

static void on_parent(struct loop_source *source, unsigned events);
static void on_link(struct loop_source *source, unsigned events);
static void on_mail(struct loop_source *source, unsigned events);

/* -- what goes out on the link ---------------------------------------------------------------------------------------------------- */

static void drop_waiting(struct control_thread *c)
{
	while (c->out_first) {
		struct waiting *w = c->out_first;
		c->out_first = w->next;
		free(w);
	}
	c->out_last = NULL;
	c->out_bytes = 0;
}

static void close_link(struct control_thread *c)
{
	if (c->link_fd < 0)
		return;
	loop_remove(c->loop, &c->link);
	close(c->link_fd);
	c->link_fd = -1;
	c->greeted = false;
	drop_waiting(c);
	log_info("link.closed");
}

static void keep_waiting(struct control_thread *c, const char *bytes, size_t len)
{
	struct waiting *w = c->out_bytes + len <= OUT_QUEUE_MAX ? malloc(sizeof *w + len) : NULL;

	if (!w) {
		count(&c->counters, COUNTER_link_event_dropped);
		return;
	}
	w->next = NULL;
	w->len = len;
	memcpy(w->bytes, bytes, len);
	if (c->out_last)
		c->out_last->next = w;
	else
		c->out_first = w;
	c->out_last = w;
	c->out_bytes += len;
	loop_change(c->loop, &c->link, LOOP_IN | LOOP_OUT);
}

static void flush(struct control_thread *c)
{
	while (c->out_first) {
		struct waiting *w = c->out_first;
		int err = fd_message_send(c->link_fd, w->bytes, w->len, -1);
		if (err == -EAGAIN)
			return;
		c->out_first = w->next;
		c->out_bytes -= w->len;
		free(w);
	}
	c->out_last = NULL;
	loop_change(c->loop, &c->link, LOOP_IN);
}

/* Send c->out. */
static void say(struct control_thread *c)
{
	size_t len;

	if (c->link_fd < 0 || !(len = control_encode(c->out, c->buffer, CONTROL_MESSAGE_MAX)))
		return;
	if (c->out_first || fd_message_send(c->link_fd, c->buffer, len, -1) == -EAGAIN)
		keep_waiting(c, c->buffer, len);
}

static void answer_ok(struct control_thread *c, uint64_t id)
{
	c->out->type = CONTROL_OK;
	c->out->id = id;
	say(c);
}

static void answer_error(struct control_thread *c, uint64_t id, enum control_code code)
{
	c->out->type = CONTROL_ERROR;
	c->out->id = id;
	c->out->u.error.code = code;
	say(c);
}

/* An event about a peer: its type, and its name in the place that every such message has first. */
static bool begin_event(struct control_thread *c, enum control_type type)
{
	c->out->type = type;
	c->out->id = 0;
	return c->greeted;
}

static void say_closed(struct control_thread *c, const struct known_peer *p, enum control_close_reason reason)
{
	log_info("peer.closed", log_str("room", p->room->name), log_str("peer", p->name),
		log_str("reason", control_close_reason_name(reason)));
	if (!begin_event(c, CONTROL_PEER_CLOSED))
		return;
	strcpy(c->out->u.peer_closed.peer, p->name);
	c->out->u.peer_closed.reason = reason;
	say(c);
}

/* -- rooms and peers by name --------------------------------------------------------------------------------------------------------- */

static struct known_room *room_named(const struct control_thread *c, const char *name)
{
	return map_get_string(c->rooms, name, strlen(name));
}

static struct known_peer *peer_named(const struct control_thread *c, const char *name)
{
	return map_get_string(c->peers, name, strlen(name));
}

static void to_all(struct control_thread *c, enum order kind, const void *head, size_t len)
{
	for (uint16_t i = 0; i < c->config.post->workers; i++)
		order_post(c->config.post->orders[i], kind, head, len);
}

static struct known_room *room_open(struct control_thread *c, const char *name)
{
	struct known_room *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->id = ++c->next_id;
	/* Any worker will do as home; a number spreads them evenly. */
	r->home = (uint16_t)(r->id % c->config.post->workers);
	strcpy(r->name, name);
	list_init(&r->peers);
	if (map_put_string(c->rooms, name, strlen(name), r) != 0 || map_put_u32(c->rooms_by_id, r->id, r) != 0) {
		map_remove_string(c->rooms, name, strlen(name));
		free(r);
		return NULL;
	}
	log_info("room.opened", log_str("room", name));
	return r;
}

/* Out of every thread's mind. */
static void peer_forget(struct control_thread *c, struct known_peer *p)
{
	const struct order_peer head = { p->id, 0 };

	to_all(c, ORDER_PEER_REMOVE, &head, sizeof head);
	if (c->config.post->handshake) {
		while (!handshake_remove(c->config.post->handshake, p->id))
			usleep(1000);
	}
	map_remove_string(c->peers, p->name, strlen(p->name));
	map_remove_u32(c->peers_by_id, p->id);
	list_remove(&p->in_room);
	p->room->count--;
	free(p->view);
	free(p->tag);
	free(p);
}

static void room_close(struct control_thread *c, struct known_room *r)
{
	list_each_safe(at, &r->peers)
		peer_forget(c, list_entry(at, struct known_peer, in_room));
	log_info("room.closed", log_str("room", r->name));
	map_remove_string(c->rooms, r->name, strlen(r->name));
	map_remove_u32(c->rooms_by_id, r->id);
	free(r);
}

/* -- requests ------------------------------------------------------------------------------------------------------------------------- */

static void on_hello(struct control_thread *c, const struct control_message *m)
{
	if (m->u.hello.version != CONTROL_VERSION) {
		answer_error(c, m->id, CONTROL_CODE_BAD_VERSION);
		return;
	}
	c->greeted = true;
	c->out->type = CONTROL_WELCOME;
	c->out->id = m->id;
	strcpy(c->out->u.welcome.epoch, c->epoch);
	strcpy(c->out->u.welcome.fingerprint, handshake_fingerprint(c->config.post->handshake));
	c->out->u.welcome.workers = c->config.post->workers;
	say(c);
}

static void say_seats(struct control_thread *c, const struct known_peer *p)
{
	uint8_t n = 0;

	if (!begin_event(c, CONTROL_SEATS))
		return;
	strcpy(c->out->u.seats.peer, p->name);
	for (uint8_t i = 0; i < CONTROL_SEATS_MAX; i++) {
		if (!p->seats[i])
			continue;
		c->out->u.seats.seats[n].seat = i;
		c->out->u.seats.seats[n++].number = p->seats[i];
	}
	c->out->u.seats.count = n;
	if (n)
		say(c);
}

static void on_snapshot(struct control_thread *c, const struct control_message *m)
{
	struct map_walk walk = map_walk(c->peers);
	struct known_peer *p;

	answer_ok(c, m->id);
	while ((p = map_next(c->peers, &walk))) {
		if (!begin_event(c, CONTROL_SNAPSHOT_PEER))
			return;
		strcpy(c->out->u.snapshot_peer.room, p->room->name);
		strcpy(c->out->u.snapshot_peer.peer, p->name);
		strcpy(c->out->u.snapshot_peer.tag, p->tag);
		c->out->u.snapshot_peer.number = p->number;
		c->out->u.snapshot_peer.connected = p->connected;
		say(c);
		say_seats(c, p);
	}
	if (begin_event(c, CONTROL_SNAPSHOT_END))
		say(c);
}

static void on_room_open(struct control_thread *c, const struct control_message *m)
{
	if (room_named(c, m->u.room.room)) {
		answer_ok(c, m->id);
	} else if (map_count(c->rooms) >= CONTROL_ROOMS_MAX) {
		answer_error(c, m->id, CONTROL_CODE_TOO_MANY);
	} else if (!room_open(c, m->u.room.room)) {
		answer_error(c, m->id, CONTROL_CODE_NO_MEMORY);
	} else {
		answer_ok(c, m->id);
	}
}

static struct known_peer *peer_make(struct control_thread *c, struct known_room *r, const struct control_peer_add *add)
{
	struct known_peer *p = calloc(1, sizeof *p);

	if (!p || !(p->tag = strdup(add->tag))) {
		free(p);
		return NULL;
	}
	p->id = ++c->next_id;
	p->number = add->number;
	p->room = r;
	p->added_us = clock_now_us();
	strcpy(p->name, add->peer);
	if (map_put_string(c->peers, p->name, strlen(p->name), p) != 0 || map_put_u32(c->peers_by_id, p->id, p) != 0) {
		map_remove_string(c->peers, p->name, strlen(p->name));
		free(p->tag);
		free(p);
		return NULL;
	}
	list_add_tail(&r->peers, &p->in_room);
	r->count++;
	return p;
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

static void on_peer_add(struct control_thread *c, const struct control_message *m)
{
	const struct control_peer_add *add = &m->u.peer_add;
	struct known_room *r = room_named(c, add->room);
	struct known_peer *p = peer_named(c, add->peer);

	if (!r) {
		answer_error(c, m->id, CONTROL_CODE_NO_ROOM);
		return;
	}
	if (p)
		peer_forget(c, p);
	if (map_count(c->peers) >= CONTROL_PEERS_MAX) {
		answer_error(c, m->id, CONTROL_CODE_TOO_MANY);
		return;
	}
	p = peer_make(c, r, add);
	if (!p || !post_config(c, p, ORDER_PEER_ADD, add, PEER_HAS_ICE | PEER_HAS_EXT | PEER_HAS_PAYLOADS | PEER_HAS_SENDS |
	    PEER_HAS_SEATS)) {
		if (p)
			peer_forget(c, p);
		answer_error(c, m->id, CONTROL_CODE_NO_MEMORY);
		return;
	}
	while (c->config.post->handshake && !handshake_add(c->config.post->handshake, p->id, add->fingerprint))
		usleep(1000);
	log_info("peer.added", log_str("room", r->name), log_str("peer", p->name), log_uint("number", p->number));
	answer_ok(c, m->id);
}

static void on_peer_update(struct control_thread *c, const struct control_message *m)
{
	const struct control_peer_update *u = &m->u.peer_update;
	struct known_peer *p = peer_named(c, u->what.peer);
	uint8_t has = (uint8_t)((u->has_ice ? PEER_HAS_ICE : 0) | (u->has_ext ? PEER_HAS_EXT : 0) |
		(u->has_payloads ? PEER_HAS_PAYLOADS : 0) | (u->has_sends ? PEER_HAS_SENDS : 0) |
		(u->has_seats ? PEER_HAS_SEATS : 0));

	if (!p) {
		answer_error(c, m->id, CONTROL_CODE_NO_PEER);
		return;
	}
	if (u->has_tag) {
		char *tag = strdup(u->what.tag);
		if (!tag) {
			answer_error(c, m->id, CONTROL_CODE_NO_MEMORY);
			return;
		}
		free(p->tag);
		p->tag = tag;
	}
	if (has && !post_config(c, p, ORDER_PEER_UPDATE, &u->what, has)) {
		answer_error(c, m->id, CONTROL_CODE_NO_MEMORY);
		return;
	}
	answer_ok(c, m->id);
}

static void on_peer_remove(struct control_thread *c, const struct control_message *m)
{
	struct known_peer *p = peer_named(c, m->u.peer.peer);

	if (p) {
		log_info("peer.removed", log_str("room", p->room->name), log_str("peer", p->name));
		peer_forget(c, p);
	}
	answer_ok(c, m->id);
}

static void on_peer_view(struct control_thread *c, const struct control_message *m)
{
	const struct control_peer_view *from = &m->u.peer_view;
	struct known_peer *p = peer_named(c, from->peer);
	struct order_view head;

	if (!p) {
		answer_error(c, m->id, CONTROL_CODE_NO_PEER);
		return;
	}
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
			p->view = malloc(ORDER_VIEW_BYTES);
		if (p->view)
			*p->view = head;
	}
	answer_ok(c, m->id);
}

static void post_allowed(struct control_thread *c, const struct known_peer *p)
{
	const struct order_allowed head = { p->id, p->on, p->blocked };
	to_all(c, ORDER_PEER_ALLOWED, &head, sizeof head);
}

static uint8_t bits(bool mic, bool camera, bool screen, bool screen_audio)
{
	return (uint8_t)(mic << CONTROL_MIC | camera << CONTROL_CAMERA | screen << CONTROL_SCREEN | screen_audio << CONTROL_SCREEN_AUDIO);
}

static void on_peer_state(struct control_thread *c, const struct control_message *m)
{
	const struct control_peer_state *s = &m->u.peer_state;
	struct known_peer *p = peer_named(c, s->peer);

	if (!p) {
		answer_error(c, m->id, CONTROL_CODE_NO_PEER);
		return;
	}
	p->on = bits(s->mic, s->camera, s->screen, s->screen_audio);
	post_allowed(c, p);
	answer_ok(c, m->id);
}

static void on_peer_block(struct control_thread *c, const struct control_message *m)
{
	const struct control_peer_block *b = &m->u.peer_block;
	struct known_peer *p = peer_named(c, b->peer);

	if (!p) {
		answer_error(c, m->id, CONTROL_CODE_NO_PEER);
		return;
	}
	p->blocked = bits(b->mic, b->camera, b->screen, b->screen);
	post_allowed(c, p);
	log_info("peer.blocked", log_str("room", p->room->name), log_str("peer", p->name), log_bool("mic", b->mic),
		log_bool("camera", b->camera), log_bool("screen", b->screen));
	answer_ok(c, m->id);
}

/* True: the descriptor is a worker's now. */
static bool on_tcp(struct control_thread *c, const struct control_message *m, int fd)
{
	if (fd < 0) {
		answer_error(c, m->id, CONTROL_CODE_BAD_MESSAGE);
		return false;
	}
	const struct order_tcp head = { fd };
	c->next_tcp = (uint16_t)((c->next_tcp + 1) % c->config.post->workers);
	order_post(c->config.post->orders[c->next_tcp], ORDER_TCP, &head, sizeof head);
	answer_ok(c, m->id);
	return true;
}

/* -- stats --------------------------------------------------------------------------------------------------------------------------------- */

static void answer_stats(struct control_thread *c, struct asked *a)
{
	const struct counters *blocks[WORKERS_MAX + 4];
	uint64_t sums[COUNTER_COUNT];
	size_t n = 0;

	for (; n < c->config.counters_count; n++)
		blocks[n] = c->config.counters[n];
	blocks[n++] = &c->counters;
	counters_sum(sums, blocks, n);
	struct handshake_stats hs = { 0 };
	if (c->config.post->handshake)
		handshake_stats(c->config.post->handshake, &hs);
	sums[COUNTER_dtls_started] += hs.started;
	sums[COUNTER_dtls_done] += hs.done;
	sums[COUNTER_dtls_failed] += hs.failed;
	sums[COUNTER_dtls_bad_fingerprint] += hs.bad_fingerprint;
	sums[COUNTER_dtls_timeout] += hs.timed_out;
	sums[COUNTER_dtls_tx] += hs.sent;

	_Static_assert((int)COUNTER_COUNT <= (int)CONTROL_COUNTERS_MAX, "a report holds every counter");
	c->out->type = CONTROL_STATS_REPORT;
	c->out->id = a->id;
	c->out->u.stats_report.counter_count = COUNTER_COUNT;
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		struct control_counter *to = &c->out->u.stats_report.counters[i];
		strncpy(to->name, counter_name((enum counter)i), sizeof to->name - 1);
		to->name[sizeof to->name - 1] = '\0';
		to->value = sums[i];
	}
	c->out->u.stats_report.peer_count = (uint16_t)a->count;
	if (a->count)
		memcpy(c->out->u.stats_report.peers, a->peers, a->count * sizeof *a->peers);
	say(c);
	free(a->peers);
	*a = (struct asked){ 0 };
}

static struct asked *asked_by(struct control_thread *c, uint64_t token)
{
	for (size_t i = 0; i < ASKED_MAX; i++) {
		if (c->asked[i].token == token)
			return &c->asked[i];
	}
	return NULL;
}

static void on_stats(struct control_thread *c, const struct control_message *m)
{
	struct known_room *r = m->u.stats.room[0] ? room_named(c, m->u.stats.room) : NULL;
	struct asked lone = { .id = m->id }, *a = asked_by(c, 0);

	if (!r) {
		answer_stats(c, &lone);
		return;
	}
	if (!a) {
		answer_error(c, m->id, CONTROL_CODE_TOO_MANY);
		return;
	}
	a->peers = calloc(CONTROL_STATS_PEERS_MAX, sizeof *a->peers);
	if (!a->peers) {
		answer_error(c, m->id, CONTROL_CODE_NO_MEMORY);
		return;
	}
	a->token = ++c->next_token;
	a->id = m->id;
	a->missing = c->config.post->workers;
	a->asked_us = clock_now_us();
	const struct order_figures head = { r->id, a->token };
	to_all(c, ORDER_FIGURES, &head, sizeof head);
}

static void on_figures(struct control_thread *c, const struct event_figures *e)
{
	struct asked *a = e->token ? asked_by(c, e->token) : NULL;

	for (uint32_t i = 0; a && i < e->count && a->count < CONTROL_STATS_PEERS_MAX; i++) {
		const struct peer_figures *from = &e->peers[i];
		const struct known_peer *p = map_get_u32(c->peers_by_id, from->peer);
		if (!p)
			continue;
		struct control_stats_peer *to = &a->peers[a->count++];
		*to = (struct control_stats_peer){
			.number = p->number, .rtt_us = from->rtt_us, .rx_packets = from->rx_packets, .tx_packets = from->tx_packets,
			.rx_bytes = from->rx_bytes, .tx_bytes = from->tx_bytes, .lost = from->lost,
		};
		strcpy(to->peer, p->name);
	}
	free(e->peers);
	if (a && --a->missing == 0)
		answer_stats(c, a);
}

/* -- the link ----------------------------------------------------------------------------------------------------------------------------- */

/* True: the descriptor was taken. */
static bool on_message(struct control_thread *c, const struct control_message *m, int fd)
{
	count(&c->counters, COUNTER_link_messages);
	switch (m->type) {
	case CONTROL_HELLO:
		on_hello(c, m);
		break;
	case CONTROL_SNAPSHOT:
		on_snapshot(c, m);
		break;
	case CONTROL_ROOM_OPEN:
		on_room_open(c, m);
		break;
	case CONTROL_ROOM_CLOSE: {
		struct known_room *r = room_named(c, m->u.room.room);
		if (r)
			room_close(c, r);
		answer_ok(c, m->id);
		break;
	}
	case CONTROL_PEER_ADD:
		on_peer_add(c, m);
		break;
	case CONTROL_PEER_UPDATE:
		on_peer_update(c, m);
		break;
	case CONTROL_PEER_REMOVE:
		on_peer_remove(c, m);
		break;
	case CONTROL_PEER_VIEW:
		on_peer_view(c, m);
		break;
	case CONTROL_PEER_STATE:
		on_peer_state(c, m);
		break;
	case CONTROL_PEER_BLOCK:
		on_peer_block(c, m);
		break;
	case CONTROL_TCP:
		return on_tcp(c, m, fd);
	case CONTROL_STATS:
		on_stats(c, m);
		break;
	default:                        /* an answer or event: media asks nothing */
		count(&c->counters, COUNTER_link_bad);
		answer_error(c, m->id, CONTROL_CODE_BAD_MESSAGE);
		break;
	}
	return false;
}

static void on_link(struct loop_source *source, unsigned events)
{
	struct control_thread *c = list_entry(source, struct control_thread, link);

	if (events & LOOP_OUT)
		flush(c);
	for (unsigned i = 0; i < 64 && c->link_fd >= 0; i++) {
		int fd = -1;
		long n = fd_message_receive(c->link_fd, c->buffer, CONTROL_MESSAGE_MAX, &fd);
		if (n == -EAGAIN)
			return;
		if (n == -EMSGSIZE) {
			count(&c->counters, COUNTER_link_bad);
			answer_error(c, 0, CONTROL_CODE_BAD_MESSAGE);
			continue;
		}
		if (n <= 0) {
			close_link(c);
			return;
		}
		bool taken = false;
		if (control_decode(c->in, c->buffer, (size_t)n)) {
			taken = on_message(c, c->in, fd);
		} else {
			count(&c->counters, COUNTER_link_bad);
			answer_error(c, c->in->id, CONTROL_CODE_BAD_MESSAGE);
		}
		if (fd >= 0 && !taken)
			close(fd);
	}
}

/* Whoever made the socket pair may have left it blocking. */
static void never_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void adopt_link(struct control_thread *c, int fd)
{
	close_link(c);
	never_block(fd);
	c->link_fd = fd;
	c->link = (struct loop_source){ fd, on_link };
	if (loop_add(c->loop, &c->link, LOOP_IN) != 0) {
		close(fd);
		c->link_fd = -1;
		return;
	}
	log_info("link.open");
}

static const char *parent_word(const char *bytes, size_t len, json_t **root)
{
	*root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	const char *word = json_string_value(json_object_get(*root, "t"));
	return word ? word : "";
}

static void on_parent(struct loop_source *source, unsigned events)
{
	struct control_thread *c = list_entry(source, struct control_thread, parent);
	json_t *root = NULL;
	int fd = -1;

	(void)events;
	long n = fd_message_receive(c->config.parent, c->buffer, CONTROL_MESSAGE_MAX, &fd);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		log_info("parent.gone");
		c->stop = true;
		return;
	}
	const char *word = parent_word(c->buffer, (size_t)n, &root);
	if (!strcmp(word, "link") && fd >= 0) {
		adopt_link(c, fd);
		fd = -1;
	} else if (!strcmp(word, "stop")) {
		c->stop = true;
	}
	json_decref(root);
	if (fd >= 0)
		close(fd);
}

/* -- events of other threads -------------------------------------------------------------------------------------------------------------------- */

static void on_connected(struct control_thread *c, struct known_peer *p, const struct event_connected *e)
{
	bool first = !p->connected;

	p->connected = true;
	p->worker = e->worker;
	for (uint16_t i = 0; first && i < c->config.post->workers; i++) {
		const struct order_peer head = { p->id, e->worker };
		if (i != e->worker)
			order_post(c->config.post->orders[i], ORDER_PEER_OWNER, &head, sizeof head);
	}
	if (first && p->view) {
		order_post(c->config.post->orders[p->worker], ORDER_PEER_VIEW, p->view, sizeof *p->view);
		free(p->view);
		p->view = NULL;
	}
	log_info("peer.connected", log_str("room", p->room->name), log_str("peer", p->name), log_uint("number", p->number),
		log_str("via", control_via_name((enum control_via)e->via)), log_uint("worker", e->worker));
	if (!begin_event(c, CONTROL_PEER_CONNECTED))
		return;
	strcpy(c->out->u.peer_connected.peer, p->name);
	c->out->u.peer_connected.via = (enum control_via)e->via;
	say(c);
}

static void on_seats(struct control_thread *c, struct known_peer *p, const struct event_seats *e)
{
	for (uint8_t i = 0; i < e->count; i++)
		p->seats[e->seats[i].seat] = e->seats[i].number;
	if (!begin_event(c, CONTROL_SEATS))
		return;
	strcpy(c->out->u.seats.peer, p->name);
	c->out->u.seats.count = e->count;
	for (uint8_t i = 0; i < e->count; i++) {
		c->out->u.seats.seats[i].seat = e->seats[i].seat;
		c->out->u.seats.seats[i].number = e->seats[i].number;
	}
	say(c);
}

static void on_speakers(struct control_thread *c, const struct traffic_speakers *e)
{
	const struct known_room *r = map_get_u32(c->rooms_by_id, e->room);

	if (!r || !begin_event(c, CONTROL_SPEAKERS))
		return;
	strcpy(c->out->u.speakers.room, r->name);
	c->out->u.speakers.order_count = e->order_count;
	c->out->u.speakers.speaking_count = e->speaking_count;
	memcpy(c->out->u.speakers.order, e->order, sizeof e->order);
	memcpy(c->out->u.speakers.speaking, e->speaking, sizeof e->speaking);
	say(c);
}

static void on_stalled(struct control_thread *c, const struct known_peer *p, const struct event_stalled *e)
{
	log_info(e->stalled ? "peer.stalled" : "peer.resumed", log_str("room", p->room->name), log_str("peer", p->name));
	if (!begin_event(c, CONTROL_PEER_STALLED))
		return;
	strcpy(c->out->u.peer_stalled.peer, p->name);
	c->out->u.peer_stalled.stalled = e->stalled;
	say(c);
}

static void on_event(struct control_thread *c, const struct mail *mail)
{
	const void *head = mail->bytes;
	struct known_peer *p;

	switch ((enum order)mail->kind) {
	case EVENT_SPEAKERS:
		on_speakers(c, head);
		return;
	case EVENT_FIGURES:
		on_figures(c, head);
		return;
	default:
		break;
	}
	if (!(p = map_get_u32(c->peers_by_id, *(const uint32_t *)head)))
		return;
	switch ((enum order)mail->kind) {
	case EVENT_CONNECTED:
		on_connected(c, p, head);
		break;
	case EVENT_CLOSED:
		say_closed(c, p, (enum control_close_reason)((const struct event_closed *)head)->reason);
		peer_forget(c, p);
		break;
	case EVENT_STALLED:
		on_stalled(c, p, head);
		break;
	case EVENT_SEATS:
		on_seats(c, p, head);
		break;
	default:
		break;
	}
}

static void on_mail(struct loop_source *source, unsigned events)
{
	(void)source;
	(void)events;
}

static void take_events(struct control_thread *c)
{
	struct mail *mail;

	while ((mail = mailbox_next(c->config.post->events))) {
		on_event(c, mail);
		mailbox_done(c->config.post->events);
	}
}

/* Once a second: those who never came, questions that a worker did not answer. */
static void scan(struct control_thread *c, int64_t now_us)
{
	struct map_walk walk = map_walk(c->peers);
	struct known_peer *p;

	while ((p = map_next(c->peers, &walk))) {
		if (p->connected || now_us - p->added_us < FIRST_CHECK_US)
			continue;
		say_closed(c, p, CONTROL_CLOSE_TIMEOUT);
		peer_forget(c, p);
	}
	for (size_t i = 0; i < ASKED_MAX; i++) {
		if (c->asked[i].token && now_us - c->asked[i].asked_us > FIGURES_US)
			answer_stats(c, &c->asked[i]);
	}
}

/* -- life ---------------------------------------------------------------------------------------------------------------------------------------- */

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

static int make_parts(struct control_thread *c)
{
	int err = loop_create(&c->loop);

	if (!err)
		err = map_create(&c->rooms, MAP_BY_STRING, 64, MAP_GROWS);
	if (!err)
		err = map_create(&c->peers, MAP_BY_STRING, 256, MAP_GROWS);
	if (!err)
		err = map_create(&c->rooms_by_id, MAP_BY_U32, 64, MAP_GROWS);
	if (!err)
		err = map_create(&c->peers_by_id, MAP_BY_U32, 256, MAP_GROWS);
	c->in = malloc(sizeof *c->in);
	c->out = malloc(sizeof *c->out);
	c->buffer = malloc(CONTROL_MESSAGE_MAX);
	return err ? err : c->in && c->out && c->buffer ? 0 : -ENOMEM;
}

int control_thread_create(struct control_thread **out, const struct control_config *config)
{
	struct control_thread *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63);

	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof *c);
	c->config = *config;
	c->link_fd = -1;
	make_epoch(c);
	int err = make_parts(c);
	never_block(config->parent);
	c->parent = (struct loop_source){ config->parent, on_parent };
	c->events = (struct loop_source){ mailbox_fd(config->post->events), on_mail };
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
	close_link(c);
	if (c->rooms) {
		struct map_walk walk = map_walk(c->peers);
		struct known_peer *p;
		while ((p = map_next(c->peers, &walk))) {
			free(p->view);
			free(p->tag);
			free(p);
		}
		struct known_room *r;
		walk = map_walk(c->rooms);
		while ((r = map_next(c->rooms, &walk)))
			free(r);
	}
	while ((mail = mailbox_next(c->config.post->events))) {
		if (mail->kind == EVENT_FIGURES)
			free(((const struct event_figures *)(const void *)mail->bytes)->peers);
		mailbox_done(c->config.post->events);
	}
	for (size_t i = 0; i < ASKED_MAX; i++)
		free(c->asked[i].peers);
	map_destroy(c->rooms);
	map_destroy(c->peers);
	map_destroy(c->rooms_by_id);
	map_destroy(c->peers_by_id);
	loop_destroy(c->loop);
	close(c->config.parent);
	free(c->in);
	free(c->out);
	free(c->buffer);
	free(c);
}

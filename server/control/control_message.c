#include "control_message.h"

#include <string.h>

#include "control_internal.h"

#define ID_MAX (UINT64_C(1) << 53)

#define FIELD_NAME(f, name, at) field_text(f, name, at, sizeof(control_name), 1)

/* The kind of envelope a type travels in. */
static bool is_request(enum control_type t) { return t >= CONTROL_HELLO && t <= CONTROL_STATS; }
static bool is_answer(enum control_type t) { return t >= CONTROL_OK && t <= CONTROL_STATS_REPORT; }

/* -- messages, in both directions (fields.h) ------------------------------------------------------------------------------ */

static void peer_view(struct fields *f, struct control_peer_view *v)
{
	uint32_t heights[CONTROL_VIEW_MAX];

	if (f->reading)
		memset(v, 0, sizeof *v);
	FIELD_NAME(f, "peer", v->peer);
	field_u32_list(f, "pins", v->pins, &v->pin_count, CONTROL_VIEW_MAX, 1, CONTROL_NUMBER_MAX);
	field_u32_list(f, "wants", v->wants, &v->want_count, CONTROL_VIEW_MAX, 1, CONTROL_NUMBER_MAX);
	for (size_t i = 0; !f->reading && i < v->height_count; i++)
		heights[i] = v->heights[i];
	field_u32_list(f, "heights", heights, &v->height_count, CONTROL_VIEW_MAX, 0, CONTROL_HEIGHT_MAX);
	for (size_t i = 0; f->reading && i < v->height_count; i++)
		v->heights[i] = (uint16_t)heights[i];
}

static void peer_state(struct fields *f, struct control_peer_state *s)
{
	FIELD_NAME(f, "peer", s->peer);
	field_bool(f, "mic", &s->mic);
	field_bool(f, "camera", &s->camera);
	field_bool(f, "screen", &s->screen);
	field_bool(f, "screen_audio", &s->screen_audio);
}

static void peer_block(struct fields *f, struct control_peer_block *b)
{
	FIELD_NAME(f, "peer", b->peer);
	field_bool(f, "mic", &b->mic);
	field_bool(f, "camera", &b->camera);
	field_bool(f, "screen", &b->screen);
}

/* Their names are the fields' names: whatever counters there are. */
static void read_counters(struct fields *f, struct control_message *m)
{
	struct fields o = field_object(f, "counters");
	const char *name;
	json_t *value;
	uint16_t n = 0;

	f->ok &= o.ok && json_object_size(o.object) <= CONTROL_COUNTERS_MAX;
	if (!f->ok)
		return;
	json_object_foreach(o.object, name, value) {
		struct control_counter *c = &m->u.stats_report.counters[n++];
		size_t len = strlen(name);
		o.ok &= len < sizeof c->name;
		if (!o.ok)
			break;
		memcpy(c->name, name, len + 1);
		field_u64(&o, c->name, &c->value, 0, ID_MAX);
	}
	m->u.stats_report.counter_count = n;
	field_close(f, &o);
}

static void write_counters(struct fields *f, struct control_message *m)
{
	struct fields o = field_object(f, "counters");

	for (size_t i = 0; i < m->u.stats_report.counter_count; i++)
		field_u64(&o, m->u.stats_report.counters[i].name, &m->u.stats_report.counters[i].value, 0, ID_MAX);
	field_close(f, &o);
}

static void stats_peer(struct fields *f, struct control_stats_peer *p)
{
	FIELD_NAME(f, "peer", p->peer);
	field_u32(f, "number", &p->number, 1, CONTROL_NUMBER_MAX);
	field_u32(f, "rtt_us", &p->rtt_us, 0, UINT32_MAX);
	field_u64(f, "rx_packets", &p->rx_packets, 0, ID_MAX);
	field_u64(f, "tx_packets", &p->tx_packets, 0, ID_MAX);
	field_u64(f, "rx_bytes", &p->rx_bytes, 0, ID_MAX);
	field_u64(f, "tx_bytes", &p->tx_bytes, 0, ID_MAX);
	field_u64(f, "lost", &p->lost, 0, ID_MAX);
}

static void stats_report(struct fields *f, struct control_message *m)
{
	uint16_t n = m->u.stats_report.peer_count;

	if (f->reading)
		read_counters(f, m);
	else
		write_counters(f, m);
	json_t *list = field_list(f, "peers", &n, CONTROL_STATS_PEERS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct fields o = field_item(f, list, i);
		stats_peer(&o, &m->u.stats_report.peers[i]);
		field_close(f, &o);
	}
	if (f->reading)
		m->u.stats_report.peer_count = n;
}

static void seats(struct fields *f, struct control_message *m)
{
	uint16_t n = m->u.seats.count;

	FIELD_NAME(f, "peer", m->u.seats.peer);
	json_t *list = field_list(f, "seats", &n, CONTROL_SEATS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct fields o = field_item(f, list, i);
		field_u16(&o, "seat", &m->u.seats.seats[i].seat, 0, CONTROL_SEATS_MAX - 1);
		field_u32(&o, "number", &m->u.seats.seats[i].number, 0, CONTROL_NUMBER_MAX);
		field_close(f, &o);
	}
	if (f->reading)
		m->u.seats.count = (uint8_t)n;
}

static void speakers(struct fields *f, struct control_message *m)
{
	FIELD_NAME(f, "room", m->u.speakers.room);
	field_u32_list(f, "order", m->u.speakers.order, &m->u.speakers.order_count, CONTROL_SPEAKERS_MAX, 1, CONTROL_NUMBER_MAX);
	field_u32_list(f, "speaking", m->u.speakers.speaking, &m->u.speakers.speaking_count, CONTROL_SPEAKERS_MAX, 1,
		CONTROL_NUMBER_MAX);
}

static void snapshot_peer(struct fields *f, struct control_message *m)
{
	FIELD_NAME(f, "room", m->u.snapshot_peer.room);
	FIELD_NAME(f, "peer", m->u.snapshot_peer.peer);
	field_u32(f, "number", &m->u.snapshot_peer.number, 1, CONTROL_NUMBER_MAX);
	field_text(f, "tag", m->u.snapshot_peer.tag, sizeof m->u.snapshot_peer.tag, 0);
	field_bool(f, "connected", &m->u.snapshot_peer.connected);
}

static void body(struct fields *f, struct control_message *m)
{
	switch (m->type) {
	case CONTROL_HELLO:
		field_u32(f, "version", &m->u.hello.version, 0, 1000000);
		break;
	case CONTROL_ROOM_OPEN:
	case CONTROL_ROOM_CLOSE:
		FIELD_NAME(f, "room", m->u.room.room);
		break;
	case CONTROL_PEER_ADD:
		fields_of_peer_add(f, &m->u.peer_add);
		break;
	case CONTROL_PEER_UPDATE:
		fields_of_peer_update(f, &m->u.peer_update);
		break;
	case CONTROL_PEER_REMOVE:
		FIELD_NAME(f, "peer", m->u.peer.peer);
		break;
	case CONTROL_PEER_VIEW:
		peer_view(f, &m->u.peer_view);
		break;
	case CONTROL_PEER_STATE:
		peer_state(f, &m->u.peer_state);
		break;
	case CONTROL_PEER_BLOCK:
		peer_block(f, &m->u.peer_block);
		break;
	case CONTROL_STATS:
		field_text_or_none(f, "room", m->u.stats.room, sizeof m->u.stats.room);
		break;
	case CONTROL_ERROR:
		field_code(f, &m->u.error.code);
		break;
	case CONTROL_WELCOME:
		FIELD_NAME(f, "epoch", m->u.welcome.epoch);
		field_fingerprint(f, m->u.welcome.fingerprint);
		field_u32(f, "workers", &m->u.welcome.workers, 1, 1024);
		break;
	case CONTROL_STATS_REPORT:
		stats_report(f, m);
		break;
	case CONTROL_PEER_CONNECTED:
		FIELD_NAME(f, "peer", m->u.peer_connected.peer);
		field_via(f, &m->u.peer_connected.via);
		break;
	case CONTROL_PEER_CLOSED:
		FIELD_NAME(f, "peer", m->u.peer_closed.peer);
		field_close_reason(f, &m->u.peer_closed.reason);
		break;
	case CONTROL_PEER_STALLED:
		FIELD_NAME(f, "peer", m->u.peer_stalled.peer);
		field_bool(f, "stalled", &m->u.peer_stalled.stalled);
		break;
	case CONTROL_SEATS:
		seats(f, m);
		break;
	case CONTROL_SPEAKERS:
		speakers(f, m);
		break;
	case CONTROL_SNAPSHOT_PEER:
		snapshot_peer(f, m);
		break;
	case CONTROL_SNAPSHOT:
	case CONTROL_TCP:
	case CONTROL_OK:
	case CONTROL_SNAPSHOT_END:
	case CONTROL_BAD:
	case CONTROL_TYPES:
		break;
	}
}

/* -- the envelope ------------------------------------------------------------------------------------------------------------- */

static void read_envelope(struct fields *f, struct control_message *m)
{
	enum control_type type = CONTROL_BAD;
	bool id, re;
	uint64_t number = 0;

	/* The id first, and for itself: a message that is bad in all else can still be answered. */
	if (field_there(f, "id", &id)) {
		field_u64(f, "id", &number, 1, ID_MAX);
		if (f->ok && !json_object_get(f->object, "re"))
			m->id = number;
	}
	if (field_there(f, "re", &re))
		field_u64(f, "re", &number, 0, ID_MAX);
	field_type(f, &type);
	field_rule(f, type != CONTROL_BAD);
	field_rule(f, id == is_request(type) && re == is_answer(type));
	if (!f->ok)
		return;
	m->id = number;
	m->type = type;
}

bool control_decode(struct control_message *out, const void *bytes, size_t len)
{
	out->type = CONTROL_BAD;
	out->id = 0;
	if (len > CONTROL_MESSAGE_MAX)
		return false;
	json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (!root)
		return false;

	struct fields f = fields_read(root);
	read_envelope(&f, out);
	if (f.ok)
		body(&f, out);
	if (!fields_done(&f))
		out->type = CONTROL_BAD;
	json_decref(root);
	return out->type != CONTROL_BAD;
}

size_t control_encode(const struct control_message *m, char *out, size_t room)
{
	if (m->type <= CONTROL_BAD || m->type >= CONTROL_TYPES)
		return 0;
	json_t *root = json_object();
	struct fields f = fields_write(root);
	/* One description serves both directions, and one of them writes into the struct: not this one. */
	struct control_message *given = (struct control_message *)(uintptr_t)m;

	field_type(&f, &given->type);
	if (is_request(m->type))
		field_u64(&f, "id", &given->id, 1, ID_MAX);
	else if (is_answer(m->type))
		field_u64(&f, "re", &given->id, 0, ID_MAX);
	body(&f, given);

	size_t len = fields_done(&f) ? json_dumpb(root, out, room, JSON_COMPACT) : 0;
	json_decref(root);
	return len <= room && len <= CONTROL_MESSAGE_MAX ? len : 0;
}

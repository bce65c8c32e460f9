#include "control_message.h"

#include <jansson.h>
#include <string.h>

/* -- words ---------------------------------------------------------------------------------------------------------- */

static const char *const type_names[CONTROL_TYPES] = {
	[CONTROL_BAD] = "",
	[CONTROL_HELLO] = "hello",
	[CONTROL_SNAPSHOT] = "snapshot",
	[CONTROL_ROOM_OPEN] = "room.open",
	[CONTROL_ROOM_CLOSE] = "room.close",
	[CONTROL_PEER_ADD] = "peer.add",
	[CONTROL_PEER_UPDATE] = "peer.update",
	[CONTROL_PEER_REMOVE] = "peer.remove",
	[CONTROL_PEER_VIEW] = "peer.view",
	[CONTROL_PEER_STATE] = "peer.state",
	[CONTROL_PEER_BLOCK] = "peer.block",
	[CONTROL_TCP] = "tcp",
	[CONTROL_STATS] = "stats",
	[CONTROL_OK] = "ok",
	[CONTROL_ERROR] = "error",
	[CONTROL_WELCOME] = "welcome",
	[CONTROL_STATS_REPORT] = "stats.report",
	[CONTROL_PEER_CONNECTED] = "peer.connected",
	[CONTROL_PEER_CLOSED] = "peer.closed",
	[CONTROL_PEER_STALLED] = "peer.stalled",
	[CONTROL_SEATS] = "seats",
	[CONTROL_SPEAKERS] = "speakers",
	[CONTROL_SNAPSHOT_PEER] = "snapshot.peer",
	[CONTROL_SNAPSHOT_END] = "snapshot.end",
};

static const char *const code_names[CONTROL_CODES] = {
	"bad_message", "no_room", "no_peer", "too_many", "no_memory", "bad_version",
};
static const char *const codec_names[CONTROL_CODEC_COUNT] = { "opus", "red", "vp8", "vp9", "h264", "av1" };
static const char *const source_names[CONTROL_SOURCES] = { "mic", "camera", "screen", "screen_audio" };
static const char *const seat_kind_names[CONTROL_SEAT_KINDS] = { "person", "screen", "voice" };
static const char *const close_reason_names[CONTROL_CLOSE_REASONS] = { "timeout", "consent", "dtls", "fingerprint", "gone" };
static const char *const via_names[CONTROL_VIAS] = { "udp4", "udp6", "tcp" };

const char *control_type_name(enum control_type type) { return type_names[type]; }
const char *control_code_name(enum control_code code) { return code_names[code]; }
const char *control_codec_name(enum control_codec codec) { return codec_names[codec]; }
const char *control_source_name(enum control_source source) { return source_names[source]; }
const char *control_seat_kind_name(enum control_seat_kind kind) { return seat_kind_names[kind]; }
const char *control_close_reason_name(enum control_close_reason reason) { return close_reason_names[reason]; }
const char *control_via_name(enum control_via via) { return via_names[via]; }

/* The kind of envelope a type travels in. */
static bool is_request(enum control_type t) { return t >= CONTROL_HELLO && t <= CONTROL_STATS; }
static bool is_answer(enum control_type t) { return t >= CONTROL_OK && t <= CONTROL_STATS_REPORT; }

/* -- reading: each field is taken at most once, and in the end none may be left ---------------------------------------- */

#define ID_MAX (INT64_C(1) << 53)

struct fields {
	json_t *object;         /* borrowed */
	size_t taken;
	bool ok;
};

static struct fields fields_of(json_t *object)
{
	return (struct fields){ object, 0, json_is_object(object) };
}

static bool fields_done(const struct fields *f)
{
	return f->ok && f->taken == json_object_size(f->object);
}

/* NULL if it is not there. */
static json_t *take(struct fields *f, const char *name)
{
	json_t *v = f->ok ? json_object_get(f->object, name) : NULL;
	if (v)
		f->taken++;
	return v;
}

static json_t *need(struct fields *f, const char *name)
{
	json_t *v = take(f, name);
	if (!v)
		f->ok = false;
	return v;
}

static bool copy_string(json_t *v, char *out, size_t size, size_t min)
{
	size_t len = json_is_string(v) ? json_string_length(v) : SIZE_MAX;
	if (len < min || len >= size)
		return false;
	memcpy(out, json_string_value(v), len + 1);
	return true;
}

static void need_string(struct fields *f, const char *name, char *out, size_t size, size_t min)
{
	json_t *v = need(f, name);
	if (v && !copy_string(v, out, size, min))
		f->ok = false;
}

static void take_string(struct fields *f, const char *name, char *out, size_t size, size_t min)
{
	json_t *v = take(f, name);
	if (v && !copy_string(v, out, size, min))
		f->ok = false;
}

static bool in_range(json_t *v, int64_t min, int64_t max)
{
	return json_is_integer(v) && json_integer_value(v) >= min && json_integer_value(v) <= max;
}

static int64_t number_in(struct fields *f, json_t *v, int64_t min, int64_t max)
{
	if (v && in_range(v, min, max))
		return json_integer_value(v);
	f->ok = false;
	return min;
}

static int64_t need_number(struct fields *f, const char *name, int64_t min, int64_t max)
{
	return number_in(f, need(f, name), min, max);
}

/* `missing` if the field is not there. */
static int64_t take_number(struct fields *f, const char *name, int64_t min, int64_t max, int64_t missing)
{
	json_t *v = take(f, name);
	return v ? number_in(f, v, min, max) : missing;
}

static bool need_bool(struct fields *f, const char *name)
{
	json_t *v = need(f, name);
	if (v && !json_is_boolean(v))
		f->ok = false;
	return v && json_is_true(v);
}

static int word_index(json_t *v, const char *const *words, int count)
{
	if (!json_is_string(v))
		return -1;
	for (int i = 0; i < count; i++) {
		if (!strcmp(json_string_value(v), words[i]))
			return i;
	}
	return -1;
}

static int need_word(struct fields *f, const char *name, const char *const *words, int count)
{
	json_t *v = need(f, name);
	int i = v ? word_index(v, words, count) : -1;
	if (i < 0)
		f->ok = false;
	return i < 0 ? 0 : i;
}

/* The list's length, 0 and not ok if it is none or longer than `max`. */
static size_t list_length(struct fields *f, json_t *list, size_t max)
{
	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > max) {
		f->ok = false;
		return 0;
	}
	return json_array_size(list);
}

static size_t u32_list(struct fields *f, json_t *list, uint32_t *out, size_t max, int64_t least, int64_t most)
{
	size_t n = list_length(f, list, max);
	for (size_t i = 0; i < n; i++)
		out[i] = (uint32_t)number_in(f, json_array_get(list, i), least, most);
	return n;
}

/* -- peer.add and peer.update ------------------------------------------------------------------------------------------ */

static void read_ice(struct fields *f, json_t *v, struct control_ice *out)
{
	struct fields ice = fields_of(v);

	/* RFC 8839 §5.4: a user fragment has at least 4 characters, a password 22. */
	need_string(&ice, "ufrag", out->ufrag, sizeof out->ufrag, 4);
	need_string(&ice, "pwd", out->pwd, sizeof out->pwd, 22);
	need_string(&ice, "remote_ufrag", out->remote_ufrag, sizeof out->remote_ufrag, 4);
	need_string(&ice, "remote_pwd", out->remote_pwd, sizeof out->remote_pwd, 22);
	f->ok &= fields_done(&ice);
}

static void read_ext(struct fields *f, json_t *v, struct control_ext *out)
{
	struct fields ext = fields_of(v);

	out->mid = (uint8_t)take_number(&ext, "mid", 1, 14, 0);
	out->rid = (uint8_t)take_number(&ext, "rid", 1, 14, 0);
	out->rrid = (uint8_t)take_number(&ext, "rrid", 1, 14, 0);
	out->level = (uint8_t)take_number(&ext, "level", 1, 14, 0);
	out->twcc = (uint8_t)take_number(&ext, "twcc", 1, 14, 0);
	f->ok &= fields_done(&ext);
}

static void read_payload(struct fields *f, json_t *v, struct control_payload *out)
{
	struct fields p = fields_of(v);

	out->pt = (uint8_t)need_number(&p, "pt", 0, 127);
	out->rtx = (uint8_t)take_number(&p, "rtx", 1, 127, 0);
	out->codec = (enum control_codec)need_word(&p, "codec", codec_names, CONTROL_CODEC_COUNT);
	out->clock = (uint32_t)need_number(&p, "clock", 8000, 192000);
	take_string(&p, "profile", out->profile, sizeof out->profile, 1);
	f->ok &= fields_done(&p);
}

static void read_send(struct fields *f, json_t *v, struct control_send *out)
{
	struct fields s = fields_of(v);

	need_string(&s, "mid", out->mid, sizeof out->mid, 1);
	out->source = (enum control_source)need_word(&s, "source", source_names, CONTROL_SOURCES);

	json_t *rids = take(&s, "rids");
	out->rid_count = (uint8_t)list_length(&s, rids, CONTROL_RIDS_MAX);
	for (size_t i = 0; i < out->rid_count; i++)
		s.ok &= copy_string(json_array_get(rids, i), out->rids[i], sizeof out->rids[i], 1);

	json_t *ssrcs = take(&s, "ssrcs"), *rtx = take(&s, "rtx_ssrcs");
	out->ssrc_count = (uint8_t)u32_list(&s, ssrcs, out->ssrcs, CONTROL_SSRCS_MAX, 1, UINT32_MAX);
	if (rtx)
		s.ok &= u32_list(&s, rtx, out->rtx_ssrcs, CONTROL_SSRCS_MAX, 0, UINT32_MAX) == out->ssrc_count;
	f->ok &= fields_done(&s);
}

static void read_seat_media(struct fields *f, json_t *v, struct control_seat_media *out, bool video)
{
	if (!v)
		return;
	struct fields m = fields_of(v);

	out->present = true;
	need_string(&m, "mid", out->mid, sizeof out->mid, 1);
	out->ssrc = (uint32_t)need_number(&m, "ssrc", 1, UINT32_MAX);
	if (video)
		out->rtx = (uint32_t)take_number(&m, "rtx", 1, UINT32_MAX, 0);
	f->ok &= fields_done(&m);
}

static void read_seat(struct fields *f, json_t *v, struct control_seat *out, size_t position)
{
	struct fields s = fields_of(v);

	out->seat = (uint16_t)need_number(&s, "seat", (int64_t)position, (int64_t)position);
	out->kind = (enum control_seat_kind)need_word(&s, "kind", seat_kind_names, CONTROL_SEAT_KINDS);
	read_seat_media(&s, take(&s, "audio"), &out->audio, false);
	read_seat_media(&s, take(&s, "video"), &out->video, true);
	s.ok &= out->audio.present || out->video.present;
	s.ok &= out->kind != CONTROL_SEAT_VOICE || !out->video.present;
	f->ok &= fields_done(&s);
}

/* A receiver tells streams apart by SSRC: within one peer no two of the server's may be alike. */
static bool seat_ssrcs_distinct(const struct control_seat *seats, size_t count)
{
	uint32_t seen[3 * CONTROL_SEATS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const uint32_t mine[3] = { seats[i].audio.ssrc, seats[i].video.ssrc, seats[i].video.rtx };
		for (size_t k = 0; k < 3; k++) {
			for (size_t j = 0; mine[k] && j < n; j++) {
				if (seen[j] == mine[k])
					return false;
			}
			if (mine[k])
				seen[n++] = mine[k];
		}
	}
	return true;
}

static void read_payloads(struct fields *f, json_t *list, struct control_peer_add *out)
{
	out->payload_count = (uint8_t)list_length(f, list, CONTROL_PAYLOADS_MAX);
	for (size_t i = 0; i < out->payload_count; i++)
		read_payload(f, json_array_get(list, i), &out->payloads[i]);
}

static void read_sends(struct fields *f, json_t *list, struct control_peer_add *out)
{
	out->send_count = (uint8_t)list_length(f, list, CONTROL_SENDS_MAX);
	for (size_t i = 0; i < out->send_count; i++) {
		read_send(f, json_array_get(list, i), &out->sends[i]);
		for (size_t j = 0; j < i; j++)
			f->ok &= strcmp(out->sends[i].mid, out->sends[j].mid) != 0;
	}
}

static void read_seats(struct fields *f, json_t *list, struct control_peer_add *out)
{
	out->seat_count = (uint8_t)list_length(f, list, CONTROL_SEATS_MAX);
	for (size_t i = 0; i < out->seat_count; i++)
		read_seat(f, json_array_get(list, i), &out->seats[i], i);
	f->ok &= seat_ssrcs_distinct(out->seats, out->seat_count);
}

/* "sha-256 " and 32 bytes in hexadecimal, colons between (RFC 8122 §5; lower case is met with). */
static bool fingerprint_sound(const char *s)
{
	if (strlen(s) != CONTROL_FINGERPRINT_MAX || memcmp(s, "sha-256 ", 8) != 0)
		return false;
	for (size_t i = 8; i < CONTROL_FINGERPRINT_MAX; i++) {
		bool colon = (i - 8) % 3 == 2;
		bool hex = s[i] && strchr("0123456789ABCDEFabcdef", s[i]);
		if (colon ? s[i] != ':' : !hex)
			return false;
	}
	return true;
}

static void read_peer_add(struct fields *f, struct control_peer_add *out)
{
	need_string(f, "room", out->room, sizeof out->room, 1);
	need_string(f, "peer", out->peer, sizeof out->peer, 1);
	out->number = (uint32_t)need_number(f, "number", 1, CONTROL_NUMBER_MAX);
	take_string(f, "tag", out->tag, sizeof out->tag, 0);
	need_string(f, "fingerprint", out->fingerprint, sizeof out->fingerprint, 1);
	f->ok &= fingerprint_sound(out->fingerprint);
	read_ice(f, need(f, "ice"), &out->ice);
	read_ext(f, need(f, "ext"), &out->ext);
	read_payloads(f, need(f, "payloads"), out);
	read_sends(f, need(f, "sends"), out);
	read_seats(f, need(f, "seats"), out);
}

static void read_peer_update(struct fields *f, struct control_peer_update *out)
{
	json_t *v;

	need_string(f, "peer", out->what.peer, sizeof out->what.peer, 1);
	if ((v = take(f, "ice"))) {
		out->has_ice = true;
		read_ice(f, v, &out->what.ice);
	}
	if ((v = take(f, "ext"))) {
		out->has_ext = true;
		read_ext(f, v, &out->what.ext);
	}
	if ((v = take(f, "payloads"))) {
		out->has_payloads = true;
		read_payloads(f, v, &out->what);
	}
	if ((v = take(f, "sends"))) {
		out->has_sends = true;
		read_sends(f, v, &out->what);
	}
	if ((v = take(f, "seats"))) {
		out->has_seats = true;
		read_seats(f, v, &out->what);
	}
	if ((v = take(f, "tag"))) {
		out->has_tag = true;
		f->ok &= copy_string(v, out->what.tag, sizeof out->what.tag, 0);
	}
}

/* -- the other messages -------------------------------------------------------------------------------------------------- */

static void read_peer_view(struct fields *f, struct control_peer_view *out)
{
	uint32_t heights[CONTROL_VIEW_MAX];

	need_string(f, "peer", out->peer, sizeof out->peer, 1);
	out->pin_count = (uint8_t)u32_list(f, need(f, "pins"), out->pins, CONTROL_VIEW_MAX, 1, CONTROL_NUMBER_MAX);
	out->want_count = (uint8_t)u32_list(f, need(f, "wants"), out->wants, CONTROL_VIEW_MAX, 1, CONTROL_NUMBER_MAX);
	out->height_count = (uint8_t)u32_list(f, need(f, "heights"), heights, CONTROL_VIEW_MAX, 0, CONTROL_HEIGHT_MAX);
	for (size_t i = 0; i < out->height_count; i++)
		out->heights[i] = (uint16_t)heights[i];
}

static void read_stats_peer(struct fields *f, json_t *v, struct control_stats_peer *out)
{
	struct fields p = fields_of(v);

	need_string(&p, "peer", out->peer, sizeof out->peer, 1);
	out->number = (uint32_t)need_number(&p, "number", 1, CONTROL_NUMBER_MAX);
	out->rtt_us = (uint32_t)need_number(&p, "rtt_us", 0, UINT32_MAX);
	out->rx_packets = (uint64_t)need_number(&p, "rx_packets", 0, ID_MAX);
	out->tx_packets = (uint64_t)need_number(&p, "tx_packets", 0, ID_MAX);
	out->rx_bytes = (uint64_t)need_number(&p, "rx_bytes", 0, ID_MAX);
	out->tx_bytes = (uint64_t)need_number(&p, "tx_bytes", 0, ID_MAX);
	out->lost = (uint64_t)need_number(&p, "lost", 0, ID_MAX);
	f->ok &= fields_done(&p);
}

static void read_stats_report(struct fields *f, struct control_message *m)
{
	json_t *counters = need(f, "counters"), *peers = need(f, "peers"), *value;
	const char *name;
	size_t n = 0;

	if (!json_is_object(counters) || json_object_size(counters) > CONTROL_COUNTERS_MAX) {
		f->ok = false;
		return;
	}
	json_object_foreach(counters, name, value) {
		struct control_counter *c = &m->u.stats_report.counters[n++];
		if (strlen(name) >= sizeof c->name) {
			f->ok = false;
			return;
		}
		strcpy(c->name, name);
		c->value = (uint64_t)number_in(f, value, 0, ID_MAX);
	}
	m->u.stats_report.counter_count = (uint16_t)n;
	m->u.stats_report.peer_count = (uint16_t)list_length(f, peers, CONTROL_STATS_PEERS_MAX);
	for (size_t i = 0; i < m->u.stats_report.peer_count; i++)
		read_stats_peer(f, json_array_get(peers, i), &m->u.stats_report.peers[i]);
}

static void read_seats_event(struct fields *f, struct control_message *m)
{
	need_string(f, "peer", m->u.seats.peer, sizeof m->u.seats.peer, 1);
	json_t *list = need(f, "seats");
	m->u.seats.count = (uint8_t)list_length(f, list, CONTROL_SEATS_MAX);
	for (size_t i = 0; i < m->u.seats.count; i++) {
		struct fields s = fields_of(json_array_get(list, i));
		m->u.seats.seats[i].seat = (uint16_t)need_number(&s, "seat", 0, CONTROL_SEATS_MAX - 1);
		m->u.seats.seats[i].number = (uint32_t)need_number(&s, "number", 0, CONTROL_NUMBER_MAX);
		f->ok &= fields_done(&s);
	}
}

static void read_speakers(struct fields *f, struct control_message *m)
{
	need_string(f, "room", m->u.speakers.room, sizeof m->u.speakers.room, 1);
	m->u.speakers.order_count = (uint8_t)u32_list(f, need(f, "order"), m->u.speakers.order, CONTROL_SPEAKERS_MAX, 1,
		CONTROL_NUMBER_MAX);
	m->u.speakers.speaking_count = (uint8_t)u32_list(f, need(f, "speaking"), m->u.speakers.speaking,
		CONTROL_SPEAKERS_MAX, 1, CONTROL_NUMBER_MAX);
}

static void read_snapshot_peer(struct fields *f, struct control_message *m)
{
	need_string(f, "room", m->u.snapshot_peer.room, sizeof m->u.snapshot_peer.room, 1);
	need_string(f, "peer", m->u.snapshot_peer.peer, sizeof m->u.snapshot_peer.peer, 1);
	m->u.snapshot_peer.number = (uint32_t)need_number(f, "number", 1, CONTROL_NUMBER_MAX);
	need_string(f, "tag", m->u.snapshot_peer.tag, sizeof m->u.snapshot_peer.tag, 0);
	m->u.snapshot_peer.connected = need_bool(f, "connected");
}

static void read_body(struct fields *f, struct control_message *m)
{
	switch (m->type) {
	case CONTROL_HELLO:
		memset(&m->u.hello, 0, sizeof m->u.hello);
		m->u.hello.version = (uint32_t)need_number(f, "version", 0, 1000000);
		break;
	case CONTROL_ROOM_OPEN:
	case CONTROL_ROOM_CLOSE:
		need_string(f, "room", m->u.room.room, sizeof m->u.room.room, 1);
		break;
	case CONTROL_PEER_ADD:
		memset(&m->u.peer_add, 0, sizeof m->u.peer_add);
		read_peer_add(f, &m->u.peer_add);
		break;
	case CONTROL_PEER_UPDATE:
		memset(&m->u.peer_update, 0, sizeof m->u.peer_update);
		read_peer_update(f, &m->u.peer_update);
		break;
	case CONTROL_PEER_REMOVE:
		need_string(f, "peer", m->u.peer.peer, sizeof m->u.peer.peer, 1);
		break;
	case CONTROL_PEER_VIEW:
		memset(&m->u.peer_view, 0, sizeof m->u.peer_view);
		read_peer_view(f, &m->u.peer_view);
		break;
	case CONTROL_PEER_STATE:
		need_string(f, "peer", m->u.peer_state.peer, sizeof m->u.peer_state.peer, 1);
		m->u.peer_state.mic = need_bool(f, "mic");
		m->u.peer_state.camera = need_bool(f, "camera");
		m->u.peer_state.screen = need_bool(f, "screen");
		m->u.peer_state.screen_audio = need_bool(f, "screen_audio");
		break;
	case CONTROL_PEER_BLOCK:
		need_string(f, "peer", m->u.peer_block.peer, sizeof m->u.peer_block.peer, 1);
		m->u.peer_block.mic = need_bool(f, "mic");
		m->u.peer_block.camera = need_bool(f, "camera");
		m->u.peer_block.screen = need_bool(f, "screen");
		break;
	case CONTROL_STATS:
		m->u.stats.room[0] = '\0';
		take_string(f, "room", m->u.stats.room, sizeof m->u.stats.room, 1);
		break;
	case CONTROL_ERROR:
		m->u.error.code = (enum control_code)need_word(f, "code", code_names, CONTROL_CODES);
		break;
	case CONTROL_WELCOME:
		need_string(f, "epoch", m->u.welcome.epoch, sizeof m->u.welcome.epoch, 1);
		need_string(f, "fingerprint", m->u.welcome.fingerprint, sizeof m->u.welcome.fingerprint, 1);
		f->ok = f->ok && fingerprint_sound(m->u.welcome.fingerprint);
		m->u.welcome.workers = (uint32_t)need_number(f, "workers", 1, 1024);
		break;
	case CONTROL_STATS_REPORT:
		read_stats_report(f, m);
		break;
	case CONTROL_PEER_CONNECTED:
		need_string(f, "peer", m->u.peer_connected.peer, sizeof m->u.peer_connected.peer, 1);
		m->u.peer_connected.via = (enum control_via)need_word(f, "via", via_names, CONTROL_VIAS);
		break;
	case CONTROL_PEER_CLOSED:
		need_string(f, "peer", m->u.peer_closed.peer, sizeof m->u.peer_closed.peer, 1);
		m->u.peer_closed.reason = (enum control_close_reason)need_word(f, "reason", close_reason_names,
			CONTROL_CLOSE_REASONS);
		break;
	case CONTROL_PEER_STALLED:
		need_string(f, "peer", m->u.peer_stalled.peer, sizeof m->u.peer_stalled.peer, 1);
		m->u.peer_stalled.stalled = need_bool(f, "stalled");
		break;
	case CONTROL_SEATS:
		read_seats_event(f, m);
		break;
	case CONTROL_SPEAKERS:
		read_speakers(f, m);
		break;
	case CONTROL_SNAPSHOT_PEER:
		read_snapshot_peer(f, m);
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

static void read_envelope(struct fields *f, struct control_message *m)
{
	json_t *id = take(f, "id"), *re = take(f, "re");

	if (in_range(id, 1, ID_MAX) && !re)
		m->id = (uint64_t)json_integer_value(id);
	int type = need_word(f, "t", type_names, CONTROL_TYPES);
	if (!f->ok || type == CONTROL_BAD) {
		f->ok = false;
		return;
	}
	if (is_request((enum control_type)type))
		f->ok = m->id != 0;
	else if (is_answer((enum control_type)type))
		f->ok = !id && in_range(re, 0, ID_MAX);
	else
		f->ok = !id && !re;
	if (f->ok && re)
		m->id = (uint64_t)json_integer_value(re);
	m->type = f->ok ? (enum control_type)type : CONTROL_BAD;
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

	struct fields f = fields_of(root);
	read_envelope(&f, out);
	if (f.ok)
		read_body(&f, out);
	if (!fields_done(&f))
		out->type = CONTROL_BAD;
	json_decref(root);
	return out->type != CONTROL_BAD;
}

/* -- writing: an object grows field by field; one that could not be added makes the whole bad --------------------------- */

static void put(json_t *o, const char *name, json_t *v, bool *ok)
{
	if (json_object_set_new(o, name, v) != 0)
		*ok = false;
}

static void put_string(json_t *o, const char *name, const char *s, bool *ok)
{
	put(o, name, json_string(s), ok);
}

static void put_number(json_t *o, const char *name, uint64_t n, bool *ok)
{
	put(o, name, json_integer((json_int_t)n), ok);
}

static void put_bool(json_t *o, const char *name, bool b, bool *ok)
{
	put(o, name, json_boolean(b), ok);
}

static void put_nonzero(json_t *o, const char *name, uint64_t n, bool *ok)
{
	if (n)
		put_number(o, name, n, ok);
}

static void append(json_t *list, json_t *v, bool *ok)
{
	if (json_array_append_new(list, v) != 0)
		*ok = false;
}

static void put_u32_list(json_t *o, const char *name, const uint32_t *v, size_t n, bool *ok)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		append(list, json_integer(v[i]), ok);
	put(o, name, list, ok);
}

static json_t *write_ice(const struct control_ice *ice, bool *ok)
{
	json_t *o = json_object();
	put_string(o, "ufrag", ice->ufrag, ok);
	put_string(o, "pwd", ice->pwd, ok);
	put_string(o, "remote_ufrag", ice->remote_ufrag, ok);
	put_string(o, "remote_pwd", ice->remote_pwd, ok);
	return o;
}

static json_t *write_ext(const struct control_ext *ext, bool *ok)
{
	json_t *o = json_object();
	put_nonzero(o, "mid", ext->mid, ok);
	put_nonzero(o, "rid", ext->rid, ok);
	put_nonzero(o, "rrid", ext->rrid, ok);
	put_nonzero(o, "level", ext->level, ok);
	put_nonzero(o, "twcc", ext->twcc, ok);
	return o;
}

static json_t *write_payloads(const struct control_peer_add *p, bool *ok)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->payload_count; i++) {
		const struct control_payload *from = &p->payloads[i];
		json_t *o = json_object();
		put_number(o, "pt", from->pt, ok);
		put_string(o, "codec", codec_names[from->codec], ok);
		put_number(o, "clock", from->clock, ok);
		put_nonzero(o, "rtx", from->rtx, ok);
		if (from->profile[0])
			put_string(o, "profile", from->profile, ok);
		append(list, o, ok);
	}
	return list;
}

static json_t *write_sends(const struct control_peer_add *p, bool *ok)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->send_count; i++) {
		const struct control_send *from = &p->sends[i];
		json_t *o = json_object();
		put_string(o, "mid", from->mid, ok);
		put_string(o, "source", source_names[from->source], ok);
		if (from->rid_count) {
			json_t *rids = json_array();
			for (size_t k = 0; k < from->rid_count; k++)
				append(rids, json_string(from->rids[k]), ok);
			put(o, "rids", rids, ok);
		}
		if (from->ssrc_count) {
			put_u32_list(o, "ssrcs", from->ssrcs, from->ssrc_count, ok);
			put_u32_list(o, "rtx_ssrcs", from->rtx_ssrcs, from->ssrc_count, ok);
		}
		append(list, o, ok);
	}
	return list;
}

static void put_seat_media(json_t *o, const char *name, const struct control_seat_media *m, bool *ok)
{
	if (!m->present)
		return;
	json_t *v = json_object();
	put_string(v, "mid", m->mid, ok);
	put_number(v, "ssrc", m->ssrc, ok);
	put_nonzero(v, "rtx", m->rtx, ok);
	put(o, name, v, ok);
}

static json_t *write_seats(const struct control_peer_add *p, bool *ok)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->seat_count; i++) {
		const struct control_seat *from = &p->seats[i];
		json_t *o = json_object();
		put_number(o, "seat", from->seat, ok);
		put_string(o, "kind", seat_kind_names[from->kind], ok);
		put_seat_media(o, "audio", &from->audio, ok);
		put_seat_media(o, "video", &from->video, ok);
		append(list, o, ok);
	}
	return list;
}

static void write_peer_add(json_t *o, const struct control_peer_add *p, bool *ok)
{
	put_string(o, "room", p->room, ok);
	put_string(o, "peer", p->peer, ok);
	put_number(o, "number", p->number, ok);
	put_string(o, "tag", p->tag, ok);
	put_string(o, "fingerprint", p->fingerprint, ok);
	put(o, "ice", write_ice(&p->ice, ok), ok);
	put(o, "ext", write_ext(&p->ext, ok), ok);
	put(o, "payloads", write_payloads(p, ok), ok);
	put(o, "sends", write_sends(p, ok), ok);
	put(o, "seats", write_seats(p, ok), ok);
}

static void write_peer_update(json_t *o, const struct control_peer_update *u, bool *ok)
{
	put_string(o, "peer", u->what.peer, ok);
	if (u->has_ice)
		put(o, "ice", write_ice(&u->what.ice, ok), ok);
	if (u->has_ext)
		put(o, "ext", write_ext(&u->what.ext, ok), ok);
	if (u->has_payloads)
		put(o, "payloads", write_payloads(&u->what, ok), ok);
	if (u->has_sends)
		put(o, "sends", write_sends(&u->what, ok), ok);
	if (u->has_seats)
		put(o, "seats", write_seats(&u->what, ok), ok);
	if (u->has_tag)
		put_string(o, "tag", u->what.tag, ok);
}

static void write_peer_view(json_t *o, const struct control_peer_view *v, bool *ok)
{
	uint32_t heights[CONTROL_VIEW_MAX];

	put_string(o, "peer", v->peer, ok);
	put_u32_list(o, "pins", v->pins, v->pin_count, ok);
	put_u32_list(o, "wants", v->wants, v->want_count, ok);
	for (size_t i = 0; i < v->height_count; i++)
		heights[i] = v->heights[i];
	put_u32_list(o, "heights", heights, v->height_count, ok);
}

static void write_stats_report(json_t *o, const struct control_message *m, bool *ok)
{
	json_t *counters = json_object(), *peers = json_array();

	for (size_t i = 0; i < m->u.stats_report.counter_count; i++)
		put_number(counters, m->u.stats_report.counters[i].name, m->u.stats_report.counters[i].value, ok);
	for (size_t i = 0; i < m->u.stats_report.peer_count; i++) {
		const struct control_stats_peer *from = &m->u.stats_report.peers[i];
		json_t *p = json_object();
		put_string(p, "peer", from->peer, ok);
		put_number(p, "number", from->number, ok);
		put_number(p, "rtt_us", from->rtt_us, ok);
		put_number(p, "rx_packets", from->rx_packets, ok);
		put_number(p, "tx_packets", from->tx_packets, ok);
		put_number(p, "rx_bytes", from->rx_bytes, ok);
		put_number(p, "tx_bytes", from->tx_bytes, ok);
		put_number(p, "lost", from->lost, ok);
		append(peers, p, ok);
	}
	put(o, "counters", counters, ok);
	put(o, "peers", peers, ok);
}

static void write_seats_event(json_t *o, const struct control_message *m, bool *ok)
{
	json_t *list = json_array();

	put_string(o, "peer", m->u.seats.peer, ok);
	for (size_t i = 0; i < m->u.seats.count; i++) {
		json_t *s = json_object();
		put_number(s, "seat", m->u.seats.seats[i].seat, ok);
		put_number(s, "number", m->u.seats.seats[i].number, ok);
		append(list, s, ok);
	}
	put(o, "seats", list, ok);
}

static void write_body(json_t *o, const struct control_message *m, bool *ok)
{
	switch (m->type) {
	case CONTROL_HELLO:
		put_number(o, "version", m->u.hello.version, ok);
		break;
	case CONTROL_ROOM_OPEN:
	case CONTROL_ROOM_CLOSE:
		put_string(o, "room", m->u.room.room, ok);
		break;
	case CONTROL_PEER_ADD:
		write_peer_add(o, &m->u.peer_add, ok);
		break;
	case CONTROL_PEER_UPDATE:
		write_peer_update(o, &m->u.peer_update, ok);
		break;
	case CONTROL_PEER_REMOVE:
		put_string(o, "peer", m->u.peer.peer, ok);
		break;
	case CONTROL_PEER_VIEW:
		write_peer_view(o, &m->u.peer_view, ok);
		break;
	case CONTROL_PEER_STATE:
		put_string(o, "peer", m->u.peer_state.peer, ok);
		put_bool(o, "mic", m->u.peer_state.mic, ok);
		put_bool(o, "camera", m->u.peer_state.camera, ok);
		put_bool(o, "screen", m->u.peer_state.screen, ok);
		put_bool(o, "screen_audio", m->u.peer_state.screen_audio, ok);
		break;
	case CONTROL_PEER_BLOCK:
		put_string(o, "peer", m->u.peer_block.peer, ok);
		put_bool(o, "mic", m->u.peer_block.mic, ok);
		put_bool(o, "camera", m->u.peer_block.camera, ok);
		put_bool(o, "screen", m->u.peer_block.screen, ok);
		break;
	case CONTROL_STATS:
		if (m->u.stats.room[0])
			put_string(o, "room", m->u.stats.room, ok);
		break;
	case CONTROL_ERROR:
		put_string(o, "code", code_names[m->u.error.code], ok);
		break;
	case CONTROL_WELCOME:
		put_string(o, "epoch", m->u.welcome.epoch, ok);
		put_string(o, "fingerprint", m->u.welcome.fingerprint, ok);
		put_number(o, "workers", m->u.welcome.workers, ok);
		break;
	case CONTROL_STATS_REPORT:
		write_stats_report(o, m, ok);
		break;
	case CONTROL_PEER_CONNECTED:
		put_string(o, "peer", m->u.peer_connected.peer, ok);
		put_string(o, "via", via_names[m->u.peer_connected.via], ok);
		break;
	case CONTROL_PEER_CLOSED:
		put_string(o, "peer", m->u.peer_closed.peer, ok);
		put_string(o, "reason", close_reason_names[m->u.peer_closed.reason], ok);
		break;
	case CONTROL_PEER_STALLED:
		put_string(o, "peer", m->u.peer_stalled.peer, ok);
		put_bool(o, "stalled", m->u.peer_stalled.stalled, ok);
		break;
	case CONTROL_SEATS:
		write_seats_event(o, m, ok);
		break;
	case CONTROL_SPEAKERS:
		put_string(o, "room", m->u.speakers.room, ok);
		put_u32_list(o, "order", m->u.speakers.order, m->u.speakers.order_count, ok);
		put_u32_list(o, "speaking", m->u.speakers.speaking, m->u.speakers.speaking_count, ok);
		break;
	case CONTROL_SNAPSHOT_PEER:
		put_string(o, "room", m->u.snapshot_peer.room, ok);
		put_string(o, "peer", m->u.snapshot_peer.peer, ok);
		put_number(o, "number", m->u.snapshot_peer.number, ok);
		put_string(o, "tag", m->u.snapshot_peer.tag, ok);
		put_bool(o, "connected", m->u.snapshot_peer.connected, ok);
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

size_t control_encode(const struct control_message *m, char *out, size_t room)
{
	if (m->type <= CONTROL_BAD || m->type >= CONTROL_TYPES)
		return 0;
	json_t *o = json_object();
	bool ok = o != NULL;

	put_string(o, "t", type_names[m->type], &ok);
	if (is_request(m->type))
		put_number(o, "id", m->id, &ok);
	else if (is_answer(m->type))
		put_number(o, "re", m->id, &ok);
	write_body(o, m, &ok);

	size_t len = ok ? json_dumpb(o, out, room, JSON_COMPACT) : 0;
	json_decref(o);
	return len <= room && len <= CONTROL_MESSAGE_MAX ? len : 0;
}

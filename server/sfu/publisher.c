#include "publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet_pool.h"
#include "peer.h"
#include "publisher_feedback.h"
#include "room.h"
#include "rtx.h"
#include "worker.h"

enum { PT_NONE = 255 };

#define STREAM_SILENT_US 500000         /* another SSRC may feed a layer once the one before is this long silent */

static int section_by_name(const struct peer_config *c, const char *mid, enum control_source source)
{
	for (int i = 0; i < c->send_count; i++) {
		if (c->sends[i].source == source && !strcmp(c->sends[i].mid, mid))
			return i;
	}
	return -1;
}

/* Sections may have moved or gone. A stream stays bound: a browser whose MID was acknowledged does not say it again. */
static void move_streams(struct publisher *p, const struct peer_config *old)
{
	struct stream *keep[PUBLISHER_STREAMS_MAX];
	uint16_t kept = 0;

	memset(p->bound, 0, sizeof p->bound);
	for (size_t i = 0; i < p->count; i++) {
		struct stream *s = p->streams[i];
		const struct control_send *was = &old->sends[s->section];
		int section = section_by_name(p->peer->config, was->mid, was->source);
		if (section < 0) {
			if (p->current[was->source][s->layer] == s)
				p->current[was->source][s->layer] = NULL;
			free(s->nack);
			free(s);
			continue;
		}
		s->section = (uint8_t)section;
		p->bound[section]++;
		keep[kept++] = s;
	}
	memcpy(p->streams, keep, kept * sizeof keep[0]);
	p->count = kept;
	p->last = NULL;
}

/* -- life ---------------------------------------------------------------------------------------------------------------- */

int publisher_create(struct publisher **out, struct peer *peer, int64_t now_us)
{
	struct publisher *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->peer = peer;
	publisher_feedback_init(p, now_us);
	twcc_receiver_init(&p->twcc);
	publisher_on_config(p, NULL);
	*out = p;
	return 0;
}

void publisher_destroy(struct publisher *p)
{
	if (!p)
		return;
	timer_cancel(&p->peer->worker->timers, &p->timer);
	for (size_t i = 0; i < p->count; i++) {
		free(p->streams[i]->nack);
		free(p->streams[i]);
	}
	free(p);
}

void publisher_on_config(struct publisher *p, const struct peer_config *old)
{
	const struct control_ext *ext = &p->peer->config->ext;

	memset(&p->ext_ids, 0, sizeof p->ext_ids);
	rtp_ext_ids_set(&p->ext_ids, RTP_EXT_MID, ext->mid);
	rtp_ext_ids_set(&p->ext_ids, RTP_EXT_RID, ext->rid);
	rtp_ext_ids_set(&p->ext_ids, RTP_EXT_RRID, ext->rrid);
	rtp_ext_ids_set(&p->ext_ids, RTP_EXT_LEVEL, ext->level);
	rtp_ext_ids_set(&p->ext_ids, RTP_EXT_TWCC, ext->twcc);
	if (old)
		move_streams(p, old);
}

/* -- which stream ---------------------------------------------------------------------------------------------------------- */

struct binding { int section; uint8_t layer; bool rtx; };

static bool span_is(const struct rtp_ext_span *span, const char *name)
{
	return span->len == strlen(name) && !memcmp(span->p, name, span->len);
}

static int section_by_mid(const struct peer_config *c, const struct rtp_ext_span *mid)
{
	for (int i = 0; i < c->send_count; i++) {
		if (span_is(mid, c->sends[i].mid))
			return i;
	}
	return -1;
}

static int layer_by_rid(const struct control_send *send, const struct rtp_ext_span *rid)
{
	for (int i = 0; i < send->rid_count; i++) {
		if (span_is(rid, send->rids[i]))
			return i;
	}
	return -1;
}

static uint8_t layers_of(const struct control_send *send)
{
	return send->rid_count ? send->rid_count : 1;
}

static bool bind_declared(struct binding *out, const struct peer_config *c, uint32_t ssrc)
{
	for (int i = 0; i < c->send_count; i++) {
		const struct control_send *send = &c->sends[i];
		for (uint8_t k = 0; k < send->ssrc_count; k++) {
			bool rtx = send->rtx_ssrcs[k] == ssrc;
			if (send->ssrcs[k] != ssrc && !rtx)
				continue;
			*out = (struct binding){ i, k < layers_of(send) ? k : 0, rtx };
			return true;
		}
	}
	return false;
}

/* The packet is authentic, so its own word about its section holds (RFC 8852 §3.1). */
static bool bind_named(struct binding *out, const struct peer_config *c, const struct rtp_ext *ext, bool rtx)
{
	int section = ext->mid.len ? section_by_mid(c, &ext->mid) : -1;
	if (section < 0)
		return false;
	const struct control_send *send = &c->sends[section];
	int layer = 0;
	if (send->rid_count)
		layer = layer_by_rid(send, rtx ? &ext->rrid : &ext->rid);
	if (layer < 0)
		return false;
	*out = (struct binding){ section, (uint8_t)layer, rtx };
	return true;
}

static struct stream *stream_find(struct publisher *p, uint32_t ssrc)
{
	if (p->last && p->last->ssrc == ssrc)
		return p->last;
	for (size_t i = 0; i < p->count; i++) {
		if (p->streams[i]->ssrc == ssrc)
			return p->last = p->streams[i];
	}
	return NULL;
}

static struct stream *stream_create(struct publisher *p, uint32_t ssrc, const struct binding *b, uint32_t clock_hz)
{
	const struct control_send *send = &p->peer->config->sends[b->section];
	bool video = send->source == CONTROL_CAMERA || send->source == CONTROL_SCREEN;
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	*s = (struct stream){ .ssrc = ssrc, .section = (uint8_t)b->section, .layer = b->layer, .rtx = b->rtx, .pt = PT_NONE };
	reception_init(&s->reception, ssrc, clock_hz);
	if (video && !b->rtx) {
		s->nack = calloc(1, sizeof *s->nack);
		if (!s->nack) {
			free(s);
			return NULL;
		}
		nack_generator_init(s->nack);
	}
	p->streams[p->count++] = s;
	p->bound[b->section]++;
	return p->last = s;
}

static struct stream *stream_bind(struct publisher *p, const struct rtp_header *h, const struct rtp_ext *ext,
	const struct payload *payload, bool rtx)
{
	struct counters *c = &p->peer->worker->counters;
	struct binding b;

	if (!bind_declared(&b, p->peer->config, h->ssrc) && !bind_named(&b, p->peer->config, ext, rtx)) {
		count(c, COUNTER_rtp_unknown_ssrc);
		return NULL;
	}
	if (p->bound[b.section] >= CONTROL_SSRCS_MAX || p->count >= PUBLISHER_STREAMS_MAX) {
		count(c, COUNTER_rtp_ssrc_limit);
		return NULL;
	}
	struct stream *s = stream_create(p, h->ssrc, &b, payload->clock_hz);
	if (s)
		count(c, COUNTER_rtp_ssrc_bound);
	return s;
}

/* An SSRC belongs to one section for its life: a packet that claims another is not believed. */
static bool collides(const struct publisher *p, const struct stream *s, const struct rtp_ext *ext)
{
	return ext->mid.len && !span_is(&ext->mid, p->peer->config->sends[s->section].mid);
}

/* The stream that this one's packets feed: itself, or the one it repeats. */
static struct stream *stream_fed(struct publisher *p, struct stream *s)
{
	enum control_source source = p->peer->config->sends[s->section].source;
	struct stream *now = p->current[source][s->layer];

	if (s->rtx)
		return now;
	if (now == s)
		return s;
	if (now && p->peer->worker->now_us - now->reception.last_us < STREAM_SILENT_US)
		return NULL;
	p->current[source][s->layer] = s;
	publisher_begin_anew(p, source);
	return s;
}

void publisher_begin_anew(struct publisher *p, enum control_source source)
{
	struct track *t = p->peer->tracks[source];

	for (uint8_t i = 0; t && i < t->layer_count; i++)
		t->layers[i].generation++;
}

/* -- a packet -------------------------------------------------------------------------------------------------------------- */

static bool unwrap_rtx(struct counters *c, struct packet *packet, struct rtp_header *h, const struct stream *fed, uint8_t pt)
{
	count(c, COUNTER_rtp_rtx);
	if (!h->payload_len)            /* a probe */
		return false;
	if (!fed || !fed->reception.started) {
		count(c, COUNTER_rtp_rtx_unknown);
		return false;
	}
	if (!rtx_unwrap(h, packet->data, fed->ssrc, pt)) {
		count(c, COUNTER_rtp_rtx_bad);
		return false;
	}
	packet->data += RTX_OSN_LEN;
	packet->len = (uint16_t)(h->header_len + h->payload_len);
	return true;
}

static void watch_gaps(struct publisher *p, struct stream *s, struct track *t, uint64_t index, int64_t now_us)
{
	struct counters *c = &p->peer->worker->counters;

	if (!s->nack)
		return;
	switch (nack_generator_on_packet(s->nack, index, now_us)) {
	case NACK_OK:
		break;
	case NACK_RECOVERED:
		count(c, COUNTER_rtp_recovered);
		break;
	case NACK_TOO_MANY:
		count(c, COUNTER_nack_given_up);
		track_ask_keyframe(t, s->layer, now_us);
		break;
	}
	timer_sooner(&p->peer->worker->timers, &p->timer, nack_generator_deadline_us(s->nack));
}

/* Where it stands in its stream; false: nothing new. */
static bool count_in(struct publisher *p, struct stream *s, struct track *t, const struct rtp_header *h, struct media_info *info)
{
	struct counters *c = &p->peer->worker->counters;

	switch (reception_on_packet(&s->reception, h->seq, h->ts, h->payload_len, info->recovered, info->arrival_us, &info->index)) {
	case RECEPTION_OK:
		return true;
	case RECEPTION_DUPLICATE:
		count(c, COUNTER_rtp_duplicate);
		return false;
	case RECEPTION_OLD:
		count(c, COUNTER_rtp_too_old);
		return false;
	case RECEPTION_RESTART:
		t->layers[s->layer].generation++;
		if (s->nack)
			nack_generator_init(s->nack);
		return true;
	}
	return false;
}

/* What is blocked or off is counted as received, so that reports stay true, and goes no further. */
static bool allowed(const struct publisher *p, const struct track *t)
{
	if (track_allowed(t))
		return true;
	bool blocked = p->peer->blocked >> t->source & 1;
	count(&p->peer->worker->counters, blocked ? COUNTER_rtp_blocked : COUNTER_rtp_off);
	return false;
}

static bool read_marks(struct counters *c, const struct packet *packet, const struct rtp_header *h, const struct payload *payload,
	struct media_info *info)
{
	if (!h->payload_len) {
		count(c, COUNTER_rtp_padding_only);
		return true;
	}
	if (!frame_marks_read(&info->marks, payload->codec, packet->data + h->header_len, h->payload_len, h->marker)) {
		count(c, COUNTER_rtp_bad_payload);
		return false;
	}
	info->marks.layer.spatial = info->layer;
	return true;
}

static void hear(struct publisher *p, const struct track *t, const struct packet *packet, const struct media_info *info, int64_t now_us)
{
	if (t->source != CONTROL_MIC || !info->payload_len)
		return;
	if (info->has_level) {
		count(&p->peer->worker->counters, COUNTER_level_header);
		room_on_level(p->peer, info->level, info->voice, now_us);
	} else if (info->codec == CODEC_OPUS && p->peer->worker->post->audio) {
		audio_thread_post(p->peer->worker->post->audio, p->peer->id, p->peer->worker->index,
			packet->data + info->payload_at, info->payload_len);
	}
}

static void note_transport_number(struct publisher *p, const struct rtp_ext *ext, int64_t arrival_us)
{
	if (!ext->has_twcc)
		return;
	twcc_receiver_on_packet(&p->twcc, ext->twcc, arrival_us);
	timer_sooner(&p->peer->worker->timers, &p->timer, twcc_receiver_deadline_us(&p->twcc));
}

struct track *publisher_take(struct publisher *p, struct packet *packet, struct media_info *info, int64_t now_us)
{
	struct counters *c = &p->peer->worker->counters;
	struct rtp_header h;
	struct rtp_ext ext;
	bool rtx;

	if (rtp_header_read(&h, packet->data, packet->len) != RTP_OK) {
		count(c, COUNTER_rtp_bad);
		return NULL;
	}
	count(c, COUNTER_rtp_rx);
	p->rx_packets++;
	p->rx_bytes += packet->len;
	rtp_ext_read(&ext, &p->ext_ids, &h, packet->data);
	note_transport_number(p, &ext, packet->arrival_us);

	const struct payload *payload = peer_config_payload(p->peer->config, h.pt, &rtx);
	if (!payload) {
		count(c, COUNTER_rtp_unknown_pt);
		return NULL;
	}
	struct stream *s = stream_find(p, h.ssrc);
	if (!s && !(s = stream_bind(p, &h, &ext, payload, rtx)))
		return NULL;
	if (collides(p, s, &ext) || s->rtx != rtx) {
		count(c, COUNTER_rtp_ssrc_collision);
		return NULL;
	}
	struct track *t = p->peer->tracks[p->peer->config->sends[s->section].source];
	if (!t || s->layer >= t->layer_count || rtp_codec_is_video(payload->codec) != t->video) {
		count(c, COUNTER_rtp_unknown_pt);
		return NULL;
	}
	struct stream *fed = stream_fed(p, s);
	if (rtx && !unwrap_rtx(c, packet, &h, fed, payload->pt))
		return NULL;
	if (!fed) {
		count(c, COUNTER_rtp_late);
		return NULL;
	}
	*info = (struct media_info){
		.arrival_us = packet->arrival_us, .ts = h.ts, .profile = payload->profile, .payload_at = h.header_len,
		.payload_len = h.payload_len, .codec = (uint8_t)payload->codec, .layer = fed->layer, .marker = h.marker,
		.recovered = rtx, .has_level = ext.has_level, .voice = ext.voice, .level = ext.level,
	};
	if (!count_in(p, fed, t, &h, info))
		return NULL;
	fed->pt = payload->pt;
	watch_gaps(p, fed, t, info->index, now_us);
	if (!allowed(p, t) || !read_marks(c, packet, &h, payload, info))
		return NULL;
	info->generation = t->layers[fed->layer].generation;
	hear(p, t, packet, info, now_us);
	return t;
}

/* -- reports ------------------------------------------------------------------------------------------------------------------ */

void publisher_on_sr(struct publisher *p, uint32_t ssrc, uint64_t ntp, uint32_t ts, int64_t arrival_us)
{
	struct stream *s = stream_find(p, ssrc);
	struct counters *c = &p->peer->worker->counters;

	if (!s) {
		count(c, COUNTER_rtcp_foreign_ssrc);
		return;
	}
	reception_on_sr(&s->reception, ntp, arrival_us);
	enum control_source source = p->peer->config->sends[s->section].source;
	struct track *t = p->peer->tracks[source];
	if (s->rtx || !t || p->current[source][s->layer] != s)
		return;
	struct track_layer *l = &t->layers[s->layer];
	sr_clock_on_report(&p->peer->clock, &l->clock, ntp, ts, arrival_us);

	const struct traffic_clock head = { p->peer->id, (uint8_t)source, s->layer, p->peer->clock, l->clock };
	for (uint64_t left = l->elsewhere; left; left &= left - 1)
		worker_post(p->peer->worker, (uint16_t)__builtin_ctzll(left), TRAFFIC_CLOCK, &head, sizeof head, NULL, 0);
}

uint64_t publisher_lost(const struct publisher *p)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (!p->streams[i]->rtx)
			lost += reception_lost(&p->streams[i]->reception);
	}
	return lost;
}

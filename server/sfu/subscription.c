#include "subscription.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "rand.h"
#include "rtp_ext.h"
#include "rtp_header.h"
#include "rtx.h"
#include "train.h"
#include "worker.h"

enum {
	RESENDS_PER_SECOND = 400,       /* a layer of 2.5 Mbit/s has 300 packets a second: even all of them, once */
	MID_PACKETS = 50,               /* RFC 8843 §15.1: until the receiver must have seen it; SSRCs are signaled besides */
};

#define REPORT_US 1000000

int subscription_create(struct subscription **out, struct peer *viewer, const struct control_seat_media *media, bool video,
	int64_t now_us)
{
	struct subscription *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->viewer = viewer;
	s->video = video;
	s->ssrc = media->ssrc;
	s->rtx_ssrc = media->rtx;
	strcpy(s->mid, media->mid);
	s->mid_len = (uint8_t)strlen(s->mid);
	s->mid_left = MID_PACKETS;
	s->now = s->target = (struct layer){ LAYER_NONE, TEMPORAL_ALL };
	s->report_us = INT64_MAX;
	list_init(&s->in_track);
	list_init(&s->in_next);
	rewrite_init(&s->rewrite, s->ssrc, video ? 90000 : 48000, (uint16_t)rand_u32(), rand_u32(), (uint16_t)rand_u32());
	resend_limit_init(&s->resend, RESENDS_PER_SECOND, now_us);
	*out = s;
	return 0;
}

static void leave_track(struct subscription *s)
{
	list_remove(&s->in_track);
	s->track = NULL;
	s->source = 0;
	s->now.spatial = LAYER_NONE;
}

static void leave_next(struct subscription *s)
{
	list_remove(&s->in_next);
	s->next = NULL;
}

void subscription_destroy(struct subscription *s)
{
	if (!s)
		return;
	leave_track(s);
	leave_next(s);
	free(s);
}

/* -- what to show -------------------------------------------------------------------------------------------------------- */

static void adopt(struct subscription *s, struct track *t)
{
	leave_track(s);
	leave_next(s);
	s->track = t;
	list_add_tail(&t->watching, &s->in_track);
}

void subscription_show(struct subscription *s, struct track *t, int64_t now_us)
{
	if (t == s->next && (t || !s->track))
		return;
	if (t == s->track) {            /* back to whom it shows still */
		leave_next(s);
		subscription_choose_layer(s, now_us);
		return;
	}
	leave_next(s);
	s->target.spatial = LAYER_NONE;
	if (!t) {
		leave_track(s);
		return;
	}
	if (!s->video) {
		adopt(s, t);
		return;
	}
	s->next = t;
	list_add_tail(&t->waiting, &s->in_next);
	subscription_choose_layer(s, now_us);
}

void subscription_let_go(struct subscription *s, struct track *t)
{
	if (s->next == t)
		leave_next(s);
	if (s->track == t)
		leave_track(s);
}

void subscription_begin_anew(struct subscription *s)
{
	s->now.spatial = LAYER_NONE;
	s->source = 0;
	s->mid_left = MID_PACKETS;
}

/* The track whose layer is chosen. */
static struct track *aimed_at(const struct subscription *s)
{
	return s->next ? s->next : s->track;
}

void subscription_aim(struct subscription *s)
{
	struct track *t = aimed_at(s);
	struct layer_info infos[TRACK_LAYERS];

	if (!t || !s->video)
		return;
	for (uint8_t i = 0; i < t->layer_count; i++)
		infos[i] = t->layers[i].info;
	uint8_t chosen = layer_choose(infos, t->layer_count, s->height, s->target.spatial, LAYERS_MAX);
	if (chosen == LAYER_NONE && s->height && s->now.spatial != LAYER_NONE && !s->next)
		return;                 /* nothing flows at the moment: stay ready for what did */
	s->target.spatial = chosen;
	if (chosen == LAYER_NONE && !s->next)
		s->now.spatial = LAYER_NONE;
}

void subscription_choose_layer(struct subscription *s, int64_t now_us)
{
	struct track *t = aimed_at(s);

	subscription_aim(s);
	if (t && s->video && s->target.spatial != LAYER_NONE && (s->next || s->now.spatial != s->target.spatial))
		track_ask_keyframe(t, s->target.spatial, now_us);
}

uint8_t subscription_wants(const struct subscription *s, const struct track *t)
{
	uint8_t layers = 0;

	if (!s->video)
		return 1;
	if (t == s->track && s->now.spatial != LAYER_NONE)
		layers |= (uint8_t)(1u << s->now.spatial);
	if (t == (s->next ? s->next : s->track) && s->target.spatial != LAYER_NONE)
		layers |= (uint8_t)(1u << s->target.spatial);
	return layers;
}

/* -- one packet ---------------------------------------------------------------------------------------------------------- */

static struct rewrite_in numbers_of(const struct media_info *in, uint32_t source)
{
	const struct vp8_descriptor *vp8 = &in->marks.vp8;
	return (struct rewrite_in){
		.source = source, .index = in->index, .ts = in->ts, .has_picture_id = vp8->has_picture_id,
		.long_picture_id = vp8->long_picture_id, .picture_id = vp8->picture_id, .tl0picidx = vp8->tl0picidx,
	};
}

static bool accepted(struct subscription *s, const struct media_info *in)
{
	if (s->codec == in->codec && s->profile == in->profile)
		return s->accepts;
	const struct payload *p = peer_config_accepts(s->viewer->config, (enum rtp_codec)in->codec, in->profile);
	s->codec = in->codec;
	s->profile = in->profile;
	s->accepts = p != NULL;
	if (p) {
		s->pt = p->pt;
		s->rtx_pt = p->rtx;
	}
	return s->accepts;
}

/* Header extensions with the ids that this browser chose; the transport-wide number is taken here. */
struct out_ext {
	size_t count;
	uint8_t level, twcc[2];
	struct rtp_ext_out elements[3];
};

static void out_ext_fill(struct out_ext *e, struct subscription *s, const struct media_info *in)
{
	const struct control_ext *ids = &s->viewer->config->ext;

	e->count = 0;
	if (ids->mid && s->mid_left) {
		s->mid_left--;
		e->elements[e->count++] = (struct rtp_ext_out){ ids->mid, s->mid_len, (const uint8_t *)s->mid };
	}
	if (ids->level && in && in->has_level) {
		e->level = rtp_ext_put_level(in->level, in->voice);
		e->elements[e->count++] = (struct rtp_ext_out){ ids->level, 1, &e->level };
	}
	if (ids->twcc) {
		rtp_ext_put_twcc(e->twcc, s->viewer->viewer->twcc_next++);
		e->elements[e->count++] = (struct rtp_ext_out){ ids->twcc, 2, e->twcc };
	}
}

static bool forward(struct subscription *s, const struct track *t, const struct packet *packet, const struct media_info *in,
	const struct rewrite_out *out)
{
	uint8_t *slot = train_slot(s->viewer->worker, s->viewer);
	struct wr w = wr_to(slot, TRAIN_PACKET_ROOM);
	struct rtp_header h = { .marker = in->marker, .pt = s->pt, .seq = out->seq, .ts = out->ts, .ssrc = s->ssrc, .csrc_count = 1 };
	struct out_ext e;

	h.csrc[0] = t->peer->number;
	out_ext_fill(&e, s, in);
	rtp_header_write(&w, &h, e.elements, e.count);
	uint8_t *payload = w.p;
	wr_bytes(&w, packet->data + in->payload_at, in->payload_len);
	if (!w.ok) {
		count(&s->viewer->worker->counters, COUNTER_fwd_refused);
		return false;
	}
	if (in->codec == CODEC_VP8)
		vp8_descriptor_patch(payload, &in->marks.vp8, out->picture_id, out->tl0picidx);
	train_add(s->viewer->worker, (uint16_t)(w.p - slot));
	return true;
}

static void give(struct subscription *s, struct track *t, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	struct counters *c = &s->viewer->worker->counters;
	const struct rewrite_in numbers = numbers_of(in, t->layers[in->layer].source);
	struct rewrite_out out;

	switch (rewrite_forward(&s->rewrite, &numbers, &out, now_us)) {
	case REWRITE_SEND:
		break;
	case REWRITE_USED:
		count(c, COUNTER_fwd_refused);
		return;
	case REWRITE_OLD:
		count(c, COUNTER_fwd_too_old);
		return;
	case REWRITE_FOREIGN:
	case REWRITE_AHEAD:             /* its numbers jumped: begin again, where that can be done */
		count(c, COUNTER_fwd_refused);
		subscription_begin_anew(s);
		return;
	}
	if (!forward(s, t, packet, in, &out))
		return;
	if (!s->packets)
		viewer_report_soon(s->viewer->viewer, now_us);
	s->packets++;
	s->octets += in->payload_len;
	s->sent_us = now_us;
	count(c, COUNTER_fwd_sent);
}

static void switch_to(struct subscription *s, struct track *t, const struct media_info *in, int64_t now_us)
{
	const struct rewrite_in numbers = numbers_of(in, t->layers[in->layer].source);

	rewrite_switch(&s->rewrite, &numbers, rewrite_ts_at(&s->rewrite, now_us));
	s->source = numbers.source;
	s->report_us = now_us;          /* at once: where this source's clock is */
	viewer_report_soon(s->viewer->viewer, now_us);
	count(&s->viewer->worker->counters, COUNTER_fwd_switched);
}

/* What each packet of sound needs: nothing to wait for, nothing to leave out. */
static void offer_audio(struct subscription *s, struct track *t, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	if (!in->payload_len)
		return;
	if (s->source != t->layers[in->layer].source)
		switch_to(s, t, in, now_us);
	give(s, t, packet, in, now_us);
}

static void offer_video(struct subscription *s, struct track *t, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	struct counters *c = &s->viewer->worker->counters;
	bool arriving = t == s->next;
	struct layer now = arriving ? (struct layer){ LAYER_NONE, TEMPORAL_ALL } : s->now;
	struct layer target = arriving || !s->next ? s->target : s->now;
	bool restarted = now.spatial == in->layer && s->source != t->layers[in->layer].source;

	if (restarted)                  /* the same layer, with numbers of its own: as if nothing had flowed */
		now.spatial = LAYER_NONE;
	if (!in->payload_len) {         /* a probe: close its gap */
		const struct rewrite_in numbers = numbers_of(in, s->source);
		if (!arriving && now.spatial == in->layer)
			rewrite_drop(&s->rewrite, &numbers);
		return;
	}

	enum layer_verdict verdict = layer_decide(now, target, &in->marks);
	switch (verdict) {
	case LAYER_OTHER:
		return;
	case LAYER_DROP: {
		const struct rewrite_in numbers = numbers_of(in, s->source);
		rewrite_drop(&s->rewrite, &numbers);
		count(c, COUNTER_fwd_dropped_layer);
		break;
	}
	case LAYER_WAIT_KEYFRAME:
		count(c, COUNTER_fwd_wait_keyframe);
		track_ask_keyframe(t, in->layer, now_us);
		break;
	case LAYER_SWITCH:
		if (arriving)
			adopt(s, t);
		switch_to(s, t, in, now_us);
		give(s, t, packet, in, now_us);
		break;
	case LAYER_FORWARD:
		give(s, t, packet, in, now_us);
		break;
	}
	if (s->track == t && s->source)
		s->now = layer_after(now, target, &in->marks, verdict);
}

void subscription_offer(struct subscription *s, struct track *t, struct packet *packet, const struct media_info *in, int64_t now_us)
{
	struct counters *c = &s->viewer->worker->counters;

	count(c, COUNTER_fwd_offered);
	if (!s->viewer->has_path) {
		count(c, COUNTER_fwd_no_path);
		return;
	}
	if (!accepted(s, in)) {
		count(c, COUNTER_fwd_no_codec);
		return;
	}
	if (s->video)
		offer_video(s, t, packet, in, now_us);
	else
		offer_audio(s, t, packet, in, now_us);
}

/* -- again --------------------------------------------------------------------------------------------------------------- */

/* The packet as history has it, read anew: rare enough. */
static bool info_of(struct media_info *out, const struct track *t, const struct packet *packet, uint64_t index)
{
	struct rtp_header h;
	bool rtx;

	if (rtp_header_read(&h, packet->data, packet->len) != RTP_OK)
		return false;
	const struct payload *p = peer_config_payload(t->peer->config, h.pt, &rtx);
	if (!p)
		return false;
	*out = (struct media_info){
		.index = index, .ts = h.ts, .payload_at = h.header_len, .payload_len = h.payload_len, .codec = (uint8_t)p->codec,
		.profile = p->profile, .marker = h.marker,
	};
	return frame_marks_read(&out->marks, p->codec, packet->data + h.header_len, h.payload_len, h.marker);
}

static bool send_rtx(struct subscription *s, const struct track *t, const struct packet *packet, const struct media_info *in,
	const struct rewrite_out *was)
{
	uint8_t *slot = train_slot(s->viewer->worker, s->viewer);
	struct wr w = wr_to(slot, TRAIN_PACKET_ROOM);
	uint64_t index = rewrite_next_rtx(&s->rewrite);
	struct rtp_header h = {
		.marker = in->marker, .pt = s->rtx_pt, .seq = (uint16_t)index, .ts = was->ts, .ssrc = s->rtx_ssrc, .csrc_count = 1,
	};
	struct out_ext e;

	h.csrc[0] = t->peer->number;
	out_ext_fill(&e, s, NULL);
	rtp_header_write(&w, &h, e.elements, e.count);
	wr_u16(&w, was->seq);           /* RFC 4588 §4: the original sequence number */
	uint8_t *payload = w.p;
	wr_bytes(&w, packet->data + in->payload_at, in->payload_len);
	if (!w.ok)
		return false;
	if (in->codec == CODEC_VP8)
		vp8_descriptor_patch(payload, &in->marks.vp8, was->picture_id, was->tl0picidx);
	train_add(s->viewer->worker, (uint16_t)(w.p - slot));
	return true;
}

void subscription_resend(struct subscription *s, uint16_t seq, int64_t rtt_us, int64_t now_us)
{
	struct counters *c = &s->viewer->worker->counters;
	struct track_layer *l;
	struct packet *packet;
	struct media_info in;
	struct rewrite_out was;
	uint32_t source;
	uint64_t index;

	if (!s->rtx_ssrc || !s->accepts || !s->rtx_pt || !s->viewer->has_path || !s->track ||
	    !rewrite_find(&s->rewrite, seq, &source, &index) || !(l = track_layer_of(s->track, source)) || !l->history ||
	    !(packet = history_get(l->history, index, now_us)) || !info_of(&in, s->track, packet, index)) {
		count(c, COUNTER_rtx_not_found);
		return;
	}
	if (!resend_limit_take(&s->resend, seq, rtt_us, now_us)) {
		count(c, COUNTER_rtx_limited);
		return;
	}
	const struct rewrite_in numbers = numbers_of(&in, source);
	if (!rewrite_again(&s->rewrite, &numbers, &was)) {
		/* It never went out: its first use, under its own number. */
		if (rewrite_forward(&s->rewrite, &numbers, &was, now_us) == REWRITE_SEND && forward(s, s->track, packet, &in, &was))
			count(c, COUNTER_fwd_sent);
		return;
	}
	if (send_rtx(s, s->track, packet, &in, &was))
		count(c, COUNTER_rtx_sent);
}

void subscription_ask_keyframe(struct subscription *s, int64_t now_us)
{
	if (!s->video)
		return;
	if (s->track && s->now.spatial != LAYER_NONE)
		track_ask_keyframe(s->track, s->now.spatial, now_us);
	else if (s->track && s->target.spatial != LAYER_NONE && !s->next)
		track_ask_keyframe(s->track, s->target.spatial, now_us);
}

bool subscription_report_ts(const struct subscription *s, int64_t now_us, uint32_t *ts)
{
	uint32_t source_ts;

	if (!s->track || !s->source)
		return false;
	const struct track_layer *l = track_layer_of(s->track, s->source);
	return l && sr_clock_ts_at(&s->track->peer->clock, &l->clock, now_us, &source_ts) &&
		rewrite_map_ts(&s->rewrite, source_ts, ts);
}

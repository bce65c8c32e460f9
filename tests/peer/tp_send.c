#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_peer_internal.h"

enum {
	RTCP_ROUNDS = 10,               /* reports every so many */
	NACK_TRIES = 8,
};

void tp_peer_send_raw(struct tp_peer *peer, const uint8_t *bytes, size_t len)
{
	if (peer->selected)
		tp_wire_send(&peer->selected->wire, bytes, len);
}

void tp_peer_send_rtp(struct tp_peer *peer, uint8_t *rtp, size_t len)
{
	if (!peer->srtp || !tp_srtp_protect(peer->srtp, rtp, &len))
		return;
	peer->counts.sent_rtp++;
	if (peer->kept && len <= sizeof peer->kept->bytes) {
		struct tp_kept_packet *kept = &peer->kept[peer->kept_at++ % TP_KEPT_PACKETS];
		memcpy(kept->bytes, rtp, len);
		kept->len = len;
	}
	tp_peer_send_raw(peer, rtp, len);
}

void tp_peer_send_rtcp(struct tp_peer *peer, const uint8_t *bytes, size_t len)
{
	uint8_t out[1500 + TP_SRTP_TAIL];
	if (!peer->srtp || !len || len > 1500)
		return;
	memcpy(out, bytes, len);
	if (!tp_srtp_protect_rtcp(peer->srtp, out, &len))
		return;
	peer->counts.sent_rtcp++;
	tp_peer_send_raw(peer, out, len);
}

/* -- what is published ------------------------------------------------------------------------------------------------ */

static void emit(void *owner, uint8_t *rtp, size_t len, size_t room)
{
	tp_peer_send_rtp(owner, rtp, len);
}

static void arm_media(struct tp_peer *peer)
{
	int64_t due = INT64_MAX;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i] && tp_source_due_us(peer->sources[i]) < due)
			due = tp_source_due_us(peer->sources[i]);
	if (due != INT64_MAX)
		tp_timer_at(peer->loop, &peer->media_timer, due);
}

void tp_peer_on_media_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	if (!peer->srtp)
		return;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i])
			tp_source_tick(peer->sources[i], tp_now_us());
	arm_media(peer);
}

static struct tp_source_config source_config(struct tp_peer *peer, enum tp_kind kind)
{
	static const char *const rids[TP_LAYERS] = { "q", "h", "f" };
	const struct tp_send_plan *plan = &peer->config.sends[kind];
	bool video = kind == TP_CAMERA || kind == TP_SCREEN;
	struct tp_source_config c = { .kind = kind, .number = peer->config.number, .layers = plan->layers ? plan->layers : 1,
		.pt = video ? peer->config.pt.vp8 : peer->config.pt.opus, .rtx_pt = video ? peer->config.pt.rtx : 0,
		.ids = peer->config.ids, .fps = peer->config.fps, .first_seq = peer->config.first_seq,
		.temporal = peer->config.temporal, .voice = peer->config.voice, .twcc = &peer->twcc_out, .owner = peer,
		.emit = emit };
	if (!c.first_seq)
		c.first_seq = (uint16_t)(tp_random_u32() & 0x7fff);
	memcpy(c.mid, plan->mid, sizeof c.mid);
	for (int i = 0; i < c.layers; i++) {
		if (c.layers > 1)
			snprintf(c.rids[i], sizeof c.rids[i], "%s", rids[i]);
		c.ssrc[i] = peer->ssrcs[kind][i];
		c.rtx_ssrc[i] = peer->rtx_ssrcs[kind][i];
		c.kbps[i] = plan->kbps[i] ? plan->kbps[i] : (uint32_t[]){ 150, 500, 1500 }[c.layers > 1 ? i : 1];
	}
	return c;
}

void tp_peer_publish(struct tp_peer *peer, enum tp_kind kind, bool on)
{
	if (!peer->sources[kind]) {
		struct tp_source_config config = source_config(peer, kind);
		if (!on || !peer->config.sends[kind].on || tp_source_create(&peer->sources[kind], &config, tp_now_us()))
			return;
	} else if (on == peer->published[kind]) {
		return;
	} else {
		tp_source_pause(peer->sources[kind], !on, tp_now_us());
	}
	peer->published[kind] = on;
	if (peer->srtp)
		tp_timer_at(peer->loop, &peer->media_timer, tp_now_us());
}

void tp_peer_set_number(struct tp_peer *peer, uint32_t number)
{
	peer->config.number = number;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i])
			tp_source_number(peer->sources[i], number);
}

/* -- RTCP, every 100 ms ----------------------------------------------------------------------------------------------- */

static int by_seq(const void *a, const void *b)
{
	const struct tp_arrival *x = a, *y = b;
	return (int16_t)(x->seq - y->seq);
}

void tp_peer_send_twcc(struct tp_peer *peer)
{
	uint8_t out[1400];
	struct wr w = wr_to(out, sizeof out);
	size_t n = 0;
	if (!peer->arrival_count)
		return;
	qsort(peer->arrivals, peer->arrival_count, sizeof *peer->arrivals, by_seq);
	for (size_t i = 0; i < peer->arrival_count; i++)
		if (!n || peer->arrivals[i].seq != peer->arrivals[n - 1].seq)
			peer->arrivals[n++] = peer->arrivals[i];
	tp_rtcp_write_twcc(&w, peer->own_ssrc, peer->sinks[0].ssrc, peer->twcc_feedback++, peer->arrivals, n);
	peer->arrival_count = 0;
	if (w.ok && !peer->config.quiet)
		tp_peer_send_rtcp(peer, out, (size_t)(w.p - out));
}

static void send_nacks(struct tp_peer *peer, struct tp_sink *sink)
{
	uint16_t seqs[TP_MISSING];
	size_t n = 0;
	for (size_t i = 0; i < sink->missing_count; ) {
		if (sink->tries[i]++ >= NACK_TRIES) {
			sink->missing[i] = sink->missing[--sink->missing_count];
			sink->tries[i] = sink->tries[sink->missing_count];
			continue;
		}
		seqs[n++] = (uint16_t)sink->missing[i++];
	}
	if (!n || !sink->video)
		return;
	uint8_t out[1400];
	struct wr w = wr_to(out, sizeof out);
	tp_rtcp_write_nack(&w, peer->own_ssrc, sink->ssrc, seqs, n);
	peer->counts.nacks_sent += n;
	tp_peer_send_rtcp(peer, out, (size_t)(w.p - out));
}

static void send_reports(struct tp_peer *peer)
{
	uint8_t out[1400];
	struct wr w = wr_to(out, sizeof out);
	struct tp_report_block blocks[31];
	size_t n = 0;
	int64_t now = tp_now_us();

	for (int i = 0; i < peer->sink_count && n < 31; i++) {
		struct tp_sink *s = &peer->sinks[i];
		if (!s->started)
			continue;
		blocks[n++] = (struct tp_report_block){ .ssrc = s->ssrc, .lost = (uint32_t)tp_sink_lost(s),
			.highest = (uint32_t)s->highest, .lsr = s->sr_count ? (uint32_t)(s->sr_ntp >> 16) : 0,
			.dlsr = s->sr_count ? (uint32_t)((now - s->sr_arrival_us) * 65536 / 1000000) : 0 };
	}
	tp_rtcp_write_rr(&w, peer->own_ssrc, blocks, n);
	tp_rtcp_write_sdes(&w, peer->own_ssrc, peer->config.name);
	if (w.ok)
		tp_peer_send_rtcp(peer, out, (size_t)(w.p - out));
	for (int i = 0; i < TP_SOURCES; i++) {
		const struct tp_source_config *c = peer->sources[i] ? tp_source_config(peer->sources[i]) : NULL;
		for (int k = 0; c && k < c->layers; k++) {
			w = wr_to(out, sizeof out);
			tp_rtcp_write_sr(&w, c->ssrc[k], tp_ntp(now), tp_source_ts(peer->sources[i], k, now),
				(uint32_t)tp_source_counts(peer->sources[i], k).packets, (uint32_t)tp_source_bytes(peer->sources[i], k));
			tp_rtcp_write_sdes(&w, c->ssrc[k], peer->config.name);
			tp_peer_send_rtcp(peer, out, (size_t)(w.p - out));
		}
	}
}

void tp_peer_on_rtcp_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	tp_timer_at(peer->loop, &peer->rtcp_timer, tp_now_us() + RTCP_US);
	if (peer->config.quiet || !peer->srtp) {
		peer->arrival_count = 0;
		return;
	}
	for (int i = 0; i < peer->sink_count; i++)
		send_nacks(peer, &peer->sinks[i]);
	tp_peer_send_twcc(peer);
	if (peer->rtcp_round++ % RTCP_ROUNDS == 0)
		send_reports(peer);
}

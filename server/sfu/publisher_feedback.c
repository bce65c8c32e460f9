#include "publisher_feedback.h"

#include "list.h"
#include "peer.h"
#include "rtcp.h"
#include "rtcp_nack.h"
#include "rtcp_psfb.h"
#include "worker.h"

enum { RTCP_ROOM = 1200 };              /* bytes of one feedback datagram */

#define REPORT_US 1000000

static void send_feedback(struct publisher *p, const uint8_t *bytes, const struct wr *w)
{
	if (w->ok)
		peer_send_rtcp(p->peer, bytes, (size_t)(w->p - bytes));
}

/* RFC 3550 §6.1: a compound begins with a report; not every browser's stack agreed to reduced-size RTCP. */
static struct wr begin_feedback(struct publisher *p, uint8_t *bytes)
{
	struct wr w = wr_to(bytes, RTCP_ROOM);
	const struct rtcp_rr empty = { .ssrc = p->peer->rtcp_ssrc };
	rtcp_rr_write(&w, &empty);
	return w;
}

void publisher_send_pli(struct publisher *p, enum control_source source, uint8_t layer)
{
	uint8_t bytes[RTCP_ROOM];
	const struct stream *s = p->current[source][layer];

	if (!s)
		return;
	struct wr w = begin_feedback(p, bytes);
	rtcp_pli_write(&w, p->peer->rtcp_ssrc, s->ssrc);
	send_feedback(p, bytes, &w);
	count(&p->peer->worker->counters, COUNTER_pli_sent);
}

static void send_nacks(struct publisher *p, struct stream *s, int64_t now_us)
{
	uint8_t bytes[RTCP_ROOM];
	uint16_t seqs[64];
	struct counters *c = &p->peer->worker->counters;

	if (!s->nack)
		return;
	int64_t rtt_us = p->peer->ice ? ice_rtt_us(p->peer->ice) : -1;
	if (rtt_us > 0)
		nack_generator_set_rtt(s->nack, rtt_us);
	size_t n = nack_generator_due(s->nack, now_us, seqs, 64);
	if (n) {
		struct wr w = begin_feedback(p, bytes);
		rtcp_nack_write(&w, p->peer->rtcp_ssrc, s->ssrc, seqs, n);
		send_feedback(p, bytes, &w);
		count(c, COUNTER_nack_sent);
		count_add(c, COUNTER_nack_seqs_sent, n);
	}
	uint32_t given_up = nack_generator_take_given_up(s->nack);
	if (!given_up)
		return;
	count_add(c, COUNTER_nack_given_up, given_up);
	struct track *t = p->peer->tracks[p->peer->config->sends[s->section].source];
	if (t && track_allowed(t))
		track_ask_keyframe(t, s->layer, now_us);
}

static void send_transport_feedback(struct publisher *p, int64_t now_us)
{
	uint8_t bytes[RTCP_ROOM];
	static _Thread_local struct rtcp_twcc fb;       /* 4 KiB that no stack needs to carry */

	while (twcc_receiver_feedback(&p->twcc, now_us, &fb)) {
		fb.sender = p->peer->rtcp_ssrc;
		fb.media = p->count ? p->streams[0]->ssrc : 0;
		struct wr w = begin_feedback(p, bytes);
		rtcp_twcc_write(&w, &fb);
		send_feedback(p, bytes, &w);
		count(&p->peer->worker->counters, COUNTER_twcc_sent);
	}
}

static void send_report(struct publisher *p, int64_t now_us)
{
	uint8_t bytes[RTCP_ROOM];
	struct rtcp_rr rr = { .ssrc = p->peer->rtcp_ssrc };

	for (size_t i = 0; i < p->count && rr.count < RTCP_COUNT_MAX; i++) {
		if (reception_report(&p->streams[i]->reception, &rr.blocks[rr.count], now_us))
			rr.count++;
	}
	if (!rr.count)
		return;
	struct wr w = wr_to(bytes, sizeof bytes);
	rtcp_rr_write(&w, &rr);
	send_feedback(p, bytes, &w);
	count(&p->peer->worker->counters, COUNTER_rr_sent);
}

static void on_timer(struct timer *timer, int64_t now_us)
{
	struct publisher *p = list_entry(timer, struct publisher, timer);
	struct timers *timers = &p->peer->worker->timers;

	if (now_us >= p->report_us) {
		send_report(p, now_us);
		p->report_us = now_us + REPORT_US;
	}
	send_transport_feedback(p, now_us);
	timer_sooner(timers, timer, twcc_receiver_deadline_us(&p->twcc));
	for (size_t i = 0; i < p->count; i++) {
		struct stream *s = p->streams[i];
		send_nacks(p, s, now_us);
		if (s->nack)
			timer_sooner(timers, timer, nack_generator_deadline_us(s->nack));
	}
	for (size_t i = 0; i < CONTROL_SOURCES; i++) {
		struct track *t = p->peer->tracks[i];
		for (uint8_t k = 0; t && t->video && k < t->layer_count; k++) {
			track_keyframe_tick(t, k, now_us);
			timer_sooner(timers, timer, keyframe_gate_deadline_us(&t->layers[k].gate));
		}
	}
	timer_sooner(timers, timer, p->report_us);
}

void publisher_feedback_init(struct publisher *p, int64_t now_us)
{
	p->timer.fire = on_timer;
	p->report_us = now_us + REPORT_US;
}

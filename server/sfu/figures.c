#include "figures.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_US 1000000

static void sum(const struct figures *f, uint64_t sums[COUNTER_COUNT])
{
	struct handshake_stats hs = { 0 };

	counters_sum(sums, f->counters, f->counters_count);
	if (f->post->handshake)
		handshake_stats(f->post->handshake, &hs);
	sums[COUNTER_dtls_started] += hs.started;
	sums[COUNTER_dtls_done] += hs.done;
	sums[COUNTER_dtls_failed] += hs.failed;
	sums[COUNTER_dtls_bad_fingerprint] += hs.bad_fingerprint;
	sums[COUNTER_dtls_timeout] += hs.timed_out;
	sums[COUNTER_dtls_tx] += hs.sent;
}

static void answer(struct figures *f, struct figures_question *q)
{
	struct control_message *m = control_link_out(f->link);
	uint64_t sums[COUNTER_COUNT];

	_Static_assert((int)COUNTER_COUNT <= (int)CONTROL_COUNTERS_MAX, "a report holds every counter");
	sum(f, sums);
	m->type = CONTROL_STATS_REPORT;
	m->id = q->id;
	m->u.stats_report.counter_count = COUNTER_COUNT;
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		struct control_counter *to = &m->u.stats_report.counters[i];
		memset(to->name, 0, sizeof to->name);
		strncpy(to->name, counter_name((enum counter)i), sizeof to->name - 1);
		to->value = sums[i];
	}
	m->u.stats_report.peer_count = (uint16_t)q->count;
	if (q->count)
		memcpy(m->u.stats_report.peers, q->peers, q->count * sizeof *q->peers);
	control_link_send(f->link);
	free(q->peers);
	*q = (struct figures_question){ 0 };
}

static struct figures_question *question(struct figures *f, uint64_t token)
{
	for (size_t i = 0; i < FIGURES_OPEN_MAX; i++) {
		if (f->open[i].token == token)
			return &f->open[i];
	}
	return NULL;
}

void figures_ask(struct figures *f, uint64_t id, const struct known_room *room, int64_t now_us)
{
	struct figures_question lone = { .id = id }, *q = question(f, 0);

	if (!room) {
		answer(f, &lone);
		return;
	}
	if (!q) {
		control_link_error(f->link, id, CONTROL_CODE_TOO_MANY);
		return;
	}
	q->peers = calloc(CONTROL_STATS_PEERS_MAX, sizeof *q->peers);
	if (!q->peers) {
		control_link_error(f->link, id, CONTROL_CODE_NO_MEMORY);
		return;
	}
	q->token = ++f->next_token;
	q->id = id;
	q->missing = f->post->workers;
	q->asked_us = now_us;
	const struct order_figures head = { room->id, q->token };
	for (uint16_t i = 0; i < f->post->workers; i++)
		order_post(f->post->orders[i], ORDER_FIGURES, &head, sizeof head);
}

static void add(const struct figures *f, struct figures_question *q, const struct peer_figures *from)
{
	const struct known_peer *p = registry_peer_by_id(f->registry, from->peer);

	if (!p || q->count == CONTROL_STATS_PEERS_MAX)
		return;
	struct control_stats_peer *to = &q->peers[q->count++];
	*to = (struct control_stats_peer){
		.number = p->number, .rtt_us = from->rtt_us, .rx_packets = from->rx_packets, .tx_packets = from->tx_packets,
		.rx_bytes = from->rx_bytes, .tx_bytes = from->tx_bytes, .lost = from->lost,
	};
	strcpy(to->peer, p->name);
}

void figures_on_event(struct figures *f, const struct event_figures *e)
{
	struct figures_question *q = e->token ? question(f, e->token) : NULL;

	for (uint32_t i = 0; q && i < e->count; i++)
		add(f, q, &e->peers[i]);
	free(e->peers);
	if (q && --q->missing == 0)
		answer(f, q);
}

void figures_scan(struct figures *f, int64_t now_us)
{
	for (size_t i = 0; i < FIGURES_OPEN_MAX; i++) {
		if (f->open[i].token && now_us - f->open[i].asked_us > PATIENCE_US)
			answer(f, &f->open[i]);
	}
}

void figures_free(struct figures *f)
{
	for (size_t i = 0; i < FIGURES_OPEN_MAX; i++)
		free(f->open[i].peers);
}

#include "tp_peer.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_stun.h"

enum {
	CHECK_RETRY_US = 50000,         /* first; doubled up to CHECK_RETRY_MAX_US */
	CHECK_RETRY_MAX_US = 1600000,
	CONSENT_US = 2500000,           /* as Chromium on a good path */
	RTCP_US = 100000,
	RTCP_ROUNDS = 10,               /* reports every so many */
	NACK_TRIES = 8,
	PRIORITY_PRFLX = 0x6e7f1eff,
};

const char *const tp_seat_names[3] = { "person", "screen", "voice" };

static void random_text(char *out, size_t len)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
	uint8_t bytes[64];
	RAND_bytes(bytes, (int)len);
	for (size_t i = 0; i < len; i++)
		out[i] = alphabet[bytes[i] & 63];
	out[len] = 0;
}

static uint32_t random_u32(void)
{
	uint32_t v;
	RAND_bytes((uint8_t *)&v, sizeof v);
	return v ? v : 1;
}

static void closed(struct tp_peer *peer, const char *reason)
{
	if (peer->closed)
		return;
	peer->closed = true;
	snprintf(peer->reason, sizeof peer->reason, "%s", reason);
	if (peer->events.on_closed)
		peer->events.on_closed(peer->owner, peer, peer->reason);
}

/* -- ICE -- */

static void arm_check(struct tp_way *way)
{
	int64_t wait = CONSENT_US;
	if (!way->checked || (way->nominate && !way->nominated)) {
		unsigned shift = way->tries > 5 ? 5 : way->tries;
		wait = (int64_t)CHECK_RETRY_US << shift;
		if (wait > CHECK_RETRY_MAX_US)
			wait = CHECK_RETRY_MAX_US;
	}
	tp_timer_at(way->peer->loop, &way->timer, tp_now_us() + wait);
}

static void send_check(struct tp_way *way)
{
	struct tp_peer *peer = way->peer;
	char username[128];
	uint8_t out[TP_STUN_MAX];

	snprintf(username, sizeof username, "%s:%s", peer->remote.ufrag, peer->ufrag);
	struct tp_stun_request req = { .username = username, .password = peer->remote.pwd, .priority = PRIORITY_PRFLX,
		.tie_breaker = peer->tie_breaker, .use_candidate = way->nominate && way->checked,
		.nomination = way->checked ? way->renomination : 0 };
	RAND_bytes(req.transaction, sizeof req.transaction);
	memcpy(way->transactions[way->tries++ % 8], req.transaction, 12);
	way->sent_us = tp_now_us();
	peer->counts.checks_sent++;
	size_t len = tp_stun_write_request(out, sizeof out, &req);
	tp_wire_send(&way->wire, out, len);
	arm_check(way);
}

static void on_check_due(struct tp_timer *timer)
{
	struct tp_way *way = timer->owner;
	if (!way->peer->checks_stopped)
		send_check(way);
}

static void start_dtls(struct tp_peer *peer);

static void on_check_answered(struct tp_way *way, const struct tp_stun_message *msg)
{
	struct tp_peer *peer = way->peer;
	bool first = !way->checked;

	peer->counts.checks_answered++;
	way->mapped = msg->mapped;
	way->rtt_us = tp_now_us() - way->sent_us;
	if (way->checked && way->nominate)
		way->nominated = true;
	way->checked = true;
	if (way->nominate || !peer->selected)
		peer->selected = way;
	if (!peer->times.check_us)
		peer->times.check_us = tp_now_us();
	if (first) {
		way->tries = 0;
		if (!peer->dtls)
			start_dtls(peer);
		if (way->nominate && !peer->checks_stopped)
			send_check(way);
	} else {
		way->tries = 0;
		if (!peer->checks_stopped)
			arm_check(way);
	}
}

static void answer_check(struct tp_way *way, const struct tp_stun_message *msg, const uint8_t *bytes)
{
	struct tp_peer *peer = way->peer;
	uint8_t out[TP_STUN_MAX];
	bool current = tp_stun_integrity_ok(msg, bytes, peer->pwd);
	bool old = peer->old_pwd[0] && tp_stun_integrity_ok(msg, bytes, peer->old_pwd);

	way->server_checks++;
	peer->counts.server_checks++;
	if (!current && !old) {
		peer->counts.server_checks_bad++;
		return;
	}
	if (way->silent)
		return;
	size_t len = tp_stun_write_success(out, sizeof out, msg->transaction, (const void *)&way->wire.remote,
		current ? peer->pwd : peer->old_pwd);
	tp_wire_send(&way->wire, out, len);
}

static void on_stun(struct tp_way *way, const uint8_t *bytes, size_t len)
{
	struct tp_peer *peer = way->peer;
	struct tp_stun_message msg;

	peer->counts.rx_stun++;
	if (!tp_stun_read(&msg, bytes, len) || msg.method != 1)
		return;
	if (msg.class == TP_STUN_REQUEST) {
		answer_check(way, &msg, bytes);
		return;
	}
	bool ours = false;
	for (int i = 0; i < 8; i++)
		ours |= memcmp(way->transactions[i], msg.transaction, 12) == 0;
	if (!ours)
		return;
	if (msg.class == TP_STUN_ERROR) {
		peer->counts.check_errors++;
		way->error = msg.error_code;
	} else if (msg.class == TP_STUN_SUCCESS && tp_stun_integrity_ok(&msg, bytes, peer->remote.pwd)) {
		on_check_answered(way, &msg);
	}
}

/* -- DTLS -- */

static void dtls_send(void *owner, const uint8_t *bytes, size_t len)
{
	struct tp_peer *peer = owner;
	if (peer->selected)
		tp_wire_send(&peer->selected->wire, bytes, len);
}

static void on_keys(struct tp_peer *peer)
{
	struct tp_srtp_keys keys;
	if (!tp_dtls_keys(peer->dtls, &keys) || tp_srtp_create(&peer->srtp, &keys)) {
		closed(peer, "no SRTP profile in common");
		return;
	}
	peer->times.dtls_us = tp_now_us();
	peer->connected = true;
	if (peer->events.on_connected)
		peer->events.on_connected(peer->owner, peer);
	tp_timer_at(peer->loop, &peer->media_timer, tp_now_us());
	tp_timer_at(peer->loop, &peer->rtcp_timer, tp_now_us() + RTCP_US);
}

static void after_dtls(struct tp_peer *peer)
{
	switch (tp_dtls_state(peer->dtls)) {
	case TP_DTLS_SHAKING: {
		int64_t wait = tp_dtls_wait_us(peer->dtls);
		if (wait >= 0)
			tp_timer_at(peer->loop, &peer->dtls_timer, tp_now_us() + wait + 1000);
		break;
	}
	case TP_DTLS_DONE:
		if (!peer->srtp)
			on_keys(peer);
		break;
	case TP_DTLS_FAILED: {
		char why[180];
		snprintf(why, sizeof why, "dtls: %.160s", tp_dtls_reason(peer->dtls));
		closed(peer, why);
		break;
	}
	case TP_DTLS_CLOSED:
		closed(peer, "dtls: closed by the server");
		break;
	}
}

static void on_dtls_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

static void start_dtls(struct tp_peer *peer)
{
	struct tp_dtls_config config = { .profiles = peer->config.profiles, .mtu = peer->config.dtls_mtu,
		.fingerprint = peer->remote.fingerprint[0] ? peer->remote.fingerprint : NULL, .owner = peer, .send = dtls_send };
	if (tp_dtls_create(&peer->dtls, &config)) {
		closed(peer, "no DTLS");
		return;
	}
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

const char *tp_peer_fingerprint(const struct tp_peer *peer)
{
	return peer->config.wrong_fingerprint
		? "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
		: tp_dtls_own_fingerprint();
}

/* -- received -- */

static struct tp_sink *sink_of(struct tp_peer *peer, uint32_t ssrc)
{
	for (int i = 0; i < peer->sink_count; i++)
		if (peer->sinks[i].ssrc == ssrc || (peer->sinks[i].rtx_ssrc && peer->sinks[i].rtx_ssrc == ssrc))
			return &peer->sinks[i];
	return NULL;
}

static void send_twcc(struct tp_peer *peer);

static void note_twcc(struct tp_peer *peer, const struct tp_rtp *rtp, int64_t now)
{
	if (!rtp->has_twcc)
		return;
	int16_t ahead = (int16_t)(rtp->twcc - peer->twcc_highest);
	if (!peer->twcc_started || ahead > 0) {
		if (peer->twcc_started && ahead > 1)
			peer->counts.twcc_gaps += (uint64_t)(ahead - 1);
		peer->twcc_started = true;
		peer->twcc_highest = rtp->twcc;
	}
	if (peer->arrival_count == sizeof peer->arrivals / sizeof *peer->arrivals)
		send_twcc(peer);
	peer->arrivals[peer->arrival_count++] = (struct tp_arrival){ rtp->twcc, now };
}

static void on_rtp(struct tp_way *way, uint8_t *bytes, size_t len)
{
	struct tp_peer *peer = way->peer;
	struct tp_rtp rtp;

	peer->counts.rx_rtp++;
	way->media++;
	if (!peer->srtp) {
		peer->counts.rtp_before_keys++;
		return;
	}
	if (tp_srtp_open(peer->srtp, bytes, &len) != TP_SRTP_OK)
		return;
	if (!tp_rtp_read(&rtp, bytes, len, &peer->config.ids)) {
		peer->counts.bad_rtp++;
		return;
	}
	int64_t now = tp_now_us();
	note_twcc(peer, &rtp, now);
	struct tp_sink *sink = sink_of(peer, rtp.ssrc);
	if (!sink) {
		peer->counts.unknown_ssrc++;
		return;
	}
	tp_sink_input(sink, &rtp, now);
	if (!peer->times.first_us && sink->counts.packets) {
		peer->times.first_us = now;
		if (peer->events.on_first_media)
			peer->events.on_first_media(peer->owner, peer);
	}
}

static void on_sr(void *owner, uint32_t ssrc, uint64_t ntp, uint32_t rtp, uint32_t packets)
{
	struct tp_sink *sink = sink_of(owner, ssrc);
	if (!sink)
		return;
	sink->sr_count++;
	sink->sr_ntp = ntp;
	sink->sr_rtp = rtp;
	sink->sr_arrival_us = tp_now_us();
}

static void on_report(void *owner, const struct tp_report_block *block)
{
	((struct tp_peer *)owner)->counts.reports++;
}

static void on_nack(void *owner, uint32_t media, uint16_t seq)
{
	struct tp_peer *peer = owner;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i] && tp_source_nack(peer->sources[i], media, seq))
			return;
	peer->counts.unknown_nacks++;
}

static void on_pli(void *owner, uint32_t media, bool fir)
{
	struct tp_peer *peer = owner;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i] && tp_source_pli(peer->sources[i], media))
			return;
	peer->counts.unknown_plis++;
}

static void on_twcc(void *owner, uint16_t base, uint16_t count, uint16_t received)
{
	struct tp_peer *peer = owner;
	peer->counts.twcc_feedback++;
	peer->counts.twcc_reported += count;
	peer->counts.twcc_received += received;
}

static void on_remb(void *owner, uint64_t bps)
{
	((struct tp_peer *)owner)->counts.remb++;
}

static void on_bye(void *owner, uint32_t ssrc)
{
	((struct tp_peer *)owner)->counts.byes++;
}

static void on_rtcp(struct tp_peer *peer, uint8_t *bytes, size_t len)
{
	static const struct tp_rtcp_events events = { on_sr, on_report, on_nack, on_pli, on_twcc, on_remb, on_bye, NULL };
	peer->counts.rx_rtcp++;
	if (!peer->srtp || tp_srtp_open_rtcp(peer->srtp, bytes, &len) != TP_SRTP_OK)
		return;
	if (!tp_rtcp_read(bytes, len, &events, peer))
		peer->counts.bad_rtcp++;
}

/* RFC 7983: the first byte tells; RFC 5761 §4: RTCP by its packet type. */
static void on_datagram(struct tp_wire *wire, uint8_t *bytes, size_t len)
{
	struct tp_way *way = wire->owner;
	struct tp_peer *peer = way->peer;
	if (!len || peer->drop_all)
		return;
	if (bytes[0] < 4) {
		on_stun(way, bytes, len);
	} else if (bytes[0] >= 20 && bytes[0] < 64) {
		peer->counts.rx_dtls++;
		if (peer->dtls) {
			tp_dtls_input(peer->dtls, bytes, len);
			after_dtls(peer);
		}
	} else if (bytes[0] >= 128 && bytes[0] < 192 && len >= 8) {
		peer->lose_state = peer->lose_state * 1664525u + 1013904223u;
		if (peer->lose_one_in && (peer->lose_state >> 8) % peer->lose_one_in == 0)
			return;
		if (bytes[1] >= 192 && bytes[1] <= 223)
			on_rtcp(peer, bytes, len);
		else
			on_rtp(way, bytes, len);
	} else {
		peer->counts.rx_other++;
	}
}

/* -- sent -- */

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

static void on_media_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	if (!peer->srtp)
		return;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i])
			tp_source_tick(peer->sources[i], tp_now_us());
	arm_media(peer);
}

static int by_seq(const void *a, const void *b)
{
	const struct tp_arrival *x = a, *y = b;
	return (int16_t)(x->seq - y->seq);
}

static void send_twcc(struct tp_peer *peer)
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

static void on_rtcp_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	tp_timer_at(peer->loop, &peer->rtcp_timer, tp_now_us() + RTCP_US);
	if (peer->config.quiet || !peer->srtp) {
		peer->arrival_count = 0;
		return;
	}
	for (int i = 0; i < peer->sink_count; i++)
		send_nacks(peer, &peer->sinks[i]);
	send_twcc(peer);
	if (peer->rtcp_round++ % RTCP_ROUNDS == 0)
		send_reports(peer);
}

/* -- life -- */

static void way_opened(struct tp_wire *wire)
{
	struct tp_way *way = wire->owner;
	send_check(way);
}

static void way_closed(struct tp_wire *wire)
{
	struct tp_way *way = wire->owner;
	struct tp_peer *peer = way->peer;
	tp_timer_stop(peer->loop, &way->timer);
	way->used = false;
	if (peer->selected == way)
		closed(peer, "tcp: closed by the server");
	else if (!peer->selected)
		closed(peer, "tcp: refused");
}

static const struct tp_wire_events wire_events = { on_datagram, way_opened, way_closed };

static const struct tp_candidate *pick(const struct tp_peer *peer, bool tcp)
{
	int family = peer->config.ipv6 ? AF_INET6 : AF_INET;
	for (int i = 0; i < peer->remote.candidate_count; i++) {
		const struct tp_candidate *c = &peer->remote.candidates[i];
		if (c->tcp == tcp && c->addr.ss_family == family)
			return c;
	}
	return NULL;
}

int tp_peer_add_way(struct tp_peer *peer, bool nominate, bool silent, bool tcp, uint32_t renomination)
{
	const struct tp_candidate *c = pick(peer, tcp);
	if (!c)
		return -ENOENT;
	for (int i = 0; i < TP_PEER_WAYS; i++) {
		struct tp_way *way = &peer->ways[i];
		if (way->used)
			continue;
		memset(way, 0, sizeof *way);
		way->peer = peer;
		way->used = true;
		way->nominate = nominate;
		way->silent = silent;
		way->renomination = renomination;
		way->timer = (struct tp_timer){ .owner = way, .on_due = on_check_due };
		int err = tp_wire_open(&way->wire, peer->loop, &wire_events, way, tcp, NULL, (const void *)&c->addr);
		if (err) {
			way->used = false;
			return err;
		}
		return i;
	}
	return -EMFILE;
}

void tp_peer_close_way(struct tp_peer *peer, int index)
{
	struct tp_way *way = &peer->ways[index];
	if (!way->used)
		return;
	tp_timer_stop(peer->loop, &way->timer);
	tp_wire_close(&way->wire);
	way->used = false;
	if (peer->selected != way)
		return;
	peer->selected = NULL;
	for (int i = 0; i < TP_PEER_WAYS; i++)
		if (peer->ways[i].used && peer->ways[i].checked)
			peer->selected = &peer->ways[i];
}

static void make_sinks(struct tp_peer *peer)
{
	peer->sink_count = 0;
	for (int i = 0; i < peer->config.seat_count; i++) {
		const struct tp_seat_plan *plan = &peer->config.seats[i];
		const struct tp_remote_seat *seat = &peer->remote.seats[i];
		if (seat->audio) {
			struct tp_sink *s = &peer->sinks[peer->sink_count++];
			*s = (struct tp_sink){ .seat = i, .ssrc = seat->audio, .pt = peer->config.pt.opus,
				.level_expected = peer->config.ids.level != 0 };
			memcpy(s->mid, plan->audio, sizeof s->mid);
		}
		if (seat->video) {
			struct tp_sink *s = &peer->sinks[peer->sink_count++];
			*s = (struct tp_sink){ .seat = i, .video = true, .ssrc = seat->video, .rtx_ssrc = seat->rtx,
				.pt = peer->config.pt.vp8, .rtx_pt = peer->config.pt.rtx };
			memcpy(s->mid, plan->video, sizeof s->mid);
		}
	}
}

int tp_peer_connect(struct tp_peer *peer, const struct tp_remote *remote)
{
	peer->remote = *remote;
	peer->times.start_us = tp_now_us();
	make_sinks(peer);
	int way = tp_peer_add_way(peer, true, false, peer->config.tcp, 0);
	return way < 0 ? way : 0;
}

void tp_peer_new_credentials(struct tp_peer *peer)
{
	memcpy(peer->old_ufrag, peer->ufrag, sizeof peer->old_ufrag);
	memcpy(peer->old_pwd, peer->pwd, sizeof peer->old_pwd);
	random_text(peer->ufrag, 4);
	random_text(peer->pwd, 24);
}

void tp_peer_restart(struct tp_peer *peer, const char *ufrag, const char *pwd)
{
	snprintf(peer->remote.ufrag, sizeof peer->remote.ufrag, "%s", ufrag);
	snprintf(peer->remote.pwd, sizeof peer->remote.pwd, "%s", pwd);
	for (int i = 0; i < TP_PEER_WAYS; i++) {
		struct tp_way *way = &peer->ways[i];
		if (!way->used)
			continue;
		way->checked = way->nominated = false;
		way->tries = 0;
		send_check(way);
	}
}

int tp_peer_create(struct tp_peer **out, struct tp_loop *loop, const struct tp_peer_config *config,
	const struct tp_peer_events *events, void *owner)
{
	struct tp_peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return -ENOMEM;
	peer->loop = loop;
	peer->config = *config;
	peer->events = *events;
	peer->owner = owner;
	peer->own_ssrc = random_u32();
	peer->tie_breaker = (uint64_t)random_u32() << 32 | random_u32();
	peer->twcc_out = (uint16_t)random_u32();
	peer->kept = calloc(TP_KEPT_PACKETS, sizeof *peer->kept);
	random_text(peer->ufrag, 4);
	random_text(peer->pwd, 24);
	for (int i = 0; i < TP_SOURCES; i++)
		for (int k = 0; k < TP_LAYERS; k++) {
			peer->ssrcs[i][k] = random_u32();
			peer->rtx_ssrcs[i][k] = i == TP_CAMERA || i == TP_SCREEN ? random_u32() : 0;
		}
	peer->dtls_timer = (struct tp_timer){ .owner = peer, .on_due = on_dtls_due };
	peer->media_timer = (struct tp_timer){ .owner = peer, .on_due = on_media_due };
	peer->rtcp_timer = (struct tp_timer){ .owner = peer, .on_due = on_rtcp_due };
	*out = peer;
	return 0;
}

void tp_peer_destroy(struct tp_peer *peer)
{
	if (!peer)
		return;
	for (int i = 0; i < TP_PEER_WAYS; i++)
		tp_peer_close_way(peer, i);
	tp_timer_stop(peer->loop, &peer->dtls_timer);
	tp_timer_stop(peer->loop, &peer->media_timer);
	tp_timer_stop(peer->loop, &peer->rtcp_timer);
	for (int i = 0; i < TP_SOURCES; i++)
		tp_source_destroy(peer->sources[i]);
	tp_dtls_destroy(peer->dtls);
	tp_srtp_destroy(peer->srtp);
	free(peer->kept);
	free(peer);
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
		c.first_seq = (uint16_t)(random_u32() & 0x7fff);
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

void tp_peer_hang_up(struct tp_peer *peer)
{
	if (peer->dtls)
		tp_dtls_close(peer->dtls);
	peer->checks_stopped = true;
}

#include "tp_peer.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_peer_internal.h"

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

uint32_t tp_random_u32(void)
{
	uint32_t v;
	RAND_bytes((uint8_t *)&v, sizeof v);
	return v ? v : 1;
}

void tp_peer_closed(struct tp_peer *peer, const char *reason)
{
	if (peer->closed)
		return;
	peer->closed = true;
	snprintf(peer->reason, sizeof peer->reason, "%s", reason);
	if (peer->events.on_closed)
		peer->events.on_closed(peer->owner, peer, peer->reason);
}

/* -- DTLS ------------------------------------------------------------------------------------------------------------- */

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
		tp_peer_closed(peer, "no SRTP profile in common");
		return;
	}
	peer->times.dtls_us = tp_now_us();
	peer->connected = true;
	if (peer->events.on_connected)
		peer->events.on_connected(peer->owner, peer);
	tp_timer_at(peer->loop, &peer->media_timer, tp_now_us());
	tp_timer_at(peer->loop, &peer->rtcp_timer, tp_now_us() + RTCP_US);
}

void tp_peer_after_dtls(struct tp_peer *peer)
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
		tp_peer_closed(peer, why);
		break;
	}
	case TP_DTLS_CLOSED:
		tp_peer_closed(peer, "dtls: closed by the server");
		break;
	}
}

static void on_dtls_due(struct tp_timer *timer)
{
	struct tp_peer *peer = timer->owner;
	tp_dtls_drive(peer->dtls);
	tp_peer_after_dtls(peer);
}

void tp_peer_start_dtls(struct tp_peer *peer)
{
	struct tp_dtls_config config = { .profiles = peer->config.profiles, .mtu = peer->config.dtls_mtu,
		.fingerprint = peer->remote.fingerprint[0] ? peer->remote.fingerprint : NULL, .owner = peer, .send = dtls_send };
	if (tp_dtls_create(&peer->dtls, &config)) {
		tp_peer_closed(peer, "no DTLS");
		return;
	}
	tp_dtls_drive(peer->dtls);
	tp_peer_after_dtls(peer);
}

const char *tp_peer_fingerprint(const struct tp_peer *peer)
{
	return peer->config.wrong_fingerprint
		? "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
		: tp_dtls_own_fingerprint();
}

/* -- ways ------------------------------------------------------------------------------------------------------------- */

static void way_opened(struct tp_wire *wire)
{
	struct tp_way *way = wire->owner;
	tp_way_check(way);
}

static void way_closed(struct tp_wire *wire)
{
	struct tp_way *way = wire->owner;
	struct tp_peer *peer = way->peer;
	tp_timer_stop(peer->loop, &way->timer);
	way->used = false;
	if (peer->selected == way)
		tp_peer_closed(peer, "tcp: closed by the server");
	else if (!peer->selected)
		tp_peer_closed(peer, "tcp: refused");
}

static const struct tp_wire_events wire_events = { tp_peer_on_datagram, way_opened, way_closed };

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
		way->timer = (struct tp_timer){ .owner = way, .on_due = tp_way_on_due };
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

/* -- life ------------------------------------------------------------------------------------------------------------- */

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
		tp_way_check(way);
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
	peer->own_ssrc = tp_random_u32();
	peer->tie_breaker = (uint64_t)tp_random_u32() << 32 | tp_random_u32();
	peer->twcc_out = (uint16_t)tp_random_u32();
	peer->kept = calloc(TP_KEPT_PACKETS, sizeof *peer->kept);
	random_text(peer->ufrag, 4);
	random_text(peer->pwd, 24);
	for (int i = 0; i < TP_SOURCES; i++)
		for (int k = 0; k < TP_LAYERS; k++) {
			peer->ssrcs[i][k] = tp_random_u32();
			peer->rtx_ssrcs[i][k] = i == TP_CAMERA || i == TP_SCREEN ? tp_random_u32() : 0;
		}
	peer->dtls_timer = (struct tp_timer){ .owner = peer, .on_due = on_dtls_due };
	peer->media_timer = (struct tp_timer){ .owner = peer, .on_due = tp_peer_on_media_due };
	peer->rtcp_timer = (struct tp_timer){ .owner = peer, .on_due = tp_peer_on_rtcp_due };
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

void tp_peer_hang_up(struct tp_peer *peer)
{
	if (peer->dtls)
		tp_dtls_close(peer->dtls);
	peer->checks_stopped = true;
}

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "tp_peer_internal.h"
#include "tp_stun.h"

enum {
	CHECK_RETRY_US = 50000,         /* first; doubled up to CHECK_RETRY_MAX_US */
	CHECK_RETRY_MAX_US = 1600000,
	CONSENT_US = 2500000,           /* as Chromium on a good path */
	PRIORITY_PRFLX = 0x6e7f1eff,
};

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

void tp_way_check(struct tp_way *way)
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

void tp_way_on_due(struct tp_timer *timer)
{
	struct tp_way *way = timer->owner;
	if (!way->peer->checks_stopped)
		tp_way_check(way);
}

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
			tp_peer_start_dtls(peer);
		if (way->nominate && !peer->checks_stopped)
			tp_way_check(way);
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

void tp_way_stun(struct tp_way *way, const uint8_t *bytes, size_t len)
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

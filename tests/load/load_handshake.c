/* The way to the keys: ICE checks, DTLS in which we are the client. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "load_peer_internal.h"
#include "tp_stun.h"

enum {
	CHECK_FIRST_US = 50000, CHECK_DOUBLINGS = 5,
	CONSENT_US = 5000000,           /* RFC 7675 §5.1 */
	DTLS_SLACK_US = 1000,
	PRIORITY = 110 << 24 | 65535 << 8 | 255,
};

/* -- keys are there -- */

static bool all_up(const struct load_member *member)
{
	for (int i = 0; i < LOAD_PEERS; i++)
		if (member->person.peers[i] && member->person.peers[i]->state != LOAD_PEER_UP)
			return false;
	return true;
}

void load_peer_go_up(struct load_peer *peer, const struct load_key *to_server, const struct load_key *from_server)
{
	struct load_engine *engine = peer->engine;
	struct load_member *member = peer->member;
	load_srtp_init(&peer->out, to_server, true);
	load_srtp_init(&peer->in, from_server, false);
	peer->state = LOAD_PEER_UP;
	load_peer_start_media(peer);
	if (engine->adaptor->connected)
		engine->adaptor->connected(engine->of_adaptor, peer);
	if (!all_up(member) || member->up)
		return;
	member->up = true;
	load_member_note(member, LOAD_PART_SHAKEN);
	engine->person_up(engine, &member->person);
}

/* -- DTLS -- */

static void dtls_send(void *owner, const uint8_t *bytes, size_t len)
{
	load_peer_send(owner, bytes, len);
}

static struct load_key key_of(const uint8_t bytes[28])
{
	struct load_key key;
	memcpy(key.key, bytes, sizeof key.key);
	memcpy(key.salt, bytes + sizeof key.key, sizeof key.salt);
	return key;
}

static void after_dtls(struct load_peer *peer)
{
	struct tp_srtp_keys keys;
	enum tp_dtls_state state = tp_dtls_state(peer->dtls);
	if (state == TP_DTLS_SHAKING) {
		int64_t wait = tp_dtls_wait_us(peer->dtls);
		if (wait >= 0)
			tp_timer_at(peer->engine->loop, &peer->dtls_timer, tp_now_us() + wait + DTLS_SLACK_US);
	} else if (state == TP_DTLS_DONE && peer->state == LOAD_PEER_SHAKING) {
		tp_timer_stop(peer->engine->loop, &peer->dtls_timer);
		if (!tp_dtls_keys(peer->dtls, &keys) || keys.profile != TP_PROFILE_GCM128) {
			load_person_failed(&peer->member->person, "no AEAD_AES_128_GCM");
			return;
		}
		struct load_key ours = key_of(keys.client), theirs = key_of(keys.server);
		load_peer_go_up(peer, &ours, &theirs);
	} else if (state == TP_DTLS_FAILED) {
		load_person_failed(&peer->member->person, tp_dtls_reason(peer->dtls));
	}
}

static void on_dtls_due(struct tp_timer *timer)
{
	struct load_peer *peer = timer->owner;
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

static void start_dtls(struct load_peer *peer)
{
	struct tp_dtls_config config = { .profiles = "SRTP_AEAD_AES_128_GCM", .fingerprint = peer->remote.fingerprint[0] ? peer->remote.fingerprint : NULL,
		.owner = peer, .send = dtls_send };
	peer->state = LOAD_PEER_SHAKING;
	peer->dtls_timer = (struct tp_timer){ .owner = peer, .on_due = on_dtls_due };
	if (tp_dtls_create(&peer->dtls, &config)) {
		load_person_failed(&peer->member->person, "no DTLS");
		return;
	}
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

void load_peer_on_dtls(struct load_peer *peer, const uint8_t *bytes, size_t len)
{
	if (!peer->dtls)
		return;         /* the handshake is long over: close_notify, or a copy of its last flight */
	tp_dtls_input(peer->dtls, bytes, len);
	after_dtls(peer);
}

/* The SSL object is 72 KiB: it goes when the server has proved, by an authenticated packet, that it has the keys. */
void load_peer_forget_dtls(struct load_peer *peer)
{
	tp_dtls_destroy(peer->dtls);
	peer->dtls = NULL;
}

/* -- ICE -- */

static void send_check(struct load_peer *peer)
{
	char username[128];
	uint8_t out[TP_STUN_MAX];
	snprintf(username, sizeof username, "%s:%s", peer->remote.ufrag, peer->local.ufrag);
	struct tp_stun_request request = { .username = username, .password = peer->remote.pwd, .priority = PRIORITY, .tie_breaker = peer->tie_breaker,
		.controlled = peer->remote.controlling, .use_candidate = !peer->remote.controlling };
	if (peer->state != LOAD_PEER_CHECKING || peer->tries == 0)
		RAND_bytes(peer->transaction, sizeof peer->transaction);
	memcpy(request.transaction, peer->transaction, sizeof request.transaction);
	load_peer_send(peer, out, tp_stun_write_request(out, sizeof out, &request));
	int64_t wait = CONSENT_US * 8 / 10 + (int64_t)(peer->tie_breaker % (CONSENT_US * 4 / 10));
	if (peer->state == LOAD_PEER_CHECKING) {
		wait = (int64_t)CHECK_FIRST_US << (peer->tries < CHECK_DOUBLINGS ? peer->tries : CHECK_DOUBLINGS);
		peer->tries++;
	}
	tp_timer_at(peer->engine->loop, &peer->check_timer, tp_now_us() + wait);
}

static void on_check_due(struct tp_timer *timer)
{
	send_check(timer->owner);
}

void load_peer_begin_checks(struct load_peer *peer)
{
	peer->state = LOAD_PEER_CHECKING;
	peer->check_timer = (struct tp_timer){ .owner = peer, .on_due = on_check_due };
	send_check(peer);
}

void load_peer_on_stun(struct load_peer *peer, const uint8_t *bytes, size_t len)
{
	struct tp_stun_message message;
	uint8_t out[TP_STUN_MAX];
	if (!tp_stun_read(&message, bytes, len) || message.method != 1)
		return;
	if (message.class == TP_STUN_REQUEST && tp_stun_integrity_ok(&message, bytes, peer->local.pwd)) {
		load_peer_send(peer, out, tp_stun_write_success(out, sizeof out, message.transaction, (const struct sockaddr *)&peer->remote.addr, peer->local.pwd));
		return;
	}
	if (message.class != TP_STUN_SUCCESS || peer->state != LOAD_PEER_CHECKING || memcmp(message.transaction, peer->transaction, 12) != 0
	    || !tp_stun_integrity_ok(&message, bytes, peer->remote.pwd))
		return;
	load_member_note(peer->member, LOAD_PART_CHECKED);
	start_dtls(peer);
	tp_timer_at(peer->engine->loop, &peer->check_timer, tp_now_us() + CONSENT_US * 8 / 10);
}

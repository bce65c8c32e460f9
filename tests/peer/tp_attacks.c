/* Commands that misbehave: what a hostile participant, or a stranger on the network, may send. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_json.h"
#include "tp_rtcp.h"
#include "tp_script.h"
#include "tp_stun.h"

static uint32_t random_u32(void)
{
	uint32_t v;
	RAND_bytes((uint8_t *)&v, sizeof v);
	return v;
}

static size_t from_hex(uint8_t *out, size_t room, const char *hex)
{
	size_t n = 0;
	unsigned v;
	while (n < room && hex[0] && hex[1] && sscanf(hex, "%2x", &v) == 1) {
		out[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

/* -- a participant -- */

/* The SSRC that RTCP is about: given, or of the first seat or send of a kind. */
static uint32_t media_of(const struct tp_peer *peer, const json_t *command)
{
	long long given = tp_json_number(command, "media", 0);
	if (given)
		return (uint32_t)given;
	for (int i = 0; i < peer->sink_count; i++)
		if (peer->sinks[i].video)
			return peer->sinks[i].ssrc;
	return random_u32();
}

static void write_flood(struct wr *w, const char *kind, const struct tp_peer *peer, uint32_t media, int round)
{
	uint16_t seqs[200];
	struct tp_arrival arrivals[200];
	uint32_t ssrcs[100];
	if (strcmp(kind, "nack") == 0) {
		for (int i = 0; i < 200; i++)
			seqs[i] = (uint16_t)(round * 200 + i);
		tp_rtcp_write_nack(w, peer->own_ssrc, media, seqs, 200);
	} else if (strcmp(kind, "pli") == 0) {
		for (int i = 0; i < 60; i++)
			tp_rtcp_write_pli(w, peer->own_ssrc, media);
	} else if (strcmp(kind, "fir") == 0) {
		for (int i = 0; i < 40; i++)
			tp_rtcp_write_fir(w, peer->own_ssrc, media, (uint8_t)(round * 40 + i));
	} else if (strcmp(kind, "twcc") == 0) {
		for (int i = 0; i < 200; i++)
			arrivals[i] = (struct tp_arrival){ (uint16_t)(round * 977 + i), (int64_t)random_u32() % 8000000 };
		tp_rtcp_write_twcc(w, peer->own_ssrc, media, (uint8_t)round, arrivals, 200);
	} else if (strcmp(kind, "remb") == 0) {
		for (int i = 0; i < 100; i++)
			ssrcs[i] = random_u32();
		tp_rtcp_write_remb(w, peer->own_ssrc, round % 2 ? 1 : 0xffffffff, ssrcs, 100);
	} else if (strcmp(kind, "bye") == 0) {
		tp_rtcp_write_bye(w, round % 2 ? media : peer->ssrcs[round % TP_SOURCES][0]);
	} else if (strcmp(kind, "rr") == 0) {
		struct tp_report_block blocks[31];
		for (int i = 0; i < 31; i++)
			blocks[i] = (struct tp_report_block){ i ? random_u32() : media, 255, 0x7fffff, random_u32(), ~0u, random_u32(), ~0u };
		tp_rtcp_write_rr(w, peer->own_ssrc, blocks, 31);
	} else if (strcmp(kind, "sr") == 0) {
		tp_rtcp_write_sr(w, peer->ssrcs[TP_MIC][0], (uint64_t)random_u32() << 32, random_u32(), ~0u, ~0u);
	}
}

static json_t *flood(struct tp_peer *peer, const json_t *command)
{
	const char *kind = tp_json_text(command, "kind", "");
	int count = (int)tp_json_number(command, "count", 100);
	for (int i = 0; i < count; i++) {
		uint8_t out[1400];
		struct wr w = wr_to(out, sizeof out);
		write_flood(&w, kind, peer, media_of(peer, command), i);
		if (!w.ok || w.p == out)
			return tp_script_error("kind");
		tp_peer_send_rtcp(peer, out, (size_t)(w.p - out));
	}
	return tp_script_done();
}

/* RTP as from one of our streams, but with a tag that no key made. */
static json_t *forge(struct tp_peer *peer, const json_t *command)
{
	int count = (int)tp_json_number(command, "count", 1);
	uint32_t ssrc = (uint32_t)tp_json_number(command, "ssrc", 0);
	for (int i = 0; i < count; i++) {
		uint8_t out[200];
		RAND_bytes(out, sizeof out);
		struct tp_rtp rtp = { .pt = peer->config.pt.opus, .seq = (uint16_t)tp_json_number(command, "seq", random_u32() & 0xffff),
			.ts = random_u32(), .ssrc = ssrc ? ssrc : peer->ssrcs[i % TP_SOURCES][i % TP_LAYERS] };
		if (tp_json_bool(command, "random_ssrc", false))
			rtp.ssrc = random_u32();
		static const struct tp_ext_ids none;
		tp_rtp_write(out, sizeof out, &rtp, &none);
		if (tp_json_bool(command, "rtcp", false)) {
			out[0] = 0x81;
			out[1] = 201;
			out[2] = 0;
			out[3] = 7;
		}
		tp_peer_send_raw(peer, out, sizeof out);
	}
	return tp_script_done();
}

static json_t *replay(struct tp_peer *peer, const json_t *command)
{
	int times = (int)tp_json_number(command, "times", 1);
	int sent = 0;
	for (int t = 0; t < times; t++)
		for (int i = 0; i < TP_KEPT_PACKETS; i++)
			if (peer->kept[i].len) {
				tp_peer_send_raw(peer, peer->kept[i].bytes, peer->kept[i].len);
				sent++;
			}
	json_t *done = tp_script_done();
	json_object_set_new(done, "sent", json_integer(sent));
	return done;
}

/* Authentic packets (our keys) under SSRCs that nobody declared. */
static json_t *ssrc_flood(struct tp_peer *peer, const json_t *command)
{
	int count = (int)tp_json_number(command, "count", 100);
	const char *mid = tp_json_text(command, "mid", ""), *rid = tp_json_text(command, "rid", "");
	for (int i = 0; i < count; i++) {
		uint8_t out[300];
		struct tp_rtp rtp = { .pt = (uint8_t)tp_json_number(command, "pt", peer->config.pt.opus), .seq = 1, .ts = random_u32(),
			.ssrc = random_u32() };
		snprintf(rtp.mid, sizeof rtp.mid, "%s", mid);
		snprintf(rtp.rid, sizeof rtp.rid, "%s", rid);
		size_t at = tp_rtp_write(out, 200, &rtp, &peer->config.ids);
		struct tp_tag tag = { .number = peer->config.number, .first = true, .last = true };
		out[at++] = 0xf8;
		tp_tag_write(out + at, TP_TAG_LEN, &tag);
		tp_peer_send_rtp(peer, out, at + TP_TAG_LEN);
	}
	return tp_script_done();
}

/* Authentic RTP or RTCP of the test's own making. */
static json_t *inject(struct tp_peer *peer, const json_t *command)
{
	uint8_t out[1600];
	size_t len = from_hex(out, 1400, tp_json_text(command, "hex", ""));
	const char *as = tp_json_text(command, "as", "raw");
	for (int i = 0; i < (int)tp_json_number(command, "count", 1); i++) {
		uint8_t copy[1600];
		memcpy(copy, out, len);
		if (strcmp(as, "rtp") == 0)
			tp_peer_send_rtp(peer, copy, len);
		else if (strcmp(as, "rtcp") == 0)
			tp_peer_send_rtcp(peer, copy, len);
		else
			tp_peer_send_raw(peer, copy, len);
	}
	return tp_script_done();
}

/* One STUN check with chosen faults, from the peer's selected way. */
static json_t *bad_check(struct tp_peer *peer, const json_t *command)
{
	char username[128];
	uint8_t out[TP_STUN_MAX];
	snprintf(username, sizeof username, "%s:%s", peer->remote.ufrag, peer->ufrag);
	struct tp_stun_request req = { .username = tp_json_text(command, "username", username), .password = peer->remote.pwd,
		.priority = 1, .tie_breaker = 1, .controlled = tp_json_bool(command, "controlled", false),
		.use_candidate = tp_json_bool(command, "use_candidate", false),
		.bad_integrity = tp_json_bool(command, "bad_integrity", false),
		.no_fingerprint = tp_json_bool(command, "no_fingerprint", false) };
	if (tp_json_bool(command, "no_integrity", false))
		req.password = NULL;
	RAND_bytes(req.transaction, sizeof req.transaction);
	tp_peer_send_raw(peer, out, tp_stun_write_request(out, sizeof out, &req));
	return tp_script_done();
}

/* -- a stranger: sockets without credentials, whose bytes are counted -- */

static void stray_datagram(struct tp_wire *wire, uint8_t *bytes, size_t len)
{
	((struct tp_stray *)wire->owner)->bytes_received += len;
}

static struct tp_stray *stray_of(struct tp_script *script, const json_t *command)
{
	static const struct tp_wire_events events = { stray_datagram, NULL, NULL };
	const char *name = tp_json_text(command, "stray", "");
	struct tp_stray *free_one = NULL;
	for (int i = 0; i < TP_SCRIPT_STRAYS; i++) {
		struct tp_stray *s = &script->strays[i];
		if (s->used && strcmp(s->name, name) == 0)
			return s;
		if (!s->used)
			free_one = s;
	}
	struct sockaddr_storage addr;
	const char *host = tp_json_text(command, "host", NULL);
	if (!free_one || !host || !tp_address(&addr, host, (uint16_t)tp_json_number(command, "port", 0))
	    || tp_wire_open(&free_one->wire, script->loop, &events, free_one, tp_json_bool(command, "tcp", false), NULL, (void *)&addr))
		return NULL;
	free_one->used = true;
	free_one->bytes_sent = free_one->bytes_received = 0;
	snprintf(free_one->name, sizeof free_one->name, "%s", name);
	return free_one;
}

static void stray_send(struct tp_stray *stray, const uint8_t *bytes, size_t len)
{
	stray->bytes_sent += len;
	tp_wire_send(&stray->wire, bytes, len);
}

/* Sends what another peer would: its last protected packets, a ClientHello-like record, a check with or without its password. */
static json_t *stray(struct tp_script *script, const json_t *command)
{
	struct tp_stray *s = stray_of(script, command);
	struct tp_actor *of = tp_script_actor(script, tp_json_text(command, "of", ""));
	const char *what = tp_json_text(command, "what", "hex");
	uint8_t out[1500];
	if (!s)
		return tp_script_error("stray");
	for (int i = 0; i < (int)tp_json_number(command, "count", 1); i++) {
		if (strcmp(what, "hex") == 0) {
			stray_send(s, out, from_hex(out, sizeof out, tp_json_text(command, "hex", "")));
		} else if (strcmp(what, "kept") == 0 && of) {
			const struct tp_kept_packet *kept = &of->peer->kept[(of->peer->kept_at - 1) % TP_KEPT_PACKETS];
			stray_send(s, kept->bytes, kept->len);
		} else if (strcmp(what, "check") == 0 && of) {
			char username[128];
			snprintf(username, sizeof username, "%s:%s", of->peer->remote.ufrag, of->peer->ufrag);
			struct tp_stun_request req = { .username = username, .password = of->peer->remote.pwd, .priority = 1,
				.tie_breaker = 1, .bad_integrity = tp_json_bool(command, "bad_integrity", false),
				.use_candidate = tp_json_bool(command, "use_candidate", false) };
			if (tp_json_bool(command, "no_integrity", false))
				req.password = NULL;
			if (tp_json_bool(command, "unknown_user", false))
				req.username = "nobody:nowhere";
			RAND_bytes(req.transaction, sizeof req.transaction);
			stray_send(s, out, tp_stun_write_request(out, sizeof out, &req));
		} else if (strcmp(what, "random") == 0) {
			size_t len = 1 + random_u32() % 1400;
			RAND_bytes(out, (int)len);
			long long first = tp_json_number(command, "first", -1);
			if (first >= 0)
				out[0] = (uint8_t)first;
			stray_send(s, out, len);
		} else {
			return tp_script_error("what");
		}
	}
	return tp_script_done();
}

static json_t *stray_report(struct tp_script *script, const json_t *command)
{
	struct tp_stray *s = stray_of(script, command);
	if (!s)
		return tp_script_error("stray");
	json_t *done = tp_script_done();
	json_object_set_new(done, "received", json_integer((json_int_t)s->wire.received));
	json_object_set_new(done, "sent", json_integer((json_int_t)s->wire.sent));
	json_object_set_new(done, "bytes_received", json_integer((json_int_t)s->bytes_received));
	json_object_set_new(done, "bytes_sent", json_integer((json_int_t)s->bytes_sent));
	json_object_set_new(done, "open", json_boolean(s->wire.open));
	return done;
}

json_t *tp_run_attack(struct tp_script *script, const char *name, const json_t *command)
{
	static const struct {
		const char *name;
		json_t *(*run)(struct tp_peer *peer, const json_t *command);
	} table[] = {
		{ "flood", flood }, { "forge", forge }, { "replay", replay }, { "ssrc_flood", ssrc_flood }, { "inject", inject },
		{ "bad_check", bad_check },
	};
	if (strcmp(name, "stray") == 0)
		return stray(script, command);
	if (strcmp(name, "stray.report") == 0)
		return stray_report(script, command);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(name, table[i].name) != 0)
			continue;
		struct tp_actor *actor = tp_script_actor(script, tp_json_text(command, "peer", ""));
		return actor && actor->peer ? table[i].run(actor->peer, command) : tp_script_error("no such peer");
	}
	return NULL;
}

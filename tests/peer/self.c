/* The test peer's own checks must bite: what a broken server would do is done here, and must be counted. */
#include <openssl/rand.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "check.h"
#include "tp_sink.h"
#include "tp_srtp.h"

static size_t packet(uint8_t *out, uint16_t seq, uint8_t fill)
{
	struct tp_rtp rtp = { .pt = 111, .seq = seq, .ts = seq * 960u, .ssrc = 77 };
	static const struct tp_ext_ids none;
	size_t len = tp_rtp_write(out, 64, &rtp, &none);
	memset(out + len, fill, 40);
	return len + 40;
}

static void ledger(void)
{
	struct tp_srtp_keys keys = { .profile = TP_PROFILE_GCM128, .len = 28 }, turned;
	struct tp_srtp *server, *client;
	uint8_t a[256], b[256], copy[256];

	RAND_bytes(keys.client, sizeof keys.client);
	RAND_bytes(keys.server, sizeof keys.server);
	turned = keys;
	memcpy(turned.client, keys.server, sizeof keys.server);
	memcpy(turned.server, keys.client, sizeof keys.client);
	if (!check("self: contexts are made", tp_srtp_create(&client, &keys) == 0 && tp_srtp_create(&server, &turned) == 0))
		return;
	for (int i = 0; i < 3; i++) {
		size_t len = packet(a, (uint16_t)(65534 + i), 1);
		tp_srtp_protect(server, a, &len);
		check("self: a true packet opens, through the roll-over too", tp_srtp_open(client, a, &len) == TP_SRTP_OK);
	}
	size_t len = packet(a, 1, 2), again;
	tp_srtp_protect(server, a, &len);
	again = len;
	memcpy(copy, a, len);
	tp_srtp_open(client, a, &len);
	check("self: the same bytes again are a replay, not a reuse", tp_srtp_open(client, copy, &again) == TP_SRTP_REPLAYED
		&& tp_srtp_counts(client)->repeated == 1 && tp_srtp_counts(client)->reused == 0);
	len = packet(b, 1, 3);
	tp_srtp_protect(server, b, &len);
	tp_srtp_open(client, b, &len);
	check("self: another packet under the same index is found out", tp_srtp_counts(client)->reused == 1);
	len = packet(b, 2, 3);
	tp_srtp_protect(server, b, &len);
	b[len - 1] ^= 1;
	check("self: a forged packet is found out", tp_srtp_open(client, b, &len) == TP_SRTP_FORGED && tp_srtp_counts(client)->forged == 1);
	tp_srtp_destroy(client);
	tp_srtp_destroy(server);
}

struct said { uint32_t number, seq, frame, csrc; uint16_t rtp_seq; uint32_t ts; int32_t pid; bool start, key; uint8_t layer; int spoil; bool rtx; };

static void feed(struct tp_sink *sink, const struct said *s)
{
	uint8_t payload[200];
	struct tp_vp8 vp8 = { .start = s->start, .keyframe = s->key, .picture_id = s->pid, .tl0 = -1, .tid = -1, .width = 320, .height = 180 };
	size_t at = tp_vp8_write(payload, &vp8);
	struct tp_tag tag = { .number = s->number, .source = TP_CAMERA, .layer = s->layer, .first = s->start, .last = true, .keyframe = s->key,
		.seq = s->seq, .frame = s->frame };
	tp_tag_write(payload + at, 100, &tag);
	if (s->spoil)
		payload[at + 60] ^= 1;
	struct tp_rtp rtp = { .pt = 96, .seq = s->rtp_seq, .ts = s->ts, .ssrc = 5, .csrc_count = 1, .csrc = { s->csrc }, .payload = payload,
		.payload_len = at + 100 };
	uint8_t again[202] = { (uint8_t)(s->rtp_seq >> 8), (uint8_t)s->rtp_seq };
	memcpy(again + 2, payload, rtp.payload_len);
	if (s->rtx)
		rtp = (struct tp_rtp){ .pt = 97, .seq = 1, .ts = s->ts, .ssrc = 6, .csrc_count = 1, .csrc = { s->csrc }, .payload = again,
			.payload_len = rtp.payload_len + 2 };
	tp_sink_input(sink, &rtp, 1000);
}

static const struct {
	const char *name;
	struct said second;
	size_t counter;         /* offset in struct tp_sink_counts that must be one */
} wrongs[] = {
#define COUNTER(field) offsetof(struct tp_sink_counts, field)
	{ "the next packet", { 1, 1, 1, 1, 101, 4000, 8, true }, COUNTER(keyframes) },
	{ "another's number as CSRC", { 1, 1, 1, 2, 101, 4000, 8, true }, COUNTER(wrong_csrc) },
	{ "one byte of the payload changed", { 1, 1, 1, 1, 101, 4000, 8, true, .spoil = 1 }, COUNTER(wrong_payload) },
	{ "a packet twice", { 1, 0, 0, 1, 100, 1000, 7, true, true }, COUNTER(duplicates) },
	{ "a packet that was there by RTX", { 1, 0, 0, 1, 100, 1000, 7, true, true, .rtx = true }, COUNTER(resent_again) },
	{ "a new sender without a keyframe", { 2, 9, 9, 2, 101, 4000, 8, true }, COUNTER(switch_without_keyframe) },
	{ "another layer without a keyframe", { 1, 9, 9, 1, 101, 4000, 8, true, .layer = 2 }, COUNTER(switch_without_keyframe) },
	{ "a jump of the picture id", { 1, 1, 1, 1, 101, 4000, 10, true }, COUNTER(picture_id_jumps) },
	{ "a timestamp that goes back", { 1, 1, 1, 1, 101, 900, 8, true }, COUNTER(ts_back) },
	{ "the sender's order turned round", { 1, 0, 1, 1, 101, 4000, 8, true }, COUNTER(tag_back) },
	{ "a packet of the sender left out", { 1, 3, 3, 1, 101, 4000, 8, true }, COUNTER(tag_gaps) },
};

int main(void)
{
	ledger();
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		struct tp_sink sink = { .video = true, .ssrc = 5, .pt = 96, .rtx_ssrc = 6, .rtx_pt = 97 };
		char name[96];
		feed(&sink, &(struct said){ 1, 0, 0, 1, 100, 1000, 7, true, true });
		feed(&sink, &wrongs[i].second);
		uint64_t got = *(uint64_t *)((char *)&sink.counts + wrongs[i].counter);
		snprintf(name, sizeof name, "self: the sink counts %s", wrongs[i].name);
		check(name, got >= 1);
	}
	return check_done();
}

/* Outgoing GCM: the vectors of RFC 7714, and a million packets byte for byte against libsrtp2. */
#include "gcm_sender.h"

#include <openssl/crypto.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "media_keys.h"

/* -- RFC 7714 §16.1.1 --------------------------------------------------------------------------------------------------- */

static const uint8_t rfc_key[GCM_KEY_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t rfc_salt[GCM_SALT_BYTES] = { 0x51, 0x75, 0x69, 0x64, 0x20, 0x70, 0x72, 0x6f, 0x20, 0x71, 0x75, 0x6f };
static const uint8_t rfc_header[12] = { 0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41, 0xf8, 0xd3, 0x55, 0x01, 0xa0, 0xb2 };
static const char rfc_payload[] = "Gallia est omnis divisa in partes tres";
static const uint8_t rfc_sealed[] = {
	0xf2, 0x4d, 0xe3, 0xa3, 0xfb, 0x34, 0xde, 0x6c, 0xac, 0xba, 0x86, 0x1c, 0x9d, 0x7e, 0x4b, 0xca, 0xbe, 0x63, 0x3b, 0xd5,
	0x0d, 0x29, 0x4e, 0x6f, 0x42, 0xa5, 0xf4, 0x7a, 0x51, 0xc7, 0xd1, 0x9b, 0x36, 0xde, 0x3a, 0xdf, 0x88, 0x33,
	0x89, 0x9d, 0x7f, 0x27, 0xbe, 0xb1, 0x6a, 0x91, 0x52, 0xcf, 0x76, 0x5e, 0xe4, 0x39, 0x0c, 0xce,
};

static void test_rfc(void)
{
	struct gcm_sender *s = NULL;
	uint8_t bytes[12 + sizeof rfc_sealed];
	size_t len = 12 + sizeof rfc_payload - 1;

	check("sender is made", gcm_sender_create(&s, rfc_key, rfc_salt) == 0);
	for (int round = 0; round < 2; round++) {
		memcpy(bytes, rfc_header, 12);
		memcpy(bytes + 12, rfc_payload, sizeof rfc_payload - 1);
		bool sealed = gcm_sender_seal(s, bytes, 12, len, 0xf17b);
		check(round ? "RFC 7714 16.1.1 again: the context keeps nothing" : "RFC 7714 16.1.1",
			sealed && !memcmp(bytes, rfc_header, 12) && !memcmp(bytes + 12, rfc_sealed, sizeof rfc_sealed));
	}
	gcm_sender_destroy(s);
	gcm_sender_destroy(NULL);
}

/* -- a million packets --------------------------------------------------------------------------------------------------- */

enum { PACKETS = 1000000, STREAMS = 5, ROOM = 1500, SMALL = 200, LARGE = 1180, EXT_WORDS = 6 };

static uint64_t luck = 88172645463325252u;

static uint32_t chance(uint32_t below)
{
	luck ^= luck << 13;
	luck ^= luck >> 7;
	luck ^= luck << 17;
	return (uint32_t)(luck >> 32) % below;
}

struct stream { uint32_t ssrc; uint16_t next; bool held; };

/* Mostly one after the other; sometimes one overtakes the next, or some are left out. */
static uint16_t seq_of(struct stream *s)
{
	if (s->held) {
		s->held = false;
		return (uint16_t)(s->next - 2);
	}
	switch (chance(50)) {
	case 0:
		s->held = true;
		s->next = (uint16_t)(s->next + 2);
		return (uint16_t)(s->next - 1);
	case 1:
		s->next = (uint16_t)(s->next + chance(100));
	}
	return s->next++;
}

/* An RTP packet of any shape: CSRCs, extension of either profile or none, padding or none, with any payload down to nothing. */
static uint16_t any_packet(uint8_t *out, struct stream *s)
{
	uint8_t csrcs = chance(3) ? 0 : (uint8_t)chance(16), words = (uint8_t)chance(EXT_WORDS);
	bool extended = chance(2);
	uint16_t seq = seq_of(s), payload = (uint16_t)chance(chance(20) ? SMALL : LARGE), at = 12;
	uint8_t padding = payload && !chance(3) ? (uint8_t)(1 + chance(payload < 255 ? payload : 255)) : 0;

	for (unsigned i = 0; i < ROOM / 2; i += 4)
		memcpy(out + i, &(uint32_t){ chance(UINT32_MAX) }, 4);
	out[0] = (uint8_t)(0x80 | (padding ? 0x20 : 0) | (extended ? 0x10 : 0) | csrcs);
	out[2] = (uint8_t)(seq >> 8);
	out[3] = (uint8_t)seq;
	for (int i = 0; i < 4; i++)
		out[8 + i] = (uint8_t)(s->ssrc >> (24 - 8 * i));
	at = (uint16_t)(at + 4 * csrcs);
	if (extended) {
		memcpy(out + at, chance(2) ? "\xbe\xde" : "\x10\x00", 2);
		out[at + 2] = 0;
		out[at + 3] = words;
		at = (uint16_t)(at + 4 + 4 * words);
	}
	if (padding)
		out[at + payload - 1] = padding;
	return (uint16_t)(at + payload);
}

static srtp_t session(const struct media_key_material *m, srtp_ssrc_type_t direction)
{
	uint8_t both[GCM_KEY_BYTES + GCM_SALT_BYTES];
	srtp_policy_t policy = { .ssrc = { .type = direction }, .key = both, .window_size = 512 };
	srtp_t out = NULL;

	memcpy(both, m->server_key, GCM_KEY_BYTES);
	memcpy(both + GCM_KEY_BYTES, m->server_salt, GCM_SALT_BYTES);
	srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	srtp_create(&out, &policy);
	return out;
}

static void test_against_libsrtp2(void)
{
	struct media_key_material m = { .profile = MEDIA_AEAD_AES_128_GCM };
	struct stream streams[STREAMS];
	uint8_t clear[ROOM], ours[ROOM], theirs[ROOM];
	unsigned differ = 0, unopened = 0, changed = 0;
	struct media_keys *keys = NULL;

	for (size_t i = 0; i < sizeof m.server_key; i++)
		m.server_key[i] = (uint8_t)chance(256);
	for (size_t i = 0; i < GCM_SALT_BYTES; i++)
		m.server_salt[i] = (uint8_t)chance(256);
	for (size_t i = 0; i < STREAMS; i++)
		streams[i] = (struct stream){ .ssrc = chance(UINT32_MAX), .next = (uint16_t)(1 + chance(32000)) };
	srtp_t sender = session(&m, ssrc_any_outbound), receiver = session(&m, ssrc_any_inbound);
	check("all three know the keys", sender && receiver && !media_keys_create(&keys, &m, STREAMS));

	for (unsigned i = 0; i < PACKETS; i++) {
		struct stream *s = &streams[chance(STREAMS)];
		uint16_t len = any_packet(clear, s), sealed = len;
		int their_len = len, open_len;
		memcpy(ours, clear, len);
		memcpy(theirs, clear, len);
		bool both = media_protect(keys, ours, &sealed, sizeof ours) == PKT_OK && !srtp_protect(sender, theirs, &their_len);
		differ += !both || sealed != their_len || memcmp(ours, theirs, sealed);
		open_len = sealed;
		unopened += srtp_unprotect(receiver, ours, &open_len) != srtp_err_status_ok;
		changed += open_len != len || memcmp(ours, clear, len);
	}
	check("a million packets: the same bytes as srtp_protect gives", differ == 0);
	check("a million packets: libsrtp2 opens them", unopened == 0);
	check("a million packets: and finds what was sealed", changed == 0);
	media_keys_destroy(keys);
	srtp_dealloc(sender);
	srtp_dealloc(receiver);
	OPENSSL_cleanse(&m, sizeof m);
}

/* -- packets that are none -------------------------------------------------------------------------------------------------- */

static void test_cut_short(void)
{
	static const struct { const char *name; uint16_t len; uint8_t bytes[24]; enum pkt_verdict verdict; } rows[] = {
		{ "header alone", 12, { 0x80, 96, 0, 1 }, PKT_OK },
		{ "ends in the CSRCs", 15, { 0x81, 96, 0, 2 }, PKT_SHORT },
		{ "CSRC and nothing more", 16, { 0x81, 96, 0, 3 }, PKT_OK },
		{ "ends before the extension", 12, { 0x90, 96, 0, 4 }, PKT_SHORT },
		{ "ends in the extension's head", 15, { 0x90, 96, 0, 4 }, PKT_SHORT },
		{ "empty extension", 16, { 0x90, 96, 0, 5, [12] = 0xbe, 0xde, 0, 0 }, PKT_OK },
		{ "ends in the extension", 19, { 0x90, 96, 0, 6, [12] = 0xbe, 0xde, 0, 1 }, PKT_SHORT },
		{ "extension longer than any packet", 24, { 0x90, 96, 0, 6, [12] = 0xbe, 0xde, 0xff, 0xff }, PKT_SHORT },
	};
	struct media_key_material m = { .profile = MEDIA_AEAD_AES_128_GCM };
	struct media_keys *keys = NULL;
	uint8_t bytes[24 + MEDIA_OVERHEAD];

	media_keys_create(&keys, &m, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint16_t len = rows[i].len;
		memcpy(bytes, rows[i].bytes, sizeof rows[i].bytes);
		enum pkt_verdict verdict = media_protect(keys, bytes, &len, sizeof bytes);
		check(rows[i].name, verdict == rows[i].verdict && len == rows[i].len + (verdict == PKT_OK ? GCM_TAG_BYTES : 0));
	}
	media_keys_destroy(keys);
}

/* All 48 bits of the index are in the nonce. */
static void test_last_index(void)
{
	struct gcm_sender *s = NULL;
	uint8_t first[12 + 1 + GCM_TAG_BYTES] = { 0x80, 96 }, last[sizeof first] = { 0x80, 96 };

	gcm_sender_create(&s, rfc_key, rfc_salt);
	check("the first and the last index give two nonces", gcm_sender_seal(s, first, 12, 13, 0) &&
		gcm_sender_seal(s, last, 12, 13, (UINT64_C(1) << 48) - 1) && memcmp(first, last, sizeof first) != 0);
	gcm_sender_destroy(s);
}

int main(void)
{
	check("library starts", media_keys_library_start() == 0);
	test_rfc();
	test_cut_short();
	test_last_index();
	test_against_libsrtp2();
	return check_done();
}

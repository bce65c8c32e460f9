/* SRTP both ways, both suites: round trips over a roll-over, forgeries, replays, used indices, bounds; threats 18 and 19. */
#include "media_keys.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { MOST = 8, PAYLOAD = 100, RTP_HEADER = 12 };

static struct packet *pkt;      /* the receiver's */

struct pair { struct media_keys *server, *client; };

static struct media_key_material material(uint32_t profile)
{
	struct media_key_material m = { .profile = profile };
	for (unsigned i = 0; i < MEDIA_KEY_BYTES; i++) {
		m.client_key[i] = (uint8_t)(i * 7 + 1);
		m.server_key[i] = (uint8_t)(i * 11 + 3);
	}
	for (unsigned i = 0; i < MEDIA_SALT_MAX; i++) {
		m.client_salt[i] = (uint8_t)(i + 100);
		m.server_salt[i] = (uint8_t)(i + 50);
	}
	return m;
}

static struct pair open_pair(uint32_t profile)
{
	struct pair p = { NULL, NULL };
	struct media_key_material m = material(profile);
	media_keys_create(&p.server, &m, MOST);
	media_keys_create_client(&p.client, &m, MOST);
	return p;
}

static void close_pair(struct pair *p)
{
	media_keys_destroy(p->server);
	media_keys_destroy(p->client);
}

static uint16_t make_rtp(uint8_t *out, uint32_t ssrc, uint16_t seq, uint8_t fill)
{
	uint8_t header[RTP_HEADER] = { 0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 9,
		(uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc };
	memcpy(out, header, sizeof header);
	memset(out + RTP_HEADER, fill, PAYLOAD);
	return RTP_HEADER + PAYLOAD;
}

static uint16_t seal(struct media_keys *keys, uint8_t *out, uint32_t ssrc, uint16_t seq, uint8_t fill)
{
	uint16_t len = make_rtp(out, ssrc, seq, fill);
	return media_protect(keys, out, &len, 1500) == PKT_OK ? len : 0;
}

static enum pkt_verdict open_bytes(struct media_keys *keys, const uint8_t *bytes, uint16_t len)
{
	pkt->data = pkt->room + PACKET_HEADROOM;
	pkt->len = len;
	memcpy(pkt->data, bytes, len);
	return media_unprotect(keys, pkt);
}

static bool opens_as(struct media_keys *keys, const uint8_t *bytes, uint16_t len, uint8_t fill)
{
	return open_bytes(keys, bytes, len) == PKT_OK && pkt->len == RTP_HEADER + PAYLOAD && pkt->data[RTP_HEADER] == fill &&
		pkt->data[pkt->len - 1] == fill;
}

static void test_round_trip(uint32_t profile)
{
	struct pair p = open_pair(profile);
	uint8_t bytes[1500];
	unsigned wrong = 0, clear = 0;
	for (uint32_t i = 0; i < 100000; i++) {         /* passes the roll-over of seq once from 60000, and once more */
		uint16_t len = seal(p.server, bytes, 0x1000 + i % 3, (uint16_t)(60000 + i / 3), (uint8_t)i);
		clear += len && bytes[RTP_HEADER] == (uint8_t)i && bytes[RTP_HEADER + 1] == (uint8_t)i && bytes[RTP_HEADER + 2] == (uint8_t)i;
		wrong += !opens_as(p.client, bytes, len, (uint8_t)i);
	}
	check("100000 packets of three SSRCs over the roll-over", wrong == 0);
	check("none in the clear", clear < 10);
	wrong = 0;
	for (uint32_t i = 0; i < 200; i++) {
		static const uint8_t rr[8] = { 0x80, 201, 0, 1, 0, 0, 0x10, 0 };
		uint16_t len = sizeof rr;
		pkt->data = pkt->room + PACKET_HEADROOM;
		memcpy(pkt->data, rr, len);
		wrong += media_protect_rtcp(p.server, pkt->data, &len, 100) != PKT_OK;
		pkt->len = len;
		wrong += media_unprotect_rtcp(p.client, pkt) != PKT_OK || pkt->len != sizeof rr || memcmp(pkt->data, rr, sizeof rr);
	}
	check("200 RTCP packets", wrong == 0);
	close_pair(&p);
}

static void test_forged(uint32_t profile)
{
	struct pair p = open_pair(profile);
	uint8_t bytes[1500], copy[1500];
	uint16_t len = seal(p.client, bytes, 7, 65000, 1);
	unsigned opened = 0;
	for (uint16_t at = 0; at < len; at++) {
		memcpy(copy, bytes, len);
		copy[at] ^= 1;
		opened += open_bytes(p.server, copy, len) == PKT_OK;
	}
	for (uint16_t cut = 0; cut < len; cut++)
		opened += open_bytes(p.server, bytes, cut) == PKT_OK;
	check("threat 18: no flipped bit and no cut opens", opened == 0);
	check("threat 18: the true packet still opens", opens_as(p.server, bytes, len, 1));

	/* Sequence numbers that would move the ROC if they were believed, before and after the true wrap. */
	static const uint16_t forged_seq[] = { 0, 1, 100, 32000, 32768, 64999, 65001, 65535 };
	unsigned lost = 0;
	for (uint32_t i = 1; i < 2000; i++) {
		uint8_t junk[RTP_HEADER + PAYLOAD + 16];
		make_rtp(junk, 7, forged_seq[i % 8], 9);
		memset(junk + RTP_HEADER + PAYLOAD, (int)i, 16);
		opened += open_bytes(p.server, junk, sizeof junk) == PKT_OK;
		len = seal(p.client, bytes, 7, (uint16_t)(65000 + i), (uint8_t)i);
		lost += !opens_as(p.server, bytes, len, (uint8_t)i);
	}
	check("threat 18: forged wrap, any sequence number", opened == 0 && lost == 0);
	close_pair(&p);
}

static void test_replay(uint32_t profile)
{
	struct pair p = open_pair(profile);
	static uint8_t kept[40][1500];
	uint16_t len[40];
	for (uint16_t i = 0; i < 40; i++)
		len[i] = seal(p.client, kept[i], 7, (uint16_t)(65530 + i), (uint8_t)i);
	unsigned wrong = 0;
	wrong += !opens_as(p.server, kept[0], len[0], 0);       /* the first before the wrap: a receiver starts at ROC 0 */
	for (int i = 39; i >= 0; i -= 2)
		wrong += !opens_as(p.server, kept[i], len[i], (uint8_t)i);
	for (int i = 2; i < 40; i += 2)
		wrong += !opens_as(p.server, kept[i], len[i], (uint8_t)i);
	check("out of order, across the wrap", wrong == 0);
	unsigned replayed = 0;
	for (int i = 0; i < 40; i++)
		replayed += open_bytes(p.server, kept[i], len[i]) == PKT_REPLAYED;
	check("every replay is dropped", replayed == 40);
	uint16_t first = seal(p.client, kept[0], 9, 100, 1);
	check("a new stream", opens_as(p.server, kept[0], first, 1));
	for (uint16_t i = 1; i < 2000; i++) {
		len[1] = seal(p.client, kept[1], 9, (uint16_t)(100 + i), 1);
		open_bytes(p.server, kept[1], len[1]);
	}
	check("a very old packet is a replay", open_bytes(p.server, kept[0], first) == PKT_REPLAYED);

	static const uint8_t rr[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
	uint16_t n = sizeof rr;
	memcpy(kept[0], rr, n);
	media_protect_rtcp(p.client, kept[0], &n, 100);
	pkt->data = pkt->room;
	memcpy(pkt->data, kept[0], n);
	pkt->len = n;
	check("SRTCP opens", media_unprotect_rtcp(p.server, pkt) == PKT_OK);
	memcpy(pkt->data, kept[0], n);
	pkt->len = n;
	check("SRTCP replay is dropped", media_unprotect_rtcp(p.server, pkt) == PKT_REPLAYED);
	n = sizeof rr;
	memcpy(kept[0], rr, n);
	media_protect_rtcp(p.client, kept[0], &n, 100);
	kept[0][n - 5] ^= 1;
	memcpy(pkt->data, kept[0], n);
	pkt->len = n;
	check("SRTCP forgery is dropped", media_unprotect_rtcp(p.server, pkt) == PKT_FORGED);
	close_pair(&p);
}

static void test_used_index(uint32_t profile)
{
	struct pair p = open_pair(profile);
	uint8_t bytes[1500];
	uint16_t len;
	static const struct { const char *name; uint16_t seq; enum pkt_verdict verdict; } rows[] = {
		{ "index: first", 65000, PKT_OK },
		{ "index: the same again", 65000, PKT_USED_INDEX },
		{ "index: next", 65001, PKT_OK },
		{ "index: a gap", 65100, PKT_OK },
		{ "index: late, in the gap", 65050, PKT_OK },
		{ "index: late again", 65050, PKT_USED_INDEX },
		{ "index: over the wrap", 50, PKT_OK },
		{ "index: before the wrap, unused", 65500, PKT_OK },
		{ "index: before the wrap, used now", 65500, PKT_USED_INDEX },
		{ "index: after the wrap, used", 50, PKT_USED_INDEX },
		{ "index: too old to tell", 65000, PKT_USED_INDEX },
		{ "index: half the circle away", 32818, PKT_USED_INDEX },
		{ "index: far ahead", 30000, PKT_OK },
		{ "index: where the window was", 50, PKT_USED_INDEX },
		{ "index: back by less than the window, unused", 29600, PKT_OK },
		{ "index: window's last", 29489, PKT_OK },
		{ "index: beyond the window", 29488, PKT_USED_INDEX },
		{ "index: window's last again", 29489, PKT_USED_INDEX },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		len = make_rtp(bytes, 5, rows[i].seq, 0);
		check(rows[i].name, media_protect(p.server, bytes, &len, sizeof bytes) == rows[i].verdict);
	}
	len = make_rtp(bytes, 6, 5, 0);
	media_protect(p.server, bytes, &len, sizeof bytes);
	len = make_rtp(bytes, 6, 65530, 0);
	check("index: before the very first", media_protect(p.server, bytes, &len, sizeof bytes) == PKT_USED_INDEX);

	/* Threat 18 as the worst case: whatever sequence numbers come, an accepted (SSRC, ROC, seq) comes once. */
	struct pair q = open_pair(profile);
	static uint8_t used[1 << 20];
	memset(used, 0, sizeof used);
	uint64_t highest = 0;
	bool started = false;
	unsigned twice = 0, accepted = 0;
	srand(3);
	uint16_t seq = 1000;
	for (unsigned i = 0; i < 60000; i++) {
		int r = rand() % 100;
		uint16_t now = (uint16_t)(r < 70 ? ++seq : r < 90 ? seq - rand() % 600 : r < 95 ? seq : (seq += (uint16_t)(rand() % 40)));
		len = make_rtp(bytes, 1, now, 0);
		if (media_protect(q.server, bytes, &len, sizeof bytes) != PKT_OK)
			continue;
		accepted++;
		uint64_t index = started ? (uint64_t)((int64_t)highest + (int16_t)(now - (uint16_t)highest)) : now;
		if (!started || index > highest)
			highest = index;
		started = true;
		if (index < sizeof used)
			twice += used[index]++;
	}
	check("no index is ever protected twice", twice == 0 && accepted > 40000);
	close_pair(&q);
	close_pair(&p);
}

static void test_bounds(uint32_t profile)
{
	struct pair p = open_pair(profile);
	struct media_keys *many = NULL;
	struct media_key_material m = material(profile);
	media_keys_create_client(&many, &m, 1000);
	uint8_t bytes[1500];
	unsigned opened = 0, limited = 0;
	for (uint32_t ssrc = 1; ssrc <= 100; ssrc++) {
		uint8_t junk[RTP_HEADER + PAYLOAD + 16];
		make_rtp(junk, ssrc + 1000, 1, 9);
		memset(junk + RTP_HEADER + PAYLOAD, 1, 16);
		open_bytes(p.server, junk, sizeof junk);        /* forged SSRCs take no place */
	}
	for (uint32_t ssrc = 1; ssrc <= 100; ssrc++) {
		uint16_t len = seal(many, bytes, ssrc, 1, 1);
		enum pkt_verdict v = open_bytes(p.server, bytes, len);
		opened += v == PKT_OK;
		limited += v == PKT_SSRC_LIMIT;
	}
	check("threat 19: incoming SSRCs are bounded", opened == MOST && limited == 100 - MOST);
	uint16_t len = seal(many, bytes, 1, 2, 1);
	check("known ones go on", opens_as(p.server, bytes, len, 1));
	unsigned sealed = 0;
	for (uint32_t ssrc = 1; ssrc <= 100; ssrc++)
		sealed += seal(p.server, bytes, ssrc, 1, 1) > 0;
	check("outgoing SSRCs are bounded", sealed == MOST);
	struct media_keys *receiver = NULL;
	media_keys_create(&receiver, &m, 1000);
	unsigned wrong = 0;
	for (unsigned round = 2; round < 5; round++)
		for (uint32_t ssrc = 1; ssrc <= 1000; ssrc++) {
			len = seal(many, bytes, ssrc * 65537, (uint16_t)round, 1);
			wrong += ssrc <= 900 ? !opens_as(receiver, bytes, len, 1) : len && !opens_as(receiver, bytes, len, 1);
			uint16_t again = make_rtp(bytes, ssrc * 65537, (uint16_t)round, 2);
			wrong += media_protect(many, bytes, &again, sizeof bytes) == PKT_OK;
		}
	check("a thousand SSRCs: the tables grow and forget nothing", wrong == 0);
	media_keys_destroy(receiver);
	len = make_rtp(bytes, 1, 9, 0);
	check("no room for the tag", media_protect(p.server, bytes, &len, len + MEDIA_OVERHEAD - 1) == PKT_NO_ROOM);
	check("...and the index is not used up", media_protect(p.server, bytes, &len, len + MEDIA_OVERHEAD) == PKT_OK);
	len = 11;
	check("shorter than a header", media_protect(p.server, bytes, &len, sizeof bytes) == PKT_SHORT && len == 11);
	media_keys_destroy(many);
	close_pair(&p);
}

int main(void)
{
	pkt = calloc(1, sizeof *pkt);
	check("library starts", media_keys_library_start() == 0);
	static const uint32_t profiles[] = { MEDIA_AEAD_AES_128_GCM, MEDIA_AES128_CM_SHA1_80 };
	for (unsigned i = 0; i < 2; i++) {
		printf("# profile %u\n", profiles[i]);
		test_round_trip(profiles[i]);
		test_forged(profiles[i]);
		test_replay(profiles[i]);
		test_used_index(profiles[i]);
		test_bounds(profiles[i]);
	}
	struct media_keys *keys = NULL;
	struct media_key_material m = material(2);
	check("an unknown profile is refused", media_keys_create(&keys, &m, 4) == -22);
	m.profile = MEDIA_AEAD_AES_128_GCM;
	check("no SSRC at all is refused", media_keys_create(&keys, &m, 0) == -22);
	struct pair p = open_pair(MEDIA_AEAD_AES_128_GCM), q = open_pair(MEDIA_AES128_CM_SHA1_80);
	uint8_t bytes[1500];
	uint16_t len = seal(p.client, bytes, 1, 1, 1);
	check("another suite's packet does not open", open_bytes(q.server, bytes, len) == PKT_FORGED);
	len = seal(p.server, bytes, 1, 1, 1);
	check("our own packet sent back does not open", open_bytes(p.server, bytes, len) == PKT_FORGED);
	close_pair(&p);
	close_pair(&q);
	media_keys_destroy(NULL);
	media_key_material_wipe(&m);
	check("material is wiped", m.profile == 0 && m.client_key[1] == 0 && m.server_salt[3] == 0);
	free(pkt);
	return check_done();
}

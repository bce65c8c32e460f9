/* rtp_header, rtp_ext, rtx: tables, every cut-short form, and back again. */
#include "check.h"
#include "hex.h"
#include "rtp_ext.h"
#include "rtp_header.h"
#include "rtx.h"

static const struct {
	const char *name, *bytes;
	enum rtp_verdict verdict;
	uint16_t header_len, payload_len;
	uint8_t padding_len, csrc_count, ext_count;
} headers[] = {
	{ "plain", "8060 1234 00000001 0000000a 0102", RTP_OK, 12, 2 },
	{ "no payload", "8060 1234 00000001 0000000a", RTP_OK, 12, 0 },
	{ "two CSRCs", "8260 1234 00000001 0000000a 00000005 00000006 ff", RTP_OK, 20, 1, 0, 2 },
	{ "one-byte extensions", "9060 1234 00000001 0000000a bede0002 10aa 22010203 0000 ff", RTP_OK, 24, 1, 0, 0, 2 },
	{ "one-byte, filled and ended by 15", "9060 1234 00000001 0000000a bede0002 0010aa00 f0ffffff", RTP_OK, 24, 0, 0, 0, 1 },
	{ "one-byte of id 0 is passed over", "9060 1234 00000001 0000000a bede0001 01aabb00", RTP_OK, 20, 0, 0, 0, 0 },
	{ "two-byte extensions", "9060 1234 00000001 0000000a 10000002 0100 6f02aabb0000", RTP_OK, 24, 0, 0, 0, 2 },
	{ "two-byte with application bits", "9060 1234 00000001 0000000a 100f0001 0102aabb", RTP_OK, 20, 0, 0, 0, 1 },
	{ "another profile", "9060 1234 00000001 0000000a abcd0001 ffffffff 01", RTP_OK, 20, 1 },
	{ "empty extension", "9060 1234 00000001 0000000a bede0000 01", RTP_OK, 16, 1 },
	{ "padding", "a060 1234 00000001 0000000a 01000003", RTP_OK, 12, 1, 3 },
	{ "nothing but padding", "a060 1234 00000001 0000000a 00000004", RTP_OK, 12, 0, 4 },
	{ "padding of nothing", "a060 1234 00000001 0000000a 01000000", RTP_PADDING },
	{ "padding into the header", "a060 1234 00000001 0000000a 01000005", RTP_PADDING },
	{ "padding without a byte", "a060 1234 00000001 0000000a", RTP_PADDING },
	{ "version 1", "4060 1234 00000001 0000000a 01", RTP_VERSION },
	{ "cut in the fixed header", "8060 1234 00000001 000000", RTP_SHORT },
	{ "cut in the CSRCs", "8260 1234 00000001 0000000a 00000005 0000", RTP_SHORT },
	{ "cut before the extension", "9060 1234 00000001 0000000a be", RTP_SHORT },
	{ "cut in the extension", "9060 1234 00000001 0000000a bede0002 10aa2201", RTP_SHORT },
	{ "a one-byte element past its block", "9060 1234 00000001 0000000a bede0001 13aabbcc dd", RTP_SHORT },
	{ "a two-byte element past its block", "9060 1234 00000001 0000000a 10000001 0103aabb cc", RTP_SHORT },
	{ "a two-byte element without a length", "9060 1234 00000001 0000000a 10000001 00000001 00", RTP_SHORT },
};

static void header_table(void)
{
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		uint8_t raw[200];
		size_t len = hex(raw, headers[i].bytes);
		uint8_t *packet = exactly(raw, len);
		struct rtp_header h;
		enum rtp_verdict v = rtp_header_read(&h, packet, len);
		bool good = v == headers[i].verdict;
		if (good && v == RTP_OK)
			good = h.header_len == headers[i].header_len && h.payload_len == headers[i].payload_len && h.pt == 0x60 && h.seq == 0x1234 &&
				h.padding_len == headers[i].padding_len && h.csrc_count == headers[i].csrc_count && h.ext_count == headers[i].ext_count &&
				h.ssrc == 10 && h.ts == 1 && !h.marker;
		check(headers[i].name, good);
		free(packet);
	}
}

/* Whatever is cut off a packet: a verdict, and never a byte read past the end (the sanitizer watches). */
static void cut_short(void)
{
	uint8_t raw[100];
	size_t len = hex(raw, "b2e0 1234 00000001 0000000a 00000005 00000006 bede0003 10aa 22010203 3100ff0000000000 61626300000005");
	bool sane = true;

	for (size_t n = 0; n <= len; n++) {
		uint8_t *packet = exactly(raw, n);
		struct rtp_header h;
		if (rtp_header_read(&h, packet, n) == RTP_OK)
			sane = sane && (size_t)(h.header_len + h.payload_len + h.padding_len) == n;
		else
			sane = sane && n < len;
		free(packet);
	}
	check("every cut-short form", sane);
}

static bool same(const struct rtp_header *a, const struct rtp_header *b)
{
	return a->marker == b->marker && a->pt == b->pt && a->seq == b->seq && a->ts == b->ts && a->ssrc == b->ssrc &&
		a->csrc_count == b->csrc_count && memcmp(a->csrc, b->csrc, a->csrc_count * sizeof a->csrc[0]) == 0 && a->ext_count == b->ext_count;
}

static void written(void)
{
	uint8_t packet[300], sixteen[17] = { 1, 2, 3 };
	struct rtp_header h = { .marker = true, .pt = 96, .seq = 65535, .ts = 0xdeadbeef, .ssrc = 0xcafebabe, .csrc_count = 2, .csrc = { 3, 4 } }, back;
	struct rtp_ext_out ext[] = { { 1, 1, sixteen }, { 0, 3, sixteen }, { 14, 16, sixteen }, { 3, 2, sixteen } };
	struct wr w = wr_to(packet, sizeof packet);

	rtp_header_write(&w, &h, ext, 4);
	size_t len = (size_t)(w.p - packet);
	h.ext_count = 3;
	check("written in the one-byte form", w.ok && len % 4 == 0 && rtp_header_read(&back, packet, len) == RTP_OK && same(&h, &back) &&
		packet[20] == 0xbe && rtp_header_ext(&back, 14)->len == 16 && memcmp(packet + rtp_header_ext(&back, 14)->at, sixteen, 16) == 0);
	ext[2].len = 17;
	w = wr_to(packet, sizeof packet);
	rtp_header_write(&w, &h, ext, 4);
	check("in the two-byte form when one is long", w.ok && rtp_header_read(&back, packet, (size_t)(w.p - packet)) == RTP_OK &&
		packet[20] == 0x10 && same(&h, &back) && rtp_header_ext(&back, 14)->len == 17 && !rtp_header_ext(&back, 2));
	ext[2] = (struct rtp_ext_out){ 15, 1, sixteen };
	w = wr_to(packet, sizeof packet);
	rtp_header_write(&w, &h, ext, 4);
	check("and when an id is 15", w.ok && rtp_header_read(&back, packet, (size_t)(w.p - packet)) == RTP_OK && rtp_header_ext(&back, 15));
	size_t full = (size_t)(w.p - packet);
	bool refused = true;
	for (size_t room = 0; room < full; room++) {
		uint8_t *small = malloc(room ? room : 1);
		w = wr_to(small, room);
		rtp_header_write(&w, &h, ext, 4);
		refused = refused && !w.ok;
		free(small);
	}
	check("too little room is refused", refused);
	h = (struct rtp_header){ .pt = 1, .padding_len = 5 };
	w = wr_to(packet, sizeof packet);
	rtp_header_write(&w, &h, NULL, 0);
	wr_u8(&w, 77);
	rtp_padding_write(&w, 5);
	check("padding", rtp_header_read(&back, packet, (size_t)(w.p - packet)) == RTP_OK && back.padding_len == 5 && back.payload_len == 1);
}

static void extensions(void)
{
	struct rtp_ext_ids ids = { 0 };
	uint8_t raw[300];
	struct rtp_header h;
	struct rtp_ext e;

	check("ids: none, 15 and taken ones are refused", !rtp_ext_ids_set(&ids, RTP_EXT_MID, 0) && !rtp_ext_ids_set(&ids, RTP_EXT_MID, 15) &&
		rtp_ext_ids_set(&ids, RTP_EXT_MID, 4) && !rtp_ext_ids_set(&ids, RTP_EXT_RID, 4) && rtp_ext_ids_set(&ids, RTP_EXT_MID, 4));
	check("ids: changed", rtp_ext_ids_set(&ids, RTP_EXT_MID, 5) && ids.kind[4] == RTP_EXT_NONE && ids.id[RTP_EXT_MID] == 5);
	rtp_ext_ids_set(&ids, RTP_EXT_MID, 4);
	rtp_ext_ids_set(&ids, RTP_EXT_RID, 10);
	rtp_ext_ids_set(&ids, RTP_EXT_RRID, 11);
	rtp_ext_ids_set(&ids, RTP_EXT_LEVEL, 1);
	rtp_ext_ids_set(&ids, RTP_EXT_TWCC, 3);
	rtp_ext_ids_set(&ids, RTP_EXT_ABS_SEND_TIME, 2);
	rtp_ext_ids_set(&ids, RTP_EXT_DD, 12);

	size_t len = hex(raw, "90e0 1234 00000001 0000000a bede0007 108f 22010203 311234 4131 61 a0 66 b1 6869 c2 808182 e0ff 00 00 00 00 00");
	bool read = rtp_header_read(&h, raw, len) == RTP_OK;
	rtp_ext_read(&e, &ids, &h, raw);
	check("all of them", read && e.has_level && e.level == 15 && e.voice && e.has_abs_send_time && e.abs_send_time == 0x010203 &&
		e.has_twcc && e.twcc == 0x1234 && e.mid.len == 2 && memcmp(e.mid.p, "1a", 2) == 0 && e.rid.len == 1 && *e.rid.p == 'f' &&
		e.rrid.len == 2 && e.dd.len == 3);

	len = hex(raw, "9060 1234 00000001 0000000a bede0004 0000 22 010203 10 7f 30 12 40 2f a0 2e b0 20");
	read = rtp_header_read(&h, raw, len) == RTP_OK;
	rtp_ext_read(&e, &ids, &h, raw);
	check("silence, and values that are none", read && e.has_level && e.level == 127 && !e.voice && !e.has_twcc && !e.mid.len && !e.rid.len && !e.rrid.len);

	len = hex(raw, "9060 1234 00000001 0000000a 10000004 0400 0a00 0102 8500 03041234 0001 00000000");
	read = rtp_header_read(&h, raw, len) == RTP_OK;
	rtp_ext_read(&e, &ids, &h, raw);
	check("empty ones in the two-byte form, level with padding, second version of the number", read && !e.mid.len && !e.rid.len && e.has_level &&
		e.level == 5 && e.has_twcc && e.twcc == 0x1234);
	uint8_t twcc[2];
	rtp_ext_put_twcc(twcc, 0xfedc);
	check("values to write", twcc[0] == 0xfe && twcc[1] == 0xdc && rtp_ext_put_level(9, true) == 0x89 && rtp_ext_put_level(9, false) == 9);
}

static void retransmissions(void)
{
	uint8_t raw[100];
	struct rtp_header h, again;
	size_t len = hex(raw, "b1e1 0001 00000001 0000000b 00000005 bede0001 10aa0000 abcd 616263 000003");

	check("an RTX packet", rtp_header_read(&h, raw, len) == RTP_OK && rtx_unwrap(&h, raw, 0xa, 0x60));
	size_t original = (size_t)h.header_len + h.payload_len;
	check("becomes the original", rtp_header_read(&again, raw + RTX_OSN_LEN, original) == RTP_OK && same(&h, &again) && again.seq == 0xabcd &&
		again.ssrc == 10 && again.pt == 0x60 && again.marker && again.payload_len == 3 && again.padding_len == 0 &&
		memcmp(raw + RTX_OSN_LEN + h.header_len, "abc", 3) == 0 && raw[RTX_OSN_LEN + rtp_header_ext(&again, 1)->at] == 0xaa);
	len = hex(raw, "a061 0001 00000001 0000000b ab 000003");
	check("a probe is none", rtp_header_read(&h, raw, len) == RTP_OK && !rtx_unwrap(&h, raw, 1, 2) && h.ssrc == 11);
	uint16_t osn;
	check("an OSN alone", rtx_osn_read(&osn, (const uint8_t *)"\x12\x34", 2) && osn == 0x1234 && !rtx_osn_read(&osn, raw, 1));
}

int main(void)
{
	header_table();
	cut_short();
	written();
	extensions();
	retransmissions();
	check("tell RTP from RTCP", rtp_looks_like_rtp((const uint8_t *)"\x80\x60\0\0\0\0\0\0\0\0\0\0", 12) &&
		!rtp_looks_like_rtp((const uint8_t *)"\x80\xc8\0\0\0\0\0\0\0\0\0\0", 12) && !rtp_looks_like_rtp((const uint8_t *)"\x80\x60", 2));
	return check_done();
}

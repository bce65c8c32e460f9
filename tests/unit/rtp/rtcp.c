/* rtcp, rtcp_nack, rtcp_psfb, rtcp_twcc: bytes to fields and back, and every cut-short form. */
#include "check.h"
#include "hex.h"
#include "rtcp.h"
#include "rtcp_nack.h"
#include "rtcp_psfb.h"
#include "rtcp_twcc.h"

static const struct { const char *name, *bytes; bool sound; int packets; } compounds[] = {
	{ "an empty RR", "80c90001 00000001", true, 1 },
	{ "RR and SDES", "80c90001 00000001 81ca0003 00000001 010161 00 00000000", true, 2 },
	{ "nothing", "", false, 0 },
	{ "padding on the last", "80c90001 00000001 a0c90002 00000001 00000004", true, 2 },
	{ "padding before the last", "a0c90002 00000001 00000004 80c90001 00000001", false, 0 },
	{ "padding of nothing", "a0c90002 00000001 00000000", false, 0 },
	{ "padding not in words", "a0c90002 00000001 00000003", false, 0 },
	{ "padding of more than there is", "a0c90002 00000001 0000000c", false, 0 },
	{ "padding without a body", "a0c90000", false, 0 },
	{ "version 1", "40c90001 00000001", false, 0 },
	{ "a length past the end", "80c90002 00000001", false, 0 },
	{ "cut in the second header", "80c90001 00000001 81ca00", false, 1 },
	{ "three bytes", "80c900", false, 0 },
	{ "an unknown type is walked over", "80f00001 00000001 80c90001 00000001", true, 2 },
};

static void compound_table(void)
{
	for (size_t i = 0; i < sizeof compounds / sizeof compounds[0]; i++) {
		uint8_t raw[200];
		size_t len = hex(raw, compounds[i].bytes);
		uint8_t *bytes = exactly(raw, len);
		struct rd r = rd_from(bytes, len);
		struct rtcp_packet p;
		int n = 0;
		while (rtcp_next(&p, &r))
			n++;
		check(compounds[i].name, rtcp_check(bytes, len) == compounds[i].sound && n == compounds[i].packets);
		free(bytes);
	}
}

/* The only packet of `len` bytes. */
static struct rtcp_packet only(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	struct rtcp_packet p = { 0 };

	rtcp_next(&p, &r);
	return p;
}

static uint8_t out[9000];

static size_t done(const struct wr *w)
{
	return w->ok ? (size_t)(w->p - out) : 0;
}

static void reports(void)
{
	uint8_t raw[200];
	size_t len = hex(raw, "81c8000c 00000001 0123456789abcdef 00000002 00000003 00000004 "
		"0000000a 40fffffe 00010005 00000006 00000007 00000008");
	struct rtcp_packet p = only(raw, len);
	struct rtcp_sr sr;
	struct rtcp_rr rr = { .ssrc = 5, .count = 2, .blocks = { { 1, 255, -0x800000, 2, 3, 4, 5 }, { 6, 0, 0x7fffff, 8, 9, 10, 11 } } }, rr2;

	check("SR", rtcp_sr_read(&sr, &p) && sr.ssrc == 1 && sr.ntp == 0x0123456789abcdef && sr.ts == 2 && sr.packets == 3 && sr.octets == 4 &&
		sr.count == 1 && sr.blocks[0].ssrc == 10 && sr.blocks[0].fraction_lost == 64 && sr.blocks[0].lost == -2 &&
		sr.blocks[0].highest_seq == 0x10005 && sr.blocks[0].jitter == 6 && sr.blocks[0].lsr == 7 && sr.blocks[0].dlsr == 8);
	struct wr w = wr_to(out, sizeof out);
	rtcp_sr_write(&w, &sr);
	check("SR written alike", done(&w) == len && memcmp(out, raw, len) == 0);
	w = wr_to(out, sizeof out);
	rtcp_rr_write(&w, &rr);
	p = only(out, done(&w));
	check("RR there and back", rtcp_rr_read(&rr2, &p) && rr2.ssrc == 5 && rr2.count == 2 &&
		rr2.blocks[0].fraction_lost == 255 && rr2.blocks[0].lost == -0x800000 && rr2.blocks[1].lost == 0x7fffff && rr2.blocks[1].dlsr == 11);
	raw[0] = 0x82;
	p = only(raw, len);
	check("SR with fewer blocks than it says", !rtcp_sr_read(&sr, &p));
	len = hex(raw, "80c80001 00000001");
	p = only(raw, len);
	check("SR cut", !rtcp_sr_read(&sr, &p));
}

static const struct { const char *name, *bytes; bool read; uint8_t count; const char *cname; } sdeses[] = {
	{ "SDES of one", "81ca0003 00000001 0103616263 00 0000", true, 1, "abc" },
	{ "SDES, other items first", "81ca0004 00000001 020178 0103616263 00 000000", true, 1, "abc" },
	{ "SDES without a name", "81ca0002 00000001 00000000", true, 1, "" },
	{ "SDES of none", "80ca0000", true, 0, "" },
	{ "SDES text past the end", "81ca0002 00000001 01056162", false, 0, "" },
	{ "SDES without an end", "81ca0002 00000001 01026162", false, 0, "" },
	{ "SDES of two, one there", "82ca0003 00000001 0103616263 00 0000", false, 0, "" },
};

static void sdes_and_bye(void)
{
	for (size_t i = 0; i < sizeof sdeses / sizeof sdeses[0]; i++) {
		uint8_t raw[100];
		struct rtcp_packet p = only(raw, hex(raw, sdeses[i].bytes));
		struct rtcp_sdes s;
		bool read = rtcp_sdes_read(&s, &p);
		check(sdeses[i].name, read == sdeses[i].read && (!read || (s.count == sdeses[i].count && (!s.count ||
			(s.chunks[0].len == strlen(sdeses[i].cname) && (!s.chunks[0].len || !memcmp(s.chunks[0].cname, sdeses[i].cname, s.chunks[0].len)))))));
	}
	struct rtcp_sdes s = { 2, { { 1, 5, (const uint8_t *)"hello" }, { 2, 2, (const uint8_t *)"hi" } } }, s2;
	struct wr w = wr_to(out, sizeof out);
	rtcp_sdes_write(&w, &s);
	struct rtcp_packet p = only(out, done(&w));
	check("SDES there and back", rtcp_sdes_read(&s2, &p) && s2.count == 2 && s2.chunks[1].ssrc == 2 && s2.chunks[1].len == 2 &&
		!memcmp(s2.chunks[0].cname, "hello", 5));
	struct rtcp_bye bye = { 2, { 7, 8 } }, bye2;
	w = wr_to(out, sizeof out);
	rtcp_bye_write(&w, &bye);
	p = only(out, done(&w));
	check("BYE there and back", rtcp_bye_read(&bye2, &p) && bye2.count == 2 && bye2.ssrcs[1] == 8);
	p.body.end -= 1;
	check("BYE cut", !rtcp_bye_read(&bye2, &p));
}

static void nacks(void)
{
	static const struct { const char *name, *bytes; bool read; struct rtcp_nack nack; } table[] = {
		{ "one lost", "12340000", true, { 0x1234, 0 } },
		{ "all seventeen", "ffffffff", true, { 0xffff, 0xffff } },
		{ "cut in the mask", "123400", false, { 0 } },
		{ "cut in the number", "12", false, { 0 } },
		{ "no entry", "", false, { 0 } },
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		uint8_t raw[8];
		size_t len = hex(raw, table[i].bytes);
		uint8_t *bytes = exactly(raw, len);
		struct rd fci = rd_from(bytes, len);
		struct rtcp_nack n;
		bool read = rtcp_nack_read(&n, &fci);
		check(table[i].name, read == table[i].read && fci.ok == (read || !len) && (!read || (n.pid == table[i].nack.pid && n.blp == table[i].nack.blp)));
		free(bytes);
	}
	uint16_t seqs[RTCP_NACK_SEQS], asked[] = { 65534, 65535, 0, 14, 15, 40 };
	check("seventeen over the wrap", rtcp_nack_seqs(seqs, &(struct rtcp_nack){ 0xffff, 0x8001 }) == 3 && seqs[0] == 0xffff && seqs[1] == 0 && seqs[2] == 15);
	struct wr w = wr_to(out, sizeof out);
	rtcp_nack_write(&w, 1, 2, asked, 6);
	struct rtcp_packet p = only(out, done(&w));
	struct rtcp_feedback fb;
	struct rtcp_nack n;
	size_t got = 0;
	bool alike = rtcp_feedback_read(&fb, &p) && fb.sender == 1 && fb.media == 2 && p.type == RTCP_RTPFB && p.count == RTCP_FMT_NACK;
	while (rtcp_nack_read(&n, &fb.fci)) {
		size_t count = rtcp_nack_seqs(seqs, &n);
		for (size_t i = 0; i < count; i++)
			alike = alike && got < 6 && seqs[i] == asked[got++];
	}
	check("NACK there and back", alike && got == 6 && fb.fci.ok && done(&w) == 12 + 3 * 4);
	w = wr_to(out, sizeof out);
	rtcp_nack_write(&w, 1, 2, asked, 0);
	check("no NACK of nothing", w.ok && w.p == out);
}

static void payload_feedback(void)
{
	struct wr w = wr_to(out, sizeof out);
	struct rtcp_feedback fb;

	rtcp_pli_write(&w, 1, 2);
	struct rtcp_packet p = only(out, done(&w));
	check("PLI", p.type == RTCP_PSFB && p.count == RTCP_FMT_PLI && rtcp_feedback_read(&fb, &p) && fb.media == 2 && rd_left(&fb.fci) == 0);
	p.body.end -= 1;
	check("PLI cut", !rtcp_feedback_read(&fb, &p));

	struct rtcp_fir firs[2] = { { 5, 6 }, { 7, 8 } }, fir;
	w = wr_to(out, sizeof out);
	rtcp_fir_write(&w, 1, firs, 2);
	p = only(out, done(&w));
	check("FIR", rtcp_feedback_read(&fb, &p) && rtcp_fir_read(&fir, &fb.fci) && fir.ssrc == 5 && fir.seq == 6 && rtcp_fir_read(&fir, &fb.fci) &&
		fir.ssrc == 7 && !rtcp_fir_read(&fir, &fb.fci) && fb.fci.ok);
	rtcp_feedback_read(&fb, &p);
	fb.fci.end -= 9;
	check("FIR cut", !rtcp_fir_read(&fir, &fb.fci) && !fb.fci.ok);

	struct rtcp_remb remb = { 1234567890, 2, { 3, 4 } }, back;
	w = wr_to(out, sizeof out);
	rtcp_remb_write(&w, 1, &remb);
	p = only(out, done(&w));
	rtcp_feedback_read(&fb, &p);
	check("REMB", rtcp_remb_read(&back, fb.fci) && back.count == 2 && back.ssrcs[1] == 4 && back.bitrate_bps <= 1234567890 &&
		back.bitrate_bps > 1234567890 - 8192);
	struct rd cut = fb.fci;
	bool refused = true;
	for (cut.end--; cut.end > cut.p; cut.end--)
		refused = refused && !rtcp_remb_read(&back, cut);
	check("REMB cut", refused);
	uint8_t raw[20];
	size_t len = hex(raw, "52454d42 00 ffffff");
	check("REMB beyond 64 bits", !rtcp_remb_read(&back, rd_from(raw, len)));
	len = hex(raw, "52454d42 00 fc0001");
	check("REMB of 2^63", rtcp_remb_read(&back, rd_from(raw, len)) && back.bitrate_bps == 1ull << 63);
	len = hex(raw, "52454d43 00 000001");
	check("another message in its place", !rtcp_remb_read(&back, rd_from(raw, len)));
}

/* Statuses as text: `.` lost, a small delta as a letter, `<` and `>` large ones, `=` the largest small one. */
static const struct { const char *name, *bytes, *statuses; } feedbacks[] = {
	{ "a run", "8fcd0006 00000001 00000002 00100003 000005 09 2003 0a0b0c 000000", "abc" },
	{ "a run of losses, then one", "8fcd0006 00000001 00000002 00100004 000005 09 0003 2001 0a 000000", "...a" },
	{ "one-bit vector", "8fcd0006 00000001 00000002 0010000e 000005 09 a001 0a0b 00000000", "a............b" },
	{ "one-bit vector, filled", "8fcd0005 00000001 00000002 00100003 000005 09 a800 0a0b", "a.b" },
	{ "two-bit vector", "8fcd0006 00000001 00000002 00100003 000005 09 d200 0a fff6 000000", "a.<" },
	{ "two-bit vector, large up", "8fcd0006 00000001 00000002 00100002 000005 09 d800 0a 0100 000000", "a>" },
	{ "the largest small one", "8fcd0005 00000001 00000002 00100001 000005 09 2001 ff 00", "=" },
	{ "cut in the deltas", "8fcd0005 00000001 00000002 00100003 000005 09 2003 0a0b", NULL },
	{ "cut before the chunks", "8fcd0004 00000001 00000002 00100003 000005 09", NULL },
	{ "a run past the count", "8fcd0006 00000001 00000002 00100003 000005 09 2004 0a0b0c0d 0000", NULL },
	{ "an empty run", "8fcd0006 00000001 00000002 00100001 000005 09 0000 0000 0000 0000", NULL },
	{ "the reserved symbol in a run", "8fcd0005 00000001 00000002 00100001 000005 09 6001 0a0b", NULL },
	{ "the reserved symbol in a vector", "8fcd0005 00000001 00000002 00100001 000005 09 f000 0a0b", NULL },
	{ "of nothing", "8fcd0005 00000001 00000002 00100000 000005 09 2001 0a0b", NULL },
	{ "of too many", "8fcd0005 00000001 00000002 00100401 000005 09 0401 0a0b", NULL },
};

static int16_t delta_of(char c)
{
	return c == '<' ? -10 : c == '>' ? 256 : c == '=' ? 255 : (int16_t)(c - 'a' + 10);
}

static bool alike(const struct rtcp_twcc *a, const struct rtcp_twcc *b)
{
	bool same = a->sender == b->sender && a->media == b->media && a->base_seq == b->base_seq && a->count == b->count &&
		a->reference == b->reference && a->feedback_count == b->feedback_count;

	for (uint16_t i = 0; same && i < a->count; i++)
		same = a->statuses[i].received == b->statuses[i].received && a->statuses[i].delta == b->statuses[i].delta;
	return same;
}

static struct rtcp_twcc fb, back;

static void transport_feedback(void)
{
	for (size_t i = 0; i < sizeof feedbacks / sizeof feedbacks[0]; i++) {
		uint8_t raw[100];
		size_t len = hex(raw, feedbacks[i].bytes);
		uint8_t *bytes = exactly(raw, len);
		struct rtcp_packet p = only(bytes, len);
		bool read = rtcp_twcc_read(&fb, &p), good = read == (feedbacks[i].statuses != NULL);
		const char *s = feedbacks[i].statuses;
		if (read) {
			good = good && fb.sender == 1 && fb.media == 2 && fb.base_seq == 16 && fb.count == strlen(s) && fb.reference == 5 && fb.feedback_count == 9;
			for (size_t n = 0; good && n < fb.count; n++)
				good = fb.statuses[n].received == (s[n] != '.') && (s[n] == '.' || fb.statuses[n].delta == delta_of(s[n]));
			struct wr w = wr_to(out, sizeof out);
			rtcp_twcc_write(&w, &fb);
			p = only(out, done(&w));
			good = good && rtcp_twcc_read(&back, &p) && alike(&fb, &back) && done(&w) <= len;
		}
		free(bytes);
		check(feedbacks[i].name, good);
	}
	bool there_and_back = true, cut = true;
	for (int round = 0; round < 2000; round++) {
		fb = (struct rtcp_twcc){ .sender = 1, .media = 2, .base_seq = (uint16_t)rand(), .count = (uint16_t)(1 + rand() % RTCP_TWCC_MAX),
			.reference = rand() % 0x1000000 - 0x800000, .feedback_count = (uint8_t)round };
		int lossy = rand() % 100, wild = rand() % 100;
		for (uint16_t i = 0; i < fb.count; i++) {
			fb.statuses[i].received = rand() % 100 >= lossy;
			if (fb.statuses[i].received)
				fb.statuses[i].delta = (int16_t)(rand() % 100 < wild ? rand() % 65536 - 32768 : rand() % 256);
		}
		struct wr w = wr_to(out, sizeof out);
		rtcp_twcc_write(&w, &fb);
		struct rtcp_packet p = only(out, done(&w));
		there_and_back = there_and_back && rtcp_twcc_read(&back, &p) && alike(&fb, &back);
		/* Up to three bytes at the end are filling; the reader must do without what is gone. */
		p.body.end -= 4 + rand() % (p.body.end - p.body.p - 3);
		cut = cut && !rtcp_twcc_read(&back, &p);
	}
	check("two thousand random ones there and back", there_and_back);
	check("none of them when cut", cut);
	fb.count = 2;
	bool refused = true;
	for (size_t room = 0; room < 24; room++) {
		struct wr w = wr_to(out, room);
		rtcp_twcc_write(&w, &fb);
		refused = refused && !w.ok;
	}
	check("no room, nothing written past it", refused);
}

int main(void)
{
	compound_table();
	reports();
	sdes_and_bye();
	nacks();
	payload_feedback();
	transport_feedback();
	return check_done();
}

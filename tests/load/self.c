/* The load tool checked by itself: what it counts must be right before what it says of a server can be. */
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "load_histogram.h"
#include "load_janus_sdp.h"
#include "load_process.h"
#include "load_report.h"
#include "load_rtp_filter.h"
#include "load_sink.h"
#include "load_srtp.h"
#include "load_stream.h"
#include "tp_srtp.h"

/* -- percentiles -- */

static void test_histogram(void)
{
	static struct load_histogram h;
	for (int i = 1; i <= 1000; i++)
		load_histogram_add(&h, i * 1000);
	int64_t half = load_histogram_at(&h, 0.5), most = load_histogram_at(&h, 0.99);
	check("histogram: half of 1…1000 thousand, within 1/64", half >= 500000 && half <= 500000 + 500000 / 64);
	check("histogram: 99 of 100, within 1/64", most >= 990000 && most <= 1000000);
	check("histogram: the greatest is exact", load_histogram_at(&h, 1) == 1000000 && h.max == 1000000);
	static struct load_histogram odd;
	check("histogram: empty", load_histogram_at(&odd, 0.5) == 0);
	load_histogram_add(&odd, -5);
	check("histogram: below nothing is nothing", load_histogram_at(&odd, 0.5) == 0 && odd.count == 1);
	load_histogram_add(&odd, INT64_MAX);
	check("histogram: beyond its end", load_histogram_at(&odd, 1) > 1ll << 40 && odd.max == INT64_MAX);
}

/* -- SRTP against libsrtp2 -- */

static struct tp_srtp_keys both_keys(void)
{
	struct tp_srtp_keys keys = { .profile = TP_PROFILE_GCM128, .len = 28 };
	for (int i = 0; i < 28; i++) {
		keys.client[i] = (uint8_t)(i * 7 + 1);
		keys.server[i] = (uint8_t)(i * 11 + 5);
	}
	return keys;
}

static struct load_key key_of(const uint8_t bytes[28])
{
	struct load_key key;
	memcpy(key.key, bytes, 16);
	memcpy(key.salt, bytes + 16, 12);
	return key;
}

static size_t write_rtp(uint8_t *out, uint16_t seq, size_t payload)
{
	const uint8_t head[20] = { 0x90, 96, (uint8_t)(seq >> 8), (uint8_t)seq, 1, 2, 3, 4, 9, 8, 7, 6, 0xbe, 0xde, 0, 1, 0x40, 'x', 0, 0 };
	memcpy(out, head, sizeof head);
	for (size_t i = 0; i < payload; i++)
		out[sizeof head + i] = (uint8_t)(i * seq);
	return sizeof head + payload;
}

/* Ours seals and theirs opens, then the other way, over a wrap of the sequence number. */
static void test_srtp(void)
{
	struct tp_srtp_keys keys = both_keys(), turned = keys;
	memcpy(turned.client, keys.server, 28);
	memcpy(turned.server, keys.client, 28);
	struct load_key to_server = key_of(keys.client), from_server = key_of(keys.server);
	struct load_srtp out, in;
	struct tp_srtp *server;
	uint8_t packet[256], plain[256];
	bool there = true, back = true;
	load_srtp_init(&out, &to_server, true);
	load_srtp_init(&in, &from_server, false);
	check("srtp: libsrtp2 takes the keys", tp_srtp_create(&server, &turned) == 0);
	for (uint64_t index = 65500; index < 65600; index++) {
		size_t len = write_rtp(packet, (uint16_t)index, index % 100), head = 20, plain_len = len;
		memcpy(plain, packet, len);
		there &= load_srtp_seal(&out, packet, head, &len, index) && tp_srtp_open(server, packet, &len) == TP_SRTP_OK && len == plain_len
			&& memcmp(packet, plain, len) == 0;
		back &= tp_srtp_protect(server, packet, &len) && load_srtp_open(&in, packet, head, &len, index) && len == plain_len
			&& memcmp(packet, plain, len) == 0;
	}
	check("srtp: libsrtp2 opens what we seal, over a wrap", there);
	check("srtp: we open what libsrtp2 seals, over a wrap", back);
	uint8_t rtcp[64] = { 0x80, 201, 0, 1, 9, 8, 7, 6 };
	size_t len = 8;
	check("srtcp: libsrtp2 opens ours", load_srtcp_seal(&out, rtcp, &len) && tp_srtp_open_rtcp(server, rtcp, &len) == TP_SRTP_OK && len == 8);
	check("srtcp: we open libsrtp2's", tp_srtp_protect_rtcp(server, rtcp, &len) && load_srtcp_open(&in, rtcp, &len) && len == 8);
	len = write_rtp(packet, 7, 50);
	tp_srtp_protect(server, packet, &len);
	packet[30] ^= 1;
	check("srtp: a turned bit does not open", !load_srtp_open(&in, packet, 20, &len, 2 << 16 | 7));
	tp_srtp_destroy(server);
	load_srtp_clear(&out);
	load_srtp_clear(&in);
}

/* -- payloads -- */

static void test_payload(void)
{
	struct load_tag tag = { .number = 7, .run = 5, .codec = LOAD_VP8, .layer = 2, .seq = 12345, .sent_ns = 1790000000123456789 }, read;
	const struct load_vp8 shapes[] = { { .start = true, .keyframe = true }, { .shape = 0x80, .start = true, .picture_id = 77 },
		{ .shape = 0xe0, .picture_id = 300, .tl0 = 9, .tid = 2 }, { .shape = 0xf0, .start = true, .keyframe = true, .keyidx = 31 } };
	uint8_t bytes[1300];
	bool right = true, wrong_seen = true;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		size_t len = load_payload_write(bytes, 1100, &shapes[i], &tag);
		right &= len == 1100 && load_payload_read(&read, bytes, len, true) == LOAD_PAYLOAD_RIGHT && read.seq == tag.seq && read.number == 7
			&& read.sent_ns == tag.sent_ns && read.layer == 2;
		bytes[1099] ^= 0x10;
		wrong_seen &= load_payload_read(&read, bytes, len, true) == LOAD_PAYLOAD_WRONG;
		bytes[1099] ^= 0x10;
		wrong_seen &= load_payload_read(&read, bytes, len - 1, true) == LOAD_PAYLOAD_WRONG;
	}
	check("payload: VP8 comes back as written", right);
	check("payload: one wrong bit, and a byte cut off, are seen", wrong_seen);
	size_t len = load_payload_write(bytes, 3, NULL, &tag);
	check("payload: a small one grows to hold its tag", len == 1 + LOAD_TAG_LEN && load_payload_read(&read, bytes, len, false) == LOAD_PAYLOAD_RIGHT);
	memset(bytes, 0, sizeof bytes);
	check("payload: another's bytes are not ours", load_payload_read(&read, bytes, 200, false) == LOAD_PAYLOAD_NOT_OURS);
}

/* -- losses -- */

static void test_sink(void)
{
	static const struct { const char *name; uint32_t run, seq; enum load_order order; uint32_t gap; } steps[] = {
		{ "the first", 1, 100, LOAD_OTHER_STREAM, 0 },
		{ "the next", 1, 101, LOAD_NEXT, 0 },
		{ "two are missing", 1, 104, LOAD_AFTER_GAP, 2 },
		{ "one of them comes late", 1, 102, LOAD_LATE, 0 },
		{ "and again", 1, 102, LOAD_TWICE, 0 },
		{ "the newest again", 1, 104, LOAD_TWICE, 0 },
		{ "from before the first", 1, 99, LOAD_OTHER_STREAM, 0 },
		{ "seventy are missing", 1, 175, LOAD_AFTER_GAP, 70 },
		{ "one that came before them, again", 1, 101, LOAD_TWICE, 0 },
		{ "the other of the first two", 1, 103, LOAD_LATE, 0 },
		{ "another life of the sender", 2, 5, LOAD_OTHER_STREAM, 0 },
		{ "goes on", 2, 6, LOAD_NEXT, 0 },
		{ "a thousand are missing", 2, 1007, LOAD_AFTER_GAP, 1000 },
		{ "one too old to tell", 2, 20, LOAD_LATE, 0 },
	};
	struct load_sink sink = { 0 };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		char name[80];
		uint32_t gap;
		struct load_tag tag = { .number = 1, .run = steps[i].run, .seq = steps[i].seq };
		enum load_order order = load_sink_take(&sink, &tag, &gap);
		snprintf(name, sizeof name, "sink: %s", steps[i].name);
		check(name, order == steps[i].order && gap == steps[i].gap);
	}
	struct load_sink roll = { 0 };
	load_sink_opened(&roll, load_sink_index(&roll, 65534));
	check("sink: the index rolls over", load_sink_index(&roll, 1) == 65537);
	load_sink_opened(&roll, 65537);
	check("sink: and knows who came late", load_sink_index(&roll, 65535) == 65535 && load_sink_index(&roll, 2) == 65538);
}

/* -- the recording, and replaying it -- */

static void test_trace_text(void)
{
	static const struct { const char *name, *text; bool good; } cases[] = {
		{ "sound alone", "hopkin-trace 1\nstream opus\n0 80 0 200\n20000 81 960 201\n", true },
		{ "a picture", "hopkin-trace 1\nstream vp8 0/1 80\n0 900 0 0 SK\n10 900 0 0 M\n", true },
		{ "begins within a frame", "hopkin-trace 1\nstream vp8 0/1 80\n0 900 0 0 M\n10 900 3000 0 SMK\n", true },
		{ "nothing", "", false },
		{ "another kind of file", "#!/bin/sh\n", false },
		{ "packet before a stream", "hopkin-trace 1\n0 80 0 200\n", false },
		{ "no keyframe", "hopkin-trace 1\nstream vp8 0/1 80\n0 900 0 0 SM\n", false },
		{ "a keyframe that is cut", "hopkin-trace 1\nstream vp8 0/1 80\n0 900 0 0 SM\n10 900 3000 0 SK\n", false },
		{ "a field too few", "hopkin-trace 1\nstream vp8 0/1 80\n0 900 0 SK\n", false },
		{ "larger than a packet", "hopkin-trace 1\nstream opus\n0 1500 0 200\n", false },
		{ "back in time", "hopkin-trace 1\nstream opus\n20 80 0 200\n0 81 960 201\n", false },
		{ "layer beyond layers", "hopkin-trace 1\nstream vp8 3/3 80\n0 900 0 0 SMK\n", false },
		{ "unknown codec", "hopkin-trace 1\nstream av1 0/1 80\n0 900 0 0 SMK\n", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct load_trace trace;
		char name[80];
		snprintf(name, sizeof name, "trace: %s", cases[i].name);
		check(name, (load_trace_read(&trace, cases[i].text, strlen(cases[i].text)) == NULL) == cases[i].good);
		load_trace_clear(&trace);
	}
}

/* Two turns of one stream: in order, each byte readable, a keyframe first and wherever one is asked for. */
static bool replay(const struct load_trace *trace, const struct load_send *send)
{
	struct load_numbers numbers = { .opus = 111, .vp8 = 96, .mid = 4, .rid = 10, .level = 1 };
	struct load_stream s;
	uint8_t packet[LOAD_PACKET_ROOM];
	bool vp8 = send->codec == LOAD_VP8, good = true;
	int64_t due = 0;
	load_stream_start(&s, trace, send, &numbers, 3, 1000, trace->length_us / 3, 77);
	if (!s.recorded)
		return false;
	uint64_t index = s.index, last_asked = 0, keys = 0, asked = vp8;
	for (uint32_t n = 0; n < 2 * s.recorded->count; n++) {
		struct load_tag tag;
		if (n / 500 != last_asked && vp8) {     /* now and then somebody needs a keyframe */
			last_asked = n / 500;
			s.keyframe_wanted = true;
			asked++;
		}
		good &= vp8 || load_stream_due_us(&s) >= due;   /* pictures wait behind a keyframe that takes longer than theirs */
		due = load_stream_due_us(&s);
		struct load_out_packet p = load_stream_next(&s, packet, 1);
		good &= p.index == index++ && p.len <= sizeof packet - 32;
		good &= load_payload_read(&tag, packet + p.head, p.len - p.head, vp8) == LOAD_PAYLOAD_RIGHT && tag.seq == n;
		const uint8_t *d = packet + p.head;
		size_t head = d[0] & 0x80 ? 2 + (d[1] & 0x80 ? 2 : 0) + (d[1] & 0x40 ? 1 : 0) + (d[1] & 0x30 ? 1 : 0) : 1;
		bool key = vp8 && (d[0] & 0x1f) == 0x10 && !(d[head] & 1);
		good &= n || !vp8 || key;
		keys += key;
	}
	return good && keys + 1 >= asked;       /* the last one asked for may be still to come */
}

static void test_replay(void)
{
	size_t len;
	struct load_trace trace;
	const char *text = load_trace_own(&len), *wrong = load_trace_read(&trace, text, len);
	check("trace: the recording inside is good", wrong == NULL);
	const struct load_send sends[] = { { .codec = LOAD_OPUS, .layers = 1, .mid = "0" }, { .codec = LOAD_VP8, .layers = 1, .mid = "1" },
		{ .codec = LOAD_VP8, .layer = 0, .layers = 3, .mid = "1", .rid = "q" }, { .codec = LOAD_VP8, .layer = 1, .layers = 3, .mid = "1", .rid = "h" },
		{ .codec = LOAD_VP8, .layer = 2, .layers = 3, .mid = "1", .rid = "f" } };
	for (int spread = 0; spread < 2; spread++) {
		for (size_t i = 0; i < sizeof sends / sizeof *sends; i++) {
			char name[80];
			snprintf(name, sizeof name, "replay: %s layer %d of %d%s", i ? "VP8" : "Opus", sends[i].layer, sends[i].layers, spread ? ", spread" : "");
			check(name, replay(&trace, &sends[i]));
		}
		load_trace_spread(&trace);
	}
	bool apart = true;
	for (int i = 0; i < trace.stream_count; i++)
		for (uint32_t k = 1; k < trace.streams[i].count; k++) {
			const struct load_trace_packet *p = &trace.streams[i].packets[k];
			apart &= p->ts != p[-1].ts || p->at_us >= p[-1].at_us + 1000;
		}
	check("spread: no two packets of a frame within a millisecond", apart);
	load_trace_burst(&trace);
	bool together = true;
	for (int i = 0; i < trace.stream_count; i++)
		for (uint32_t k = 1; k < trace.streams[i].count; k++) {
			const struct load_trace_packet *p = &trace.streams[i].packets[k];
			together &= p->at_us >= p[-1].at_us && (p->ts == p[-1].ts) <= (p->at_us == p[-1].at_us);
		}
	check("burst: the packets of a frame come at once", together);
	load_trace_clear(&trace);
}

/* -- what the kernel drops for us -- */

static void test_filter(void)
{
	static const struct { const char *name; uint8_t first, second; bool passes; } cases[] = {
		{ "STUN", 0, 1, true }, { "DTLS", 22, 254, true }, { "RTP", 0x80, 96, false }, { "RTP with marker", 0x90, 0xef, false },
		{ "RTCP, first type", 0x80, 192, true }, { "RTCP, last type", 0x81, 223, true }, { "RTP, type 96 with marker", 0x80, 224, false },
		{ "above RTP", 0xc0, 1, true },
	};
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof addr;
	int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ready = bind(in, (struct sockaddr *)&addr, sizeof addr) == 0 && getsockname(in, (struct sockaddr *)&addr, &len) == 0
		&& connect(out, (struct sockaddr *)&addr, sizeof addr) == 0 && load_rtp_filter_attach(in) == 0;
	check("filter: attached", ready);
	for (size_t i = 0; ready && i < sizeof cases / sizeof *cases; i++) {
		uint8_t packet[40] = { cases[i].first, cases[i].second }, got[64];
		char name[64];
		snprintf(name, sizeof name, "filter: %s %s", cases[i].name, cases[i].passes ? "passes" : "is dropped");
		bool sent = send(out, packet, sizeof packet, 0) == sizeof packet;       /* on loopback it is there, or gone, when send returns */
		check(name, sent && (recv(in, got, sizeof got, MSG_DONTWAIT) == sizeof packet) == cases[i].passes);
	}
	close(in);
	close(out);
}

static void test_process(void)
{
	check("process: this one has used CPU, memory and descriptors", load_process_cpu_ns(getpid()) > 0 && load_process_resident_kb(getpid()) > 100
		&& load_process_descriptors(getpid()) >= 3);
	check("process: none has used none", !load_process_cpu_ns(0) && !load_process_resident_kb(0) && !load_process_descriptors(0));
}

/* -- the verdict -- */

static struct load_engine engine;
static struct load_scene scene = { .rooms = 1, .room_size = 10, .role_count = { 10 }, .role_sampled = { 1 } };

/* Ten seconds in which ten people came in and one of them, who is sampled, received 1000 packets. */
static struct load_result good_result(void)
{
	static const struct load_adaptor adaptor = { .name = "none" };
	engine.adaptor = &adaptor;
	engine.options.max_loss = 0.1;
	struct load_result r = { .kind = load_scene_find("rooms"), .scene = &scene, .engine = &engine, .up = 10, .up_before = 10, .streams_due = 18,
		.streams_heard = 18, .delivered = 10000 };
	r.counts.received[0] = 1000;
	r.before = (struct load_mark){ .at_us = 5000000, .cpu_ns = 1000000000, .own_cpu_ns = 1000000000, .resident_kb = 3000 };
	r.after = (struct load_mark){ .at_us = 15000000, .cpu_ns = 6000000000, .own_cpu_ns = 2000000000, .resident_kb = 3000 };
	return r;
}

static json_t *as_json(const struct load_result *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	load_report_json(f, r);
	fclose(f);
	json_t *o = json_loads(text, 0, NULL);
	free(text);
	return o;
}

static double figure(const json_t *o, const char *part, const char *name)
{
	return json_number_value(json_object_get(json_object_get(o, part), name));
}

static void test_verdicts(void)
{
	struct load_result r = good_result();
	check("verdict: good", load_report_fault(&r) == NULL);
	r.counts.missing = 2;
	check("verdict: two of a thousand lost are too many", load_report_fault(&r) != NULL);
	r.counts.missing_found = 1;
	check("verdict: one of them came late, one of a thousand is not", load_report_fault(&r) == NULL);
	r = good_result();
	r.counts.wrong = 1;
	check("verdict: a wrong byte", load_report_fault(&r) != NULL);
	r = good_result();
	r.counts.forged = 1;
	check("verdict: a packet that did not open", load_report_fault(&r) != NULL);
	r = good_result();
	r.streams_heard = 17;
	check("verdict: a stream that never came", load_report_fault(&r) != NULL);
	r = good_result();
	r.failed = 1;
	check("verdict: somebody who did not get in", load_report_fault(&r) != NULL);
	r = good_result();
	r.counts.received[0] = 0;
	check("verdict: nothing at all", load_report_fault(&r) != NULL);
}

static void test_figures(void)
{
	struct load_result r = good_result();
	json_t *o = as_json(&r);
	check("figures: half a core, 500 us a packet, 2000 packets per CPU-second, 20 people a core", figure(o, "server_use", "cores") == 0.5
		&& figure(o, "server_use", "us_per_packet") == 500 && figure(o, "server_use", "packets_per_cpu_second") == 2000
		&& figure(o, "server_use", "people_per_core") == 20);
	check("figures: a tool that rests extrapolates nothing", !json_is_true(json_object_get(json_object_get(o, "tool"), "extrapolated")));
	json_decref(o);
	r.after.own_cpu_ns = r.before.own_cpu_ns + 7100000000;
	o = as_json(&r);
	check("figures: one that needs 71 % of a core says so", json_is_true(json_object_get(json_object_get(o, "tool"), "extrapolated")));
	json_decref(o);
}

/* -- SDP as Janus writes it -- */

static const char janus_offer[] =
	"v=0\r\no=- 1 1 IN IP4 10.78.0.1\r\ns=VideoRoom 1\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=fingerprint:sha-256 AB:CD\r\na=ice-lite\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 109\r\nc=IN IP4 10.78.0.1\r\na=sendonly\r\na=mid:0\r\na=rtcp-mux\r\na=ice-ufrag:uuuu\r\na=ice-pwd:pppp\r\n"
	"a=setup:actpass\r\na=rtpmap:109 opus/48000/2\r\na=ssrc:7 cname:janus\r\na=candidate:1 1 udp 2015363327 10.78.0.1 53710 typ host\r\n"
	"m=video 9 UDP/TLS/RTP/SAVPF 100 101\r\nc=IN IP4 10.78.0.1\r\na=sendonly\r\na=mid:1\r\na=rtcp-mux\r\na=rtpmap:100 VP8/90000\r\n"
	"a=rtcp-fb:100 nack\r\na=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\na=candidate:2 1 udp 2015363327 10.78.0.2 1 typ host\r\n";

static void test_janus_sdp(void)
{
	struct load_remote remote;
	struct load_local local = { .ufrag = "ours", .pwd = "secret", .fingerprint = "sha-256 00:11" };
	char text[4096], tight[64];
	check("janus: its offer has address, credentials and fingerprint", load_janus_remote(&remote, janus_offer) && !strcmp(remote.ufrag, "uuuu")
		&& !strcmp(remote.pwd, "pppp") && !strcmp(remote.fingerprint, "sha-256 AB:CD")
		&& ((struct sockaddr_in *)&remote.addr)->sin_port == htons(53710));
	check("janus: a lite server does not control", !remote.controlling);
	check("janus: an offer without candidate is refused", !load_janus_remote(&remote, "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:x y\r\n"));
	check("janus: nothing is refused", !load_janus_remote(&remote, ""));
	load_janus_numbers(&local.numbers, janus_offer);
	check("janus: payload types are the offer's", local.numbers.opus == 109 && local.numbers.vp8 == 100 && local.numbers.rtx == 101);
	check("janus: the answer accepts both sections, to receive", load_janus_answer(text, sizeof text, &local, janus_offer)
		&& strstr(text, "a=ice-ufrag:ours\r\n") && strstr(text, "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n") && strstr(text, "a=mid:0\r\na=recvonly\r\n")
		&& strstr(text, "m=video 9 UDP/TLS/RTP/SAVPF 100 101\r\n") && strstr(text, "a=mid:1\r\na=recvonly\r\n"));
	check("janus: and says nothing of the offer's own", !strstr(text, "uuuu") && !strstr(text, "candidate") && !strstr(text, "sendonly")
		&& !strstr(text, "ice-lite") && !strstr(text, "AB:CD"));
	check("janus: an answer that does not fit is none", !load_janus_answer(tight, sizeof tight, &local, janus_offer));

	local.numbers = (struct load_numbers){ .opus = 111, .vp8 = 96, .rtx = 97, .mid = 4, .rid = 10, .level = 1 };
	local.send_count = 4;
	local.sends[0] = (struct load_send){ .codec = LOAD_OPUS, .layers = 1, .ssrc = 5, .mid = "0" };
	for (int i = 0; i < 3; i++)
		local.sends[1 + i] = (struct load_send){ .codec = LOAD_VP8, .layer = i, .layers = 3, .mid = "1", .rid = { "qhf"[i] } };
	check("janus: our offer names the largest layer first", load_janus_offer(text, sizeof text, &local) && strstr(text, "a=simulcast:send f;h;q\r\n")
		&& strstr(text, "a=group:BUNDLE 0 1\r\n") && strstr(text, "a=ssrc:5 "));
}

int main(void)
{
	test_verdicts();
	test_figures();
	test_histogram();
	test_srtp();
	test_payload();
	test_sink();
	test_trace_text();
	test_replay();
	test_filter();
	test_process();
	test_janus_sdp();
	return check_done();
}

/* The offers of real browsers and stacks, read, planned and answered; and what is wrong with an offer, one line each. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "sdp_answer.h"

static char *read_data(const char *name, size_t *len)
{
	char path[1024];
	const char *slash = strrchr(__FILE__, '/');

	snprintf(path, sizeof path, "%.*s/data/%s", (int)(slash - __FILE__), __FILE__, name);
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, SDP_TEXT_MAX);
	*len = f ? fread(text, 1, SDP_TEXT_MAX - 1, f) : 0;
	if (f)
		fclose(f);
	return text;
}

struct scene {
	struct sdp_offer *offer;
	struct offer_plan *plan;
	struct offer_sections sections;
	struct offer_server server;
};

static void scene_open(struct scene *s)
{
	s->offer = calloc(1, sizeof *s->offer);
	s->plan = calloc(1, sizeof *s->plan);
	memset(&s->server, 0, sizeof s->server);
	strcpy(s->server.ufrag, "0123456789abcdef");
	strcpy(s->server.pwd, "0123456789abcdef0123456789abcdef");
	for (uint32_t i = 0; i < CONTROL_SEATS_MAX; i++) {
		s->server.ssrcs[i].audio = 1000 + 3 * i;
		s->server.ssrcs[i].video = 1001 + 3 * i;
		s->server.ssrcs[i].rtx = 1002 + 3 * i;
	}
}

static void scene_close(struct scene *s)
{
	free(s->offer);
	free(s->plan);
}

static char *answer(struct scene *s)
{
	static const char *const hosts[] = { "192.0.2.10", "2001:db8::10" };
	struct sdp_answer_server about = { .hosts = hosts, .hosts_n = 2, .port = 8443, .session = 7, .version = 1,
		.fingerprint = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" };

	return sdp_answer_write(s->offer, s->plan, &s->sections, &s->server, &about);
}

static bool sections_from(struct offer_sections *out, const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	bool ok = offer_sections_read(out, json);

	json_decref(json);
	return ok;
}

/* -- real offers --------------------------------------------------------------------------------------------------------------- */

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		n++;
	return n;
}

static void say(const char *name, const char *what, bool holds)
{
	char line[160];

	snprintf(line, sizeof line, "sdp: %s: %s", name, what);
	check(line, holds);
}

struct real { const char *name; unsigned sections, seats, rids, payloads; struct control_ext ext; uint8_t ssrcs_of_camera; };

static const struct real reals[] = {
	{ "chromium", 26, 12, 3, 2, { 4, 10, 11, 1, 3 }, 0 },
	{ "chromium-all-codecs", 12, 5, 3, 4, { 4, 10, 11, 1, 3 }, 0 },
	{ "firefox", 26, 12, 3, 2, { 3, 9, 10, 1, 7 }, 3 },
	{ "firefox-all-codecs", 12, 5, 3, 3, { 3, 9, 10, 1, 7 }, 3 },
	{ "aiortc", 6, 2, 0, 3, { 1, 0, 0, 2, 0 }, 1 },
	{ "werift", 4, 1, 0, 2, { 0, 0, 0, 0, 0 }, 1 },
};

static void real_one(const struct real *r)
{
	struct scene s;
	struct control_peer_add add = { 0 };
	char file[64];
	size_t len, sections_len;

	scene_open(&s);
	snprintf(file, sizeof file, "%s.sdp", r->name);
	char *sdp = read_data(file, &len);
	snprintf(file, sizeof file, "%s.sections.json", r->name);
	char *sections = read_data(file, &sections_len);
	say(r->name, "sections are read", sections_from(&s.sections, sections));
	say(r->name, "the offer is read", sdp_parse(s.offer, sdp, len) && s.offer->section_count == r->sections);
	say(r->name, "a plan is made", offer_plan_make(s.plan, s.offer, &s.sections, 9));
	offer_plan_to_peer(&add, s.plan, s.offer, &s.sections, &s.server);
	say(r->name, "the media program is told of its seats", add.seat_count == r->seats);
	say(r->name, "and of its codecs", add.payload_count == r->payloads);
	say(r->name, "and of its extensions", !memcmp(&add.ext, &r->ext, sizeof add.ext));
	const struct control_send *camera = &add.sends[1];
	say(r->name, "and of its layers", add.send_count >= 2 && camera->source == CONTROL_CAMERA && camera->rid_count == r->rids &&
		camera->ssrc_count == r->ssrcs_of_camera);
	char *text = answer(&s);
	say(r->name, "the answer has as many sections", text && count(text, "\r\nm=") == r->sections);
	say(r->name, "four candidates, once", count(text, "a=candidate:") == 4 && count(text, "tcptype passive") == 2);
	say(r->name, "layers are received", count(text, "a=simulcast:recv q;h;f\r\n") == (r->rids == 3));
	/* What is written can be read again. */
	say(r->name, "the answer is sound SDP", sdp_parse(s.offer, text, strlen(text)) && s.offer->ice_lite);
	free(text);
	free(sdp);
	free(sections);
	scene_close(&s);
}

/* -- one thing wrong ------------------------------------------------------------------------------------------------------------- */

#define FINGERPRINT "sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99"
#define TRANSPORT "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:" FINGERPRINT "\r\na=setup:actpass\r\n"

static const char base[] =
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n" TRANSPORT "a=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=rtpmap:111 opus/48000/2\r\n"
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n"
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:2/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
	"a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-fb:96 nack\r\n"
	"a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\na=ssrc:5 cname:x\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=recvonly\r\na=rtcp-mux\r\n"
	"a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
static const char base_sections[] = "{\"mic\":\"0\",\"camera\":\"1\",\"seats\":[{\"kind\":\"person\",\"audio\":\"2\",\"video\":\"3\"}]}";

enum verdict { TAKEN, NO_PLAN, NOT_SDP };

struct change { const char *name, *from, *to; enum verdict expected; };

static const struct change changes[] = {
	{ "as it is", "v=0", "v=0", TAKEN },
	{ "line feeds alone", "s=-\r\n", "s=-\n", TAKEN },
	{ "an unknown attribute", "a=mid:0", "a=wonder:1 2 3\r\na=mid:0", TAKEN },
	{ "an unknown codec", "UDP/TLS/RTP/SAVPF 111\r\n", "UDP/TLS/RTP/SAVPF 111 112\r\na=rtpmap:112 speex/8000\r\n", TAKEN },
	{ "an unknown extension", "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:7 urn:x\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", TAKEN },
	{ "an extension id that needs two bytes", "a=mid:1", "a=extmap:20 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=mid:1", TAKEN },
	{ "another fingerprint hash beside", "a=setup", "a=fingerprint:sha-512 AA:BB\r\na=setup", TAKEN },
	{ "lower case fingerprint", "AA:BB:CC:DD:EE:FF:00", "aa:bb:cc:dd:ee:ff:00", TAKEN },
	{ "active", "actpass", "active", TAKEN },
	{ "a paused layer", "send q;h", "send q;~h", TAKEN },
	{ "alternatives of a layer", "send q;h", "send q,x;h", TAKEN },
	{ "sendrecv for a source", "a=mid:0\r\na=sendonly", "a=mid:0\r\na=sendrecv", TAKEN },
	{ "feedback for all", "a=rtcp-fb:96 nack", "a=rtcp-fb:* nack pli", TAKEN },

	{ "not version 0", "v=0", "v=1", NOT_SDP },
	{ "no version", "v=0\r\n", "", NOT_SDP },
	{ "a line without a value", "s=-", "s", NOT_SDP },
	{ "a line that is no type", "s=-", "S=-", NOT_SDP },
	{ "an empty line inside", "s=-\r\n", "s=-\r\n\r\n", NOT_SDP },
	{ "a control character", "s=-", "s=\x01", NOT_SDP },
	{ "no mid", "a=mid:1\r\n", "", NOT_SDP },
	{ "two mids", "a=mid:1\r\n", "a=mid:1\r\na=mid:9\r\n", NOT_SDP },
	{ "a mid twice", "a=mid:3\r\n", "a=mid:2\r\n", NOT_SDP },
	{ "a mid too long", "a=mid:3\r\n", "a=mid:12345678901234567\r\n", NOT_SDP },
	{ "a bundle of what is not there", "BUNDLE 0 1 2 3", "BUNDLE 0 1 2 9", NOT_SDP },
	{ "a bundle of the same twice", "BUNDLE 0 1 2 3", "BUNDLE 0 1 2 2", NOT_SDP },
	{ "two bundles", "BUNDLE 0 1 2 3", "BUNDLE 0 1 2 3\r\na=group:BUNDLE 0", NOT_SDP },
	{ "a payload type of 128", "SAVPF 96 97", "SAVPF 96 128", NOT_SDP },
	{ "a payload type twice", "SAVPF 96 97", "SAVPF 96 96", NOT_SDP },
	{ "no payload type", "SAVPF 111\r\n", "SAVPF\r\n", NOT_SDP },
	{ "a port beyond 65535", "m=audio 9 ", "m=audio 65536 ", NOT_SDP },
	{ "plain RTP", "m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 RTP/AVP", NOT_SDP },
	{ "an rtpmap that is none", "opus/48000/2", "opus", NOT_SDP },
	{ "an rtpmap twice", "a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000\r\na=rtpmap:96 VP9/90000", NOT_SDP },
	{ "an apt that is no number", "apt=96", "apt=x", NOT_SDP },
	{ "a ufrag too short", "ice-ufrag:abcd", "ice-ufrag:abc", NOT_SDP },
	{ "a ufrag of other characters", "ice-ufrag:abcd", "ice-ufrag:ab d", NOT_SDP },
	{ "a password too short", "0123456789012345678901", "012345678901234567890", NOT_SDP },
	{ "a fingerprint too short", ":88:99\r\n", ":88\r\n", NOT_SDP },
	{ "a fingerprint that is no hex", "AA:BB:CC", "AA:BX:CC", NOT_SDP },
	{ "a setup that is none", "actpass", "whatever", NOT_SDP },
	{ "an extension id of 0", "extmap:1 ", "extmap:0 ", NOT_SDP },
	{ "an extension without a name", "extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", "extmap:1", NOT_SDP },
	{ "a direction that is none", "extmap:2/sendonly", "extmap:2/sideways", NOT_SDP },
	{ "four layers", "send q;h", "send q;h;f;x", NOT_SDP },
	{ "a layer twice", "send q;h", "send q;q", NOT_SDP },
	{ "a layer without a name", "send q;h", "send q;", TAKEN },
	{ "a layer of other characters", "send q;h", "send q;h!", NOT_SDP },
	{ "an SSRC that is no number", "a=ssrc:5", "a=ssrc:x", NOT_SDP },
	{ "an SSRC beyond 32 bits", "a=ssrc:5", "a=ssrc:4294967296", NOT_SDP },
	{ "a repeat of itself", "a=ssrc:5", "a=ssrc-group:FID 5 5\r\na=ssrc:5", NOT_SDP },

	{ "ICE lite on both sides", "s=-", "s=-\r\na=ice-lite", NO_PLAN },
	{ "no bundle", "a=group:BUNDLE 0 1 2 3\r\n", "", NO_PLAN },
	{ "a section outside the bundle", "BUNDLE 0 1 2 3", "BUNDLE 0 1 2", NO_PLAN },
	{ "no ufrag", "a=ice-ufrag:abcd\r\n", "", NO_PLAN },
	{ "no fingerprint", "a=fingerprint:" FINGERPRINT "\r\n", "", NO_PLAN },
	{ "both passive", "actpass", "passive", NO_PLAN },
	{ "no rtcp-mux", "a=sendonly\r\na=rtcp-mux\r\n", "a=sendonly\r\n", NO_PLAN },
	{ "a source that does not send", "a=mid:0\r\na=sendonly", "a=mid:0\r\na=recvonly", NO_PLAN },
	{ "a seat that does not receive", "a=mid:2\r\na=recvonly", "a=mid:2\r\na=sendonly", NO_PLAN },
	{ "a rejected section", "m=video 9", "m=video 0", NO_PLAN },
	{ "no codec of ours", "opus/48000/2", "speex/48000/2", NO_PLAN },
	{ "one payload type for two codecs", "SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1", "SAVPF 111 97\r\na=rtpmap:111 VP8/90000\r\nc=IN IP4 0.0.0.0\r\na=mid:1", NO_PLAN },
	{ "one extension under two ids", "a=mid:3", "a=mid:3\r\na=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid", NO_PLAN },
	{ "one id for two extensions", "a=mid:3", "a=mid:3\r\na=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level", NO_PLAN },
	{ "layers without their extension", "a=extmap:2/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n", "", NO_PLAN },
};

/* `base` with the first `from` replaced. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(base, from);
	char *text = calloc(1, sizeof base + strlen(to) + 1);

	if (!at) {
		check(from, false);
		return text;
	}
	memcpy(text, base, (size_t)(at - base));
	strcat(text, to);
	strcat(text, at + strlen(from));
	return text;
}

static enum verdict judge(struct scene *s, const char *text, size_t len)
{
	if (!sdp_parse(s->offer, text, len))
		return NOT_SDP;
	return offer_plan_make(s->plan, s->offer, &s->sections, 9) ? TAKEN : NO_PLAN;
}

static void wrong_offers(void)
{
	struct scene s;

	scene_open(&s);
	check("sdp: the sections of the table are sound", sections_from(&s.sections, base_sections));
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char *text = changed(changes[i].from, changes[i].to);
		say("changed", changes[i].name, judge(&s, text, strlen(text)) == changes[i].expected);
		free(text);
	}
	/* Cut anywhere, in a buffer that ends there: nothing is read beyond it. */
	for (size_t len = 0; len < sizeof base - 1; len++) {
		char *text = malloc(len + 1);
		memcpy(text, base, len);
		judge(&s, text, len);
		free(text);
	}
	check("sdp: cut short at each byte", true);
	scene_close(&s);
}

/* -- sections that do not fit ------------------------------------------------------------------------------------------------------ */

struct mapping { const char *name, *text; bool read, planned; };

static const struct mapping mappings[] = {
	{ "a listener", "{\"seats\":[{\"kind\":\"person\",\"audio\":\"2\",\"video\":\"3\"}]}", true, false },
	{ "the first section alone", "{\"mic\":\"0\"}", true, true },
	{ "a voice", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"voice\",\"audio\":\"2\"}]}", true, true },
	{ "a screen without sound", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"screen\",\"video\":\"3\"}]}", true, true },
	{ "a mid that is not there", "{\"mic\":\"7\"}", true, false },
	{ "one section twice", "{\"mic\":\"0\",\"screen_audio\":\"0\"}", true, false },
	{ "audio as camera", "{\"mic\":\"0\",\"camera\":\"2\"}", true, false },
	{ "a source as seat", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"person\",\"audio\":\"2\",\"video\":\"1\"}]}", true, false },
	{ "a seat as source", "{\"mic\":\"2\"}", true, false },
	{ "a person without video", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"person\",\"audio\":\"2\"}]}", false, false },
	{ "a voice with video", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"voice\",\"audio\":\"2\",\"video\":\"3\"}]}", false, false },
	{ "a kind that is none", "{\"mic\":\"0\",\"seats\":[{\"kind\":\"throne\",\"audio\":\"2\"}]}", false, false },
	{ "a seat without a kind", "{\"mic\":\"0\",\"seats\":[{\"audio\":\"2\"}]}", false, false },
	{ "a source that is none", "{\"nose\":\"0\"}", false, false },
	{ "a mid that is a number", "{\"mic\":0}", false, false },
	{ "an empty mid", "{\"mic\":\"\"}", false, false },
	{ "seats that are no list", "{\"seats\":{}}", false, false },
	{ "no object", "[]", false, false },
};

static void wrong_sections(void)
{
	struct scene s;

	scene_open(&s);
	sdp_parse(s.offer, base, sizeof base - 1);
	for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++) {
		bool read = sections_from(&s.sections, mappings[i].text);
		bool planned = read && offer_plan_make(s.plan, s.offer, &s.sections, 9);
		say("sections", mappings[i].name, read == mappings[i].read && planned == mappings[i].planned);
	}
	sections_from(&s.sections, base_sections);
	check("sdp: more person seats than allowed", !offer_plan_make(s.plan, s.offer, &s.sections, 0));
	scene_close(&s);
}

/* What the answer says for the small offer, where order and words matter. */
static void answer_words(void)
{
	struct scene s;

	scene_open(&s);
	sections_from(&s.sections, base_sections);
	judge(&s, base, sizeof base - 1);
	char *text = answer(&s);
	check("sdp: ICE lite", strstr(text, "a=ice-lite\r\n"));
	check("sdp: bundled as offered", strstr(text, "a=group:BUNDLE 0 1 2 3\r\n"));
	check("sdp: passive everywhere", count(text, "a=setup:passive\r\n") == 4);
	check("sdp: the direction of an extension is reversed", strstr(text, "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"));
	check("sdp: sources are received, seats are sent", count(text, "a=recvonly\r\n") == 2 && count(text, "a=sendonly\r\n") == 2);
	check("sdp: the two streams of a seat are one", strstr(text, "a=msid:seat0 seat0-audio\r\n") && strstr(text, "a=msid:seat0 seat0-video\r\n"));
	check("sdp: a seat's repeats", strstr(text, "a=ssrc-group:FID 1001 1002\r\n"));
	check("sdp: UDP before TCP", strstr(text, " udp ") < strstr(text, " tcp "));
	free(text);
	sections_from(&s.sections, "{\"mic\":\"0\"}");
	judge(&s, base, sizeof base - 1);
	text = answer(&s);
	check("sdp: what is not named is rejected", count(text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n") == 2 && strstr(text, "a=group:BUNDLE 0\r\n"));
	free(text);
	scene_close(&s);
}

int main(void)
{
	for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
		real_one(&reals[i]);
	wrong_offers();
	wrong_sections();
	answer_words();
	return check_done();
}

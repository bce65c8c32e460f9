#include "tp_sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OFFER_ROOM = 256 * 1024, SECTIONS_MAX = 2 * TP_PEER_SEATS + TP_SOURCES };

struct text { char *bytes; size_t len; };

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->bytes + t->len, OFFER_ROOM - t->len, format, args);
	va_end(args);
	if (n > 0 && t->len + (size_t)n < OFFER_ROOM)
		t->len += (size_t)n;
}

/* One m-section of the offer, in the order of their mids. */
struct section { const char *mid; bool video, send; enum tp_kind source; int seat; };

static int list_sections(const struct tp_peer *peer, struct section out[SECTIONS_MAX])
{
	int n = 0;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->config.sends[i].on)
			out[n++] = (struct section){ peer->config.sends[i].mid, i == TP_CAMERA || i == TP_SCREEN, true, (enum tp_kind)i, -1 };
	for (int i = 0; i < peer->config.seat_count; i++) {
		out[n++] = (struct section){ peer->config.seats[i].audio, false, false, 0, i };
		if (peer->config.seats[i].video[0])
			out[n++] = (struct section){ peer->config.seats[i].video, true, false, 0, i };
	}
	return n;
}

static void add_codecs(struct text *t, const struct tp_peer *peer, bool video)
{
	const struct tp_payloads *pt = &peer->config.pt;
	if (!video) {
		add(t, "a=rtpmap:%d opus/48000/2\r\na=rtcp-fb:%d transport-cc\r\na=fmtp:%d minptime=10;useinbandfec=1\r\n", pt->opus,
			pt->opus, pt->opus);
		return;
	}
	add(t, "a=rtpmap:%d VP8/90000\r\n", pt->vp8);
	static const char *const fb[] = { "goog-remb", "transport-cc", "ccm fir", "nack", "nack pli" };
	for (size_t i = 0; i < sizeof fb / sizeof *fb; i++)
		add(t, "a=rtcp-fb:%d %s\r\n", pt->vp8, fb[i]);
	add(t, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", pt->rtx, pt->rtx, pt->vp8);
}

static void add_extensions(struct text *t, const struct tp_ext_ids *ids, const struct section *s)
{
	if (!s->video && ids->level)
		add(t, "a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", ids->level);
	if (ids->twcc)
		add(t, "a=extmap:%d http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n", ids->twcc);
	if (ids->mid)
		add(t, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid\r\n", ids->mid);
	if (s->video && s->send && ids->rid)
		add(t, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n", ids->rid);
	if (s->video && s->send && ids->rrid)
		add(t, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n", ids->rrid);
}

static void add_streams(struct text *t, const struct tp_peer *peer, const struct section *s)
{
	const struct tp_send_plan *plan = &peer->config.sends[s->source];
	const uint32_t *ssrc = peer->ssrcs[s->source], *rtx = peer->rtx_ssrcs[s->source];
	add(t, "a=msid:%s %s\r\n", s->source < TP_SCREEN ? "person" : "screen", tp_source_names[s->source]);
	if (plan->layers > 1)
		add(t, "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f\r\n");
	if (plan->layers > 1 && !peer->config.declare_ssrcs)
		return;
	for (int k = 0; k < plan->layers; k++) {
		if (rtx[k])
			add(t, "a=ssrc-group:FID %u %u\r\na=ssrc:%u cname:%s\r\n", ssrc[k], rtx[k], rtx[k], peer->config.name);
		add(t, "a=ssrc:%u cname:%s\r\n", ssrc[k], peer->config.name);
	}
}

char *tp_sdp_offer(const struct tp_peer *peer)
{
	struct text t = { .bytes = malloc(OFFER_ROOM) };
	struct section sections[SECTIONS_MAX];
	int n = list_sections(peer, sections);
	if (!t.bytes)
		return NULL;
	add(&t, "v=0\r\no=- %llu 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE",
		(unsigned long long)(peer->tie_breaker >> 1));
	for (int i = 0; i < n; i++)
		add(&t, " %s", sections[i].mid);
	add(&t, "\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n");
	for (int i = 0; i < n; i++) {
		const struct section *s = &sections[i];
		if (s->video)
			add(&t, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\n", peer->config.pt.vp8, peer->config.pt.rtx);
		else
			add(&t, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", peer->config.pt.opus);
		add(&t, "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\n"
			"a=fingerprint:%s\r\na=setup:actpass\r\na=mid:%s\r\n", peer->ufrag, peer->pwd, tp_peer_fingerprint(peer), s->mid);
		add_extensions(&t, &peer->config.ids, s);
		add(&t, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", s->send ? "sendonly" : "recvonly");
		add_codecs(&t, peer, s->video);
		if (s->send)
			add_streams(&t, peer, s);
	}
	return t.bytes;
}

json_t *tp_sdp_sections(const struct tp_peer *peer)
{
	json_t *o = json_object(), *seats = json_array();
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->config.sends[i].on)
			json_object_set_new(o, tp_source_names[i], json_string(peer->config.sends[i].mid));
	for (int i = 0; i < peer->config.seat_count; i++) {
		const struct tp_seat_plan *plan = &peer->config.seats[i];
		json_t *seat = json_pack("{s:s, s:s}", "kind", tp_seat_names[plan->kind], "audio", plan->audio);
		if (plan->video[0])
			json_object_set_new(seat, "video", json_string(plan->video));
		json_array_append_new(seats, seat);
	}
	json_object_set_new(o, "seats", seats);
	return o;
}

/* -- the answer -- */

struct reading {
	struct tp_remote *out;
	const struct tp_peer *peer;
	struct section sections[SECTIONS_MAX];
	int count, at;          /* at: section being read, -1 before the first */
	bool lite, passive, mid_seen, direction_seen, rejected;
	const char *wrong;
};

static void wrong(struct reading *r, const char *why)
{
	if (!r->wrong)
		r->wrong = why;
}

static void read_candidate(struct reading *r, const char *value)
{
	char transport[8], host[64], type[16];
	unsigned port;
	if (sscanf(value, "%*s 1 %7s %*u %63s %u typ %15s", transport, host, &port, type) != 4) {
		wrong(r, "candidate");
		return;
	}
	struct tp_remote *out = r->out;
	struct tp_candidate c = { .tcp = strcasecmp(transport, "tcp") == 0 };
	if (strcmp(type, "host") != 0 || (c.tcp && !strstr(value, "tcptype passive")) || !tp_address(&c.addr, host, (uint16_t)port)) {
		wrong(r, "candidate is not a host candidate");
		return;
	}
	for (int i = 0; i < out->candidate_count; i++)
		if (memcmp(&out->candidates[i].addr, &c.addr, sizeof c.addr) == 0 && out->candidates[i].tcp == c.tcp)
			return;
	if (out->candidate_count < TP_PEER_CANDIDATES)
		out->candidates[out->candidate_count++] = c;
}

static void read_ssrc(struct reading *r, uint32_t ssrc)
{
	const struct section *s = r->at >= 0 ? &r->sections[r->at] : NULL;
	if (!s || s->send) {
		wrong(r, "ssrc in a section that receives");
		return;
	}
	struct tp_remote_seat *seat = &r->out->seats[s->seat];
	if (!s->video)
		seat->audio = ssrc;
	else if (!seat->video && ssrc != seat->rtx)
		seat->video = ssrc;
}

static void read_direction(struct reading *r, const char *name)
{
	const struct section *s = r->at >= 0 ? &r->sections[r->at] : NULL;
	if (!s)
		return;
	r->direction_seen = true;
	if (strcmp(name, s->send ? "recvonly" : "sendonly") != 0)
		wrong(r, "direction is not the offer's turned round");
}

static void read_extmap(struct reading *r, const char *value)
{
	const struct tp_ext_ids *ids = &r->peer->config.ids;
	unsigned id = (unsigned)atoi(value);
	if (!id || (id != ids->mid && id != ids->rid && id != ids->rrid && id != ids->level && id != ids->twcc))
		wrong(r, "extension that was not offered");
}

static void read_attribute(struct reading *r, const char *a)
{
	unsigned x, y;
	if (strcmp(a, "ice-lite") == 0)
		r->lite = true;
	else if (sscanf(a, "ice-ufrag:%63s", r->out->ufrag) == 1 || sscanf(a, "ice-pwd:%63s", r->out->pwd) == 1)
		return;
	else if (strncmp(a, "fingerprint:", 12) == 0)
		snprintf(r->out->fingerprint, sizeof r->out->fingerprint, "%s", a + 12);
	else if (strncmp(a, "setup:", 6) == 0)
		r->passive = strcmp(a + 6, "passive") == 0;
	else if (strncmp(a, "candidate:", 10) == 0)
		read_candidate(r, a);
	else if (sscanf(a, "ssrc-group:FID %u %u", &x, &y) == 2 && r->at >= 0 && r->sections[r->at].seat >= 0) {
		r->out->seats[r->sections[r->at].seat].video = x;
		r->out->seats[r->sections[r->at].seat].rtx = y;
	} else if (sscanf(a, "ssrc:%u", &x) == 1)
		read_ssrc(r, x);
	else if (strncmp(a, "mid:", 4) == 0) {
		r->mid_seen = true;
		if (r->at < 0 || strcmp(a + 4, r->sections[r->at].mid) != 0)
			wrong(r, "mids are not the offer's");
	} else if (strncmp(a, "extmap:", 7) == 0)
		read_extmap(r, a + 7);
	else if (strcmp(a, "sendonly") == 0 || strcmp(a, "recvonly") == 0 || strcmp(a, "sendrecv") == 0 || strcmp(a, "inactive") == 0)
		read_direction(r, a);
}

static void end_section(struct reading *r)
{
	if (r->at < 0)
		return;
	if (!r->mid_seen)
		wrong(r, "section without mid");
	if (!r->direction_seen)
		wrong(r, "section without direction");
	if (r->rejected)
		wrong(r, "section rejected");
}

static void read_m_line(struct reading *r, const char *line)
{
	char kind[16], payloads[256];
	unsigned port;
	end_section(r);
	r->mid_seen = r->direction_seen = r->rejected = false;
	if (++r->at >= r->count || sscanf(line, "m=%15s %u UDP/TLS/RTP/SAVPF %255[0-9 ]", kind, &port, payloads) != 3) {
		wrong(r, "m-line");
		r->at = r->count - 1;
		return;
	}
	if (strcmp(kind, r->sections[r->at].video ? "video" : "audio") != 0)
		wrong(r, "kind of section");
	r->rejected = port == 0;
	const struct tp_payloads *pt = &r->peer->config.pt;
	for (char *p = strtok(payloads, " "); p; p = strtok(NULL, " ")) {
		int v = atoi(p);
		if (r->sections[r->at].video ? v != pt->vp8 && v != pt->rtx : v != pt->opus)
			wrong(r, "payload type that was not offered");
	}
}

const char *tp_sdp_answer(struct tp_remote *out, const struct tp_peer *peer, const char *sdp)
{
	struct reading r = { .out = out, .peer = peer, .at = -1 };
	char *copy = strdup(sdp), *save = NULL;
	memset(out, 0, sizeof *out);
	if (!copy)
		return "no memory";
	r.count = list_sections(peer, r.sections);
	for (char *line = copy; line && *line; line = save) {
		save = strstr(line, "\r\n");
		if (!save) {
			wrong(&r, "line without CR LF");
			break;
		}
		*save = 0;
		save += 2;
		if (strncmp(line, "m=", 2) == 0)
			read_m_line(&r, line);
		else if (strncmp(line, "a=", 2) == 0)
			read_attribute(&r, line + 2);
	}
	end_section(&r);
	free(copy);
	if (r.at + 1 != r.count)
		wrong(&r, "another number of sections");
	if (!r.lite)
		wrong(&r, "no ice-lite");
	if (!r.passive)
		wrong(&r, "not setup:passive");
	if (!out->candidate_count || !out->ufrag[0] || !out->pwd[0] || !out->fingerprint[0])
		wrong(&r, "no candidate, credentials or fingerprint");
	for (int i = 0; i < peer->config.seat_count; i++)
		if (!out->seats[i].audio || (peer->config.seats[i].video[0] && (!out->seats[i].video || !out->seats[i].rtx)))
			wrong(&r, "seat without SSRCs");
	return r.wrong;
}

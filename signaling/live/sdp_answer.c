#include "sdp_answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A growing text; once memory is short it stays short. */
struct text { char *p; size_t len, room; bool failed; };

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args, again;

	if (t->failed)
		return;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(t->p + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n >= t->room - t->len) {
		size_t room = (t->room + (size_t)n) * 2;
		char *p = realloc(t->p, room);
		if (p) {
			t->p = p;
			t->room = room;
			n = vsnprintf(t->p + t->len, t->room - t->len, format, again);
		} else {
			n = -1;
		}
	}
	va_end(again);
	if (n < 0)
		t->failed = true;
	else
		t->len += (size_t)n;
}

static bool text_begin(struct text *t)
{
	*t = (struct text){ .room = 16384 };
	t->p = malloc(t->room);
	return t->p;
}

/* NULL: memory was short on the way. */
static char *text_end(struct text *t)
{
	if (!t->failed)
		return t->p;
	free(t->p);
	return NULL;
}

struct answer {
	struct text t;
	const struct sdp_offer *offer;
	const struct offer_plan *plan;
	const struct offer_sections *sections;
	const struct offer_server *server;
	const struct sdp_answer_server *about;
};

static void put_session(struct answer *a)
{
	put(&a->t, "v=0\r\no=- %" PRIu64 " %" PRIu32 " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite%s",
	    a->about->session, a->about->version, a->offer->alone ? "" : "\r\na=group:BUNDLE");
	for (int i = 0; i < a->offer->section_count && !a->offer->alone; i++)
		if (a->plan->parts[i].role != OFFER_REJECTED)
			put(&a->t, " %s", a->offer->sections[i].mid);
	put(&a->t, "\r\na=msid-semantic: WMS *\r\n");
}

/* RFC 8839 §5.1. Earlier addresses are preferred, and UDP (type preference 126) over TCP (90, RFC 6544 §4.2; passive: direction 4). */
static void put_candidates(struct text *t, const struct sdp_answer_server *about)
{
	unsigned foundation = 1;

	for (size_t i = 0; i < about->hosts_n; i++) {
		uint32_t priority = (126u << 24) | ((65535u - (uint32_t)i) << 8) | 255u;
		put(t, "a=candidate:%u 1 udp %" PRIu32 " %s %u typ host\r\n", foundation++, priority, about->hosts[i], about->port);
	}
	for (size_t i = 0; i < about->hosts_n; i++) {
		uint32_t local = (4u << 13) | (8191u - (uint32_t)i);
		uint32_t priority = (90u << 24) | (local << 8) | 255u;
		put(t, "a=candidate:%u 1 tcp %" PRIu32 " %s %u typ host tcptype passive\r\n", foundation++, priority, about->hosts[i],
		    about->port);
	}
	put(t, "a=end-of-candidates\r\n");
}

static const char *codec_name(const struct sdp_codec *c)
{
	switch (c->codec) {
	case CONTROL_OPUS: return "opus/48000/2";
	case CONTROL_VP8: return "VP8/90000";
	case CONTROL_VP9: return "VP9/90000";
	default: return "H264/90000";
	}
}

/* What the server wants to hear: speech in one channel with FEC, the sound of a shared screen in two. */
static void put_codec_parameters(struct answer *a, const struct offer_part *part, const struct sdp_codec *c)
{
	enum control_seat_kind kind = part->role == OFFER_SEAT ? a->sections->seats[part->seat].kind : CONTROL_SEAT_VOICE;
	bool stereo = (part->role == OFFER_SOURCE && part->source == CONTROL_SCREEN_AUDIO) || kind == CONTROL_SEAT_SCREEN ||
	              kind == CONTROL_SEAT_STAGE;

	if (c->codec == CONTROL_OPUS)
		put(&a->t, "a=fmtp:%u minptime=10;useinbandfec=1;stereo=%d%s\r\n", c->pt, stereo,
		    stereo && part->role == OFFER_SEAT ? ";sprop-stereo=1" : "");
	else if (c->codec == CONTROL_H264)
		put(&a->t, "a=fmtp:%u level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%s\r\n", c->pt, c->profile);
	else if (c->codec == CONTROL_VP9)
		put(&a->t, "a=fmtp:%u profile-id=0\r\n", c->pt);
}

static void put_codec(struct answer *a, const struct offer_part *part, const struct sdp_codec *c)
{
	put(&a->t, "a=rtpmap:%u %s\r\n", c->pt, codec_name(c));
	put_codec_parameters(a, part, c);
	if (c->twcc && a->plan->ext.twcc)
		put(&a->t, "a=rtcp-fb:%u transport-cc\r\n", c->pt);
	if (c->fir)
		put(&a->t, "a=rtcp-fb:%u ccm fir\r\n", c->pt);
	if (c->nack)
		put(&a->t, "a=rtcp-fb:%u nack\r\n", c->pt);
	if (c->pli)
		put(&a->t, "a=rtcp-fb:%u nack pli\r\n", c->pt);
	if (c->rtx)
		put(&a->t, "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n", c->rtx, c->rtx, c->pt);
}

static void put_extensions(struct answer *a, const struct sdp_section *s, const struct offer_part *part)
{
	static const char *const reversed[] = { [SDP_SENDRECV] = "", [SDP_SENDONLY] = "/recvonly", [SDP_RECVONLY] = "/sendonly",
		[SDP_INACTIVE] = "/inactive" };

	for (int e = 0; e < SDP_EXTS; e++) {
		bool layers = e == SDP_EXT_RID || e == SDP_EXT_RRID;
		if (!s->ext[e].id || (layers && part->role != OFFER_SOURCE))
			continue;
		put(&a->t, "a=extmap:%u%s %s\r\n", s->ext[e].id, reversed[s->ext[e].direction], sdp_ext_uris[e]);
	}
}

static void put_layers(struct answer *a, const struct sdp_section *s)
{
	if (!s->rid_count)
		return;
	for (int i = 0; i < s->rid_count; i++)
		put(&a->t, "a=rid:%s recv\r\n", s->rids[i]);
	put(&a->t, "a=simulcast:recv ");
	for (int i = 0; i < s->rid_count; i++)
		put(&a->t, "%s%s", i ? ";" : "", s->rids[i]);
	put(&a->t, "\r\n");
}

/* Audio and video of a seat share stream and CNAME, so that the browser plays them in step. */
static void put_streams(struct answer *a, const struct sdp_section *s, const struct offer_part *part, bool rtx)
{
	bool audio = s->kind == SDP_AUDIO;
	uint32_t ssrc = audio ? a->server->ssrcs[part->seat].audio : a->server->ssrcs[part->seat].video;
	uint32_t repeat = a->server->ssrcs[part->seat].rtx;
	char msid[48], stream[16] = "main";

	if (!a->about->one_stream)
		snprintf(stream, sizeof stream, "seat%u", part->seat);
	snprintf(msid, sizeof msid, "%s seat%u-%s", stream, part->seat, audio ? "audio" : "video");
	put(&a->t, "a=msid:%s\r\n", msid);
	if (rtx)
		put(&a->t, "a=ssrc-group:FID %" PRIu32 " %" PRIu32 "\r\n", ssrc, repeat);
	put(&a->t, "a=ssrc:%" PRIu32 " cname:%s\r\na=ssrc:%" PRIu32 " msid:%s\r\n", ssrc, stream, ssrc, msid);
	if (rtx)
		put(&a->t, "a=ssrc:%" PRIu32 " cname:%s\r\na=ssrc:%" PRIu32 " msid:%s\r\n", repeat, stream, repeat, msid);
}

static void put_rejected(struct answer *a, const struct sdp_section *s)
{
	put(&a->t, "m=%.*s 0 %.*s %.*s\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:%s\r\n", s->media_len, s->media, s->proto_len, s->proto,
	    s->format_len, s->format, s->mid);
}

static bool put_m_line(struct answer *a, const struct sdp_section *s, const struct offer_part *part)
{
	bool rtx = false;

	put(&a->t, "m=%s 9 %.*s", s->kind == SDP_AUDIO ? "audio" : "video", s->proto_len, s->proto);
	for (int i = 0; i < part->codec_count; i++) {
		const struct sdp_codec *c = &s->codecs[part->codecs[i]];
		put(&a->t, " %u", c->pt);
		if (c->rtx)
			put(&a->t, " %u", c->rtx);
		rtx = rtx || c->rtx;
	}
	put(&a->t, "\r\nc=IN IP4 0.0.0.0\r\n");
	return rtx;
}

static void put_section(struct answer *a, int index, bool carries_candidates)
{
	const struct sdp_section *s = &a->offer->sections[index];
	const struct offer_part *part = &a->plan->parts[index];

	if (part->role == OFFER_REJECTED) {
		put_rejected(a, s);
		return;
	}
	bool rtx = put_m_line(a, s, part);
	put(&a->t, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s\r\na=setup:passive\r\na=mid:%s\r\n", a->server->ufrag, a->server->pwd,
	    a->about->fingerprint, s->mid);
	if (carries_candidates)
		put_candidates(&a->t, a->about);
	put_extensions(a, s, part);
	put(&a->t, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", part->role == OFFER_SOURCE ? "recvonly" : "sendonly");
	for (int i = 0; i < part->codec_count; i++)
		put_codec(a, part, &s->codecs[part->codecs[i]]);
	if (part->role == OFFER_SOURCE)
		put_layers(a, s);
	else
		put_streams(a, s, part, rtx);
}

char *sdp_answer_write(const struct sdp_offer *offer, const struct offer_plan *plan, const struct offer_sections *sections,
                       const struct offer_server *server, const struct sdp_answer_server *about)
{
	struct answer a = { .offer = offer, .plan = plan, .sections = sections, .server = server, .about = about };

	if (!text_begin(&a.t))
		return NULL;
	put_session(&a);
	for (int i = 0; i < offer->section_count; i++)
		put_section(&a, i, i == offer->bundle_first);
	return text_end(&a.t);
}

char *sdp_answer_fragment(const struct ice_fragment *asked, const struct offer_server *server, const struct sdp_answer_server *about)
{
	struct text t = { 0 };

	if (!text_begin(&t))
		return NULL;
	put(&t, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", server->ufrag, server->pwd);
	if (asked->mid[0]) {
		put(&t, "m=%s 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:%s\r\n", asked->video ? "video" : "audio", asked->mid);
		put_candidates(&t, about);
	}
	return text_end(&t);
}

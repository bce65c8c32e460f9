#include "sdp_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A piece of the text: words and lines are cut from it, never past its end. */
struct span { const char *p; size_t len; };

static bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

static bool span_is_nocase(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* Cut up to the next `c`; what follows it stays in `s`. */
static struct span span_cut(struct span *s, char c)
{
	const char *at = s->len ? memchr(s->p, c, s->len) : NULL;
	struct span head = { s->p, at ? (size_t)(at - s->p) : s->len };
	size_t used = at ? head.len + 1 : head.len;

	s->p += used;
	s->len -= used;
	return head;
}

/* The next word between spaces; empty at the end. */
static struct span span_word(struct span *s)
{
	while (s->len && *s->p == ' ') {
		s->p++;
		s->len--;
	}
	return span_cut(s, ' ');
}

static bool span_number(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.len || s.len > 10)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return v <= max;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 8866 token characters. */
static bool is_token(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]", c);
}

static bool span_all(struct span s, bool (*allowed)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!allowed(s.p[i]))
			return false;
	return s.len > 0;
}

static bool span_copy(struct span s, char *out, size_t room)
{
	if (!s.len || s.len >= room)
		return false;
	memcpy(out, s.p, s.len);
	out[s.len] = 0;
	return true;
}

static bool is_ice(char c)
{
	return is_alnum(c) || c == '+' || c == '/';
}

/* RFC 8851: rid-id is alphanumeric, and browsers add these two. */
static bool is_rid(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* -- transport attributes, for the session or one section -------------------------------------------------------------- */

static bool read_ice(struct span value, size_t least, char *out)
{
	return value.len >= least && span_all(value, is_ice) && span_copy(value, out, CONTROL_NAME_MAX + 1);
}

/* Another hash than SHA-256 is left out; a malformed SHA-256 is bad. The first one counts. */
static bool read_fingerprint(struct span value, char *out)
{
	struct span hash = span_word(&value);
	struct span hex = span_word(&value);

	if (!hash.len || !hex.len)
		return false;
	if (!span_is_nocase(hash, "sha-256"))
		return true;
	if (hex.len != 95)
		return false;
	char text[CONTROL_FINGERPRINT_MAX + 1] = "sha-256 ";
	for (size_t i = 0; i < 95; i++) {
		char c = hex.p[i];
		if (i % 3 == 2 ? c != ':' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
		text[8 + i] = (char)(c >= 'a' ? c - 32 : c);
	}
	text[103] = 0;
	if (!out[0])
		memcpy(out, text, sizeof text);
	return true;
}

static bool read_setup(struct span value, enum sdp_setup *out)
{
	if (span_is(value, "actpass"))
		*out = SDP_SETUP_ACTPASS;
	else if (span_is(value, "active"))
		*out = SDP_SETUP_ACTIVE;
	else if (span_is(value, "passive"))
		*out = SDP_SETUP_PASSIVE;
	else
		return span_is(value, "holdconn");
	return true;
}

static bool read_direction_word(struct span word, enum sdp_direction *out)
{
	static const char *const words[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

	for (size_t i = 0; i < 4; i++) {
		if (span_is(word, words[i])) {
			*out = (enum sdp_direction)i;
			return true;
		}
	}
	return false;
}

/* a=extmap:ID[/DIRECTION] URI (RFC 8285 §5). Ids above 14 need two-byte headers, which are not used. */
static bool read_extmap(struct span value, struct sdp_section *s)
{
	static const char *const uris[SDP_EXTS] = {
		[SDP_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
		[SDP_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		[SDP_EXT_RRID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		[SDP_EXT_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		[SDP_EXT_TWCC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
	};
	struct span first = span_word(&value);
	struct span uri = span_word(&value);
	struct span id_text = span_cut(&first, '/');
	enum sdp_direction direction = SDP_SENDRECV;
	uint64_t id;

	if (!span_number(id_text, 4351, &id) || !id || !uri.len)
		return false;
	if (first.len && !read_direction_word(first, &direction))
		return false;
	for (int i = 0; i < SDP_EXTS; i++) {
		if (span_is(uri, uris[i]) && id <= 14 && !s->ext[i].id) {
			s->ext[i].id = (uint8_t)id;
			s->ext[i].direction = direction;
		}
	}
	return true;
}

/* Attributes that may stand for the whole session or in one section. `*known` tells whether it was one of them. */
static bool read_common(struct span name, struct span value, struct sdp_section *s, bool *known)
{
	*known = true;
	if (span_is(name, "ice-ufrag"))
		return read_ice(value, 4, s->ufrag);
	if (span_is(name, "ice-pwd"))
		return read_ice(value, 22, s->pwd);
	if (span_is(name, "fingerprint"))
		return read_fingerprint(value, s->fingerprint);
	if (span_is(name, "setup"))
		return read_setup(value, &s->setup);
	if (span_is(name, "extmap"))
		return read_extmap(value, s);
	if (!value.len && read_direction_word(name, &s->direction))
		return true;
	*known = false;
	return true;
}

/* -- codecs ------------------------------------------------------------------------------------------------------------ */

/* What the lines of one section say about payload types, before they are put together. */
struct formats {
	bool listed[128];
	uint8_t order[SDP_FORMATS_MAX];
	uint8_t count;
	bool known[128];                /* an understood codec, in `codec` */
	bool is_rtx[128];
	uint8_t apt[128];
	struct sdp_codec codec[128];
};

static bool codec_of(struct span name, uint64_t clock, enum sdp_kind kind, enum control_codec *out)
{
	static const struct { const char *name; enum control_codec codec; enum sdp_kind kind; uint32_t clock; } codecs[] = {
		{ "opus", CONTROL_OPUS, SDP_AUDIO, 48000 }, { "VP8", CONTROL_VP8, SDP_VIDEO, 90000 },
		{ "VP9", CONTROL_VP9, SDP_VIDEO, 90000 },   { "H264", CONTROL_H264, SDP_VIDEO, 90000 },
		{ "AV1", CONTROL_AV1, SDP_VIDEO, 90000 },
	};

	for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
		if (codecs[i].kind == kind && codecs[i].clock == clock && span_is_nocase(name, codecs[i].name)) {
			*out = codecs[i].codec;
			return true;
		}
	}
	return false;
}

/* "PT rest": the payload type, and whether the m= line lists it (Firefox also describes some that it does not list). */
static bool read_pt(struct span *value, const struct formats *f, uint8_t *pt, bool *listed)
{
	uint64_t v;

	if (!span_number(span_word(value), 127, &v))
		return false;
	*pt = (uint8_t)v;
	*listed = f->listed[v];
	return true;
}

/* a=rtpmap:PT NAME/CLOCK[/CHANNELS] */
static bool read_rtpmap(struct span value, enum sdp_kind kind, struct formats *f)
{
	uint8_t pt;
	bool listed;
	uint64_t clock, channels = 1;

	if (!read_pt(&value, f, &pt, &listed))
		return false;
	struct span encoding = span_word(&value);
	struct span name = span_cut(&encoding, '/');
	struct span clock_text = span_cut(&encoding, '/');
	if (!span_all(name, is_token) || !span_number(clock_text, 10000000, &clock))
		return false;
	if (encoding.len && !span_number(encoding, 255, &channels))
		return false;
	if (!listed)
		return true;
	if (f->known[pt] || f->is_rtx[pt])
		return false;
	if (span_is_nocase(name, "rtx")) {
		f->is_rtx[pt] = true;
	} else if (codec_of(name, clock, kind, &f->codec[pt].codec)) {
		f->known[pt] = true;
		f->codec[pt].pt = pt;
		f->codec[pt].clock = (uint32_t)clock;
	}
	return true;
}

/* One NAME=VALUE of an a=fmtp line. Unknown names and values that are none of ours are left out. */
static bool read_fmtp_parameter(struct span name, struct span value, uint8_t pt, struct formats *f)
{
	uint64_t v;

	if (f->is_rtx[pt] && span_is(name, "apt")) {
		if (!span_number(value, 127, &v))
			return false;
		f->apt[pt] = (uint8_t)v;
	} else if (f->known[pt] && f->codec[pt].codec == CONTROL_H264 && span_is(name, "packetization-mode")) {
		if (!span_number(value, 2, &v))
			return false;
		f->codec[pt].packetization_mode = (uint8_t)v;
	} else if (f->known[pt] && ((f->codec[pt].codec == CONTROL_H264 && span_is(name, "profile-level-id")) ||
	                            (f->codec[pt].codec == CONTROL_VP9 && span_is(name, "profile-id")))) {
		return span_all(value, is_alnum) && span_copy(value, f->codec[pt].profile, sizeof f->codec[pt].profile);
	}
	return true;
}

static bool read_fmtp(struct span value, struct formats *f)
{
	uint8_t pt;
	bool listed;

	if (!read_pt(&value, f, &pt, &listed))
		return false;
	while (listed && value.len) {
		struct span one = span_cut(&value, ';');
		while (one.len && *one.p == ' ') {
			one.p++;
			one.len--;
		}
		struct span name = span_cut(&one, '=');
		if (!read_fmtp_parameter(name, one, pt, f))
			return false;
	}
	return true;
}

static void feedback_set(struct sdp_codec *c, struct span value)
{
	if (span_is(value, "nack"))
		c->nack = true;
	else if (span_is(value, "nack pli"))
		c->pli = true;
	else if (span_is(value, "ccm fir"))
		c->fir = true;
	else if (span_is(value, "transport-cc"))
		c->twcc = true;
}

/* a=rtcp-fb:PT|* KIND */
static bool read_feedback(struct span value, struct formats *f)
{
	uint8_t pt;
	bool listed;

	if (value.len > 2 && value.p[0] == '*' && value.p[1] == ' ') {
		value.p += 2;
		value.len -= 2;
		for (int i = 0; i < 128; i++)
			if (f->known[i])
				feedback_set(&f->codec[i], value);
		return true;
	}
	if (!read_pt(&value, f, &pt, &listed))
		return false;
	if (listed && f->known[pt])
		feedback_set(&f->codec[pt], value);
	return true;
}

static void collect_codecs(struct sdp_section *s, const struct formats *f)
{
	for (int i = 0; i < f->count && s->codec_count < SDP_CODECS_MAX; i++) {
		uint8_t pt = f->order[i];
		if (!f->known[pt])
			continue;
		struct sdp_codec *c = &s->codecs[s->codec_count++];
		*c = f->codec[pt];
		for (int k = 0; k < f->count; k++)
			if (f->is_rtx[f->order[k]] && f->apt[f->order[k]] == pt && !c->rtx)
				c->rtx = f->order[k];
	}
}

/* -- streams of a section ---------------------------------------------------------------------------------------------- */

/* a=simulcast:send q;h;f recv …  Alternatives after a comma and the pause sign are left out (RFC 8853 §5.1). */
static bool read_simulcast(struct span value, struct sdp_section *s)
{
	while (value.len) {
		struct span way = span_word(&value);
		struct span list = span_word(&value);
		if (!list.len || !(span_is(way, "send") || span_is(way, "recv")))
			return false;
		if (span_is(way, "recv"))
			continue;
		if (s->rid_count)
			return false;
		while (list.len) {
			struct span alternatives = span_cut(&list, ';');
			struct span rid = span_cut(&alternatives, ',');
			if (rid.len && *rid.p == '~') {
				rid.p++;
				rid.len--;
			}
			if (s->rid_count == CONTROL_RIDS_MAX || !span_all(rid, is_rid) ||
			    !span_copy(rid, s->rids[s->rid_count], sizeof s->rids[0]))
				return false;
			for (int i = 0; i < s->rid_count; i++)
				if (!strcmp(s->rids[i], s->rids[s->rid_count]))
					return false;
			s->rid_count++;
		}
	}
	return true;
}

/* All SSRCs that a section names, and which of them repeat another. */
struct ssrcs {
	uint32_t all[2 * CONTROL_SSRCS_MAX];
	uint8_t count;
	struct { uint32_t primary, rtx; } pairs[CONTROL_SSRCS_MAX];
	uint8_t pair_count;
};

static bool read_ssrc_number(struct span text, uint32_t *out)
{
	uint64_t v;

	if (!span_number(text, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool ssrc_note(struct ssrcs *list, uint32_t ssrc)
{
	for (int i = 0; i < list->count; i++)
		if (list->all[i] == ssrc)
			return true;
	if (list->count == sizeof list->all / sizeof *list->all)
		return false;
	list->all[list->count++] = ssrc;
	return true;
}

static bool read_ssrc(struct span value, struct ssrcs *list)
{
	uint32_t ssrc;

	return read_ssrc_number(span_word(&value), &ssrc) && ssrc_note(list, ssrc);
}

/* a=ssrc-group:FID PRIMARY RTX; groups of another meaning are left out. */
static bool read_ssrc_group(struct span value, struct ssrcs *list)
{
	struct span meaning = span_word(&value);
	uint32_t primary, rtx;

	if (!meaning.len)
		return false;
	if (!span_is(meaning, "FID"))
		return true;
	if (!read_ssrc_number(span_word(&value), &primary) || !read_ssrc_number(span_word(&value), &rtx))
		return false;
	if (list->pair_count == CONTROL_SSRCS_MAX || primary == rtx)
		return false;
	list->pairs[list->pair_count].primary = primary;
	list->pairs[list->pair_count++].rtx = rtx;
	return ssrc_note(list, primary) && ssrc_note(list, rtx);
}

static bool collect_ssrcs(struct sdp_section *s, const struct ssrcs *list)
{
	for (int i = 0; i < list->count; i++) {
		uint32_t rtx = 0;
		bool repeats = false;
		for (int k = 0; k < list->pair_count; k++) {
			if (list->pairs[k].rtx == list->all[i])
				repeats = true;
			if (list->pairs[k].primary == list->all[i])
				rtx = list->pairs[k].rtx;
		}
		if (repeats)
			continue;
		if (s->ssrc_count == CONTROL_SSRCS_MAX)
			return false;
		s->ssrcs[s->ssrc_count] = list->all[i];
		s->rtx_ssrcs[s->ssrc_count++] = rtx;
	}
	return true;
}

/* -- lines ------------------------------------------------------------------------------------------------------------- */

/* The next line, without its end. False: no more, or (with *bad) not a line of SDP. */
static bool next_line(struct span *text, struct span *line, bool *bad)
{
	if (!text->len)
		return false;
	*line = span_cut(text, '\n');
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	if (!line->len)         /* only the end of the text may be empty */
		*bad = text->len > 0;
	else if (line->len < 2 || line->len > SDP_LINE_MAX || line->p[1] != '=' || line->p[0] < 'a' || line->p[0] > 'z')
		*bad = true;
	for (size_t i = 0; i < line->len && !*bad; i++)
		*bad = (unsigned char)line->p[i] < 0x20 && line->p[i] != '\t';
	return !*bad && line->len;
}

static struct span line_value(struct span line)
{
	return (struct span){ line.p + 2, line.len - 2 };
}

/* m=MEDIA PORT PROTO FORMAT… */
static bool read_m_line(struct span value, struct sdp_section *s, struct formats *f, bool *port_zero)
{
	struct span media = span_word(&value);
	struct span port = span_word(&value);
	struct span proto = span_word(&value);
	struct span format = value;
	struct span number = span_cut(&port, '/');
	uint64_t v;

	format = span_word(&format);
	if (!media.len || media.len > 32 || !proto.len || proto.len > 64 || !format.len || format.len > 64 ||
	    !span_number(number, 65535, &v))
		return false;
	*port_zero = v == 0;
	s->kind = span_is(media, "audio") ? SDP_AUDIO : span_is(media, "video") ? SDP_VIDEO : SDP_OTHER;
	s->media = media.p;
	s->media_len = (uint8_t)media.len;
	s->proto = proto.p;
	s->proto_len = (uint8_t)proto.len;
	s->format = format.p;
	s->format_len = (uint8_t)format.len;
	if (s->kind == SDP_OTHER)
		return true;
	if (!span_is(proto, "UDP/TLS/RTP/SAVPF") && !span_is(proto, "TCP/DTLS/RTP/SAVPF"))
		return false;
	for (struct span pt = span_word(&value); pt.len; pt = span_word(&value)) {
		if (!span_number(pt, 127, &v) || f->listed[v] || f->count == SDP_FORMATS_MAX)
			return false;
		f->listed[v] = true;
		f->order[f->count++] = (uint8_t)v;
	}
	return true;
}

/* a=mid names this section once. */
static bool read_mid(struct span value, struct sdp_section *s)
{
	return !s->mid[0] && span_all(value, is_token) && span_copy(value, s->mid, sizeof s->mid);
}

struct section_reader {
	struct sdp_section *s;
	struct formats *f;
	struct ssrcs ssrcs;
	bool bundle_only;
};

/* Everything but a=rtpmap, which was read before: Firefox writes it after the lines that need it. */
static bool read_attribute(struct section_reader *r, struct span attribute)
{
	struct span name = span_cut(&attribute, ':');
	bool known;

	if (span_is(name, "mid"))
		return read_mid(attribute, r->s);
	if (!read_common(name, attribute, r->s, &known))
		return false;
	if (known || r->s->kind == SDP_OTHER)
		return true;
	if (span_is(name, "rtcp-mux"))
		r->s->rtcp_mux = true;
	else if (span_is(name, "bundle-only"))
		r->bundle_only = true;
	else if (span_is(name, "fmtp"))
		return read_fmtp(attribute, r->f);
	else if (span_is(name, "rtcp-fb"))
		return read_feedback(attribute, r->f);
	else if (span_is(name, "simulcast"))
		return read_simulcast(attribute, r->s);
	else if (span_is(name, "ssrc"))
		return read_ssrc(attribute, &r->ssrcs);
	else if (span_is(name, "ssrc-group"))
		return read_ssrc_group(attribute, &r->ssrcs);
	return true;
}

/* The lines of one section: `first` is its m= line, `rest` what follows; stops before the next m= line. */
static bool read_section(struct sdp_section *s, struct formats *f, struct span first, struct span *rest)
{
	struct section_reader r = { .s = s, .f = f };
	struct span line, text = *rest, again = *rest;
	bool bad = false, port_zero;

	memset(f, 0, sizeof *f);
	if (!read_m_line(line_value(first), s, f, &port_zero))
		return false;
	for (struct span before = text; next_line(&text, &line, &bad); before = text) {
		if (line.p[0] == 'm') {
			text = before;
			break;
		}
		struct span value = line_value(line);
		struct span name = span_cut(&value, ':');
		if (line.p[0] == 'a' && s->kind != SDP_OTHER && span_is(name, "rtpmap") && !read_rtpmap(value, s->kind, f))
			return false;
	}
	if (bad)
		return false;
	*rest = text;
	while (again.p < text.p && next_line(&again, &line, &bad))
		if (line.p[0] == 'a' && !read_attribute(&r, line_value(line)))
			return false;
	s->rejected = port_zero && !r.bundle_only;
	collect_codecs(s, f);
	return s->mid[0] && collect_ssrcs(s, &r.ssrcs);
}

/* What stands before the first m= line. `bundle` is the list of mids of a=group:BUNDLE. */
static bool read_session(struct sdp_offer *o, struct sdp_section *common, struct span *bundle, struct span *text, struct span *first_m)
{
	struct span line;
	bool bad = false, known, version = false;

	while (next_line(text, &line, &bad)) {
		struct span value = line_value(line);
		if (!version && !(line.p[0] == 'v' && span_is(value, "0")))
			return false;
		version = true;
		if (line.p[0] == 'm') {
			*first_m = line;
			return true;
		}
		if (line.p[0] != 'a')
			continue;
		struct span name = span_cut(&value, ':');
		if (span_is(name, "ice-lite"))
			o->ice_lite = true;
		if (span_is(name, "group")) {
			struct span group = value;
			if (span_is(span_word(&group), "BUNDLE")) {
				if (bundle->p)
					return false;
				*bundle = group;
			}
		} else if (!read_common(name, value, common, &known)) {
			return false;
		}
	}
	return !bad && version;
}

static void inherit(struct sdp_section *s, const struct sdp_section *common)
{
	if (!s->ufrag[0])
		memcpy(s->ufrag, common->ufrag, sizeof s->ufrag);
	if (!s->pwd[0])
		memcpy(s->pwd, common->pwd, sizeof s->pwd);
	if (!s->fingerprint[0])
		memcpy(s->fingerprint, common->fingerprint, sizeof s->fingerprint);
	if (s->setup == SDP_SETUP_NONE)
		s->setup = common->setup;
	for (int i = 0; i < SDP_EXTS; i++)
		if (!s->ext[i].id)
			s->ext[i] = common->ext[i];
}

int sdp_find_mid(const struct sdp_offer *offer, const char *mid)
{
	for (int i = 0; i < offer->section_count; i++)
		if (!strcmp(offer->sections[i].mid, mid))
			return i;
	return -1;
}

/* Every mid of the BUNDLE group must be a section's (RFC 8843 §7). */
static bool apply_bundle(struct sdp_offer *o, struct span bundle)
{
	o->bundle_first = -1;
	if (!bundle.p)
		return true;
	for (struct span word = span_word(&bundle); word.len; word = span_word(&bundle)) {
		char mid[CONTROL_MID_MAX + 1];
		int index = span_copy(word, mid, sizeof mid) ? sdp_find_mid(o, mid) : -1;
		if (index < 0 || o->sections[index].bundled)
			return false;
		o->sections[index].bundled = true;
		if (o->bundle_first < 0)
			o->bundle_first = (int16_t)index;
	}
	return true;
}

static bool mids_unique(const struct sdp_offer *o)
{
	for (int i = 0; i < o->section_count; i++)
		if (sdp_find_mid(o, o->sections[i].mid) != i)
			return false;
	return true;
}

bool sdp_parse(struct sdp_offer *out, const char *text, size_t len)
{
	struct span rest = { text, len }, bundle = { NULL, 0 }, line = { NULL, 0 };
	struct sdp_section common = { .direction = SDP_SENDRECV };
	bool bad = false;

	out->ice_lite = false;
	out->bundle_first = -1;
	out->section_count = 0;
	if (!len || len > SDP_TEXT_MAX || !read_session(out, &common, &bundle, &rest, &line) || !line.p)
		return false;
	struct formats *formats = malloc(sizeof *formats);
	while (formats && !bad) {
		struct sdp_section *s = &out->sections[out->section_count];
		if (out->section_count == SDP_SECTIONS_MAX) {
			bad = true;
			break;
		}
		memset(s, 0, sizeof *s);
		s->direction = common.direction;
		bad = !read_section(s, formats, line, &rest);
		if (bad)
			break;
		inherit(s, &common);
		out->section_count++;
		if (!next_line(&rest, &line, &bad))
			break;
	}
	free(formats);
	return formats && !bad && mids_unique(out) && apply_bundle(out, bundle);
}

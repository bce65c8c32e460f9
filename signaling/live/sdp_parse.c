#include "sdp_parse.h"

#include <stdlib.h>
#include <string.h>

#include "sdp_internal.h"

/* -- lines ------------------------------------------------------------------------------------------------------------ */

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

/* -- a section -------------------------------------------------------------------------------------------------------- */

/* m=MEDIA PORT PROTO FORMAT… */
static bool read_m_line(struct span value, struct sdp_section *s, struct sdp_formats *f, bool *port_zero)
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
	return !s->mid[0] && span_all(value, span_token) && span_copy(value, s->mid, sizeof s->mid);
}

struct section_reader {
	struct sdp_section *s;
	struct sdp_formats *f;
	struct sdp_ssrcs ssrcs;
	bool bundle_only;
};

/* Everything but a=rtpmap, which was read before: Firefox writes it after the lines that need it. */
static bool read_attribute(struct section_reader *r, struct span attribute)
{
	struct span name = span_cut(&attribute, ':');
	bool known;

	if (span_is(name, "mid"))
		return read_mid(attribute, r->s);
	if (!sdp_read_common(name, attribute, r->s, &known))
		return false;
	if (known || r->s->kind == SDP_OTHER)
		return true;
	if (span_is(name, "rtcp-mux"))
		r->s->rtcp_mux = true;
	else if (span_is(name, "bundle-only"))
		r->bundle_only = true;
	else if (span_is(name, "fmtp"))
		return sdp_read_fmtp(attribute, r->f);
	else if (span_is(name, "rtcp-fb"))
		return sdp_read_feedback(attribute, r->f);
	else if (span_is(name, "simulcast"))
		return sdp_read_simulcast(attribute, r->s);
	else if (span_is(name, "ssrc"))
		return sdp_read_ssrc(attribute, &r->ssrcs);
	else if (span_is(name, "ssrc-group"))
		return sdp_read_ssrc_group(attribute, &r->ssrcs);
	return true;
}

/* The lines of one section: `first` is its m= line, `rest` what follows; stops before the next m= line. */
static bool read_section(struct sdp_section *s, struct sdp_formats *f, struct span first, struct span *rest)
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
		if (line.p[0] == 'a' && s->kind != SDP_OTHER && span_is(name, "rtpmap") && !sdp_read_rtpmap(value, s->kind, f))
			return false;
	}
	if (bad)
		return false;
	*rest = text;
	while (again.p < text.p && next_line(&again, &line, &bad))
		if (line.p[0] == 'a' && !read_attribute(&r, line_value(line)))
			return false;
	s->rejected = port_zero && !r.bundle_only;
	sdp_collect_codecs(s, f);
	return s->mid[0] && sdp_collect_ssrcs(s, &r.ssrcs);
}

/* -- the session ------------------------------------------------------------------------------------------------------- */

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
		} else if (!sdp_read_common(name, value, common, &known)) {
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

	out->ice_lite = out->alone = false;
	out->bundle_first = -1;
	out->section_count = 0;
	if (!len || len > SDP_TEXT_MAX || !read_session(out, &common, &bundle, &rest, &line) || !line.p)
		return false;
	struct sdp_formats *formats = malloc(sizeof *formats);
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

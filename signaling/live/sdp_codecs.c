#include "sdp_internal.h"

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
static bool read_pt(struct span *value, const struct sdp_formats *f, uint8_t *pt, bool *listed)
{
	uint64_t v;

	if (!span_number(span_word(value), 127, &v))
		return false;
	*pt = (uint8_t)v;
	*listed = f->listed[v];
	return true;
}

/* a=rtpmap:PT NAME/CLOCK[/CHANNELS] */
bool sdp_read_rtpmap(struct span value, enum sdp_kind kind, struct sdp_formats *f)
{
	uint8_t pt;
	bool listed;
	uint64_t clock, channels = 1;

	if (!read_pt(&value, f, &pt, &listed))
		return false;
	struct span encoding = span_word(&value);
	struct span name = span_cut(&encoding, '/');
	struct span clock_text = span_cut(&encoding, '/');
	if (!span_all(name, span_token) || !span_number(clock_text, 10000000, &clock))
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
static bool read_fmtp_parameter(struct span name, struct span value, uint8_t pt, struct sdp_formats *f)
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
		return span_all(value, span_alnum) && span_copy(value, f->codec[pt].profile, sizeof f->codec[pt].profile);
	}
	return true;
}

bool sdp_read_fmtp(struct span value, struct sdp_formats *f)
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
bool sdp_read_feedback(struct span value, struct sdp_formats *f)
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

void sdp_collect_codecs(struct sdp_section *s, const struct sdp_formats *f)
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

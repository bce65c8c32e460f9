#include <string.h>

#include "sdp_internal.h"

/* RFC 8851: rid-id is alphanumeric, and browsers add these two. */
static bool is_rid(char c)
{
	return span_alnum(c) || c == '-' || c == '_';
}

/* a=simulcast:send q;h;f recv …  Alternatives after a comma and the pause sign are left out (RFC 8853 §5.1). */
bool sdp_read_simulcast(struct span value, struct sdp_section *s)
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

static bool read_ssrc_number(struct span text, uint32_t *out)
{
	uint64_t v;

	if (!span_number(text, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool ssrc_note(struct sdp_ssrcs *list, uint32_t ssrc)
{
	for (int i = 0; i < list->count; i++)
		if (list->all[i] == ssrc)
			return true;
	if (list->count == sizeof list->all / sizeof *list->all)
		return false;
	list->all[list->count++] = ssrc;
	return true;
}

bool sdp_read_ssrc(struct span value, struct sdp_ssrcs *list)
{
	uint32_t ssrc;

	return read_ssrc_number(span_word(&value), &ssrc) && ssrc_note(list, ssrc);
}

/* a=ssrc-group:FID PRIMARY RTX; groups of another meaning are left out. */
bool sdp_read_ssrc_group(struct span value, struct sdp_ssrcs *list)
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

bool sdp_collect_ssrcs(struct sdp_section *s, const struct sdp_ssrcs *list)
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

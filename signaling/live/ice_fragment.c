#include "ice_fragment.h"

#include <string.h>

#include "sdp_span.h"

static bool is_ice(char c)
{
	return span_alnum(c) || c == '+' || c == '/';
}

/* Visible ASCII without a blank: enough for names, addresses and whatever an extension of a candidate says. */
static bool is_visible(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* The rest of `line` if it begins with `name`. */
static bool after(struct span line, const char *name, struct span *rest)
{
	size_t len = strlen(name);

	if (line.len < len || memcmp(line.p, name, len))
		return false;
	*rest = (struct span){ line.p + len, line.len - len };
	return true;
}

/* RFC 8839 §5.4; the same again is fine (RFC 8840 repeats it in each section), another is not. */
static bool take_credential(char out[CONTROL_NAME_MAX + 1], struct span value, size_t least)
{
	if (value.len < least || value.len > CONTROL_NAME_MAX || !span_all(value, is_ice))
		return false;
	if (out[0])
		return strlen(out) == value.len && !memcmp(out, value.p, value.len);
	memcpy(out, value.p, value.len);
	out[value.len] = 0;
	return true;
}

/* foundation component transport priority address port "typ" type …  (RFC 8839 §5.1) */
static bool candidate_sound(struct span rest)
{
	struct span foundation = span_word(&rest), component = span_word(&rest), transport = span_word(&rest), priority = span_word(&rest);
	struct span address = span_word(&rest), port = span_word(&rest), typ = span_word(&rest), type = span_word(&rest);
	uint64_t n;

	return span_all(foundation, is_visible) && foundation.len <= 32 && span_number(component, 256, &n) && span_all(transport, is_visible) &&
	       span_number(priority, UINT32_MAX, &n) && span_all(address, is_visible) && span_number(port, 65535, &n) && span_is(typ, "typ") &&
	       span_all(type, is_visible);
}

static bool take_section(struct ice_fragment *out, struct span rest, unsigned *sections)
{
	struct span kind = span_word(&rest);

	if (!span_all(kind, is_visible) || !rest.len)
		return false;
	if (++*sections == 1)
		out->video = span_is(kind, "video");
	return true;
}

static bool take_mid(struct ice_fragment *out, struct span mid)
{
	return !out->mid[0] && span_all(mid, span_token) && span_copy(mid, out->mid, sizeof out->mid);
}

static bool take_line(struct ice_fragment *out, struct span line, unsigned *sections)
{
	struct span value;

	if (line.len < 2 || line.p[1] != '=' || line.p[0] < 'a' || line.p[0] > 'z')
		return false;
	if (after(line, "m=", &value))
		return take_section(out, value, sections);
	if (after(line, "a=ice-ufrag:", &value))
		return take_credential(out->ufrag, value, 4);
	if (after(line, "a=ice-pwd:", &value))
		return take_credential(out->pwd, value, 22);
	if (after(line, "a=mid:", &value))
		return *sections != 1 || take_mid(out, value);
	if (after(line, "a=candidate:", &value)) {
		out->candidates++;
		return candidate_sound(value);
	}
	return true;            /* options, groups, end-of-candidates: nothing to do for a lite agent */
}

bool ice_fragment_read(struct ice_fragment *out, const char *text, size_t len)
{
	struct span rest = { text, len };
	unsigned sections = 0;

	memset(out, 0, sizeof *out);
	if (!len || len > ICE_FRAGMENT_MAX)
		return false;
	while (rest.len) {
		struct span line = span_cut(&rest, '\n');
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (!line.len && !rest.len)
			break;          /* an empty last line */
		if (line.len > ICE_FRAGMENT_LINE_MAX || (line.len && memchr(line.p, 0, line.len)) || !take_line(out, line, &sections))
			return false;
	}
	return true;
}

#include "ice_fragment.h"

#include <string.h>

struct word { const char *p; size_t len; };

static bool is_ice(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
}

/* Visible ASCII without a blank: enough for names, addresses and whatever an extension of a candidate says. */
static bool is_visible(char c)
{
	return c > 0x20 && c < 0x7f;
}

static bool all(struct word w, bool (*allowed)(char))
{
	for (size_t i = 0; i < w.len; i++)
		if (!allowed(w.p[i]))
			return false;
	return w.len > 0;
}

/* The rest of `line` if it begins with `name`. */
static bool after(struct word line, const char *name, struct word *rest)
{
	size_t len = strlen(name);

	if (line.len < len || memcmp(line.p, name, len))
		return false;
	*rest = (struct word){ line.p + len, line.len - len };
	return true;
}

static struct word cut(struct word *rest)
{
	const char *blank = rest->len ? memchr(rest->p, ' ', rest->len) : NULL;
	struct word head = { rest->p, blank ? (size_t)(blank - rest->p) : rest->len };
	size_t used = blank ? head.len + 1 : head.len;

	rest->p += used;
	rest->len -= used;
	return head;
}

/* RFC 8839 §5.4; the same again is fine (RFC 8840 repeats it in each section), another is not. */
static bool take_credential(char out[CONTROL_NAME_MAX + 1], struct word value, size_t least)
{
	if (value.len < least || value.len > CONTROL_NAME_MAX || !all(value, is_ice))
		return false;
	if (out[0])
		return strlen(out) == value.len && !memcmp(out, value.p, value.len);
	memcpy(out, value.p, value.len);
	out[value.len] = 0;
	return true;
}

static bool number(struct word w, size_t digits)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
	return w.len > 0 && w.len <= digits;
}

/* foundation component transport priority address port "typ" type …  (RFC 8839 §5.1) */
static bool candidate_sound(struct word rest)
{
	struct word foundation = cut(&rest), component = cut(&rest), transport = cut(&rest), priority = cut(&rest);
	struct word address = cut(&rest), port = cut(&rest), typ = cut(&rest), type = cut(&rest);

	return all(foundation, is_visible) && foundation.len <= 32 && number(component, 3) && all(transport, is_visible) &&
	       number(priority, 10) && all(address, is_visible) && number(port, 5) && typ.len == 3 && !memcmp(typ.p, "typ", 3) &&
	       all(type, is_visible);
}

static bool take_section(struct ice_fragment *out, struct word rest, unsigned *sections)
{
	struct word kind = cut(&rest);

	if (!all(kind, is_visible) || !rest.len)
		return false;
	if (++*sections == 1)
		out->video = kind.len == 5 && !memcmp(kind.p, "video", 5);
	return true;
}

static bool take_mid(struct ice_fragment *out, struct word mid)
{
	if (out->mid[0] || !all(mid, is_visible) || mid.len > CONTROL_MID_MAX)
		return false;
	memcpy(out->mid, mid.p, mid.len);
	out->mid[mid.len] = 0;
	return true;
}

static bool take_line(struct ice_fragment *out, struct word line, unsigned *sections)
{
	struct word value;

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
	struct word rest = { text, len };
	unsigned sections = 0;

	memset(out, 0, sizeof *out);
	if (!len || len > ICE_FRAGMENT_MAX)
		return false;
	while (rest.len) {
		const char *end = memchr(rest.p, '\n', rest.len);
		struct word line = { rest.p, end ? (size_t)(end - rest.p) : rest.len };
		size_t used = end ? line.len + 1 : line.len;
		rest.p += used;
		rest.len -= used;
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (!line.len && !rest.len)
			break;          /* an empty last line */
		if (line.len > ICE_FRAGMENT_LINE_MAX || memchr(line.p, 0, line.len) || !take_line(out, line, &sections))
			return false;
	}
	return true;
}

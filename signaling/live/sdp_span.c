#include "sdp_span.h"

#include <string.h>
#include <strings.h>

bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

bool span_is_nocase(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* Cut up to the next `c`; what follows it stays in `s`. */
struct span span_cut(struct span *s, char c)
{
	const char *at = s->len ? memchr(s->p, c, s->len) : NULL;
	struct span head = { s->p, at ? (size_t)(at - s->p) : s->len };
	size_t used = at ? head.len + 1 : head.len;

	s->p += used;
	s->len -= used;
	return head;
}

/* The next word between spaces; empty at the end. */
struct span span_word(struct span *s)
{
	while (s->len && *s->p == ' ') {
		s->p++;
		s->len--;
	}
	return span_cut(s, ' ');
}

bool span_number(struct span s, uint64_t max, uint64_t *out)
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

bool span_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 8866 token characters. */
bool span_token(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]", c);
}

bool span_all(struct span s, bool (*allowed)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!allowed(s.p[i]))
			return false;
	return s.len > 0;
}

bool span_copy(struct span s, char *out, size_t room)
{
	if (!s.len || s.len >= room)
		return false;
	memcpy(out, s.p, s.len);
	out[s.len] = 0;
	return true;
}

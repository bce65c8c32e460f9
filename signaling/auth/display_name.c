#include "display_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MARKS_MOST = 4 };        /* combining marks on one letter; Vietnamese has two when taken apart */

enum rule { KEEP, SPACE, LINE, MARK, JOINER, REFUSE };

/* Letters and marks that draw nothing, so that a name could look empty or like another. */
static bool invisible(utf8proc_int32_t c)
{
	static const utf8proc_int32_t list[] = { 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x2800,
		0x3164, 0xffa0 };
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		if (list[i] == c)
			return true;
	}
	return c >= 0xe0100 && c <= 0xe01ef;    /* variation selectors 17-256 */
}

static enum rule rule_of(utf8proc_int32_t c)
{
	if (c == 0x200c || c == 0x200d)
		return JOINER;
	if (c == '\n')
		return LINE;
	if (invisible(c))
		return REFUSE;
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_ZS:
		return SPACE;
	case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_ME: case UTF8PROC_CATEGORY_MC:
		return MARK;
	case UTF8PROC_CATEGORY_CN: case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP:
		return REFUSE;
	default:
		return KEEP;
	}
}

struct cleaner {
	char *out;
	size_t room, len, chars;
	size_t line_start;      /* where the present line begins in `out` */
	unsigned marks;
	bool space;             /* one is owed before the next letter */
	bool joiner;            /* the last one was */
	bool any;               /* something was kept */
	bool lines;             /* line feeds are allowed */
};

static bool put(struct cleaner *k, utf8proc_int32_t c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);
	if (n <= 0 || k->len + (size_t)n >= k->room)
		return false;
	memcpy(k->out + k->len, bytes, (size_t)n);
	k->len += (size_t)n;
	k->chars++;
	return true;
}

static bool take(struct cleaner *k, utf8proc_int32_t c)
{
	enum rule rule = rule_of(c);
	bool starting = k->len == k->line_start || k->space;

	switch (rule) {
	case REFUSE:
		return false;
	case LINE:
		if (!k->lines || k->joiner)
			return false;
		k->space = false;
		k->marks = 0;
		if (!put(k, '\n'))
			return false;
		k->line_start = k->len;
		return true;
	case SPACE:
		k->space = k->len > k->line_start;
		k->marks = 0;
		return !k->joiner;
	case JOINER:
		if (starting || k->joiner)
			return false;
		k->joiner = true;
		return put(k, c);
	case MARK:
		if (starting || ++k->marks > MARKS_MOST)
			return false;
		k->joiner = false;
		return put(k, c);
	case KEEP:
		break;
	}
	if (k->space && !put(k, ' '))
		return false;
	k->space = false;
	k->joiner = false;
	k->marks = 0;
	k->any = true;
	return put(k, c);
}

static bool normalise(char *out, size_t room, const char *in, size_t max_chars, bool lines)
{
	out[0] = '\0';
	if (strlen(in) > max_chars * 16)        /* more than normalising could ever bring down */
		return false;

	utf8proc_uint8_t *nfc = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)in, 0, &nfc,
		(utf8proc_option_t)(UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE));
	if (n < 0)
		return false;

	struct cleaner k = { .out = out, .room = room, .lines = lines };
	bool good = true;
	for (utf8proc_ssize_t at = 0; at < n && good;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t step = utf8proc_iterate(nfc + at, n - at, &c);
		good = step > 0 && take(&k, c);
		at += step;
	}
	free(nfc);
	while (good && lines && k.len && k.out[k.len - 1] == '\n') {
		k.len--;
		k.chars--;
	}
	if (!good || k.joiner || k.chars > max_chars || (!lines && !k.any)) {
		out[0] = '\0';
		return false;
	}
	out[k.len] = '\0';
	return true;
}

bool display_name_normalise(char *out, size_t room, const char *in, size_t max_chars)
{
	return normalise(out, room, in, max_chars, false);
}

bool display_text_normalise(char *out, size_t room, const char *in, size_t max_chars)
{
	return normalise(out, room, in, max_chars, true);
}

bool account_name_valid(const char *name)
{
	size_t len = strlen(name);
	return len >= 2 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len &&
		strchr("._-", name[0]) == NULL;
}

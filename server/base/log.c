#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

static enum log_level least_level = LOG_LEVEL_INFO;
static int out_fd = 2;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

struct log_field log_strn(const char *key, const char *value, size_t len)
{
	return (struct log_field){ .key = key, .kind = LOG_KIND_STR, .value.str = value, .len = len };
}

struct log_field log_str(const char *key, const char *value)
{
	return log_strn(key, value, value ? strlen(value) : 0);
}

struct log_field log_int(const char *key, int64_t value)
{
	return (struct log_field){ .key = key, .kind = LOG_KIND_INT, .value.i = value };
}

struct log_field log_uint(const char *key, uint64_t value)
{
	return (struct log_field){ .key = key, .kind = LOG_KIND_UINT, .value.u = value };
}

struct log_field log_bool(const char *key, bool value)
{
	return log_str(key, value ? "true" : "false");
}

struct log_field log_errno(const char *key, int error)
{
	error = error < 0 ? -error : error;
	const char *name = strerrorname_np(error);      /* a table in libc: no locale, no file */
	return name ? log_str(key, name) : log_int(key, error);
}

void log_set_level(enum log_level level)
{
	least_level = level;
}

void log_set_fd(int fd)
{
	out_fd = fd;
}

bool log_level_from_name(enum log_level *out, const char *name)
{
	for (int i = 0; i < 4; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* -- a line under construction: what does not fit is cut, the line end always fits ------------------------------------ */

struct line { char *p, *end; };

static void put(struct line *l, const char *s, size_t len)
{
	size_t room = (size_t)(l->end - l->p);

	if (len > room)
		len = room;
	memcpy(l->p, s, len);
	l->p += len;
}

static void put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void put_uint(struct line *l, uint64_t v, int least_digits)
{
	char digits[20];
	int n = 0;

	do {
		digits[sizeof digits - 1 - n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v || n < least_digits);
	put(l, digits + sizeof digits - n, (size_t)n);
}

static void put_int(struct line *l, int64_t v)
{
	if (v < 0)
		put(l, "-", 1);
	put_uint(l, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v, 1);
}

/* Days since 1970 to a date of the Gregorian calendar: years begin in March, so that the leap day is the last one. */
static void put_date(struct line *l, uint64_t days)
{
	uint64_t since_0000_03 = days + 719468;
	uint64_t era = since_0000_03 / 146097, day_of_era = since_0000_03 % 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month_from_march = (5 * day_of_year + 2) / 153;
	uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	uint64_t year = era * 400 + year_of_era + (month <= 2);

	put_uint(l, year, 4);
	put(l, "-", 1);
	put_uint(l, month, 2);
	put(l, "-", 1);
	put_uint(l, day, 2);
}

static void put_stamp(struct line *l, uint64_t unix_us)
{
	uint64_t seconds = unix_us / 1000000, in_day = seconds % 86400;

	put_date(l, seconds / 86400);
	put(l, "T", 1);
	put_uint(l, in_day / 3600, 2);
	put(l, ":", 1);
	put_uint(l, in_day / 60 % 60, 2);
	put(l, ":", 1);
	put_uint(l, in_day % 60, 2);
	put(l, ".", 1);
	put_uint(l, unix_us % 1000000, 6);
	put(l, "Z", 1);
}

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._:/@+,-", c));
}

/* Bytes of the sound, visible UTF-8 character at `s`; 0 if there is none: broken, overlong, a surrogate, C1, or a line separator. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
	uint32_t c = n ? s[0] & (0x7fu >> n) : 0;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	bool overlong = (n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff));
	bool hidden = c < 0xa0 || (c >= 0xd800 && c < 0xe000) || c == 0x2028 || c == 0x2029 || (c >= 0x200e && c <= 0x200f) ||
		(c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
	return overlong || hidden ? 0 : n;
}

static void put_hex(struct line *l, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char out[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	put(l, out, sizeof out);
}

static void put_quoted(struct line *l, const unsigned char *s, size_t len)
{
	put(l, "\"", 1);
	for (size_t i = 0; i < len;) {
		size_t n = s[i] >= 0x20 && s[i] < 0x7f ? 1 : utf8_len(s + i, len - i);
		if (s[i] == '"' || s[i] == '\\')
			put(l, "\\", 1);
		if (n)
			put(l, (const char *)s + i, n);
		else if (s[i] == '\n')
			put(l, "\\n", 2);
		else
			put_hex(l, s[i]);
		i += n ? n : 1;
	}
	put(l, "\"", 1);
}

static void put_value(struct line *l, const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	bool cut = len > LOG_VALUE_MAX;
	bool plain = len > 0;

	if (cut) {
		len = LOG_VALUE_MAX;
		while (len > LOG_VALUE_MAX - 4 && (s[len] & 0xc0) == 0x80)      /* not inside a character */
			len--;
	}
	for (size_t i = 0; i < len && plain; i++)
		plain = is_plain(s[i]);
	if (plain)
		put(l, value, len);
	else
		put_quoted(l, s, len);
	if (cut)
		put_str(l, "\xe2\x80\xa6");
}

size_t log_format(char *line, size_t room, uint64_t unix_us, enum log_level level, const char *event,
	const struct log_field *fields, size_t count)
{
	if (!room)
		return 0;
	struct line l = { line, line + room - 1 };

	put_stamp(&l, unix_us);
	put(&l, " ", 1);
	put_str(&l, level_names[level & 3]);
	put(&l, " ", 1);
	put_str(&l, event);
	for (size_t i = 0; i < count; i++) {
		const struct log_field *f = &fields[i];
		put(&l, " ", 1);
		put_str(&l, f->key);
		put(&l, "=", 1);
		if (f->kind == LOG_KIND_INT)
			put_int(&l, f->value.i);
		else if (f->kind == LOG_KIND_UINT)
			put_uint(&l, f->value.u, 1);
		else if (f->kind == LOG_KIND_STR)
			put_value(&l, f->value.str, f->len);
	}
	*l.p++ = '\n';
	return (size_t)(l.p - line);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	if (level < least_level)
		return;

	int saved = errno;
	struct timespec now = { 0 };
	clock_gettime(CLOCK_REALTIME, &now);
	char line[LOG_LINE_MAX];
	uint64_t unix_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	size_t len = log_format(line, sizeof line, unix_us, level, event, fields, count);
	/* A line that standard error does not take is lost: nothing may wait for a log. */
	ssize_t written = write(out_fd, line, len);
	(void)written;
	errno = saved;
}

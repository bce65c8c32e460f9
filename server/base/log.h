/**
 * Event lines on standard error: things that happen in a meeting's life, one line each.
 *
 *	log_info("peer.connected", log_str("room", room), log_str("peer", peer), log_int("rtt_us", rtt));
 *	→ 2026-11-23T08:00:01.123456Z info peer.connected room=kV0 peer=p-7Jd rtt_us=812
 *
 * Values with anything but letters, digits and `._:/@+,-` are quoted, with \" \\ \n and \xHH; UTF-8 passes inside the quotes, broken
 * UTF-8 and control characters are escaped, so one event is always one line and nobody can write a line of their own. Long values
 * are cut at 200 bytes (`…`), the line at 1000. One write(2) a line, no allocation, no time zone, no locale: works in the jail.
 *
 * Never give it keys, tokens, passwords, SDP, e-mail addresses or chat. Never call it per packet: that is what counters are for.
 * It is the one place in base that asks for the time (CLOCK_REALTIME, for the stamp alone).
 * Thread: any.
 */
#ifndef HOPKIN_BASE_LOG_H
#define HOPKIN_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_kind { LOG_KIND_NONE, LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_UINT };
enum { LOG_LINE_MAX = 1000, LOG_VALUE_MAX = 200 };      /* bytes */

struct log_field {
	const char *key;
	enum log_kind kind;
	union {
		const char *str;
		int64_t i;
		uint64_t u;
	} value;
	size_t len;             /* of str */
};

struct log_field log_str(const char *key, const char *value);                  /* NULL is written as "" */
struct log_field log_strn(const char *key, const char *value, size_t len);
struct log_field log_int(const char *key, int64_t value);
struct log_field log_uint(const char *key, uint64_t value);
struct log_field log_bool(const char *key, bool value);
/** `key=ECONNRESET`-like for common errors, else the number; `error` is positive or negative errno. */
struct log_field log_errno(const char *key, int error);

/** Set once, before threads: lines below `level` are not written (default: info), `fd` is where they go (default: 2). */
void log_set_level(enum log_level level);
void log_set_fd(int fd);
/** "debug", "info", "warn", "error" → level; false for anything else. */
bool log_level_from_name(enum log_level *out, const char *name);

/** Fields after the first; `log_info` and its sisters build the array. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count);

/** The line without writing it: for tests and for whoever keeps lines elsewhere. Ends in \n, not in \0; returns its bytes (≤ room). */
size_t log_format(char *line, size_t room, uint64_t unix_us, enum log_level level, const char *event,
	const struct log_field *fields, size_t count);

#define LOG_FIELDS_(...) (const struct log_field[]){ { 0 }, __VA_ARGS__ }
#define LOG_AT_(level, event, ...) log_event((level), (event), LOG_FIELDS_(__VA_ARGS__) + 1, \
	sizeof(LOG_FIELDS_(__VA_ARGS__)) / sizeof(struct log_field) - 1)
#define log_debug(event, ...) LOG_AT_(LOG_LEVEL_DEBUG, (event), __VA_ARGS__)
#define log_info(event, ...) LOG_AT_(LOG_LEVEL_INFO, (event), __VA_ARGS__)
#define log_warn(event, ...) LOG_AT_(LOG_LEVEL_WARN, (event), __VA_ARGS__)
#define log_error(event, ...) LOG_AT_(LOG_LEVEL_ERROR, (event), __VA_ARGS__)

#endif

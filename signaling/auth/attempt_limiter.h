/**
 * Slows the guessing of passwords: per (subject, address), per address, and per subject.
 *
 * An attempt is charged when it begins and given back when the password was right, so a hundred guesses at once count as
 * a hundred. Memory is fixed: keys share cells of a keyed table, so a flood of new keys can only make it stricter, never
 * looser. An attacker cannot lock a subject for others: the subject's own rate does not hold back a pair that has not failed yet, and a pair
 * that has logged in before is free of the rates of address and subject.
 *
 * An address is a whole IPv4 address or an IPv6 /64. A subject is an account's name or a room's id, known or not.
 * Pure: bytes and `now` in, a verdict out. Thread: one.
 */
#ifndef HOPKIN_AUTH_ATTEMPT_LIMITER_H
#define HOPKIN_AUTH_ATTEMPT_LIMITER_H

#include <stdint.h>

struct attempt_limiter;

struct attempt_limits {
	uint32_t free_failures;         /* of a pair, before it has to wait */
	uint32_t longest_wait_s;        /* of a pair; the wait doubles from one second */
	uint32_t address_burst;         /* failures of one address before its rate holds */
	uint32_t address_per_minute;
	uint32_t subject_burst;         /* failures on one subject, from anywhere, before its rate holds */
	uint32_t subject_per_minute;
};

extern const struct attempt_limits attempt_limits_login;
extern const struct attempt_limits attempt_limits_room;

/** An address as the limiter sees it. */
struct client_address {
	uint8_t ip[16];                 /* IPv4 v4-mapped (::ffff:a.b.c.d) */
};

int attempt_limiter_create(struct attempt_limiter **out, const struct attempt_limits *limits);
void attempt_limiter_destroy(struct attempt_limiter *limiter);

/**
 * Begin an attempt and charge it.
 * @return 0: go on, and call `attempt_limiter_passed` if the password was right; else the seconds to wait, nothing charged
 */
uint32_t attempt_limiter_begin(struct attempt_limiter *limiter, const char *subject, const struct client_address *from,
	int64_t now_us);

/** Only the question: how long would an attempt have to wait? Charges nothing. */
uint32_t attempt_limiter_wait(const struct attempt_limiter *limiter, const char *subject,
	const struct client_address *from, int64_t now_us);

/** The attempt was right: the pair is clean and known, and the charge is given back. */
void attempt_limiter_passed(struct attempt_limiter *limiter, const char *subject, const struct client_address *from,
	int64_t now_us);

/** The attempt was not decided (too busy): the charge is given back. */
void attempt_limiter_undo(struct attempt_limiter *limiter, const char *subject, const struct client_address *from,
	int64_t now_us);

#endif

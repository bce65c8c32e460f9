/**
 * The test harness: every check prints one TAP-like line, which tests/run counts.
 *
 * A program is a list of `check(name, condition)` and ends with `return check_done();`. A condition that does not hold
 * prints `not ok NAME (FILE:LINE)` and the program goes on, so that one run shows all that is broken.
 */
#ifndef HOPKIN_TESTS_CHECK_H
#define HOPKIN_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static int check_failures;

static inline bool check_at(const char *name, bool holds, const char *file, int line)
{
	if (holds) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s (%s:%d)\n", name, file, line);
		check_failures++;
	}
	fflush(stdout);
	return holds;
}

#define check(name, condition) check_at((name), (condition), __FILE__, __LINE__)

static inline int check_done(void)
{
	return check_failures ? 1 : 0;
}

#endif

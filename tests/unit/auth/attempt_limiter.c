/* The limiter in virtual time: slows one who guesses, never locks others out, never fails open. */
#include <arpa/inet.h>

#include "attempt_limiter.h"
#include "check.h"

#define S INT64_C(1000000)

static struct client_address at(const char *text)
{
	struct client_address a = { .ip = { 0 } };
	if (inet_pton(AF_INET, text, a.ip + 12) == 1)
		a.ip[10] = a.ip[11] = 0xff;
	else
		inet_pton(AF_INET6, text, a.ip);
	return a;
}

static struct client_address numbered(uint32_t n)
{
	struct client_address a = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 10 } };
	a.ip[13] = (uint8_t)(n >> 16);
	a.ip[14] = (uint8_t)(n >> 8);
	a.ip[15] = (uint8_t)n;
	return a;
}

/* Wrong attempts as fast as allowed until `until`; how many were let through. */
static unsigned guess(struct attempt_limiter *l, const char *subject, const struct client_address *from, int64_t *now, int64_t until)
{
	unsigned tries = 0;
	while (*now < until) {
		uint32_t wait = attempt_limiter_begin(l, subject, from, *now);
		if (wait)
			*now += wait * S;
		else
			tries++;
	}
	return tries;
}

static void a_pair(void)
{
	struct attempt_limiter *l;
	struct client_address a = at("192.0.2.1"), b = at("192.0.2.2");
	int64_t now = 100 * S;
	attempt_limiter_create(&l, &attempt_limits_login);

	bool five = true;
	for (int i = 0; i < 5; i++)
		five &= attempt_limiter_begin(l, "lan", &a, now) == 0;
	check("five failures are free", five);
	check("the sixth waits a second", attempt_limiter_begin(l, "lan", &a, now) == 1);
	check("asking charges nothing", attempt_limiter_wait(l, "lan", &a, now) == 1 && attempt_limiter_wait(l, "lan", &a, now) == 1);
	check("another address is not held", attempt_limiter_begin(l, "lan", &b, now) == 0);
	check("another account is not held", attempt_limiter_begin(l, "hoa", &a, now) == 0);
	now += S;
	check("after the second it goes on", attempt_limiter_begin(l, "lan", &a, now) == 0);
	check("then two", attempt_limiter_begin(l, "lan", &a, now) == 2);
	now += 2 * S;
	attempt_limiter_begin(l, "lan", &a, now);
	check("then four", attempt_limiter_wait(l, "lan", &a, now) == 4);

	int64_t day = now + 86400 * S;
	unsigned tries = guess(l, "lan", &a, &now, day);
	check("in a day one address tries an account fewer than 250 times", tries < 250);
	check("the wait never exceeds its limit", attempt_limiter_wait(l, "lan", &a, now) <= 900);
	now += 900 * S;
	check("even then its turn comes", attempt_limiter_begin(l, "lan", &a, now) == 0);
	attempt_limiter_passed(l, "lan", &a, now);
	check("the right password clears it", attempt_limiter_begin(l, "lan", &a, now) == 0);
	check("a clock that goes back forgives nothing", (guess(l, "tu", &a, &now, now + 60 * S), attempt_limiter_wait(l, "tu", &a, now - 3600 * S) > 0));
	attempt_limiter_destroy(l);
}

static void at_once(void)
{
	struct attempt_limiter *l;
	struct client_address a = at("192.0.2.1");
	unsigned through = 0;
	attempt_limiter_create(&l, &attempt_limits_login);
	for (int i = 0; i < 100; i++)
		through += attempt_limiter_begin(l, "lan", &a, S) == 0;
	check("a hundred at once count as a hundred", through == 5);
	attempt_limiter_undo(l, "lan", &a, S);
	check("what was not decided is given back", attempt_limiter_begin(l, "lan", &a, S) == 0);
	attempt_limiter_destroy(l);
}

static void an_address(void)
{
	struct attempt_limiter *l;
	struct client_address a = at("2001:db8::1"), same = at("2001:db8::2:3:4:5"), other = at("2001:db8:0:1::1");
	unsigned through = 0;
	char name[16];
	attempt_limiter_create(&l, &attempt_limits_login);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "n%d", i);
		through += attempt_limiter_begin(l, name, i % 2 ? &a : &same, S) == 0;
	}
	check("one address tries 50 names, then waits; a /64 is one address", through == 50);
	check("the next /64 does not", attempt_limiter_begin(l, "n1", &other, S) == 0);
	int64_t now = S;
	unsigned hour = 0;
	for (int i = 0; now < 3601 * S; i++) {
		snprintf(name, sizeof name, "m%d", i);
		uint32_t wait = attempt_limiter_begin(l, name, &a, now);
		if (wait)
			now += wait * S;
		else
			hour++;
	}
	check("then 30 a minute", hour > 1500 && hour < 1900);
	attempt_limiter_destroy(l);
}

/* A botnet against one account: its owner still comes in. */
static void a_subject(void)
{
	struct attempt_limiter *l;
	struct client_address home = at("198.51.100.7"), fresh = at("198.51.100.8");
	int64_t now = S;
	attempt_limiter_create(&l, &attempt_limits_login);
	attempt_limiter_begin(l, "lan", &home, now);
	attempt_limiter_passed(l, "lan", &home, now);

	unsigned second = 0;
	for (uint32_t i = 0; i < 2000; i++) {
		struct client_address a = numbered(i);
		attempt_limiter_begin(l, "lan", &a, now);
		second += attempt_limiter_begin(l, "lan", &a, now) == 0;
	}
	check("from many addresses, each has one guess and then shares a slow rate", second < 100);
	check("the owner's own address is not held", attempt_limiter_begin(l, "lan", &home, now) == 0);
	check("nor the first attempt of a new one", attempt_limiter_begin(l, "lan", &fresh, now) == 0);
	attempt_limiter_destroy(l);
}

/* A flood of keys into a table of fixed size: it may become stricter, but forgets nobody who is being slowed. */
static void a_flood(void)
{
	struct attempt_limiter *l;
	struct client_address a = at("192.0.2.1");
	int64_t now = S;
	attempt_limiter_create(&l, &attempt_limits_login);
	guess(l, "lan", &a, &now, now + 600 * S);
	attempt_limiter_begin(l, "lan", &a, now);
	uint32_t before = attempt_limiter_wait(l, "lan", &a, now);
	char name[16];
	for (uint32_t i = 0; i < 200000; i++) {
		struct client_address from = numbered(i);
		snprintf(name, sizeof name, "x%u", i);
		attempt_limiter_begin(l, name, &from, now);
		if (i % 3 == 0)
			attempt_limiter_passed(l, name, &from, now);
	}
	check("200000 other keys do not wash a slowed one away", before > 60 && attempt_limiter_wait(l, "lan", &a, now) >= before);
	attempt_limiter_destroy(l);
}

int main(void)
{
	a_pair();
	at_once();
	an_address();
	a_subject();
	a_flood();
	return check_done();
}

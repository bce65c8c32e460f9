/** What tests of things kept through the store share: the inbox by which answers come, and waiting for one. Each test has its own. */
#ifndef HOPKIN_TESTS_STORE_TURNS_H
#define HOPKIN_TESTS_STORE_TURNS_H

#include <poll.h>
#include <stdbool.h>

#include "inbox.h"
#include "rooms.h"

static struct inbox *inbox;
static enum rooms_result result;        /* of the newest answer */
static bool answered;

static void turn(void)
{
	struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
	if (poll(&p, 1, 100) > 0)
		inbox_drain(inbox);
}

static enum rooms_result wait_done(void)
{
	for (int i = 0; i < 100 && !answered; i++)
		turn();
	answered = false;
	return result;
}

#endif

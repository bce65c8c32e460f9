/* The browser cookie, and whom a removal keeps out: the removed, whoever may be them, and nobody else behind their address. */
#include "removal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "browser.h"

#define OFFICE "192.0.2.7"
#define HOME "192.0.2.99"
#define MOMENT INT64_C(1790000000)

static struct live live;
static struct meeting meeting = { .live = &live };
static char theirs[LIVE_BROWSER_ROOM], older[LIVE_BROWSER_ROOM], newer[LIVE_BROWSER_ROOM], foreign[LIVE_BROWSER_ROOM];

static struct live_who who_is(int64_t account, const char *address, const char *browser)
{
	struct live_who who = { .account = account };
	strcpy(who.address, address);
	strcpy(who.browser, browser);
	return who;
}

static void remove_one(int64_t account, const char *address, const char *browser)
{
	struct live_who who = who_is(account, address, browser);
	struct removal_marks marks;

	free(meeting.removals);
	meeting.removals = NULL;
	meeting.removal_count = 0;
	removal_marks(&marks, &live, &who);
	check("removal: is kept", removal_add(&meeting, &marks, MOMENT) && removal_add(&meeting, &marks, MOMENT + 50));
}

static const struct { const char *name; int64_t account; const char *address, *browser; bool out; } after_guest[] = {
	{ "the same browser", 0, OFFICE, theirs, true },
	{ "the same browser from elsewhere", 0, HOME, theirs, true },
	{ "a browser from there that came after (a private window)", 0, OFFICE, newer, true },
	{ "no browser, from there", 0, OFFICE, "", true },
	{ "a made-up cookie, from there", 0, OFFICE, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true },
	{ "another server's cookie, from there", 0, OFFICE, foreign, true },
	{ "a neighbour who was known before", 0, OFFICE, older, false },
	{ "a new browser elsewhere", 0, HOME, newer, false },
	{ "no browser, elsewhere", 0, HOME, "", false },
	{ "an account, from there", 8, OFFICE, newer, false },
}, after_plain[] = {
	{ "again without a cookie", 0, OFFICE, "", true },
	{ "a neighbour who was known before", 0, OFFICE, older, false },
	{ "a browser that came after", 0, OFFICE, newer, true },
}, after_account[] = {
	{ "the account, from anywhere", 8, HOME, older, true },
	{ "another account at their desk", 9, OFFICE, theirs, false },
	{ "a guest at their address", 0, OFFICE, newer, false },
};

#define TABLE(rows) \
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) { \
		struct live_who who = who_is(rows[i].account, rows[i].address, rows[i].browser); \
		check(rows[i].name, removal_applies(&meeting, &who) == rows[i].out); \
	}

static void cookies(void)
{
	struct browser browser;
	bool changed = false;

	check("browser: is read back", browser_read(&browser, theirs, live.config.seal_key) && browser.since_s == MOMENT - 10);
	for (size_t i = 0; i < strlen(theirs); i++) {
		char text[LIVE_BROWSER_ROOM];
		strcpy(text, theirs);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		changed |= i + 1 < strlen(theirs) && browser_read(&browser, text, live.config.seal_key);
		text[i] = '\0';
		changed |= browser_read(&browser, text, live.config.seal_key);
	}
	check("browser: changed or cut anywhere, it is none", !changed);
	check("browser: no two alike", strcmp(theirs, older) != 0);
}

static void kept_through_a_restart(void)
{
	struct meeting again = { .live = &live };
	struct live_who neighbour = who_is(0, OFFICE, older), back = who_is(0, OFFICE, newer);

	for (uint32_t i = 0; i < meeting.removal_count; i++)
		removal_restore(&again, &meeting.removals[i]);
	check("removal: the same after a restart", removal_applies(&again, &back) && !removal_applies(&again, &neighbour));
	free(again.removals);
}

/* It shares its address with the people of the room it stands in. */
static void a_device(void)
{
	struct live_who device = who_is(0, OFFICE, ""), guest = who_is(0, OFFICE, newer), other = device;

	device.kind = other.kind = LIVE_PUBLISHER;
	device.session[0] = 1;
	other.session[0] = 2;
	struct removal_marks marks;
	free(meeting.removals);
	meeting.removals = NULL;
	meeting.removal_count = 0;
	removal_marks(&marks, &live, &device);
	removal_add(&meeting, &marks, MOMENT);
	check("a device is kept out by its token", removal_applies(&meeting, &device));
	check("another device and a guest there are not", !removal_applies(&meeting, &other) && !removal_applies(&meeting, &guest));
}

int main(void)
{
	uint8_t other[LIVE_SEAL_KEY_BYTES] = { 3 };
	if (sodium_init() < 0)
		return 1;
	live.config.seal_key[0] = 7;
	browser_make(theirs, live.config.seal_key, MOMENT - 10);
	browser_make(older, live.config.seal_key, MOMENT - 10);
	browser_make(newer, live.config.seal_key, MOMENT);
	browser_make(foreign, other, MOMENT - 10);
	cookies();
	struct live_who anyone = who_is(0, OFFICE, newer);
	check("removal: nobody is kept out before", !removal_applies(&meeting, &anyone));
	remove_one(0, OFFICE, theirs);
	TABLE(after_guest)
	kept_through_a_restart();
	remove_one(0, OFFICE, "");
	TABLE(after_plain)
	remove_one(8, OFFICE, theirs);
	TABLE(after_account)
	a_device();
	free(meeting.removals);
	return check_done();
}

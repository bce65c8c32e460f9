#include "removal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browser.h"

#define ALWAYS INT64_MIN

static void mark(uint8_t out[LIVE_MARK], const struct live *live, const char *kind, const void *bytes, size_t len)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	crypto_generichash_state s;

	crypto_generichash_init(&s, live->config.seal_key, LIVE_SEAL_KEY_BYTES, sizeof hash);
	crypto_generichash_update(&s, (const uint8_t *)kind, strlen(kind) + 1);
	crypto_generichash_update(&s, bytes, len);
	crypto_generichash_final(&s, hash, sizeof hash);
	memcpy(out, hash, LIVE_MARK);
}

static bool none(const uint8_t m[LIVE_MARK])
{
	return sodium_is_zero(m, LIVE_MARK);
}

void removal_marks(struct removal_marks *out, const struct live *live, const struct live_who *who)
{
	struct browser browser;

	memset(out, 0, sizeof *out);
	if (who->kind != LIVE_PERSON) {
		mark(out->person, live, "token", who->session, sizeof who->session);
		return;
	}
	if (who->account) {
		mark(out->person, live, "account", &who->account, sizeof who->account);
		return;
	}
	if (browser_read(&browser, who->browser, live->config.seal_key))
		mark(out->person, live, "browser", browser.id, sizeof browser.id);
	mark(out->address, live, "address", who->address, strlen(who->address));
}

/* Since when this mark is kept out; INT64_MAX: it is not. */
static int64_t kept_out_since(const struct meeting *meeting, const uint8_t m[LIVE_MARK])
{
	int64_t since_s = INT64_MAX;

	for (uint32_t i = 0; i < meeting->removal_count; i++)
		if (!memcmp(meeting->removals[i].mark, m, LIVE_MARK) && meeting->removals[i].from_s < since_s)
			since_s = meeting->removals[i].from_s;
	return since_s;
}

bool removal_applies(const struct meeting *meeting, const struct live_who *who)
{
	struct removal_marks marks;
	struct browser browser;

	if (!meeting->removal_count)
		return false;
	removal_marks(&marks, meeting->live, who);
	if (!none(marks.person) && kept_out_since(meeting, marks.person) != INT64_MAX)
		return true;
	int64_t since_s = none(marks.address) ? INT64_MAX : kept_out_since(meeting, marks.address);
	return since_s != INT64_MAX && (!browser_read(&browser, who->browser, meeting->live->config.seal_key) || browser.since_s >= since_s);
}

bool removal_restore(struct meeting *meeting, const struct removal *removal)
{
	if (kept_out_since(meeting, removal->mark) <= removal->from_s)
		return true;
	struct removal *more = realloc(meeting->removals, (meeting->removal_count + 1) * sizeof *more);
	if (!more)
		return false;
	meeting->removals = more;
	more[meeting->removal_count++] = *removal;
	return true;
}

static bool add(struct meeting *meeting, const uint8_t m[LIVE_MARK], int64_t from_s)
{
	struct removal removal = { .from_s = from_s };

	memcpy(removal.mark, m, LIVE_MARK);
	return none(m) || removal_restore(meeting, &removal);
}

bool removal_add(struct meeting *meeting, const struct removal_marks *marks, int64_t now_s)
{
	uint32_t before = meeting->removal_count;

	if (add(meeting, marks->person, ALWAYS) && add(meeting, marks->address, now_s))
		return true;
	meeting->removal_count = before;
	return false;
}

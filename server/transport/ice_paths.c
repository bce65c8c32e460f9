#include <assert.h>
#include <openssl/crypto.h>

#include "ice_internal.h"

struct known *ice_known_find(const struct ice *ice, const struct path *path)
{
	for (unsigned i = 0; i < ICE_PATHS; i++)
		if (ice->known[i].used && path_equal(&ice->known[i].path, path))
			return (struct known *)(uintptr_t)&ice->known[i];
	return NULL;
}

bool ice_is_selected(const struct ice *ice, const struct known *k)
{
	return ice->selected >= 0 && k == &ice->known[ice->selected];
}

bool ice_consent_fresh(const struct known *k, int64_t now_us)
{
	return k->answered && now_us - k->answer_us < CONSENT_TIMEOUT_US;
}

const struct generation *ice_generation_get(const struct ice *ice, uint32_t number)
{
	if (number == ice->current.number)
		return &ice->current;
	return number && number == ice->old.number ? &ice->old : NULL;
}

void ice_path_remove(struct ice *ice, struct known *k, struct ice_out *out)
{
	if (ice_is_selected(ice, k)) {
		ice->selected = -1;
		out->changes |= ICE_SELECTED;
	}
	out->removed = k->path;
	out->changes |= ICE_PATH_REMOVED;
	*k = (struct known){ 0 };
}

/* A free place, or that of the path that has been silent longest; never the selected or the newest nominated one. */
static struct known *place(struct ice *ice, struct ice_out *out)
{
	struct known *longest = NULL;
	for (unsigned i = 0; i < ICE_PATHS; i++) {
		struct known *k = &ice->known[i];
		if (!k->used)
			return k;
		if (ice_is_selected(ice, k) || (k->nominated && k->nominated == ice->nominations))
			continue;
		if (!longest || k->heard_us < longest->heard_us)
			longest = k;
	}
	assert(longest);
	ice_path_remove(ice, longest, out);
	return longest;
}

struct known *ice_path_validate(struct ice *ice, const struct path *path, uint32_t generation, int64_t now_us, struct ice_out *out)
{
	struct known *k = ice_known_find(ice, path);
	if (!k) {
		k = place(ice, out);
		*k = (struct known){ .used = true, .generation = generation, .path = *path,
			.answer_us = INT64_MIN, .sent_us = INT64_MIN, .next_us = INT64_MAX };
		out->added = *path;
		out->changes |= ICE_PATH_ADDED;
	}
	if (generation > k->generation) {       /* a restart on the same addresses: it has yet to answer under the new credentials */
		k->generation = generation;
		k->tries = 0;
		if (!ice_is_selected(ice, k))
			k->answered = 0;
	}
	k->heard_us = now_us;
	return k;
}

static void restart_done(struct ice *ice, struct ice_out *out)
{
	OPENSSL_cleanse(&ice->old, sizeof ice->old);
	for (unsigned i = 0; i < ICE_PATHS; i++)
		if (ice->known[i].used && ice->known[i].generation != ice->current.number)
			ice->known[i].nominated = 0;
	out->changes |= ICE_RESTART_DONE;
}

/* Media goes where the newest nomination says, if that path has answered us. A restart is done when it has under the new credentials. */
void ice_reselect(struct ice *ice, int64_t now_us, struct ice_out *out)
{
	int best = -1;
	for (int i = 0; i < ICE_PATHS; i++) {
		const struct known *k = &ice->known[i];
		if (k->used && k->nominated && ice_consent_fresh(k, now_us) && (best < 0 || k->nominated > ice->known[best].nominated))
			best = i;
	}
	if (best != ice->selected) {
		ice->selected = best;
		out->changes |= ICE_SELECTED;
		if (best >= 0)
			ice->known[best].next_us = now_us + ice_consent_interval(ice);
	}
	if (best >= 0 && ice->old.number && ice->known[best].answered == ice->current.number)
		restart_done(ice, out);
}

void ice_nominate(struct ice *ice, struct known *k, const uint32_t *value)
{
	if (k->generation != ice->current.number && ice->nominations > 0 && ice->selected >= 0 &&
			ice->known[ice->selected].generation == ice->current.number)
		return;         /* an old generation's check, late on its way */
	if (value) {            /* draft-thatcher-ice-renomination: a lower value is an older nomination that came late */
		if (*value < ice->nomination_value)
			return;
		ice->nomination_value = *value;
	}
	if (!k->nominated || k->nominated != ice->nominations)
		k->nominated = ++ice->nominations;
}

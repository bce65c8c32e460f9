#include "ice.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <stun/usages/ice.h>

#include "ice_internal.h"

/* -- set-up ----------------------------------------------------------------------------------------------------------- */

int ice_stun_create(struct ice_stun **out)
{
	/* comprehension-required attributes that are understood; anything else below 0x8000 is answered 420 */
	static const uint16_t known[] = { STUN_ATTRIBUTE_MAPPED_ADDRESS, STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
		STUN_ATTRIBUTE_ERROR_CODE, STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
		STUN_ATTRIBUTE_PRIORITY, STUN_ATTRIBUTE_USE_CANDIDATE, 0 };
	struct ice_stun *stun = calloc(1, sizeof *stun);
	if (!stun)
		return -ENOMEM;
	stun_agent_init(&stun->agent, known, STUN_COMPATIBILITY_RFC5389,
		STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
	*out = stun;
	return 0;
}

void ice_stun_destroy(struct ice_stun *stun)
{
	free(stun);
}

/* RFC 8839 §5.4: ice-char is a letter, a digit, '+' or '/'. */
static bool copy_ice_chars(char *to, const char *from, size_t most)
{
	size_t len = from ? strnlen(from, most + 1) : 0;
	if (!len || len > most)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = from[i], lower = (char)(c | 0x20);
		if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z') && c != '+' && c != '/')
			return false;
	}
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

static bool generation_set(struct generation *g, const struct ice_credentials *c)
{
	return copy_ice_chars(g->local_ufrag, c->local_ufrag, ICE_UFRAG_MAX) && copy_ice_chars(g->local_pwd, c->local_pwd, ICE_PWD_MAX) &&
		copy_ice_chars(g->remote_ufrag, c->remote_ufrag, ICE_UFRAG_MAX) &&
		copy_ice_chars(g->remote_pwd, c->remote_pwd, ICE_PWD_MAX);
}

uint64_t ice_random_next(struct ice *ice)
{
	/* splitmix64: only spreads timers and breaks ties */
	uint64_t z = ice->random += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

int ice_create(struct ice **out, const struct ice_credentials *credentials, uint64_t seed, int64_t now_us)
{
	struct ice *ice = calloc(1, sizeof *ice);
	if (!ice)
		return -ENOMEM;
	if (!generation_set(&ice->current, credentials)) {
		ice_destroy(ice);
		return -EINVAL;
	}
	ice->current.number = ice->generations = 1;
	ice->selected = -1;
	ice->heard_us = ice->rtt_us = -1;
	ice->random = seed;
	ice->tie = ice_random_next(ice);
	*out = ice;
	return 0;
}

void ice_destroy(struct ice *ice)
{
	if (!ice)
		return;
	OPENSSL_cleanse(ice, sizeof *ice);
	free(ice);
}

int ice_restart(struct ice *ice, const struct ice_credentials *credentials, int64_t now_us)
{
	struct generation fresh = { 0 };
	if (!generation_set(&fresh, credentials))
		return -EINVAL;
	/* A second restart before the first was done: the generation that carries media stays, the one between is gone. */
	if (!ice->old.number)
		ice->old = ice->current;
	for (unsigned i = 0; i < ICE_PATHS; i++) {
		struct known *k = &ice->known[i];
		if (k->generation == ice->current.number)
			k->generation = ice->old.number;
		if (k->answered == ice->current.number)
			k->answered = i == (unsigned)ice->selected ? ice->old.number : 0;
	}
	fresh.number = ++ice->generations;
	ice->current = fresh;
	ice->nomination_value = 0;
	OPENSSL_cleanse(&fresh, sizeof fresh);
	return 0;
}

/* -- what is known ---------------------------------------------------------------------------------------------------- */

const struct path *ice_selected(const struct ice *ice)
{
	return ice->selected < 0 ? NULL : &ice->known[ice->selected].path;
}

bool ice_validated(const struct ice *ice, const struct path *path)
{
	return ice_known_find(ice, path);
}

int64_t ice_rtt_us(const struct ice *ice)
{
	return ice->rtt_us;
}

int64_t ice_last_heard_us(const struct ice *ice)
{
	return ice->heard_us;
}

const char *ice_local_ufrag(const struct ice *ice)
{
	return ice->current.local_ufrag;
}

const char *ice_old_local_ufrag(const struct ice *ice)
{
	return ice->old.number ? ice->old.local_ufrag : NULL;
}

/* -- events in -------------------------------------------------------------------------------------------------------- */

void ice_note_heard(struct ice *ice, int64_t now_us, struct ice_out *out)
{
	if (ice_heard(ice, now_us))
		out->changes |= ICE_RESUMED;
}

struct asked {
	struct ice *ice;
	uint32_t generation;                    /* whose password was given; 0: none */
};

/* The StunAgent asks for the password of a USERNAME, "ours:theirs". */
static bool give_password(StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t len, uint8_t **password,
		size_t *password_len, void *data)
{
	struct asked *asked = data;
	struct generation *candidates[] = { &asked->ice->current, &asked->ice->old };
	for (unsigned i = 0; i < 2; i++) {
		struct generation *g = candidates[i];
		size_t local = strlen(g->local_ufrag), remote = strlen(g->remote_ufrag);
		if (!g->number || len != local + 1 + remote || memcmp(username, g->local_ufrag, local) || username[local] != ':' ||
				memcmp(username + local + 1, g->remote_ufrag, remote))
			continue;
		asked->generation = g->number;
		*password = (uint8_t *)g->local_pwd;
		*password_len = strlen(g->local_pwd);
		return true;
	}
	return false;
}

static enum ice_verdict on_request(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	struct asked asked = { .ice = ice };
	StunMessage request;
	enum ice_verdict verdict = ice_verdict_of(stun_agent_validate(&stun->agent, &request, bytes, len, give_password, &asked));
	if (verdict == ICE_OK && !request.key)
		verdict = ICE_FORGED;
	if (verdict == ICE_UNKNOWN_ATTRIBUTE && asked.generation)
		ice_answer_unknown_attributes(stun, &request, from, out);
	if (verdict != ICE_OK)
		return verdict;
	if (stun_message_has_attribute(&request, STUN_ATTRIBUTE_ICE_CONTROLLED)) {
		/* We are lite, so always the controlled side, whatever the tie-breakers say (RFC 8445 §6.1.1). */
		ice_answer_role_conflict(stun, &request, from, out);
		return ICE_ROLE_CONFLICT;
	}

	struct known *k = ice_path_validate(ice, from, asked.generation, now_us, out);
	ice_note_heard(ice, now_us, out);
	ice_answer_success(stun, &request, from, out);
	uint32_t value;
	bool renominated = stun_message_find32(&request, STUN_ATTRIBUTE_NOMINATION, &value) == STUN_MESSAGE_RETURN_SUCCESS;
	if (renominated || stun_usage_ice_conncheck_use_candidate(&request))
		ice_nominate(ice, k, renominated ? &value : NULL);
	ice_reselect(ice, now_us, out);
	ice_trigger_check(ice, stun, k, now_us, out);
	return ICE_OK;
}

enum ice_verdict ice_receive(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	ice_out_start(out);
	struct ice_question q;
	if (!ice_peek(&q, bytes, len))
		return ICE_BAD;
	if (q.kind == ICE_REQUEST)
		return on_request(ice, stun, from, bytes, len, now_us, out);
	return ice_on_response(ice, stun, from, bytes, len, now_us, out);
}

bool ice_heard(struct ice *ice, int64_t now_us)
{
	bool was_stalled = ice->stalled;
	ice->heard_us = now_us;
	ice->stalled = ice->dead = false;
	return was_stalled;
}

void ice_prefer(struct ice *ice, struct ice_stun *stun, const struct path *path, int64_t now_us, struct ice_out *out)
{
	ice_out_start(out);
	struct known *k = ice_known_find(ice, path);
	if (!k)
		k = ice_path_validate(ice, path, ice->old.number ? ice->old.number : ice->current.number, now_us, out);
	if (!ice->nominations)
		ice_nominate(ice, k, NULL);
	ice_note_heard(ice, now_us, out);
	ice_reselect(ice, now_us, out);
	ice_trigger_check(ice, stun, k, now_us, out);
}

void ice_follow(struct ice *ice, const struct path *path, int64_t now_us, struct ice_out *out)
{
	ice_out_start(out);
	struct known *k = ice_known_find(ice, path);
	if (k && k->nominated && !ice_is_selected(ice, k) && ice_consent_fresh(k, now_us)) {
		ice_nominate(ice, k, NULL);
		ice_reselect(ice, now_us, out);
	}
}

void ice_path_gone(struct ice *ice, const struct path *path, struct ice_out *out)
{
	ice_out_start(out);
	struct known *k = ice_known_find(ice, path);
	if (k)
		ice_path_remove(ice, k, out);
}

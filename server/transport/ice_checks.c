#include <string.h>
#include <stun/usages/ice.h>

#include "bytes.h"
#include "ice_internal.h"

enum {
	CONSENT_US = 5000000,                   /* RFC 7675 §5.1, spread by ±20 % */
	STALLED_US = 5000000,                   /* server/CONTROL.md, peer.stalled */
	SILENT_US = 2500000,                    /* nothing heard for this long: ask, before stalled is said in vain */
	SILENT_AGAIN_US = 1000000,
	FIRST_RETRY_US = 100000,                /* doubled each time */
	MOST_RETRY_US = 1600000,
	TRIES = 7,                              /* checks of a path that does not answer */
	TRIGGER_AGAIN_US = 500000,              /* a request on a path given up starts over, no sooner than this */
	PATH_IDLE_US = 60000000,                /* an unused path is forgotten */
	STALE_PATH_US = 5000000,                /* one of credentials that are gone: media on its way may still arrive */
	PRIORITY_HOST = 126 << 24 | 65535 << 8 | 255,   /* RFC 8445 §5.1.2.1, a host candidate, component 1 */
	PRIORITY_PEER_REFLEXIVE = 110 << 24 | 65535 << 8 | 255,
};

/* -- ours, out ------------------------------------------------------------------------------------------------------------------ */

int64_t ice_consent_interval(struct ice *ice)
{
	return CONSENT_US * 4 / 5 + (int64_t)(ice_random_next(ice) % (CONSENT_US * 2 / 5));
}

static int64_t after_check(struct ice *ice, const struct known *k, int64_t now_us)
{
	bool selected = ice_is_selected(ice, k);
	if (selected && (k->answered == k->generation || k->tries >= TRIES))
		return now_us + ice_consent_interval(ice);
	if (k->tries >= TRIES)
		return INT64_MAX;
	int64_t wait_us = (int64_t)FIRST_RETRY_US << (k->tries - 1);
	return now_us + (wait_us < MOST_RETRY_US ? wait_us : MOST_RETRY_US);
}

/* Ask whoever is at this path to prove it: a binding request signed with the peer's own password. */
static void send_check(struct ice *ice, struct ice_stun *stun, struct known *k, int64_t now_us, struct ice_out *out)
{
	const struct generation *g = ice_generation_get(ice, k->generation);
	struct ice_message *m = g ? ice_out_next(out, &k->path) : NULL;
	if (!g)
		k->next_us = INT64_MAX;
	if (!m)
		return;         /* no room in this call: due at once in the next */

	uint8_t username[2 * ICE_UFRAG_MAX + 1];
	struct wr w = wr_to(username, sizeof username);
	wr_bytes(&w, g->remote_ufrag, strlen(g->remote_ufrag));
	wr_u8(&w, ':');
	wr_bytes(&w, g->local_ufrag, strlen(g->local_ufrag));
	StunMessage msg;
	size_t len = stun_usage_ice_conncheck_create(&stun->agent, &msg, m->bytes, sizeof m->bytes, username, (size_t)(w.p - username),
		(const uint8_t *)g->remote_pwd, strlen(g->remote_pwd), false, false,
		k->path.kind == PATH_TCP ? PRIORITY_PEER_REFLEXIVE : PRIORITY_HOST, ice->tie, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
	k->sent_us = now_us;
	if (k->tries < UINT8_MAX)
		k->tries++;
	k->next_us = after_check(ice, k, now_us);
	if (!len)
		return;
	struct transaction *t = &k->transaction[k->next_transaction++ % TRANSACTIONS];
	*t = (struct transaction){ .open = true, .generation = g->number, .sent_us = now_us };
	stun_message_id(&msg, t->id);
	stun_agent_forget_transaction(&stun->agent, t->id);     /* remembered here, per path: the agent serves everybody */
	ice_out_sent(out, m, len);
}

/* The peer has just shown itself on this path: ask for proof, unless there is one or we are asking already. */
void ice_trigger_check(struct ice *ice, struct ice_stun *stun, struct known *k, int64_t now_us, struct ice_out *out)
{
	const struct transaction *last = &k->transaction[(uint8_t)(k->next_transaction - 1) % TRANSACTIONS];
	bool asked = k->next_transaction && last->generation == k->generation;
	if (ice_consent_fresh(k, now_us) && (!ice_is_selected(ice, k) || asked))
		return;
	if (asked && (k->next_us != INT64_MAX || now_us - k->sent_us < TRIGGER_AGAIN_US))
		return;
	k->tries = 0;
	send_check(ice, stun, k, now_us, out);
}

/* -- answers ------------------------------------------------------------------------------------------------------------------------ */

static struct transaction *transaction_find(struct known *k, const uint8_t *id)
{
	for (unsigned i = 0; i < TRANSACTIONS; i++)
		if (k->transaction[i].open && memcmp(k->transaction[i].id, id, sizeof k->transaction[i].id) == 0)
			return &k->transaction[i];
	return NULL;
}

enum ice_verdict ice_on_response(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	struct known *k = ice_known_find(ice, from);
	struct transaction *t = k ? transaction_find(k, bytes + 4) : NULL;
	const struct generation *g = t ? ice_generation_get(ice, t->generation) : NULL;
	if (!g)
		return ICE_UNMATCHED;

	/* Tell the agent, for this one call, what was asked and with which key the answer must be signed. */
	StunAgentSavedIds *saved = &stun->agent.sent_ids[0];
	*saved = (StunAgentSavedIds){ .method = STUN_BINDING, .key = (uint8_t *)(uintptr_t)g->remote_pwd,
		.key_len = strlen(g->remote_pwd), .valid = true };
	memcpy(saved->id, t->id, sizeof saved->id);
	StunMessage response;
	enum ice_verdict verdict = ice_verdict_of(stun_agent_validate(&stun->agent, &response, bytes, len, NULL, NULL));
	*saved = (StunAgentSavedIds){ .valid = false };
	if (verdict != ICE_OK)
		return verdict;
	if (stun_message_get_class(&response) != STUN_RESPONSE || !stun_message_has_attribute(&response, STUN_ATTRIBUTE_MESSAGE_INTEGRITY))
		return ICE_BAD;         /* an error proves nothing (some are not even signed): the check stays unanswered */

	t->open = false;
	ice->rtt_us = now_us - t->sent_us;
	k->answer_us = k->heard_us = now_us;
	k->tries = 0;
	out->proven = *from;
	out->changes |= ICE_PATH_PROVEN;
	ice_note_heard(ice, now_us, out);
	if (t->generation == k->generation) {
		k->answered = k->generation;
		k->next_us = ice_is_selected(ice, k) ? now_us + ice_consent_interval(ice) : INT64_MAX;
		ice_reselect(ice, now_us, out);
	}
	return ICE_OK;
}

/* -- timers ------------------------------------------------------------------------------------------------------------------------- */

/* When a check on the selected path is due because nothing is heard: the sooner we know, the sooner the browser is told. */
static int64_t silence_check_us(const struct ice *ice, const struct known *k)
{
	int64_t silent_us = ice->heard_us + SILENT_US, again_us = k->sent_us == INT64_MIN ? silent_us : k->sent_us + SILENT_AGAIN_US;
	return silent_us > again_us ? silent_us : again_us;
}

static int64_t check_due_us(const struct ice *ice, const struct known *k)
{
	if (!ice_is_selected(ice, k))
		return k->next_us;
	int64_t silence_us = silence_check_us(ice, k);
	return silence_us < k->next_us ? silence_us : k->next_us;
}

static int64_t forget_us(const struct ice *ice, const struct known *k)
{
	if (ice_is_selected(ice, k))
		return INT64_MAX;
	if (!ice_generation_get(ice, k->generation))
		return k->heard_us + STALE_PATH_US;
	return k->path.kind == PATH_TCP ? INT64_MAX : k->heard_us + PATH_IDLE_US;       /* a connection's end is told by TCP */
}

static void tick_paths(struct ice *ice, struct ice_stun *stun, int64_t now_us, struct ice_out *out)
{
	for (unsigned i = 0; i < ICE_PATHS; i++) {
		struct known *k = &ice->known[i];
		if (!k->used)
			continue;
		if (k->answered && now_us - k->answer_us >= CONSENT_TIMEOUT_US) {
			k->answered = 0;
			k->tries = 0;
			if (ice_is_selected(ice, k)) {
				ice_reselect(ice, now_us, out);
				k->next_us = INT64_MAX;
			}
		}
		if (check_due_us(ice, k) <= now_us)
			send_check(ice, stun, k, now_us, out);
		if (forget_us(ice, k) <= now_us && !(out->changes & ICE_PATH_REMOVED))
			ice_path_remove(ice, k, out);       /* one a call: `out` has room for one; the next is due at once */
	}
}

void ice_tick(struct ice *ice, struct ice_stun *stun, int64_t now_us, struct ice_out *out)
{
	ice_out_start(out);
	tick_paths(ice, stun, now_us, out);
	if (ice->heard_us < 0)
		return;
	if (!ice->stalled && now_us - ice->heard_us >= STALLED_US) {
		ice->stalled = true;
		out->changes |= ICE_STALLED;
	}
	if (!ice->dead && now_us - ice->heard_us >= CONSENT_TIMEOUT_US) {
		ice->dead = true;
		out->changes |= ICE_DEAD;
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t ice_deadline(const struct ice *ice)
{
	int64_t at = INT64_MAX;
	for (unsigned i = 0; i < ICE_PATHS; i++) {
		const struct known *k = &ice->known[i];
		if (!k->used)
			continue;
		at = sooner(at, sooner(check_due_us(ice, k), forget_us(ice, k)));
		if (k->answered)
			at = sooner(at, k->answer_us + CONSENT_TIMEOUT_US);
	}
	if (ice->heard_us >= 0 && !ice->stalled)
		at = sooner(at, ice->heard_us + STALLED_US);
	if (ice->heard_us >= 0 && !ice->dead)
		at = sooner(at, ice->heard_us + CONSENT_TIMEOUT_US);
	return at;
}

#include "ice.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#include "bytes.h"

enum {
	CONSENT_US = 5000000,                   /* RFC 7675 §5.1, spread by ±20 % */
	CONSENT_TIMEOUT_US = 30000000,          /* 30 s without an answer, RFC 7675 §5.1 */
	STALLED_US = 5000000,                   /* server/CONTROL.md, peer.stalled */
	SILENT_US = 2500000,                    /* nothing heard for this long: ask, before stalled is said in vain */
	SILENT_AGAIN_US = 1000000,
	FIRST_RETRY_US = 100000,                /* doubled each time */
	MOST_RETRY_US = 1600000,
	TRIES = 7,                              /* checks of a path that does not answer */
	TRIGGER_AGAIN_US = 500000,              /* a request on a path given up starts over, no sooner than this */
	PATH_IDLE_US = 60000000,                /* an unused path is forgotten */
	STALE_PATH_US = 5000000,                /* one of credentials that are gone: media on its way may still arrive */
	TRANSACTIONS = 4,                       /* of one path: an answer to the last but three is still taken */
	STUN_HEADER = 20,
	MAGIC_COOKIE = 0x2112A442,
	BINDING_REQUEST = 0x0001,
	BINDING_SUCCESS = 0x0101,
	BINDING_ERROR = 0x0111,
	PRIORITY_HOST = 126 << 24 | 65535 << 8 | 255,   /* RFC 8445 §5.1.2.1, a host candidate, component 1 */
	PRIORITY_PEER_REFLEXIVE = 110 << 24 | 65535 << 8 | 255,
};

struct ice_stun {
	StunAgent agent;
};

/* One set of credentials; a restart makes the next. */
struct generation {
	uint32_t number;                        /* 0: none */
	char local_ufrag[ICE_UFRAG_MAX + 1], local_pwd[ICE_PWD_MAX + 1];
	char remote_ufrag[ICE_UFRAG_MAX + 1], remote_pwd[ICE_PWD_MAX + 1];
};

struct transaction {
	bool open;
	uint32_t generation;
	int64_t sent_us;
	StunTransactionId id;
};

/* A path that the peer has validated by an authenticated request. */
struct known {
	bool used;
	uint8_t tries;                          /* unanswered checks in a row */
	uint8_t next_transaction;
	uint32_t generation;                    /* newest that a request on it was signed under */
	uint32_t answered;                      /* generation of the check of ours that it answered, no more than 30 s ago; 0: none */
	uint64_t nominated;                     /* which nomination it was, counted per peer; 0: none */
	int64_t heard_us;                       /* latest authenticated request or answer */
	int64_t answer_us, sent_us;             /* latest answer and check; INT64_MIN: never */
	int64_t next_us;                        /* next check; INT64_MAX: none is due */
	struct path path;
	struct transaction transaction[TRANSACTIONS];
};

struct ice {
	struct generation current, old;         /* old.number 0: no restart under way */
	uint32_t generations;
	uint64_t nominations;
	uint32_t nomination_value;              /* highest seen in attribute 0xC001, this generation */
	int selected;                           /* index in known, or -1 */
	bool stalled, dead;
	int64_t heard_us;                       /* -1: never */
	int64_t rtt_us;
	uint64_t random, tie;
	struct known known[ICE_PATHS];
};

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

static uint64_t random_next(struct ice *ice)
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
	ice->tie = random_next(ice);
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

static struct known *known_find(const struct ice *ice, const struct path *path)
{
	for (unsigned i = 0; i < ICE_PATHS; i++)
		if (ice->known[i].used && path_equal(&ice->known[i].path, path))
			return (struct known *)(uintptr_t)&ice->known[i];
	return NULL;
}

bool ice_validated(const struct ice *ice, const struct path *path)
{
	return known_find(ice, path);
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

static const struct generation *generation_get(const struct ice *ice, uint32_t number)
{
	if (number == ice->current.number)
		return &ice->current;
	return number && number == ice->old.number ? &ice->old : NULL;
}

static bool is_selected(const struct ice *ice, const struct known *k)
{
	return ice->selected >= 0 && k == &ice->known[ice->selected];
}

static bool consent_fresh(const struct known *k, int64_t now_us)
{
	return k->answered && now_us - k->answer_us < CONSENT_TIMEOUT_US;
}

/* -- a message, before anything is known to be true about it ---------------------------------------------------------- */

static bool find_username(struct ice_question *out, struct rd *r)
{
	while (rd_left(r) >= 4) {
		uint16_t type = rd_u16(r), len = rd_u16(r);
		struct rd value = rd_sub(r, len);
		rd_skip(r, (size_t)(-len & 3));
		if (!r->ok || type == STUN_ATTRIBUTE_MESSAGE_INTEGRITY)
			return false;
		if (type != STUN_ATTRIBUTE_USERNAME)
			continue;
		const uint8_t *colon = memchr(value.p, ':', len);
		if (!colon || colon == value.p || colon - value.p > ICE_UFRAG_MAX)
			return false;
		out->local_ufrag = (const char *)value.p;
		out->local_ufrag_len = (uint16_t)(colon - value.p);
		return true;
	}
	return false;
}

bool ice_peek(struct ice_question *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	uint16_t type = rd_u16(&r), length = rd_u16(&r);
	uint32_t cookie = rd_u32(&r);
	rd_skip(&r, 12);
	if (!r.ok || cookie != MAGIC_COOKIE || length != rd_left(&r) || length % 4)
		return false;
	*out = (struct ice_question){ .kind = type == BINDING_REQUEST ? ICE_REQUEST : ICE_RESPONSE };
	if (type == BINDING_REQUEST)
		return find_username(out, &r);
	return type == BINDING_SUCCESS || type == BINDING_ERROR;
}

/* -- messages out ------------------------------------------------------------------------------------------------------ */

static void out_start(struct ice_out *out)
{
	out->changes = 0;
	out->count = 0;
}

static struct ice_message *out_next(struct ice_out *out, const struct path *to)
{
	if (out->count == ICE_OUT_MAX)
		return NULL;
	struct ice_message *m = &out->message[out->count];
	m->to = *to;
	m->len = 0;
	return m;
}

static void out_sent(struct ice_out *out, struct ice_message *m, size_t len)
{
	m->len = (uint16_t)len;
	out->count += len > 0;
}

static int64_t consent_interval(struct ice *ice)
{
	return CONSENT_US * 4 / 5 + (int64_t)(random_next(ice) % (CONSENT_US * 2 / 5));
}

static int64_t after_check(struct ice *ice, const struct known *k, int64_t now_us)
{
	bool selected = is_selected(ice, k);
	if (selected && (k->answered == k->generation || k->tries >= TRIES))
		return now_us + consent_interval(ice);
	if (k->tries >= TRIES)
		return INT64_MAX;
	int64_t wait_us = (int64_t)FIRST_RETRY_US << (k->tries - 1);
	return now_us + (wait_us < MOST_RETRY_US ? wait_us : MOST_RETRY_US);
}

/* Ask whoever is at this path to prove it: a binding request signed with the peer's own password. */
static void send_check(struct ice *ice, struct ice_stun *stun, struct known *k, int64_t now_us, struct ice_out *out)
{
	const struct generation *g = generation_get(ice, k->generation);
	struct ice_message *m = g ? out_next(out, &k->path) : NULL;
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
	out_sent(out, m, len);
}

/* Of TCP paths the address family is not said; no IPv6 address that a browser has ends in twelve zero bytes. */
static bool path_is_v4(const struct path *path)
{
	static const uint8_t zero[12];
	return path->kind == PATH_UDP4 || (path->kind == PATH_TCP && memcmp(path->ip + 4, zero, sizeof zero) == 0);
}

static socklen_t mapped_address(struct sockaddr_storage *out, const struct path *path)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_mapped = memcmp(path->ip, mapped, sizeof mapped) == 0;
	if (path_is_v4(path) || is_mapped) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(path->port) };
		memcpy(&in.sin_addr, path->ip + (is_mapped ? 12 : 0), 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(path->port) };
	memcpy(&in6.sin6_addr, path->ip, 16);
	memcpy(out, &in6, sizeof in6);
	return sizeof in6;
}

static void answer_success(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = out_next(out, from);
	struct sockaddr_storage address;
	socklen_t address_len = mapped_address(&address, from);
	StunMessage msg;
	if (m && stun_agent_init_response(&stun->agent, &msg, m->bytes, sizeof m->bytes, request) &&
			stun_message_append_xor_addr(&msg, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, address_len) == STUN_MESSAGE_RETURN_SUCCESS)
		out_sent(out, m, stun_agent_finish_message(&stun->agent, &msg, NULL, 0));       /* signed with the request's key */
}

static void answer_role_conflict(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = out_next(out, from);
	StunMessage msg;
	if (m && stun_agent_init_error(&stun->agent, &msg, m->bytes, sizeof m->bytes, request, STUN_ERROR_ROLE_CONFLICT))
		out_sent(out, m, stun_agent_finish_message(&stun->agent, &msg, NULL, 0));
}

static void answer_unknown_attributes(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = out_next(out, from);
	StunMessage msg;
	if (m)
		out_sent(out, m, stun_agent_build_unknown_attributes_error(&stun->agent, &msg, m->bytes, sizeof m->bytes, request));
}

/* -- paths ------------------------------------------------------------------------------------------------------------- */

static void heard(struct ice *ice, int64_t now_us, struct ice_out *out)
{
	if (ice_heard(ice, now_us))
		out->changes |= ICE_RESUMED;
}

static void path_remove(struct ice *ice, struct known *k, struct ice_out *out)
{
	if (is_selected(ice, k)) {
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
		if (is_selected(ice, k) || (k->nominated && k->nominated == ice->nominations))
			continue;
		if (!longest || k->heard_us < longest->heard_us)
			longest = k;
	}
	assert(longest);
	path_remove(ice, longest, out);
	return longest;
}

static struct known *path_validate(struct ice *ice, const struct path *path, uint32_t generation, int64_t now_us, struct ice_out *out)
{
	struct known *k = known_find(ice, path);
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
		if (!is_selected(ice, k))
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
static void reselect(struct ice *ice, int64_t now_us, struct ice_out *out)
{
	int best = -1;
	for (int i = 0; i < ICE_PATHS; i++) {
		const struct known *k = &ice->known[i];
		if (k->used && k->nominated && consent_fresh(k, now_us) && (best < 0 || k->nominated > ice->known[best].nominated))
			best = i;
	}
	if (best != ice->selected) {
		ice->selected = best;
		out->changes |= ICE_SELECTED;
		if (best >= 0)
			ice->known[best].next_us = now_us + consent_interval(ice);
	}
	if (best >= 0 && ice->old.number && ice->known[best].answered == ice->current.number)
		restart_done(ice, out);
}

static void nominate(struct ice *ice, struct known *k, const uint32_t *value)
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

/* The peer has just shown itself on this path: ask for proof, unless there is one or we are asking already. */
static void trigger_check(struct ice *ice, struct ice_stun *stun, struct known *k, int64_t now_us, struct ice_out *out)
{
	const struct transaction *last = &k->transaction[(uint8_t)(k->next_transaction - 1) % TRANSACTIONS];
	bool asked = k->next_transaction && last->generation == k->generation;
	if (consent_fresh(k, now_us) && (!is_selected(ice, k) || asked))
		return;
	if (asked && (k->next_us != INT64_MAX || now_us - k->sent_us < TRIGGER_AGAIN_US))
		return;
	k->tries = 0;
	send_check(ice, stun, k, now_us, out);
}

/* -- events in --------------------------------------------------------------------------------------------------------- */

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

static enum ice_verdict verdict_of(StunValidationStatus status)
{
	switch (status) {
	case STUN_VALIDATION_SUCCESS:
		return ICE_OK;
	case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
		return ICE_UNKNOWN_ATTRIBUTE;
	case STUN_VALIDATION_UNAUTHORIZED:
	case STUN_VALIDATION_UNAUTHORIZED_BAD_REQUEST:
		return ICE_FORGED;
	case STUN_VALIDATION_UNMATCHED_RESPONSE:
		return ICE_UNMATCHED;
	default:
		return ICE_BAD;
	}
}

static enum ice_verdict on_request(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	struct asked asked = { .ice = ice };
	StunMessage request;
	enum ice_verdict verdict = verdict_of(stun_agent_validate(&stun->agent, &request, bytes, len, give_password, &asked));
	if (verdict == ICE_OK && !request.key)
		verdict = ICE_FORGED;
	if (verdict == ICE_UNKNOWN_ATTRIBUTE && asked.generation)
		answer_unknown_attributes(stun, &request, from, out);
	if (verdict != ICE_OK)
		return verdict;
	if (stun_message_has_attribute(&request, STUN_ATTRIBUTE_ICE_CONTROLLED)) {
		/* We are lite, so always the controlled side, whatever the tie-breakers say (RFC 8445 §6.1.1). */
		answer_role_conflict(stun, &request, from, out);
		return ICE_ROLE_CONFLICT;
	}

	struct known *k = path_validate(ice, from, asked.generation, now_us, out);
	heard(ice, now_us, out);
	answer_success(stun, &request, from, out);
	uint32_t value;
	bool renominated = stun_message_find32(&request, STUN_ATTRIBUTE_NOMINATION, &value) == STUN_MESSAGE_RETURN_SUCCESS;
	if (renominated || stun_usage_ice_conncheck_use_candidate(&request))
		nominate(ice, k, renominated ? &value : NULL);
	reselect(ice, now_us, out);
	trigger_check(ice, stun, k, now_us, out);
	return ICE_OK;
}

static struct transaction *transaction_find(struct known *k, const uint8_t *id)
{
	for (unsigned i = 0; i < TRANSACTIONS; i++)
		if (k->transaction[i].open && memcmp(k->transaction[i].id, id, sizeof k->transaction[i].id) == 0)
			return &k->transaction[i];
	return NULL;
}

static enum ice_verdict on_response(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	struct known *k = known_find(ice, from);
	struct transaction *t = k ? transaction_find(k, bytes + 4) : NULL;
	const struct generation *g = t ? generation_get(ice, t->generation) : NULL;
	if (!g)
		return ICE_UNMATCHED;

	/* Tell the agent, for this one call, what was asked and with which key the answer must be signed. */
	StunAgentSavedIds *saved = &stun->agent.sent_ids[0];
	*saved = (StunAgentSavedIds){ .method = STUN_BINDING, .key = (uint8_t *)(uintptr_t)g->remote_pwd,
		.key_len = strlen(g->remote_pwd), .valid = true };
	memcpy(saved->id, t->id, sizeof saved->id);
	StunMessage response;
	enum ice_verdict verdict = verdict_of(stun_agent_validate(&stun->agent, &response, bytes, len, NULL, NULL));
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
	heard(ice, now_us, out);
	if (t->generation == k->generation) {
		k->answered = k->generation;
		k->next_us = is_selected(ice, k) ? now_us + consent_interval(ice) : INT64_MAX;
		reselect(ice, now_us, out);
	}
	return ICE_OK;
}

enum ice_verdict ice_receive(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out)
{
	out_start(out);
	struct ice_question q;
	if (!ice_peek(&q, bytes, len))
		return ICE_BAD;
	if (q.kind == ICE_REQUEST)
		return on_request(ice, stun, from, bytes, len, now_us, out);
	return on_response(ice, stun, from, bytes, len, now_us, out);
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
	out_start(out);
	struct known *k = known_find(ice, path);
	if (!k)
		k = path_validate(ice, path, ice->old.number ? ice->old.number : ice->current.number, now_us, out);
	if (!ice->nominations)
		nominate(ice, k, NULL);
	heard(ice, now_us, out);
	reselect(ice, now_us, out);
	trigger_check(ice, stun, k, now_us, out);
}

void ice_follow(struct ice *ice, const struct path *path, int64_t now_us, struct ice_out *out)
{
	out_start(out);
	struct known *k = known_find(ice, path);
	if (k && k->nominated && !is_selected(ice, k) && consent_fresh(k, now_us)) {
		nominate(ice, k, NULL);
		reselect(ice, now_us, out);
	}
}

void ice_path_gone(struct ice *ice, const struct path *path, struct ice_out *out)
{
	out_start(out);
	struct known *k = known_find(ice, path);
	if (k)
		path_remove(ice, k, out);
}

/* -- timers ------------------------------------------------------------------------------------------------------------ */

/* When a check on the selected path is due because nothing is heard: the sooner we know, the sooner the browser is told. */
static int64_t silence_check_us(const struct ice *ice, const struct known *k)
{
	int64_t silent_us = ice->heard_us + SILENT_US, again_us = k->sent_us == INT64_MIN ? silent_us : k->sent_us + SILENT_AGAIN_US;
	return silent_us > again_us ? silent_us : again_us;
}

static int64_t check_due_us(const struct ice *ice, const struct known *k)
{
	if (!is_selected(ice, k))
		return k->next_us;
	int64_t silence_us = silence_check_us(ice, k);
	return silence_us < k->next_us ? silence_us : k->next_us;
}

static int64_t forget_us(const struct ice *ice, const struct known *k)
{
	if (is_selected(ice, k))
		return INT64_MAX;
	if (!generation_get(ice, k->generation))
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
			if (is_selected(ice, k)) {
				reselect(ice, now_us, out);
				k->next_us = INT64_MAX;
			}
		}
		if (check_due_us(ice, k) <= now_us)
			send_check(ice, stun, k, now_us, out);
		if (forget_us(ice, k) <= now_us && !(out->changes & ICE_PATH_REMOVED))
			path_remove(ice, k, out);       /* one a call: `out` has room for one; the next is due at once */
	}
}

void ice_tick(struct ice *ice, struct ice_stun *stun, int64_t now_us, struct ice_out *out)
{
	out_start(out);
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

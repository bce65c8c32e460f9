/**
 * Within the transport layer: one peer's ICE, and what its files ask of each other. ice_message: what a STUN message says and how it is
 * answered. ice_paths: which paths the peer has shown, and which of them media takes. ice_checks: our own checks, consent, timers.
 * ice: life, and what comes in.
 */
#ifndef HOPKIN_TRANSPORT_ICE_INTERNAL_H
#define HOPKIN_TRANSPORT_ICE_INTERNAL_H

#include <stun/stunagent.h>

#include "ice.h"

enum {
	CONSENT_TIMEOUT_US = 30000000,          /* 30 s without an answer, RFC 7675 §5.1 */
	TRANSACTIONS = 4,                       /* of one path: an answer to the last but three is still taken */
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

/** Spreads timers and breaks ties; no secret comes from it. */
uint64_t ice_random_next(struct ice *ice);

/** Something authentic came: `out` says ICE_RESUMED if the peer was stalled. */
void ice_note_heard(struct ice *ice, int64_t now_us, struct ice_out *out);

/* -- ice_message.c: room in `out` is taken by out_next (NULL: full) and kept by out_sent if `len` is not 0 -------------------- */

enum ice_verdict ice_verdict_of(StunValidationStatus status);
void ice_out_start(struct ice_out *out);
struct ice_message *ice_out_next(struct ice_out *out, const struct path *to);
void ice_out_sent(struct ice_out *out, struct ice_message *m, size_t len);
void ice_answer_success(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out);
void ice_answer_role_conflict(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out);
void ice_answer_unknown_attributes(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out);

/* -- ice_paths.c -------------------------------------------------------------------------------------------------------------- */

struct known *ice_known_find(const struct ice *ice, const struct path *path);               /* NULL: not validated */
bool ice_is_selected(const struct ice *ice, const struct known *k);
bool ice_consent_fresh(const struct known *k, int64_t now_us);
const struct generation *ice_generation_get(const struct ice *ice, uint32_t number);         /* NULL: gone */

/** An authenticated request, signed under `generation`, came by this path. */
struct known *ice_path_validate(struct ice *ice, const struct path *path, uint32_t generation, int64_t now_us, struct ice_out *out);
void ice_path_remove(struct ice *ice, struct known *k, struct ice_out *out);

/** @param value   the renomination attribute's, or NULL */
void ice_nominate(struct ice *ice, struct known *k, const uint32_t *value);
void ice_reselect(struct ice *ice, int64_t now_us, struct ice_out *out);

/* -- ice_checks.c -------------------------------------------------------------------------------------------------------------- */

int64_t ice_consent_interval(struct ice *ice);
void ice_trigger_check(struct ice *ice, struct ice_stun *stun, struct known *k, int64_t now_us, struct ice_out *out);

/** An answer to a check of ours, or what claims to be one. */
enum ice_verdict ice_on_response(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out);

#endif

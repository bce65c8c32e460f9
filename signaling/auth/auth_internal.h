/**
 * Shared by auth.c (who is who), auth_login.c (passwords) and auth_people.c (links and accounts). Not for callers.
 */
#ifndef HOPKIN_AUTH_AUTH_INTERNAL_H
#define HOPKIN_AUTH_AUTH_INTERNAL_H

#include "auth.h"
#include "secret_token.h"
#include "session_table.h"

enum {
	SESSIONS_OF_ACCOUNT_MOST = 20,          /* older ones end */
	SEEN_EVERY_S = 300,                     /* how often "last seen" is written */
	SETUP_LINK_S = 24 * 3600,
	INVITE_LINK_S = 72 * 3600,
};

struct auth {
	struct store_thread *store;
	struct hash_pool *pool;
	struct auth_events events;
	struct attempt_limiter *limiter;
	struct session_table sessions;
	struct account_record *accounts;        /* by id */
	size_t account_count, account_room;
	struct link_record *links;
	size_t link_count, link_room;
};

/** One operation on its way through hashing and the store. Freed by op_finish. */
struct op {
	struct auth *auth;
	auth_done_fn *done;
	void *arg;
	int64_t account;
	bool admin;
	int64_t now_s, now_us;
	char name[STORE_NAME_CHARS + 1];        /* login: the limiter's subject */
	struct client_address from;
	char hash[STORE_HASH_BYTES];            /* the hash that was compared with, or the new one */
	char *new_password;                     /* login: the one to verify; wiped */
	uint8_t keep[STORE_TOKEN_HASH_BYTES];   /* the session that stays */
	struct link_record link;
	struct account_record added;
	struct session_record session;
	struct session_record evicted;          /* its account 0: none */
	struct account_record changed;
	bool change_role, change_disabled, change_display;
	struct auth_answer answer;
};

/** @return NULL: no memory; `done` was called with AUTH_BUSY */
struct op *op_new(struct auth *auth, auth_done_fn *done, void *arg);
void op_finish(struct op *op, enum auth_result result);
/** op_finish for what store_apply said. */
void op_finish_err(struct op *op, int err);
/** Submit, or finish with AUTH_BUSY. */
void op_submit(struct op *op, const struct store_change *changes, size_t count, store_done_fn *done);

struct account_record *auth_account_edit(struct auth *auth, int64_t id);
int auth_account_put(struct auth *auth, const struct account_record *record);
void auth_identity(struct identity *out, const struct account_record *account, const uint8_t *session);

struct link_record *auth_link_find(const struct auth *auth, const uint8_t *token_hash);
int auth_link_put(struct auth *auth, const struct link_record *record);
void auth_links_forget_of(struct auth *auth, int64_t account);

/** Forget the sessions of an account but for `keep` (may be NULL), and tell those above. */
void auth_sessions_end_of(struct auth *auth, int64_t account, const uint8_t *keep);
void auth_session_end(struct auth *auth, int64_t account, const uint8_t *token_hash);

/** Prepare a session in `op` for its account: token, record, and the one that has to go. */
void op_make_session(struct op *op, int64_t account);
/** The changes for it: at most two. @return how many were written to `out` */
size_t op_session_changes(const struct op *op, struct store_change out[2]);
/** It is committed: it stands from now on, and the answer says who. @return false: no memory */
bool op_session_stands(struct op *op, int64_t account);

#endif

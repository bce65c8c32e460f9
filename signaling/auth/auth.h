/**
 * Accounts and sessions, as the signaling thread knows them: who is this, may they come in.
 *
 * Held in memory, written through the store thread: what was answered with success is durable. Everything here runs on
 * the signaling thread; what takes time (Argon2id, the disk) ends in a callback on the same thread. What is refused at
 * once calls back before the call that began it has returned.
 */
#ifndef HOPKIN_AUTH_AUTH_H
#define HOPKIN_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attempt_limiter.h"
#include "hash_pool.h"
#include "store.h"
#include "store_thread.h"

/** Who is behind a connection: a copy, good at the moment it was taken. */
struct identity {
	int64_t account;
	uint8_t session[STORE_TOKEN_HASH_BYTES];       /* hash of the cookie */
	char name[STORE_NAME_CHARS + 1];
	char display[STORE_DISPLAY_CHARS * 4 + 1];
	enum role role;
};

/** What auth tells those above it. Any may be NULL. */
struct auth_events {
	/**
	 * Sessions have ended (signed out, disabled, role or password changed): close what they hold open.
	 * `one` NULL: all sessions of `account`, but for `except` (which may be NULL).
	 */
	void (*sessions_ended)(void *arg, int64_t account, const uint8_t one[STORE_TOKEN_HASH_BYTES],
		const uint8_t except[STORE_TOKEN_HASH_BYTES]);
	void *arg;
};

struct auth;

/**
 * @param snapshot  borrowed for the call: the accounts, sessions and links to begin with
 * @param store, pool, inbox  borrowed, outlive auth
 */
int auth_create(struct auth **out, const struct store_snapshot *snapshot, struct store_thread *store,
	struct hash_pool *pool, const struct auth_events *events);
void auth_destroy(struct auth *auth);

/** Another process has written: take over what is different, end sessions that are gone. `snapshot` is borrowed. */
void auth_replace(struct auth *auth, const struct store_snapshot *snapshot);

/**
 * Whose session is this?
 * @param token  the cookie's value
 * @param admin  on the administration listener (its sessions are apart)
 * @param now_s  Unix seconds: sessions end 12 h after they were last seen and 7 days after they began
 * @return false: nobody's
 */
bool auth_session(struct auth *auth, const char *token, bool admin, int64_t now_s, struct identity *out);

/** Does this session still stand? For what is older than one request. */
bool auth_session_alive(const struct auth *auth, const uint8_t session[STORE_TOKEN_HASH_BYTES]);

/** Borrowed, until the next change. NULL: none. */
const struct account_record *auth_account(const struct auth *auth, int64_t id);
const struct account_record *auth_account_named(const struct auth *auth, const char *name);
const struct account_record *auth_account_at(const struct auth *auth, size_t index);
size_t auth_account_count(const struct auth *auth);
/** Is there an enabled administrator with a password? */
bool auth_has_admin(const struct auth *auth);
/** Its invitation has not been used. */
bool auth_pending(const struct account_record *account);

/** Call about once an hour: forgets links and sessions that are over. */
void auth_expire(struct auth *auth, int64_t now_s);

/** How an operation ended. */
enum auth_result {
	AUTH_OK,
	AUTH_WRONG,             /* name, password or token */
	AUTH_SLOW_DOWN,         /* retry_after_s is set */
	AUTH_BUSY,              /* queues are full: try again soon */
	AUTH_WEAK,              /* the new password */
	AUTH_BAD_NAME,
	AUTH_NAME_TAKEN,
	AUTH_LAST_ADMIN,
	AUTH_NOT_ALLOWED,       /* the password is right, but this is the administration listener and they are no administrator */
	AUTH_NOT_FOUND,
	AUTH_FAILED,            /* the disk */
};

struct auth_answer {
	enum auth_result result;
	uint32_t retry_after_s;
	struct identity who;    /* login, link use, change: the account */
	char token[44];         /* the new session's cookie, or a link's token; wiped after the callback */
	bool bad_display;       /* AUTH_BAD_NAME: it is `display` that was refused, not `name` */
};

typedef void auth_done_fn(void *arg, const struct auth_answer *answer);

/** Sign in. Takes the same time for an account that does not exist, is disabled or has no password. */
void auth_login(struct auth *auth, const char *name, const char *password, const struct client_address *from, bool admin,
	int64_t now_s, int64_t now_us, auth_done_fn *done, void *arg);

void auth_logout(struct auth *auth, const struct identity *who, auth_done_fn *done, void *arg);

/** Change one's own password; every other session of the account ends. */
void auth_change_password(struct auth *auth, const struct identity *who, const char *old, const char *new_password,
	const struct client_address *from, int64_t now_us, auth_done_fn *done, void *arg);

struct link_look {
	enum link_kind kind;
	char name[STORE_NAME_CHARS + 1];        /* "" for setup */
	char display[STORE_DISPLAY_CHARS * 4 + 1];
};

/** @return false: no such link, or used, or expired */
bool auth_link_look(const struct auth *auth, const char *token, int64_t now_s, struct link_look *out);

/**
 * Use a link: sets the password and signs in. `name` and `display` are for a set-up link (else NULL), which works only
 * with `admin`, and only while there is no administrator.
 */
void auth_link_use(struct auth *auth, const char *token, const char *password, const char *name, const char *display,
	bool admin, int64_t now_s, auth_done_fn *done, void *arg);

/** A new set-up link, valid 24 h; the former ones end. `answer.token`. */
void auth_setup_link(struct auth *auth, int64_t now_s, auth_done_fn *done, void *arg);

/** Add an account with an invitation valid 72 h: `answer.who.account`, `answer.token`. */
void auth_invite(struct auth *auth, const char *name, const char *display, enum role role, int64_t now_s,
	auth_done_fn *done, void *arg);

struct account_change {
	const enum role *role;          /* NULL: unchanged, as the others */
	const bool *disabled;
	const char *display;
};

void auth_change(struct auth *auth, int64_t account, const struct account_change *change, auth_done_fn *done, void *arg);

/** A link that sets a new password, valid 72 h; sessions end at once. `answer.token`. */
void auth_reset(struct auth *auth, int64_t account, int64_t now_s, auth_done_fn *done, void *arg);

#endif

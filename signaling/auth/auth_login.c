#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "auth_internal.h"
#include "display_name.h"
#include "password.h"

/* -- a new session ---------------------------------------------------------------------------------------------------- */

struct oldest {
	int64_t account;
	bool admin;
	size_t count;
	struct session_record record;
};

static void look_at(void *arg, struct session *s)
{
	struct oldest *o = arg;
	if (s->record.account != o->account || s->record.admin != o->admin)
		return;
	if (o->count++ == 0 || s->record.seen_s < o->record.seen_s)
		o->record = s->record;
}

void op_make_session(struct op *op, int64_t account)
{
	secret_token_make(op->answer.token);
	op->session = (struct session_record){ .account = account, .admin = op->admin, .created_s = op->now_s, .seen_s = op->now_s };
	secret_token_hash(op->session.token_hash, op->answer.token);

	struct oldest oldest = { .account = account, .admin = op->admin };
	session_table_each(&op->auth->sessions, look_at, &oldest);
	if (oldest.count >= SESSIONS_OF_ACCOUNT_MOST)
		op->evicted = oldest.record;
}

size_t op_session_changes(const struct op *op, struct store_change out[2])
{
	out[0] = (struct store_change){ .kind = CHANGE_SESSION_ADD };
	out[0].session = op->session;
	if (!op->evicted.account)
		return 1;
	out[1] = (struct store_change){ .kind = CHANGE_SESSION_REMOVE };
	out[1].session = op->evicted;
	return 2;
}

bool op_session_stands(struct op *op, int64_t account)
{
	struct auth *auth = op->auth;
	struct account_record *a = auth_account_edit(auth, account);
	op->session.account = account;
	if (op->evicted.account)
		auth_session_end(auth, op->evicted.account, op->evicted.token_hash);
	if (!a || !session_table_add(&auth->sessions, &op->session))
		return false;
	a->last_seen_s = op->now_s;
	auth_identity(&op->answer.who, a, op->session.token_hash);
	return true;
}

/* -- sign in ---------------------------------------------------------------------------------------------------------- */

static void login_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	if (err)
		op_finish_err(op, err);
	else
		op_finish(op, op_session_stands(op, op->account) ? AUTH_OK : AUTH_BUSY);
}

static void login_verified(void *arg, bool right)
{
	struct op *op = arg;
	struct account_record *a = auth_account_edit(op->auth, op->account);
	/* It may have been disabled or its password changed while we were hashing. */
	if (!right || !a || a->disabled || strcmp(a->password_hash, op->hash) != 0) {
		op_finish(op, AUTH_WRONG);
		return;
	}
	attempt_limiter_passed(op->auth->limiter, op->name, &op->from, op->now_us);
	if (op->admin && a->role != ROLE_ADMIN) {
		op_finish(op, AUTH_NOT_ALLOWED);
		return;
	}
	op_make_session(op, a->id);
	struct store_change changes[3];
	size_t n = op_session_changes(op, changes);
	changes[n] = (struct store_change){ .kind = CHANGE_ACCOUNT_SEEN };
	changes[n].account.id = a->id;
	changes[n].account.last_seen_s = op->now_s;
	op_submit(op, changes, n + 1, login_stored);
}

static void lower(char out[STORE_NAME_CHARS + 1], const char *name)
{
	size_t n = 0;
	for (; name[n] && n < STORE_NAME_CHARS; n++)
		out[n] = (char)tolower((unsigned char)name[n]);
	out[n] = '\0';
}

static void login_busy(struct op *op)
{
	attempt_limiter_undo(op->auth->limiter, op->name, &op->from, op->now_us);
	op_finish(op, AUTH_BUSY);
}

static void login_begin(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	const struct account_record *a = op->account < 0 ? NULL : auth_account_named(op->auth, op->name);
	op->account = 0;
	if (a && !a->disabled) {
		op->account = a->id;
		memcpy(op->hash, a->password_hash, sizeof op->hash);
	}
	/* An account that is not there, is disabled or has no password yet costs the same time: hash "" is a dummy. */
	if (hash_pool_verify(op->auth->pool, HASH_ACCOUNTS, op->hash, op->new_password, login_verified, op))
		login_busy(op);
}

void auth_login(struct auth *auth, const char *name, const char *password, const struct client_address *from, bool admin,
	int64_t now_s, int64_t now_us, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	op->admin = admin;
	op->now_s = now_s;
	op->now_us = now_us;
	op->from = *from;
	lower(op->name, name);

	op->answer.retry_after_s = attempt_limiter_begin(auth->limiter, op->name, from, now_us);
	if (op->answer.retry_after_s) {
		op_finish(op, AUTH_SLOW_DOWN);
		return;
	}
	/* An account that the command line has just made is known after this; every login takes the same way. */
	op->new_password = strdup(password);
	op->account = strlen(name) <= STORE_NAME_CHARS ? 0 : -1;
	if (!op->new_password || store_thread_catch_up(auth->store, login_begin, op))
		login_busy(op);
}

/* -- sign out --------------------------------------------------------------------------------------------------------- */

static void logout_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	if (!err)
		auth_session_end(op->auth, op->account, op->keep);
	op_finish_err(op, err);
}

void auth_logout(struct auth *auth, const struct identity *who, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	op->account = who->account;
	memcpy(op->keep, who->session, sizeof op->keep);
	struct store_change remove = { .kind = CHANGE_SESSION_REMOVE };
	memcpy(remove.session.token_hash, who->session, sizeof who->session);
	op_submit(op, &remove, 1, logout_stored);
}

/* -- one's own password ----------------------------------------------------------------------------------------------- */

static void password_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	struct account_record *a = auth_account_edit(op->auth, op->account);
	if (!err && a) {
		memcpy(a->password_hash, op->hash, sizeof a->password_hash);
		auth_links_forget_of(op->auth, op->account);
		auth_sessions_end_of(op->auth, op->account, op->keep);
	}
	op_finish_err(op, err);
}

static void password_made(void *arg, const char *hash)
{
	struct op *op = arg;
	if (!hash[0]) {
		op_finish(op, AUTH_BUSY);
		return;
	}
	memcpy(op->hash, hash, sizeof op->hash);
	struct store_change c[3] = {
		{ .kind = CHANGE_ACCOUNT_PASSWORD }, { .kind = CHANGE_SESSIONS_REMOVE_OF }, { .kind = CHANGE_LINKS_REMOVE_OF },
	};
	c[0].account.id = op->account;
	memcpy(c[0].account.password_hash, hash, sizeof c[0].account.password_hash);
	c[1].session.account = op->account;
	memcpy(c[1].session.token_hash, op->keep, sizeof op->keep);
	c[2].link.account = op->account;
	op_submit(op, c, 3, password_stored);
}

static void old_verified(void *arg, bool right)
{
	struct op *op = arg;
	const struct account_record *a = auth_account(op->auth, op->account);
	if (!right || !a || strcmp(a->password_hash, op->hash) != 0) {
		op_finish(op, AUTH_WRONG);
		return;
	}
	attempt_limiter_passed(op->auth->limiter, op->name, &op->from, op->now_us);
	if (hash_pool_make(op->auth->pool, op->new_password, password_made, op))
		op_finish(op, AUTH_BUSY);
}

void auth_change_password(struct auth *auth, const struct identity *who, const char *old, const char *new_password,
	const struct client_address *from, int64_t now_us, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	const struct account_record *a = auth_account(auth, who->account);
	op->account = who->account;
	op->now_us = now_us;
	op->from = *from;
	memcpy(op->keep, who->session, sizeof op->keep);
	memcpy(op->name, who->name, sizeof op->name);
	if (!a || !password_acceptable(new_password, who->name)) {
		op_finish(op, a ? AUTH_WEAK : AUTH_NOT_FOUND);
		return;
	}
	memcpy(op->hash, a->password_hash, sizeof op->hash);
	op->new_password = strdup(new_password);
	op->answer.retry_after_s = attempt_limiter_begin(auth->limiter, op->name, from, now_us);
	if (op->answer.retry_after_s) {
		op_finish(op, AUTH_SLOW_DOWN);
	} else if (!op->new_password || hash_pool_verify(auth->pool, HASH_ACCOUNTS, op->hash, old, old_verified, op)) {
		attempt_limiter_undo(auth->limiter, op->name, from, now_us);
		op_finish(op, AUTH_BUSY);
	}
}

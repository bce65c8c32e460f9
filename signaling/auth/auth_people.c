#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth_internal.h"
#include "display_name.h"
#include "password.h"

/* -- links ------------------------------------------------------------------------------------------------------------ */

static const struct link_record *link_of(const struct auth *auth, const char *token, int64_t now_s)
{
	uint8_t hash[STORE_TOKEN_HASH_BYTES];
	const struct link_record *l = secret_token_hash(hash, token) ? auth_link_find(auth, hash) : NULL;
	if (!l || l->expires_s <= now_s)
		return NULL;
	if (l->kind == LINK_SETUP)
		return auth_has_admin(auth) ? NULL : l;
	const struct account_record *a = auth_account(auth, l->account);
	return a && !a->disabled ? l : NULL;
}

bool auth_link_look(const struct auth *auth, const char *token, int64_t now_s, struct link_look *out)
{
	const struct link_record *l = link_of(auth, token, now_s);
	if (!l)
		return false;
	*out = (struct link_look){ .kind = l->kind };
	const struct account_record *a = l->account ? auth_account(auth, l->account) : NULL;
	if (a) {
		memcpy(out->name, a->name, sizeof out->name);
		memcpy(out->display, a->display, sizeof out->display);
	}
	return true;
}

static void op_make_link(struct op *op, enum link_kind kind, int64_t account, int64_t expires_s)
{
	secret_token_make(op->answer.token);
	op->link = (struct link_record){ .kind = kind, .account = account, .expires_s = expires_s };
	secret_token_hash(op->link.token_hash, op->answer.token);
}

/* -- using one -------------------------------------------------------------------------------------------------------- */

static void used_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	struct auth *auth = op->auth;
	if (err) {
		/* Used by someone else meanwhile; or, for set-up, there is an administrator now. */
		op_finish(op, err == -ENOENT ? AUTH_WRONG : err == -EEXIST ? AUTH_NAME_TAKEN : err == -EAGAIN ? AUTH_BUSY : AUTH_FAILED);
		return;
	}
	if (op->link.kind == LINK_SETUP) {
		op->added.id = added;
		auth_links_forget_of(auth, 0);
		if (auth_account_put(auth, &op->added)) {
			op_finish(op, AUTH_BUSY);
			return;
		}
	} else {
		struct account_record *a = auth_account_edit(auth, op->account);
		if (a)
			memcpy(a->password_hash, op->hash, sizeof a->password_hash);
		auth_links_forget_of(auth, op->account);
		auth_sessions_end_of(auth, op->account, NULL);
		added = op->account;
	}
	op_finish(op, op_session_stands(op, added) ? AUTH_OK : AUTH_BUSY);
}

static void use_submit(struct op *op)
{
	struct store_change c[8];
	size_t n = 0;
	bool setup = op->link.kind == LINK_SETUP;

	c[n] = (struct store_change){ .kind = CHANGE_LINK_TAKE };
	c[n].link = op->link;
	c[n++].link.expires_s = op->now_s;
	if (setup) {
		c[n++] = (struct store_change){ .kind = CHANGE_REQUIRE_NO_ADMIN };
		c[n] = (struct store_change){ .kind = CHANGE_ACCOUNT_ADD };
		c[n++].account = op->added;
	} else {
		c[n] = (struct store_change){ .kind = CHANGE_ACCOUNT_PASSWORD };
		c[n].account.id = op->account;
		memcpy(c[n++].account.password_hash, op->hash, sizeof op->hash);
		c[n] = (struct store_change){ .kind = CHANGE_SESSIONS_REMOVE_OF };
		c[n++].session.account = op->account;
	}
	c[n] = (struct store_change){ .kind = CHANGE_LINKS_REMOVE_OF };
	c[n++].link.account = op->account;
	op_make_session(op, setup ? LINK_OF_ADDED : op->account);
	op->evicted.account = 0;        /* the others have just ended */
	n += op_session_changes(op, &c[n]);
	op_submit(op, c, n, used_stored);
}

static void use_made(void *arg, const char *hash)
{
	struct op *op = arg;
	if (!hash[0]) {
		op_finish(op, AUTH_BUSY);
		return;
	}
	memcpy(op->hash, hash, sizeof op->hash);
	memcpy(op->added.password_hash, hash, sizeof op->added.password_hash);
	use_submit(op);
}

static enum auth_result setup_names(struct op *op, const char *name, const char *display)
{
	if (!name || !account_name_valid(name))
		return AUTH_BAD_NAME;
	if (!display || !display_name_normalise(op->added.display, sizeof op->added.display, display, STORE_DISPLAY_CHARS)) {
		op->answer.bad_display = true;
		return AUTH_BAD_NAME;
	}
	if (auth_account_named(op->auth, name))
		return AUTH_NAME_TAKEN;
	memcpy(op->added.name, name, strlen(name) + 1);
	op->added.role = ROLE_ADMIN;
	op->added.created_s = op->added.last_seen_s = op->now_s;
	return AUTH_OK;
}

void auth_link_use(struct auth *auth, const char *token, const char *password, const char *name, const char *display, bool admin,
	int64_t now_s, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	op->admin = admin;
	op->now_s = now_s;
	const struct link_record *l = link_of(auth, token, now_s);
	if (!l || (l->kind == LINK_SETUP && !admin)) {
		op_finish(op, AUTH_WRONG);
		return;
	}
	op->link = *l;
	op->account = l->account;
	const struct account_record *a = auth_account(auth, l->account);
	enum auth_result result = AUTH_OK;
	if (l->kind == LINK_SETUP)
		result = setup_names(op, name, display);
	else if (admin && a->role != ROLE_ADMIN)
		result = AUTH_NOT_ALLOWED;
	if (result == AUTH_OK && !password_acceptable(password, a ? a->name : name))
		result = AUTH_WEAK;
	if (result != AUTH_OK) {
		op_finish(op, result);
		return;
	}
	if (hash_pool_make(auth->pool, password, use_made, op))
		op_finish(op, AUTH_BUSY);
}

/* -- making them ------------------------------------------------------------------------------------------------------ */

static void setup_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	if (!err) {
		auth_links_forget_of(op->auth, 0);
		err = auth_link_put(op->auth, &op->link);
	}
	op_finish_err(op, err);
}

void auth_setup_link(struct auth *auth, int64_t now_s, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	op_make_link(op, LINK_SETUP, 0, now_s + SETUP_LINK_S);
	struct store_change c[3] = {
		{ .kind = CHANGE_REQUIRE_NO_ADMIN }, { .kind = CHANGE_LINKS_REMOVE_OF }, { .kind = CHANGE_LINK_ADD },
	};
	c[2].link = op->link;
	op_submit(op, c, 3, setup_stored);
}

static void invite_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	if (!err) {
		op->added.id = op->link.account = added;
		err = auth_account_put(op->auth, &op->added);
		if (!err)
			err = auth_link_put(op->auth, &op->link);
		auth_identity(&op->answer.who, &op->added, NULL);
	}
	op_finish_err(op, err);
}

void auth_invite(struct auth *auth, const char *name, const char *display, enum role role, int64_t now_s, auth_done_fn *done,
	void *arg)
{
	struct op *op = op_new(auth, done, arg);
	if (!op)
		return;
	bool good = account_name_valid(name);
	if (good && !display_name_normalise(op->added.display, sizeof op->added.display, display, STORE_DISPLAY_CHARS)) {
		op->answer.bad_display = true;
		good = false;
	}
	if (!good) {
		op_finish(op, AUTH_BAD_NAME);
		return;
	}
	memcpy(op->added.name, name, strlen(name) + 1);
	op->added.role = role;
	op->added.created_s = now_s;
	op_make_link(op, LINK_INVITE, LINK_OF_ADDED, now_s + INVITE_LINK_S);
	struct store_change c[2] = { { .kind = CHANGE_ACCOUNT_ADD }, { .kind = CHANGE_LINK_ADD } };
	c[0].account = op->added;
	c[1].link = op->link;
	op_submit(op, c, 2, invite_stored);
}

static void reset_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	if (!err) {
		auth_sessions_end_of(op->auth, op->account, NULL);
		auth_links_forget_of(op->auth, op->account);
		err = auth_link_put(op->auth, &op->link);
	}
	op_finish_err(op, err);
}

/* An operation on an account that is there; NULL: it is not, or memory is short, and that has been answered. */
static struct op *op_about(struct auth *auth, int64_t account, const struct account_record **a, auth_done_fn *done, void *arg)
{
	struct op *op = op_new(auth, done, arg);
	*a = auth_account(auth, account);
	if (op && !*a) {
		op_finish(op, AUTH_NOT_FOUND);
		return NULL;
	}
	if (op)
		op->account = account;
	return op;
}

void auth_reset(struct auth *auth, int64_t account, int64_t now_s, auth_done_fn *done, void *arg)
{
	const struct account_record *a;
	struct op *op = op_about(auth, account, &a, done, arg);
	if (!op)
		return;
	op_make_link(op, auth_pending(a) ? LINK_INVITE : LINK_RESET, account, now_s + INVITE_LINK_S);
	struct store_change c[3] = {
		{ .kind = CHANGE_SESSIONS_REMOVE_OF }, { .kind = CHANGE_LINKS_REMOVE_OF }, { .kind = CHANGE_LINK_ADD },
	};
	c[0].session.account = account;
	c[1].link.account = account;
	c[2].link = op->link;
	op_submit(op, c, 3, reset_stored);
}

/* -- changing an account ---------------------------------------------------------------------------------------------- */

static void change_stored(void *arg, int err, int64_t added)
{
	struct op *op = arg;
	struct account_record *a = auth_account_edit(op->auth, op->account);
	if (!err && a) {
		if (op->change_role)
			a->role = op->changed.role;
		if (op->change_disabled)
			a->disabled = op->changed.disabled;
		if (op->change_display)
			memcpy(a->display, op->changed.display, sizeof a->display);
		auth_identity(&op->answer.who, a, NULL);
		if (op->change_role || (op->change_disabled && a->disabled))
			auth_sessions_end_of(op->auth, op->account, NULL);
	}
	op_finish_err(op, err);
}

void auth_change(struct auth *auth, int64_t account, const struct account_change *change, auth_done_fn *done, void *arg)
{
	const struct account_record *a;
	struct op *op = op_about(auth, account, &a, done, arg);
	if (!op)
		return;
	op->changed.id = account;
	op->change_role = change->role && *change->role != a->role;
	op->change_disabled = change->disabled && *change->disabled != a->disabled;
	op->change_display = change->display != NULL;
	if (change->display &&
	    !display_name_normalise(op->changed.display, sizeof op->changed.display, change->display, STORE_DISPLAY_CHARS)) {
		op->answer.bad_display = true;
		op_finish(op, AUTH_BAD_NAME);
		return;
	}
	if (change->role)
		op->changed.role = *change->role;
	if (change->disabled)
		op->changed.disabled = *change->disabled;

	struct store_change c[5];
	size_t n = 0;
	if (op->change_role)
		c[n++] = (struct store_change){ .kind = CHANGE_ACCOUNT_ROLE, .account = op->changed };
	if (op->change_disabled)
		c[n++] = (struct store_change){ .kind = CHANGE_ACCOUNT_DISABLED, .account = op->changed };
	if (op->change_display)
		c[n++] = (struct store_change){ .kind = CHANGE_ACCOUNT_DISPLAY, .account = op->changed };
	if (op->change_role || (op->change_disabled && op->changed.disabled)) {
		c[n] = (struct store_change){ .kind = CHANGE_SESSIONS_REMOVE_OF };
		c[n++].session.account = account;
		/* Only losing one could leave none; making the first one by another's hand must not be refused. */
		if (a->role == ROLE_ADMIN && !a->disabled)
			c[n++] = (struct store_change){ .kind = CHANGE_REQUIRE_ADMIN };
	}
	op_submit(op, c, n, change_stored);
}

#include "auth.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "auth_internal.h"

/* -- accounts and links ----------------------------------------------------------------------------------------------- */

static size_t account_index(const struct auth *auth, int64_t id)
{
	size_t low = 0, high = auth->account_count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (auth->accounts[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct account_record *auth_account_edit(struct auth *auth, int64_t id)
{
	size_t i = account_index(auth, id);
	return i < auth->account_count && auth->accounts[i].id == id ? &auth->accounts[i] : NULL;
}

const struct account_record *auth_account(const struct auth *auth, int64_t id)
{
	return auth_account_edit((struct auth *)auth, id);
}

const struct account_record *auth_account_named(const struct auth *auth, const char *name)
{
	for (size_t i = 0; i < auth->account_count; i++) {
		if (strcmp(auth->accounts[i].name, name) == 0)
			return &auth->accounts[i];
	}
	return NULL;
}

const struct account_record *auth_account_at(const struct auth *auth, size_t index)
{
	return index < auth->account_count ? &auth->accounts[index] : NULL;
}

size_t auth_account_count(const struct auth *auth)
{
	return auth->account_count;
}

bool auth_pending(const struct account_record *account)
{
	return account->password_hash[0] == '\0';
}

bool auth_has_admin(const struct auth *auth)
{
	for (size_t i = 0; i < auth->account_count; i++) {
		const struct account_record *a = &auth->accounts[i];
		if (a->role == ROLE_ADMIN && !a->disabled && !auth_pending(a))
			return true;
	}
	return false;
}

/* Room for one more of `size` bytes. */
static int grow(void **list, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return 0;
	size_t more = *room ? *room * 2 : 16;
	void *larger = realloc(*list, more * size);
	if (!larger)
		return -ENOMEM;
	*list = larger;
	*room = more;
	return 0;
}

int auth_account_put(struct auth *auth, const struct account_record *record)
{
	struct account_record *old = auth_account_edit(auth, record->id);
	if (old) {
		*old = *record;
		return 0;
	}
	void *list = auth->accounts;
	int err = grow(&list, &auth->account_room, auth->account_count, sizeof *record);
	auth->accounts = list;
	if (err)
		return err;
	size_t i = account_index(auth, record->id);
	memmove(&auth->accounts[i + 1], &auth->accounts[i], (auth->account_count - i) * sizeof *record);
	auth->accounts[i] = *record;
	auth->account_count++;
	return 0;
}

struct link_record *auth_link_find(const struct auth *auth, const uint8_t *token_hash)
{
	for (size_t i = 0; i < auth->link_count; i++) {
		if (sodium_memcmp(auth->links[i].token_hash, token_hash, STORE_TOKEN_HASH_BYTES) == 0)
			return &auth->links[i];
	}
	return NULL;
}

int auth_link_put(struct auth *auth, const struct link_record *record)
{
	void *list = auth->links;
	int err = grow(&list, &auth->link_room, auth->link_count, sizeof *record);
	auth->links = list;
	if (!err)
		auth->links[auth->link_count++] = *record;
	return err;
}

void auth_links_forget_of(struct auth *auth, int64_t account)
{
	size_t kept = 0;
	for (size_t i = 0; i < auth->link_count; i++) {
		if (auth->links[i].account != account)
			auth->links[kept++] = auth->links[i];
	}
	auth->link_count = kept;
}

/* -- sessions --------------------------------------------------------------------------------------------------------- */

void auth_identity(struct identity *out, const struct account_record *account, const uint8_t *session)
{
	*out = (struct identity){ .account = account->id, .role = account->role };
	memcpy(out->name, account->name, sizeof out->name);
	memcpy(out->display, account->display, sizeof out->display);
	if (session)
		memcpy(out->session, session, sizeof out->session);
}

bool auth_session(struct auth *auth, const char *token, bool admin, int64_t now_s, struct identity *out)
{
	uint8_t hash[STORE_TOKEN_HASH_BYTES];
	if (!secret_token_hash(hash, token))
		return false;
	struct session *s = session_table_find(&auth->sessions, hash);
	if (!s || s->record.admin != admin || session_over(&s->record, now_s))
		return false;
	struct account_record *account = auth_account_edit(auth, s->record.account);
	if (!account || account->disabled || (admin && account->role != ROLE_ADMIN))
		return false;

	/* Also when the clock was put back: else a session seen while it ran ahead would idle for as long without an end. */
	s->record.seen_s = now_s;
	if (now_s - s->saved_s >= SEEN_EVERY_S || now_s < s->saved_s) {
		struct store_change seen[2] = { { .kind = CHANGE_SESSION_SEEN }, { .kind = CHANGE_ACCOUNT_SEEN } };
		seen[0].session = s->record;
		seen[1].account.id = account->id;
		seen[1].account.last_seen_s = account->last_seen_s = now_s;
		if (store_thread_submit(auth->store, seen, 2, NULL, NULL) == 0)
			s->saved_s = now_s;
	}
	auth_identity(out, account, hash);
	return true;
}

bool auth_session_alive(const struct auth *auth, const uint8_t session[STORE_TOKEN_HASH_BYTES])
{
	return session_table_find(&auth->sessions, session) != NULL;
}

struct end_of {
	struct auth *auth;
	int64_t account;
	const uint8_t *keep;
};

static void end_if_of(void *arg, struct session *s)
{
	struct end_of *e = arg;
	if (s->record.account != e->account)
		return;
	if (e->keep && memcmp(s->record.token_hash, e->keep, STORE_TOKEN_HASH_BYTES) == 0)
		return;
	session_table_remove(&e->auth->sessions, s->record.token_hash);
}

void auth_sessions_end_of(struct auth *auth, int64_t account, const uint8_t *keep)
{
	session_table_each(&auth->sessions, end_if_of, &(struct end_of){ auth, account, keep });
	if (auth->events.sessions_ended)
		auth->events.sessions_ended(auth->events.arg, account, NULL, keep);
}

void auth_session_end(struct auth *auth, int64_t account, const uint8_t *token_hash)
{
	uint8_t copy[STORE_TOKEN_HASH_BYTES];
	memcpy(copy, token_hash, sizeof copy);
	session_table_remove(&auth->sessions, copy);
	if (auth->events.sessions_ended)
		auth->events.sessions_ended(auth->events.arg, account, copy, NULL);
}

static void end_if_over(void *arg, struct session *s)
{
	struct end_of *e = arg;
	if (session_over(&s->record, e->account))       /* `account` carries the time */
		auth_session_end(e->auth, s->record.account, s->record.token_hash);
}

void auth_expire(struct auth *auth, int64_t now_s)
{
	session_table_each(&auth->sessions, end_if_over, &(struct end_of){ auth, now_s, NULL });
	size_t kept = 0;
	for (size_t i = 0; i < auth->link_count; i++) {
		if (auth->links[i].expires_s > now_s)
			auth->links[kept++] = auth->links[i];
	}
	auth->link_count = kept;

	/* "Seen" is written every five minutes only, so the store's own notion lags by that much. */
	struct store_change expire = { .kind = CHANGE_EXPIRE };
	expire.link.expires_s = now_s;
	expire.session.seen_s = now_s - SESSION_IDLE_S - SEEN_EVERY_S;
	store_thread_submit(auth->store, &expire, 1, NULL, NULL);
}

/* -- operations ------------------------------------------------------------------------------------------------------- */

struct op *op_new(struct auth *auth, auth_done_fn *done, void *arg)
{
	struct op *op = calloc(1, sizeof *op);
	if (!op) {
		done(arg, &(struct auth_answer){ .result = AUTH_BUSY, .retry_after_s = 5 });
		return NULL;
	}
	op->auth = auth;
	op->done = done;
	op->arg = arg;
	return op;
}

void op_finish(struct op *op, enum auth_result result)
{
	op->answer.result = result;
	if (result == AUTH_BUSY && !op->answer.retry_after_s)
		op->answer.retry_after_s = 5;
	if (result != AUTH_OK)
		sodium_memzero(op->answer.token, sizeof op->answer.token);
	if (op->done)
		op->done(op->arg, &op->answer);
	if (op->new_password) {
		sodium_memzero(op->new_password, strlen(op->new_password));
		free(op->new_password);
	}
	sodium_memzero(op, sizeof *op);
	free(op);
}

void op_finish_err(struct op *op, int err)
{
	switch (err) {
	case 0: op_finish(op, AUTH_OK); break;
	case -EEXIST: op_finish(op, AUTH_NAME_TAKEN); break;
	case -ENOENT: op_finish(op, AUTH_NOT_FOUND); break;
	case -EBUSY: op_finish(op, AUTH_LAST_ADMIN); break;
	case -EAGAIN: op_finish(op, AUTH_BUSY); break;
	default: op_finish(op, AUTH_FAILED); break;
	}
}

void op_submit(struct op *op, const struct store_change *changes, size_t count, store_done_fn *done)
{
	if (store_thread_submit(op->auth->store, changes, count, done, op))
		op_finish(op, AUTH_BUSY);
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

int auth_create(struct auth **out, const struct store_snapshot *snapshot, struct store_thread *store, struct hash_pool *pool,
	const struct auth_events *events)
{
	struct auth *auth = calloc(1, sizeof *auth);
	if (!auth)
		return -ENOMEM;
	auth->store = store;
	auth->pool = pool;
	int err = attempt_limiter_create(&auth->limiter, &attempt_limits_login);
	if (err) {
		auth_destroy(auth);
		return err;
	}
	auth_replace(auth, snapshot);   /* without events: nobody has a connection yet */
	if (events)
		auth->events = *events;
	*out = auth;
	return 0;
}

void auth_destroy(struct auth *auth)
{
	if (!auth)
		return;
	session_table_clear(&auth->sessions);
	attempt_limiter_destroy(auth->limiter);
	free(auth->accounts);
	free(auth->links);
	free(auth);
}

struct survey {
	struct auth *auth;
	const struct session_table *now;
};

static void end_if_gone(void *arg, struct session *s)
{
	struct survey *v = arg;
	const struct session *fresh = session_table_find(v->now, s->record.token_hash);
	const struct account_record *a = auth_account(v->auth, s->record.account);
	if (!fresh || !a || a->disabled)
		auth_session_end(v->auth, s->record.account, s->record.token_hash);
}

void auth_replace(struct auth *auth, const struct store_snapshot *snapshot)
{
	auth->account_count = 0;
	for (size_t i = 0; i < snapshot->account_count; i++)
		auth_account_put(auth, &snapshot->accounts[i]);
	auth->link_count = 0;
	for (size_t i = 0; i < snapshot->link_count; i++)
		auth_link_put(auth, &snapshot->links[i]);

	struct session_table now = { .count = 0 };
	for (size_t i = 0; i < snapshot->session_count; i++)
		session_table_add(&now, &snapshot->sessions[i]);
	session_table_each(&auth->sessions, end_if_gone, &(struct survey){ auth, &now });
	for (size_t i = 0; i < snapshot->session_count; i++) {
		if (!session_table_find(&auth->sessions, snapshot->sessions[i].token_hash))
			session_table_add(&auth->sessions, &snapshot->sessions[i]);
	}
	session_table_clear(&now);
}

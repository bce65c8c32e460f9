#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_schema.h"

enum { BUSY_TIMEOUT_MS = 5000 };        /* how long another process may hold the database */

struct store {
	sqlite3 *db;
	int64_t added;          /* id of the account added in the transaction under way */
};

static const char *const role_names[] = { "member", "host", "admin" };

const char *role_name(enum role role)
{
	return role_names[role];
}

bool role_from_name(enum role *out, const char *name)
{
	for (size_t i = 0; name && i < 3; i++) {
		if (strcmp(name, role_names[i]) == 0) {
			*out = (enum role)i;
			return true;
		}
	}
	return false;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static int set_up(sqlite3 *db)
{
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	/* FULL: a commit in the WAL is synced before it is acknowledged. secure_delete: what is removed is overwritten. */
	return sqlite3_exec(db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;", NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

int store_open(struct store **out, const char *path)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return -ENOMEM;

	/* Made by us first, so that nobody else can read it even for a moment. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (!err && sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		err = -EIO;
	if (!err)
		err = set_up(store->db);
	if (!err)
		err = store_schema_migrate(store->db);
	if (err) {
		store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_close(store->db);
	free(store);
}

/* -- statements ------------------------------------------------------------------------------------------------------- */

static int error_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK: case SQLITE_ROW: case SQLITE_DONE: return 0;
	case SQLITE_CONSTRAINT: return -EEXIST;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_BUSY: case SQLITE_LOCKED: return -EAGAIN;
	default: return -EIO;
	}
}

/*
 * One statement. `types` has a letter for each argument: i int64_t, s text, h a 32-byte hash, b bytes and their length.
 * Changing nothing is -ENOENT where `must_change`.
 */
static int run(struct store *store, bool must_change, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return error_of(rc);

	va_list args;
	va_start(args, types);
	for (int i = 1; *types; types++, i++) {
		switch (*types) {
		case 'i': sqlite3_bind_int64(st, i, va_arg(args, int64_t)); break;
		case 's': sqlite3_bind_text(st, i, va_arg(args, const char *), -1, SQLITE_STATIC); break;
		case 'h': sqlite3_bind_blob(st, i, va_arg(args, const uint8_t *), STORE_TOKEN_HASH_BYTES, SQLITE_STATIC); break;
		case 'b': {
			const void *bytes = va_arg(args, const void *);
			sqlite3_bind_blob(st, i, bytes, va_arg(args, int), SQLITE_STATIC);
			break;
		}
		}
	}
	va_end(args);

	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return error_of(rc);
	return must_change && sqlite3_changes(store->db) == 0 ? -ENOENT : 0;
}

/* A question with one number as its answer; -1: failed. */
static int64_t ask(struct store *store, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t answer = -1;
	if (sqlite3_prepare_v2(store->db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		answer = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return answer;
}

#define COUNT_ADMINS "SELECT count(*) FROM accounts WHERE role = 2 AND disabled = 0 AND password_hash <> ''"

/* -- changes ---------------------------------------------------------------------------------------------------------- */

static int add_account(struct store *store, const struct account_record *a)
{
	int err = run(store, true,
		"INSERT INTO accounts (name, display, password_hash, role, disabled, created_s, last_seen_s) VALUES (?,?,?,?,?,?,?)",
		"sssiiii", a->name, a->display, a->password_hash, (int64_t)a->role, (int64_t)a->disabled, a->created_s,
		a->last_seen_s);
	if (!err)
		store->added = sqlite3_last_insert_rowid(store->db);
	return err;
}

static int add_room(struct store *store, const struct room_record *r)
{
	return run(store, true,
		"INSERT INTO rooms (id, owner, title, banner, contact, password_hash, guests, closed, max, created_s)"
		" VALUES (?,?,?,?,?,?,?,?,?,?)",
		"sissssiiii", r->id, r->owner, r->title, r->banner, r->contact, r->password_hash, (int64_t)r->guests,
		(int64_t)r->closed, (int64_t)r->max, r->created_s);
}

static int change_room(struct store *store, const struct room_record *r, unsigned fields)
{
	return run(store, true,
		"UPDATE rooms SET title = iif(?2 & 1, ?3, title), banner = iif(?2 & 2, ?4, banner), contact = iif(?2 & 4, ?5, contact),"
		" guests = iif(?2 & 8, ?6, guests), closed = iif(?2 & 16, ?7, closed), max = iif(?2 & 32, ?8, max) WHERE id = ?1",
		"sisssiii", r->id, (int64_t)fields, r->title, r->banner, r->contact, (int64_t)r->guests, (int64_t)r->closed,
		(int64_t)r->max);
}

static int64_t resolve(const struct store *store, int64_t account)
{
	return account == LINK_OF_ADDED ? store->added : account;
}

static int add_session(struct store *store, const struct session_record *s)
{
	return run(store, true, "INSERT INTO sessions (token_hash, account, admin, created_s, seen_s) VALUES (?,?,?,?,?)", "hiiii",
		s->token_hash, resolve(store, s->account), (int64_t)s->admin, s->created_s, s->seen_s);
}

static int add_link(struct store *store, const struct link_record *l)
{
	return run(store, true, "INSERT INTO links (token_hash, kind, account, expires_s) VALUES (?, ?, nullif(?, 0), ?)", "hiii",
		l->token_hash, (int64_t)l->kind, resolve(store, l->account), l->expires_s);
}

static int add_token(struct store *store, const struct token_record *t)
{
	return run(store, true,
		"INSERT INTO room_tokens (id, room, token_hash, publish, name, maker, created_s, used_s, expires_s)"
		" VALUES (?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?)", "sshisiiii", t->id, t->room, t->token_hash, (int64_t)t->publish,
		t->name, t->maker, t->created_s, t->used_s, t->expires_s);
}

static int expire(struct store *store, int64_t links_s, int64_t sessions_s)
{
	int err = run(store, false, "DELETE FROM links WHERE expires_s <= ?", "i", links_s);
	return err ? err : run(store, false, "DELETE FROM sessions WHERE seen_s < ?", "i", sessions_s);
}

static int apply_one(struct store *store, const struct store_change *c)
{
	const struct account_record *a = &c->account;
	int64_t admins;

	switch (c->kind) {
	case CHANGE_ACCOUNT_ADD:
		return add_account(store, a);
	case CHANGE_ACCOUNT_ROLE:
		return run(store, true, "UPDATE accounts SET role = ? WHERE id = ?", "ii", (int64_t)a->role, a->id);
	case CHANGE_ACCOUNT_DISABLED:
		return run(store, true, "UPDATE accounts SET disabled = ? WHERE id = ?", "ii", (int64_t)a->disabled, a->id);
	case CHANGE_ACCOUNT_DISPLAY:
		return run(store, true, "UPDATE accounts SET display = ? WHERE id = ?", "si", a->display, a->id);
	case CHANGE_ACCOUNT_PASSWORD:
		return run(store, true, "UPDATE accounts SET password_hash = ? WHERE id = ?", "si", a->password_hash, a->id);
	case CHANGE_ACCOUNT_SEEN:
		return run(store, true, "UPDATE accounts SET last_seen_s = ? WHERE id = ?", "ii", a->last_seen_s, a->id);
	case CHANGE_ROOM_ADD:
		return add_room(store, &c->room);
	case CHANGE_ROOM_SETTINGS:
		return change_room(store, &c->room, c->fields);
	case CHANGE_ROOM_PASSWORD:
		return run(store, true, "UPDATE rooms SET password_hash = ? WHERE id = ?", "ss", c->room.password_hash, c->room.id);
	case CHANGE_ROOM_REMOVE:
		return run(store, false, "DELETE FROM rooms WHERE id = ?", "s", c->room.id);
	case CHANGE_TOKEN_ADD:
		return add_token(store, &c->token);
	case CHANGE_TOKEN_USED:
		return run(store, false, "UPDATE room_tokens SET used_s = ? WHERE id = ?", "is", c->token.used_s, c->token.id);
	case CHANGE_TOKEN_REMOVE:
		return run(store, true, "DELETE FROM room_tokens WHERE room = ? AND id = ?", "ss", c->token.room, c->token.id);
	case CHANGE_SESSION_ADD:
		return add_session(store, &c->session);
	case CHANGE_SESSION_SEEN:
		return run(store, false, "UPDATE sessions SET seen_s = ? WHERE token_hash = ?", "ih", c->session.seen_s,
			c->session.token_hash);
	case CHANGE_SESSION_REMOVE:
		return run(store, false, "DELETE FROM sessions WHERE token_hash = ?", "h", c->session.token_hash);
	case CHANGE_SESSIONS_REMOVE_OF:
		return run(store, false, "DELETE FROM sessions WHERE account = ? AND token_hash <> ?", "ih", c->session.account,
			c->session.token_hash);
	case CHANGE_LINK_ADD:
		return add_link(store, &c->link);
	case CHANGE_LINK_TAKE:
		return run(store, true, "DELETE FROM links WHERE token_hash = ? AND expires_s > ?", "hi", c->link.token_hash,
			c->link.expires_s);
	case CHANGE_LINKS_REMOVE_OF:
		return run(store, false, "DELETE FROM links WHERE ifnull(account, 0) = ?", "i", c->link.account);
	case CHANGE_REQUIRE_ADMIN:
		admins = ask(store, COUNT_ADMINS);
		return admins > 0 ? 0 : admins == 0 ? -EBUSY : -EIO;
	case CHANGE_REQUIRE_NO_ADMIN:
		admins = ask(store, COUNT_ADMINS);
		return admins == 0 ? 0 : admins > 0 ? -EEXIST : -EIO;
	case CHANGE_EXPIRE:
		return expire(store, c->link.expires_s, c->session.seen_s);
	}
	return -EINVAL;
}

int store_apply(struct store *store, const struct store_change *changes, size_t count, int64_t *added)
{
	store->added = 0;
	int err = run(store, false, "BEGIN IMMEDIATE", "");
	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++)
		err = apply_one(store, &changes[i]);
	if (!err)
		err = run(store, false, "COMMIT", "");
	if (err) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		return err;
	}
	if (added)
		*added = store->added;
	return 0;
}

int store_secret(struct store *store, const char *name, uint8_t *out, size_t len)
{
	uint8_t fresh[64];
	if (len > sizeof fresh || getrandom(fresh, len, 0) != (ssize_t)len)
		return -EINVAL;
	int err = run(store, false, "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", "sb", name, fresh,
		(int)len);
	explicit_bzero(fresh, sizeof fresh);
	if (err)
		return err;

	sqlite3_stmt *st = NULL;
	err = -EIO;
	if (sqlite3_prepare_v2(store->db, "SELECT value FROM secrets WHERE name = ?", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 0) == (int)len) {
		memcpy(out, sqlite3_column_blob(st, 0), len);
		err = 0;
	}
	sqlite3_finalize(st);
	return err;
}

int64_t store_foreign_version(struct store *store)
{
	return ask(store, "PRAGMA data_version");
}

/* -- reading ---------------------------------------------------------------------------------------------------------- */

static void text(char *out, size_t room, sqlite3_stmt *st, int column)
{
	const char *s = (const char *)sqlite3_column_text(st, column);
	snprintf(out, room, "%s", s ? s : "");
}

static void hash(uint8_t out[STORE_TOKEN_HASH_BYTES], sqlite3_stmt *st, int column)
{
	memset(out, 0, STORE_TOKEN_HASH_BYTES);
	if (sqlite3_column_bytes(st, column) == STORE_TOKEN_HASH_BYTES)
		memcpy(out, sqlite3_column_blob(st, column), STORE_TOKEN_HASH_BYTES);
}

static void read_account(void *row, sqlite3_stmt *st)
{
	struct account_record *a = row;
	a->id = sqlite3_column_int64(st, 0);
	text(a->name, sizeof a->name, st, 1);
	text(a->display, sizeof a->display, st, 2);
	text(a->password_hash, sizeof a->password_hash, st, 3);
	a->role = (enum role)sqlite3_column_int(st, 4);
	a->disabled = sqlite3_column_int(st, 5) != 0;
	a->created_s = sqlite3_column_int64(st, 6);
	a->last_seen_s = sqlite3_column_int64(st, 7);
}

static void read_room(void *row, sqlite3_stmt *st)
{
	struct room_record *r = row;
	text(r->id, sizeof r->id, st, 0);
	r->owner = sqlite3_column_int64(st, 1);
	text(r->title, sizeof r->title, st, 2);
	text(r->banner, sizeof r->banner, st, 3);
	text(r->contact, sizeof r->contact, st, 4);
	text(r->password_hash, sizeof r->password_hash, st, 5);
	r->guests = sqlite3_column_int(st, 6) != 0;
	r->closed = sqlite3_column_int(st, 7) != 0;
	r->max = (uint16_t)sqlite3_column_int(st, 8);
	r->created_s = sqlite3_column_int64(st, 9);
}

static void read_session(void *row, sqlite3_stmt *st)
{
	struct session_record *s = row;
	hash(s->token_hash, st, 0);
	s->account = sqlite3_column_int64(st, 1);
	s->admin = sqlite3_column_int(st, 2) != 0;
	s->created_s = sqlite3_column_int64(st, 3);
	s->seen_s = sqlite3_column_int64(st, 4);
}

static void read_link(void *row, sqlite3_stmt *st)
{
	struct link_record *l = row;
	hash(l->token_hash, st, 0);
	l->kind = (enum link_kind)sqlite3_column_int(st, 1);
	l->account = sqlite3_column_int64(st, 2);
	l->expires_s = sqlite3_column_int64(st, 3);
}

static void read_token(void *row, sqlite3_stmt *st)
{
	struct token_record *t = row;
	text(t->id, sizeof t->id, st, 0);
	text(t->room, sizeof t->room, st, 1);
	hash(t->token_hash, st, 2);
	t->publish = sqlite3_column_int(st, 3) != 0;
	text(t->name, sizeof t->name, st, 4);
	t->maker = sqlite3_column_int64(st, 5);
	t->created_s = sqlite3_column_int64(st, 6);
	t->used_s = sqlite3_column_int64(st, 7);
	t->expires_s = sqlite3_column_int64(st, 8);
}

/* All rows of a question, `size` bytes each. */
static int read_all(struct store *store, const char *sql, size_t size, void (*read)(void *row, sqlite3_stmt *st),
	void *rows_out, size_t *count_out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &st, NULL);
	char *rows = NULL;
	size_t count = 0, room = 0;

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc != SQLITE_ROW)
			break;
		if (count == room) {
			room = room ? room * 2 : 16;
			char *more = realloc(rows, room * size);
			if (!more) {
				rc = SQLITE_NOMEM;
				break;
			}
			rows = more;
		}
		memset(rows + count * size, 0, size);
		read(rows + count * size, st);
		count++;
	}
	sqlite3_finalize(st);
	memcpy(rows_out, &rows, sizeof rows);   /* owned by the snapshot, also after a failure */
	*count_out = count;
	return rc == SQLITE_DONE ? 0 : error_of(rc);
}

int store_read(struct store *store, struct store_snapshot **out)
{
	struct store_snapshot *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;

	int err = run(store, false, "BEGIN", "");       /* all five from one moment */
	if (!err)
		err = read_all(store, "SELECT id, name, display, password_hash, role, disabled, created_s, last_seen_s FROM accounts"
			" ORDER BY id", sizeof *s->accounts, read_account, &s->accounts, &s->account_count);
	if (!err)
		err = read_all(store, "SELECT id, owner, title, banner, contact, password_hash, guests, closed, max, created_s"
			" FROM rooms ORDER BY position", sizeof *s->rooms, read_room, &s->rooms, &s->room_count);
	if (!err)
		err = read_all(store, "SELECT token_hash, account, admin, created_s, seen_s FROM sessions", sizeof *s->sessions,
			read_session, &s->sessions, &s->session_count);
	if (!err)
		err = read_all(store, "SELECT token_hash, kind, ifnull(account, 0), expires_s FROM links", sizeof *s->links, read_link,
			&s->links, &s->link_count);
	if (!err)
		err = read_all(store, "SELECT id, room, token_hash, publish, name, ifnull(maker, 0), created_s, used_s, expires_s"
			" FROM room_tokens ORDER BY position", sizeof *s->tokens, read_token, &s->tokens, &s->token_count);
	sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	if (err) {
		store_snapshot_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

void store_snapshot_destroy(struct store_snapshot *s)
{
	if (!s)
		return;
	free(s->accounts);
	free(s->rooms);
	free(s->sessions);
	free(s->links);
	free(s->tokens);
	free(s);
}

/* The store: changes whole or not at all, conditions inside the transaction, reopening, migrations, what survives kill -9. */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "store.h"
#include "store_schema.h"

static char folder[] = "/tmp/hopkin-store-XXXXXX";
static char path[64];

static struct store_change account(const char *name, enum role role, const char *hash)
{
	struct store_change c = { .kind = CHANGE_ACCOUNT_ADD };
	snprintf(c.account.name, sizeof c.account.name, "%s", name);
	snprintf(c.account.display, sizeof c.account.display, "%s", name);
	snprintf(c.account.password_hash, sizeof c.account.password_hash, "%s", hash);
	c.account.role = role;
	c.account.created_s = 1000;
	return c;
}

static struct store_change room(const char *id, int64_t owner)
{
	struct store_change c = { .kind = CHANGE_ROOM_ADD };
	snprintf(c.room.id, sizeof c.room.id, "%s", id);
	c.room.owner = owner;
	c.room.max = 100;
	snprintf(c.room.title, sizeof c.room.title, "Giao ban");
	return c;
}

static struct store_change link_add(uint8_t token, enum link_kind kind, int64_t of, int64_t expires_s)
{
	struct store_change c = { .kind = CHANGE_LINK_ADD };
	memset(c.link.token_hash, token, sizeof c.link.token_hash);
	c.link.kind = kind;
	c.link.account = of;
	c.link.expires_s = expires_s;
	return c;
}

static struct store_change link_take(uint8_t token, int64_t now_s)
{
	struct store_change c = link_add(token, LINK_INVITE, 0, now_s);
	c.kind = CHANGE_LINK_TAKE;
	return c;
}

static struct store_change session(uint8_t token, int64_t of, int64_t seen_s)
{
	struct store_change c = { .kind = CHANGE_SESSION_ADD };
	memset(c.session.token_hash, token, sizeof c.session.token_hash);
	c.session.account = of;
	c.session.created_s = c.session.seen_s = seen_s;
	return c;
}

static size_t sessions(struct store *s)
{
	struct store_snapshot *all;
	if (store_read(s, &all))
		return 999;
	size_t n = all->session_count;
	store_snapshot_destroy(all);
	return n;
}

static void accounts_and_rooms(struct store *s)
{
	struct store_change c[4];
	int64_t lan = 0, minh = 0;

	c[0] = account("lan", ROLE_ADMIN, "hash");
	check("an account is added", store_apply(s, c, 1, &lan) == 0 && lan > 0);
	check("a name is taken once", store_apply(s, c, 1, NULL) == -EEXIST);
	c[0] = account("minh", ROLE_MEMBER, "");
	c[1] = link_add(1, LINK_INVITE, LINK_OF_ADDED, 2000);
	check("an invitation belongs to the account added with it", store_apply(s, c, 2, &minh) == 0);
	c[0] = account("hoa", ROLE_MEMBER, "");
	c[1] = account("lan", ROLE_MEMBER, "");
	check("what fails half-way leaves nothing", store_apply(s, c, 2, NULL) == -EEXIST);

	struct store_snapshot *all;
	store_read(s, &all);
	check("all of it is read back", all->account_count == 2 && all->link_count == 1 && all->links[0].account == minh);
	store_snapshot_destroy(all);

	c[0] = (struct store_change){ .kind = CHANGE_ACCOUNT_DISABLED };
	c[0].account.id = lan;
	c[0].account.disabled = true;
	c[1] = (struct store_change){ .kind = CHANGE_REQUIRE_ADMIN };
	check("the last administrator stays", store_apply(s, c, 2, NULL) == -EBUSY);
	c[0].account.id = 777;
	check("changing nobody says so", store_apply(s, c, 1, NULL) == -ENOENT);
	c[0] = (struct store_change){ .kind = CHANGE_REQUIRE_NO_ADMIN };
	check("no set-up when there is an administrator", store_apply(s, c, 1, NULL) == -EEXIST);

	c[0] = room("AAAAAAAAAAAAAAAAAAAAAA", lan);
	check("a room is added", store_apply(s, c, 1, NULL) == 0);
	c[0] = room("BBBBBBBBBBBBBBBBBBBBBB", 12345);
	check("a room needs an owner that exists", store_apply(s, c, 1, NULL) == -EEXIST);
	c[0] = (struct store_change){ .kind = CHANGE_ROOM_SETTINGS, .fields = ROOM_TITLE | ROOM_CLOSED };
	snprintf(c[0].room.id, sizeof c[0].room.id, "AAAAAAAAAAAAAAAAAAAAAA");
	snprintf(c[0].room.title, sizeof c[0].room.title, "Mới");
	c[0].room.closed = true;
	store_apply(s, c, 1, NULL);
	store_read(s, &all);
	check("a change touches its fields alone", all->room_count == 1 && !strcmp(all->rooms[0].title, "Mới") && all->rooms[0].closed &&
		all->rooms[0].max == 100);
	store_snapshot_destroy(all);
}

static struct store_change token(const char *id, const char *of, uint8_t hash)
{
	struct store_change c = { .kind = CHANGE_TOKEN_ADD };
	snprintf(c.token.id, sizeof c.token.id, "%s", id);
	snprintf(c.token.room, sizeof c.token.room, "%s", of);
	snprintf(c.token.name, sizeof c.token.name, "Máy quay");
	memset(c.token.token_hash, hash, sizeof c.token.token_hash);
	c.token.publish = true;
	c.token.created_s = 1000;
	c.token.expires_s = 9000;
	return c;
}

static void tokens(struct store *s)
{
	struct store_change c[2];
	struct store_snapshot *all;
	c[0] = token("TTTTTTTTTTTTTTTTTTTTTT", "AAAAAAAAAAAAAAAAAAAAAA", 1);
	check("a token is added", store_apply(s, c, 1, NULL) == 0);
	c[0] = token("UUUUUUUUUUUUUUUUUUUUUU", "AAAAAAAAAAAAAAAAAAAAAA", 1);
	check("its secret is its own", store_apply(s, c, 1, NULL) == -EEXIST);
	c[0] = token("UUUUUUUUUUUUUUUUUUUUUU", "ZZZZZZZZZZZZZZZZZZZZZZ", 2);
	check("a token needs a room that exists", store_apply(s, c, 1, NULL) == -EEXIST);
	c[0] = token("TTTTTTTTTTTTTTTTTTTTTT", "", 0);
	c[0].kind = CHANGE_TOKEN_USED;
	c[0].token.used_s = 1234;
	store_apply(s, c, 1, NULL);
	store_read(s, &all);
	check("and is read back", all->token_count == 1 && !strcmp(all->tokens[0].name, "Máy quay") && all->tokens[0].publish &&
		all->tokens[0].maker == 0 && all->tokens[0].used_s == 1234 && all->tokens[0].expires_s == 9000 && all->tokens[0].token_hash[31] == 1);
	store_snapshot_destroy(all);
	c[0] = token("TTTTTTTTTTTTTTTTTTTTTT", "BBBBBBBBBBBBBBBBBBBBBB", 1);
	c[0].kind = CHANGE_TOKEN_REMOVE;
	check("it is removed with the right room alone", store_apply(s, c, 1, NULL) == -ENOENT);
	c[0] = room("EEEEEEEEEEEEEEEEEEEEEE", 1);
	c[1] = token("UUUUUUUUUUUUUUUUUUUUUU", "EEEEEEEEEEEEEEEEEEEEEE", 2);
	store_apply(s, c, 2, NULL);
	c[0].kind = CHANGE_ROOM_REMOVE;
	store_apply(s, c, 1, NULL);
	store_read(s, &all);
	check("a room takes its tokens along", all->token_count == 1 && !strcmp(all->tokens[0].room, "AAAAAAAAAAAAAAAAAAAAAA"));
	store_snapshot_destroy(all);
}

/* A database of the first version, with something in it, becomes one of this version. */
static void from_version_one(void)
{
	char old[80];
	sqlite3 *db;
	struct store *s;
	struct store_snapshot *all;
	snprintf(old, sizeof old, "%s/old.db", folder);
	store_open(&s, old);
	struct store_change c = account("lan", ROLE_ADMIN, "hash");
	store_apply(s, &c, 1, NULL);
	c = room("AAAAAAAAAAAAAAAAAAAAAA", 1);
	store_apply(s, &c, 1, NULL);
	store_close(s);
	sqlite3_open(old, &db);
	sqlite3_exec(db, "DROP TABLE room_tokens; PRAGMA user_version = 1", NULL, NULL, NULL);
	sqlite3_close(db);
	check("a database of the first version is taken up", store_open(&s, old) == 0);
	c = token("TTTTTTTTTTTTTTTTTTTTTT", "AAAAAAAAAAAAAAAAAAAAAA", 1);
	check("and can hold tokens", store_apply(s, &c, 1, NULL) == 0);
	store_read(s, &all);
	check("beside what it held", all->account_count == 1 && all->room_count == 1 && all->token_count == 1);
	store_snapshot_destroy(all);
	store_close(s);
}

static void links_and_sessions(struct store *s)
{
	struct store_change c[3];
	c[0] = link_take(1, 2000);
	check("a link is over at its second", store_apply(s, c, 1, NULL) == -ENOENT);
	c[0] = link_take(1, 1999);
	check("a link is taken", store_apply(s, c, 1, NULL) == 0);
	check("a link is taken once", store_apply(s, c, 1, NULL) == -ENOENT);

	for (uint8_t i = 1; i <= 3; i++) {
		c[0] = session(i, 1, 1000 + i);
		store_apply(s, c, 1, NULL);
	}
	c[0] = session(9, 1, 0);
	c[1] = link_take(77, 0);
	check("a session of a transaction that failed is none", store_apply(s, c, 2, NULL) == -ENOENT && sessions(s) == 3);
	c[0] = session(2, 1, 0);
	c[0].kind = CHANGE_SESSIONS_REMOVE_OF;
	check("all sessions but one end", store_apply(s, c, 1, NULL) == 0 && sessions(s) == 1);
	c[0] = (struct store_change){ .kind = CHANGE_EXPIRE };
	c[0].session.seen_s = 1002;
	store_apply(s, c, 1, NULL);
	check("a session seen at the limit stays", sessions(s) == 1);
	c[0].session.seen_s = 1003;
	store_apply(s, c, 1, NULL);
	check("an old session goes", sessions(s) == 0);
}

static void secrets(struct store *s)
{
	uint8_t a[32], b[32], c[32];
	check("a secret is made", store_secret(s, "one", a, sizeof a) == 0);
	check("and kept", store_secret(s, "one", b, sizeof b) == 0 && !memcmp(a, b, sizeof a));
	check("another is another", store_secret(s, "two", c, sizeof c) == 0 && memcmp(a, c, sizeof a) != 0);
}

static void two_processes(struct store *s)
{
	struct store *other;
	struct store_change c = account("ngoai", ROLE_MEMBER, "");
	int64_t before = store_foreign_version(s);
	check("a second process opens it", store_open(&other, path) == 0);
	check("opening changes nothing", store_foreign_version(s) == before);
	store_apply(other, &c, 1, NULL);
	check("another's write is noticed", store_foreign_version(s) != before);
	before = store_foreign_version(s);
	c = account("trong", ROLE_MEMBER, "");
	store_apply(s, &c, 1, NULL);
	check("one's own is not", store_foreign_version(s) == before);
	store_close(other);
}

/* A child commits one account after another and says each name once it is acknowledged; it is killed somewhere. */
static void kill_nine(void)
{
	int say[2];
	if (pipe(say))
		return;
	pid_t child = fork();
	if (child == 0) {
		struct store *s;
		if (store_open(&s, path))
			_exit(1);
		for (uint32_t n = 0;; n++) {
			char name[16];
			snprintf(name, sizeof name, "k%u", n);
			struct store_change c = account(name, ROLE_MEMBER, "");
			if (store_apply(s, &c, 1, NULL) || write(say[1], &n, sizeof n) != sizeof n)
				_exit(1);
		}
	}
	close(say[1]);
	uint32_t last = 0, n;
	while (last < 60 && read(say[0], &n, sizeof n) == sizeof n)
		last = n;
	kill(child, SIGKILL);
	while (read(say[0], &n, sizeof n) == sizeof n)
		last = n;
	waitpid(child, NULL, 0);
	close(say[0]);

	struct store *s;
	struct store_snapshot *all;
	bool opened = store_open(&s, path) == 0 && store_read(s, &all) == 0;
	check("after kill -9 it opens", opened);
	if (!opened)
		return;
	uint32_t found = 0;
	for (size_t i = 0; i < all->account_count; i++)
		found += all->accounts[i].name[0] == 'k';
	check("and holds all that was acknowledged", last >= 60 && found >= last + 1 && found <= last + 2);
	store_snapshot_destroy(all);
	store_close(s);
}

static void versions(void)
{
	sqlite3 *db;
	char newer[80];
	struct store *s = NULL;
	snprintf(newer, sizeof newer, "%s/newer.db", folder);
	sqlite3_open(newer, &db);
	sqlite3_exec(db, "PRAGMA user_version = 9999", NULL, NULL, NULL);
	sqlite3_close(db);
	check("a newer database is refused", store_open(&s, newer) == -EPROTO);
	check("a folder that is not there is refused", store_open(&s, "/nowhere/at/all.db") == -ENOENT);
	FILE *f = fopen(newer, "w");
	fputs("this is no database, it is a text of some length that stands where one should be", f);
	fclose(f);
	check("what is no database is refused", store_open(&s, newer) < 0);

	sqlite3_open(path, &db);
	check("migrating twice changes nothing", store_schema_migrate(db) == 0);
	sqlite3_stmt *st;
	sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	sqlite3_step(st);
	check("the version is this program's", sqlite3_column_int(st, 0) == store_schema_version());
	sqlite3_finalize(st);
	sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &st, NULL);
	sqlite3_step(st);
	check("it is in WAL mode", !strcmp((const char *)sqlite3_column_text(st, 0), "wal"));
	sqlite3_finalize(st);
	sqlite3_close(db);
	struct stat mode;
	check("nobody else may read it", stat(path, &mode) == 0 && (mode.st_mode & 077) == 0);
}

int main(void)
{
	struct store *s;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	check("a database is made", store_open(&s, path) == 0);
	accounts_and_rooms(s);
	tokens(s);
	links_and_sessions(s);
	secrets(s);
	two_processes(s);
	store_close(s);
	check("it opens again", store_open(&s, path) == 0);
	struct store_snapshot *all;
	store_read(s, &all);
	check("and holds what it held", all->account_count == 4 && all->room_count == 1);
	store_snapshot_destroy(all);
	store_close(s);
	versions();
	from_version_one();
	kill_nine();
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}

#include "store_schema.h"

#include <errno.h>
#include <stdio.h>

static const char *const steps[] = {
	/* 0 → 1: accounts, sessions, one-time links, rooms, and the secrets of this installation. */
	"CREATE TABLE accounts ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"       /* AUTOINCREMENT: an id is never used twice */
	"  name TEXT NOT NULL UNIQUE,"
	"  display TEXT NOT NULL,"
	"  password_hash TEXT NOT NULL DEFAULT '',"
	"  role INTEGER NOT NULL CHECK (role IN (0, 1, 2)),"
	"  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),"
	"  created_s INTEGER NOT NULL,"
	"  last_seen_s INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE TABLE sessions ("
	"  token_hash BLOB PRIMARY KEY,"
	"  account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
	"  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),"
	"  created_s INTEGER NOT NULL,"
	"  seen_s INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX sessions_account ON sessions (account);"
	"CREATE TABLE links ("
	"  token_hash BLOB PRIMARY KEY,"
	"  kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),"
	"  account INTEGER REFERENCES accounts (id) ON DELETE CASCADE,"
	"  expires_s INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX links_account ON links (account);"
	"CREATE TABLE rooms ("
	"  position INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id TEXT NOT NULL UNIQUE,"
	"  owner INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
	"  title TEXT NOT NULL,"
	"  banner TEXT NOT NULL,"
	"  contact TEXT NOT NULL,"
	"  password_hash TEXT NOT NULL,"
	"  guests INTEGER NOT NULL CHECK (guests IN (0, 1)),"
	"  closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),"
	"  max INTEGER NOT NULL,"
	"  created_s INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX rooms_owner ON rooms (owner);"
	"CREATE TABLE secrets ("
	"  name TEXT PRIMARY KEY,"
	"  value BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;",

	/* 1 → 2: tokens of devices. */
	"CREATE TABLE room_tokens ("
	"  position INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  id TEXT NOT NULL UNIQUE,"
	"  room TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,"
	"  token_hash BLOB NOT NULL UNIQUE,"
	"  publish INTEGER NOT NULL CHECK (publish IN (0, 1)),"
	"  name TEXT NOT NULL,"
	"  maker INTEGER REFERENCES accounts (id) ON DELETE SET NULL,"
	"  created_s INTEGER NOT NULL,"
	"  used_s INTEGER NOT NULL DEFAULT 0,"
	"  expires_s INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE INDEX room_tokens_room ON room_tokens (room);"
	"CREATE INDEX room_tokens_maker ON room_tokens (maker);",
};

int store_schema_version(void)
{
	return (int)(sizeof steps / sizeof *steps);
}

static int version_of(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return version;
}

static int migrate_locked(sqlite3 *db)
{
	int version = version_of(db);
	if (version < 0)
		return -EIO;
	if (version > store_schema_version())
		return -EPROTO;
	for (; version < store_schema_version(); version++) {
		char set[48];
		snprintf(set, sizeof set, "PRAGMA user_version = %d", version + 1);
		if (sqlite3_exec(db, steps[version], NULL, NULL, NULL) != SQLITE_OK ||
		    sqlite3_exec(db, set, NULL, NULL, NULL) != SQLITE_OK)
			return -EIO;
	}
	return 0;
}

int store_schema_migrate(sqlite3 *db)
{
	/* IMMEDIATE: a server and a command line that start together do not migrate twice. */
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	int err = migrate_locked(db);
	if (!err && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err ? err : -EIO;
}

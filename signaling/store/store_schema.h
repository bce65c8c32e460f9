/**
 * The tables, and the steps from each version of them to the next.
 *
 * Step n brings a database of version n to version n + 1 (`PRAGMA user_version`). A released step is never edited: a
 * change is a new step at the end.
 */
#ifndef HOPKIN_STORE_STORE_SCHEMA_H
#define HOPKIN_STORE_STORE_SCHEMA_H

#include <sqlite3.h>

/** How many steps there are: the version of this program. */
int store_schema_version(void);

/** @return 0; -EPROTO: the database is newer than this program; -EIO: a step failed, and nothing of it remains */
int store_schema_migrate(sqlite3 *db);

#endif

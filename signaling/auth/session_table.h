/**
 * The sessions that stand, found by the hash of their token.
 */
#ifndef HOPKIN_AUTH_SESSION_TABLE_H
#define HOPKIN_AUTH_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

enum {
	SESSION_IDLE_S = 12 * 3600,             /* ends so long after it was last seen */
	SESSION_LONGEST_S = 7 * 24 * 3600,      /* and so long after it began */
};

struct session {
	struct session *next;
	struct session_record record;
	int64_t saved_s;                        /* the seen_s that the store has */
};

struct session_table {
	struct session *buckets[1024];
	size_t count;
};

/** Borrowed. NULL: none. */
struct session *session_table_find(const struct session_table *table, const uint8_t token_hash[STORE_TOKEN_HASH_BYTES]);
/** Copied. @return NULL: no memory */
struct session *session_table_add(struct session_table *table, const struct session_record *record);
void session_table_remove(struct session_table *table, const uint8_t token_hash[STORE_TOKEN_HASH_BYTES]);
/** `session` may be removed by `each`. */
void session_table_each(struct session_table *table, void (*each)(void *arg, struct session *session), void *arg);
void session_table_clear(struct session_table *table);
bool session_over(const struct session_record *record, int64_t now_s);

#endif

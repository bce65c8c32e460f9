#include "session_table.h"

#include <stdlib.h>
#include <string.h>

/* The hashes are uniform already; and nobody chooses one without 2^128 work. */
static struct session **bucket(struct session_table *t, const uint8_t *h)
{
	return &t->buckets[(size_t)(h[0] | h[1] << 8) % (sizeof t->buckets / sizeof *t->buckets)];
}

struct session *session_table_find(const struct session_table *t, const uint8_t token_hash[STORE_TOKEN_HASH_BYTES])
{
	struct session *s = *bucket((struct session_table *)t, token_hash);
	while (s && memcmp(s->record.token_hash, token_hash, STORE_TOKEN_HASH_BYTES) != 0)
		s = s->next;
	return s;
}

struct session *session_table_add(struct session_table *t, const struct session_record *record)
{
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	struct session **head = bucket(t, record->token_hash);
	*s = (struct session){ .next = *head, .record = *record, .saved_s = record->seen_s };
	*head = s;
	t->count++;
	return s;
}

void session_table_remove(struct session_table *t, const uint8_t token_hash[STORE_TOKEN_HASH_BYTES])
{
	for (struct session **at = bucket(t, token_hash); *at; at = &(*at)->next) {
		struct session *s = *at;
		if (memcmp(s->record.token_hash, token_hash, STORE_TOKEN_HASH_BYTES) == 0) {
			*at = s->next;
			t->count--;
			free(s);
			return;
		}
	}
}

void session_table_each(struct session_table *t, void (*each)(void *arg, struct session *session), void *arg)
{
	for (size_t i = 0; i < sizeof t->buckets / sizeof *t->buckets; i++) {
		struct session *next;
		for (struct session *s = t->buckets[i]; s; s = next) {
			next = s->next;
			each(arg, s);
		}
	}
}

void session_table_clear(struct session_table *t)
{
	for (size_t i = 0; i < sizeof t->buckets / sizeof *t->buckets; i++) {
		while (t->buckets[i])
			session_table_remove(t, t->buckets[i]->record.token_hash);
	}
}

bool session_over(const struct session_record *r, int64_t now_s)
{
	return now_s - r->seen_s >= SESSION_IDLE_S || now_s - r->created_s >= SESSION_LONGEST_S;
}

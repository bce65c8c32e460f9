#include "room_tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

enum { BURST = 60, WINDOW_S = 10, USED_EVERY_S = 60 };

struct node {
	struct token_record record;
	bool seen;                      /* while a snapshot is compared */
	double budget;                  /* of BURST, as of charged_us; 0 there: never charged */
	int64_t charged_us;
};

struct room_tokens {
	struct store_thread *store;
	room_token_ended_fn *ended;
	void *arg;
	struct map *by_hash;
	struct node **order;            /* by making */
	size_t count, room;
};

struct token_op {
	struct room_tokens *tokens;
	room_tokens_done_fn *done;
	void *arg;
	bool adds;
	struct token_record record;
};

/* -- the table -------------------------------------------------------------------------------------------------------- */

static struct node *find_hash(const struct room_tokens *tokens, const uint8_t hash[STORE_TOKEN_HASH_BYTES])
{
	return map_get_string(tokens->by_hash, (const char *)hash, STORE_TOKEN_HASH_BYTES);
}

static struct node *find_id(const struct room_tokens *tokens, const char *room, const char *id)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct node *n = tokens->order[i];
		if (strcmp(n->record.id, id) == 0 && strcmp(n->record.room, room) == 0)
			return n;
	}
	return NULL;
}

static int insert(struct room_tokens *tokens, const struct token_record *record)
{
	if (tokens->count == tokens->room) {
		size_t more = tokens->room ? tokens->room * 2 : 16;
		struct node **order = realloc(tokens->order, more * sizeof *order);
		if (!order)
			return -ENOMEM;
		tokens->order = order;
		tokens->room = more;
	}
	struct node *n = calloc(1, sizeof *n);
	if (!n || map_put_string(tokens->by_hash, (const char *)record->token_hash, STORE_TOKEN_HASH_BYTES, n)) {
		free(n);
		return -ENOMEM;
	}
	n->record = *record;
	n->seen = true;
	tokens->order[tokens->count++] = n;
	return 0;
}

/* Those above are told when it is no longer found. */
static void end(struct room_tokens *tokens, size_t index)
{
	struct node *n = tokens->order[index];
	map_remove_string(tokens->by_hash, (const char *)n->record.token_hash, STORE_TOKEN_HASH_BYTES);
	tokens->count--;
	memmove(&tokens->order[index], &tokens->order[index + 1], (tokens->count - index) * sizeof *tokens->order);
	if (tokens->ended)
		tokens->ended(tokens->arg, &n->record);
	free(n);
}

static void end_node(struct room_tokens *tokens, const struct node *n)
{
	for (size_t i = 0; i < tokens->count; i++) {
		if (tokens->order[i] == n) {
			end(tokens, i);
			return;
		}
	}
}

static bool good(const struct token_record *r, int64_t now_s)
{
	return !r->expires_s || now_s < r->expires_s;
}

const struct token_record *room_tokens_find(const struct room_tokens *tokens, const char *token, int64_t now_s)
{
	uint8_t hash[SECRET_TOKEN_HASH_BYTES];
	const struct node *n = secret_token_hash(hash, token) ? find_hash(tokens, hash) : NULL;
	return n && good(&n->record, now_s) ? &n->record : NULL;
}

bool room_tokens_hash_known(const struct room_tokens *tokens, const uint8_t hash[STORE_TOKEN_HASH_BYTES], int64_t now_s)
{
	const struct node *n = find_hash(tokens, hash);
	return n && good(&n->record, now_s);
}

const struct token_record *room_tokens_at(const struct room_tokens *tokens, size_t index)
{
	return index < tokens->count ? &tokens->order[index]->record : NULL;
}

size_t room_tokens_count(const struct room_tokens *tokens)
{
	return tokens->count;
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

/* What was used is our own word, also where another process' snapshot is older. */
static void update(struct node *n, const struct token_record *record)
{
	int64_t used_s = n->record.used_s;
	n->record = *record;
	if (n->record.used_s < used_s)
		n->record.used_s = used_s;
}

void room_tokens_replace(struct room_tokens *tokens, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < tokens->count; i++)
		tokens->order[i]->seen = false;
	for (size_t i = 0; i < snapshot->token_count; i++) {
		struct node *n = find_hash(tokens, snapshot->tokens[i].token_hash);
		if (n) {
			n->seen = true;
			update(n, &snapshot->tokens[i]);
		} else {
			insert(tokens, &snapshot->tokens[i]);
		}
	}
	for (size_t i = tokens->count; i-- > 0;) {
		if (!tokens->order[i]->seen)
			end(tokens, i);
	}
}

void room_tokens_forget_room(struct room_tokens *tokens, const char *room)
{
	for (size_t i = tokens->count; i-- > 0;) {
		if (strcmp(tokens->order[i]->record.room, room) == 0)
			end(tokens, i);
	}
}

/* An expired token stays listed until it is removed; only what it opened ends. Said again and again, which does no harm. */
void room_tokens_tick(struct room_tokens *tokens, int64_t now_s)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct node *n = tokens->order[i];
		if (!good(&n->record, now_s) && tokens->ended)
			tokens->ended(tokens->arg, &n->record);
	}
}

int room_tokens_create(struct room_tokens **out, const struct store_snapshot *snapshot, struct store_thread *store,
	room_token_ended_fn *ended, void *arg)
{
	struct room_tokens *tokens = calloc(1, sizeof *tokens);
	if (!tokens)
		return -ENOMEM;
	*tokens = (struct room_tokens){ .store = store, .ended = ended, .arg = arg };
	int err = map_create(&tokens->by_hash, MAP_BY_STRING, 64, MAP_GROWS);
	if (err) {
		room_tokens_destroy(tokens);
		return err;
	}
	room_tokens_replace(tokens, snapshot);
	*out = tokens;
	return 0;
}

void room_tokens_destroy(struct room_tokens *tokens)
{
	if (!tokens)
		return;
	for (size_t i = 0; i < tokens->count; i++)
		free(tokens->order[i]);
	free(tokens->order);
	map_destroy(tokens->by_hash);
	free(tokens);
}

/* -- use -------------------------------------------------------------------------------------------------------------- */

uint32_t room_tokens_charge(struct room_tokens *tokens, const struct token_record *record, unsigned cost, int64_t now_us)
{
	struct node *n = find_hash(tokens, record->token_hash);
	if (!n)
		return 1;
	n->budget += n->charged_us ? (double)(now_us - n->charged_us) * BURST / (WINDOW_S * 1e6) : BURST;
	if (n->budget > BURST)
		n->budget = BURST;
	n->charged_us = now_us;
	if (n->budget < cost)
		return (uint32_t)((cost - n->budget) * WINDOW_S / BURST) + 1;
	n->budget -= cost;
	return 0;
}

void room_tokens_used(struct room_tokens *tokens, const struct token_record *record, int64_t now_s)
{
	struct node *n = find_hash(tokens, record->token_hash);
	if (!n || now_s - n->record.used_s < USED_EVERY_S)
		return;
	n->record.used_s = now_s;
	struct store_change c = { .kind = CHANGE_TOKEN_USED };
	c.token = n->record;
	store_thread_submit(tokens->store, &c, 1, NULL, NULL);
}

/* -- changes ---------------------------------------------------------------------------------------------------------- */

static void finish(struct token_op *op, enum rooms_result result)
{
	const struct node *n = result == ROOMS_OK && op->adds ? find_hash(op->tokens, op->record.token_hash) : NULL;
	op->done(op->arg, result, n ? &n->record : NULL);
	free(op);
}

static void stored(void *arg, int err, int64_t added)
{
	struct token_op *op = arg;
	struct room_tokens *tokens = op->tokens;
	if (err) {
		bool gone = err == -ENOENT || (op->adds && err == -EEXIST);     /* its room was removed meanwhile */
		finish(op, gone ? ROOMS_NOT_FOUND : err == -EAGAIN ? ROOMS_BUSY : ROOMS_FAILED);
		return;
	}
	struct node *n = find_hash(tokens, op->record.token_hash);
	if (op->adds && !n)
		err = insert(tokens, &op->record);
	else if (!op->adds && n)
		end_node(tokens, n);
	finish(op, err ? ROOMS_BUSY : ROOMS_OK);
}

static void submit(struct room_tokens *tokens, enum change_kind kind, const struct token_record *record, room_tokens_done_fn *done,
	void *arg)
{
	struct token_op *op = calloc(1, sizeof *op);
	if (!op) {
		done(arg, ROOMS_BUSY, NULL);
		return;
	}
	*op = (struct token_op){ .tokens = tokens, .done = done, .arg = arg, .adds = kind == CHANGE_TOKEN_ADD, .record = *record };
	struct store_change c = { .kind = kind };
	c.token = *record;
	if (store_thread_submit(tokens->store, &c, 1, stored, op))
		finish(op, ROOMS_BUSY);
}

static size_t count_of(const struct room_tokens *tokens, const char *room)
{
	size_t n = 0;
	for (size_t i = 0; i < tokens->count; i++)
		n += strcmp(tokens->order[i]->record.room, room) == 0;
	return n;
}

void room_tokens_add(struct room_tokens *tokens, const struct token_record *fields, char token[SECRET_TOKEN_CHARS + 1], int64_t now_s,
	room_tokens_done_fn *done, void *arg)
{
	struct token_record record = *fields;
	if (count_of(tokens, record.room) >= STORE_ROOM_TOKENS_MOST) {
		done(arg, ROOMS_TOO_MANY, NULL);
		return;
	}
	random_id(record.id);
	secret_token_make(token);
	secret_token_hash(record.token_hash, token);
	record.created_s = now_s;
	record.used_s = 0;
	submit(tokens, CHANGE_TOKEN_ADD, &record, done, arg);
}

void room_tokens_remove(struct room_tokens *tokens, const char *room, const char *id, room_tokens_done_fn *done, void *arg)
{
	const struct node *n = find_id(tokens, room, id);
	if (!n)
		done(arg, ROOMS_NOT_FOUND, NULL);
	else
		submit(tokens, CHANGE_TOKEN_REMOVE, &n->record, done, arg);
}

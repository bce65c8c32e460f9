/* Tokens of devices: made, found by what was shown, slowed, expired, revoked, and what another process did to them. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "room_tokens.h"
#include "store_turns.h"

#define ROOM "AAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "BBBBBBBBBBBBBBBBBBBBBB"

static char folder[] = "/tmp/hopkin-tokens-XXXXXX";
static char path[64];
static struct store_thread *thread;
static struct room_tokens *tokens;
static int64_t owner;
static store_id made;
static int ends;
static uint8_t ended_hash[STORE_TOKEN_HASH_BYTES];

static void done(void *arg, enum rooms_result r, const struct token_record *record)
{
	result = r;
	answered = true;
	if (record)
		memcpy(made, record->id, sizeof made);
}

static void ended(void *arg, const struct token_record *record)
{
	ends++;
	memcpy(ended_hash, record->token_hash, sizeof ended_hash);
}

static void news(void *arg, struct store_snapshot *snapshot)
{
	if (tokens)
		room_tokens_replace(tokens, snapshot);
	store_snapshot_destroy(snapshot);
}

#define UNTIL(condition) for (int i_ = 0; i_ < 50 && !(condition); i_++) turn()

static enum rooms_result add(const char *room, bool publish, int64_t expires_s, char token[SECRET_TOKEN_CHARS + 1])
{
	struct token_record fields = { .publish = publish, .maker = owner, .expires_s = expires_s };
	strcpy(fields.room, room);
	snprintf(fields.name, sizeof fields.name, "Máy quay hội trường");
	room_tokens_add(tokens, &fields, token, 1000, done, NULL);
	return wait_done();
}

static size_t stored_tokens(void)
{
	struct store *other;
	struct store_snapshot *all;
	if (store_open(&other, path) || store_read(other, &all))
		return 999;
	size_t n = all->token_count;
	store_snapshot_destroy(all);
	store_close(other);
	return n;
}

static void ours(void)
{
	char a[SECRET_TOKEN_CHARS + 1], b[SECRET_TOKEN_CHARS + 1];
	check("a token is made", add(ROOM, true, 0, a) == ROOMS_OK && strlen(a) == SECRET_TOKEN_CHARS && stored_tokens() == 1);
	const struct token_record *found = room_tokens_find(tokens, a, 1000);
	check("and found by what was shown", found && found->publish && !strcmp(found->room, ROOM) && !strcmp(found->name, "Máy quay hội trường"));
	check("what is kept is not what was shown", found && !memmem(found, sizeof *found, a, SECRET_TOKEN_CHARS));
	b[0] = a[0] == 'A' ? 'B' : 'A';
	strcpy(b + 1, a + 1);
	check("another token is none", !room_tokens_find(tokens, b, 1000) && !room_tokens_find(tokens, "", 1000) &&
		!room_tokens_find(tokens, found->id, 1000));
	room_tokens_used(tokens, found, 5000);
	room_tokens_used(tokens, found, 5001);
	check("when it was used is remembered, once a minute", found->used_s == 5000);

	check("no such room has no tokens", add("CCCCCCCCCCCCCCCCCCCCCC", true, 0, b) == ROOMS_NOT_FOUND && !room_tokens_find(tokens, b, 1000));
	check("another, for a while", add(ROOM, false, 2000, b) == ROOMS_OK);
	check("it is good until then", room_tokens_find(tokens, b, 1999) && !room_tokens_find(tokens, b, 2000));
	room_tokens_tick(tokens, 1999);
	check("and opens what it opened until then", ends == 0);
	room_tokens_tick(tokens, 2000);
	check("not longer", ends == 1 && !memcmp(ended_hash, room_tokens_at(tokens, 1)->token_hash, sizeof ended_hash));
	check("but it stays listed", room_tokens_count(tokens) == 2);

	store_id id;
	strcpy(id, room_tokens_at(tokens, 0)->id);
	room_tokens_remove(tokens, OTHER, id, done, NULL);
	check("another room's owner cannot revoke it", wait_done() == ROOMS_NOT_FOUND && room_tokens_find(tokens, a, 1000));
	ends = 0;
	room_tokens_remove(tokens, ROOM, id, done, NULL);
	check("it is revoked", wait_done() == ROOMS_OK && !room_tokens_find(tokens, a, 1000) && ends == 1 && stored_tokens() == 1);
	room_tokens_remove(tokens, ROOM, id, done, NULL);
	check("once", wait_done() == ROOMS_NOT_FOUND && ends == 1);
	room_tokens_remove(tokens, ROOM, room_tokens_at(tokens, 0)->id, done, NULL);
	check("so is the expired one", wait_done() == ROOMS_OK && room_tokens_count(tokens) == 0 && stored_tokens() == 0);
}

static const struct { const char *name; unsigned cost; int64_t at_ms; bool waits; } charges[] = {
	{ "1", ROOM_TOKEN_COST_ENTER, 0, false },      { "2", ROOM_TOKEN_COST_ENTER, 0, false },
	{ "3", ROOM_TOKEN_COST_ENTER, 0, false },      { "4", ROOM_TOKEN_COST_ENTER, 0, false },
	{ "5", ROOM_TOKEN_COST_ENTER, 0, false },      { "6", ROOM_TOKEN_COST_ENTER, 0, false },
	{ "the seventh at once", ROOM_TOKEN_COST_ENTER, 0, true },
	{ "a small one at once", ROOM_TOKEN_COST_OTHER, 100, true },
	{ "a small one after a while", ROOM_TOKEN_COST_OTHER, 300, false },
	{ "a large one is too early then", ROOM_TOKEN_COST_ENTER, 1000, true },
	{ "and in time later", ROOM_TOKEN_COST_ENTER, 3000, false },
};

static void slowed(void)
{
	char token[SECRET_TOKEN_CHARS + 1];
	add(ROOM, true, 0, token);
	const struct token_record *record = room_tokens_find(tokens, token, 1000);
	for (size_t i = 0; i < sizeof charges / sizeof *charges; i++) {
		uint32_t wait_s = room_tokens_charge(tokens, record, charges[i].cost, 1000000 + charges[i].at_ms * 1000);
		check(charges[i].name, (wait_s > 0) == charges[i].waits && wait_s <= 3);
	}
	room_tokens_remove(tokens, ROOM, record->id, done, NULL);
	wait_done();
}

static void elsewhere(void)
{
	struct store *other;
	char token[SECRET_TOKEN_CHARS + 1];
	struct store_change c = { .kind = CHANGE_TOKEN_ADD };
	store_open(&other, path);
	secret_token_make(token);
	secret_token_hash(c.token.token_hash, token);
	strcpy(c.token.id, "TTTTTTTTTTTTTTTTTTTTTT");
	strcpy(c.token.room, OTHER);
	check("the command line makes one", store_apply(other, &c, 1, NULL) == 0);
	UNTIL(room_tokens_find(tokens, token, 1000));
	check("it is found here", room_tokens_find(tokens, token, 1000) != NULL);
	ends = 0;
	c.kind = CHANGE_TOKEN_REMOVE;
	strcpy(c.token.room, ROOM);
	check("of another room it cannot be revoked", store_apply(other, &c, 1, NULL) < 0);
	strcpy(c.token.room, OTHER);
	check("of its own it can", store_apply(other, &c, 1, NULL) == 0);
	UNTIL(ends);
	check("and ends here", ends == 1 && !room_tokens_find(tokens, token, 1000));
	c.kind = CHANGE_TOKEN_ADD;
	store_apply(other, &c, 1, NULL);
	UNTIL(room_tokens_count(tokens) == 1);
	struct store_change gone = { .kind = CHANGE_ROOM_REMOVE };
	strcpy(gone.room.id, OTHER);
	store_apply(other, &gone, 1, NULL);
	UNTIL(ends == 2);
	check("removing the room removes it", ends == 2 && room_tokens_count(tokens) == 0 && stored_tokens() == 0);
	store_close(other);
}

static void many(void)
{
	char token[SECRET_TOKEN_CHARS + 1];
	int made_count = 0;
	for (int i = 0; i < STORE_ROOM_TOKENS_MOST; i++)
		made_count += add(ROOM, true, 0, token) == ROOMS_OK;
	check("a room has at most fifty", made_count == STORE_ROOM_TOKENS_MOST && add(ROOM, true, 0, token) == ROOMS_TOO_MANY);
	ends = 0;
	room_tokens_forget_room(tokens, OTHER);
	check("another room's end leaves them", ends == 0);
	room_tokens_forget_room(tokens, ROOM);
	check("they go with their room", ends == STORE_ROOM_TOKENS_MOST && room_tokens_count(tokens) == 0);
}

int main(void)
{
	struct store *store;
	struct store_snapshot *all;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	struct store_change c[2] = { { .kind = CHANGE_ACCOUNT_ADD }, { .kind = CHANGE_ROOM_ADD } };
	snprintf(c[0].account.name, sizeof c[0].account.name, "lan");
	if (inbox_create(&inbox) || store_open(&store, path) || store_apply(store, c, 1, &owner))
		return 1;
	c[1].room.owner = owner;
	strcpy(c[1].room.id, ROOM);
	store_apply(store, &c[1], 1, NULL);
	strcpy(c[1].room.id, OTHER);
	store_apply(store, &c[1], 1, NULL);
	if (store_read(store, &all) || store_thread_start(&thread, store, inbox, news, NULL))
		return 1;
	check("tokens begin", room_tokens_create(&tokens, all, thread, ended, NULL) == 0);
	store_snapshot_destroy(all);
	ours();
	slowed();
	elsewhere();
	many();
	store_thread_stop(thread);
	room_tokens_destroy(tokens);
	inbox_destroy(inbox);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}

/* Rooms: made, changed and removed through the store, and what another process did to them. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rooms.h"
#include "store_turns.h"

static char folder[] = "/tmp/hopkin-rooms-XXXXXX";
static char path[64];
static struct rooms *rooms;
static int64_t owner;
static store_id made;
static int changes, removals;
static char changed_title[64];

static void done(void *arg, enum rooms_result r, const struct room_record *room)
{
	result = r;
	answered = true;
	if (room)
		memcpy(made, room->id, sizeof made);
}

static void changed(void *arg, const struct room_record *room)
{
	changes++;
	snprintf(changed_title, sizeof changed_title, "%.60s", room->title);
}

static void removed(void *arg, const char *id)
{
	removals++;
}

static void news(void *arg, struct store_snapshot *snapshot)
{
	if (rooms)
		rooms_replace(rooms, snapshot);
	store_snapshot_destroy(snapshot);
}

static void ours(void)
{
	struct room_record r = { .owner = owner, .max = 100, .guests = true, .title = "Giao ban" };
	rooms_add(rooms, &r, "bay hoa sen", 1000, done, NULL);
	check("a room is made", wait_done() == ROOMS_OK && rooms_count(rooms) == 1);
	const struct room_record *found = rooms_find(rooms, made);
	check("and found", found && !strcmp(found->title, "Giao ban") && found->created_s == 1000);
	check("its password is a hash", found && !strncmp(found->password_hash, "$argon2id$", 10));
	check("what has no form of an id is not found", !rooms_find(rooms, "") && !rooms_find(rooms, "x") && !rooms_find(rooms, "'; DROP TABLE rooms"));

	char old[STORE_HASH_BYTES];
	memcpy(old, found->password_hash, sizeof old);
	r = *found;
	snprintf(r.title, sizeof r.title, "Khác");
	r.max = 2;
	rooms_change(rooms, &r, ROOM_TITLE, done, NULL);
	check("a change touches its field", wait_done() == ROOMS_OK && !strcmp(rooms_find(rooms, made)->title, "Khác"));
	check("and no other", rooms_find(rooms, made)->max == 100);
	check("those above are told", changes == 1 && !strcmp(changed_title, "Khác"));
	rooms_set_password(rooms, made, "chin con chim", done, NULL);
	check("a new password is another hash", wait_done() == ROOMS_OK && strcmp(old, rooms_find(rooms, made)->password_hash));
	rooms_set_password(rooms, "AAAAAAAAAAAAAAAAAAAAAA", "chin con chim", done, NULL);
	check("no room has no password to change", wait_done() == ROOMS_NOT_FOUND);
	store_id gone;
	memcpy(gone, made, sizeof gone);
	rooms_remove(rooms, gone, done, NULL);
	check("it is removed", wait_done() == ROOMS_OK && rooms_count(rooms) == 0 && !rooms_find(rooms, gone) && removals == 1);
	rooms_remove(rooms, gone, done, NULL);
	check("twice is once", wait_done() == ROOMS_OK && removals == 1);
	r.owner = 4711;
	rooms_add(rooms, &r, "bay hoa sen", 1000, done, NULL);
	check("an owner that is not has no rooms", wait_done() == ROOMS_FAILED && rooms_count(rooms) == 0);
}

/* Turn until a condition on what another process did has come true. */
#define UNTIL(condition) for (int i_ = 0; i_ < 50 && !(condition); i_++) turn()

static void elsewhere(void)
{
	struct store *other;
	store_open(&other, path);
	changes = removals = 0;
	struct store_change c = { .kind = CHANGE_ROOM_ADD };
	snprintf(c.room.id, sizeof c.room.id, "BBBBBBBBBBBBBBBBBBBBBB");
	snprintf(c.room.title, sizeof c.room.title, "Ngoài");
	c.room.owner = owner;
	c.room.max = 5;
	store_apply(other, &c, 1, NULL);
	UNTIL(rooms_count(rooms) == 1);
	check("a room made by another process is there", rooms_find(rooms, "BBBBBBBBBBBBBBBBBBBBBB") != NULL && changes == 0);
	c.kind = CHANGE_ROOM_SETTINGS;
	c.fields = ROOM_CLOSED;
	c.room.closed = true;
	store_apply(other, &c, 1, NULL);
	UNTIL(changes == 1);
	check("its change is told", changes == 1 && rooms_find(rooms, "BBBBBBBBBBBBBBBBBBBBBB")->closed);
	c.kind = CHANGE_ROOM_REMOVE;
	store_apply(other, &c, 1, NULL);
	UNTIL(removals == 1);
	check("and its end", removals == 1 && rooms_count(rooms) == 0);
	store_close(other);
}

static void many(void)
{
	int added = 0;
	struct room_record r = { .owner = owner, .max = 100, .title = "x" };
	struct store *other;
	store_open(&other, path);
	for (int i = 0; i < ROOMS_MOST_OF_OWNER; i++) {
		struct store_change c = { .kind = CHANGE_ROOM_ADD, .room = r };
		snprintf(c.room.id, sizeof c.room.id, "C%021d", i);
		added += store_apply(other, &c, 1, NULL) == 0;
	}
	UNTIL((int)rooms_count(rooms) == added);
	rooms_add(rooms, &r, "bay hoa sen", 1000, done, NULL);
	check("one owner has at most 200 rooms", wait_done() == ROOMS_TOO_MANY && added == ROOMS_MOST_OF_OWNER);
	bool in_order = rooms_count(rooms) == (size_t)added;
	for (int i = 0; in_order && i < added; i++)
		in_order = atoi(rooms_at(rooms, (size_t)i)->id + 1) == i;
	check("they are in the order of their making", in_order);
	store_close(other);
}

int main(void)
{
	struct store *store;
	struct store_snapshot *all;
	struct store_thread *thread;
	struct hash_pool *pool;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	struct store_change c = { .kind = CHANGE_ACCOUNT_ADD };
	snprintf(c.account.name, sizeof c.account.name, "lan");
	if (inbox_create(&inbox) || store_open(&store, path) || store_apply(store, &c, 1, &owner) || store_read(store, &all) ||
	    store_thread_start(&thread, store, inbox, news, NULL) || hash_pool_create(&pool, inbox))
		return 1;
	const struct rooms_events events = { .changed = changed, .removed = removed };
	check("rooms begin", rooms_create(&rooms, all, thread, pool, &events) == 0);
	store_snapshot_destroy(all);
	ours();
	elsewhere();
	many();
	hash_pool_destroy(pool);
	store_thread_stop(thread);
	rooms_destroy(rooms);
	inbox_destroy(inbox);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}

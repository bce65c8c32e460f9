#include "rooms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secret_token.h"

enum { BUCKETS = 1024 };

struct node {
	struct node *next;              /* in its bucket */
	struct room_record record;
	bool seen;                      /* while a snapshot is compared */
};

struct rooms {
	struct store_thread *store;
	struct hash_pool *pool;
	struct rooms_events events;
	struct node *buckets[BUCKETS];
	struct node **order;            /* by making */
	size_t count, room;
};

struct room_op {
	struct rooms *rooms;
	rooms_done_fn *done;
	void *arg;
	enum change_kind kind;
	unsigned fields;
	struct room_record record;
};

/* -- the table -------------------------------------------------------------------------------------------------------- */

/* Ids are random and ours: any part of one is a hash. */
static struct node **bucket(struct rooms *rooms, const char *id)
{
	unsigned h = 0;
	for (int i = 0; i < 6 && id[i]; i++)
		h = h * 67 + (unsigned char)id[i];
	return &rooms->buckets[h % BUCKETS];
}

static struct node *find(const struct rooms *rooms, const char *id)
{
	struct node *n = *bucket((struct rooms *)rooms, id);
	while (n && strcmp(n->record.id, id) != 0)
		n = n->next;
	return n;
}

static int insert(struct rooms *rooms, const struct room_record *record)
{
	if (rooms->count == rooms->room) {
		size_t more = rooms->room ? rooms->room * 2 : 64;
		struct node **order = realloc(rooms->order, more * sizeof *order);
		if (!order)
			return -ENOMEM;
		rooms->order = order;
		rooms->room = more;
	}
	struct node *n = calloc(1, sizeof *n);
	if (!n)
		return -ENOMEM;
	n->record = *record;
	n->seen = true;
	struct node **head = bucket(rooms, record->id);
	n->next = *head;
	*head = n;
	rooms->order[rooms->count++] = n;
	return 0;
}

static void delete(struct rooms *rooms, const char *id)
{
	struct node **at = bucket(rooms, id);
	while (*at && strcmp((*at)->record.id, id) != 0)
		at = &(*at)->next;
	struct node *n = *at;
	if (!n)
		return;
	*at = n->next;
	size_t i = 0;
	while (rooms->order[i] != n)
		i++;
	memmove(&rooms->order[i], &rooms->order[i + 1], (rooms->count - i - 1) * sizeof *rooms->order);
	rooms->count--;
	store_id copy;
	memcpy(copy, n->record.id, sizeof copy);
	free(n);
	if (rooms->events.removed)
		rooms->events.removed(rooms->events.arg, copy);
}

static void update(struct rooms *rooms, struct node *n, const struct room_record *record)
{
	if (memcmp(&n->record, record, sizeof *record) == 0)
		return;
	n->record = *record;
	if (rooms->events.changed)
		rooms->events.changed(rooms->events.arg, &n->record);
}

const struct room_record *rooms_find(const struct rooms *rooms, const char *id)
{
	const struct node *n = random_id_valid(id) ? find(rooms, id) : NULL;
	return n ? &n->record : NULL;
}

const struct room_record *rooms_at(const struct rooms *rooms, size_t index)
{
	return index < rooms->count ? &rooms->order[index]->record : NULL;
}

size_t rooms_count(const struct rooms *rooms)
{
	return rooms->count;
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

void rooms_replace(struct rooms *rooms, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < rooms->count; i++)
		rooms->order[i]->seen = false;
	for (size_t i = 0; i < snapshot->room_count; i++) {
		struct node *n = find(rooms, snapshot->rooms[i].id);
		if (n) {
			n->seen = true;
			update(rooms, n, &snapshot->rooms[i]);
		} else {
			insert(rooms, &snapshot->rooms[i]);
		}
	}
	for (size_t i = rooms->count; i-- > 0;) {
		if (!rooms->order[i]->seen)
			delete(rooms, rooms->order[i]->record.id);
	}
}

int rooms_create(struct rooms **out, const struct store_snapshot *snapshot, struct store_thread *store, struct hash_pool *pool,
	const struct rooms_events *events)
{
	struct rooms *rooms = calloc(1, sizeof *rooms);
	if (!rooms)
		return -ENOMEM;
	rooms->store = store;
	rooms->pool = pool;
	rooms_replace(rooms, snapshot);
	if (events)
		rooms->events = *events;
	*out = rooms;
	return 0;
}

void rooms_destroy(struct rooms *rooms)
{
	if (!rooms)
		return;
	for (size_t i = 0; i < rooms->count; i++)
		free(rooms->order[i]);
	free(rooms->order);
	free(rooms);
}

/* -- changes ---------------------------------------------------------------------------------------------------------- */

static void finish(struct room_op *op, enum rooms_result result)
{
	const struct node *n = result == ROOMS_OK ? find(op->rooms, op->record.id) : NULL;
	op->done(op->arg, result, n ? &n->record : NULL);
	explicit_bzero(op, sizeof *op);
	free(op);
}

static void merge(struct room_record *to, const struct room_record *from, unsigned fields)
{
	if (fields & ROOM_TITLE)
		memcpy(to->title, from->title, sizeof to->title);
	if (fields & ROOM_BANNER)
		memcpy(to->banner, from->banner, sizeof to->banner);
	if (fields & ROOM_CONTACT)
		memcpy(to->contact, from->contact, sizeof to->contact);
	if (fields & ROOM_GUESTS)
		to->guests = from->guests;
	if (fields & ROOM_CLOSED)
		to->closed = from->closed;
	if (fields & ROOM_MAX)
		to->max = from->max;
}

static void stored(void *arg, int err, int64_t added)
{
	struct room_op *op = arg;
	if (err) {
		finish(op, err == -ENOENT ? ROOMS_NOT_FOUND : err == -EAGAIN ? ROOMS_BUSY : ROOMS_FAILED);
		return;
	}
	struct node *n = find(op->rooms, op->record.id);
	switch (op->kind) {
	case CHANGE_ROOM_ADD:
		err = n ? 0 : insert(op->rooms, &op->record);
		break;
	case CHANGE_ROOM_REMOVE:
		delete(op->rooms, op->record.id);
		break;
	default:
		if (n) {
			struct room_record fresh = n->record;
			merge(&fresh, &op->record, op->fields);
			if (op->kind == CHANGE_ROOM_PASSWORD)
				memcpy(fresh.password_hash, op->record.password_hash, sizeof fresh.password_hash);
			update(op->rooms, n, &fresh);
		}
	}
	finish(op, err ? ROOMS_BUSY : ROOMS_OK);
}

static void submit(struct room_op *op)
{
	struct store_change c = { .kind = op->kind, .fields = op->fields };
	c.room = op->record;
	if (store_thread_submit(op->rooms->store, &c, 1, stored, op))
		finish(op, ROOMS_BUSY);
}

static void hashed(void *arg, const char *hash)
{
	struct room_op *op = arg;
	if (!hash[0]) {
		finish(op, ROOMS_BUSY);
		return;
	}
	memcpy(op->record.password_hash, hash, sizeof op->record.password_hash);
	submit(op);
}

static struct room_op *op_new(struct rooms *rooms, enum change_kind kind, const char *id, rooms_done_fn *done, void *arg)
{
	struct room_op *op = calloc(1, sizeof *op);
	if (!op) {
		done(arg, ROOMS_BUSY, NULL);
		return NULL;
	}
	*op = (struct room_op){ .rooms = rooms, .done = done, .arg = arg, .kind = kind };
	memcpy(op->record.id, id, strnlen(id, STORE_ID_CHARS));
	return op;
}

static size_t count_of(const struct rooms *rooms, int64_t owner)
{
	size_t n = 0;
	for (size_t i = 0; i < rooms->count; i++)
		n += rooms->order[i]->record.owner == owner;
	return n;
}

void rooms_add(struct rooms *rooms, const struct room_record *room, const char *password, int64_t now_s, rooms_done_fn *done,
	void *arg)
{
	if (rooms->count >= ROOMS_MOST || count_of(rooms, room->owner) >= ROOMS_MOST_OF_OWNER) {
		done(arg, ROOMS_TOO_MANY, NULL);
		return;
	}
	store_id id;
	random_id(id);
	struct room_op *op = op_new(rooms, CHANGE_ROOM_ADD, id, done, arg);
	if (!op)
		return;
	op->record = *room;
	memcpy(op->record.id, id, sizeof id);
	op->record.created_s = now_s;
	if (hash_pool_make(rooms->pool, password, hashed, op))
		finish(op, ROOMS_BUSY);
}

void rooms_change(struct rooms *rooms, const struct room_record *room, unsigned fields, rooms_done_fn *done, void *arg)
{
	struct room_op *op = op_new(rooms, CHANGE_ROOM_SETTINGS, room->id, done, arg);
	if (!op)
		return;
	op->record = *room;
	op->fields = fields;
	submit(op);
}

void rooms_set_password(struct rooms *rooms, const char *id, const char *password, rooms_done_fn *done, void *arg)
{
	struct room_op *op = op_new(rooms, CHANGE_ROOM_PASSWORD, id, done, arg);
	if (op && hash_pool_make(rooms->pool, password, hashed, op))
		finish(op, ROOMS_BUSY);
}

void rooms_remove(struct rooms *rooms, const char *id, rooms_done_fn *done, void *arg)
{
	struct room_op *op = op_new(rooms, CHANGE_ROOM_REMOVE, id, done, arg);
	if (op)
		submit(op);
}

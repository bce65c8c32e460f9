#include <stdio.h>
#include <string.h>

#include "display_name.h"
#include "rest_internal.h"

enum { MAX_LEAST = 2, MAX_MOST = 500, MAX_DEFAULT = 100 };

static json_t *room_json(const struct call *call, const struct room_record *room)
{
	uint32_t people = 0;
	bool open = call->rest->ops.room_live(call->rest->ops.ctx, room->id, &people);
	char url[400];
	snprintf(url, sizeof url, "%s/r/%s", call->base, room->id);
	return json_pack("{s:s,s:s,s:s,s:b,s:i,s:b,s:s,s:s,s:I,s:{s:b,s:i}}", "id", room->id, "title", room->title, "url", url,
		"guests", (int)room->guests, "max", (int)room->max, "closed", (int)room->closed, "banner", room->banner, "contact",
		room->contact, "created", (json_int_t)room->created_s, "live", "open", (int)open, "people", (int)people);
}

const struct room_record *call_own_room(struct call *call)
{
	const struct room_record *room = rooms_find(call->rest->rooms, call->id);
	if (room && room->owner == call->who.account)
		return room;
	call_error(call, 404, "not_found", NULL, 0);
	return NULL;
}

void handle_rooms(struct call *call)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rooms_count(call->rest->rooms); i++) {
		const struct room_record *room = rooms_at(call->rest->rooms, i);
		if (room->owner == call->who.account)
			json_array_append_new(list, room_json(call, room));
	}
	call_json(call, 200, json_pack("{s:o}", "rooms", list));
}

void handle_room(struct call *call)
{
	const struct room_record *room = call_own_room(call);
	if (room)
		call_json(call, 200, room_json(call, room));
}

/* -- making and changing ---------------------------------------------------------------------------------------------- */

enum { TITLE, GUESTS, MAX, BANNER, CONTACT, LAST_SHARED = CONTACT, EXTRA };

/* Take what both POST and PATCH know. @return the field at fault, or NULL; `fields` says what was given */
static const char *take(struct room_record *room, const struct json_field *f, unsigned *fields)
{
	if (f[TITLE].given) {
		*fields |= ROOM_TITLE;
		if (!display_name_normalise(room->title, sizeof room->title, f[TITLE].text, STORE_TITLE_CHARS))
			return "title";
	}
	if (f[GUESTS].given) {
		*fields |= ROOM_GUESTS;
		room->guests = f[GUESTS].flag;
	}
	if (f[MAX].given) {
		*fields |= ROOM_MAX;
		if (f[MAX].number < MAX_LEAST || f[MAX].number > MAX_MOST)
			return "max";
		room->max = (uint16_t)f[MAX].number;
	}
	if (f[BANNER].given) {
		*fields |= ROOM_BANNER;
		if (!display_text_normalise(room->banner, sizeof room->banner, f[BANNER].text, STORE_BANNER_CHARS))
			return "banner";
	}
	if (f[CONTACT].given) {
		*fields |= ROOM_CONTACT;
		if (!display_text_normalise(room->contact, sizeof room->contact, f[CONTACT].text, STORE_CONTACT_CHARS))
			return "contact";
	}
	return NULL;
}

static void bad_field(struct call *call, const char *field)
{
	call_error(call, 400, strcmp(field, "title") == 0 ? "bad_name" : "bad_request", field, 0);
}

/* The password asked for, or a new one, into `call->chosen`. @return false: answered */
static bool choose_password(struct call *call, const struct json_field *f)
{
	if (f->given && !room_password_acceptable(f->text)) {
		call_error(call, 400, "weak_password", "password", 0);
		return false;
	}
	if (!f->given)
		password_generate(call->password);
	call->chosen = strdup(f->given ? f->text : call->password);
	if (!call->chosen)
		call_error(call, 503, "busy", NULL, 5);
	return call->chosen != NULL;
}

static void added(void *arg, enum rooms_result result, const struct room_record *room)
{
	struct call *call = arg;
	if (result != ROOMS_OK || !room) {
		call_rooms_error(call, result);
		return;
	}
	json_t *body = room_json(call, room);
	json_object_set_new(body, "password", json_string(call->chosen));
	call_json(call, 201, body);
}

void handle_room_add(struct call *call)
{
	struct json_field f[] = { { "title", FIELD_TEXT, true }, { "guests", FIELD_BOOL, true }, { "max", FIELD_NUMBER, false },
		{ "banner", FIELD_TEXT, false }, { "contact", FIELD_TEXT, false }, { "password", FIELD_TEXT, false } };
	json_t *body = call_read(call, f, 6);
	if (!body)
		return;
	struct room_record room = { .owner = call->who.account, .max = MAX_DEFAULT };
	unsigned fields = 0;
	const char *bad = take(&room, f, &fields);
	if (bad)
		bad_field(call, bad);
	else if (choose_password(call, &f[EXTRA]))
		rooms_add(call->rest->rooms, &room, call->chosen, call->now_s, added, call);
	json_decref(body);
}

static void changed(void *arg, enum rooms_result result, const struct room_record *room)
{
	struct call *call = arg;
	if (result == ROOMS_OK && room)
		call_json(call, 200, room_json(call, room));
	else
		call_rooms_error(call, result == ROOMS_OK ? ROOMS_NOT_FOUND : result);
}

void handle_room_change(struct call *call)
{
	const struct room_record *old = call_own_room(call);
	if (!old)
		return;
	struct json_field f[] = { { "title", FIELD_TEXT, false }, { "guests", FIELD_BOOL, false }, { "max", FIELD_NUMBER, false },
		{ "banner", FIELD_TEXT, false }, { "contact", FIELD_TEXT, false }, { "closed", FIELD_BOOL, false } };
	json_t *body = call_read(call, f, 6);
	if (!body)
		return;
	struct room_record room = *old;
	unsigned fields = 0;
	const char *bad = take(&room, f, &fields);
	if (f[EXTRA].given) {
		fields |= ROOM_CLOSED;
		room.closed = f[EXTRA].flag;
	}
	if (bad)
		bad_field(call, bad);
	else
		rooms_change(call->rest->rooms, &room, fields, changed, call);
	json_decref(body);
}

static void password_set(void *arg, enum rooms_result result, const struct room_record *room)
{
	struct call *call = arg;
	if (result == ROOMS_OK && room)
		call_json(call, 200, json_pack("{s:s}", "password", call->chosen));
	else
		call_rooms_error(call, result == ROOMS_OK ? ROOMS_NOT_FOUND : result);
}

void handle_room_password(struct call *call)
{
	if (!call_own_room(call))
		return;
	struct json_field f[] = { { "password", FIELD_TEXT, false } };
	json_t *body = call_read(call, f, 1);
	if (!body)
		return;
	if (choose_password(call, f))
		rooms_set_password(call->rest->rooms, call->id, call->chosen, password_set, call);
	json_decref(body);
}

static void removed(void *arg, enum rooms_result result, const struct room_record *room)
{
	if (result == ROOMS_OK)
		call_empty(arg);
	else
		call_rooms_error(arg, result);
}

void handle_room_remove(struct call *call)
{
	if (call_own_room(call))
		rooms_remove(call->rest->rooms, call->id, removed, call);
}

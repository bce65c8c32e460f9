/* Tokens by which devices enter a room: its owner makes, lists and revokes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "display_name.h"
#include "rest_internal.h"

enum { EXPIRES_MOST_S = 3650 * 86400 };

static json_t *token_json(const struct token_record *t)
{
	return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "id", t->id, "name", t->name, "right", t->publish ? "publish" : "view", "created",
		(json_int_t)t->created_s, "used", (json_int_t)t->used_s, "expires", (json_int_t)t->expires_s);
}

void handle_tokens(struct call *call)
{
	const struct room_record *room = call_own_room(call);
	json_t *list = room ? json_array() : NULL;
	for (size_t i = 0; room && i < room_tokens_count(call->rest->tokens); i++) {
		const struct token_record *t = room_tokens_at(call->rest->tokens, i);
		if (strcmp(t->room, room->id) == 0)
			json_array_append_new(list, token_json(t));
	}
	if (room)
		call_json(call, 200, json_pack("{s:o}", "tokens", list));
}

/* The token itself is in `chosen`, which is wiped. */
static void added(void *arg, enum rooms_result result, const struct token_record *t)
{
	struct call *call = arg;
	if (result != ROOMS_OK || !t) {
		call_rooms_error(call, result == ROOMS_OK ? ROOMS_NOT_FOUND : result);
		return;
	}
	char address[400];
	snprintf(address, sizeof address, "%s/%s/%s", call->base, t->publish ? "whip" : "whep", t->room);
	json_t *body = token_json(t);
	json_object_set_new(body, "address", json_string(address));
	json_object_set_new(body, "token", json_string(call->chosen));
	call_json(call, 201, body);
}

enum { NAME, RIGHT, EXPIRES };

/* @return the field at fault, or NULL */
static const char *take(struct token_record *t, const struct json_field *f, int64_t now_s)
{
	if (!display_name_normalise(t->name, sizeof t->name, f[NAME].text, STORE_DISPLAY_CHARS))
		return "name";
	t->publish = strcmp(f[RIGHT].text, "publish") == 0;
	if (!t->publish && strcmp(f[RIGHT].text, "view") != 0)
		return "right";
	t->expires_s = f[EXPIRES].given ? f[EXPIRES].number : 0;
	if (f[EXPIRES].given && (t->expires_s <= now_s || t->expires_s > now_s + EXPIRES_MOST_S))
		return "expires";
	return NULL;
}

void handle_token_add(struct call *call)
{
	const struct room_record *room = call_own_room(call);
	if (!room)
		return;
	struct json_field f[] = { { "name", FIELD_TEXT, true }, { "right", FIELD_TEXT, true }, { "expires", FIELD_NUMBER, false } };
	json_t *body = call_read(call, f, 3);
	if (!body)
		return;
	struct token_record t = { .maker = call->who.account };
	memcpy(t.room, room->id, sizeof t.room);
	const char *bad = take(&t, f, call->now_s);
	json_decref(body);
	if (bad) {
		call_error(call, 400, strcmp(bad, "name") == 0 ? "bad_name" : "bad_request", bad, 0);
		return;
	}
	call->chosen = calloc(1, SECRET_TOKEN_CHARS + 1);
	if (call->chosen)
		room_tokens_add(call->rest->tokens, &t, call->chosen, call->now_s, added, call);
	else
		call_error(call, 503, "busy", NULL, 5);
}

static void removed(void *arg, enum rooms_result result, const struct token_record *t)
{
	if (result == ROOMS_OK)
		call_empty(arg);
	else
		call_rooms_error(arg, result);
}

void handle_token_remove(struct call *call)
{
	if (call_own_room(call))
		room_tokens_remove(call->rest->tokens, call->id, call->id_inner, removed, call);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rest_internal.h"

static json_t *person_json(const struct account_record *a)
{
	char id[24];
	snprintf(id, sizeof id, "%lld", (long long)a->id);
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:I}", "id", id, "name", a->name, "display", a->display, "role", role_name(a->role),
		"disabled", (int)a->disabled, "pending", (int)auth_pending(a), "last_seen", (json_int_t)a->last_seen_s);
}

/* The id in the path; 0 is nobody's. */
static int64_t person_id(const struct call *call)
{
	if (strspn(call->id, "0123456789") != strlen(call->id) || strlen(call->id) > 15 || call->id[0] == '0')
		return 0;
	return strtoll(call->id, NULL, 10);
}

static json_t *link_json(const struct call *call, const char *token)
{
	char link[400];
	snprintf(link, sizeof link, "%s/l#%s", call->base, token);
	json_t *text = json_string(link);
	explicit_bzero(link, sizeof link);
	return text;
}

void handle_people(struct call *call)
{
	json_t *list = json_array();
	for (size_t i = 0; i < auth_account_count(call->rest->auth); i++)
		json_array_append_new(list, person_json(auth_account_at(call->rest->auth, i)));
	call_json(call, 200, json_pack("{s:o}", "people", list));
}

static void added(void *arg, const struct auth_answer *answer)
{
	struct call *call = arg;
	if (answer->result != AUTH_OK) {
		call_auth_error(call, answer);
		return;
	}
	char id[24];
	snprintf(id, sizeof id, "%lld", (long long)answer->who.account);
	call_json(call, 201, json_pack("{s:s,s:o}", "id", id, "link", link_json(call, answer->token)));
}

void handle_person_add(struct call *call)
{
	struct json_field f[] = { { "name", FIELD_TEXT, true }, { "display", FIELD_TEXT, true }, { "role", FIELD_TEXT, true } };
	json_t *body = call_read(call, f, 3);
	if (!body)
		return;
	enum role role;
	if (role_from_name(&role, f[2].text))
		auth_invite(call->rest->auth, f[0].text, f[1].text, role, call->now_s, added, call);
	else
		call_error(call, 400, "bad_request", "role", 0);
	json_decref(body);
}

static void changed(void *arg, const struct auth_answer *answer)
{
	struct call *call = arg;
	const struct account_record *a = auth_account(call->rest->auth, answer->who.account);
	if (answer->result == AUTH_OK && a)
		call_json(call, 200, person_json(a));
	else
		call_auth_error(call, answer);
}

void handle_person_change(struct call *call)
{
	struct json_field f[] = { { "role", FIELD_TEXT, false }, { "disabled", FIELD_BOOL, false }, { "display", FIELD_TEXT, false } };
	json_t *body = call_read(call, f, 3);
	if (!body)
		return;
	enum role role = ROLE_MEMBER;
	struct account_change change = { .disabled = f[1].given ? &f[1].flag : NULL, .display = f[2].text };
	if (f[0].given)
		change.role = &role;
	if (f[0].given && !role_from_name(&role, f[0].text))
		call_error(call, 400, "bad_request", "role", 0);
	else
		auth_change(call->rest->auth, person_id(call), &change, changed, call);
	json_decref(body);
}

static void was_reset(void *arg, const struct auth_answer *answer)
{
	struct call *call = arg;
	if (answer->result == AUTH_OK)
		call_json(call, 200, json_pack("{s:o}", "link", link_json(call, answer->token)));
	else
		call_auth_error(call, answer);
}

void handle_person_reset(struct call *call)
{
	auth_reset(call->rest->auth, person_id(call), call->now_s, was_reset, call);
}

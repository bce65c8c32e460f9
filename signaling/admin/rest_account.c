#include <string.h>

#include "rest_internal.h"

/* -- signing in and out ----------------------------------------------------------------------------------------------- */

static void signed_in(void *arg, const struct auth_answer *answer)
{
	if (answer->result == AUTH_OK)
		call_signed_in(arg, answer);
	else
		call_auth_error(arg, answer);
}

void handle_me(struct call *call)
{
	call_json(call, 200, identity_json(&call->who));
}

void handle_login(struct call *call)
{
	struct json_field f[] = { { "name", FIELD_TEXT, true }, { "password", FIELD_TEXT, true } };
	json_t *body = call_read(call, f, 2);
	if (!body)
		return;
	const struct rest_request *r = call->request;
	if (strlen(f[1].text) > PASSWORD_MOST_BYTES || strlen(f[0].text) > 256)
		call_error(call, 401, "bad_login", NULL, 0);    /* no account has such a name or password */
	else
		auth_login(call->rest->auth, f[0].text, f[1].text, &r->from, r->admin, r->now_s, r->now_us, signed_in, call);
	json_decref(body);
}

static void signed_out(void *arg, const struct auth_answer *answer)
{
	if (answer->result == AUTH_OK)
		call_signed_out(arg);
	else
		call_auth_error(arg, answer);
}

void handle_logout(struct call *call)
{
	auth_logout(call->rest->auth, &call->who, signed_out, call);
}

static void password_changed(void *arg, const struct auth_answer *answer)
{
	struct call *call = arg;
	if (answer->result == AUTH_OK)
		call_empty(call);
	else if (answer->result == AUTH_WEAK)
		call_error(call, 400, "weak_password", "new", 0);
	else if (answer->result == AUTH_WRONG)
		call_error(call, 403, "bad_login", "old", 0);   /* not 401: the session is good */
	else
		call_auth_error(call, answer);
}

void handle_password(struct call *call)
{
	struct json_field f[] = { { "old", FIELD_TEXT, true }, { "new", FIELD_TEXT, true } };
	json_t *body = call_read(call, f, 2);
	if (!body)
		return;
	const struct rest_request *r = call->request;
	if (strlen(f[0].text) > PASSWORD_MOST_BYTES)
		call_error(call, 403, "bad_login", "old", 0);
	else
		auth_change_password(call->rest->auth, &call->who, f[0].text, f[1].text, &r->from, r->now_us, password_changed, call);
	json_decref(body);
}

/* -- one-time links --------------------------------------------------------------------------------------------------- */

static const char *const link_kinds[] = { "setup", "invite", "reset" };

void handle_link_look(struct call *call)
{
	struct json_field f[] = { { "token", FIELD_TEXT, true } };
	json_t *body = call_read(call, f, 1);
	if (!body)
		return;
	struct link_look look;
	bool found = auth_link_look(call->rest->auth, f[0].text, call->now_s, &look) && (look.kind != LINK_SETUP || call->admin);
	if (found)
		call_json(call, 200, json_pack("{s:s,s:s,s:s}", "kind", link_kinds[look.kind], "name", look.name, "display",
			look.display));
	else
		call_error(call, 404, "bad_link", NULL, 0);
	json_decref(body);
}

static void link_used(void *arg, const struct auth_answer *answer)
{
	if (answer->result == AUTH_WRONG)
		call_error(arg, 404, "bad_link", NULL, 0);
	else
		signed_in(arg, answer);
}

void handle_link_use(struct call *call)
{
	struct json_field f[] = { { "token", FIELD_TEXT, true }, { "password", FIELD_TEXT, true }, { "name", FIELD_TEXT, false },
		{ "display", FIELD_TEXT, false } };
	json_t *body = call_read(call, f, 4);
	if (!body)
		return;
	struct link_look look;
	bool setup = auth_link_look(call->rest->auth, f[0].text, call->now_s, &look) && look.kind == LINK_SETUP;
	if (!setup && (f[2].given || f[3].given) && auth_link_look(call->rest->auth, f[0].text, call->now_s, &look))
		call_error(call, 400, "bad_request", f[2].given ? "name" : "display", 0);
	else
		auth_link_use(call->rest->auth, f[0].text, f[1].text, f[2].text, f[3].text, call->admin, call->now_s, link_used, call);
	json_decref(body);
}

#include "rest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rest_internal.h"

enum who { ANYONE, SIGNED_IN, HOSTS, ADMINS };

struct route {
	const char *method, *path;      /* under /api/v1; `*` stands for one part */
	enum who who;
	bool body;
	handler *handle;
};

static const struct route routes[] = {
	{ "GET", "/server", ANYONE, false, handle_server },
	{ "GET", "/health", ANYONE, false, handle_health },
	{ "GET", "/me", SIGNED_IN, false, handle_me },
	{ "POST", "/login", ANYONE, true, handle_login },
	{ "POST", "/logout", SIGNED_IN, false, handle_logout },
	{ "POST", "/password", SIGNED_IN, true, handle_password },
	{ "POST", "/link/look", ANYONE, true, handle_link_look },
	{ "POST", "/link/use", ANYONE, true, handle_link_use },
	{ "GET", "/rooms", SIGNED_IN, false, handle_rooms },
	{ "POST", "/rooms", HOSTS, true, handle_room_add },
	{ "GET", "/rooms/*", SIGNED_IN, false, handle_room },
	{ "PATCH", "/rooms/*", SIGNED_IN, true, handle_room_change },
	{ "DELETE", "/rooms/*", SIGNED_IN, false, handle_room_remove },
	{ "POST", "/rooms/*/password", SIGNED_IN, true, handle_room_password },
	{ "GET", "/rooms/*/tokens", SIGNED_IN, false, handle_tokens },
	{ "POST", "/rooms/*/tokens", SIGNED_IN, true, handle_token_add },
	{ "DELETE", "/rooms/*/tokens/*", SIGNED_IN, false, handle_token_remove },
	{ "GET", "/people", ADMINS, false, handle_people },
	{ "POST", "/people", ADMINS, true, handle_person_add },
	{ "PATCH", "/people/*", ADMINS, true, handle_person_change },
	{ "POST", "/people/*/reset", ADMINS, false, handle_person_reset },
	{ "GET", "/stats", ADMINS, false, handle_stats },
};

static const char prefix[] = "/api/v1";

/* -- answers ---------------------------------------------------------------------------------------------------------- */

static void answer(struct call *call, const struct rest_answer *a)
{
	call->done(call->arg, a);
	if (call->chosen) {
		explicit_bzero(call->chosen, strlen(call->chosen));
		free(call->chosen);
	}
	explicit_bzero(call, sizeof *call);
	free(call);
}

static void answer_json(struct call *call, struct rest_answer a, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	a.body = text;
	if (!text)
		a = (struct rest_answer){ .status = 500, .body = "{\"error\":{\"code\":\"busy\"}}" };
	answer(call, &a);
	if (text) {
		explicit_bzero(text, strlen(text));     /* it may have held a password or a link */
		free(text);
	}
}

void call_json(struct call *call, int status, json_t *body)
{
	answer_json(call, (struct rest_answer){ .status = status }, body);
}

void call_empty(struct call *call)
{
	answer(call, &(struct rest_answer){ .status = 204 });
}

void call_error(struct call *call, int status, const char *code, const char *field, uint32_t retry_after_s)
{
	json_t *error = json_pack("{s:s}", "code", code);
	if (field)
		json_object_set_new(error, "field", json_string(field));
	if (retry_after_s)
		json_object_set_new(error, "retry_after", json_integer(retry_after_s));
	answer_json(call, (struct rest_answer){ .status = status, .retry_after_s = retry_after_s },
		json_pack("{s:o}", "error", error));
}

json_t *identity_json(const struct identity *who)
{
	char id[24];
	snprintf(id, sizeof id, "%lld", (long long)who->account);
	return json_pack("{s:s,s:s,s:s,s:s}", "id", id, "name", who->name, "display", who->display, "role", role_name(who->role));
}

void call_signed_in(struct call *call, const struct auth_answer *a)
{
	answer_json(call, (struct rest_answer){ .status = 200, .cookie = REST_COOKIE_SET, .session = a->token },
		identity_json(&a->who));
}

void call_signed_out(struct call *call)
{
	answer(call, &(struct rest_answer){ .status = 204, .cookie = REST_COOKIE_CLEAR });
}

void call_auth_error(struct call *call, const struct auth_answer *a)
{
	switch (a->result) {
	case AUTH_SLOW_DOWN: call_error(call, 429, "slow_down", NULL, a->retry_after_s); break;
	case AUTH_WRONG: call_error(call, 401, "bad_login", NULL, 0); break;
	case AUTH_WEAK: call_error(call, 400, "weak_password", "password", 0); break;
	case AUTH_BAD_NAME: call_error(call, 400, "bad_name", a->bad_display ? "display" : "name", 0); break;
	case AUTH_NAME_TAKEN: call_error(call, 409, "name_taken", "name", 0); break;
	case AUTH_LAST_ADMIN: call_error(call, 409, "last_admin", NULL, 0); break;
	case AUTH_NOT_ALLOWED: call_error(call, 403, "not_allowed", NULL, 0); break;
	case AUTH_NOT_FOUND: call_error(call, 404, "not_found", NULL, 0); break;
	case AUTH_OK: case AUTH_BUSY: case AUTH_FAILED: call_error(call, 503, "busy", NULL, 5); break;
	}
}

void call_rooms_error(struct call *call, enum rooms_result result)
{
	switch (result) {
	case ROOMS_NOT_FOUND: call_error(call, 404, "not_found", NULL, 0); break;
	case ROOMS_TOO_MANY: call_error(call, 409, "too_many", NULL, 0); break;
	case ROOMS_OK: case ROOMS_BUSY: case ROOMS_FAILED: call_error(call, 503, "busy", NULL, 5); break;
	}
}

json_t *call_read(struct call *call, struct json_field *fields, size_t count)
{
	const char *bad;
	json_t *body = strict_json_read(call->request->body, call->request->body_len, fields, count, &bad);
	if (!body)
		call_error(call, 400, bad ? "bad_request" : "bad_json", bad && *bad ? bad : NULL, 0);
	return body;
}

/* -- finding the route ------------------------------------------------------------------------------------------------ */

/* What the first `*` stands for goes to `id`, what the second does to `inner`; both have `room` bytes. */
static bool matches(const char *pattern, const char *path, char *id, char *inner, size_t room)
{
	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		size_t n = strcspn(path, "/");
		if (n == 0 || n >= room)
			return false;
		memcpy(id, path, n);
		id[n] = '\0';
		path += n;
		id = inner;
	}
	return *path == '\0';
}

static const struct route *route_of(const struct rest_request *r, char *id, char *inner, size_t room, char allow[64])
{
	const char *path = r->path + sizeof prefix - 1;
	allow[0] = '\0';
	if (strncmp(r->path, prefix, sizeof prefix - 1) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!matches(routes[i].path, path, id, inner, room) || (routes[i].who == ADMINS && !r->admin))
			continue;
		if (strcmp(routes[i].method, r->method) == 0)
			return &routes[i];
		snprintf(allow + strlen(allow), 64 - strlen(allow), "%s%s", allow[0] ? ", " : "", routes[i].method);
	}
	return NULL;
}

/* -- who asks, and from where ----------------------------------------------------------------------------------------- */

bool rest_host_valid(const char *host)
{
	size_t n = strlen(host);
	return n > 0 && n < 256 &&
		strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == n;
}

bool rest_origin_ours(const char *origin, const char *host, const char *public_url)
{
	static const char scheme[] = "https://";
	if (!origin[0])
		return false;
	if (public_url[0] && strcasecmp(origin, public_url) == 0)
		return true;
	return rest_host_valid(host) && strncmp(origin, scheme, sizeof scheme - 1) == 0 &&
		strcasecmp(origin + sizeof scheme - 1, host) == 0;
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	if (strncasecmp(type, json, sizeof json - 1) != 0)
		return false;
	const char *rest = type + sizeof json - 1;
	while (*rest == ' ')
		rest++;
	return *rest == '\0' || *rest == ';';
}

/* "https://host:port" of the main listener, as this browser would reach it. */
static void base_of(const struct rest *rest, const struct rest_request *r, char *out, size_t room)
{
	if (rest->config.public_url[0]) {
		snprintf(out, room, "%s", rest->config.public_url);
	} else if (r->admin) {
		/* Asked for at the loopback address as a rule: what is made here is sent to others. */
		snprintf(out, room, "%s", rest->config.main_url);
	} else {
		snprintf(out, room, "https://%s", r->host);
	}
}

/* NULL: may; else the code, and the status. */
static const char *refused(struct call *call, const struct route *route, int *status)
{
	const struct rest_request *r = call->request;
	if (strcmp(route->method, "GET") != 0 && !rest_origin_ours(r->origin, r->host, call->rest->config.public_url)) {
		*status = 403;
		return "bad_origin";
	}
	if (r->body_len > REST_BODY_MOST) {
		*status = 413;
		return "too_large";
	}
	if ((route->body || r->body_len) && !is_json(r->content_type)) {
		*status = 415;
		return "unsupported_media_type";
	}
	if (route->who == ANYONE)
		return NULL;
	if (!auth_session(call->rest->auth, r->session, r->admin, r->now_s, &call->who)) {
		*status = 401;
		return "not_signed_in";
	}
	if ((route->who == HOSTS && call->who.role < ROLE_HOST) || (route->who == ADMINS && call->who.role != ROLE_ADMIN)) {
		*status = 403;
		return "not_allowed";
	}
	return NULL;
}

void rest_handle(struct rest *rest, const struct rest_request *r, rest_done_fn *done, void *arg)
{
	struct call *call = calloc(1, sizeof *call);
	if (!call) {
		done(arg, &(struct rest_answer){ .status = 503, .body = "{\"error\":{\"code\":\"busy\"}}", .retry_after_s = 5 });
		return;
	}
	*call = (struct call){ .rest = rest, .done = done, .arg = arg, .request = r, .admin = r->admin, .now_s = r->now_s };
	char allow[64];
	const struct route *route = route_of(r, call->id, call->id_inner, sizeof call->id, allow);
	if (!route) {
		if (!allow[0]) {
			call_error(call, 404, "not_found", NULL, 0);
			return;
		}
		answer(call, &(struct rest_answer){ .status = 405, .allow = allow,
			.body = "{\"error\":{\"code\":\"method_not_allowed\"}}" });
		return;
	}
	if (r->query || !rest_host_valid(r->host)) {
		call_error(call, 400, "bad_request", NULL, 0);
		return;
	}
	int status = 0;
	const char *code = refused(call, route, &status);
	if (code) {
		call_error(call, status, code, NULL, 0);
		return;
	}
	if (!route->body && r->body_len) {      /* nothing is asked for: only {} will do */
		json_t *none = call_read(call, NULL, 0);
		if (!none)
			return;
		json_decref(none);
	}
	base_of(rest, r, call->base, sizeof call->base);
	route->handle(call);
}

int rest_create(struct rest **out, const struct rest_config *config, struct auth *auth, struct rooms *rooms,
	struct room_tokens *tokens, const struct rest_ops *ops)
{
	struct rest *rest = calloc(1, sizeof *rest);
	if (!rest)
		return -ENOMEM;
	*rest = (struct rest){ .config = *config, .auth = auth, .rooms = rooms, .tokens = tokens, .ops = *ops };
	*out = rest;
	return 0;
}

void rest_destroy(struct rest *rest)
{
	free(rest);
}

/* -- about the server ------------------------------------------------------------------------------------------------- */

void handle_server(struct call *call)
{
	const struct rest_config *c = &call->rest->config;
	call_json(call, 200, json_pack("{s:s,s:[s,s],s:s,s:s,s:b,s:s,s:s,s:b}", "version", c->version, "languages", "vi", "en",
		"banner", c->banner, "contact", c->contact, "admin", call->admin, "main_url", c->main_url, "admin_url",
		c->admin_url, "setup_needed", !auth_has_admin(call->rest->auth)));
}

void handle_health(struct call *call)
{
	call_json(call, 200, json_pack("{s:b,s:b}", "ok", 1, "media", call->rest->ops.media_up(call->rest->ops.ctx)));
}

void handle_stats(struct call *call)
{
	json_t *stats = call->rest->ops.stats(call->rest->ops.ctx);
	if (stats)
		call_json(call, 200, stats);
	else
		call_error(call, 503, "busy", NULL, 5);
}

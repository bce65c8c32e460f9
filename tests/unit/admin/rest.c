/* Routes: who is let to what before any handler runs, and what the path, the origin and the listener decide. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rest.h"

static char folder[] = "/tmp/hopkin-rest-XXXXXX";
static struct inbox *inbox;
static struct rest *rest;
static int status;
static char body[8192], allow[64], session[64];
static enum rest_cookie cookie;

static void done(void *arg, const struct rest_answer *a)
{
	status = a->status;
	cookie = a->cookie;
	snprintf(body, sizeof body, "%s", a->body ? a->body : "");
	snprintf(allow, sizeof allow, "%s", a->allow ? a->allow : "");
	if (a->cookie == REST_COOKIE_SET)
		snprintf(session, sizeof session, "%s", a->session);
}

static struct rest_request request(const char *method, const char *path, const char *text)
{
	return (struct rest_request){ .method = method, .path = path, .host = "meet.test:8443", .origin = "https://meet.test:8443",
		.content_type = "application/json", .session = session, .body = text, .body_len = strlen(text), .now_s = 1000000,
		.now_us = 1000000, .from = { { [10] = 0xff, [11] = 0xff, 192, 0, 2, 9 } } };
}

static int ask(const struct rest_request *r)
{
	status = 0;
	rest_handle(rest, r, done, NULL);
	for (int i = 0; i < 200 && !status; i++) {
		struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
		if (poll(&p, 1, 100) > 0)
			inbox_drain(inbox);
	}
	return status;
}

static bool says(const char *code)
{
	char text[64];
	snprintf(text, sizeof text, "\"code\":\"%s\"", code);
	return strstr(body, text) != NULL;
}

static bool room_live(void *ctx, const char *room, uint32_t *people)
{
	*people = 3;
	return true;
}

static json_t *stats(void *ctx)
{
	return json_object();
}

static bool media_up(void *ctx)
{
	return true;
}

static void admin_link(void *arg, const struct auth_answer *a)
{
	memcpy(arg, a->token, 44);
	status = 1;
}

static void routes(void)
{
	static const struct { const char *name, *method, *path; bool admin; int status; const char *code; } table[] = {
		{ "anyone may ask about the server", "GET", "/api/v1/server", false, 200, NULL },
		{ "who am I", "GET", "/api/v1/me", false, 401, "not_signed_in" },
		{ "rooms need a session", "GET", "/api/v1/rooms", false, 401, "not_signed_in" },
		{ "so does making one", "POST", "/api/v1/rooms", false, 401, "not_signed_in" },
		{ "people on the main listener do not exist", "GET", "/api/v1/people", false, 404, "not_found" },
		{ "nor do their methods", "PUT", "/api/v1/people", false, 404, "not_found" },
		{ "nor figures", "GET", "/api/v1/stats", false, 404, "not_found" },
		{ "on the other they need a session", "GET", "/api/v1/people", true, 401, "not_signed_in" },
		{ "tokens need a session", "GET", "/api/v1/rooms/x/tokens", false, 401, "not_signed_in" },
		{ "so does revoking one", "DELETE", "/api/v1/rooms/x/tokens/y", false, 401, "not_signed_in" },
		{ "an empty inner part", "DELETE", "/api/v1/rooms/x/tokens/", false, 404, "not_found" },
		{ "an inner part too deep", "DELETE", "/api/v1/rooms/x/tokens/y/z", false, 404, "not_found" },
		{ "another method", "PUT", "/api/v1/login", false, 405, "method_not_allowed" },
		{ "another method on a pattern", "PUT", "/api/v1/rooms/x", false, 405, "method_not_allowed" },
		{ "no such path", "GET", "/api/v1/nothing", false, 404, "not_found" },
		{ "a longer one", "GET", "/api/v1/me/x", false, 404, "not_found" },
		{ "a shorter one", "GET", "/api/v1", false, 404, "not_found" },
		{ "another version", "GET", "/api/v2/me", false, 404, "not_found" },
		{ "an empty part", "GET", "/api/v1/rooms/", false, 404, "not_found" },
		{ "an empty part between", "POST", "/api/v1/rooms//password", false, 404, "not_found" },
		{ "a slash at the end", "GET", "/api/v1/me/", false, 404, "not_found" },
		{ "a part too long", "GET", "/api/v1/rooms/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, 404, "not_found" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct rest_request r = request(table[i].method, table[i].path, "");
		r.admin = table[i].admin;
		check(table[i].name, ask(&r) == table[i].status && (!table[i].code || says(table[i].code)));
	}
	struct rest_request r = request("PUT", "/api/v1/rooms", "");
	ask(&r);
	check("405 says what is allowed", strstr(allow, "GET") && strstr(allow, "POST"));
}

static void origins(void)
{
	static const struct { const char *name, *origin, *host, *fixed; bool good; } table[] = {
		{ "ours", "https://meet.test:8443", "meet.test:8443", "", true },
		{ "ours without a port", "https://meet.test", "meet.test", "", true },
		{ "ours in capitals", "https://MEET.test:8443", "meet.test:8443", "", true },
		{ "ours by address", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443", "", true },
		{ "the configured one", "https://hop.vn", "10.0.0.1:8443", "https://hop.vn", true },
		{ "none", "", "meet.test", "", false },
		{ "null", "null", "meet.test", "", false },
		{ "plain http", "http://meet.test", "meet.test", "", false },
		{ "another port", "https://meet.test:8444", "meet.test:8443", "", false },
		{ "a longer host", "https://meet.test.evil.example", "meet.test", "", false },
		{ "another host", "https://evil.example", "meet.test", "", false },
		{ "no host", "https://", "", "", false },
		{ "a path", "https://meet.test/", "meet.test", "", false },
		{ "a host that is none", "https://a b", "a b", "", false },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char what[64];
		snprintf(what, sizeof what, "origin: %s", table[i].name);
		check(what, rest_origin_ours(table[i].origin, table[i].host, table[i].fixed) == table[i].good);
	}
}

static void bodies(void)
{
	struct rest_request r = request("POST", "/api/v1/login", "{\"name\":\"lan\",\"password\":\"x\"}");
	r.origin = "https://evil.example";
	check("a change from elsewhere is refused", ask(&r) == 403 && says("bad_origin"));
	r.origin = "https://meet.test:8443";
	r.content_type = "text/plain";
	check("another type is refused", ask(&r) == 415);
	r.content_type = "application/json; charset=utf-8";
	check("with a character set it is JSON", ask(&r) == 401 && says("bad_login"));
	r.content_type = "application/jsonp";
	check("jsonp is not", ask(&r) == 415);
	r = request("POST", "/api/v1/login", "{}");
	r.body_len = REST_BODY_MOST + 1;
	check("a body too large is refused unread", ask(&r) == 413 && says("too_large"));
	r = request("GET", "/api/v1/server", "");
	r.query = true;
	check("no route takes a query", ask(&r) == 400);
	r = request("GET", "/api/v1/server", "");
	r.host = "evil\"<script>";
	check("a host that is none is refused", ask(&r) == 400);
	r = request("POST", "/api/v1/login", "{\"name\":\"lan\"}");
	check("a missing field is named", ask(&r) == 400 && says("bad_request") && strstr(body, "\"field\":\"password\""));
}

static void tokens(const char *room)
{
	char path[80], one[120], id[32] = "";
	struct rest_request r;

	snprintf(path, sizeof path, "%s/tokens", room);
	r = request("POST", path, "{\"name\":\"Máy quay\",\"right\":\"both\"}");
	check("a token sends or watches", ask(&r) == 400 && strstr(body, "\"field\":\"right\""));
	r = request("POST", path, "{\"name\":\"\",\"right\":\"view\"}");
	check("it has a name", ask(&r) == 400 && says("bad_name"));
	r = request("POST", path, "{\"name\":\"Máy quay\",\"right\":\"view\",\"expires\":5}");
	check("and is not over before it begins", ask(&r) == 400 && strstr(body, "expires"));
	r = request("POST", path, "{\"name\":\"Máy quay\",\"right\":\"publish\"}");
	check("a token is made, shown with its address", ask(&r) == 201 && strstr(body, "\"token\":\"") &&
		strstr(body, "\"address\":\"https://meet.test:8443/whip/") && strstr(body, "\"expires\":0"));
	const char *at = strstr(body, "\"id\":\"");
	snprintf(id, sizeof id, "%.22s", at ? at + 6 : "");
	r = request("GET", path, "");
	check("it is listed without what it is", ask(&r) == 200 && strstr(body, id) && !strstr(body, "\"token\"") && !strstr(body, "hash"));
	snprintf(one, sizeof one, "/api/v1/rooms/AAAAAAAAAAAAAAAAAAAAAA/tokens/%s", id);
	r = request("DELETE", one, "");
	check("through another room it is not found", ask(&r) == 404);
	snprintf(one, sizeof one, "%s/%s", path, id);
	r = request("DELETE", one, "");
	check("it is revoked", ask(&r) == 204);
	check("once", ask(&r) == 404);
	r = request("GET", "/api/v1/rooms/AAAAAAAAAAAAAAAAAAAAAA/tokens", "");
	check("another's room has none to show", ask(&r) == 404);
}

static void a_day(const char *setup)
{
	char text[512], room[64];
	struct rest_request r;
	snprintf(text, sizeof text, "{\"token\":\"%s\",\"password\":\"bay hoa sen trong ho\",\"name\":\"lan\",\"display\":\"Lan\"}", setup);
	r = request("POST", "/api/v1/link/use", text);
	check("a set-up link does nothing on the main listener", ask(&r) == 404 && says("bad_link"));
	r.admin = true;
	check("on the other it signs in", ask(&r) == 200 && cookie == REST_COOKIE_SET);
	r = request("GET", "/api/v1/people", "");
	check("its session is none on the main listener", ask(&r) == 404);
	r.admin = true;
	check("people are listed", ask(&r) == 200 && strstr(body, "\"name\":\"lan\""));
	check("without a hash", !strstr(body, "argon2"));
	r = request("POST", "/api/v1/login", "{\"name\":\"lan\",\"password\":\"bay hoa sen trong ho\"}");
	check("signing in sets the cookie", ask(&r) == 200 && cookie == REST_COOKIE_SET && !strstr(body, session));

	r = request("POST", "/api/v1/rooms", "{\"title\":\"Giao ban\",\"guests\":true,\"password\":\"12345678\"}");
	check("a weak room password is refused", ask(&r) == 400 && says("weak_password"));
	r = request("POST", "/api/v1/rooms", "{\"title\":\"a\\u202eb\",\"guests\":true}");
	check("a title that turns around is refused", ask(&r) == 400 && says("bad_name") && strstr(body, "title"));
	r = request("POST", "/api/v1/rooms", "{\"title\":\"a\",\"guests\":true,\"max\":501}");
	check("501 people are too many", ask(&r) == 400 && strstr(body, "max"));
	r = request("POST", "/api/v1/rooms", "{\"title\":\"a\",\"guests\":true,\"max\":1}");
	check("one is too few", ask(&r) == 400 && strstr(body, "max"));
	r = request("POST", "/api/v1/rooms", "{\"title\":\"Giao ban\",\"guests\":true}");
	check("a room is made", ask(&r) == 201 && strstr(body, "\"password\":\"") && strstr(body, "\"url\":\"https://meet.test:8443/r/"));
	const char *id = strstr(body, "\"id\":\"");
	snprintf(room, sizeof room, "/api/v1/rooms/%.22s", id ? id + 6 : "");
	r = request("GET", room, "");
	check("it is there, without its password", ask(&r) == 200 && !strstr(body, "password") && strstr(body, "\"people\":3"));
	r = request("PATCH", room, "{}");
	check("a change of nothing is none", ask(&r) == 200);
	r = request("PATCH", room, "{\"closed\":true,\"max\":2}");
	check("a change is made", ask(&r) == 200 && strstr(body, "\"closed\":true") && strstr(body, "\"max\":2"));
	r = request("PATCH", room, "{\"owner\":\"2\"}");
	check("an owner is not changed", ask(&r) == 400);
	tokens(room);
	r = request("DELETE", room, "");
	check("it is removed", ask(&r) == 204);
	check("once", ask(&r) == 404);
	r = request("GET", "/api/v1/people", "");
	r.admin = true;
	check("a main session opens nothing in administration", ask(&r) == 401);
	r = request("POST", "/api/v1/logout", "");
	check("signing out clears the cookie", ask(&r) == 204 && cookie == REST_COOKIE_CLEAR);
	r = request("GET", "/api/v1/me", "");
	check("and the session is over", ask(&r) == 401);
}

int main(void)
{
	struct store *store;
	struct store_snapshot *all;
	struct store_thread *thread;
	struct hash_pool *pool;
	struct auth *auth;
	struct rooms *rooms;
	struct room_tokens *devices;
	char path[64], setup[44];
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.db", folder);
	if (inbox_create(&inbox) || store_open(&store, path) || store_read(store, &all) ||
	    store_thread_start(&thread, store, inbox, NULL, NULL) || hash_pool_create(&pool, inbox) ||
	    auth_create(&auth, all, thread, pool, NULL) || rooms_create(&rooms, all, thread, pool, NULL) ||
	    room_tokens_create(&devices, all, thread, NULL, NULL))
		return 1;
	store_snapshot_destroy(all);
	const struct rest_config config = { .version = "1", .banner = "", .contact = "", .public_url = "", .main_url = "https://meet.test:8443",
		.admin_url = "https://127.0.0.1:8444" };
	const struct rest_ops ops = { .room_live = room_live, .stats = stats, .media_up = media_up };
	check("rest begins", rest_create(&rest, &config, auth, rooms, devices, &ops) == 0);
	routes();
	origins();
	bodies();
	status = 0;
	auth_setup_link(auth, 1000000, admin_link, setup);
	for (int i = 0; i < 100 && !status; i++) {
		struct pollfd p = { .fd = inbox_fd(inbox), .events = POLLIN };
		if (poll(&p, 1, 100) > 0)
			inbox_drain(inbox);
	}
	a_day(setup);
	hash_pool_destroy(pool);
	store_thread_stop(thread);
	rest_destroy(rest);
	room_tokens_destroy(devices);
	rooms_destroy(rooms);
	auth_destroy(auth);
	inbox_destroy(inbox);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}

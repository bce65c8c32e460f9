/* HTTP on both listeners: REST, and on the main one the web client's files and devices (WHIP, WHEP). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "front.h"
#include "page_headers.h"

enum { HEADERS_ROOM = 4096, CHUNK = 16384, REST_WAIT_S = 60, WHIP_BODY_MOST = 64 * 1024 };

/* One request and its answer. Lives on its own, since the answer may come after the connection has gone. */
struct exchange {
	struct lws *wsi;                /* NULL: the connection is gone */
	bool admin;
	char method[8], path[512], host[256], origin[300], type[128], session[64];
	bool query, head, close;
	bool gzip, brotli, html;        /* what it accepts */
	char none_match[64], match[128], accept[256], authorization[160];
	char *body;                     /* of the request */
	size_t body_len, body_room;
	bool asked;                     /* REST has it and will answer */
	/* The answer. */
	int status;
	char *text;                     /* REST's, owned */
	struct web_files *files;        /* a reference, or NULL */
	const struct web_file *file;
	const char *at, *encoding;
	size_t left;
	uint32_t retry_after_s;
	enum rest_cookie cookie;
	char browser[LIVE_BROWSER_ROOM];        /* a new browser cookie; "": it has one */
	char new_session[64], allow[64];
	const char *text_type;          /* of `text` */
	char location[256 + 16 + LIVE_WHIP_LOCATION_ROOM], etag[32];
	const char *accept_post, *accept_patch;
	bool shared;                    /* pages of the configured other origin may read it (CORS) */
	bool ready, headers_sent;
};

struct http_session {
	struct exchange *exchange;
};

size_t http_session_size(void)
{
	return sizeof(struct http_session);
}

static void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	if (x->body)
		explicit_bzero(x->body, x->body_room);
	free(x->body);
	if (x->text)
		explicit_bzero(x->text, strlen(x->text));
	free(x->text);
	explicit_bzero(x->location, sizeof x->location);
	web_files_unref(x->files);
	explicit_bzero(x, sizeof *x);
	free(x);
}

/* -- headers ---------------------------------------------------------------------------------------------------------- */

struct headers {
	struct lws *wsi;
	unsigned char *at, *end;
	bool good;
};

static void put(struct headers *h, const char *name, const char *value)
{
	h->good = h->good && lws_add_http_header_by_name(h->wsi, (const unsigned char *)name, (const unsigned char *)value,
		(int)strlen(value), &h->at, h->end) == 0;
}

static void put_cookie(struct headers *h, const struct exchange *x)
{
	char line[256];
	snprintf(line, sizeof line, "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%d",
		x->admin ? FRONT_COOKIE_ADMIN : FRONT_COOKIE_SESSION, x->cookie == REST_COOKIE_SET ? x->new_session : "", x->cookie == REST_COOKIE_SET ? 7 * 24 * 3600 : 0);
	put(h, "set-cookie:", line);
	explicit_bzero(line, sizeof line);
}

/* It goes with the browser's session: who was where is not to be followed for longer. */
static void put_browser(struct headers *h, const char *browser)
{
	char line[160];
	snprintf(line, sizeof line, FRONT_COOKIE_BROWSER "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", browser);
	put(h, "set-cookie:", line);
}

static void put_file_headers(struct headers *h, const struct exchange *x)
{
	put(h, "cache-control:", x->file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	put(h, "etag:", x->file->etag);
	put(h, "vary:", "Accept-Encoding");
	if (x->encoding)
		put(h, "content-encoding:", x->encoding);
}

/* Fetch standard §3.2: which pages of elsewhere may ask and read. Never with cookies. */
static void put_cors(struct headers *h, const struct exchange *x)
{
	put(h, "access-control-allow-origin:", x->origin);
	put(h, "vary:", "Origin");
	put(h, "access-control-expose-headers:", "Location, ETag, Retry-After");
	if (strcmp(x->method, "OPTIONS"))
		return;
	put(h, "access-control-allow-methods:", "POST, PATCH, DELETE");
	put(h, "access-control-allow-headers:", "Authorization, Content-Type, If-Match");
	put(h, "access-control-max-age:", "600");
}

static void put_device_headers(struct headers *h, const struct exchange *x)
{
	if (x->location[0])
		put(h, "location:", x->location);
	if (x->etag[0])
		put(h, "etag:", x->etag);
	if (x->accept_post)
		put(h, "accept-post:", x->accept_post);
	if (x->accept_patch)
		put(h, "accept-patch:", x->accept_patch);
	if (x->status == 401)
		put(h, "www-authenticate:", "Bearer");
	if (x->shared)
		put_cors(h, x);
}

static bool is_device(const struct exchange *x)
{
	return !x->admin && (strncmp(x->path, "/whip/", 6) == 0 || strncmp(x->path, "/whep/", 6) == 0);
}

static int send_headers(struct exchange *x)
{
	unsigned char buffer[LWS_PRE + HEADERS_ROOM];
	struct headers h = { x->wsi, buffer + LWS_PRE, buffer + sizeof buffer, true };
	const struct front *front = front_of(x->wsi);
	char number[16], csp[PAGE_CSP_ROOM];

	h.good = lws_add_http_header_status(x->wsi, (unsigned)x->status | LWSAHH_FLAG_NO_SERVER_NAME, &h.at, h.end) == 0;
	for (const struct page_header *p = page_headers; p->name; p++)
		put(&h, p->name, p->value);
	page_csp(csp, x->file ? x->host : NULL);
	put(&h, "content-security-policy:", csp);
	if (!front->certificate.trial)
		put(&h, "strict-transport-security:", "max-age=31536000");
	if (x->file)
		put_file_headers(&h, x);
	else
		put(&h, "cache-control:", "no-store");
	if (x->file)
		put(&h, "content-type:", x->file->type);
	else if (x->text)
		put(&h, "content-type:", x->text_type ? x->text_type : "application/json");
	if (x->retry_after_s) {
		snprintf(number, sizeof number, "%u", x->retry_after_s);
		put(&h, "retry-after:", number);
	}
	if (x->cookie != REST_COOKIE_KEEP)
		put_cookie(&h, x);
	if (x->browser[0])
		put_browser(&h, x->browser);
	if (x->allow[0])
		put(&h, "allow:", x->allow);
	if (is_device(x))
		put_device_headers(&h, x);
	if (x->close)
		put(&h, "connection:", "close");
	if (x->status != 204 && x->status != 304)
		h.good = h.good && lws_add_http_header_content_length(x->wsi, x->left, &h.at, h.end) == 0;
	bool empty = x->head || x->left == 0;
	if (!h.good || lws_finalize_http_header(x->wsi, &h.at, h.end))
		return -1;
	size_t n = (size_t)(h.at - (buffer + LWS_PRE));
	int sent = lws_write(x->wsi, buffer + LWS_PRE, n, empty ? LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END : LWS_WRITE_HTTP_HEADERS);
	explicit_bzero(buffer, sizeof buffer);
	if (empty)
		x->left = 0;
	x->headers_sent = true;
	return sent < 0 ? -1 : 0;
}

/* -- answering -------------------------------------------------------------------------------------------------------- */

static int finish(struct http_session *s)
{
	struct exchange *x = s->exchange;
	struct lws *wsi = x->wsi;
	bool end = x->close;
	s->exchange = NULL;
	exchange_free(x);
	if (end)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* More is to be sent: whoever does not take it in time is closed. */
static int go_on(struct exchange *x)
{
	lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, REQUEST_MOST_S);
	lws_callback_on_writable(x->wsi);
	return 0;
}

static int writable(struct http_session *s)
{
	struct exchange *x = s->exchange;
	if (!x || !x->ready)
		return 0;
	if (!x->headers_sent) {
		if (send_headers(x))
			return -1;
		if (!x->left)
			return finish(s);
		return go_on(x);
	}
	unsigned char buffer[LWS_PRE + CHUNK];
	size_t n = x->left < CHUNK ? x->left : CHUNK;
	memcpy(buffer + LWS_PRE, x->at, n);
	x->at += n;
	x->left -= n;
	int sent = lws_write(x->wsi, buffer + LWS_PRE, n, x->left ? LWS_WRITE_HTTP : LWS_WRITE_HTTP_FINAL);
	if (sent < 0)
		return -1;
	if (!x->left)
		return finish(s);
	return go_on(x);
}

static void answer_now(struct exchange *x)
{
	x->ready = true;
	lws_callback_on_writable(x->wsi);
}

static void set_error(struct exchange *x, int status, const char *code)
{
	char text[96];
	x->status = status;
	snprintf(text, sizeof text, "{\"error\":{\"code\":\"%s\"}}", code);
	x->text = strdup(text);
	x->at = x->text;
	x->left = x->text ? strlen(x->text) : 0;
}

static void answer_error(struct exchange *x, int status, const char *code)
{
	set_error(x, status, code);
	answer_now(x);
}

static void rest_answered(void *arg, const struct rest_answer *a)
{
	struct exchange *x = arg;
	x->asked = false;
	if (!x->wsi) {          /* nobody is there to hear it */
		exchange_free(x);
		return;
	}
	x->status = a->status;
	x->text = a->body ? strdup(a->body) : NULL;
	x->at = x->text;
	x->left = x->text ? strlen(x->text) : 0;
	x->retry_after_s = a->retry_after_s;
	x->cookie = a->cookie;
	if (a->session)
		snprintf(x->new_session, sizeof x->new_session, "%s", a->session);
	if (a->allow)
		snprintf(x->allow, sizeof x->allow, "%s", a->allow);
	answer_now(x);
}

static void ask_rest(struct exchange *x)
{
	struct front *front = front_of(x->wsi);
	const struct rest_request r = {
		.admin = x->admin, .method = x->method, .path = x->path, .query = x->query, .host = x->host, .origin = x->origin,
		.content_type = x->type, .session = x->session, .body = x->body ? x->body : "", .body_len = x->body_len,
		.from = front_connection_of(x->wsi)->from, .now_s = front_now_s(), .now_us = front_now_us(),
	};
	lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, REST_WAIT_S);
	x->asked = true;
	rest_handle(front->rest, &r, rest_answered, x);
}

static void whip_answered(void *arg, const struct live_whip_answer *a)
{
	struct exchange *x = arg;
	x->asked = false;
	if (!x->wsi) {          /* nobody is there to hear it; what was begun ends for want of media */
		exchange_free(x);
		return;
	}
	if (a->code) {
		set_error(x, a->status, a->code);
	} else {
		x->status = a->status;
		x->text = a->body ? strdup(a->body) : NULL;
		x->at = x->text;
		x->left = x->text ? strlen(x->text) : 0;
		x->text_type = a->type;
	}
	if (a->location)        /* whole, as this client would reach it: not every device can complete one */
		snprintf(x->location, sizeof x->location, "https://%s%s", x->host, a->location);
	snprintf(x->etag, sizeof x->etag, "%s", a->etag ? a->etag : "");
	snprintf(x->allow, sizeof x->allow, "%s", a->allow ? a->allow : "");
	x->accept_post = a->accept_post;
	x->accept_patch = a->accept_patch;
	x->retry_after_s = a->retry_after_s;
	answer_now(x);
}

static bool origin_allowed(const struct exchange *x, const char *allowed)
{
	return *allowed && x->origin[0] && (!strcmp(allowed, "*") || !strcasecmp(allowed, x->origin));
}

static void ask_device(struct exchange *x)
{
	struct front *front = front_of(x->wsi);
	const struct live_whip_request r = {
		.method = x->method, .path = x->path, .authorization = x->authorization, .content_type = x->type, .accept = x->accept,
		.if_match = x->match, .address = front_connection_of(x->wsi)->from_text, .body = x->body ? x->body : "", .body_len = x->body_len,
	};
	x->shared = origin_allowed(x, front->settings->device_origin);
	if (!front->live || !rest_host_valid(x->host)) {
		answer_error(x, front->live ? 400 : 503, front->live ? "bad_request" : "busy");
		return;
	}
	lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, REST_WAIT_S);
	x->asked = true;
	live_whip(front->live, &r, whip_answered, x);
}

/* Each browser has a cookie of its own before it meets a room: a page comes first. */
static void know_browser(struct exchange *x, const struct live *live)
{
	char shown[64];
	front_cookie(x->wsi, FRONT_COOKIE_BROWSER, shown);
	if (!live_browser_good(live, shown))
		live_browser_make(live, x->browser);
}

static void answer_file(struct exchange *x)
{
	struct front *front = front_of(x->wsi);
	if (front->files && web_files_stale(front->files, front_now_us())) {
		struct web_files *fresh;
		if (web_files_load(&fresh, front->web) == 0) {
			web_files_unref(front->files);
			front->files = fresh;
		}
	}
	const struct web_file *f = front->files ? web_files_find(front->files, x->path) : NULL;
	bool lost = !f && x->html && strncmp(x->path, "/assets/", 8) != 0;
	if (lost && front->files)       /* a mistyped address: the page itself tells the person */
		f = web_files_find(front->files, "/");
	if (!f) {
		answer_error(x, 404, "not_found");
		return;
	}
	x->files = web_files_ref(front->files);
	x->file = f;
	const struct web_bytes *bytes = &f->plain;
	/* Only files that are the same for everyone for ever: nothing that could ever hold a secret is compressed (BREACH). */
	if (!f->immutable) {
		x->encoding = NULL;
	} else if (x->brotli && f->brotli.len) {
		bytes = &f->brotli;
		x->encoding = "br";
	} else if (x->gzip && f->gzip.len) {
		bytes = &f->gzip;
		x->encoding = "gzip";
	}
	if (!f->immutable && !x->admin && front->live)
		know_browser(x, front->live);
	x->status = lost ? 404 : strstr(x->none_match, f->etag) ? 304 : 200;
	x->at = bytes->at;
	x->left = x->status == 304 ? 0 : bytes->len;
	answer_now(x);
}

/* -- the request ------------------------------------------------------------------------------------------------------ */

static const struct { enum lws_token_indexes token; const char *name; } methods[] = {
	{ WSI_TOKEN_GET_URI, "GET" }, { WSI_TOKEN_POST_URI, "POST" }, { WSI_TOKEN_PATCH_URI, "PATCH" },
	{ WSI_TOKEN_DELETE_URI, "DELETE" }, { WSI_TOKEN_HEAD_URI, "HEAD" }, { WSI_TOKEN_PUT_URI, "PUT" },
	{ WSI_TOKEN_OPTIONS_URI, "OPTIONS" },
};

static void read_headers(struct exchange *x, const char *path, size_t len)
{
	char accepts[256];
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (lws_hdr_total_length(x->wsi, methods[i].token))
			snprintf(x->method, sizeof x->method, "%s", methods[i].name);
	}
	x->head = strcmp(x->method, "HEAD") == 0;
	if (len < sizeof x->path && !memchr(path, '\0', len))
		memcpy(x->path, path, len);
	x->query = lws_hdr_total_length(x->wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0;
	front_header(x->wsi, WSI_TOKEN_HOST, x->host, sizeof x->host);
	front_header(x->wsi, WSI_TOKEN_ORIGIN, x->origin, sizeof x->origin);
	front_header(x->wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, x->type, sizeof x->type);
	front_header(x->wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, x->none_match, sizeof x->none_match);
	front_header(x->wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accepts, sizeof accepts);
	x->gzip = strstr(accepts, "gzip") != NULL;
	x->brotli = strstr(accepts, "br") != NULL;
	front_header(x->wsi, WSI_TOKEN_HTTP_ACCEPT, x->accept, sizeof x->accept);
	x->html = strstr(x->accept, "text/html") != NULL;
	front_header(x->wsi, WSI_TOKEN_HTTP_IF_MATCH, x->match, sizeof x->match);
	front_header(x->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, x->authorization, sizeof x->authorization);
	front_cookie(x->wsi, x->admin ? FRONT_COOKIE_ADMIN : FRONT_COOKIE_SESSION, x->session);
}

/* The length of the body that was announced: 0 for none, -1 for one that cannot be taken. */
static long body_announced(struct lws *wsi)
{
	char number[24];
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return -1;
	if (!front_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, number, sizeof number))
		return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) ? -1 : 0;
	return strlen(number) > 9 || strspn(number, "0123456789") != strlen(number) ? -1 : atol(number);
}

static bool is_rest(const struct exchange *x)
{
	return strncmp(x->path, "/api/", 5) == 0;
}

/* Whose answer it is that needs the whole request. */
static void ask(struct exchange *x)
{
	if (is_device(x))
		ask_device(x);
	else
		ask_rest(x);
}

static int request(struct lws *wsi, struct http_session *s, const char *path, size_t len)
{
	struct exchange *x = calloc(1, sizeof *x);
	if (!x)
		return -1;
	exchange_free(s->exchange);     /* there is none: the last answer has gone out */
	s->exchange = x;
	x->wsi = wsi;
	x->admin = front_listener_of(wsi)->admin;
	front_of(wsi)->counters.requests++;
	front_connection_of(wsi)->secured = true;
	read_headers(x, path, len);

	long body = body_announced(wsi);
	bool post = strcmp(x->method, "POST") == 0 || strcmp(x->method, "PATCH") == 0 || strcmp(x->method, "PUT") == 0;
	if (body < 0 || (post && !lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH))) {
		x->close = true;
		answer_error(x, 411, "bad_request");
	} else if (body > (is_device(x) ? WHIP_BODY_MOST : REST_BODY_MOST)) {
		x->close = true;        /* the rest of it is not read */
		answer_error(x, 413, "too_large");
	} else if (!x->path[0]) {
		x->close = body > 0;
		answer_error(x, 404, "not_found");
	} else if (body > 0 && !is_rest(x) && !is_device(x)) {
		x->close = true;
		answer_error(x, 400, "bad_request");
	} else if (body > 0) {
		x->body = malloc((size_t)body + 1);
		x->body_room = (size_t)body;
		if (!x->body)
			return -1;
	} else if (is_rest(x) || is_device(x)) {
		ask(x);
	} else if (x->head || strcmp(x->method, "GET") == 0) {
		answer_file(x);
	} else {
		snprintf(x->allow, sizeof x->allow, "GET, HEAD");
		answer_error(x, 405, "method_not_allowed");
	}
	return 0;
}

static int body_part(struct http_session *s, const void *bytes, size_t len)
{
	struct exchange *x = s->exchange;
	if (!x || x->ready || !x->body)
		return 0;               /* answered already: what still comes is dropped, and the connection with it */
	if (len > x->body_room - x->body_len)
		return -1;
	memcpy(x->body + x->body_len, bytes, len);
	x->body_len += len;
	return 0;
}

static void connection_gone(struct http_session *s)
{
	struct exchange *x = s ? s->exchange : NULL;
	if (!x)
		return;
	s->exchange = NULL;
	x->wsi = NULL;
	if (!x->asked)
		exchange_free(x);
}

int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct http_session *s = user;
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1;              /* a WebSocket that names no protocol of ours */
	case LWS_CALLBACK_HTTP:
		return request(wsi, s, in, len);
	case LWS_CALLBACK_HTTP_BODY:
		return body_part(s, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		if (s->exchange && !s->exchange->ready && !s->exchange->asked)
			ask(s->exchange);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return writable(s);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		connection_gone(s);
		return 0;
	default:
		return 0;
	}
}

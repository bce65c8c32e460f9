/**
 * The REST interface, `/api/v1` (signaling/API.md): one table of routes, each with who may.
 *
 * Knows nothing of sockets: a request comes in as texts, an answer goes out through a callback, at once or later.
 * Thread: signaling.
 */
#ifndef HOPKIN_ADMIN_REST_H
#define HOPKIN_ADMIN_REST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "room_tokens.h"
#include "rooms.h"

enum { REST_BODY_MOST = 16 * 1024 };    /* bytes */

struct rest_request {
	bool admin;                     /* came in on the administration listener */
	const char *method;             /* "GET"… */
	const char *path;               /* "/api/v1/…", without the query */
	bool query;                     /* there was one: no route takes any */
	const char *host;               /* headers; "" where there is none */
	const char *origin;
	const char *content_type;
	const char *session;            /* the value of this listener's cookie */
	const char *body;
	size_t body_len;                /* over REST_BODY_MOST: answered with too_large, the bytes are not looked at */
	struct client_address from;
	int64_t now_s, now_us;          /* Unix seconds, monotonic microseconds */
};

enum rest_cookie { REST_COOKIE_KEEP, REST_COOKIE_SET, REST_COOKIE_CLEAR };

struct rest_answer {
	int status;
	const char *body;               /* JSON; NULL: none. Borrowed for the call */
	uint32_t retry_after_s;
	enum rest_cookie cookie;
	const char *session;            /* REST_COOKIE_SET: the token */
	const char *allow;              /* 405: the methods */
};

typedef void rest_done_fn(void *arg, const struct rest_answer *answer);

/** What REST asks of those above it. All are required. */
struct rest_ops {
	bool (*room_live)(void *ctx, const char *room, uint32_t *people);
	json_t *(*stats)(void *ctx);            /* new reference, or NULL */
	bool (*media_up)(void *ctx);
	void *ctx;
};

/** Texts are borrowed and must outlive `rest`. */
struct rest_config {
	const char *version, *banner, *contact;
	const char *public_url;                 /* "https://host:port" where rooms live; "": as the browser asked for it */
	const char *main_url, *admin_url;       /* the two listeners, as they are announced */
};

struct rest;

int rest_create(struct rest **out, const struct rest_config *config, struct auth *auth, struct rooms *rooms,
	struct room_tokens *tokens, const struct rest_ops *ops);
void rest_destroy(struct rest *rest);

/** Answer one request. `request` is borrowed for the call; `done` runs exactly once, perhaps before this returns. */
void rest_handle(struct rest *rest, const struct rest_request *request, rest_done_fn *done, void *arg);

/** Is `origin` this server's: "https://" and the Host it was asked for, or the configured address? */
bool rest_origin_ours(const char *origin, const char *host, const char *public_url);

/** Form of a Host header: a name or address and perhaps a port. */
bool rest_host_valid(const char *host);

#endif

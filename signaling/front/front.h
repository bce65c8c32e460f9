/**
 * What the files of this folder share: one struct that holds the signaling process together.
 *
 * Two libwebsockets contexts run on one libev loop, one for each listener. They are two because libwebsockets chooses among the
 * virtual hosts of a context by the Host header, and nothing that a client sends may choose the administration's.
 * Thread: signaling, all of it.
 */
#ifndef HOPKIN_FRONT_FRONT_H
#define HOPKIN_FRONT_FRONT_H

#include <ev.h>
#include <libwebsockets.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "accept_thread.h"
#include "auth.h"
#include "hash_pool.h"
#include "inbox.h"
#include "live.h"
#include "rest.h"
#include "room_tokens.h"
#include "rooms.h"
#include "server_tls.h"
#include "settings.h"
#include "store_thread.h"
#include "web_files.h"

enum {
	HANDSHAKE_MOST_US = 5000000,    /* a TLS handshake that takes longer is cut: libwebsockets would wait for ever */
	REQUEST_MOST_S = 15,            /* for a request's headers and body to arrive */
	KEEPALIVE_S = 20,               /* an HTTP connection without a request */
};

/** One TCP connection, from its adoption to its end. */
struct connection {
	struct connection *next, **at;          /* front.connections */
	struct front *front;
	struct lws *wsi;
	struct client_address from;
	char from_text[46];
	int64_t since_us;
	bool secured;                           /* the handshake is over */
};

struct front_counters {
	uint64_t connections_refused, handshakes_cut, requests, sockets_opened, sockets_refused, messages, too_large, too_slow, silent;
};

struct listener {
	struct front *front;
	bool admin;
	struct lws_context *context;
	struct lws_vhost *vhost;
	SSL_CTX *tls;                           /* the vhost's */
};

struct ws;

struct front {
	const struct settings *settings;
	struct ev_loop *loop;
	struct listener main, admin;
	struct inbox *inbox;
	struct store_thread *store;
	struct hash_pool *pool;
	struct auth *auth;
	struct rooms *rooms;
	struct room_tokens *tokens;
	struct rest *rest;
	struct live *live;
	struct accept_thread *accept;
	struct attempt_limiter *room_limiter, *device_limiter;
	char web[PATH_MAX];                     /* the web client's folder */
	struct web_files *files;                /* NULL: none could be read */
	struct server_certificate certificate;
	struct timespec certificate_changed, key_changed;
	struct connection *connections;
	struct ws *sockets;                     /* open WebSockets */
	uint32_t connection_count;
	struct front_counters counters;
	char main_url[320], admin_url[320];
	char fixed_url[320];                    /* "": room addresses begin with what the browser asked for */
	bool stopping;
	int status;                             /* exit status */
	int parent;
	ev_io inbox_ready, parent_ready, link_ready;
	ev_timer tick, stop_timer;
	ev_signal hangup, terminate;
	unsigned ticks;
};

int64_t front_now_us(void);                     /* monotonic */
int64_t front_now_s(void);                      /* Unix */
struct front *front_of(struct lws *wsi);        /* the process that a connection belongs to */
struct listener *front_listener_of(struct lws *wsi);
struct connection *front_connection_of(struct lws *wsi);

/** One connection from the accept thread. Thread: signaling. */
void front_adopt(void *front, enum accept_kind kind, int fd);
/** Called about every 100 ms: cuts handshakes that take too long. */
void front_connections_tick(struct front *front);

/** Copy a request header; false (and ""): there is none, or it does not fit. */
bool front_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t room);
#define FRONT_COOKIE_SESSION "__Host-hopkin"
#define FRONT_COOKIE_ADMIN "__Host-hopkin-admin"
#define FRONT_COOKIE_BROWSER "__Host-hopkin-browser"

/** The value of this cookie, or "". */
void front_cookie(struct lws *wsi, const char *name, char out[64]);

/** Create both contexts with their virtual hosts. @return 0 or -Exxx, said on standard error */
int front_listen(struct front *front);
void front_unlisten(struct front *front);
/** Take up a certificate that has changed on the disk; `now` also if it has not. */
void front_renew_certificate(struct front *front, bool now);

/** The answer of `hopkin.v1`: protocol 1 of the main listener. */
int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
size_t ws_session_size(void);
/** Pings, silence, and those who do not finish closing. About once a second. */
void ws_tick(struct front *front);

/** HTTP: protocol 0 of both. */
int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
size_t http_session_size(void);

/** Make the live layer, with this process as its surroundings. */
int live_glue_create(struct front *front, const struct live_config *config);

#endif

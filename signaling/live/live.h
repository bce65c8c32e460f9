/**
 * Everything that is live in the signaling process: WebSocket connections as participants, meetings, and the link to the media program.
 *
 * The caller (signaling/front) owns sockets, threads and the clock. It hands in opened connections and whole messages, and carries
 * out what the callbacks ask for. Nothing here opens a socket, reads the time or blocks; what takes long (looking a room up, Argon2id)
 * is asked for through `struct live_ops` and comes back through `live_room_found` and `live_password_checked`, at once or later.
 *
 * Thread: the one signaling thread, for every function and callback here. A callback may be called from inside any function here;
 * a callback must not call back into this header, except that `room_find` and `password_check` may give their answer before they return.
 */
#ifndef HOPKIN_LIVE_LIVE_H
#define HOPKIN_LIVE_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LIVE_ROOM_ID_ROOM = 23,         /* 22 characters of base64url and a zero */
	LIVE_NAME_ROOM = 257,           /* 64 characters of UTF-8 and a zero */
	LIVE_ADDRESS_ROOM = 46,         /* INET6_ADDRSTRLEN */
	LIVE_BROWSER_ROOM = 55,          /* base64url of 40 bytes, and a zero */
	LIVE_SESSION_BYTES = 32,        /* the hash of a session token */
	LIVE_SEAL_KEY_BYTES = 32,       /* crypto_secretbox_KEYBYTES */
	LIVE_HOSTS_MAX = 8,             /* configured media addresses */
	LIVE_WHIP_LOCATION_ROOM = 80,
	LIVE_MESSAGE_MAX = 65536,       /* bytes of one WebSocket message, as text or compressed */
};

/** Close codes of the protocol. */
enum live_close {
	LIVE_CLOSE_LEFT = 1000,
	LIVE_CLOSE_GOING = 1001,        /* the server stops */
	LIVE_CLOSE_BAD_MESSAGES = 4400,
	LIVE_CLOSE_SESSION_ENDED = 4401,
	LIVE_CLOSE_REMOVED = 4403,
	LIVE_CLOSE_ENDED = 4404,
	LIVE_CLOSE_SILENT = 4408,
	LIVE_CLOSE_REPLACED = 4409,
	LIVE_CLOSE_TOO_FAST = 4429,
};

struct live;            /* all of it; one in the process */
struct live_conn;       /* one connection, from live_on_open to live_on_close */

/** What one connection can be told to do. `wire` is the caller's own pointer, valid until it has called live_on_close. */
struct live_wire {
	/* Queue one message; the bytes are copied before the call returns. The caller closes a connection whose queue grows too long. */
	void (*send)(void *wire, bool binary, const void *bytes, size_t len);
	/* Send what is queued, then a close frame with this code. live_on_close follows later, never from inside this call. */
	void (*close)(void *wire, uint16_t code);
};

/** A person with a browser, or a device that came over HTTP with a token (whip.h), which says what it may. */
enum live_kind { LIVE_PERSON, LIVE_PUBLISHER, LIVE_VIEWER };

/** Who speaks on a connection: from its cookie and its socket, never from a message. Copied. */
struct live_who {
	int64_t account;                        /* the account's id; 0: a guest */
	char display[LIVE_NAME_ROOM];           /* the account's display name; "" for a guest */
	uint8_t session[LIVE_SESSION_BYTES];    /* hash of the session token, or of a device's token; zeros for a guest */
	char address[LIVE_ADDRESS_ROOM];        /* the client's address, as text */
	enum live_kind kind;                    /* LIVE_PERSON from the caller */
	char browser[LIVE_BROWSER_ROOM];        /* the browser cookie as it came, or "" */
};

/** A room as stored. All strings are borrowed for the call and copied. */
struct live_room {
	char id[LIVE_ROOM_ID_ROOM];
	const char *title;
	const char *banner;             /* the room's, or the server's where the room has none */
	const char *contact;
	const char *password_hash;      /* encoded Argon2id, as password_check takes it; NULL or "": only the owner gets in */
	int64_t owner;                  /* account */
	uint16_t max;                   /* most people */
	bool guests;                    /* people without an account may enter with the password */
	bool closed;
};

/** A token of a device, as stored. Borrowed for the call. */
struct live_device {
	uint8_t token[LIVE_SESSION_BYTES];      /* its hash */
	const char *name;                       /* of the device, as people see it */
	bool publish;                           /* it may send; else it may watch */
};

/** A verdict of the guessing limiter. */
enum live_guess { LIVE_GUESS_ALLOWED, LIVE_GUESS_SLOW };

/** How a password check ended. */
enum live_password { LIVE_PASSWORD_WRONG, LIVE_PASSWORD_RIGHT, LIVE_PASSWORD_BUSY };

/** What live needs from its surroundings. All are required. */
struct live_ops {
	void *ctx;
	/* Monotonic microseconds; Unix milliseconds. */
	int64_t (*now_us)(void *ctx);
	int64_t (*unix_ms)(void *ctx);
	/* Look a room up; answer with live_room_found(live, ticket, …). `id` is 22 characters of base64url. */
	void (*room_find)(void *ctx, uint64_t ticket, const char *id);
	/* Compare a password with an encoded hash on a hashing thread; answer with live_password_checked(live, ticket, …).
	 * `encoded` NULL: do the same work against a dummy and answer LIVE_PASSWORD_WRONG. Both strings are copied. */
	void (*password_check)(void *ctx, uint64_t ticket, const char *encoded, const char *password);
	/* Before a wrong-able password is looked at: may this address guess at this room, or how many seconds must it wait? */
	enum live_guess (*guess_ask)(void *ctx, const char *address, const char *room, uint32_t *retry_after_s);
	/* How an allowed guess ended; exactly one of the two follows each LIVE_GUESS_ALLOWED. Right: also where nothing was decided. */
	void (*guess_wrong)(void *ctx, const char *address, const char *room);
	void (*guess_right)(void *ctx, const char *address, const char *room);
	/* Normalise a guest's name as display names of accounts are; false: not a name. */
	bool (*name_clean)(void *ctx, const char *name, char out[LIVE_NAME_ROOM]);
	/* Watch this descriptor: call live_link_readable when it can be read and, if `writing`, live_link_writable when it can be
	 * written. -1: watch none. Replaces what was watched before; the descriptor stays live's. */
	void (*link_watch)(void *ctx, int fd, bool writing);
	/* Look a device's token up; answer with live_device_found(live, ticket, …). Both texts may be anything and are copied; `enters`: it would
	 * take part, rather than speak of a session that it has. */
	void (*device_find)(void *ctx, uint64_t ticket, const char *token, const char *room, const char *address, bool enters);
	/* Is there still such a token? */
	bool (*device_known)(void *ctx, const uint8_t token[LIVE_SESSION_BYTES]);
};

struct live_config {
	const char *hosts[LIVE_HOSTS_MAX];      /* IPv4 and IPv6 addresses that media is reached at, as text; copied */
	size_t hosts_n;
	uint16_t port;                          /* the one UDP and TCP port */
	uint16_t seats_max;                     /* most person seats a client may offer (default 9) */
	uint8_t seal_key[LIVE_SEAL_KEY_BYTES];  /* seals what is kept at the media program; the same in the next life of this process */
};

/** 0, -EINVAL (bad config) or -ENOMEM. `ops` is copied; its ctx outlives `live`. */
int live_create(struct live **out, const struct live_config *config, const struct live_ops *ops);

/** Ask for the close of every connection (1001), close the link; meetings stay open at the media program. Then free all, connections too:
 * live_on_close is not called after it. NULL is fine. */
void live_destroy(struct live *live);

/* -- the browser cookie (browser.h), which the caller sets with a page and reads from a WebSocket's request --------- */

void live_browser_make(const struct live *live, char out[LIVE_BROWSER_ROOM]);
bool live_browser_good(const struct live *live, const char *text);      /* false: give a new one */

/* -- connections ------------------------------------------------------------------------------------------------- */

/** A WebSocket was opened. NULL: no memory, close it. The caller then owns the duty to call live_on_close exactly once. */
struct live_conn *live_on_open(struct live *live, const struct live_wire *vtable, void *wire, const struct live_who *who);

/** One whole message of at most LIVE_MESSAGE_MAX bytes (a longer one: live_on_too_large). After a close was asked for it is ignored. */
void live_on_message(struct live_conn *conn, bool binary, const void *bytes, size_t len);

/** A message was longer than LIVE_MESSAGE_MAX; its bytes were thrown away. */
void live_on_too_large(struct live_conn *conn);

/** Any WebSocket ping or pong arrived: the other side is alive. */
void live_on_alive(struct live_conn *conn);

/** The connection is gone; `conn` and its wire are not used again. */
void live_on_close(struct live_conn *conn);

/* -- answers of live_ops ------------------------------------------------------------------------------------------ */

/** `room` NULL: there is none. An unknown ticket is ignored. */
void live_room_found(struct live *live, uint64_t ticket, const struct live_room *room);
void live_password_checked(struct live *live, uint64_t ticket, enum live_password verdict);

/** `device` NULL: no such token, or not of this room; one answer for all of that. `retry_after_s` not 0: too fast. An unknown ticket is ignored. */
void live_device_found(struct live *live, uint64_t ticket, const struct live_device *device, const struct live_room *room,
                       uint32_t retry_after_s);

/* -- devices: WHIP and WHEP (whip.h) ------------------------------------------------------------------------------------- */

/** A request to /whip/… or /whep/…; all texts borrowed for the call, "" where there is none. */
struct live_whip_request {
	const char *method, *path;
	const char *authorization, *content_type, *accept, *if_match;   /* headers */
	const char *address;            /* the client's */
	const char *body;
	size_t body_len;
};

/** Texts are NULL where there is none, and borrowed for the call. */
struct live_whip_answer {
	int status;
	const char *body, *type;        /* and its media type */
	const char *code;               /* of a refusal, without a body */
	const char *location;           /* a path */
	const char *etag, *allow, *accept_post, *accept_patch;
	uint32_t retry_after_s;         /* 0: not said */
};

typedef void live_whip_done_fn(void *arg, const struct live_whip_answer *answer);

/** `done` is called exactly once, perhaps before this returns, at the latest in live_destroy. */
void live_whip(struct live *live, const struct live_whip_request *request, live_whip_done_fn *done, void *arg);

/** This token is good no longer: the device that came with it is put out. */
void live_end_device(struct live *live, const uint8_t token[LIVE_SESSION_BYTES]);

/* -- time and the media program ----------------------------------------------------------------------------------- */

/** Call about every 100 ms. */
void live_tick(struct live *live);

/** A fresh end of the control link (SOCK_SEQPACKET); owned by live from here on, the old one is closed. */
void live_link_attach(struct live *live, int fd);
void live_link_readable(struct live *live);
void live_link_writable(struct live *live);

/** Is the media program there and known? */
bool live_media_up(const struct live *live);

/** An accepted TCP connection that speaks RFC 4571, still unread: passed to media. Takes the descriptor over, whatever happens. */
void live_tcp_adopt(struct live *live, int fd);

/* -- what REST tells ---------------------------------------------------------------------------------------------- */

/** Every connection of this account ends with 4401, except those of session `keep` (may be NULL). */
void live_end_account(struct live *live, int64_t account, const uint8_t keep[LIVE_SESSION_BYTES]);

/** Every connection of this session ends with 4401 (signed out). */
void live_end_session(struct live *live, const uint8_t session[LIVE_SESSION_BYTES]);

/** A room was changed or removed: it is looked up again. One that no longer exists ends; a closed one lets nobody else in. */
void live_room_changed(struct live *live, const char *room_id);

/** How many are in a room's meeting; false (and 0): there is none. */
bool live_room_live(const struct live *live, const char *room_id, uint32_t *people);

/** Counters of meetings, connections and the link, with the media program's own as last heard. New reference; NULL: no memory. */
json_t *live_stats(struct live *live);

#endif

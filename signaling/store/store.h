/**
 * What is kept: accounts, one-time links, sessions, rooms, and the tokens by which devices enter rooms.
 *
 * One open database, one thread at a time. A transaction is a list of changes and is applied whole or not at all; when
 * `store_apply` returns 0 it is on the disk. Conditions that must hold among processes (a link is used once, an
 * administrator remains) are changes too, so that they are checked inside the transaction.
 *
 * Nothing here says which database stands behind it.
 */
#ifndef HOPKIN_STORE_STORE_H
#define HOPKIN_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STORE_ID_CHARS = 22,            /* base64url of 128 random bits */
	STORE_NAME_CHARS = 32,
	STORE_DISPLAY_CHARS = 64,       /* code points, at most 4 bytes each */
	STORE_TITLE_CHARS = 100,
	STORE_BANNER_CHARS = 500,
	STORE_CONTACT_CHARS = 200,
	STORE_ROOM_TOKENS_MOST = 50,    /* of one room */
	STORE_HASH_BYTES = 128,         /* a password hash as text, with its end */
	STORE_TOKEN_HASH_BYTES = 32,
};

typedef char store_id[STORE_ID_CHARS + 1];        /* a room's: it is the address people are given */

enum role { ROLE_MEMBER, ROLE_HOST, ROLE_ADMIN };

/** "member", "host", "admin". */
const char *role_name(enum role role);
/** @return false: not one of the three. */
bool role_from_name(enum role *out, const char *name);

struct account_record {
	int64_t id;                             /* from 1, never used twice; 0 stands for nobody */
	char name[STORE_NAME_CHARS + 1];
	char display[STORE_DISPLAY_CHARS * 4 + 1];
	char password_hash[STORE_HASH_BYTES];   /* "": no password yet, its link has not been used */
	enum role role;
	bool disabled;
	int64_t created_s, last_seen_s;         /* Unix seconds; last_seen_s 0: never */
};

struct room_record {
	store_id id;
	int64_t owner;                          /* an account */
	char title[STORE_TITLE_CHARS * 4 + 1];
	char banner[STORE_BANNER_CHARS * 4 + 1];
	char contact[STORE_CONTACT_CHARS * 4 + 1];
	char password_hash[STORE_HASH_BYTES];
	bool guests;                            /* guests may come with the password */
	bool closed;
	uint16_t max;                           /* most people at once, 2…500 */
	int64_t created_s;
};

/** By which a device without a person enters one room (WHIP, WHEP). The token itself is not kept. */
struct token_record {
	store_id id;                            /* names it in lists; opens nothing */
	store_id room;
	uint8_t token_hash[STORE_TOKEN_HASH_BYTES];
	bool publish;                           /* it may send; else it may watch. Never both */
	char name[STORE_DISPLAY_CHARS * 4 + 1]; /* of the device, as people see it */
	int64_t maker;                          /* an account; 0: the command line */
	int64_t created_s, used_s, expires_s;   /* Unix seconds; 0: never */
};

struct session_record {
	int64_t account;
	uint8_t token_hash[STORE_TOKEN_HASH_BYTES];
	bool admin;                             /* made on the administration listener, good only there */
	int64_t created_s, seen_s;
};

enum link_kind { LINK_SETUP, LINK_INVITE, LINK_RESET };

/** Stands for the id of the account added in the same transaction. */
#define LINK_OF_ADDED INT64_C(-1)

struct link_record {
	uint8_t token_hash[STORE_TOKEN_HASH_BYTES];
	enum link_kind kind;
	int64_t account;                        /* 0 for LINK_SETUP; LINK_OF_ADDED: the account added before in this transaction */
	int64_t expires_s;
};

enum change_kind {
	CHANGE_ACCOUNT_ADD,             /* account, its id is chosen here; -EEXIST: the name is taken */
	CHANGE_ACCOUNT_ROLE,            /* account.id, account.role; -ENOENT, as the next three */
	CHANGE_ACCOUNT_DISABLED,        /* account.id, account.disabled */
	CHANGE_ACCOUNT_DISPLAY,         /* account.id, account.display */
	CHANGE_ACCOUNT_PASSWORD,        /* account.id, account.password_hash */
	CHANGE_ACCOUNT_SEEN,            /* account.id, account.last_seen_s */
	CHANGE_ROOM_ADD,                /* room */
	CHANGE_ROOM_SETTINGS,           /* room.id; title, banner, contact, guests, closed, max as `fields` says; -ENOENT */
	CHANGE_ROOM_PASSWORD,           /* room.id, room.password_hash; -ENOENT */
	CHANGE_ROOM_REMOVE,             /* room.id; removing what is not there succeeds */
	CHANGE_TOKEN_ADD,               /* token; -EEXIST: no such room, or it is there */
	CHANGE_TOKEN_USED,              /* token.id, token.used_s */
	CHANGE_TOKEN_REMOVE,            /* token.room, token.id; -ENOENT */
	CHANGE_SESSION_ADD,             /* session */
	CHANGE_SESSION_SEEN,            /* session.token_hash, session.seen_s */
	CHANGE_SESSION_REMOVE,          /* session.token_hash */
	CHANGE_SESSIONS_REMOVE_OF,      /* session.account, all but session.token_hash (may be zeros) */
	CHANGE_LINK_ADD,                /* link */
	CHANGE_LINK_TAKE,               /* link.token_hash, link.expires_s as now; -ENOENT: used, expired or never there */
	CHANGE_LINKS_REMOVE_OF,         /* link.account; 0 removes set-up links */
	CHANGE_REQUIRE_ADMIN,           /* -EBUSY unless an enabled administrator with a password remains */
	CHANGE_REQUIRE_NO_ADMIN,        /* -EEXIST if there is an administrator with a password */
	CHANGE_EXPIRE,                  /* removes links older than link.expires_s and sessions not seen since session.seen_s */
};

enum {
	ROOM_TITLE = 1, ROOM_BANNER = 2, ROOM_CONTACT = 4, ROOM_GUESTS = 8, ROOM_CLOSED = 16, ROOM_MAX = 32,
};

struct store_change {
	enum change_kind kind;
	unsigned fields;                /* CHANGE_ROOM_SETTINGS: which */
	union {
		struct account_record account;
		struct room_record room;
		struct token_record token;
		struct { struct session_record session; struct link_record link; };
	};
};

/** Everything, as it was at one moment. */
struct store_snapshot {
	struct account_record *accounts;
	struct room_record *rooms;
	struct session_record *sessions;
	struct link_record *links;
	struct token_record *tokens;
	size_t account_count, room_count, session_count, link_count, token_count;
};

struct store;

/**
 * Open or make the database and bring it to this version.
 * @param path  of the database file; its folder exists and is ours alone
 * @return 0; -EPROTO: made by a newer Hopkin; others: it cannot be used
 */
int store_open(struct store **out, const char *path);

/** NULL is fine. */
void store_close(struct store *store);

/**
 * Apply `changes` in order, whole or not at all. 0: durable.
 * @param added   the id of the account that CHANGE_ACCOUNT_ADD made (the last one); may be NULL
 * @return 0, a condition's error as listed above, -ENOSPC, -EIO, -EAGAIN (held by another process for over 5 s)
 */
int store_apply(struct store *store, const struct store_change *changes, size_t count, int64_t *added);

/**
 * A secret of this installation, made at first use and kept: `name` says what for.
 * @return 0 or -Exxx
 */
int store_secret(struct store *store, const char *name, uint8_t *out, size_t len);

/** Read everything. Free with `store_snapshot_destroy`. @return 0 or -Exxx */
int store_read(struct store *store, struct store_snapshot **out);
void store_snapshot_destroy(struct store_snapshot *snapshot);

/** A number that differs from the last one when another process has written. */
int64_t store_foreign_version(struct store *store);

#endif

/**
 * ICE-lite for one peer (RFC 8445), with consent (RFC 7675), on libnice's STUN library. No sockets, no clock.
 *
 * The peer is the full, controlling side. A binding request that carries our ufrag and is signed with our password *validates*
 * the path it came from: DTLS may be answered there at once (browsers send DTLS before they nominate). USE-CANDIDATE or the
 * renomination attribute 0xC001 *nominates* a path; the newest nomination wins. Media goes to a path only when it is nominated
 * *and* has answered a check of ours: a participant can write any source address on a request, but cannot answer for it.
 * That is the *selected* path. Its consent is renewed by a check every 5 s; without an answer for 30 s nothing is sent there.
 *
 * How a worker uses it, for each datagram of DEMUX_STUN:
 *     struct ice_question q;
 *     if (!ice_peek(&q, bytes, len)) drop;
 *     request:  find the `struct ice` by q.local_ufrag (unknown: drop, no answer)
 *     response: find it by the path it came from (only validated paths are ever asked)
 *     verdict = ice_receive(ice, stun, &path, bytes, len, now, &out);
 *     then send out.message[0..count), and act on out.changes.
 * And whenever ice_deadline() has passed: ice_tick().
 *
 * Nothing that an unauthenticated message says changes anything here, and none is answered.
 *
 * Whose is a path? A participant can validate a path that is another's, with a request whose source address is a lie. So a table
 * from path to peer gives a free path to whoever validates it, but one that is another peer's only at ICE_PATH_PROVEN.
 */
#ifndef HOPKIN_TRANSPORT_ICE_H
#define HOPKIN_TRANSPORT_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"

enum {
	ICE_UFRAG_MAX = 256,            /* bytes, RFC 8839 §5.4 */
	ICE_PWD_MAX = 256,
	ICE_PATHS = 8,                  /* validated paths kept per peer; the one longest silent gives way to a new one */
	ICE_MESSAGE_ROOM = 640,         /* bytes: a check with two ufrags of the greatest length */
	ICE_OUT_MAX = 4,                /* messages from one call */
};

/* The STUN library's agent: one per worker (thread). Holds nothing about any peer. */
struct ice_stun;

int ice_stun_create(struct ice_stun **out);             /* 0 or -ENOMEM */
void ice_stun_destroy(struct ice_stun *stun);           /* NULL is fine */

struct ice_credentials {
	const char *local_ufrag, *local_pwd;            /* ours, made by signaling; the browser's requests are signed with local_pwd */
	const char *remote_ufrag, *remote_pwd;          /* the browser's; our checks are signed with remote_pwd */
};

struct ice;

/**
 * @param seed   random, per peer: tie-breaker, transaction ids and the spread of consent checks come from it and from the
 *               system's random source
 * @return       0, -EINVAL (a string empty, too long, or with a character outside RFC 8839's ice-char), -ENOMEM.
 * The strings are copied. `now_us` starts the wait for a first check.
 */
int ice_create(struct ice **out, const struct ice_credentials *credentials, uint64_t seed, int64_t now_us);
void ice_destroy(struct ice *ice);                      /* wipes passwords; NULL is fine */

/** ICE restart: the old credentials stay good until a path is selected under the new ones. 0 or -EINVAL (nothing changed). */
int ice_restart(struct ice *ice, const struct ice_credentials *credentials, int64_t now_us);

/* -- a message, before anything is known to be true about it ---------------------------------------------------------- */

enum ice_class { ICE_REQUEST, ICE_RESPONSE };           /* a response: success or error */

struct ice_question {
	enum ice_class kind;
	uint16_t local_ufrag_len;                       /* request: the part of USERNAME before the colon, inside the message */
	const char *local_ufrag;                        /* not terminated; points into the bytes */
};

/** False: not a STUN Binding message of a kind that is ever taken (indications too), or without a usable USERNAME. */
bool ice_peek(struct ice_question *out, const uint8_t *bytes, size_t len);

/* -- events in -------------------------------------------------------------------------------------------------------- */

enum ice_verdict {
	ICE_OK,                 /* authenticated */
	ICE_BAD,                /* malformed, no FINGERPRINT, not Binding, a request without what it must carry: not answered */
	ICE_FORGED,             /* integrity or username wrong: not answered, nothing changed */
	ICE_UNMATCHED,          /* a response to nothing that was asked here, or from another address than was asked */
	ICE_ROLE_CONFLICT,      /* authenticated; the peer thinks it is controlled: answered 487 */
	ICE_UNKNOWN_ATTRIBUTE,  /* authenticated; an attribute that must be understood is not: answered 420 */
};

enum ice_change {
	ICE_PATH_ADDED = 1 << 0,        /* out.added is validated from now on: DTLS may be answered there, and packets from it are this peer's */
	ICE_PATH_REMOVED = 1 << 1,      /* out.removed is not any more */
	ICE_SELECTED = 1 << 2,          /* ice_selected() has changed; may be none now */
	ICE_STALLED = 1 << 3,           /* nothing authentic from the peer for 5 s */
	ICE_RESUMED = 1 << 4,           /* ...and it is back */
	ICE_DEAD = 1 << 5,              /* nothing authentic for 30 s: close the peer */
	ICE_RESTART_DONE = 1 << 6,      /* the old ufrag is not valid any more: forget it */
	ICE_PATH_PROVEN = 1 << 7,       /* out.proven has answered a check of ours: the peer is truly there (said at each answer) */
};

struct ice_message {
	struct path to;
	uint16_t len;
	uint8_t bytes[ICE_MESSAGE_ROOM];
};

struct ice_out {
	uint32_t changes;               /* bits of enum ice_change */
	struct path added, removed, proven;
	uint32_t count;
	struct ice_message message[ICE_OUT_MAX];        /* send these in order, whatever `changes` says */
};

/** One STUN message from `from`. `out` is written whole (no need to clear it). Allocates nothing. */
enum ice_verdict ice_receive(struct ice *ice, struct ice_stun *stun, const struct path *from, const uint8_t *bytes, size_t len,
		int64_t now_us, struct ice_out *out);

/** An authenticated SRTP or SRTCP packet came: the peer lives. Cheap, for every packet; true if it was stalled (now it is not). */
bool ice_heard(struct ice *ice, int64_t now_us);

/** Timers: retries, consent, stalled, dead. Call when ice_deadline() has passed; harmless at any time. */
void ice_tick(struct ice *ice, struct ice_stun *stun, int64_t now_us, struct ice_out *out);

/** When ice_tick() next has something to do. */
int64_t ice_deadline(const struct ice *ice);

/**
 * DTLS was completed on this path, with the right certificate: it counts as validated, and as nominated if no path is. It still must
 * answer a check of ours before it is selected. For a worker that takes a peer over when another saw its nomination.
 */
void ice_prefer(struct ice *ice, struct ice_stun *stun, const struct path *path, int64_t now_us, struct ice_out *out);

/**
 * The peer's own media comes on this path, not on the selected one: if it was nominated too and answers, it is selected. A browser that
 * nominates every pair it checks (UDP and TCP at once) shows by this alone which one it chose.
 */
void ice_follow(struct ice *ice, const struct path *path, int64_t now_us, struct ice_out *out);

/** A TCP connection is closed: its path must not be used any more. */
void ice_path_gone(struct ice *ice, const struct path *path, struct ice_out *out);

/* -- what is known ---------------------------------------------------------------------------------------------------- */

const struct path *ice_selected(const struct ice *ice);         /* where media goes, or NULL; valid until the next call */
bool ice_validated(const struct ice *ice, const struct path *path);
int64_t ice_rtt_us(const struct ice *ice);                      /* of the latest answered check; -1: none yet */
int64_t ice_last_heard_us(const struct ice *ice);               /* -1: never */
const char *ice_local_ufrag(const struct ice *ice);             /* the current generation's */
const char *ice_old_local_ufrag(const struct ice *ice);         /* during a restart: the one before; else NULL */

#endif

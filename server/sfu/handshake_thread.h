/**
 * One thread does every DTLS handshake, so that a hundred people who join at once do not hold up a packet of those who talk.
 *
 * Workers give it the DTLS datagrams of peers that are not finished, copied, with the validated path they came from; it answers on
 * that path at once: over UDP with sendto() on the worker's own socket, over TCP through `send`. All posts are bounded and never
 * block; what does not fit is dropped and counted (DTLS repeats itself).
 *
 * A peer here: added (control thread) → handshakes → done() with its keys → proved (the worker opened its first SRTP packet; the SSL
 * is freed) or removed. A peer that was added but never starts holds no SSL. A handshake that lasts 30 s is given up.
 *
 * Callbacks run on the handshake thread: they post to mailboxes and return.
 */
#ifndef HOPKIN_SFU_HANDSHAKE_THREAD_H
#define HOPKIN_SFU_HANDSHAKE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtls.h"
#include "path.h"

enum {
	HANDSHAKE_QUEUE = 2048,                 /* posts waiting */
	HANDSHAKE_DATAGRAM_MAX = 1500,          /* bytes */
	HANDSHAKE_PEERS_MAX = 8192,             /* peers known here */
	HANDSHAKE_OPEN_MAX = 1000,              /* with an SSL at one time; further ones wait for their browser to try again */
};

struct handshake_callbacks {
	void *owner;
	/** The handshake is complete and the fingerprint right. `worker` and `path`: where its last datagram came in. Wipe your copy of the keys. */
	void (*done)(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const struct media_key_material *keys);
	/** It failed ("dtls", "fingerprint") or the peer closed ("gone"). It is forgotten here already. */
	void (*closed)(void *owner, uint64_t peer, const char *reason);
	/** One datagram for a TCP path: hand it to `worker`. */
	void (*send)(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const uint8_t *bytes, size_t len);
};

/* Counted by the thread, read by anyone. */
struct handshake_stats {
	uint64_t started, done, failed, bad_fingerprint, timed_out, datagrams, unknown_peer, open_limit, sent;
};

struct handshake_thread;

/** Makes the identity and starts the thread. 0 or -errno. */
int handshake_thread_start(struct handshake_thread **out, const struct handshake_callbacks *callbacks);
/** Asks it to end, waits, frees all. No post may run at the same time. NULL is fine. */
void handshake_thread_stop(struct handshake_thread *thread);

const char *handshake_fingerprint(const struct handshake_thread *thread);       /* ours, "sha-256 AB:…" */
void handshake_stats(const struct handshake_thread *thread, struct handshake_stats *out);

/* -- posts: any thread, never block; false: queue full ----------------------------------------------------------------- */

/** @param peer  a number of the caller's, never used twice in this process. An unusable fingerprint: closed() with "fingerprint". */
bool handshake_add(struct handshake_thread *thread, uint64_t peer, const char *remote_fingerprint);

/** @param socket  the UDP socket to answer on, or -1: a TCP path. It must stay open until the thread is stopped. */
bool handshake_datagram(struct handshake_thread *thread, uint64_t peer, uint16_t worker, int socket, const struct path *path,
		const uint8_t *bytes, size_t len);

bool handshake_proved(struct handshake_thread *thread, uint64_t peer);

/** Sends close_notify if it can. No callback follows, but one may be on its way already. */
bool handshake_remove(struct handshake_thread *thread, uint64_t peer);

#endif

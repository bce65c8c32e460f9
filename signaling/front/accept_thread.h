/**
 * One thread accepts every TCP connection and looks at its first byte, without taking it out, to learn who should have it.
 *
 *	0x16        TLS: the signaling thread (pages, REST, WebSocket)
 *	0x00…0x05   the length of an RFC 4571 frame: ICE-TCP, for the media program (main listener only)
 *	else, or nothing within ACCEPT_SILENCE_US: closed
 *
 * So a thousand silent connections cost a descriptor each for three seconds, and nothing of the thread that answers people. When
 * ACCEPT_WAITING_MOST wait, the one that has waited longest is closed for a new one: whoever speaks at once is never in its place for long.
 */
#ifndef HOPKIN_FRONT_ACCEPT_THREAD_H
#define HOPKIN_FRONT_ACCEPT_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include "inbox.h"

#define ACCEPT_SILENCE_US 3000000
enum { ACCEPT_WAITING_MOST = 4096, ACCEPT_LISTENERS_MOST = 64 };

enum accept_kind {
	ACCEPT_TLS_MAIN,        /* came in on a main listener */
	ACCEPT_TLS_ADMIN,       /* on an administration listener */
	ACCEPT_MEDIA,           /* RFC 4571 on a main listener */
};

/** Runs on the signaling thread, through the inbox. `fd` is non-blocking and close-on-exec, owned by the callee, nothing read from it yet. */
typedef void accept_fn(void *owner, enum accept_kind kind, int fd);

/* Counted by the thread, read by anyone. */
struct accept_stats {
	uint64_t accepted, tls, media, silent, odd, evicted, out_of_descriptors;
};

struct accept_thread;

/**
 * @param mains, admins  listening, non-blocking sockets; borrowed, stay open until accept_thread_stop
 * @param inbox          borrowed, outlives the thread
 * @return               0 or -errno
 */
int accept_thread_start(struct accept_thread **out, const int *mains, size_t main_count, const int *admins, size_t admin_count,
	struct inbox *inbox, accept_fn *on_accept, void *owner);
/** Ends it, closes what waits. Connections already in the inbox still arrive. NULL is fine. */
void accept_thread_stop(struct accept_thread *thread);

void accept_thread_stats(const struct accept_thread *thread, struct accept_stats *out);

#endif

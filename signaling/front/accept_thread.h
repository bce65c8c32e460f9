/**
 * Accepts TCP connections and tells them apart by their first byte, on a thread of its own.
 *
 * 0x16 is TLS; 0x00…0x05 is the length of an RFC 4571 frame (a first frame of at most 1535 bytes: a STUN check), which is for the
 * media program; anything else, and silence for three seconds, is closed. The bytes stay unread. So silent clients cost one
 * descriptor each, for three seconds, and nobody who speaks waits behind them.
 */
#ifndef HOPKIN_FRONT_ACCEPT_THREAD_H
#define HOPKIN_FRONT_ACCEPT_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ACCEPT_LISTENERS_MOST = 64, ACCEPT_WAITING_MOST = 4096 };

enum accepted_kind { ACCEPTED_TLS, ACCEPTED_ADMIN_TLS, ACCEPTED_MEDIA };

struct accepted {
	int fd;                         /* the taker's */
	enum accepted_kind kind;
	struct sockaddr_storage from;
};

struct accept_counters {
	uint64_t accepted, silent, refused, full;       /* silent: nothing for 3 s; refused: another first byte; full: no room to wait */
};

struct accept_thread;

/**
 * @param main, admin  listening descriptors, borrowed; admin's take TLS alone
 * @param wake         called on the accept thread when something can be taken; must be safe there
 */
int accept_thread_start(struct accept_thread **out, const int *main, size_t mains, const int *admin, size_t admins,
	void (*wake)(void *arg), void *arg);

/** Connections that wait are closed. NULL is fine. */
void accept_thread_stop(struct accept_thread *thread);

/** The next connection that has said what it is. @return false: none now. Thread: any one. */
bool accept_thread_take(struct accept_thread *thread, struct accepted *out);

void accept_thread_counters(struct accept_thread *thread, struct accept_counters *out);

#endif

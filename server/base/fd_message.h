/**
 * One message on a Unix SOCK_SEQPACKET socket, with at most one file descriptor beside it (SCM_RIGHTS).
 *
 * Both ends of the control link and of a program's parent socket. Received descriptors are close-on-exec; any beyond the first are
 * closed. Never blocks if the socket is non-blocking. Thread: any, one at a time and direction.
 */
#ifndef HOPKIN_BASE_FD_MESSAGE_H
#define HOPKIN_BASE_FD_MESSAGE_H

#include <stddef.h>

enum { FD_MESSAGE_MAX = 128 * 1024 };   /* bytes of one message; both ends' buffers must be made for it */

/** @param fd  passed along (the receiver gets its own copy, this one stays the caller's), or -1. 0 or -errno (-EAGAIN, -EPIPE, …). */
int fd_message_send(int sock, const void *bytes, size_t len, int fd);

/**
 * @param fd  set to the received descriptor, owned by the caller, or -1; may be NULL: a descriptor is then closed
 * @return    bytes received, 0: the other end is closed, -EAGAIN: none now, -EMSGSIZE: longer than `room` (dropped, with its
 *            descriptor), or another -errno. An empty message counts as closed; nobody sends one.
 */
long fd_message_receive(int sock, void *into, size_t room, int *fd);

#endif

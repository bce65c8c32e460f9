/**
 * One accepted TCP connection that carries ICE-TCP frames (RFC 6544, passive side). Non-blocking bytes in, whole frames out.
 *
 * Frames in: read into a `struct tcp_frames` (transport/tcp_frame.h). Frames out: all of a frame is written or queued, or none:
 * a full queue drops new frames, as a router would, since old media is worth nothing and the stream must not break in a frame.
 * Thread: the worker that owns it.
 */
#ifndef HOPKIN_NET_TCP_CONN_H
#define HOPKIN_NET_TCP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "path.h"

enum { TCP_CONN_QUEUE = 128 * 1024 };   /* bytes waiting for a slow reader: about half a second of video */

struct tcp_conn;

/**
 * @param fd     an accepted, connected socket; owned from now on (also when this fails)
 * @param local  index of the local address, as in UDP paths
 * @param id     path.conn: unique in this process, not 0
 * Sets non-blocking and TCP_NODELAY. 0, -EINVAL, -ENOMEM, -ENOTCONN.
 */
int tcp_conn_create(struct tcp_conn **out, int fd, uint8_t local, uint32_t id);
void tcp_conn_destroy(struct tcp_conn *conn);                   /* closes; NULL is fine */

int tcp_conn_fd(const struct tcp_conn *conn);
const struct path *tcp_conn_path(const struct tcp_conn *conn);  /* PATH_TCP, with the remote address in ip and port */
bool tcp_conn_is_v6(const struct tcp_conn *conn);               /* family of the remote address in path.ip */

/** Bytes read, 0: nothing now, -EPIPE: the other side is gone or has closed. */
int tcp_conn_read(struct tcp_conn *conn, uint8_t *into, size_t room);

/** Prefix and packet, whole or not at all. False: dropped (queue full, or the connection is broken). */
bool tcp_conn_send(struct tcp_conn *conn, const uint8_t *packet, uint16_t len);

/** When the socket is writable. 0, or -EPIPE. */
int tcp_conn_flush(struct tcp_conn *conn);

/** True while something waits: ask epoll for EPOLLOUT. */
bool tcp_conn_waiting(const struct tcp_conn *conn);

/** Give the descriptor away (to another worker's tcp_conn): the conn may then only be destroyed. Queued bytes are lost: -EBUSY if any. */
int tcp_conn_release(struct tcp_conn *conn);

#endif

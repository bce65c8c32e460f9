#include "tcp_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PREFIX = 2 };    /* bytes of length before each packet, RFC 4571 §2 */

struct tcp_conn {
	int fd;
	struct path path;
	bool v6;
	bool broken;
	uint8_t *queue;                 /* ring of TCP_CONN_QUEUE bytes; allocated when first needed */
	uint32_t head, used;            /* bytes */
};

static bool remote_path(struct tcp_conn *conn, uint8_t local, uint32_t id)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	if (getpeername(conn->fd, (struct sockaddr *)&name, &len))
		return false;
	conn->path = (struct path){ .kind = PATH_TCP, .local = local, .conn = id };
	if (name.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&name;
		conn->path.port = ntohs(in->sin_port);
		memcpy(conn->path.ip, &in->sin_addr, 4);
	} else if (name.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&name;
		conn->path.port = ntohs(in6->sin6_port);
		conn->v6 = !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
		memcpy(conn->path.ip, in6->sin6_addr.s6_addr + (conn->v6 ? 0 : 12), conn->v6 ? 16 : 4);
	} else {
		return false;
	}
	return true;
}

int tcp_conn_create(struct tcp_conn **out, int fd, uint8_t local, uint32_t id)
{
	struct tcp_conn *conn = calloc(1, sizeof *conn);
	if (!conn) {
		close(fd);
		return -ENOMEM;
	}
	conn->fd = fd;
	if (!id || !remote_path(conn, local, id)) {
		tcp_conn_destroy(conn);
		return id ? -ENOTCONN : -EINVAL;
	}
	int flags = fcntl(fd, F_GETFL), yes = 1;
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	*out = conn;
	return 0;
}

void tcp_conn_destroy(struct tcp_conn *conn)
{
	if (!conn)
		return;
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn->queue);
	free(conn);
}

int tcp_conn_fd(const struct tcp_conn *conn)
{
	return conn->fd;
}

const struct path *tcp_conn_path(const struct tcp_conn *conn)
{
	return &conn->path;
}

bool tcp_conn_is_v6(const struct tcp_conn *conn)
{
	return conn->v6;
}

int tcp_conn_read(struct tcp_conn *conn, uint8_t *into, size_t room)
{
	if (conn->broken)
		return -EPIPE;
	ssize_t got;
	do {
		got = recv(conn->fd, into, room, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		return (int)got;
	if (got < 0 && errno == EAGAIN)
		return 0;
	conn->broken = true;
	return -EPIPE;
}

/* Bytes the kernel took of these pieces; 0 if none now. Notes a broken connection. */
static size_t write_now(struct tcp_conn *conn, struct iovec *pieces, unsigned count)
{
	struct msghdr msg = { .msg_iov = pieces, .msg_iovlen = count };
	ssize_t sent;
	do {
		sent = sendmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return (size_t)sent;
	if (errno != EAGAIN)
		conn->broken = true;
	return 0;
}

static void enqueue(struct tcp_conn *conn, const uint8_t *bytes, size_t len)
{
	while (len) {
		uint32_t at = (conn->head + conn->used) % TCP_CONN_QUEUE;
		size_t n = TCP_CONN_QUEUE - at < len ? TCP_CONN_QUEUE - at : len;
		memcpy(conn->queue + at, bytes, n);
		conn->used += (uint32_t)n;
		bytes += n;
		len -= n;
	}
}

bool tcp_conn_send(struct tcp_conn *conn, const uint8_t *packet, uint16_t len)
{
	uint8_t prefix[PREFIX] = { (uint8_t)(len >> 8), (uint8_t)len };
	if (conn->broken || TCP_CONN_QUEUE - conn->used < PREFIX + (uint32_t)len)
		return false;
	if (!conn->queue && !(conn->queue = malloc(TCP_CONN_QUEUE)))
		return false;   /* before a byte is written: a frame must not be cut short */

	size_t sent = 0;
	if (!conn->used) {
		struct iovec pieces[2] = { { prefix, PREFIX }, { (void *)(uintptr_t)packet, len } };
		sent = write_now(conn, pieces, 2);
		if (conn->broken)
			return false;
	}
	if (sent < PREFIX) {
		enqueue(conn, prefix + sent, PREFIX - sent);
		sent = PREFIX;
	}
	enqueue(conn, packet + (sent - PREFIX), len - (sent - PREFIX));
	return true;
}

int tcp_conn_flush(struct tcp_conn *conn)
{
	while (conn->used && !conn->broken) {
		uint32_t first = TCP_CONN_QUEUE - conn->head < conn->used ? TCP_CONN_QUEUE - conn->head : conn->used;
		struct iovec pieces[2] = { { conn->queue + conn->head, first }, { conn->queue, conn->used - first } };
		size_t sent = write_now(conn, pieces, 2);
		if (!sent)
			break;
		conn->head = (uint32_t)((conn->head + sent) % TCP_CONN_QUEUE);
		conn->used -= (uint32_t)sent;
	}
	return conn->broken ? -EPIPE : 0;
}

bool tcp_conn_waiting(const struct tcp_conn *conn)
{
	return conn->used && !conn->broken;
}

int tcp_conn_release(struct tcp_conn *conn)
{
	if (conn->used)
		return -EBUSY;
	int fd = conn->fd;
	conn->fd = -1;
	conn->broken = true;
	return fd;
}

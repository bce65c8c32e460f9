#include "tp_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	DATAGRAM_MAX = 2048,
	READS_AT_ONCE = 64,             /* then others have their turn */
	TCP_IN = 2 + 65535,
	TCP_OUT = 1 << 20,              /* bytes queued when the server does not read; more is dropped, as a browser does */
	UDP_BUFFER = 1 << 20,
};

bool tp_address(struct sockaddr_storage *out, const char *host, uint16_t port)
{
	struct sockaddr_in *in = (void *)out;
	struct sockaddr_in6 *in6 = (void *)out;

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return true;
	}
	return false;
}

size_t tp_address_size(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static void read_udp(struct tp_wire *wire)
{
	uint8_t bytes[DATAGRAM_MAX];
	for (int i = 0; i < READS_AT_ONCE && wire->reading; i++) {
		ssize_t n = recv(wire->watch.fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0 && errno == ECONNREFUSED)
			continue;       /* the server is being restarted: its socket comes back */
		if (n < 0)
			return;
		wire->received++;
		wire->events->on_datagram(wire, bytes, (size_t)n);
	}
}

static void tcp_ended(struct tp_wire *wire)
{
	tp_wire_close(wire);
	if (wire->events->on_closed)
		wire->events->on_closed(wire);
}

static void take_frames(struct tp_wire *wire)
{
	size_t at = 0;
	while (wire->open && wire->in_len - at >= 2) {
		size_t len = (size_t)(wire->in[at] << 8 | wire->in[at + 1]);
		if (wire->in_len - at < 2 + len)
			break;
		uint8_t bytes[65536];
		memcpy(bytes, wire->in + at + 2, len);
		at += 2 + len;
		wire->received++;
		wire->events->on_datagram(wire, bytes, len);
	}
	if (!wire->open)
		return;
	memmove(wire->in, wire->in + at, wire->in_len - at);
	wire->in_len -= at;
}

static void read_tcp(struct tp_wire *wire)
{
	ssize_t n = recv(wire->watch.fd, wire->in + wire->in_len, TCP_IN - wire->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_ended(wire);
		return;
	}
	wire->in_len += (size_t)n;
	take_frames(wire);
}

static void want(struct tp_wire *wire)
{
	uint32_t events = wire->reading ? EPOLLIN : 0;
	if (wire->tcp && (!wire->open || wire->out_len))
		events |= EPOLLOUT;
	tp_watch_events(wire->loop, &wire->watch, events);
}

static void flush_tcp(struct tp_wire *wire)
{
	while (wire->out_len) {
		ssize_t n = send(wire->watch.fd, wire->out, wire->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		memmove(wire->out, wire->out + n, wire->out_len - (size_t)n);
		wire->out_len -= (size_t)n;
	}
	want(wire);
}

static void remember_local(struct tp_wire *wire)
{
	socklen_t len = sizeof wire->local;
	getsockname(wire->watch.fd, (void *)&wire->local, &len);
}

static void tcp_writable(struct tp_wire *wire)
{
	if (wire->open) {
		flush_tcp(wire);
		return;
	}
	int error = 0;
	socklen_t len = sizeof error;
	getsockopt(wire->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		tcp_ended(wire);
		return;
	}
	wire->open = true;
	remember_local(wire);
	want(wire);
	if (wire->events->on_open)
		wire->events->on_open(wire);
}

static void on_ready(struct tp_watch *watch, uint32_t events)
{
	struct tp_wire *wire = watch->owner;
	if (!wire->tcp) {
		read_udp(wire);
		return;
	}
	if (events & (EPOLLOUT | EPOLLERR) && !wire->open)
		tcp_writable(wire);
	else if (events & EPOLLOUT)
		flush_tcp(wire);
	if (wire->open && wire->reading && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_tcp(wire);
}

int tp_wire_open(struct tp_wire *wire, struct tp_loop *loop, const struct tp_wire_events *events, void *owner, bool tcp,
	const struct sockaddr *bind_to, const struct sockaddr *remote)
{
	memset(wire, 0, sizeof *wire);
	wire->loop = loop;
	wire->events = events;
	wire->owner = owner;
	wire->tcp = tcp;
	wire->reading = true;
	memcpy(&wire->remote, remote, tp_address_size((const void *)remote));
	int fd = socket(remote->sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	wire->watch = (struct tp_watch){ .fd = fd, .owner = wire, .on_ready = on_ready };
	int size = UDP_BUFFER, on = 1;
	if (!tcp) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		wire->in = malloc(TCP_IN);
		wire->out = malloc(TCP_OUT);
	}
	if ((tcp && (!wire->in || !wire->out))
	    || (bind_to && bind(fd, bind_to, (socklen_t)tp_address_size((const void *)bind_to)))
	    || (connect(fd, remote, (socklen_t)tp_address_size((const void *)remote)) && errno != EINPROGRESS)) {
		int err = errno ? -errno : -ENOMEM;
		free(wire->in);
		free(wire->out);
		close(fd);
		memset(wire, 0, sizeof *wire);
		return err;
	}
	tp_watch_add(loop, &wire->watch, tcp ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (!tcp) {
		wire->open = true;
		remember_local(wire);
		if (events->on_open)
			events->on_open(wire);
	}
	return 0;
}

void tp_wire_send_raw(struct tp_wire *wire, const uint8_t *bytes, size_t len)
{
	if (!wire->open)
		return;
	if (wire->out_len + len > TCP_OUT) {
		wire->dropped++;
		return;
	}
	memcpy(wire->out + wire->out_len, bytes, len);
	wire->out_len += len;
	flush_tcp(wire);
}

void tp_wire_send(struct tp_wire *wire, const uint8_t *bytes, size_t len)
{
	if (!wire->open)
		return;
	wire->sent++;
	if (!wire->tcp) {
		if (send(wire->watch.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			wire->dropped++;
		return;
	}
	uint8_t frame[2 + 2048] = { (uint8_t)(len >> 8), (uint8_t)len };
	if (len > sizeof frame - 2)
		return;
	memcpy(frame + 2, bytes, len);
	tp_wire_send_raw(wire, frame, len + 2);
}

void tp_wire_read(struct tp_wire *wire, bool on)
{
	wire->reading = on;
	if (wire->watch.on_ready)
		want(wire);
}

void tp_wire_close(struct tp_wire *wire)
{
	if (!wire->watch.on_ready)
		return;
	tp_watch_remove(wire->loop, &wire->watch);
	close(wire->watch.fd);
	wire->watch.on_ready = NULL;
	wire->open = false;
	free(wire->in);
	free(wire->out);
	wire->in = wire->out = NULL;
	wire->in_len = wire->out_len = 0;
}

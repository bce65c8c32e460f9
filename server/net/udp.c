#include "udp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include "log.h"

/* Kernel buffers: 50 ms of a busy worker's packets; the kernel grants what its limits allow. */
enum { RECEIVE_BUFFER = 4 << 20, SEND_BUFFER = 4 << 20 };       /* bytes */

struct udp_socket {
	int fd;
	uint8_t local;
	bool v6;
	bool trains;                            /* UDP_SEGMENT may be used */
	bool train_refused;                     /* it said so in the log */
	/* one recvmmsg's worth of headers; the bytes go straight into packets */
	struct mmsghdr head[UDP_BATCH];
	struct iovec piece[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	struct packet *waiting[UDP_BATCH];      /* packets taken from the pool and not yet filled; kept for the next call */
	struct packet_pool *pool;               /* that `waiting` came from */
};

/* One message for the kernel: one datagram, or a train of them. */
struct message {
	struct sockaddr_storage to;
	uint8_t local;
	uint16_t count;                         /* datagrams: as many pieces from `first` on */
	uint16_t first;
	_Alignas(struct cmsghdr) uint8_t segment[CMSG_SPACE(sizeof(uint16_t))];
};

struct udp_batch {
	struct udp_socket *const *sockets;      /* borrowed */
	unsigned socket_count;
	struct counters *counters;              /* borrowed */
	unsigned messages, slots, pieces;       /* used so far */
	struct mmsghdr head[UDP_BATCH];
	struct message message[UDP_BATCH];
	struct iovec piece[UDP_SLOTS];
	uint8_t slot[UDP_SLOTS][UDP_SLOT_ROOM];
};

/* -- addresses -------------------------------------------------------------------------------------------------------- */

bool path_from_sockaddr(struct path *out, const struct sockaddr_storage *from, uint8_t local)
{
	*out = (struct path){ .local = local };
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;
		out->kind = PATH_UDP4;
		out->port = ntohs(in->sin_port);
		memcpy(out->ip, &in->sin_addr, 4);
		return true;
	}
	if (from->ss_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	out->port = ntohs(in6->sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		out->kind = PATH_UDP4;
		memcpy(out->ip, in6->sin6_addr.s6_addr + 12, 4);
	} else {
		out->kind = PATH_UDP6;
		memcpy(out->ip, &in6->sin6_addr, 16);
	}
	return true;
}

unsigned path_to_sockaddr(struct sockaddr_storage *out, const struct path *path, bool v6)
{
	if (path->kind == PATH_UDP4 && !v6) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;
		*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(path->port) };
		memcpy(&in->sin_addr, path->ip, 4);
		return sizeof *in;
	}
	if (path->kind != PATH_UDP4 && (path->kind != PATH_UDP6 || !v6))
		return 0;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(path->port) };
	if (path->kind == PATH_UDP4) {
		in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
		memcpy(in6->sin6_addr.s6_addr + 12, path->ip, 4);
	} else {
		memcpy(&in6->sin6_addr, path->ip, 16);
	}
	return sizeof *in6;
}

/* -- in --------------------------------------------------------------------------------------------------------------- */

static int socket_family(int fd, bool *v6)
{
	int family = 0, type = 0;
	socklen_t len = sizeof family;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return -errno;
	if (type != SOCK_DGRAM || (family != AF_INET && family != AF_INET6))
		return -EINVAL;
	*v6 = family == AF_INET6;
	return 0;
}

int udp_socket_create(struct udp_socket **out, int fd, uint8_t local)
{
	bool v6;
	int err = socket_family(fd, &v6);
	if (err)
		return err == -EBADF ? err : -EINVAL;
	struct udp_socket *socket = calloc(1, sizeof *socket);
	if (!socket)
		return -ENOMEM;
	socket->fd = fd;
	socket->local = local;
	socket->v6 = v6;
	socket->trains = true;

	int flags = fcntl(fd, F_GETFL);
	int receive = RECEIVE_BUFFER, send = SEND_BUFFER;
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
	*out = socket;
	return 0;
}

void udp_socket_destroy(struct udp_socket *socket)
{
	if (!socket)
		return;
	for (unsigned i = 0; i < UDP_BATCH; i++)
		if (socket->waiting[i])
			packet_unref(socket->waiting[i]);
	close(socket->fd);
	free(socket);
}

int udp_socket_fd(const struct udp_socket *socket)
{
	return socket->fd;
}

void udp_socket_set_trains(struct udp_socket *socket, bool on)
{
	socket->trains = on;
}

bool udp_socket_is_v6(const struct udp_socket *socket)
{
	return socket->v6;
}

/* Make sure that as many slots as possible have a packet to read into. Returns how many do, from the first on. */
static unsigned prepare(struct udp_socket *socket, struct packet_pool *pool)
{
	assert(!socket->pool || socket->pool == pool);
	socket->pool = pool;
	unsigned n = 0;
	for (; n < UDP_BATCH; n++) {
		if (!socket->waiting[n] && !(socket->waiting[n] = packet_pool_get(pool)))
			break;
		socket->piece[n] = (struct iovec){ socket->waiting[n]->data, PACKET_ROOM };
		socket->head[n].msg_hdr = (struct msghdr){ .msg_name = &socket->from[n], .msg_namelen = sizeof socket->from[n],
			.msg_iov = &socket->piece[n], .msg_iovlen = 1 };
	}
	return n;
}

/* No packet left: read and throw away, or the socket stays readable and the loop spins. */
static void discard(struct udp_socket *socket, struct counters *counters)
{
	uint8_t nothing;
	for (unsigned i = 0; i < UDP_BATCH && recv(socket->fd, &nothing, sizeof nothing, MSG_TRUNC | MSG_DONTWAIT) >= 0; i++)
		count(counters, COUNTER_pool_exhausted);
}

unsigned udp_socket_receive(struct udp_socket *socket, struct packet_pool *pool, int64_t now_us, struct counters *counters,
		struct packet *out[UDP_BATCH], bool *more)
{
	*more = false;
	unsigned prepared = prepare(socket, pool);
	if (!prepared) {
		discard(socket, counters);
		return 0;
	}
	int got = recvmmsg(socket->fd, socket->head, prepared, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return 0;       /* EAGAIN, or an ICMP error of an earlier send, which says nothing that can be trusted */
	*more = (unsigned)got == prepared;
	count(counters, COUNTER_rx_batches);

	unsigned n = 0;
	uint64_t bytes = 0;
	for (unsigned i = 0; i < (unsigned)got; i++) {
		struct packet *pkt = socket->waiting[i];
		bytes += socket->head[i].msg_len;
		if (socket->head[i].msg_hdr.msg_flags & MSG_TRUNC) {
			count(counters, COUNTER_rx_truncated);
			continue;       /* its packet waits for the next call */
		}
		if (!socket->head[i].msg_len || !path_from_sockaddr(&pkt->path, &socket->from[i], socket->local)) {
			count(counters, COUNTER_rx_unknown_kind);
			continue;
		}
		pkt->len = (uint16_t)socket->head[i].msg_len;
		pkt->arrival_us = now_us;
		out[n++] = pkt;
		socket->waiting[i] = NULL;
	}
	count_add(counters, COUNTER_rx_packets, (uint64_t)got);
	count_add(counters, COUNTER_rx_bytes, bytes);
	return n;
}

/* -- out -------------------------------------------------------------------------------------------------------------- */

int udp_batch_create(struct udp_batch **out, struct udp_socket *const *sockets, unsigned socket_count, struct counters *counters)
{
	struct udp_batch *batch = calloc(1, sizeof *batch);
	if (!batch)
		return -ENOMEM;
	batch->sockets = sockets;
	batch->socket_count = socket_count;
	batch->counters = counters;
	for (unsigned i = 0; i < UDP_BATCH; i++)
		batch->head[i].msg_hdr.msg_name = &batch->message[i].to;
	*out = batch;
	return 0;
}

void udp_batch_destroy(struct udp_batch *batch)
{
	free(batch);
}

uint8_t *udp_batch_slots(struct udp_batch *batch, unsigned *room)
{
	if (batch->messages == UDP_BATCH || UDP_SLOTS - batch->slots < UDP_TRAIN_LEAST)
		udp_batch_send(batch);
	*room = UDP_SLOTS - batch->slots;
	return batch->slot[batch->slots];
}

uint8_t *udp_batch_slot(struct udp_batch *batch)
{
	unsigned room;
	return udp_batch_slots(batch, &room);
}

bool udp_batch_trains(const struct udp_batch *batch, const struct path *to)
{
	return to->kind != PATH_TCP && to->local < batch->socket_count && batch->sockets[to->local]->trains;
}

/* The kernel is told where to cut only if there is something to cut. */
static void head_fill(struct udp_batch *batch, unsigned i)
{
	struct message *m = &batch->message[i];
	struct msghdr *h = &batch->head[i].msg_hdr;

	h->msg_iov = &batch->piece[m->first];
	h->msg_iovlen = m->count;
	h->msg_control = m->count > 1 ? m->segment : NULL;
	h->msg_controllen = m->count > 1 ? sizeof m->segment : 0;
	if (m->count < 2)
		return;
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	uint16_t len = (uint16_t)batch->piece[m->first].iov_len;
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof len);
	memcpy(CMSG_DATA(c), &len, sizeof len);
}

void udp_batch_add_train(struct udp_batch *batch, const struct path *to, const uint16_t *len, unsigned count)
{
	unsigned i = batch->messages, first = batch->pieces;
	struct message *m = &batch->message[i];

	assert(i < UDP_BATCH && count <= UDP_TRAIN_MOST && batch->slots + count <= UDP_SLOTS);
	unsigned name = to->local < batch->socket_count ? path_to_sockaddr(&m->to, to, batch->sockets[to->local]->v6) : 0;
	if (!name) {
		count_add(batch->counters, COUNTER_tx_errors, count);
		return;
	}
	for (unsigned k = 0; k < count; k++) {
		assert(len[k] <= UDP_SLOT_ROOM);
		if (len[k])
			batch->piece[batch->pieces++] = (struct iovec){ batch->slot[batch->slots + k], len[k] };
	}
	batch->slots += count;
	m->first = (uint16_t)first;
	m->count = (uint16_t)(batch->pieces - first);
	if (!m->count)
		return;
	m->local = to->local;
	batch->head[i].msg_hdr.msg_namelen = name;
	head_fill(batch, i);
	batch->messages++;
}

void udp_batch_add(struct udp_batch *batch, const struct path *to, uint16_t len)
{
	udp_batch_add_train(batch, to, &len, 1);
}

unsigned udp_batch_pending(const struct udp_batch *batch)
{
	return batch->pieces;
}

static void sent_count(struct udp_batch *batch, unsigned first, unsigned end)
{
	uint64_t packets = 0, bytes = 0, trains = 0;

	for (unsigned i = first; i < end; i++) {
		const struct message *m = &batch->message[i];
		packets += m->count;
		trains += m->count > 1;
		for (unsigned k = 0; k < m->count; k++)
			bytes += batch->piece[m->first + k].iov_len;
	}
	count_add(batch->counters, COUNTER_tx_packets, packets);
	count_add(batch->counters, COUNTER_tx_bytes, bytes);
	count_add(batch->counters, COUNTER_tx_trains, trains);
}

/* The same datagrams one by one: at most a train's. */
static void send_singly(struct udp_batch *batch, const struct message *m, const struct msghdr *whole)
{
	int fd = batch->sockets[m->local]->fd;

	for (unsigned k = 0; k < m->count; k++) {
		struct msghdr h = { .msg_name = whole->msg_name, .msg_namelen = whole->msg_namelen, .msg_iov = &batch->piece[m->first + k],
			.msg_iovlen = 1 };
		ssize_t sent;
		do {
			sent = sendmsg(fd, &h, MSG_DONTWAIT);
		} while (sent < 0 && errno == EINTR);
		count(batch->counters, COUNTER_tx_calls);
		if (sent >= 0) {
			count(batch->counters, COUNTER_tx_packets);
			count_add(batch->counters, COUNTER_tx_bytes, (uint64_t)sent);
		} else {
			count(batch->counters, errno == EAGAIN || errno == ENOBUFS ? COUNTER_tx_would_block : COUNTER_tx_errors);
		}
	}
}

/*
 * A train was refused as a train. EIO: the device that it leaves by cannot sum what is cut, now or ever. EINVAL, EMSGSIZE: the way to this
 * one destination has a smaller MTU than its datagrams.
 */
static void on_train_refused(struct udp_batch *batch, const struct message *m, const struct msghdr *whole, int error)
{
	struct udp_socket *socket = batch->sockets[m->local];

	count(batch->counters, COUNTER_tx_trains_refused);
	if (error == EIO)
		socket->trains = false;
	if (!socket->train_refused)
		log_warn("udp.train_refused", log_uint("local", socket->local), log_errno("error", error), log_bool("off", error == EIO));
	socket->train_refused = true;
	send_singly(batch, m, whole);
}

static bool train_refused(const struct message *m, int error)
{
	return m->count > 1 && (error == EIO || error == EINVAL || error == EMSGSIZE);
}

/* Send messages [first, end), all of one socket. */
static void send_run(struct udp_batch *batch, unsigned first, unsigned end)
{
	int fd = batch->sockets[batch->message[first].local]->fd;
	while (first < end) {
		int sent = sendmmsg(fd, batch->head + first, end - first, MSG_DONTWAIT);
		count(batch->counters, COUNTER_tx_calls);
		if (sent > 0) {
			sent_count(batch, first, first + (unsigned)sent);
			first += (unsigned)sent;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			for (; first < end; first++)
				count_add(batch->counters, COUNTER_tx_would_block, batch->message[first].count);
		} else if (train_refused(&batch->message[first], errno)) {
			on_train_refused(batch, &batch->message[first], &batch->head[first].msg_hdr, errno);
			first++;
		} else if (errno != EINTR) {
			/* this destination alone: unreachable, refused */
			count_add(batch->counters, COUNTER_tx_errors, batch->message[first].count);
			first++;
		}
	}
}

void udp_batch_send(struct udp_batch *batch)
{
	if (batch->messages)
		count(batch->counters, COUNTER_tx_batches);
	for (unsigned first = 0, end; first < batch->messages; first = end) {
		for (end = first + 1; end < batch->messages && batch->message[end].local == batch->message[first].local; end++)
			;
		send_run(batch, first, end);
	}
	batch->messages = batch->slots = batch->pieces = 0;
}

int udp_send_to(int fd, const struct path *to, const uint8_t *bytes, size_t len)
{
	bool v6;
	int err = socket_family(fd, &v6);
	if (err)
		return err;
	struct sockaddr_storage name;
	unsigned name_len = path_to_sockaddr(&name, to, v6);
	if (!name_len)
		return -EAFNOSUPPORT;
	ssize_t sent;
	do {
		sent = sendto(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&name, name_len);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Sockets on loopback: batches in and out, addresses of both families, what is dropped and counted. */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"

static struct counters counters;
static struct packet_pool *pool;

static int bound(int family, uint16_t *port)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage name = { 0 };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	name.ss_family = (sa_family_t)family;
	if (family == AF_INET)
		((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, len))
		return -1;
	getsockname(fd, (struct sockaddr *)&name, &len);
	*port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port : ((struct sockaddr_in6 *)&name)->sin6_port);
	return fd;
}

static void test_addresses(void)
{
	struct sockaddr_storage s;
	struct path path, v4 = { .kind = PATH_UDP4, .local = 3, .port = 99, .ip = { 10, 1, 2, 3 } };
	check("IPv4 there and back", path_to_sockaddr(&s, &v4, false) == sizeof(struct sockaddr_in) && path_from_sockaddr(&path, &s, 3) &&
		path_equal(&path, &v4));
	check("IPv4 on an IPv6 socket is v4-mapped, and comes back as IPv4", path_to_sockaddr(&s, &v4, true) == sizeof(struct sockaddr_in6) &&
		s.ss_family == AF_INET6 && path_from_sockaddr(&path, &s, 3) && path_equal(&path, &v4));
	struct path v6 = { .kind = PATH_UDP6, .local = 1, .port = 7, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	check("IPv6 there and back", path_to_sockaddr(&s, &v6, true) == sizeof(struct sockaddr_in6) && path_from_sockaddr(&path, &s, 1) &&
		path_equal(&path, &v6));
	check("IPv6 on an IPv4 socket: no", path_to_sockaddr(&s, &v6, false) == 0);
	struct path tcp = { .kind = PATH_TCP, .conn = 4 };
	check("a TCP path: no", path_to_sockaddr(&s, &tcp, false) == 0);
	s.ss_family = AF_UNIX;
	check("another family: no", !path_from_sockaddr(&path, &s, 0));
}

static void test_traffic(int family, const char *name)
{
	uint16_t here, there;
	int fd = bound(family, &here), peer = bound(family, &there);
	if (fd < 0 || peer < 0) {
		printf("# no %s here\n", name);
		return;
	}
	struct udp_socket *socket = NULL;
	struct udp_batch *batch = NULL;
	check("socket", udp_socket_create(&socket, fd, 0) == 0 && udp_socket_is_v6(socket) == (family == AF_INET6));
	check("batch", udp_batch_create(&batch, &socket, 1, &counters) == 0);
	memset(&counters, 0, sizeof counters);

	struct path to_here = { .kind = family == AF_INET ? PATH_UDP4 : PATH_UDP6, .port = here };
	struct path to_there = { .kind = to_here.kind, .port = there };
	if (family == AF_INET)
		memcpy(to_here.ip, (uint8_t[]){ 127, 0, 0, 1 }, 4);
	else
		to_here.ip[15] = 1;
	memcpy(to_there.ip, to_here.ip, sizeof to_there.ip);

	/* in: 100 datagrams, one of them too long, one empty */
	uint8_t bytes[2000] = { 0 };
	for (unsigned i = 0; i < 100; i++) {
		bytes[0] = (uint8_t)i;
		udp_send_to(peer, &to_here, bytes, i == 50 ? sizeof bytes : i == 51 ? 0 : 20 + i);
	}
	struct packet *out[UDP_BATCH];
	bool more = true;
	unsigned n = 0, wrong = 0, expected = 0;
	while (more) {
		unsigned got = udp_socket_receive(socket, pool, 777, &counters, out, &more);
		for (unsigned i = 0; i < got; i++, n++, expected++) {
			if (expected == 50)
				expected = 52;
			wrong += out[i]->data[0] != expected || out[i]->len != 20 + expected || out[i]->arrival_us != 777 ||
				!path_equal(&out[i]->path, &to_there) || out[i]->refs != 1;
			packet_unref(out[i]);
		}
	}
	check("100 datagrams, in order, with their path", n == 98 && wrong == 0);
	check("too long and empty are dropped and counted", counters.v[COUNTER_rx_truncated] == 1 && counters.v[COUNTER_rx_unknown_kind] == 1);
	check("nothing there: nothing comes", udp_socket_receive(socket, pool, 1, &counters, out, &more) == 0 && !more);

	/* out: more than a batch */
	for (unsigned i = 0; i < 150; i++) {
		uint8_t *slot = udp_batch_slot(batch);
		memset(slot, (int)i, 100);
		udp_batch_add(batch, &to_there, (uint16_t)(50 + i % 50));
	}
	check("a full batch goes by itself", udp_batch_pending(batch) == 150 - 2 * UDP_BATCH);
	udp_batch_send(batch);
	wrong = 0;
	for (unsigned i = 0; i < 150; i++) {
		ssize_t got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
		wrong += got != 50 + i % 50 || bytes[0] != (uint8_t)i;
	}
	check("150 datagrams out, in order", wrong == 0 && counters.v[COUNTER_tx_packets] == 150 && udp_batch_pending(batch) == 0);
	struct path wrong_local = to_there;
	wrong_local.local = 1;
	udp_batch_slot(batch);
	udp_batch_add(batch, &wrong_local, 10);
	check("an unknown local address is counted, not sent", udp_batch_pending(batch) == 0 && counters.v[COUNTER_tx_errors] == 1);

	/* the pool is empty: what comes is thrown away and counted */
	struct packet_pool *small;
	packet_pool_create(&small, 1);
	struct packet *taken = packet_pool_get(small);
	struct udp_socket *second;
	uint16_t port;
	udp_socket_create(&second, bound(family, &port), 0);
	struct path to_second = to_here;
	to_second.port = port;
	for (unsigned i = 0; i < 5; i++)
		udp_send_to(peer, &to_second, bytes, 30);
	check("no packet left", udp_socket_receive(second, small, 1, &counters, out, &more) == 0 && counters.v[COUNTER_pool_exhausted] == 5);
	packet_unref(taken);
	check("...and the socket is empty", udp_socket_receive(second, small, 1, &counters, out, &more) == 0);
	udp_socket_destroy(second);
	packet_pool_destroy(small);
	check("wrong family", udp_send_to(peer, &(struct path){ .kind = PATH_TCP }, bytes, 1) == -EAFNOSUPPORT);
	udp_batch_destroy(batch);
	udp_socket_destroy(socket);
	close(peer);
}

struct ends { struct udp_socket *socket; struct udp_batch *batch; int peer; struct path to; };

static void open_ends(struct ends *e)
{
	uint16_t here;

	*e = (struct ends){ .to = { .kind = PATH_UDP4, .ip = { 127, 0, 0, 1 } } };
	udp_socket_create(&e->socket, bound(AF_INET, &here), 0);
	udp_batch_create(&e->batch, &e->socket, 1, &counters);
	e->peer = bound(AF_INET, &e->to.port);
	memset(&counters, 0, sizeof counters);
}

static void close_ends(struct ends *e)
{
	udp_batch_destroy(e->batch);
	udp_socket_destroy(e->socket);
	close(e->peer);
}

static void add_train(struct ends *e, const uint16_t *len, unsigned count)
{
	unsigned room;
	uint8_t *slots = udp_batch_slots(e->batch, &room);

	for (unsigned i = 0; i < count; i++)
		memset(slots + (size_t)i * UDP_SLOT_ROOM, (int)(i + 1), len[i]);
	udp_batch_add_train(e->batch, &e->to, len, count);
}

/* They arrive as they were, each by itself. */
static bool arrived(const struct ends *e, const uint16_t *len, unsigned count)
{
	uint8_t bytes[2000];

	for (unsigned i = 0; i < count; i++) {
		if (!len[i])
			continue;
		if (recv(e->peer, bytes, sizeof bytes, MSG_DONTWAIT) != len[i] || bytes[0] != i + 1 || bytes[len[i] - 1] != i + 1)
			return false;
	}
	return recv(e->peer, bytes, sizeof bytes, MSG_DONTWAIT) < 0;
}

static void test_trains(void)
{
	static const struct { const char *name; unsigned count; uint16_t len[6]; uint64_t trains; } rows[] = {
		{ "train: of one: a datagram like any other", 1, { 500 }, 0 },
		{ "train: of equal ones", 4, { 700, 700, 700, 700 }, 1 },
		{ "train: with a short end", 3, { 1100, 1100, 40 }, 1 },
		{ "train: one left out at the start", 4, { 0, 300, 300, 20 }, 1 },
		{ "train: one left out in the middle", 4, { 300, 0, 300, 300 }, 1 },
		{ "train: one left out at the end", 3, { 300, 300, 0 }, 1 },
		{ "train: one is left", 3, { 0, 300, 0 }, 0 },
		{ "train: nothing is left", 2, { 0, 0 }, 0 },
	};
	struct ends e;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		open_ends(&e);
		add_train(&e, rows[i].len, rows[i].count);
		udp_batch_send(e.batch);
		check(rows[i].name, arrived(&e, rows[i].len, rows[i].count) && counters.v[COUNTER_tx_trains] == rows[i].trains &&
			counters.v[COUNTER_tx_calls] <= 1 && counters.v[COUNTER_tx_errors] == 0);
		close_ends(&e);
	}

	uint16_t most[UDP_TRAIN_MOST];
	for (unsigned i = 0; i < UDP_TRAIN_MOST; i++)
		most[i] = 1200;
	open_ends(&e);
	for (unsigned i = 0; i < UDP_SLOTS / UDP_TRAIN_MOST; i++)
		add_train(&e, most, UDP_TRAIN_MOST);
	check("train: as many slots as there are", udp_batch_pending(e.batch) == UDP_SLOTS && counters.v[COUNTER_tx_packets] == 0);
	unsigned room;
	udp_batch_slots(e.batch, &room);
	check("train: then the batch goes by itself", udp_batch_pending(e.batch) == 0 && room == UDP_SLOTS && counters.v[COUNTER_tx_trains] ==
		UDP_SLOTS / UDP_TRAIN_MOST && counters.v[COUNTER_tx_packets] == UDP_SLOTS && counters.v[COUNTER_tx_bytes] == UDP_SLOTS * 1200);
	close_ends(&e);
}

/* A socket that may not sum what it sends takes no train (EINVAL): this stands for every destination of a smaller MTU. */
static void test_train_refused(void)
{
	static const uint16_t len[] = { 600, 600, 600, 33 }, one[] = { 77 };
	struct ends e;
	int no = 1;

	open_ends(&e);
	add_train(&e, one, 1);
	add_train(&e, len, 4);
	add_train(&e, one, 1);
	setsockopt(udp_socket_fd(e.socket), SOL_SOCKET, SO_NO_CHECK, &no, sizeof no);
	udp_batch_send(e.batch);
	uint8_t bytes[100];
	check("refused: what stands before it in the batch has left", recv(e.peer, bytes, sizeof bytes, MSG_DONTWAIT) == 77);
	unsigned wrong = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t large[700];
		wrong += recv(e.peer, large, sizeof large, MSG_DONTWAIT) != len[i] || large[0] != i + 1;
	}
	check("refused: it leaves datagram by datagram, in order", wrong == 0 && counters.v[COUNTER_tx_trains_refused] == 1);
	check("refused: and so does what stands behind it", recv(e.peer, bytes, sizeof bytes, MSG_DONTWAIT) == 77);
	check("refused: that message alone", udp_batch_trains(e.batch, &e.to) && counters.v[COUNTER_tx_packets] == 6 &&
		counters.v[COUNTER_tx_errors] == 0);
	udp_socket_set_trains(e.socket, false);
	check("trains switched off", !udp_batch_trains(e.batch, &e.to));
	check("no trains over TCP", !udp_batch_trains(e.batch, &(struct path){ .kind = PATH_TCP }));
	close_ends(&e);
}

int main(void)
{
	packet_pool_create(&pool, 256);
	test_addresses();
	test_traffic(AF_INET, "IPv4");
	test_traffic(AF_INET6, "IPv6");
	test_trains();
	test_train_refused();
	struct udp_socket *socket = NULL;
	int pair[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	check("a Unix socket is refused", udp_socket_create(&socket, pair[0], 0) == -EINVAL);
	check("a closed one is refused", udp_socket_create(&socket, 987, 0) == -EBADF);
	close(pair[0]);
	close(pair[1]);
	int64_t before = clock_now_us();
	check("the clock does not go back", clock_now_us() >= before && before > 0);
	packet_pool_destroy(pool);
	return check_done();
}

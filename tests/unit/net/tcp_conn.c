/* Frames over a loopback connection with a slow reader: whole or not at all; and the loop that drives it. */
#include "tcp_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "loop.h"

static void connected(int fd[2])
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof name;
	bind(listener, (struct sockaddr *)&name, len);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&name, &len);
	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	connect(fd[1], (struct sockaddr *)&name, len);
	fd[0] = accept(listener, NULL, NULL);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	close(listener);
}

struct watcher { struct loop_source source; unsigned events, calls; struct loop *loop; struct loop_source *victim; };

static void ready(struct loop_source *source, unsigned events)
{
	struct watcher *w = (struct watcher *)(void *)source;
	w->events |= events;
	w->calls++;
	if (w->victim) {
		loop_remove(w->loop, w->victim);
		w->victim = NULL;
	}
}

static void test_loop(void)
{
	struct loop *loop;
	int pipes[2], other[2];
	check("loop", loop_create(&loop) == 0);
	if (pipe(pipes) || pipe(other))
		return;
	struct watcher a = { { pipes[0], ready }, .loop = loop }, b = { { other[0], ready }, .loop = loop };
	loop_add(loop, &a.source, LOOP_IN);
	loop_add(loop, &b.source, LOOP_IN);
	int64_t start = clock_now_us();
	check("nothing ready: returns at the deadline", loop_run(loop, start + 2000) == 0 && clock_now_us() >= start + 2000 &&
		clock_now_us() < start + 1000000);
	check("a deadline in the past only looks", loop_run(loop, 0) == 0);
	ssize_t n = write(pipes[1], "x", 1) + write(other[1], "x", 1);
	a.victim = &b.source;
	b.victim = &a.source;
	check("both are ready", n == 2 && loop_run(loop, INT64_MAX) == 2);
	check("one removed by the other is not called", a.calls + b.calls == 1);
	loop_destroy(loop);
	loop_destroy(NULL);
	for (unsigned i = 0; i < 2; i++) {
		close(pipes[i]);
		close(other[i]);
	}
}

int main(void)
{
	int fd[2];
	connected(fd);
	struct tcp_conn *conn = NULL;
	check("a connection", tcp_conn_create(&conn, fd[0], 2, 77) == 0);
	const struct path *path = tcp_conn_path(conn);
	check("its path", path->kind == PATH_TCP && path->conn == 77 && path->local == 2 && path->ip[0] == 127 && path->port && !tcp_conn_is_v6(conn));

	uint8_t packet[1200];
	unsigned sent = 0, dropped = 0;
	static bool kept[1000];
	for (unsigned i = 0; i < 1000; i++) {
		memset(packet, (int)i, sizeof packet);
		packet[0] = (uint8_t)(i >> 8);
		kept[i] = tcp_conn_send(conn, packet, (uint16_t)(100 + i % 1100));
		sent += kept[i];
		dropped += !kept[i];
	}
	check("a slow reader: some wait, the rest are dropped", sent > 100 && dropped > 100 && tcp_conn_waiting(conn));
	check("what waits is not given away", tcp_conn_release(conn) == -EBUSY);

	static uint8_t stream[2000000];
	size_t total = 0;
	struct loop *loop;
	loop_create(&loop);
	struct watcher reader = { { fd[1], ready } }, writer = { { fd[0], ready } };
	loop_add(loop, &reader.source, LOOP_IN);
	loop_add(loop, &writer.source, LOOP_OUT);
	int64_t give_up = clock_now_us() + 20000000;
	do {
		loop_run(loop, clock_now_us() + 50000);
		if (!tcp_conn_waiting(conn) && writer.source.fd >= 0 && writer.victim == NULL)
			loop_change(loop, &writer.source, LOOP_IN);
		tcp_conn_flush(conn);
		ssize_t n;
		while ((n = recv(fd[1], stream + total, sizeof stream - total, MSG_DONTWAIT)) > 0)
			total += (size_t)n;
		size_t at = 0;
		unsigned frames = 0;
		while (at + 2 <= total && at + 2 + (size_t)(stream[at] << 8 | stream[at + 1]) <= total) {
			at += 2 + (size_t)(stream[at] << 8 | stream[at + 1]);
			frames++;
		}
		if (frames == sent && at == total)
			break;
	} while (clock_now_us() < give_up);
	size_t at = 0;
	unsigned wrong = 0;
	for (unsigned i = 0; i < 1000; i++) {
		if (!kept[i])
			continue;
		uint16_t len = (uint16_t)(100 + i % 1100);
		wrong += at + 2 + len > total || (stream[at] << 8 | stream[at + 1]) != len || stream[at + 2] != (uint8_t)(i >> 8) ||
			stream[at + 2 + len - 1] != (uint8_t)i;
		at += 2u + len;
	}
	check("what was taken arrives whole and in order", wrong == 0 && at == total && !tcp_conn_waiting(conn));

	uint8_t into[10];
	check("nothing to read", tcp_conn_read(conn, into, sizeof into) == 0);
	ssize_t n = send(fd[1], "hello", 5, 0);
	loop_change(loop, &writer.source, LOOP_IN);
	loop_run(loop, clock_now_us() + 5000000);
	check("bytes read", n == 5 && tcp_conn_read(conn, into, sizeof into) == 5 && !memcmp(into, "hello", 5));
	loop_remove(loop, &reader.source);
	close(fd[1]);
	loop_run(loop, clock_now_us() + 5000000);
	check("the other side has closed", tcp_conn_read(conn, into, sizeof into) == -EPIPE && !tcp_conn_send(conn, packet, 100));
	loop_destroy(loop);
	tcp_conn_destroy(conn);

	connected(fd);
	tcp_conn_create(&conn, fd[0], 0, 1);
	check("given away", tcp_conn_release(conn) == fd[0] && !tcp_conn_send(conn, packet, 10));
	tcp_conn_destroy(conn);
	check("...and still open", tcp_conn_create(&conn, fd[0], 0, 2) == 0);
	tcp_conn_destroy(conn);
	tcp_conn_destroy(NULL);
	close(fd[1]);
	int loose = socket(AF_INET, SOCK_STREAM, 0);
	check("not connected: refused", tcp_conn_create(&conn, loose, 0, 3) == -ENOTCONN);
	test_loop();
	return check_done();
}

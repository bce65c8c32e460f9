/* The nth allocation fails, for n = 1, 2, 3 … until all succeeds: an error is told, nothing leaks and no descriptor is lost. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "loop.h"
#include "mailbox.h"
#include "tcp_conn.h"
#include "udp.h"

static int fail_at;     /* the nth allocation from now fails; 0: none does */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_at && --fail_at == 0 ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fail_at && --fail_at == 0 ? NULL : __real_calloc(count, size);
}

static int try_udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static struct counters counters;
	struct udp_socket *socket = NULL;
	struct udp_batch *batch = NULL;
	int err = udp_socket_create(&socket, fd, 0);
	if (err)
		close(fd);      /* not owned yet */
	else
		err = udp_batch_create(&batch, &socket, 1, &counters);
	udp_batch_destroy(batch);
	udp_socket_destroy(socket);
	return err;
}

static int try_loop(void)
{
	struct loop *loop = NULL;
	struct mailbox *box = NULL;
	int err = loop_create(&loop);
	if (!err)
		err = mailbox_create(&box, 4, 64);
	mailbox_destroy(box);
	loop_destroy(loop);
	return err;
}

static int try_tcp(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof name;
	bind(listener, (struct sockaddr *)&name, len);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&name, &len);
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connect(peer, (struct sockaddr *)&name, len);
	struct tcp_conn *conn = NULL;
	int err = tcp_conn_create(&conn, accept4(listener, NULL, NULL, SOCK_CLOEXEC), 0, 1);
	uint8_t packet[100] = { 0 }, got[200];
	/* no memory for the queue: the frame is dropped before a byte of it is written */
	if (!err && !tcp_conn_send(conn, packet, sizeof packet))
		err = recv(peer, got, sizeof got, MSG_DONTWAIT) < 0 && tcp_conn_send(conn, packet, sizeof packet) ? -ENOMEM : 0;
	tcp_conn_destroy(conn);
	close(peer);
	close(listener);
	return err;
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void run(const char *name, int (*act)(void))
{
	unsigned n = 0, bad = 0, before = open_descriptors();
	for (;;) {
		fail_at = (int)++n;
		int err = act();
		bool struck = fail_at == 0;
		fail_at = 0;
		bad += struck ? err != -ENOMEM : err != 0;
		if (!struck || n > 100)
			break;
	}
	check(name, bad == 0 && n > 1 && n < 100 && open_descriptors() == before);
}

int main(void)
{
	run("no memory: UDP", try_udp);
	run("no memory: loop and mailbox", try_loop);
	run("no memory: TCP", try_tcp);
	return check_done();
}

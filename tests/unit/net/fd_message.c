/* Messages with a descriptor over SOCK_SEQPACKET (it lives in base; both programs use it). */
#include "fd_message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static bool send_many(int sock, int fd, unsigned count)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(16 * sizeof(int))]; } control = { .room = { 0 } };
	struct iovec piece = { "m", 1 };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (unsigned i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
	return sendmsg(sock, &msg, 0) == 1;
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(void)
{
	int pair[2], pipes[2], fd = 99;
	char text[64];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) || pipe(pipes))
		return 1;
	unsigned before = open_descriptors();
	check("nothing there", fd_message_receive(pair[1], text, sizeof text, &fd) == -EAGAIN && fd == -1);
	check("a message", fd_message_send(pair[0], "hello", 5, -1) == 0 && fd_message_receive(pair[1], text, sizeof text, &fd) == 5 &&
		!memcmp(text, "hello", 5) && fd == -1);
	check("a message with a descriptor", fd_message_send(pair[0], "take", 4, pipes[1]) == 0 &&
		fd_message_receive(pair[1], text, sizeof text, &fd) == 4 && fd >= 0);
	check("it is close-on-exec, and it works", (fcntl(fd, F_GETFD) & FD_CLOEXEC) && write(fd, "x", 1) == 1 && read(pipes[0], text, 1) == 1);
	close(fd);
	check("an unwanted descriptor is closed", fd_message_send(pair[0], "no", 2, pipes[1]) == 0 &&
		fd_message_receive(pair[1], text, sizeof text, NULL) == 2 && open_descriptors() == before);
	check("too long: refused, with its descriptor", fd_message_send(pair[0], "0123456789", 10, pipes[1]) == 0 &&
		fd_message_receive(pair[1], text, 4, &fd) == -EMSGSIZE && fd == -1 && open_descriptors() == before);
	check("of many descriptors one is kept", send_many(pair[0], pipes[1], 5) && fd_message_receive(pair[1], text, 4, &fd) == 1 && fd >= 0 &&
		open_descriptors() == before + 1);
	close(fd);
	check("of very many, too", send_many(pair[0], pipes[1], 16) && fd_message_receive(pair[1], text, 4, &fd) == 1 && fd >= 0 &&
		open_descriptors() == before + 1);
	close(fd);
	close(pair[0]);
	check("the other end is closed", fd_message_receive(pair[1], text, sizeof text, &fd) == 0 && fd == -1);
	check("sending to it fails", fd_message_send(pair[1], "x", 1, -1) == -EPIPE);
	close(pair[1]);
	return check_done();
}

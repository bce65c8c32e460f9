#include "fd_message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for a few descriptors, so that a sender of many is seen and its surplus closed; what does not fit the kernel closes itself. */
enum { DESCRIPTORS_TAKEN = 8 };

int fd_message_send(int sock, const void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof fd)];
	} control = { .room = { 0 } };
	struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof control.room;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	ssize_t sent;
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Take the first descriptor of the message, close the others. */
static int descriptor_from(struct msghdr *msg)
{
	int kept = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (kept < 0)
				kept = fd;
			else
				close(fd);
		}
	}
	return kept;
}

long fd_message_receive(int sock, void *into, size_t room, int *fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(DESCRIPTORS_TAKEN * sizeof(int))];
	} control;
	struct iovec piece = { .iov_base = into, .iov_len = room };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room };

	if (fd)
		*fd = -1;
	ssize_t got;
	do {
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;

	int received = descriptor_from(&msg);
	bool cut = msg.msg_flags & MSG_TRUNC;
	if (received >= 0 && (!fd || cut))
		close(received);
	else if (fd)
		*fd = received;
	return cut ? -EMSGSIZE : got;
}

#include "tp_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE_MAX = 128 * 1024, WORKERS_MAX = 16, ADDRESSES_MAX = 4, STOP_MS = 10000 };

struct tp_rig {
	struct tp_loop *loop;
	struct tp_rig_config config;
	struct tp_rig_events events;
	void *owner;
	char *program, *addresses[ADDRESSES_MAX];
	int udp[WORKERS_MAX * ADDRESSES_MAX];
	struct tp_watch tcp[ADDRESSES_MAX];
	struct tp_watch link, death;    /* the control link; a pidfd */
	int parent;
	pid_t pid;
	long next_id;
};

static int bind_one(const char *host, uint16_t port, int type)
{
	struct sockaddr_storage addr;
	int on = 1;
	if (!tp_address(&addr, host, port))
		return -EINVAL;
	int fd = socket(addr.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, type == SOCK_DGRAM ? SO_REUSEPORT : SO_REUSEADDR, &on, sizeof on);
	if (addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (void *)&addr, (socklen_t)tp_address_size(&addr)) || (type == SOCK_STREAM && listen(fd, 64))) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return -errno;
	int size = 2 * MESSAGE_MAX;
	for (int i = 0; i < 2; i++) {
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	}
	return 0;
}

static int send_with_fd(int sock, const char *bytes, size_t len, int fd)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof control;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* -- the link -- */

static void on_link(struct tp_watch *watch, uint32_t events)
{
	static char bytes[MESSAGE_MAX + 1];
	struct tp_rig *rig = watch->owner;
	ssize_t n = recv(watch->fd, bytes, MESSAGE_MAX, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		tp_watch_remove(rig->loop, watch);
		close(watch->fd);
		watch->fd = -1;
		return;
	}
	json_error_t error;
	json_t *message = json_loadb(bytes, (size_t)n, JSON_REJECT_DUPLICATES, &error);
	if (!message) {
		fprintf(stderr, "rig: bad JSON from hopkin-media: %s\n", error.text);
		return;
	}
	rig->events.on_message(rig->owner, message);
	json_decref(message);
}

long tp_rig_send(struct tp_rig *rig, json_t *message)
{
	long id = ++rig->next_id;
	json_object_set_new(message, "id", json_integer(id));
	char *text = json_dumps(message, JSON_COMPACT);
	int err = text ? tp_rig_send_raw(rig, text, strlen(text)) : -ENOMEM;
	free(text);
	return err ? err : id;
}

int tp_rig_send_raw(struct tp_rig *rig, const char *bytes, size_t len)
{
	return rig->link.fd < 0 ? -ENOTCONN : send_with_fd(rig->link.fd, bytes, len, -1);
}

static void on_tcp(struct tp_watch *watch, uint32_t events)
{
	struct tp_rig *rig = watch->owner;
	char text[64];
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	snprintf(text, sizeof text, "{\"t\":\"tcp\",\"id\":%ld}", ++rig->next_id);
	if (rig->link.fd >= 0)
		send_with_fd(rig->link.fd, text, strlen(text), fd);
	close(fd);
}

int tp_rig_relink(struct tp_rig *rig)
{
	static const char text[] = "{\"t\":\"link\"}";
	int ends[2];
	int err = pair(ends);
	if (err)
		return err;
	if (rig->link.fd >= 0) {
		tp_watch_remove(rig->loop, &rig->link);
		close(rig->link.fd);
	}
	rig->link = (struct tp_watch){ .fd = ends[0], .owner = rig, .on_ready = on_link };
	tp_watch_add(rig->loop, &rig->link, EPOLLIN);
	err = send_with_fd(rig->parent, text, sizeof text - 1, ends[1]);
	close(ends[1]);
	if (err)
		return err;
	json_t *hello = json_pack("{s:s,s:i}", "t", "hello", "version", 1);
	long id = tp_rig_send(rig, hello);
	json_decref(hello);
	return id < 0 ? (int)id : 0;
}

/* -- the process -- */

static void on_death(struct tp_watch *watch, uint32_t events)
{
	struct tp_rig *rig = watch->owner;
	int status = 0;
	waitpid(rig->pid, &status, 0);
	tp_watch_remove(rig->loop, watch);
	close(watch->fd);
	watch->fd = -1;
	rig->pid = 0;
	if (rig->events.on_died)
		rig->events.on_died(rig->owner, status);
}

static void exec_program(struct tp_rig *rig, int parent_fd)
{
	char udp[512] = "", parent[16], locals[16], workers[16];
	size_t at = 0;
	int count = rig->config.workers * rig->config.address_count;
	for (int i = 0; i < count; i++) {
		fcntl(rig->udp[i], F_SETFD, 0);
		at += (size_t)snprintf(udp + at, sizeof udp - at, i ? ",%d" : "%d", rig->udp[i]);
	}
	fcntl(parent_fd, F_SETFD, 0);
	snprintf(parent, sizeof parent, "%d", parent_fd);
	snprintf(locals, sizeof locals, "%d", rig->config.address_count);
	snprintf(workers, sizeof workers, "%d", rig->config.workers);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(rig->program, rig->program, "--parent", parent, "--udp", udp, "--locals", locals, "--workers", workers, (char *)NULL);
	perror(rig->program);
	_exit(127);
}

int tp_rig_restart(struct tp_rig *rig)
{
	int ends[2];
	if (rig->parent >= 0)
		close(rig->parent);
	rig->parent = -1;
	int err = pair(ends);
	if (err)
		return err;
	rig->pid = fork();
	if (rig->pid == 0)
		exec_program(rig, ends[1]);
	close(ends[1]);
	rig->parent = ends[0];
	if (rig->pid < 0)
		return -errno;
	int pidfd = (int)syscall(SYS_pidfd_open, rig->pid, 0);
	rig->death = (struct tp_watch){ .fd = pidfd, .owner = rig, .on_ready = on_death };
	if (pidfd >= 0)
		tp_watch_add(rig->loop, &rig->death, EPOLLIN);
	return tp_rig_relink(rig);
}

static int bind_all(struct tp_rig *rig)
{
	const struct tp_rig_config *c = &rig->config;
	for (int w = 0; w < c->workers; w++)
		for (int a = 0; a < c->address_count; a++) {
			int fd = bind_one(rig->addresses[a], c->port, SOCK_DGRAM);
			if (fd < 0)
				return fd;
			rig->udp[w * c->address_count + a] = fd;
		}
	for (int a = 0; a < c->address_count; a++) {
		int fd = bind_one(rig->addresses[a], c->port, SOCK_STREAM);
		if (fd < 0)
			return fd;
		rig->tcp[a] = (struct tp_watch){ .fd = fd, .owner = rig, .on_ready = on_tcp };
		tp_watch_add(rig->loop, &rig->tcp[a], EPOLLIN);
	}
	return 0;
}

int tp_rig_start(struct tp_rig **out, struct tp_loop *loop, const struct tp_rig_config *config, const struct tp_rig_events *events,
	void *owner)
{
	if (config->workers < 1 || config->workers > WORKERS_MAX || config->address_count < 1
	    || config->address_count > ADDRESSES_MAX)
		return -EINVAL;
	struct tp_rig *rig = calloc(1, sizeof *rig);
	if (!rig)
		return -ENOMEM;
	rig->loop = loop;
	rig->config = *config;
	rig->events = *events;
	rig->owner = owner;
	rig->config.program = rig->program = strdup(config->program);
	for (int i = 0; i < config->address_count; i++)
		rig->config.addresses[i] = rig->addresses[i] = strdup(config->addresses[i]);
	rig->link.fd = rig->death.fd = rig->parent = -1;
	memset(rig->udp, -1, sizeof rig->udp);
	for (int i = 0; i < ADDRESSES_MAX; i++)
		rig->tcp[i].fd = -1;
	int err = bind_all(rig);
	if (!err)
		err = tp_rig_restart(rig);
	if (err) {
		tp_rig_destroy(rig);
		return err;
	}
	*out = rig;
	return 0;
}

static void unwatch(struct tp_rig *rig, struct tp_watch *watch)
{
	if (watch->fd < 0)
		return;
	tp_watch_remove(rig->loop, watch);
	close(watch->fd);
	watch->fd = -1;
}

void tp_rig_destroy(struct tp_rig *rig)
{
	if (!rig)
		return;
	if (rig->parent >= 0)
		close(rig->parent);     /* its end tells the program to stop */
	struct pollfd wait = { .fd = rig->death.fd, .events = POLLIN };
	if (rig->pid > 0 && (wait.fd < 0 || poll(&wait, 1, STOP_MS) != 1))
		kill(rig->pid, SIGKILL);
	if (rig->pid > 0)
		waitpid(rig->pid, NULL, 0);
	unwatch(rig, &rig->death);
	unwatch(rig, &rig->link);
	for (int i = 0; i < ADDRESSES_MAX; i++) {
		unwatch(rig, &rig->tcp[i]);
		free(rig->addresses[i]);
	}
	for (size_t i = 0; i < sizeof rig->udp / sizeof *rig->udp; i++)
		if (rig->udp[i] >= 0)
			close(rig->udp[i]);
	free(rig->program);
	free(rig);
}

pid_t tp_rig_pid(const struct tp_rig *rig)
{
	return rig->pid;
}

const struct tp_rig_config *tp_rig_config(const struct tp_rig *rig)
{
	return &rig->config;
}

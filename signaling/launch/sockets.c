#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 1024,
	UDP_BUFFER = 4 * 1024 * 1024,   /* bytes: 30 ms of 1 Gbit/s; the kernel's limit may make it less */
};

static socklen_t address_parse(struct sockaddr_storage *out, const char *text, long port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return sizeof *v6;
}

/* A bound socket, listening if it is a stream; or -errno. */
static int bind_one(const char *text, long port, int type)
{
	struct sockaddr_storage address;
	socklen_t len = address_parse(&address, text, port);
	int fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int one = 1, buffer = UDP_BUFFER;
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	}
	if (bind(fd, (struct sockaddr *)&address, len) || (type == SOCK_STREAM && listen(fd, BACKLOG))) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int fail(char *error, int err, const char *what, const char *address, long port)
{
	const char *why = err == -EADDRINUSE ? "another program has it" :
		err == -EACCES ? "not allowed; for ports under 1024 see net.ipv4.ip_unprivileged_port_start" :
		err == -EADDRNOTAVAIL ? "this machine does not have that address" : strerror(-err);
	snprintf(error, SETTINGS_ERROR_MAX, "%s port %ld on %s cannot be had: %s", what, port, address, why);
	return err;
}

/* Link-local IPv6 addresses need a zone that no browser would send, so they are left out. */
static bool is_usable(const struct ifaddrs *interface)
{
	if (!interface->ifa_addr || !(interface->ifa_flags & IFF_UP))
		return false;
	if (interface->ifa_addr->sa_family == AF_INET)
		return true;
	return interface->ifa_addr->sa_family == AF_INET6 &&
		!IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)interface->ifa_addr)->sin6_addr);
}

static void add_local(struct sockets *s, const char *text)
{
	for (size_t i = 0; i < s->locals; i++)
		if (!strcmp(s->address[i], text))
			return;
	if (s->locals < LAUNCHER_LOCALS_MAX)
		snprintf(s->address[s->locals++], sizeof s->address[0], "%s", text);
}

static void find_locals(struct sockets *s, const struct settings_list *listen)
{
	for (size_t i = 0; i < listen->count; i++)
		add_local(s, listen->items[i]);
	struct ifaddrs *all;
	if (listen->count || getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		if (!is_usable(i))
			continue;
		const void *bytes = i->ifa_addr->sa_family == AF_INET ? (void *)&((struct sockaddr_in *)i->ifa_addr)->sin_addr :
			(void *)&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
		if (inet_ntop(i->ifa_addr->sa_family, bytes, text, sizeof text))
			add_local(s, text);
	}
	freeifaddrs(all);
}

static size_t worker_count(long wanted)
{
	long cores = wanted ? wanted : sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores > LAUNCHER_WORKERS_MAX ? LAUNCHER_WORKERS_MAX : (size_t)cores;
}

/* TCP first: it is not shared, so a second Hopkin on the same port fails here and steals no datagrams. */
static int bind_locals(struct sockets *s, long port, char *error)
{
	for (size_t i = 0; i < s->locals; i++) {
		s->tcp[i] = bind_one(s->address[i], port, SOCK_STREAM);
		if (s->tcp[i] < 0)
			return fail(error, s->tcp[i], "TCP", s->address[i], port);
	}
	for (size_t i = 0; i < s->workers * s->locals; i++) {
		s->udp[i] = bind_one(s->address[i % s->locals], port, SOCK_DGRAM);
		if (s->udp[i] < 0)
			return fail(error, s->udp[i], "UDP", s->address[i % s->locals], port);
	}
	return 0;
}

static int bind_admins(struct sockets *s, const struct settings *settings, char *error)
{
	for (size_t i = 0; i < settings->admin_listen.count; i++) {
		const char *address = settings->admin_listen.items[i];
		int fd = bind_one(address, settings->admin_port, SOCK_STREAM);
		bool absent = fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT;
		if (absent && !strcmp(address, "::1"))
			continue;
		if (fd < 0)
			return fail(error, fd, "administration TCP", address, settings->admin_port);
		s->admin[s->admins++] = fd;
	}
	return 0;
}

int sockets_bind(struct sockets *out, const struct settings *settings, char error[SETTINGS_ERROR_MAX])
{
	memset(out, 0, sizeof *out);
	memset(out->tcp, -1, sizeof out->tcp);
	memset(out->udp, -1, sizeof out->udp);
	out->workers = worker_count(settings->workers);
	find_locals(out, &settings->listen);
	if (!out->locals) {
		snprintf(error, SETTINGS_ERROR_MAX, "this machine has no address to listen on");
		return -EADDRNOTAVAIL;
	}
	int err = bind_locals(out, settings->port, error);
	return err ? err : bind_admins(out, settings, error);
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->locals; i++)
		if (s->tcp[i] >= 0)
			close(s->tcp[i]);
	for (size_t i = 0; i < s->workers * s->locals; i++)
		if (s->udp[i] >= 0)
			close(s->udp[i]);
	for (size_t i = 0; i < s->admins; i++)
		close(s->admin[i]);
	s->locals = s->admins = 0;
}

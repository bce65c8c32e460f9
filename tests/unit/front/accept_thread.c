/* The accept thread on loopback: first bytes of every kind, silence, a crowd of silent ones before one who speaks, a full house. */
#include "accept_thread.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { CROWD = 1500, NOTHING = -1 };

static struct inbox *inbox;
static int last_kind;
static char last_first_byte;

static void on_accept(void *owner, enum accept_kind kind, int fd)
{
	last_kind = (int)kind;
	last_first_byte = 0;
	if (recv(fd, &last_first_byte, 1, MSG_DONTWAIT) != 1)
		last_first_byte = 'x';
	close(fd);
}

static int listen_on(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 4096) || getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	*port = ntohs(at.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&at, sizeof at)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What becomes of a connection that says this: the kind it arrives as, or NOTHING once it has been closed. */
static int fate(int fd)
{
	last_kind = NOTHING;
	for (;;) {
		struct pollfd both[] = { { .fd = inbox_fd(inbox), .events = POLLIN }, { .fd = fd, .events = POLLIN } };
		poll(both, 2, -1);
		if (both[0].revents) {
			inbox_drain(inbox);
			if (last_kind != NOTHING)
				return last_kind;
		} else if (both[1].revents) {
			return NOTHING;
		}
	}
}

static const struct { const char *name; char first; bool admin; int kind; } cases[] = {
	{ "a TLS handshake goes to the pages", 0x16, false, ACCEPT_TLS_MAIN },
	{ "on the administration listener to administration", 0x16, true, ACCEPT_TLS_ADMIN },
	{ "a short frame goes to media", 0x00, false, ACCEPT_MEDIA },
	{ "the longest frame too", 0x05, false, ACCEPT_MEDIA },
	{ "a longer one is closed", 0x06, false, NOTHING },
	{ "media is not for administration", 0x00, true, NOTHING },
	{ "plain HTTP is closed", 'G', false, NOTHING },
	{ "a TLS alert is closed", 0x15, false, NOTHING },
};

static void table(uint16_t main_port, uint16_t admin_port)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = connect_to(cases[i].admin ? admin_port : main_port);
		send(fd, &cases[i].first, 1, MSG_NOSIGNAL);
		int kind = fate(fd);
		check(cases[i].name, kind == cases[i].kind && (kind == NOTHING || last_first_byte == cases[i].first));
		close(fd);
	}
}

static void crowd(struct accept_thread *thread, uint16_t port)
{
	static int silent[CROWD];
	int there = 0;
	for (int i = 0; i < CROWD; i++)
		there += (silent[i] = connect_to(port)) >= 0;
	int fd = connect_to(port);
	send(fd, "\x16", 1, MSG_NOSIGNAL);
	check("1500 silent ones do not hold up one who speaks", there == CROWD && fate(fd) == ACCEPT_TLS_MAIN);
	close(fd);
	struct pollfd last = { .fd = silent[CROWD - 1], .events = POLLIN };
	char byte;
	poll(&last, 1, -1);
	check("the silent are closed in their time", recv(silent[0], &byte, 1, MSG_DONTWAIT) <= 0 && recv(silent[CROWD - 1], &byte, 1, MSG_DONTWAIT) <= 0);
	for (int i = 0; i < CROWD; i++)
		close(silent[i]);
	struct accept_stats stats;
	accept_thread_stats(thread, &stats);
	check("and counted", stats.silent == CROWD && stats.tls == 3 && stats.media == 2 && stats.odd == 4);
}

/* As many as may wait and some more: whoever speaks at once has a place, and it is the silent that gave way. */
static void full_house(struct accept_thread *thread, uint16_t port)
{
	enum { HOUSE = ACCEPT_WAITING_MOST + 64 };
	static int silent[HOUSE];
	struct accept_stats before, after;
	accept_thread_stats(thread, &before);
	int there = 0;
	for (int i = 0; i < HOUSE; i++)
		there += (silent[i] = connect_to(port)) >= 0;
	int fd = connect_to(port);
	send(fd, "\x16", 1, MSG_NOSIGNAL);
	check("a full house has room for one who speaks", there == HOUSE && fate(fd) == ACCEPT_TLS_MAIN);
	close(fd);
	accept_thread_stats(thread, &after);
	/* On a slow machine the first have had their three seconds before the last came. */
	uint64_t gone = after.evicted - before.evicted + after.silent - before.silent;
	check("no more wait than may", after.accepted - before.accepted == HOUSE + 1 && gone >= HOUSE - ACCEPT_WAITING_MOST);
	char byte;
	check("who waited longest made room", recv(silent[0], &byte, 1, 0) <= 0);
	for (int i = 0; i < HOUSE; i++)
		close(silent[i]);
}

/* Without a descriptor left, who comes is closed at once instead of standing at the door for ever; then it goes on. */
static void no_descriptor(struct accept_thread *thread, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rlimit all, few;
	struct accept_stats before, after;
	accept_thread_stats(thread, &before);
	getrlimit(RLIMIT_NOFILE, &all);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), lowest = fcntl(0, F_DUPFD_CLOEXEC, 0);
	close(lowest);
	few = (struct rlimit){ (rlim_t)lowest, all.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	bool connected = !connect(fd, (struct sockaddr *)&at, sizeof at);
	char byte;
	check("out of descriptors: closed at once", connected && recv(fd, &byte, 1, 0) <= 0);
	setrlimit(RLIMIT_NOFILE, &all);
	accept_thread_stats(thread, &after);
	check("out of descriptors: counted", after.out_of_descriptors > before.out_of_descriptors);
	close(fd);
	fd = connect_to(port);
	send(fd, "\x16", 1, MSG_NOSIGNAL);
	check("with descriptors again: served", fate(fd) == ACCEPT_TLS_MAIN);
	close(fd);
}

int main(void)
{
	struct rlimit files = { 8400, 8400 };
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	uint16_t main_port = 0, admin_port = 0;
	int main_fd = listen_on(&main_port), admin_fd = listen_on(&admin_port);
	struct accept_thread *thread;
	if (!check("it starts", !inbox_create(&inbox) && !accept_thread_start(&thread, &main_fd, 1, &admin_fd, 1, inbox, on_accept, NULL)))
		return check_done();
	table(main_port, admin_port);
	crowd(thread, main_port);
	full_house(thread, main_port);
	no_descriptor(thread, main_port);
	int waiting = connect_to(main_port);
	accept_thread_stop(thread);
	accept_thread_stop(NULL);
	close(waiting);
	inbox_destroy(inbox);
	close(main_fd);
	close(admin_fd);
	return check_done();
}

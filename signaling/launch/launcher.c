#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fd_message.h"
#include "log.h"
#include "sockets.h"

enum {
	ARGS_MAX = 256,
	LINK_BUFFER = 4 * 1024 * 1024,          /* bytes: many messages of FD_MESSAGE_MAX may wait in a join storm */
	STOP_MS = 5000,                         /* then SIGKILL */
	STEADY_MS = 10000,                      /* a child that lived this long starts again at once */
	PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 5000,
};

enum { MEDIA, SIGNALING, CHILDREN };

struct child {
	const char *name;
	pid_t pid;                              /* 0: not running */
	int parent;                             /* our end of its parent socket, or -1 */
	int64_t started_ms, start_at_ms;        /* start_at: when to start it again */
	int64_t pause_ms;
};

struct launcher {
	const struct settings *settings;
	int argc;
	char *const *argv;
	struct sockets sockets;
	char *media_path;
	int signals;                            /* signalfd */
	sigset_t mask_before;
	struct child children[CHILDREN];
	bool announced, stopping;
	int64_t kill_at_ms;
	int status;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

char *launcher_find_program(const char *name)
{
	static const char *const places[] = { "%.*s/%s", "%.*s/../libexec/hopkin/%s" };
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len <= 0)
		return NULL;
	self[len] = 0;
	int folder = (int)(strrchr(self, '/') - self);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char *path;
		if (asprintf(&path, places[i], folder, self, name) < 0)
			return NULL;
		if (!access(path, X_OK))
			return path;
		free(path);
	}
	return NULL;
}

/* -- a child's arguments --------------------------------------------------------------------------------------------- */

struct args {
	char *words[ARGS_MAX];
	size_t count;
	bool failed;            /* out of memory, or too many: the child is not started */
};

static void args_add(struct args *a, const char *word)
{
	char *copy = strdup(word);
	if (!copy || a->count == ARGS_MAX - 1) {
		a->failed = true;
		free(copy);
		return;
	}
	a->words[a->count++] = copy;
}

static void args_add_pair(struct args *a, const char *flag, const char *value)
{
	args_add(a, flag);
	args_add(a, value);
}

static void args_add_number(struct args *a, const char *flag, size_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%zu", value);
	args_add_pair(a, flag, text);
}

static void args_add_fds(struct args *a, const char *flag, const int *fds, size_t count)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	if (!memory) {
		a->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		fprintf(memory, "%s%d", i ? "," : "", fds[i]);
	fclose(memory);
	args_add_pair(a, flag, text);
	free(text);
}

static void args_free(struct args *a)
{
	while (a->count)
		free(a->words[--a->count]);
}

static void media_args(const struct launcher *l, int parent, struct args *a)
{
	args_add(a, l->media_path);
	args_add_number(a, "--parent", (size_t)parent);
	args_add_fds(a, "--udp", l->sockets.udp, l->sockets.workers * l->sockets.locals);
	args_add_number(a, "--locals", l->sockets.locals);
	args_add_number(a, "--workers", l->sockets.workers);
	args_add_pair(a, "--trains", l->settings->packet_trains);
	args_add_pair(a, "--log-level", l->settings->log_level);
}

static void signaling_args(const struct launcher *l, int parent, struct args *a)
{
	char addresses[LAUNCHER_LOCALS_MAX * sizeof l->sockets.address[0]] = "";
	for (size_t i = 0; i < l->sockets.locals; i++) {
		strcat(addresses, i ? "," : "");
		strcat(addresses, l->sockets.address[i]);
	}
	args_add_pair(a, "/proc/self/exe", "signaling");
	args_add_number(a, "--parent", (size_t)parent);
	args_add_fds(a, "--listen-fds", l->sockets.tcp, l->sockets.locals);
	args_add_fds(a, "--admin-fds", l->sockets.admin, l->sockets.admins);
	args_add_pair(a, "--addresses", addresses);
	args_add_pair(a, "--announce", l->announced ? "no" : "yes");
	for (int i = 0; i < l->argc; i++)
		args_add(a, l->argv[i]);
}

/* -- starting -------------------------------------------------------------------------------------------------------- */

static void keep_open(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fcntl(fds[i], F_SETFD, 0);
}

/* In the child, between fork and exec: only what is its own stays open. The terminal's Ctrl-C is the launcher's to handle. */
static void become(const struct launcher *l, int which, int parent, pid_t launcher, char **words)
{
	prctl(PR_SET_PDEATHSIG, which == MEDIA ? SIGKILL : SIGTERM);
	if (getppid() != launcher)
		_exit(1);
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &l->mask_before, NULL);
	keep_open(&parent, 1);
	if (which == MEDIA) {
		keep_open(l->sockets.udp, l->sockets.workers * l->sockets.locals);
	} else {
		keep_open(l->sockets.tcp, l->sockets.locals);
		keep_open(l->sockets.admin, l->sockets.admins);
	}
	execv(words[0], words);
	_exit(127);
}

static void send_words(struct child *c, const char *json, int fd)
{
	if (c->parent >= 0 && fd_message_send(c->parent, json, strlen(json), fd))
		log_warn("launcher.parent_socket", log_str("program", c->name));
}

/* Whenever a program has started, both get an end of a new link; the one that lived on finds its old link closed. */
static void link_children(struct launcher *l)
{
	int ends[2], buffer = LINK_BUFFER;
	if (!l->children[MEDIA].pid || !l->children[SIGNALING].pid)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
		log_error("launcher.link", log_errno("error", errno));
		return;
	}
	for (int i = 0; i < CHILDREN; i++) {
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
		send_words(&l->children[i], "{\"t\":\"link\"}", ends[i]);
		close(ends[i]);
	}
}

static void child_pause(struct child *c)
{
	bool steady = now_ms() - c->started_ms >= STEADY_MS;
	c->start_at_ms = now_ms() + (steady ? 0 : c->pause_ms);
	c->pause_ms = steady || !c->pause_ms ? PAUSE_FIRST_MS : c->pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : c->pause_ms * 2;
}

static int child_spawn(struct launcher *l, int which)
{
	struct child *c = &l->children[which];
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return -errno;
	struct args args = { .count = 0 };
	(which == MEDIA ? media_args : signaling_args)(l, ends[1], &args);
	pid_t launcher = getpid(), pid = args.failed ? -1 : fork();
	if (!pid)
		become(l, which, ends[1], launcher, args.words);
	args_free(&args);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	c->pid = pid;
	c->parent = ends[0];
	c->started_ms = now_ms();
	log_info("launcher.started", log_str("program", c->name), log_int("pid", pid));
	return 0;
}

static void start_due(struct launcher *l)
{
	bool started = false;
	for (int i = 0; i < CHILDREN; i++) {
		struct child *c = &l->children[i];
		if (c->pid || now_ms() < c->start_at_ms)
			continue;
		int err = child_spawn(l, i);
		if (err) {
			log_error("launcher.start", log_str("program", c->name), log_errno("error", err));
			c->started_ms = now_ms();
			child_pause(c);
			continue;
		}
		started = true;
		l->announced |= i == SIGNALING;
	}
	if (started)
		link_children(l);
}

/* -- ending ---------------------------------------------------------------------------------------------------------- */

static void stop(struct launcher *l, int status)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->status = status;
	l->kill_at_ms = now_ms() + STOP_MS;
	/* signaling first: it tells the clients; media follows when signaling has ended */
	struct child *first = &l->children[SIGNALING];
	send_words(first->pid ? first : &l->children[MEDIA], "{\"t\":\"stop\"}", -1);
	log_info("launcher.stopping");
}

static void child_ended(struct launcher *l, int which, int how)
{
	struct child *c = &l->children[which];
	close(c->parent);
	c->parent = -1;
	c->pid = 0;
	if (l->stopping) {
		if (which == SIGNALING)
			send_words(&l->children[MEDIA], "{\"t\":\"stop\"}", -1);
		return;
	}
	int status = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
	log_warn("launcher.ended", log_str("program", c->name), log_int("status", status),
		log_int("signal", WIFSIGNALED(how) ? WTERMSIG(how) : 0));
	if (status == LAUNCHER_GIVE_UP || status == 127)
		stop(l, LAUNCHER_GIVE_UP);
	else
		child_pause(c);
}

static void reap(struct launcher *l)
{
	int how;
	pid_t pid;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			if (l->children[i].pid == pid)
				child_ended(l, i, how);
}

static void kill_late(struct launcher *l)
{
	for (int i = 0; i < CHILDREN; i++)
		if (l->children[i].pid)
			kill(l->children[i].pid, SIGKILL);
}

static void on_signal(struct launcher *l)
{
	struct signalfd_siginfo info;
	while (read(l->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM)
			stop(l, 0);
		else if (info.ssi_signo == SIGHUP && l->children[SIGNALING].pid)
			kill(l->children[SIGNALING].pid, SIGHUP);
	}
	reap(l);
}

static bool running(const struct launcher *l)
{
	return !l->stopping || l->children[MEDIA].pid || l->children[SIGNALING].pid;
}

static int wait_ms(const struct launcher *l)
{
	int64_t at = INT64_MAX;
	if (l->stopping)
		at = l->kill_at_ms;
	for (int i = 0; i < CHILDREN && !l->stopping; i++)
		if (!l->children[i].pid && l->children[i].start_at_ms < at)
			at = l->children[i].start_at_ms;
	int64_t left = at - now_ms();
	return at == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void run(struct launcher *l)
{
	while (running(l)) {
		if (!l->stopping)
			start_due(l);
		else if (now_ms() >= l->kill_at_ms)
			kill_late(l);
		struct pollfd wait = { .fd = l->signals, .events = POLLIN };
		if (poll(&wait, 1, wait_ms(l)) > 0)
			on_signal(l);
	}
}

/* A descriptor a person over TCP, and some for the sockets of each worker. */
static void raise_limits(void)
{
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int take_signals(struct launcher *l)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &l->mask_before);
	signal(SIGPIPE, SIG_IGN);
	l->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signals < 0 ? -errno : 0;
}

int launcher_run(const struct settings *settings, int argc, char *const argv[])
{
	struct launcher l = { .settings = settings, .argc = argc, .argv = argv, .signals = -1, .status = 1 };
	l.children[MEDIA] = (struct child){ .name = "media", .parent = -1 };
	l.children[SIGNALING] = (struct child){ .name = "signaling", .parent = -1 };
	char error[SETTINGS_ERROR_MAX];
	raise_limits();
	l.media_path = *settings->media ? strdup(settings->media) : launcher_find_program("hopkin-media");
	if (!l.media_path || access(l.media_path, X_OK))
		fprintf(stderr, "hopkin: the media program %s is not there\n", l.media_path ? l.media_path : "hopkin-media");
	else if (sockets_bind(&l.sockets, settings, error))
		fprintf(stderr, "hopkin: %s\n", error);
	else if (take_signals(&l))
		fprintf(stderr, "hopkin: no signal descriptor to be had\n");
	else
		run(&l);
	sockets_close(&l.sockets);
	if (l.signals >= 0)
		close(l.signals);
	free(l.media_path);
	return l.status;
}

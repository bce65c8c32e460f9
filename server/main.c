/*
 * hopkin-media: packets only. Everything it works with is inherited from the launcher; once its threads stand, the jail closes
 * and nothing else can be had.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jail.h"
#include "log.h"
#include "media_keys.h"
#include "media_server.h"
#include "warm_up.h"
#include "worker.h"

#ifdef HOPKIN_SANITIZED
/* The search for leaks reads /proc and traces the process: not from inside the jail. The unit tests do it for the same code. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

struct arguments {
	struct media_plan plan;
	int sockets[WORKERS_MAX * WORKER_LOCALS_MAX];
	unsigned socket_count;
};

static int usage(const char *wrong)
{
	fprintf(stderr, "hopkin-media: %s\n"
		"usage: hopkin-media --parent FD --udp FD,... --locals N --workers W [--trains on|off] [--log-level debug|info|warn|error]\n"
		"It is started by `hopkin serve`, which hands it its sockets.\n", wrong);
	return 2;
}

static bool number(const char *text, long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return !errno && end != text && !*end && *out >= min && *out <= max;
}

static bool descriptors(struct arguments *a, char *text)
{
	char *next, *word = strtok_r(text, ",", &next);
	long fd;

	for (; word; word = strtok_r(NULL, ",", &next)) {
		if (a->socket_count == sizeof a->sockets / sizeof a->sockets[0] || !number(word, 3, INT_MAX, &fd))
			return false;
		a->sockets[a->socket_count++] = (int)fd;
	}
	return a->socket_count > 0;
}

static bool argument(struct arguments *a, const char *name, char *value)
{
	enum log_level level;
	long n;

	if (!strcmp(name, "--parent") && number(value, 3, INT_MAX, &n))
		a->plan.parent = (int)n;
	else if (!strcmp(name, "--udp"))
		return descriptors(a, value);
	else if (!strcmp(name, "--locals") && number(value, 1, WORKER_LOCALS_MAX, &n))
		a->plan.locals = (uint16_t)n;
	else if (!strcmp(name, "--workers") && number(value, 1, WORKERS_MAX, &n))
		a->plan.workers = (uint16_t)n;
	else if (!strcmp(name, "--trains") && (!strcmp(value, "on") || !strcmp(value, "off")))
		a->plan.no_trains = !strcmp(value, "off");
	else if (!strcmp(name, "--log-level") && log_level_from_name(&level, value))
		log_set_level(level);
	else
		return false;
	return true;
}

static const char *arguments_read(struct arguments *a, int argc, char **argv)
{
	a->plan.sockets = a->sockets;
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc || !argument(a, argv[i], argv[i + 1]))
			return argv[i];
	}
	if (!a->plan.parent || !a->plan.locals || !a->plan.workers)
		return "--parent, --udp, --locals and --workers are needed";
	if (a->socket_count != (unsigned)a->plan.locals * a->plan.workers)
		return "--udp must list locals times workers descriptors";
	return NULL;
}

static int failed(const char *what, int err)
{
	log_error("start.failed", log_str("what", what), log_errno("error", err));
	return 1;
}

int main(int argc, char **argv)
{
	static struct arguments a;
	struct media_server *server;
	const char *what = arguments_read(&a, argc, argv);
	int err;

	if (what)
		return usage(what);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);        /* a terminal's Ctrl-C reaches us too: the launcher says when to stop */
	/* One arena, never trimmed: an arena of a thread that shrinks makes glibc open a file of /proc, and the jail would kill us for it. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	/* Each library does everything it will ever do once, while files can still be opened. */
	json_object_seed(0);
	if ((err = media_keys_library_start()) != 0)
		return failed("libsrtp2", err);
	if ((err = transport_warm_up(&what)) != 0)
		return failed(what, err);
	if ((err = jail_close_files()) < 0)
		return failed("landlock", err);
	bool landlock = err > 0;
	if ((err = media_server_start(&server, &a.plan)) != 0)
		return failed("threads", err);
	if ((err = jail_close_calls()) != 0)
		return failed("seccomp", err);
	log_info("media.ready", log_uint("workers", a.plan.workers), log_uint("locals", a.plan.locals), log_bool("landlock", landlock));
	media_server_run(server);
	media_server_stop(server);
	log_info("media.stopped");
	return 0;
}

#include "signaling_main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd_message.h"
#include "front.h"
#include "launcher.h"
#include "log.h"

enum {
	FDS_MOST = LAUNCHER_LOCALS_MAX,
	FILES_BESIDE = 5120,            /* descriptors beside the connections that are let in: those that have not spoken yet, and our own */
	TICK_MS = 100,
	STOP_MS = 400,                  /* for closing words to go out */
};

int64_t front_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t front_now_s(void)
{
	return time(NULL);
}

/* -- what the launcher says ------------------------------------------------------------------------------------------- */

struct orders {
	int parent;
	int mains[FDS_MOST], admins[FDS_MOST];
	size_t main_count, admin_count;
	char *addresses;                /* "192.0.2.10,::1", borrowed from argv */
	bool announce;
	char **rest;                    /* the flags that serve was given */
	int rest_count;
};

static size_t read_fds(int out[FDS_MOST], const char *list)
{
	size_t n = 0;
	for (const char *at = list; *at && n < FDS_MOST; at += *at == ',') {
		char *end;
		long fd = strtol(at, &end, 10);
		if (end == at || fd < 0)
			break;
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		out[n++] = (int)fd;
		at = end;
	}
	return n;
}

/* The launcher's own words come first; what follows is the person's. */
static bool read_orders(struct orders *o, int argc, char **argv)
{
	*o = (struct orders){ .parent = -1, .addresses = "" };
	int i = 0;
	for (; i + 1 < argc; i += 2) {
		char *word = argv[i], *value = argv[i + 1];
		if (!strcmp(word, "--parent"))
			o->parent = atoi(value);
		else if (!strcmp(word, "--listen-fds"))
			o->main_count = read_fds(o->mains, value);
		else if (!strcmp(word, "--admin-fds"))
			o->admin_count = read_fds(o->admins, value);
		else if (!strcmp(word, "--addresses"))
			o->addresses = value;
		else if (!strcmp(word, "--announce"))
			o->announce = !strcmp(value, "yes");
		else
			break;
	}
	o->rest = argv + i;
	o->rest_count = argc - i;
	return o->parent >= 0 && o->main_count;
}

/* -- addresses -------------------------------------------------------------------------------------------------------- */

static void url(char *out, size_t room, const char *host, long port)
{
	bool v6 = strchr(host, ':') != NULL;
	int n = snprintf(out, room, "https://%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
	if (port != 443 && n > 0 && (size_t)n < room)
		snprintf(out + n, room - (size_t)n, ":%ld", port);
}

static void find_urls(struct front *front)
{
	const struct settings *s = front->settings;
	settings_main_url(s, front->main_url, sizeof front->main_url);
	if (*s->host_name)
		memcpy(front->fixed_url, front->main_url, sizeof front->fixed_url);
	url(front->admin_url, sizeof front->admin_url, s->admin_listen.count ? s->admin_listen.items[0] : "127.0.0.1", s->admin_port);
}

static bool loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static void add_host(struct live_config *config, const char *address)
{
	for (size_t i = 0; i < config->hosts_n; i++) {
		if (!strcmp(config->hosts[i], address))
			return;
	}
	if (config->hosts_n < LIVE_HOSTS_MAX)
		config->hosts[config->hosts_n++] = address;
}

/* Candidates: what people reach first, this machine's own loopback last. `list` is cut up. */
static void find_hosts(struct live_config *config, const struct settings *s, char *list)
{
	char *words[LAUNCHER_LOCALS_MAX], *save = NULL;
	size_t n = 0;
	for (char *w = strtok_r(list, ",", &save); w && n < LAUNCHER_LOCALS_MAX; w = strtok_r(NULL, ",", &save))
		words[n++] = w;
	for (size_t i = 0; i < s->public_address.count; i++)
		add_host(config, s->public_address.items[i]);
	for (size_t i = 0; i < n; i++) {
		if (!loopback(words[i]))
			add_host(config, words[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (loopback(words[i]))
			add_host(config, words[i]);
	}
}

/* -- events from below ------------------------------------------------------------------------------------------------ */

static void sessions_ended(void *arg, int64_t account, const uint8_t *one, const uint8_t *except)
{
	struct front *front = arg;
	if (!front->live)
		return;
	if (one)
		live_end_session(front->live, one);
	else
		live_end_account(front->live, account, except);
}

static void room_changed(void *arg, const struct room_record *room)
{
	struct front *front = arg;
	if (front->live)
		live_room_changed(front->live, room->id);
}

static void room_removed(void *arg, const char *id)
{
	struct front *front = arg;
	if (front->tokens)
		room_tokens_forget_room(front->tokens, id);
	if (front->live)
		live_room_changed(front->live, id);
}

static void token_ended(void *arg, const struct token_record *token)
{
	struct front *front = arg;
	if (front->live)
		live_end_device(front->live, token->token_hash);
}

static void store_changed(void *arg, struct store_snapshot *snapshot)
{
	struct front *front = arg;
	if (front->auth && front->rooms && front->tokens) {
		auth_replace(front->auth, snapshot);
		rooms_replace(front->rooms, snapshot);
		room_tokens_replace(front->tokens, snapshot);
	}
	store_snapshot_destroy(snapshot);
}

/* -- what REST asks --------------------------------------------------------------------------------------------------- */

static bool room_live(void *ctx, const char *room, uint32_t *people)
{
	struct front *front = ctx;
	*people = 0;
	return front->live && live_room_live(front->live, room, people);
}

static bool media_up(void *ctx)
{
	struct front *front = ctx;
	return front->live && live_media_up(front->live);
}

static json_t *stats(void *ctx)
{
	struct front *front = ctx;
	const struct front_counters *c = &front->counters;
	struct accept_stats a;
	accept_thread_stats(front->accept, &a);
	json_t *own = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"connections", (json_int_t)front->connection_count, "connections_refused", (json_int_t)c->connections_refused,
		"handshakes_cut", (json_int_t)c->handshakes_cut, "requests", (json_int_t)c->requests,
		"sockets_opened", (json_int_t)c->sockets_opened, "sockets_refused", (json_int_t)c->sockets_refused,
		"messages", (json_int_t)c->messages, "too_large", (json_int_t)c->too_large, "too_slow", (json_int_t)c->too_slow,
		"silent", (json_int_t)c->silent, "accepted", (json_int_t)a.accepted, "accepted_tls", (json_int_t)a.tls,
		"accepted_media", (json_int_t)a.media, "accepted_silent", (json_int_t)a.silent, "accepted_odd", (json_int_t)a.odd,
		"accepted_evicted", (json_int_t)a.evicted, "out_of_descriptors", (json_int_t)a.out_of_descriptors);
	uint64_t hashed[HASH_QUEUES];
	hash_pool_counts(front->pool, hashed);
	json_t *live = front->live ? live_stats(front->live) : NULL;
	return json_pack("{s:o,s:o,s:{s:I,s:I}}", "front", own, "live", live ? live : json_object(), "hashed",
		"accounts", (json_int_t)hashed[HASH_ACCOUNTS], "rooms", (json_int_t)hashed[HASH_ROOMS]);
}

/* -- the loop's watchers ---------------------------------------------------------------------------------------------- */

static void stopped(struct ev_loop *loop, ev_timer *timer, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void stop(struct front *front, int status)
{
	if (front->stopping)
		return;
	front->stopping = true;
	front->status = status;
	live_destroy(front->live);      /* asks every connection to close with 1001 */
	front->live = NULL;
	ev_timer_init(&front->stop_timer, stopped, STOP_MS / 1000., 0.);
	ev_timer_start(front->loop, &front->stop_timer);
}

static void inbox_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	inbox_drain(((struct front *)watcher->data)->inbox);
}

static void parent_says(struct front *front, const char *text, size_t len, int fd)
{
	json_t *message = json_loadb(text, len, 0, NULL);
	const char *type = json_string_value(json_object_get(message, "t"));
	if (type && !strcmp(type, "link") && fd >= 0 && front->live) {
		live_link_attach(front->live, fd);
		fd = -1;
	} else if (type && !strcmp(type, "stop")) {
		stop(front, 0);
	}
	if (fd >= 0)
		close(fd);
	json_decref(message);
}

static void parent_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct front *front = watcher->data;
	char text[1024];
	for (;;) {
		int fd = -1;
		long n = fd_message_receive(front->parent, text, sizeof text, &fd);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {           /* the launcher is gone, or cannot be understood: nobody could stop us otherwise */
			ev_io_stop(loop, watcher);
			stop(front, 0);
			return;
		}
		parent_says(front, text, (size_t)n, fd);
	}
}

static void tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct front *front = timer->data;
	front->ticks++;
	if (front->live)
		live_tick(front->live);
	front_connections_tick(front);
	if (front->ticks % 10 == 0)
		ws_tick(front);
	if (front->ticks % 100 == 0)
		room_tokens_tick(front->tokens, front_now_s());
	if (front->ticks % 20 == 0)
		front_renew_certificate(front, false);
	if (front->ticks % 36000 == 0)
		auth_expire(front->auth, front_now_s());
}

static void hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	front_renew_certificate(watcher->data, true);
}

static void terminate(struct ev_loop *loop, ev_signal *watcher, int events)
{
	stop(watcher->data, 0);
}

static void watch(struct front *front)
{
	ev_io_init(&front->inbox_ready, inbox_ready, inbox_fd(front->inbox), EV_READ);
	front->inbox_ready.data = front;
	ev_io_start(front->loop, &front->inbox_ready);
	fcntl(front->parent, F_SETFL, fcntl(front->parent, F_GETFL) | O_NONBLOCK);
	ev_io_init(&front->parent_ready, parent_ready, front->parent, EV_READ);
	front->parent_ready.data = front;
	ev_io_start(front->loop, &front->parent_ready);
	ev_timer_init(&front->tick, tick, TICK_MS / 1000., TICK_MS / 1000.);
	front->tick.data = front;
	ev_timer_start(front->loop, &front->tick);
	ev_signal_init(&front->hangup, hangup, SIGHUP);
	front->hangup.data = front;
	ev_signal_start(front->loop, &front->hangup);
	ev_signal_init(&front->terminate, terminate, SIGTERM);
	front->terminate.data = front;
	ev_signal_start(front->loop, &front->terminate);
}

/* -- starting --------------------------------------------------------------------------------------------------------- */

static void print_addresses(const struct front *front)
{
	printf("address %s/\nadministration %s/\n", front->main_url, front->admin_url);
	fflush(stdout);
}

static void setup_link_made(void *arg, const struct auth_answer *answer)
{
	struct front *front = arg;
	if (answer->result == AUTH_OK)
		printf("first administrator: %s/l#%s\n", front->admin_url, answer->token);
	else
		log_warn("setup_link.failed", log_int("result", answer->result));
	printf("ready\n");
	fflush(stdout);
}

static void announce(struct front *front)
{
	print_addresses(front);
	if (!auth_has_admin(front->auth)) {
		auth_setup_link(front->auth, front_now_s(), setup_link_made, front);
		return;
	}
	printf("ready\n");
	fflush(stdout);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "hopkin: %s: %s\n", what, strerror(-err));
	return err;
}

static int open_store(struct front *front, struct live_config *live)
{
	char path[PATH_MAX];
	struct store *store = NULL;
	struct store_snapshot *all = NULL;
	if (snprintf(path, sizeof path, "%s/hopkin.db", front->settings->data) >= (int)sizeof path)
		return fail(front->settings->data, -ENAMETOOLONG);
	int err = store_open(&store, path);
	if (err == -EPROTO)
		fprintf(stderr, "hopkin: %s was made by a newer version\n", path);
	if (err)
		return err == -EPROTO ? err : fail(path, err);
	err = store_secret(store, "resume", live->seal_key, sizeof live->seal_key);
	if (!err)
		err = store_read(store, &all);
	if (!err)
		err = store_thread_start(&front->store, store, front->inbox, store_changed, front);
	if (err) {
		store_close(store);
	} else {
		const struct auth_events auth = { .sessions_ended = sessions_ended, .arg = front };
		const struct rooms_events rooms = { .changed = room_changed, .removed = room_removed, .arg = front };
		err = auth_create(&front->auth, all, front->store, front->pool, &auth);
		if (!err)
			err = rooms_create(&front->rooms, all, front->store, front->pool, &rooms);
		if (!err)
			err = room_tokens_create(&front->tokens, all, front->store, token_ended, front);
	}
	store_snapshot_destroy(all);
	return err ? fail(path, err) : 0;
}

static int open_rest(struct front *front)
{
	const struct settings *s = front->settings;
	const struct rest_config config = {
		.version = HOPKIN_VERSION, .banner = s->banner, .contact = s->contact, .public_url = front->fixed_url,
		.main_url = front->main_url, .admin_url = front->admin_url,
	};
	const struct rest_ops ops = { .room_live = room_live, .stats = stats, .media_up = media_up, .ctx = front };
	return rest_create(&front->rest, &config, front->auth, front->rooms, front->tokens, &ops);
}

/* Where it was installed, or in the source tree that this was built in. */
static void find_web(struct front *front)
{
	static const char *const places[] = { "../share/hopkin/web", "../../web/dist" };
	char program[PATH_MAX], path[PATH_MAX + 64];
	if (*front->settings->web) {
		snprintf(front->web, sizeof front->web, "%s", front->settings->web);
		return;
	}
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	program[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (!slash)
		return;
	*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places && !front->web[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", program, places[i]);
		if (!realpath(path, front->web))
			front->web[0] = '\0';
	}
}

static void open_files(struct front *front)
{
	find_web(front);
	int err = web_files_load(&front->files, front->web);
	if (err)
		log_warn("web.files", log_str("folder", front->web), log_errno("error", err));
}

/* @return 0, or an exit status */
static int start(struct front *front, struct orders *o)
{
	const struct settings *s = front->settings;
	struct live_config live = { .port = (uint16_t)s->port, .seats_max = (uint16_t)s->seats };
	struct server_certificate certificate;
	char error[SERVER_TLS_ERROR_ROOM];
	find_urls(front);
	find_hosts(&live, s, o->addresses);
	if (!server_tls_check(s->certificate, s->key, &certificate, error)) {
		fprintf(stderr, "hopkin: %s\n", error);
		return LAUNCHER_GIVE_UP;
	}
	if (inbox_create(&front->inbox) || hash_pool_create(&front->pool, front->inbox) ||
	    attempt_limiter_create(&front->room_limiter, &attempt_limits_room) ||
	    attempt_limiter_create(&front->device_limiter, &attempt_limits_room))
		return 1;
	int err = open_store(front, &live);
	if (err)
		return err == -EPROTO ? LAUNCHER_GIVE_UP : 1;
	if (open_rest(front) || live_glue_create(front, &live))
		return 1;
	explicit_bzero(live.seal_key, sizeof live.seal_key);
	open_files(front);
	if (front_listen(front)) {
		fprintf(stderr, "hopkin: TLS could not be set up\n");
		return 1;
	}
	watch(front);
	if (accept_thread_start(&front->accept, o->mains, o->main_count, o->admins, o->admin_count, front->inbox, front_adopt, front))
		return 1;
	auth_expire(front->auth, front_now_s());
	if (o->announce)
		announce(front);
	return 0;
}

static void end(struct front *front)
{
	accept_thread_stop(front->accept);
	if (front->live)
		live_destroy(front->live);
	front->live = NULL;
	front_unlisten(front);
	hash_pool_destroy(front->pool);
	store_thread_stop(front->store);        /* what was promised is committed */
	if (front->inbox)
		inbox_drain(front->inbox);
	rest_destroy(front->rest);
	room_tokens_destroy(front->tokens);
	rooms_destroy(front->rooms);
	auth_destroy(front->auth);
	attempt_limiter_destroy(front->room_limiter);
	attempt_limiter_destroy(front->device_limiter);
	web_files_unref(front->files);
	inbox_destroy(front->inbox);
}

/* libwebsockets looks descriptors up in a table as long as the limit. */
static void set_limits(const struct settings *s)
{
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		rlim_t most = (rlim_t)s->connections + FILES_BESIDE;
		files.rlim_cur = files.rlim_max < most ? files.rlim_max : most;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int signaling_main(int argc, char **argv)
{
	struct orders orders;
	struct settings settings;
	char error[SETTINGS_ERROR_MAX];
	struct front front = { .settings = &settings, .loop = NULL };

	if (!read_orders(&orders, argc, argv)) {
		fputs("hopkin signaling is started by hopkin serve\n", stderr);
		return 2;
	}
	if (settings_load(&settings, orders.rest_count, orders.rest, error)) {
		fprintf(stderr, "hopkin: %s\n", error);
		settings_free(&settings);
		return LAUNCHER_GIVE_UP;
	}
	enum log_level level = LOG_LEVEL_INFO;
	log_level_from_name(&level, settings.log_level);
	log_set_level(level);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	set_limits(&settings);
	fcntl(orders.parent, F_SETFD, FD_CLOEXEC);
	front.parent = orders.parent;
	front.loop = ev_loop_new(EVFLAG_AUTO);
	front.status = front.loop ? start(&front, &orders) : 1;
	if (!front.status)
		ev_run(front.loop, 0);
	end(&front);
	if (front.loop)
		ev_loop_destroy(front.loop);
	settings_free(&settings);
	return front.status;
}

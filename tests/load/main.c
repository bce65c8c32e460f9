/* hopkin-load: how much one server carries. README.md beside this file says how it is used. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "load_adaptors.h"
#include "load_report.h"

enum { EXIT_FAULT = 1, EXIT_USAGE = 2 };

enum option_id { SERVER = 256, PROGRAM, ADDRESS, PORT, WORKERS, PID, SCENE, ROOMS, SIZE, PUBLISHERS, STANDING, SECONDS, SETTLE, JOIN_RATE, SAMPLE,
	SPREAD, BURST, PIN, MAX_LOSS, LOSE, TRACE, JSON, URL, PASSWORD_STDIN, LOG, HELP };

static const struct option long_options[] = {
	{ "server", required_argument, NULL, SERVER }, { "program", required_argument, NULL, PROGRAM }, { "address", required_argument, NULL, ADDRESS },
	{ "port", required_argument, NULL, PORT }, { "workers", required_argument, NULL, WORKERS }, { "pid", required_argument, NULL, PID },
	{ "scene", required_argument, NULL, SCENE }, { "rooms", required_argument, NULL, ROOMS }, { "size", required_argument, NULL, SIZE },
	{ "publishers", required_argument, NULL, PUBLISHERS }, { "standing", required_argument, NULL, STANDING },
	{ "seconds", required_argument, NULL, SECONDS }, { "settle", required_argument, NULL, SETTLE }, { "join-rate", required_argument, NULL, JOIN_RATE },
	{ "sample", required_argument, NULL, SAMPLE }, { "spread", no_argument, NULL, SPREAD }, { "burst", no_argument, NULL, BURST }, { "pin", required_argument, NULL, PIN },
	{ "max-loss", required_argument, NULL, MAX_LOSS }, { "lose", required_argument, NULL, LOSE }, { "trace", required_argument, NULL, TRACE },
	{ "json", no_argument, NULL, JSON }, { "url", required_argument, NULL, URL }, { "password-stdin", no_argument, NULL, PASSWORD_STDIN },
	{ "log", required_argument, NULL, LOG }, { "help", no_argument, NULL, HELP }, { 0 },
};

static const char usage_text[] =
	"usage: hopkin-load [OPTION]...\n"
	"\n"
	"Starts a media server, fills it with people who send what Chromium once sent, and says what it cost and what was lost.\n"
	"\n"
	"  --scene NAME       one-to-many; see below\n"
	"  --rooms N --size N --publishers N   instead of the scene's own: rooms, people in each, who of them sends\n"
	"  --standing N       join-storm: rooms that are there before (2)\n"
	"  --seconds N        length of the measurement\n"
	"  --settle N         seconds between the last one's coming and the measurement (3)\n"
	"  --join-rate N      people coming in a second (50)\n"
	"  --spread           packets of a frame come 1 to 2 ms apart, as from a slow uplink\n"
	"  --burst            packets of a frame come at once, as from a fast network\n"
	"  --sample N         one person in N is counted and checked byte for byte (20)\n"
	"  --max-loss PERCENT more loss is an error (0.1)\n"
	"  --lose N           one packet in N is not sent: shows that loss is seen\n"
	"  --server NAME      hopkin (hopkin-media over its control link); janus, bare: to compare with; room with --url\n"
	"  --program PATH     of the server; hopkin-media beside this program by default\n"
	"  --log FILE         its log is added there (nowhere)\n"
	"  --address A --port N --workers N    where it listens (127.0.0.1, 9840) and with how many workers (1)\n"
	"  --url ADDRESS      a room of a whole Hopkin that runs already, https://HOST:PORT/r/ROOM, open to guests; again for each further room\n"
	"                     (its certificate is not checked: stay within your own network, and take a room made for this)\n"
	"  --password-stdin   its password is read from standard input, a line for each --url\n"
	"  --pid N            read the CPU time and memory of this process instead\n"
	"  --pin S[,G]        the server runs on CPU S alone, this tool on G\n"
	"  --trace FILE       another recording than the one inside\n"
	"  --json             figures for scripts\n"
	"\n"
	"Exits with 0, or 1 when something was lost beyond --max-loss, wrong, or missing.\n"
	"\nScenes:\n";

static bool number(const char *text, int least, int most, int *out)
{
	char *end;
	errno = 0;
	long v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < least || v > most)
		return false;
	*out = (int)v;
	return true;
}

static bool percent(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0 && *out <= 100;
}

static bool pins(const char *text, struct load_options *o)
{
	char after;
	int n = sscanf(text, "%d,%d%c", &o->pin_server, &o->pin_own, &after);
	return (n == 1 && !strchr(text, ',')) || n == 2;
}

static bool add_room(struct load_server *server, const char *url)
{
	if (server->room_count == LOAD_ADDRESSES)
		return false;
	server->rooms[server->room_count++] = url;
	return true;
}

static bool read_option(struct load_options *o, const char **server, int id, const char *value)
{
	int port;
	switch (id) {
	case SERVER: *server = value; return true;
	case PROGRAM: o->server.program = value; return true;
	case LOG: o->server.log = value; return true;
	case ADDRESS: o->server.address = value; return true;
	case PORT:
		if (!number(value, 1, 65535, &port))
			return false;
		o->server.port = (uint16_t)port;
		return true;
	case WORKERS: return number(value, 1, 16, &o->server.workers);
	case PID: return number(value, 1, 1 << 22, &o->server_pid);
	case SCENE: o->scene = value; return true;
	case ROOMS: return number(value, 1, 1000, &o->rooms);
	case SIZE: return number(value, 2, 5000, &o->size);
	case PUBLISHERS: return number(value, 1, 5000, &o->publishers);
	case STANDING: return number(value, 1, 1000, &o->standing);
	case SECONDS: return number(value, 1, 7 * 86400, &o->seconds);
	case SETTLE: return number(value, 0, 3600, &o->settle);
	case JOIN_RATE: return number(value, 1, 10000, &o->join_rate);
	case SAMPLE: return number(value, 1, 100000, &o->sample);
	case SPREAD: o->spread = true; return true;
	case BURST: o->burst = true; return true;
	case PIN: return pins(value, o);
	case MAX_LOSS: return percent(value, &o->max_loss);
	case LOSE: return number(value, 2, 1000000, &o->lose);
	case TRACE: o->trace = value; return true;
	case URL: *server = "room"; return add_room(&o->server, value);
	case PASSWORD_STDIN: o->passwords_come = true; return true;
	case JSON: o->json = true; return true;
	default: return false;
	}
}

static void usage(FILE *out)
{
	fputs(usage_text, out);
	load_scene_list(out);
}

/* A file whole; NULL and errno. */
static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	*len = 0;
	if (!f)
		return NULL;
	ssize_t n = getdelim(&text, &room, 0, f);
	*len = n > 0 ? (size_t)n : 0;
	fclose(f);
	return text;
}

static bool read_trace(struct load_engine *engine)
{
	size_t len;
	char *file = NULL;
	const char *path = engine->options.trace, *text = load_trace_own(&len);
	if (path && !(text = file = read_file(path, &len))) {
		fprintf(stderr, "hopkin-load: %s: %s\n", path, strerror(errno));
		return false;
	}
	const char *wrong = load_trace_read(&engine->trace, text, len);
	free(file);
	if (wrong)
		fprintf(stderr, "hopkin-load: the recording: %s\n", wrong);
	else if (engine->options.spread)
		load_trace_spread(&engine->trace);
	else if (engine->options.burst)
		load_trace_burst(&engine->trace);
	return !wrong;
}

static bool read_passwords(struct load_options *o)
{
	for (int i = 0; o->passwords_come && i < o->server.room_count; i++) {
		char *line = NULL;
		size_t room = 0;
		ssize_t n = getline(&line, &room, stdin);
		if (n > 0 && line[n - 1] == '\n')
			line[n - 1] = 0;
		o->server.passwords[i] = line;
		if (n <= 0) {
			fputs("hopkin-load: a password for each --url must stand on standard input\n", stderr);
			return false;
		}
	}
	return true;
}

static void forget_passwords(struct load_options *o)
{
	for (int i = 0; i < o->server.room_count; i++) {
		char *line = (char *)(uintptr_t)o->server.passwords[i];
		if (line)
			explicit_bzero(line, strlen(line));
		free(line);
	}
}

static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run(struct load_engine *engine, const struct load_scene_kind *kind)
{
	struct load_scene scene;
	struct load_result result;
	int err = load_scene_make(&scene, kind, engine);
	if (!err)
		err = load_run(&result, &scene, kind, engine);
	if (err) {
		fprintf(stderr, "hopkin-load: %s\n", strerror(-err));
		load_scene_clear(&scene);
		return EXIT_FAULT;
	}
	(engine->options.json ? load_report_json : load_report_table)(stdout, &result);
	int status = load_report_fault(&result) ? EXIT_FAULT : 0;
	load_scene_clear(&scene);
	return status;
}

int main(int argc, char **argv)
{
	static struct load_engine engine = { .options = { .server = { .address = "127.0.0.1", .port = 9840, .workers = 1 }, .scene = "one-to-many",
		.settle = 3, .join_rate = 50, .sample = 20, .standing = 2, .max_loss = 0.1, .pin_server = -1, .pin_own = -1 } };
	const char *server = "hopkin";
	for (int id; (id = getopt_long(argc, argv, "", long_options, NULL)) >= 0; ) {
		if (id == HELP) {
			usage(stdout);
			return 0;
		}
		if (!read_option(&engine.options, &server, id, optarg)) {
			fprintf(stderr, "hopkin-load: %s is not right; --help says what is\n", argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	const struct load_scene_kind *kind = load_scene_find(engine.options.scene);
	engine.adaptor = load_adaptor_find(server);
	if (optind < argc || !kind || !engine.adaptor) {
		fprintf(stderr, "hopkin-load: no such %s; --help lists them\n", optind < argc ? "option" : kind ? "server" : "scene");
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	allow_descriptors();
	int status = EXIT_FAULT;
	if (read_passwords(&engine.options) && read_trace(&engine) && load_engine_open(&engine) == 0 && tp_loop_create(&engine.loop) == 0)
		status = run(&engine, kind);
	tp_loop_destroy(engine.loop);
	load_engine_close(&engine);
	forget_passwords(&engine.options);
	return status;
}

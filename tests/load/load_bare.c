/*
 * The bare forwarder (bare/bare.c) as a server: addresses, keys and routes are told it by lines; there is no ICE and no DTLS.
 * Who has left is not forgotten, so scenes in which people come and go are not for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_adaptor.h"

enum { MOST_PEOPLE = 4096, TEXT = 65536, START_MS = 5000, STATS_MS = 2000, SSRC_FIRST = 100000 };

struct bare {
	struct tp_loop *loop;
	pid_t pid;
	FILE *to;                               /* its standard input */
	struct tp_watch watch;                  /* its standard output */
	char text[TEXT];                        /* of its answers, what has no line end yet */
	size_t len;
	struct sockaddr_storage addr;
	unsigned port;
	bool stats_came, died;
	uint64_t received, sent;
	uint32_t next_ssrc;
	int count;
	struct load_person *people[MOST_PEOPLE];        /* by the number the forwarder gave: their order */
};

/* -- what it answers -- */

static void on_line(struct bare *bare, const char *line)
{
	if (sscanf(line, "stats %lu %lu", &bare->received, &bare->sent) == 2)
		bare->stats_came = true;
	else if (strncmp(line, "error", 5) == 0)
		fprintf(stderr, "hopkin-load: the bare forwarder did not understand\n");
	else
		sscanf(line, "listening %u", &bare->port);
}

static void on_text(struct tp_watch *watch, uint32_t events)
{
	struct bare *bare = watch->owner;
	ssize_t got = read(watch->fd, bare->text + bare->len, sizeof bare->text - bare->len);
	if (got <= 0) {
		bare->died = true;
		tp_watch_remove(bare->loop, watch);
		return;
	}
	bare->len += (size_t)got;
	char *line = bare->text;
	for (char *end; (end = memchr(line, '\n', bare->len - (size_t)(line - bare->text))); line = end + 1) {
		*end = '\0';
		on_line(bare, line);
	}
	bare->len -= (size_t)(line - bare->text);
	memmove(bare->text, line, bare->len);
}

/* -- start and stop -- */

static void stop(void *adaptor)
{
	struct bare *bare = adaptor;
	if (bare->to)
		fclose(bare->to);               /* which is how it is told to end */
	if (bare->pid > 0)
		waitpid(bare->pid, NULL, 0);
	if (bare->watch.fd >= 0) {
		if (!bare->died)
			tp_watch_remove(bare->loop, &bare->watch);
		close(bare->watch.fd);
	}
	free(bare);
}

static bool spawn(struct bare *bare, const char *program, const char *address)
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	bare->pid = fork();
	if (bare->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(program, program, address, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	bare->to = fdopen(in[1], "w");
	bare->watch = (struct tp_watch){ .fd = out[0], .owner = bare, .on_ready = on_text };
	return bare->pid > 0 && bare->to && tp_watch_add(bare->loop, &bare->watch, EPOLLIN) == 0;
}

static void name_program(char *out, size_t room, const char *given)
{
	char own[4000] = "";
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash = n > 0 ? strrchr(own, '/') : NULL;
	if (slash)
		*slash = '\0';
	if (given)
		snprintf(out, room, "%s", given);
	else
		snprintf(out, room, "%s/bare-forwarder", own);
}

static int start(void **out, struct tp_loop *loop, const struct load_server *server, int rooms)
{
	char program[4096];
	struct bare *bare = calloc(1, sizeof *bare);
	struct sockaddr_in *addr = bare ? (struct sockaddr_in *)&bare->addr : NULL;
	if (!bare)
		return -ENOMEM;
	bare->loop = loop;
	bare->watch.fd = -1;
	bare->next_ssrc = SSRC_FIRST;
	name_program(program, sizeof program, server->program);
	bool spawned = spawn(bare, program, server->address);
	for (int64_t end = tp_now_us() + START_MS * 1000; spawned && !bare->port && !bare->died && tp_now_us() < end; )
		tp_loop_turn(loop, 10);
	if (!bare->port || !inet_aton(server->address, &addr->sin_addr)) {
		fprintf(stderr, "hopkin-load: %s does not start on %s\n", program, server->address);
		stop(bare);
		return -ENOENT;
	}
	addr->sin_family = AF_INET;
	addr->sin_port = htons((uint16_t)bare->port);
	*out = bare;
	return 0;
}

static pid_t server_pid(const void *adaptor)
{
	const struct bare *bare = adaptor;
	return bare->died ? 0 : bare->pid;
}

/* -- people and routes -- */

static void print_key(FILE *to, const struct load_key *key)
{
	for (size_t i = 0; i < sizeof key->key; i++)
		fprintf(to, "%02x", key->key[i]);
	for (size_t i = 0; i < sizeof key->salt; i++)
		fprintf(to, "%02x", key->salt[i]);
}

static void join(void *adaptor, struct load_person *person)
{
	struct bare *bare = adaptor;
	struct load_remote remote = { .security = LOAD_STATIC_KEYS, .addr = bare->addr };
	struct load_peer *peer = bare->count < MOST_PEOPLE ? load_peer_open(person, 0, person->sends_audio, person->sends_layers) : NULL;
	if (!peer || RAND_bytes((uint8_t *)&remote.to_server, sizeof remote.to_server) != 1 ||
			RAND_bytes((uint8_t *)&remote.from_server, sizeof remote.from_server) != 1) {
		load_person_failed(person, "no socket, no keys, or too many people");
		return;
	}
	struct sockaddr_in local = { 0 };
	memcpy(&local, &load_peer_local(peer)->addr, sizeof local);
	bare->people[bare->count++] = person;
	fprintf(bare->to, "peer %s %u ", inet_ntoa(local.sin_addr), ntohs(local.sin_port));
	print_key(bare->to, &remote.to_server);
	fputc(' ', bare->to);
	print_key(bare->to, &remote.from_server);
	fputc('\n', bare->to);
	fflush(bare->to);
	load_peer_connect(peer, &remote);
}

static int number_of(const struct bare *bare, const struct load_person *person)
{
	for (int i = 0; i < bare->count; i++)
		if (bare->people[i] == person)
			return i;
	return -1;
}

static void add_routes(struct bare *bare, int to, const struct load_view *view)
{
	int from = number_of(bare, view->of);
	if (from < 0 || !view->of->peers[0])
		return;
	const struct load_local *local = load_peer_local(view->of->peers[0]);
	for (int i = 0; i < local->send_count; i++) {
		const struct load_send *send = &local->sends[i];
		int layer = send->layers == 1 ? 0 : load_layer_for(view->height);
		if (send->codec == LOAD_OPUS ? view->audio : view->height > 0 && send->layer == layer)
			fprintf(bare->to, "route %d %u %d %u\n", from, send->ssrc, to, bare->next_ssrc++);
	}
}

static void all_joined(void *adaptor)
{
	struct bare *bare = adaptor;
	for (int i = 0; i < bare->count; i++)
		for (int k = 0; k < bare->people[i]->view_count; k++)
			add_routes(bare, i, &bare->people[i]->views[k]);
	fflush(bare->to);
}

static void leave(void *adaptor, struct load_person *person)
{
	struct bare *bare = adaptor;
	int i = number_of(bare, person);
	if (i >= 0)
		bare->people[i] = NULL;
}

static bool counts(void *adaptor, uint64_t *received, uint64_t *sent)
{
	struct bare *bare = adaptor;
	bare->stats_came = false;
	fprintf(bare->to, "stats\n");
	fflush(bare->to);
	for (int64_t end = tp_now_us() + STATS_MS * 1000; !bare->stats_came && !bare->died && tp_now_us() < end; )
		tp_loop_turn(bare->loop, 10);
	*received = bare->received;
	*sent = bare->sent;
	return bare->stats_came;
}

const struct load_adaptor load_bare = {
	.name = "bare", .start = start, .stop = stop, .pid = server_pid, .join = join, .all_joined = all_joined, .leave = leave, .counts = counts,
};

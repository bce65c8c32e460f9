/**
 * Drives the bare forwarder as hard as one publisher can: a frame of packets that come at once, the next when the last subscriber has
 * the whole of this one. What that subscriber gets is opened by libsrtp2 and compared byte for byte; the others drop in the kernel.
 *
 *     bare-drive FORWARDER [--subscribers N] [--packets N] [--bytes N] [--seconds S] [--pin CPU,CPU] [--check]
 *
 * It prints one line of JSON: packets forwarded in the forwarder's CPU time, or with --check what holds, for tests/run.
 * The defaults, 8 packets of 1100 bytes to 50 subscribers, are the full trains by which tests/load/compare judges a machine.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "tp_rtp.h"
#include "tp_srtp.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { MOST_PACKETS = 64, ROOM = 1500, SSRC_IN = 1000, SSRC_OUT = 5000, PATIENCE_MS = 200 };

static struct options {
	unsigned subscribers, packets, bytes;
	double seconds;
	int pin_server, pin_self;
	bool check;
} options = { 50, 8, 1100, 2, -1, -1, false };

static struct drive {
	FILE *to, *from;                        /* the forwarder's standard input and output */
	pid_t pid;
	struct sockaddr_in forwarder;
	int publisher, subscriber;              /* sockets; this subscriber's is the one that is read */
	struct tp_srtp *seals, *opens;
	uint8_t sent[MOST_PACKETS][ROOM];       /* payloads of the frame on its way */
	size_t sent_len[MOST_PACKETS];
	uint16_t seq;
	uint32_t ts;
	uint64_t packets, lost, wrong, padded;
	bool started;
	uint16_t next_seq;                      /* of what comes out */
	uint32_t ts_offset;
} d;

static const struct tp_ext_ids ids = { .level = 1 };

/* -- the forwarder ---------------------------------------------------------------------------------------------------- */

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu >= 0)
		sched_setaffinity(0, sizeof set, &set);
}

static bool start_forwarder(const char *program)
{
	int in[2], out[2];
	unsigned port = 0;
	char line[64];
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	d.pid = fork();
	if (d.pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		pin(options.pin_server);
		execl(program, program, "127.0.0.1", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	d.to = fdopen(in[1], "w");
	d.from = fdopen(out[0], "r");
	d.forwarder = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (d.pid < 0 || !d.to || !d.from || !fgets(line, sizeof line, d.from) || sscanf(line, "listening %u", &port) != 1)
		return false;
	d.forwarder.sin_port = htons((uint16_t)port);
	return true;
}

static bool ask(const char *line, char *answer, int room)
{
	fprintf(d.to, "%s\n", line);
	fflush(d.to);
	return fgets(answer, room, d.from) && strncmp(answer, "error", 5) != 0;
}

/* A peer as the forwarder and as libsrtp2 know it: it seals with `seals` and opens with `opens`. */
static bool introduce(int fd, const struct tp_srtp_keys *keys)
{
	struct sockaddr_in local;
	socklen_t len = sizeof local;
	char line[256], answer[64];
	getsockname(fd, (struct sockaddr *)&local, &len);
	int n = sprintf(line, "peer 127.0.0.1 %u ", ntohs(local.sin_port));
	for (int i = 0; i < 28; i++)
		n += sprintf(line + n, "%02x", keys->client[i]);
	line[n++] = ' ';
	for (int i = 0; i < 28; i++)
		n += sprintf(line + n, "%02x", keys->server[i]);
	return ask(line, answer, sizeof answer);
}

static uint64_t cpu_ns(void)
{
	char name[64];
	unsigned long ns = 0;
	snprintf(name, sizeof name, "/proc/%d/schedstat", (int)d.pid);
	FILE *file = fopen(name, "r");
	if (!file || fscanf(file, "%lu", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return ns;
}

/* -- its peers -------------------------------------------------------------------------------------------------------- */

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
	if (fd < 0 || connect(fd, (struct sockaddr *)&d.forwarder, sizeof d.forwarder))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

/* Unread packets end in the kernel; with UDP_GRO a train does not have to be cut for it, as no network card would ask of the sender. */
static void drop_in_kernel(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &nothing };
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

static bool start_peers(void)
{
	char line[64], answer[64];
	for (unsigned i = 0; i <= options.subscribers; i++) {   /* 0 publishes, the last one is read */
		struct tp_srtp_keys keys = { .profile = TP_PROFILE_GCM128 };
		bool read = i == options.subscribers;
		int fd = open_socket();
		if (fd < 0 || getrandom(keys.client, 28, 0) != 28 || getrandom(keys.server, 28, 0) != 28 || !introduce(fd, &keys))
			return false;
		if (i == 0)
			d.publisher = fd;
		else if (read)
			d.subscriber = fd;
		else
			drop_in_kernel(fd);
		if ((i == 0 && tp_srtp_create(&d.seals, &keys)) || (read && tp_srtp_create(&d.opens, &keys)))
			return false;
		sprintf(line, "route 0 %u %u %u", SSRC_IN, i, SSRC_OUT + i);
		if (i && !ask(line, answer, sizeof answer))
			return false;
	}
	return true;
}

/* -- a frame's way ---------------------------------------------------------------------------------------------------- */

static void send_frame(void)
{
	static uint8_t bytes[MOST_PACKETS][ROOM + 64];
	struct mmsghdr head[MOST_PACKETS];
	struct iovec piece[MOST_PACKETS];
	for (unsigned i = 0; i < options.packets; i++) {
		struct tp_rtp rtp = { .marker = i + 1 == options.packets, .pt = 96, .seq = d.seq++, .ts = d.ts, .ssrc = SSRC_IN,
			.has_level = true, .level = (uint8_t)i };
		size_t len = tp_rtp_write(bytes[i], sizeof bytes[i], &rtp, &ids);
		d.sent_len[i] = options.bytes - i % 5;          /* as an encoder cuts a frame: parts of nearly one size */
		memset(d.sent[i], d.seq, d.sent_len[i]);
		memcpy(bytes[i] + len, d.sent[i], d.sent_len[i]);
		len += d.sent_len[i];
		tp_srtp_protect(d.seals, bytes[i], &len);
		piece[i] = (struct iovec){ bytes[i], len };
		head[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &piece[i], .msg_iovlen = 1 } };
	}
	d.ts += 3000;
	sendmmsg(d.publisher, head, options.packets, 0);
}

static bool is_right(const struct tp_rtp *rtp, unsigned i)
{
	if (!d.started) {
		d.next_seq = rtp->seq;
		d.ts_offset = rtp->ts - (d.ts - 3000);
		d.started = true;
	}
	return rtp->ssrc == SSRC_OUT + options.subscribers && rtp->pt == 96 && rtp->marker == (i + 1 == options.packets) &&
		rtp->seq == d.next_seq && rtp->ts == d.ts - 3000 + d.ts_offset && rtp->has_level && rtp->level == i &&
		rtp->payload_len == d.sent_len[i] && !memcmp(rtp->payload, d.sent[i], rtp->payload_len);
}

static void receive_frame(void)
{
	uint8_t bytes[ROOM + 64];
	for (unsigned i = 0; i < options.packets; i++, d.next_seq++) {
		ssize_t got = recv(d.subscriber, bytes, sizeof bytes, 0);
		size_t len = (size_t)got;
		struct tp_rtp rtp;
		if (got <= 0) {
			d.lost += options.packets - i;
			d.next_seq = (uint16_t)(d.next_seq + options.packets - i);
			return;
		}
		d.packets++;
		if (tp_srtp_open(d.opens, bytes, &len) != TP_SRTP_OK || !tp_rtp_read(&rtp, bytes, len, &ids) || !is_right(&rtp, i))
			d.wrong++;
		else
			d.padded += rtp.padding;
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- the program ------------------------------------------------------------------------------------------------------ */

static bool read_options(int argc, char **argv)
{
	static const struct option names[] = { { "subscribers", 1, NULL, 's' }, { "packets", 1, NULL, 'p' }, { "bytes", 1, NULL, 'b' },
		{ "seconds", 1, NULL, 't' }, { "pin", 1, NULL, 'c' }, { "check", 0, NULL, 'k' }, { 0 } };
	for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1; )
		switch (c) {
		case 's': options.subscribers = (unsigned)atoi(optarg); break;
		case 'p': options.packets = (unsigned)atoi(optarg); break;
		case 'b': options.bytes = (unsigned)atoi(optarg); break;
		case 't': options.seconds = atof(optarg); break;
		case 'c': sscanf(optarg, "%d,%d", &options.pin_server, &options.pin_self); break;
		case 'k': options.check = true; break;
		default: return false;
		}
	return optind + 1 == argc && options.subscribers >= 1 && options.subscribers < 4000 && options.packets >= 1 &&
		options.packets <= MOST_PACKETS && options.bytes >= 100 && options.bytes <= 1400;
}

static void holds(const char *what, bool it_does)
{
	char name[160];
	snprintf(name, sizeof name, "bare forwarder, %u x %u bytes: %s", options.packets, options.bytes, what);
	check(name, it_does);
}

static void report(uint64_t forwarded, uint64_t ns)
{
	if (!options.check) {
		printf("{\"packets\":%lu,\"cpu_ns\":%lu,\"packets_per_cpu_second\":%.0f,\"ns_per_packet\":%.0f,\"lost\":%lu,\"wrong\":%lu}\n",
			forwarded, ns, (double)forwarded / ((double)ns / 1e9), (double)ns / (double)forwarded, d.lost, d.wrong);
		return;
	}
	holds("packets come through", d.packets > 0);
	holds("none is lost", d.lost == 0);
	holds("numbers, header and payload are right, opened by libsrtp2", d.wrong == 0);
	holds("packets of a train are padded to one size", d.padded > 0);
	holds("each subscriber was sent each packet", forwarded == d.packets * options.subscribers);
	holds("CPU time was read", ns > 0);
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: bare-drive FORWARDER [--subscribers N] [--packets N] [--bytes N] [--seconds S] [--pin CPU,CPU] [--check]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!start_forwarder(argv[optind]) || !start_peers()) {
		fprintf(stderr, "bare-drive: the forwarder did not start\n");
		return 1;
	}
	pin(options.pin_self);
	uint64_t before = cpu_ns(), forwarded = 0;
	for (double end = now() + options.seconds; now() < end; ) {
		send_frame();
		receive_frame();
	}
	uint64_t ns = cpu_ns() - before;
	char answer[128] = "";
	ask("stats", answer, sizeof answer);
	sscanf(answer, "stats %*u %lu", &forwarded);
	fclose(d.to);
	waitpid(d.pid, NULL, 0);
	report(forwarded, ns);
	return options.check ? check_done() : d.lost || d.wrong;
}

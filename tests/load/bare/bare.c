/**
 * The bare forwarder: what forwarding costs when nothing but forwarding is done, so that servers can be measured against it.
 *
 *     bare-forwarder ADDRESS
 *
 * One thread, one socket: recvmmsg, open once, and for each subscriber header, GCM and a GSO train, sendmmsg. No ICE, no DTLS, no RTCP,
 * no replay list: addresses and keys are given, for a benchmark's own traffic on a machine of its own.
 * It prints `listening PORT`, then answers each line of standard input with one line, and ends when that ends:
 *
 *     peer ADDRESS PORT KEY KEY    `peer N`; hexadecimal key and salt, AEAD_AES_128_GCM: what the peer seals with, what it opens with
 *     route N SSRC M SSRC          `route`; what peer N sends as the first SSRC, peer M gets as the second (decimal)
 *     stats                        `stats RECEIVED FORWARDED MESSAGES CALLS REFUSED ERRORS`, counted since the start
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare_train.h"
#include "bytes.h"

enum {
	MOST_PEERS = 4096,
	TABLE = 4 * MOST_PEERS,         /* open addressing, a power of two */
	STREAMS = 8,                    /* SSRCs of one publisher */
	BUFFER = 8 << 20,               /* bytes of the socket's buffers: what comes while a large round is sent */
};

struct stream {
	uint32_t ssrc;
	bool started;
	uint64_t highest;               /* index */
	unsigned route_count;
	struct bare_route *routes;      /* owned */
};

struct bare_peer {
	struct sockaddr_in address;
	struct bare_key opens, seals;
	unsigned stream_count, item_count;
	struct stream streams[STREAMS];
	struct bare_item items[BARE_BATCH];     /* what this batch has for it */
};

static struct forwarder {
	int fd;
	unsigned peer_count, waiting_count;
	struct bare_peer *peers[MOST_PEERS], *waiting[MOST_PEERS];      /* all; those with items */
	struct bare_peer *table[TABLE];                                 /* by address */
	uint64_t received, refused;
	struct bare_sender *sender;
	struct bare_packet packets[BARE_BATCH];
	struct mmsghdr head[BARE_BATCH];
	struct iovec piece[BARE_BATCH];
	struct sockaddr_in from[BARE_BATCH];
} f;

/* -- peers and routes ------------------------------------------------------------------------------------------------- */

static struct bare_peer **slot_of(const struct sockaddr_in *address)
{
	uint32_t at = (address->sin_addr.s_addr ^ (uint32_t)address->sin_port << 8) * 2654435769u >> 18;
	while (f.table[at % TABLE] && (f.table[at % TABLE]->address.sin_port != address->sin_port ||
			f.table[at % TABLE]->address.sin_addr.s_addr != address->sin_addr.s_addr))
		at++;
	return &f.table[at % TABLE];
}

static struct stream *stream_of(struct bare_peer *peer, uint32_t ssrc)
{
	for (unsigned i = 0; i < peer->stream_count; i++)
		if (peer->streams[i].ssrc == ssrc)
			return &peer->streams[i];
	return NULL;
}

static bool read_key(struct bare_key *key, const char *hex, bool seals)
{
	uint8_t bytes[BARE_KEY_BYTES];
	for (size_t i = 0; i < sizeof bytes; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &bytes[i]) != 1)
			return false;
	return bare_key_start(key, bytes, seals);
}

static bool add_peer(const char *line)
{
	char address[16], opens[2 * BARE_KEY_BYTES + 1], seals[2 * BARE_KEY_BYTES + 1];
	uint16_t port;
	struct bare_peer *peer = calloc(1, sizeof *peer);
	if (!peer || f.peer_count == MOST_PEERS || sscanf(line, "peer %15s %hu %56s %56s", address, &port, opens, seals) != 4 ||
			!inet_aton(address, &peer->address.sin_addr) || strlen(opens) != 56 || strlen(seals) != 56 ||
			!read_key(&peer->opens, opens, false) || !read_key(&peer->seals, seals, true)) {
		free(peer);
		return false;
	}
	peer->address.sin_family = AF_INET;
	peer->address.sin_port = htons(port);
	*slot_of(&peer->address) = peer;
	f.peers[f.peer_count] = peer;
	printf("peer %u\n", f.peer_count++);
	return true;
}

static bool add_route(const char *line)
{
	unsigned from, to;
	uint32_t in, out;
	if (sscanf(line, "route %u %u %u %u", &from, &in, &to, &out) != 4 || from >= f.peer_count || to >= f.peer_count)
		return false;
	struct bare_peer *peer = f.peers[from];
	struct stream *stream = stream_of(peer, in);
	if (!stream) {
		if (peer->stream_count == STREAMS)
			return false;
		stream = &peer->streams[peer->stream_count++];
		*stream = (struct stream){ .ssrc = in };
	}
	struct bare_route *routes = reallocarray(stream->routes, stream->route_count + 1, sizeof *routes);
	if (!routes)
		return false;
	routes[stream->route_count++] = (struct bare_route){ f.peers[to], out, out * 2654435761u, out % 1000 };
	stream->routes = routes;
	puts("route");
	return true;
}

static void obey(const char *line)
{
	struct bare_sent sent = bare_sender_sent(f.sender);
	if (!strncmp(line, "stats", 5))
		printf("stats %lu %lu %lu %lu %lu %lu\n", f.received, sent.packets, sent.messages, sent.calls, f.refused, sent.errors);
	else if (!(!strncmp(line, "peer", 4) && add_peer(line)) && !(!strncmp(line, "route", 5) && add_route(line)))
		puts("error");
}

/* Obeys all whole lines and moves what is left to the front; returns its length. */
static size_t obey_lines(char *text, size_t len)
{
	char *line = text;
	for (char *end; (end = memchr(line, '\n', len - (size_t)(line - text))); line = end + 1) {
		*end = '\0';
		obey(line);
	}
	fflush(stdout);
	len -= (size_t)(line - text);
	memmove(text, line, len);
	return len;
}

/* -- a packet's way --------------------------------------------------------------------------------------------------- */

/* The index nearest to the highest seen (RFC 3711 §3.3.1). */
static uint64_t estimate(const struct stream *stream, uint16_t seq)
{
	return stream->started ? stream->highest + (uint64_t)(int64_t)(int16_t)(seq - (uint16_t)stream->highest) : seq;
}

/* Header with CSRCs and extensions; 0: not an RTP packet that holds together. */
static size_t header_length(const uint8_t *bytes, size_t len)
{
	size_t header = 12 + 4 * (size_t)(bytes[0] & 15);
	if (len < 12 + BARE_TAG || bytes[0] >> 6 != 2 || (bytes[1] >= 192 && bytes[1] < 224))
		return 0;
	if (bytes[0] & 0x10) {
		if (len < header + 4)
			return 0;
		header += 4 + 4 * (size_t)(bytes[header + 2] << 8 | bytes[header + 3]);
	}
	return header + BARE_TAG <= len ? header : 0;
}

static struct stream *open_packet(struct bare_peer *peer, struct bare_packet *packet, size_t len)
{
	struct rd numbers = rd_from(packet->bytes + 2, 10);
	uint16_t seq = rd_u16(&numbers);
	rd_skip(&numbers, 4);
	struct stream *stream = stream_of(peer, rd_u32(&numbers));
	size_t header = header_length(packet->bytes, len);
	if (!stream || !header)
		return NULL;
	packet->index = estimate(stream, seq);
	size_t plain = bare_key_open(&peer->opens, packet->bytes, header, len, packet->index);
	size_t padding = plain > header && packet->bytes[0] & 0x20 ? packet->bytes[plain - 1] : 0;
	if (!plain || header + padding > plain)
		return NULL;
	packet->header = (uint16_t)header;
	packet->len = (uint16_t)(plain - padding);
	if (!stream->started || packet->index > stream->highest)
		stream->highest = packet->index;
	stream->started = true;
	return stream;
}

static void offer(struct stream *stream, struct bare_packet *packet)
{
	for (unsigned i = 0; i < stream->route_count; i++) {
		const struct bare_route *route = &stream->routes[i];
		if (!route->to->item_count)
			f.waiting[f.waiting_count++] = route->to;
		if (route->to->item_count < BARE_BATCH)
			route->to->items[route->to->item_count++] = (struct bare_item){ packet, route };
	}
}

static void forward_batch(void)
{
	int got = recvmmsg(f.fd, f.head, BARE_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct bare_peer *peer = *slot_of(&f.from[i]);
		struct stream *stream = peer ? open_packet(peer, &f.packets[i], f.head[i].msg_len) : NULL;
		f.received++;
		if (stream)
			offer(stream, &f.packets[i]);
		else
			f.refused++;
	}
	for (unsigned i = 0; i < f.waiting_count; i++) {
		struct bare_peer *to = f.waiting[i];
		bare_sender_add(f.sender, &to->address, &to->seals, to->items, to->item_count);
		to->item_count = 0;
	}
	f.waiting_count = 0;
	bare_sender_flush(f.sender);
}

/* -- the program ------------------------------------------------------------------------------------------------------ */

static bool start(const char *address)
{
	struct sockaddr_in local = { .sin_family = AF_INET };
	socklen_t len = sizeof local;
	int buffer = BUFFER;
	f.fd = socket(AF_INET, SOCK_DGRAM, 0);
	f.sender = bare_sender_create(f.fd);
	if (!f.sender || !inet_aton(address, &local.sin_addr) || bind(f.fd, (struct sockaddr *)&local, len) ||
			getsockname(f.fd, (struct sockaddr *)&local, &len))
		return false;
	/* past the host's limit where that is allowed, else up to it */
	if (setsockopt(f.fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer))
		setsockopt(f.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	if (setsockopt(f.fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer))
		setsockopt(f.fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	for (unsigned i = 0; i < BARE_BATCH; i++) {
		f.piece[i] = (struct iovec){ f.packets[i].bytes, BARE_ROOM - 256 };     /* and room for padding */
		f.head[i].msg_hdr = (struct msghdr){ .msg_name = &f.from[i], .msg_namelen = sizeof f.from[i], .msg_iov = &f.piece[i],
			.msg_iovlen = 1 };
	}
	printf("listening %u\n", ntohs(local.sin_port));
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	static char text[65536];
	size_t len = 0;
	if (argc != 2 || !start(argv[1])) {
		fprintf(stderr, "usage: bare-forwarder ADDRESS (%s)\n", strerror(errno));
		return 2;
	}
	struct pollfd watched[] = { { .fd = f.fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	for (;;) {
		if (poll(watched, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (watched[0].revents)
			forward_batch();
		if (watched[1].revents) {
			ssize_t got = read(STDIN_FILENO, text + len, sizeof text - len);
			if (got <= 0)
				return 0;
			len = obey_lines(text, len + (size_t)got);
		}
	}
}

/* One transport: opened, connected, closed. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load_peer_internal.h"
#include "tp_wire.h"

enum { SAMPLED_BUFFER = 4 << 20 };


static int open_socket(struct load_peer *peer)
{
	int on = 1, size = SAMPLED_BUFFER;
	struct sockaddr_storage server;
	socklen_t len = sizeof peer->local.addr;
	const struct load_server *s = &peer->engine->options.server;
	if (!tp_address(&server, s->address, s->port))
		return -EINVAL;
	int fd = socket(server.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
	if (peer->member->sampled) {
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	}
	peer->watch = (struct tp_watch){ .fd = fd, .owner = peer, .on_ready = load_peer_on_ready };
	if (connect(fd, (struct sockaddr *)&server, (socklen_t)tp_address_size(&server)) || getsockname(fd, (struct sockaddr *)&peer->local.addr, &len)
	    || tp_watch_add(peer->engine->loop, &peer->watch, EPOLLIN)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return 0;
}

static void name_streams(struct load_peer *peer, bool audio, int layers)
{
	static const char *const rids[LOAD_LAYERS] = { "q", "h", "f" };
	struct load_local *local = &peer->local;
	uint32_t ssrc;
	RAND_bytes((unsigned char *)&ssrc, sizeof ssrc);
	ssrc &= 0x7ffffff0;
	if (audio)
		local->sends[local->send_count++] = (struct load_send){ .codec = LOAD_OPUS, .layers = 1, .ssrc = ++ssrc, .mid = "0" };
	for (int i = 0; i < layers; i++) {
		struct load_send *send = &local->sends[local->send_count++];
		*send = (struct load_send){ .codec = LOAD_VP8, .layer = i, .layers = layers, .ssrc = ++ssrc, .mid = "1" };
		if (layers > 1)
			memcpy(send->rid, rids[i], 2);
	}
}

static void name_credentials(struct load_peer *peer)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	uint8_t random[40];
	RAND_bytes(random, sizeof random);
	for (int i = 0; i < 8; i++)
		peer->local.ufrag[i] = letters[random[i] % 32];
	for (int i = 0; i < 24; i++)
		peer->local.pwd[i] = letters[random[8 + i] % 32];
	memcpy(&peer->tie_breaker, random + 32, sizeof peer->tie_breaker);
	peer->local.fingerprint = tp_dtls_own_fingerprint();
	peer->local.numbers = (struct load_numbers){ .opus = 111, .vp8 = 96, .rtx = 97, .level = 1, .mid = 4, .rid = 10 };
}

struct load_peer *load_peer_open(struct load_person *person, int at, bool audio, int layers)
{
	struct load_peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	peer->member = load_member(person);
	peer->engine = peer->member->engine;
	peer->at = at;
	name_streams(peer, audio, layers);
	name_credentials(peer);
	int err = open_socket(peer);
	if (err) {
		free(peer);
		errno = -err;
		return NULL;
	}
	person->peers[at] = peer;
	return peer;
}

struct load_local *load_peer_local(struct load_peer *peer)
{
	return &peer->local;
}

struct load_person *load_peer_person(struct load_peer *peer)
{
	return &peer->member->person;
}

/* The socket looks to --address from the first; a server that turns out to be elsewhere is reached from another address of ours. */
static int look_to(struct load_peer *peer, const struct sockaddr_storage *server)
{
	struct sockaddr_storage now;
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	socklen_t len = sizeof now;
	const struct sockaddr_in *was = (const struct sockaddr_in *)&now, *is = (const struct sockaddr_in *)server;
	if (server->ss_family == AF_INET && getpeername(peer->watch.fd, (struct sockaddr *)&now, &len) == 0 && was->sin_addr.s_addr != is->sin_addr.s_addr)
		connect(peer->watch.fd, &nowhere, sizeof nowhere);
	len = sizeof peer->local.addr;
	return connect(peer->watch.fd, (const struct sockaddr *)server, (socklen_t)tp_address_size(server))
		|| getsockname(peer->watch.fd, (struct sockaddr *)&peer->local.addr, &len) ? -errno : 0;
}

void load_peer_connect(struct load_peer *peer, const struct load_remote *remote)
{
	peer->remote = *remote;
	load_member_note(peer->member, LOAD_PART_SIGNALED);
	int err = look_to(peer, &remote->addr);
	if (err) {
		load_person_failed(&peer->member->person, strerror(-err));
		return;
	}
	if (remote->security == LOAD_STATIC_KEYS) {
		load_peer_go_up(peer, &remote->to_server, &remote->from_server);
		return;
	}
	load_peer_begin_checks(peer);
}

void load_peer_close(struct load_peer *peer)
{
	if (!peer)
		return;
	struct tp_timer *timers[] = { &peer->check_timer, &peer->dtls_timer, &peer->media_timer, &peer->rtcp_timer };
	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
		tp_timer_stop(peer->engine->loop, timers[i]);
	tp_watch_remove(peer->engine->loop, &peer->watch);
	close(peer->watch.fd);
	tp_dtls_destroy(peer->dtls);
	load_srtp_clear(&peer->in);
	load_srtp_clear(&peer->out);
	free(peer->sinks);
	if (peer->member->person.peers[peer->at] == peer)
		peer->member->person.peers[peer->at] = NULL;
	free(peer);
}

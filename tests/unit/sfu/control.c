/* The whole media server but for its jail, spoken to over the control link as signaling does. */
#include "media_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "control_message.h"
#include "fd_message.h"
#include "log.h"
#include "media_keys.h"

enum { WORKERS = 2 };

static int parent, link_fd;
static struct control_message in, out;
static char buffer[CONTROL_MESSAGE_MAX];
static uint64_t next_id = 1;

static void *run(void *server)
{
	media_server_run(server);
	return NULL;
}

static void new_link(void)
{
	int pair[2];
	assert(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	assert(fd_message_send(parent, "{\"t\":\"link\"}", 12, pair[1]) == 0);
	close(pair[1]);
	link_fd = pair[0];
}

/* The next message of any kind; false: the link is closed. */
static bool next(void)
{
	long n = fd_message_receive(link_fd, buffer, sizeof buffer, NULL);
	return n > 0 && control_decode(&in, buffer, (size_t)n);
}

static bool answer(void)
{
	while (next()) {
		if (in.type == CONTROL_OK || in.type == CONTROL_ERROR || in.type == CONTROL_WELCOME || in.type == CONTROL_STATS_REPORT)
			return true;
	}
	return false;
}

/* Send `out` and wait for its answer in `in`. */
static enum control_type ask(enum control_type type)
{
	out.type = type;
	out.id = next_id++;
	size_t n = control_encode(&out, buffer, sizeof buffer);
	assert(n);
	assert(fd_message_send(link_fd, buffer, n, -1) == 0);
	return answer() && in.id == out.id ? in.type : CONTROL_BAD;
}

static enum control_type ask_text(const char *text)
{
	assert(fd_message_send(link_fd, text, strlen(text), -1) == 0);
	return answer() ? in.type : CONTROL_BAD;
}

static bool refused(enum control_type type, enum control_code code)
{
	return type == CONTROL_ERROR && in.u.error.code == code;
}

static enum control_type hello(uint32_t version)
{
	out.u.hello.version = version;
	return ask(CONTROL_HELLO);
}

static enum control_type room(enum control_type type, const char *name)
{
	strcpy(out.u.room.room, name);
	return ask(type);
}

static enum control_type add(const char *name, const char *peer, uint32_t number)
{
	struct control_peer_add *p = &out.u.peer_add;

	memset(p, 0, sizeof *p);
	strcpy(p->room, name);
	strcpy(p->peer, peer);
	p->number = number;
	strcpy(p->tag, "tag");
	strcpy(p->fingerprint, "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
	snprintf(p->ice.ufrag, sizeof p->ice.ufrag, "srv-%s", peer);
	for (char *c = p->ice.ufrag; *c; c++)
		*c = *c == '-' ? '+' : *c;
	strcpy(p->ice.pwd, "0123456789012345678901");
	strcpy(p->ice.remote_ufrag, "brow");
	strcpy(p->ice.remote_pwd, "0123456789012345678901");
	return ask(CONTROL_PEER_ADD);
}

static enum control_type on_peer(enum control_type type, const char *peer)
{
	switch (type) {
	case CONTROL_PEER_STATE:
		memset(&out.u.peer_state, 0, sizeof out.u.peer_state);
		out.u.peer_state.mic = true;
		strcpy(out.u.peer_state.peer, peer);
		break;
	case CONTROL_PEER_BLOCK:
		memset(&out.u.peer_block, 0, sizeof out.u.peer_block);
		strcpy(out.u.peer_block.peer, peer);
		break;
	case CONTROL_PEER_VIEW:
		memset(&out.u.peer_view, 0, sizeof out.u.peer_view);
		strcpy(out.u.peer_view.peer, peer);
		break;
	case CONTROL_PEER_UPDATE:
		memset(&out.u.peer_update, 0, sizeof out.u.peer_update);
		strcpy(out.u.peer_update.what.peer, peer);
		out.u.peer_update.has_tag = true;
		strcpy(out.u.peer_update.what.tag, "another");
		break;
	default:
		strcpy(out.u.peer.peer, peer);
		break;
	}
	return ask(type);
}

/* How many peers a snapshot has; the last one's tag stays in `tag`. */
static int snapshot(char *tag)
{
	int peers = 0;

	if (ask(CONTROL_SNAPSHOT) != CONTROL_OK)
		return -1;
	while (next() && in.type != CONTROL_SNAPSHOT_END) {
		if (in.type != CONTROL_SNAPSHOT_PEER)
			continue;
		peers++;
		strcpy(tag, in.u.snapshot_peer.tag);
	}
	return peers;
}

static uint64_t counter(const char *name)
{
	for (size_t i = 0; i < in.u.stats_report.counter_count; i++) {
		if (!strcmp(in.u.stats_report.counters[i].name, name))
			return in.u.stats_report.counters[i].value;
	}
	return UINT64_MAX;
}

static void requests(void)
{
	static const enum control_type of_peers[] = { CONTROL_PEER_STATE, CONTROL_PEER_BLOCK, CONTROL_PEER_VIEW, CONTROL_PEER_UPDATE };
	char epoch[CONTROL_NAME_MAX + 1], tag[CONTROL_TAG_MAX + 1];
	bool known = true, unknown = true;

	check("control: another version is refused", refused(hello(2), CONTROL_CODE_BAD_VERSION));
	check("control: hello is welcomed", hello(CONTROL_VERSION) == CONTROL_WELCOME && in.u.welcome.workers == WORKERS);
	strcpy(epoch, in.u.welcome.epoch);
	check("control: no room, no peer", refused(add("r", "p1", 1), CONTROL_CODE_NO_ROOM));
	check("control: a room opens, twice the same", room(CONTROL_ROOM_OPEN, "r") == CONTROL_OK && room(CONTROL_ROOM_OPEN, "r") == CONTROL_OK);
	check("control: a peer is added, and replaced", add("r", "p1", 1) == CONTROL_OK && add("r", "p1", 1) == CONTROL_OK &&
		add("r", "p2", 2) == CONTROL_OK);
	for (size_t i = 0; i < sizeof of_peers / sizeof of_peers[0]; i++) {
		known &= on_peer(of_peers[i], "p2") == CONTROL_OK;
		unknown &= refused(on_peer(of_peers[i], "nobody"), CONTROL_CODE_NO_PEER);
	}
	check("control: a peer's state, block, view and update", known);
	check("control: none of them for a peer that is not", unknown);
	check("control: remove what is not succeeds", on_peer(CONTROL_PEER_REMOVE, "nobody") == CONTROL_OK);
	check("control: nonsense is refused", refused(ask_text("{\"t\":\"nonsense\",\"id\":9}"), CONTROL_CODE_BAD_MESSAGE) && in.id == 9);
	check("control: so is what is no JSON", refused(ask_text("}{"), CONTROL_CODE_BAD_MESSAGE) && in.id == 0);
	check("control: so are our own events", refused(ask_text("{\"t\":\"snapshot.end\"}"), CONTROL_CODE_BAD_MESSAGE));
	check("control: tcp without a descriptor", refused(ask(CONTROL_TCP), CONTROL_CODE_BAD_MESSAGE));

	out.u.stats.room[0] = '\0';
	check("control: stats have every counter", ask(CONTROL_STATS) == CONTROL_STATS_REPORT && counter("link_bad") == 3 &&
		counter("rx_packets") == 0);
	strcpy(out.u.stats.room, "r");
	check("control: stats of a room wait for all workers", ask(CONTROL_STATS) == CONTROL_STATS_REPORT && in.u.stats_report.peer_count == 0 &&
		counter("peers_added") == 3 * WORKERS);

	close(link_fd);
	new_link();
	check("control: a new link greets the same life", hello(CONTROL_VERSION) == CONTROL_WELCOME && !strcmp(epoch, in.u.welcome.epoch));
	check("control: and finds its peers with their tags", snapshot(tag) == 2 && (!strcmp(tag, "another") || !strcmp(tag, "tag")));
	on_peer(CONTROL_PEER_REMOVE, "p1");
	check("control: the updated tag", snapshot(tag) == 1 && !strcmp(tag, "another"));
	check("control: a room closes with its peers", room(CONTROL_ROOM_CLOSE, "r") == CONTROL_OK && snapshot(tag) == 0);
	check("control: and again", room(CONTROL_ROOM_CLOSE, "r") == CONTROL_OK);
}

int main(void)
{
	struct media_server *server;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 20 };
	int pair[2], sockets[WORKERS];
	pthread_t thread;

	log_set_level(LOG_LEVEL_ERROR);
	assert(media_keys_library_start() == 0);
	for (int i = 0; i < WORKERS; i++) {
		sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
		assert(bind(sockets[i], (void *)&any, sizeof any) == 0);
	}
	assert(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	parent = pair[0];
	const struct media_plan plan = { .parent = pair[1], .workers = WORKERS, .locals = 1, .sockets = sockets };
	check("control: the server starts", media_server_start(&server, &plan) == 0);
	assert(pthread_create(&thread, NULL, run, server) == 0);
	new_link();
	setsockopt(link_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	requests();
	fd_message_send(parent, "{\"t\":\"stop\"}", 12, -1);
	pthread_join(thread, NULL);
	media_server_stop(server);
	check("control: it stops when told", true);
	close(parent);
	close(link_fd);
	return check_done();
}

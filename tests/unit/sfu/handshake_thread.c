/* Many handshakes at once on the handshake thread, over a UDP socket and over a "TCP" callback; removals, failures, bounds. TSan too. */
#include "handshake_thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../transport/dtls_client.h"
#include "check.h"
#include "clock.h"
#include "udp.h"

enum { PEERS = 40, SECOND = 1000000 };

struct result { bool done; const char *reason; uint16_t worker; struct path path; struct media_key_material keys; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct result result[4000];
static struct wire tcp[PEERS + 1];              /* datagrams that came through `send`, by peer */

static void on_done(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const struct media_key_material *keys)
{
	pthread_mutex_lock(&lock);
	result[peer].done = true;
	result[peer].worker = worker;
	result[peer].path = *path;
	result[peer].keys = *keys;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void on_closed(void *owner, uint64_t peer, const char *reason)
{
	pthread_mutex_lock(&lock);
	result[peer].reason = reason;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void on_send(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const uint8_t *bytes, size_t len)
{
	pthread_mutex_lock(&lock);
	if (peer <= PEERS && tcp[peer].count < WIRE_MAX) {
		tcp[peer].d[tcp[peer].count].len = len;
		memcpy(tcp[peer].d[tcp[peer].count++].bytes, bytes, len);
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Wait until the thread has done something, or a while has passed (OpenSSL's own timers then have their turn). */
static void wait_a_little(void)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock);
	pthread_cond_timedwait(&changed, &lock, &until);
	pthread_mutex_unlock(&lock);
}

static bool wait_reason(uint64_t peer, const char *reason)
{
	int64_t end = clock_now_us() + 20 * SECOND;
	bool found = false;
	while (!found && clock_now_us() < end) {
		wait_a_little();
		pthread_mutex_lock(&lock);
		found = result[peer].reason && !strcmp(result[peer].reason, reason);
		pthread_mutex_unlock(&lock);
	}
	return found;
}

static struct path tcp_path(uint64_t peer)
{
	return (struct path){ .kind = PATH_TCP, .conn = (uint32_t)peer, .port = 5, .ip = { 127, 0, 0, 1 } };
}

static void post_out(struct handshake_thread *t, struct dtls_client *c, uint64_t peer, int socket, const struct path *path)
{
	for (unsigned i = 0; i < c->out.count; i++)
		handshake_datagram(t, peer, (uint16_t)(peer % 3), socket, path, c->out.d[i].bytes, c->out.d[i].len);
	c->out.count = 0;
}

static bool run_tcp(struct handshake_thread *t, struct dtls_client *client, unsigned count, uint64_t first)
{
	unsigned finished = 0;
	for (unsigned i = 0; i < count; i++) {
		dtls_client_step(&client[i], NULL);
		struct path path = tcp_path(first + i);
		post_out(t, &client[i], first + i, -1, &path);
	}
	int64_t end = clock_now_us() + 60 * SECOND;
	while (finished < count && clock_now_us() < end) {
		wait_a_little();
		finished = 0;
		for (unsigned i = 0; i < count; i++) {
			struct wire *w = malloc(sizeof *w);
			pthread_mutex_lock(&lock);
			*w = tcp[first + i];
			tcp[first + i].count = 0;
			bool done = result[first + i].done;
			pthread_mutex_unlock(&lock);
			for (unsigned k = 0; k < w->count; k++)
				dtls_client_step(&client[i], &w->d[k]);
			free(w);
			DTLSv1_handle_timeout(client[i].ssl);
			struct path path = tcp_path(first + i);
			post_out(t, &client[i], first + i, -1, &path);
			finished += done && SSL_is_init_finished(client[i].ssl);
		}
	}
	return finished == count;
}

static void test_many(struct handshake_thread *t)
{
	static struct dtls_client client[PEERS];
	for (unsigned i = 0; i < PEERS; i++) {
		dtls_client_open(&client[i], (struct dtls_client_options){ .big_hello = i % 2 });
		handshake_add(t, 1 + i, client[i].fingerprint);
	}
	check("forty at once", run_tcp(t, client, PEERS, 1));
	unsigned wrong = 0;
	for (unsigned i = 0; i < PEERS; i++) {
		struct media_key_material theirs;
		struct path path = tcp_path(1 + i);
		dtls_client_keys(&client[i], &theirs);
		wrong += memcmp(&theirs, &result[1 + i].keys, sizeof theirs) != 0 || result[1 + i].worker != (1 + i) % 3 ||
			!path_equal(&path, &result[1 + i].path);
	}
	check("each with the client's keys, its worker and path", wrong == 0);

	/* One says goodbye, one is proved, one is removed. */
	struct path path = tcp_path(1);
	SSL_shutdown(client[0].ssl);
	post_out(t, &client[0], 1, -1, &path);
	check("close_notify: gone", wait_reason(1, "gone"));
	handshake_proved(t, 2);
	pthread_mutex_lock(&lock);
	tcp[3].count = 0;
	pthread_mutex_unlock(&lock);
	handshake_remove(t, 3);
	int64_t end = clock_now_us() + 10 * SECOND;
	unsigned farewell = 0;
	while (!farewell && clock_now_us() < end) {
		wait_a_little();
		pthread_mutex_lock(&lock);
		farewell = tcp[3].count;
		pthread_mutex_unlock(&lock);
	}
	check("removed: close_notify is sent", farewell == 1);
	struct handshake_stats before, after;
	handshake_stats(t, &before);
	path = tcp_path(2);
	handshake_datagram(t, 2, 0, -1, &path, (const uint8_t *)"\x16\xfe\xfd", 3);
	do {
		wait_a_little();
		handshake_stats(t, &after);
	} while (after.datagrams == before.datagrams && clock_now_us() < end);
	check("proved and removed ones are forgotten", after.unknown_peer == before.unknown_peer + 1);
	for (unsigned i = 0; i < PEERS; i++)
		dtls_client_close(&client[i]);
}

static void test_udp(struct handshake_thread *t)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof name;
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bind(server, (struct sockaddr *)&name, len);
	bind(peer, (struct sockaddr *)&name, len);
	getsockname(peer, (struct sockaddr *)&name, &len);
	struct path path = { .kind = PATH_UDP4, .port = ntohs(name.sin_port), .ip = { 127, 0, 0, 1 } };
	static struct dtls_client client;
	dtls_client_open(&client, (struct dtls_client_options){ 0 });
	handshake_add(t, 100, client.fingerprint);
	handshake_add(t, 100, client.fingerprint);      /* twice does no harm */
	dtls_client_step(&client, NULL);
	post_out(t, &client, 100, server, &path);
	int64_t end = clock_now_us() + 20 * SECOND;
	while (!SSL_is_init_finished(client.ssl) && clock_now_us() < end) {
		struct pollfd p = { .fd = peer, .events = POLLIN };
		struct wire_datagram d;
		if (poll(&p, 1, 20) > 0) {
			ssize_t n = recv(peer, d.bytes, sizeof d.bytes, 0);
			d.len = n > 0 ? (size_t)n : 0;
			dtls_client_step(&client, &d);
		} else {
			DTLSv1_handle_timeout(client.ssl);
		}
		post_out(t, &client, 100, server, &path);
	}
	check("over UDP, on the worker's own socket", SSL_is_init_finished(client.ssl));
	dtls_client_close(&client);
	close(peer);
	close(server);
}

static void test_refusals(struct handshake_thread *t)
{
	static struct dtls_client client;
	dtls_client_open(&client, (struct dtls_client_options){ 0 });
	static const char other[] = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
	handshake_add(t, 30, other);
	/* peer 30's slot in `tcp` is free again */
	pthread_mutex_lock(&lock);
	memset(&result[30], 0, sizeof result[30]);
	pthread_mutex_unlock(&lock);
	handshake_remove(t, 30);
	handshake_add(t, 30, other);
	dtls_client_step(&client, NULL);
	struct path path = tcp_path(30);
	int64_t end = clock_now_us() + 20 * SECOND;
	bool closed = false;
	while (!closed && clock_now_us() < end) {
		post_out(t, &client, 30, -1, &path);
		wait_a_little();
		pthread_mutex_lock(&lock);
		struct wire w = tcp[30];
		tcp[30].count = 0;
		closed = result[30].reason;
		pthread_mutex_unlock(&lock);
		for (unsigned k = 0; k < w.count; k++)
			dtls_client_step(&client, &w.d[k]);
	}
	check("threat 17: wrong fingerprint: closed with its reason, no keys", closed && !strcmp(result[30].reason, "fingerprint") && !result[30].done);
	dtls_client_close(&client);
	handshake_add(t, 101, "sha-1 00");
	check("an unusable fingerprint", wait_reason(101, "fingerprint"));
	char longer[300];
	memset(longer, 'A', sizeof longer);
	memcpy(longer, other, sizeof other - 1);
	longer[sizeof longer - 1] = 0;
	handshake_add(t, 102, longer);
	check("one that is too long", wait_reason(102, "fingerprint"));
	uint8_t big[HANDSHAKE_DATAGRAM_MAX + 1] = { 22 };
	check("a datagram too long", !handshake_datagram(t, 100, 0, -1, &path, big, sizeof big));
}

/* Half-open handshakes are bounded, whoever starts them. */
static void test_half_open(struct handshake_thread *t)
{
	static struct dtls_client client;
	struct handshake_stats before, now;
	dtls_client_open(&client, (struct dtls_client_options){ 0 });
	dtls_client_step(&client, NULL);
	handshake_stats(t, &before);
	unsigned tried = 0;
	for (uint64_t peer = 1000; peer < 1000 + HANDSHAKE_OPEN_MAX + 200; peer++, tried++) {
		struct path path = tcp_path(peer);
		while (!handshake_add(t, peer, client.fingerprint))
			wait_a_little();
		while (!handshake_datagram(t, peer, 0, -1, &path, client.out.d[0].bytes, client.out.d[0].len))
			wait_a_little();
	}
	int64_t end = clock_now_us() + 120 * (int64_t)SECOND;
	do {
		wait_a_little();
		handshake_stats(t, &now);
	} while (now.datagrams - before.datagrams < tried && clock_now_us() < end);
	check("at most a thousand half-open", now.started - before.started <= HANDSHAKE_OPEN_MAX && now.open_limit - before.open_limit >= 200);
	for (uint64_t peer = 1000; peer < 1000 + tried; peer++)
		while (!handshake_remove(t, peer))
			wait_a_little();
	dtls_client_close(&client);
}

int main(void)
{
	struct handshake_callbacks callbacks = { NULL, on_done, on_closed, on_send };
	struct handshake_thread *t = NULL;
	check("library starts", media_keys_library_start() == 0);
	check("thread starts", handshake_thread_start(&t, &callbacks) == 0);
	check("it has a fingerprint", !strncmp(handshake_fingerprint(t), "sha-256 ", 8));
	test_many(t);
	test_udp(t);
	test_refusals(t);
	test_half_open(t);
	handshake_thread_stop(t);
	handshake_thread_stop(NULL);

	/* Stopped in the middle of things: nothing is lost or leaked (LSan, TSan look on). */
	static struct dtls_client client;
	dtls_client_open(&client, (struct dtls_client_options){ 0 });
	dtls_client_step(&client, NULL);
	handshake_thread_start(&t, &callbacks);
	for (uint64_t peer = 3000; peer < 3030; peer++) {
		struct path path = tcp_path(peer);
		handshake_add(t, peer, client.fingerprint);
		handshake_datagram(t, peer, 0, -1, &path, client.out.d[0].bytes, client.out.d[0].len);
	}
	handshake_thread_stop(t);
	dtls_client_close(&client);
	check("stopped in the middle", true);
	return check_done();
}

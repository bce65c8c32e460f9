/* DTLS-SRTP handshakes in memory and in virtual time; threat 17. */
#include "dtls.h"

#include "check.h"
#include "dtls_client.h"

enum { SECOND = 1000000 };

static int64_t wall_us = INT64_C(1790000000) * SECOND;

/* OpenSSL's only clock for flights. */
int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	t->tv_sec = wall_us / SECOND;
	t->tv_usec = wall_us % SECOND;
	return 0;
}

static struct dtls_identity *identity;

struct run {
	struct dtls *server;
	struct dtls_client client;
	struct wire to_client;
	unsigned sent, lose;            /* datagrams so far, both ways; those whose bit is set in `lose` are lost */
	unsigned server_sent;
	size_t longest;
};

static bool is_lost(struct run *r)
{
	unsigned n = r->sent++;
	return n < 32 && (r->lose >> n & 1);
}

static void flush_server(struct run *r)
{
	uint8_t bytes[DTLS_MTU];
	size_t len;
	while ((len = dtls_output(r->server, bytes)) > 0) {
		r->server_sent++;
		r->longest = len > r->longest ? len : r->longest;
		if (is_lost(r) || r->to_client.count == WIRE_MAX)
			continue;
		r->to_client.d[r->to_client.count].len = len;
		memcpy(r->to_client.d[r->to_client.count++].bytes, bytes, len);
	}
}

/* Exchange what is on the wire until it is empty. */
static void exchange(struct run *r)
{
	while (r->client.out.count || r->to_client.count) {
		struct wire *wire = malloc(sizeof *wire);
		*wire = r->client.out;
		r->client.out.count = 0;
		for (unsigned i = 0; i < wire->count; i++)
			if (!is_lost(r)) {
				dtls_receive(r->server, wire->d[i].bytes, wire->d[i].len);
				flush_server(r);
			}
		*wire = r->to_client;
		r->to_client.count = 0;
		for (unsigned i = 0; i < wire->count; i++)
			dtls_client_step(&r->client, &wire->d[i]);
		free(wire);
	}
}

/* Let both sides' timers work for up to `seconds`. True when both are connected. */
static bool handshake(struct run *r, int seconds)
{
	dtls_client_step(&r->client, NULL);
	exchange(r);
	int64_t end = wall_us + (int64_t)seconds * SECOND;
	while (wall_us < end && dtls_state(r->server) == DTLS_HANDSHAKING) {
		wall_us += 50000;
		if (dtls_timeout_us(r->server) == 0)
			dtls_tick(r->server);
		flush_server(r);
		DTLSv1_handle_timeout(r->client.ssl);
		exchange(r);
	}
	for (unsigned i = 0; i < 100 && !SSL_is_init_finished(r->client.ssl) && dtls_state(r->server) == DTLS_CONNECTED; i++) {
		wall_us += 100000;
		DTLSv1_handle_timeout(r->client.ssl);   /* our last flight was lost: the client repeats its own */
		exchange(r);
	}
	return dtls_state(r->server) == DTLS_CONNECTED && SSL_is_init_finished(r->client.ssl);
}

static struct run *open_run(struct dtls_client_options options)
{
	struct run *r = calloc(1, sizeof *r);
	dtls_client_open(&r->client, options);
	dtls_create(&r->server, identity, r->client.fingerprint);
	return r;
}

static void close_run(struct run *r)
{
	dtls_client_close(&r->client);
	dtls_destroy(r->server);
	free(r);
}

static void test_fingerprint_text(void)
{
	static const char good[] = "sha-256 00:11:22:33:44:55:66:77:88:99:aa:BB:cc:DD:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:fF";
	uint8_t out[DTLS_FINGERPRINT_BYTES];
	check("fingerprint: any case", dtls_fingerprint_parse(out, good) && out[0] == 0 && out[10] == 0xaa && out[11] == 0xbb && out[31] == 0xff);
	char text[128];
	unsigned taken = 0;
	for (size_t cut = 0; cut < sizeof good - 1; cut++) {
		memcpy(text, good, sizeof good);
		text[cut] = 0;
		taken += dtls_fingerprint_parse(out, text);
	}
	check("fingerprint: no cut is taken", taken == 0);
	for (size_t at = 0; at < sizeof good - 1; at++) {
		memcpy(text, good, sizeof good);
		text[at] = '!';
		taken += dtls_fingerprint_parse(out, text);
	}
	check("fingerprint: no odd character is taken", taken == 0);
	snprintf(text, sizeof text, "%s0", good);
	check("fingerprint: nothing behind it", !dtls_fingerprint_parse(out, text));
	check("fingerprint: sha-1 is refused", !dtls_fingerprint_parse(out, "sha-1 00:11"));
	struct dtls *d = NULL;
	check("no fingerprint, no DTLS", dtls_create(&d, identity, "") == -22 && dtls_create(&d, identity, NULL) == -22);
	check("our own parses", dtls_fingerprint_parse(out, dtls_identity_fingerprint(identity)));
}

static void test_keys(const char *name, const char *profiles, uint32_t expected)
{
	struct run *r = open_run((struct dtls_client_options){ .profiles = profiles });
	struct media_key_material ours, theirs;
	check("no keys before the handshake", dtls_export_keys(r->server, &ours) == -1);
	bool done = handshake(r, 5);
	check(name, done && dtls_export_keys(r->server, &ours) == 0 && dtls_client_keys(&r->client, &theirs) &&
		memcmp(&ours, &theirs, sizeof ours) == 0 && ours.profile == expected);
	check("no datagram above the MTU", r->longest <= DTLS_MTU);
	check("connected: no timer", dtls_timeout_us(r->server) == INT64_MAX && dtls_reason(r->server) == NULL);

	struct media_keys *server = NULL, *client = NULL;
	uint8_t bytes[200] = { 0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 };
	uint16_t len = 100;
	struct packet *pkt = calloc(1, sizeof *pkt);
	pkt->data = pkt->room;
	bool both = media_keys_create(&server, &ours, 4) == 0 && media_keys_create_client(&client, &theirs, 4) == 0 &&
		media_protect(client, bytes, &len, sizeof bytes) == PKT_OK;
	memcpy(pkt->data, bytes, len);
	pkt->len = len;
	check("the keys open what the client seals", both && media_unprotect(server, pkt) == PKT_OK);
	free(pkt);
	media_keys_destroy(server);
	media_keys_destroy(client);

	SSL_shutdown(r->client.ssl);
	exchange(r);
	check("close_notify: gone", dtls_state(r->server) == DTLS_CLOSED && !strcmp(dtls_reason(r->server), "gone"));
	check("no keys after it", dtls_export_keys(r->server, &ours) == -1);
	close_run(r);
}

static void test_two_datagrams(void)
{
	struct run *r = open_run((struct dtls_client_options){ .big_hello = true });
	dtls_client_step(&r->client, NULL);
	check("the hello is two datagrams", r->client.out.count == 2);
	check("a hello in two datagrams", handshake(r, 5));
	close_run(r);

	r = open_run((struct dtls_client_options){ .big_hello = true });
	dtls_client_step(&r->client, NULL);
	struct wire_datagram swap = r->client.out.d[0];
	r->client.out.d[0] = r->client.out.d[1];
	r->client.out.d[1] = swap;
	check("...that come in the wrong order", handshake(r, 5));
	close_run(r);

	r = open_run((struct dtls_client_options){ .big_hello = true });
	r->lose = 2;
	check("...the second of which is lost", handshake(r, 20));
	close_run(r);
}

static void test_losses(void)
{
	unsigned failed = 0, most = 0;
	for (unsigned lost = 0; lost < 8; lost++) {
		struct run *r = open_run((struct dtls_client_options){ .big_hello = true });
		r->lose = 1u << lost;
		failed += !handshake(r, 30);
		close_run(r);
	}
	check("any one of the first eight datagrams lost", failed == 0);
	for (unsigned seed = 1; seed <= 40; seed++) {
		struct run *r = open_run((struct dtls_client_options){ .big_hello = seed % 2 });
		r->lose = seed * 2654435761u & seed * 40503u << 7;
		failed += !handshake(r, 60);
		most = r->server_sent > most ? r->server_sent : most;
		close_run(r);
	}
	check("a quarter of all lost, forty ways", failed == 0 && most < 60);
}

static void test_timers(void)
{
	struct run *r = open_run((struct dtls_client_options){ 0 });
	check("no timer before the first flight", dtls_timeout_us(r->server) == INT64_MAX);
	dtls_client_step(&r->client, NULL);
	dtls_receive(r->server, r->client.out.d[0].bytes, r->client.out.d[0].len);
	flush_server(r);
	unsigned flight = r->server_sent;
	check("a flight is out, its timer runs", flight > 0 && dtls_timeout_us(r->server) == 400000);
	dtls_tick(r->server);
	flush_server(r);
	check("nothing before the time", r->server_sent == flight);
	static const int64_t expected_us[] = { 400000, 800000, 1600000, 3200000, 3200000 };
	bool right = true;
	unsigned sent = flight;
	for (unsigned i = 0; i < 5; i++) {
		right &= dtls_timeout_us(r->server) == expected_us[i];
		wall_us += expected_us[i];
		dtls_tick(r->server);
		flush_server(r);
		right &= r->server_sent - sent == 5;    /* OpenSSL repeats each message in a datagram of its own */
		sent = r->server_sent;
	}
	check("the flight is repeated at 0.4, 0.8, 1.6, 3.2, 3.2 s", right);
	wall_us -= 3600 * (int64_t)SECOND;
	check("a clock set back holds nothing up for long", dtls_timeout_us(r->server) <= 3200000);
	wall_us += 3600 * (int64_t)SECOND;
	for (unsigned i = 0; i < 40 && dtls_state(r->server) == DTLS_HANDSHAKING; i++) {
		wall_us += 3200000;
		dtls_tick(r->server);
		flush_server(r);
	}
	check("in the end it gives up", dtls_state(r->server) == DTLS_FAILED && !strcmp(dtls_reason(r->server), "dtls"));
	close_run(r);
}

static void test_last_flight(void)
{
	struct run *r = open_run((struct dtls_client_options){ 0 });
	dtls_client_step(&r->client, NULL);
	bool done = false;
	for (unsigned i = 0; i < 10 && !done; i++) {
		struct wire w = r->client.out;
		r->client.out.count = 0;
		for (unsigned k = 0; k < w.count; k++)
			dtls_receive(r->server, w.d[k].bytes, w.d[k].len);
		done = dtls_state(r->server) == DTLS_CONNECTED;
		flush_server(r);
		if (done)
			r->to_client.count = 0;         /* our Finished is lost */
		w = r->to_client;
		r->to_client.count = 0;
		for (unsigned k = 0; k < w.count; k++)
			dtls_client_step(&r->client, &w.d[k]);
	}
	check("we are done, the client is not", done && !SSL_is_init_finished(r->client.ssl));
	wall_us += 2 * SECOND;
	DTLSv1_handle_timeout(r->client.ssl);
	exchange(r);
	check("it repeats its last flight, and gets ours again", SSL_is_init_finished(r->client.ssl) && dtls_state(r->server) == DTLS_CONNECTED);
	close_run(r);
}

static void expect_failure(const char *name, struct dtls_client_options options, const char *fingerprint, const char *reason)
{
	struct run *r = open_run(options);
	if (fingerprint) {
		dtls_destroy(r->server);
		dtls_create(&r->server, identity, fingerprint);
	}
	bool connected = handshake(r, 60);
	struct media_key_material keys;
	check(name, !connected && dtls_state(r->server) == DTLS_FAILED && !strcmp(dtls_reason(r->server), reason) &&
		dtls_export_keys(r->server, &keys) == -1);
	unsigned before = r->server_sent;
	dtls_receive(r->server, (const uint8_t *)"\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x05hello", 18);
	dtls_close(r->server);
	flush_server(r);
	check("...and says nothing more", r->server_sent == before && dtls_timeout_us(r->server) == INT64_MAX);
	close_run(r);
}

static void test_noise(void)
{
	struct run *r = open_run((struct dtls_client_options){ 0 });
	dtls_client_step(&r->client, NULL);
	srand(1);
	uint8_t noise[600];
	for (unsigned i = 0; i < 3000; i++) {
		for (unsigned k = 0; k < sizeof noise; k++)
			noise[k] = (uint8_t)rand();
		noise[0] = (uint8_t)(20 + i % 5);
		if (i % 3) {
			noise[1] = 0xfe;
			noise[2] = 0xfd;
			noise[3] = 0;
			noise[4] = (uint8_t)(i % 2);
			noise[11] = 0;
			noise[12] = (uint8_t)(i % 200);
		}
		if (noise[0] == 22 || noise[0] == 21)
			continue;       /* a plaintext handshake or alert is believed before there are keys: that is DTLS */
		dtls_receive(r->server, noise, sizeof noise);
	}
	check("noise before the hello", handshake(r, 5));
	for (unsigned i = 0; i < 3000; i++) {
		for (unsigned k = 0; k < sizeof noise; k++)
			noise[k] = (uint8_t)rand();
		noise[0] = (uint8_t)(20 + i % 4);
		noise[1] = 0xfe;
		noise[2] = 0xfd;
		noise[3] = 0;
		noise[4] = (uint8_t)(i % 2);
		noise[11] = 0;
		noise[12] = 2;
		if (i % 2)
			memcpy(noise + 13, "\x01\x00", 2);      /* a close_notify, unsigned */
		dtls_receive(r->server, noise, 15);
	}
	check("forged records, alerts and close_notify after it", dtls_state(r->server) == DTLS_CONNECTED);
	close_run(r);
}

int main(void)
{
	check("library starts", media_keys_library_start() == 0);
	check("identity", dtls_identity_create(&identity) == 0);
	test_fingerprint_text();
	test_keys("GCM is chosen where both are offered", NULL, MEDIA_AEAD_AES_128_GCM);
	test_keys("AES-CM where it is all there is", "SRTP_AES128_CM_SHA1_80", MEDIA_AES128_CM_SHA1_80);
	test_two_datagrams();
	test_losses();
	test_timers();
	test_last_flight();
	static const char other[] = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
	expect_failure("threat 17: wrong fingerprint, no keys", (struct dtls_client_options){ 0 }, other, "fingerprint");
	expect_failure("threat 17: no certificate, no keys", (struct dtls_client_options){ .no_certificate = true }, NULL, "fingerprint");
	expect_failure("no SRTP profile", (struct dtls_client_options){ .profiles = "" }, NULL, "dtls");
	expect_failure("an SRTP profile we have not", (struct dtls_client_options){ .profiles = "SRTP_AES128_CM_SHA1_32" }, NULL, "dtls");
	expect_failure("DTLS 1.0", (struct dtls_client_options){ .most_version = DTLS1_VERSION }, NULL, "dtls");
	expect_failure("CBC alone", (struct dtls_client_options){ .ciphers = "ECDHE-ECDSA-AES128-SHA" }, NULL, "dtls");
	test_noise();
	dtls_identity_destroy(identity);
	dtls_identity_destroy(NULL);
	dtls_destroy(NULL);
	return check_done();
}

/*
 * Datagrams into a DTLS server: the input is a list of datagrams, two bytes of length each. First byte: 1, a true ClientHello goes
 * first; even, they go to a server whose handshake is complete: no forged datagram may end it (so one is kept for all runs).
 */
#include "dtls.h"

#include <assert.h>

#include "../../unit/transport/dtls_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void drain(struct dtls *d, struct dtls_client *c)
{
	uint8_t out[DTLS_MTU];
	size_t n;
	while ((n = dtls_output(d, out)) > 0) {
		assert(n <= DTLS_MTU);
		if (c) {
			struct wire_datagram w = { .len = n };
			memcpy(w.bytes, out, n);
			dtls_client_step(c, &w);
		}
	}
}

static void deliver(struct dtls *d, struct dtls_client *c)
{
	static struct wire w;
	w = c->out;
	c->out.count = 0;
	for (unsigned i = 0; i < w.count; i++) {
		dtls_receive(d, w.d[i].bytes, w.d[i].len);
		drain(d, c);
	}
}

static struct dtls *connected(struct dtls_identity *identity)
{
	static struct dtls_client client;
	static struct dtls *d;
	if (d)
		return d;
	dtls_client_open(&client, (struct dtls_client_options){ 0 });
	dtls_create(&d, identity, client.fingerprint);
	dtls_client_step(&client, NULL);
	for (unsigned i = 0; i < 10 && dtls_state(d) == DTLS_HANDSHAKING; i++)
		deliver(d, &client);
	assert(dtls_state(d) == DTLS_CONNECTED);
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct dtls_identity *identity;
	static struct dtls_client hello;                /* made once: its first flight is kept */
	static struct wire first_flight;
	if (!identity) {
		dtls_identity_create(&identity);
		dtls_client_open(&hello, (struct dtls_client_options){ 0 });
		dtls_client_step(&hello, NULL);
		first_flight = hello.out;
	}
	if (!len)
		return 0;
	uint8_t how = bytes[0];
	bool complete = how % 2 == 0;
	struct dtls *d = complete ? connected(identity) : NULL;
	if (!complete)
		dtls_create(&d, identity, hello.fingerprint);
	for (unsigned i = 0; how == 1 && i < first_flight.count; i++)
		dtls_receive(d, first_flight.d[i].bytes, first_flight.d[i].len);
	drain(d, NULL);
	bytes++;
	len--;
	while (len >= 2) {
		size_t n = (size_t)(bytes[0] << 8 | bytes[1]) & 2047;
		n = n < len - 2 ? n : len - 2;
		uint8_t *copy = malloc(n + 1);          /* exactly its size: an overread is seen */
		memcpy(copy, bytes + 2, n);
		dtls_receive(d, copy, n);
		free(copy);
		drain(d, NULL);
		bytes += 2 + n;
		len -= 2 + n;
	}
	struct media_key_material keys;
	if (complete) {
		assert(dtls_state(d) == DTLS_CONNECTED);
	} else {
		assert(dtls_export_keys(d, &keys) != 0);
		dtls_destroy(d);
	}
	return 0;
}

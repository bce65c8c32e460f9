/**
 * One way to the server: a connected UDP socket, or a TCP connection with RFC 4571 framing (ICE-TCP, active side).
 *
 * Datagrams go up through `on_datagram`. `tp_wire_close` may be called from inside a callback; the memory is the owner's.
 */
#ifndef HOPKIN_PEER_TP_WIRE_H
#define HOPKIN_PEER_TP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tp_loop.h"

struct tp_wire;

struct tp_wire_events {
	void (*on_datagram)(struct tp_wire *wire, uint8_t *bytes, size_t len);
	void (*on_open)(struct tp_wire *wire);          /* may send now */
	void (*on_closed)(struct tp_wire *wire);        /* TCP only: refused, reset or ended */
};

struct tp_wire {
	struct tp_loop *loop;
	struct tp_watch watch;
	const struct tp_wire_events *events;
	void *owner;
	bool tcp, open, reading;
	struct sockaddr_storage local, remote;
	uint8_t *in, *out;              /* TCP: bytes not yet framed, bytes not yet taken by the kernel */
	size_t in_len, out_len;
	uint64_t sent, received;        /* datagrams */
	uint64_t dropped;               /* not sent: the kernel or the TCP queue was full */
};

/** `bind_to` may be NULL. Opens at once for UDP, later for TCP. Returns 0 or -errno. */
int tp_wire_open(struct tp_wire *wire, struct tp_loop *loop, const struct tp_wire_events *events, void *owner, bool tcp,
	const struct sockaddr *bind_to, const struct sockaddr *remote);
void tp_wire_send(struct tp_wire *wire, const uint8_t *bytes, size_t len);

/** TCP: bytes as they are, without a length in front. */
void tp_wire_send_raw(struct tp_wire *wire, const uint8_t *bytes, size_t len);

/** Stops or takes up reading: a slow receiver. */
void tp_wire_read(struct tp_wire *wire, bool on);
void tp_wire_close(struct tp_wire *wire);

bool tp_address(struct sockaddr_storage *out, const char *host, uint16_t port);
size_t tp_address_size(const struct sockaddr_storage *addr);

#endif

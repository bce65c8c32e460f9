/**
 * A small WebSocket client over TLS (RFC 6455), for tests: it says what it is told to, right or wrong.
 *
 * Certificates are not checked (the server's is a trial one; its trust is tested with browsers). One loop, one thread.
 */
#ifndef HOPKIN_PEER_TP_WS_H
#define HOPKIN_PEER_TP_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_loop.h"

struct tp_ws;

struct tp_ws_config {
	const char *url;                /* wss://ADDRESS[:PORT]/PATH; the address is numeric */
	const char *origin, *cookie;    /* NULL: header left out */
	const char *protocol;           /* NULL: header left out */
};

struct tp_ws_events {
	void (*on_open)(void *owner);
	/** A whole text or binary message; a binary one is already inflated. NUL-terminated. */
	void (*on_message)(void *owner, const char *text, size_t len, bool binary);
	/** Once, at the end. `status`: of HTTP when the upgrade was refused, else 0; `code`: the close code, 1006 without one. */
	void (*on_closed)(void *owner, int status, int code);
};

int tp_ws_open(struct tp_ws **out, struct tp_loop *loop, const struct tp_ws_config *config, const struct tp_ws_events *events, void *owner);

/** Drops the connection at once. Not from inside a callback. */
void tp_ws_destroy(struct tp_ws *ws);

void tp_ws_send(struct tp_ws *ws, const char *text, size_t len, bool deflated);
void tp_ws_close(struct tp_ws *ws, uint16_t code);

/** A frame as told: first byte, declared length, and the bytes that really follow (masked with zeros). */
void tp_ws_send_frame(struct tp_ws *ws, uint8_t first, uint64_t declared, const void *bytes, size_t len);

bool tp_ws_is_open(const struct tp_ws *ws);

/** Stops or takes up reading from the socket. */
void tp_ws_read(struct tp_ws *ws, bool on);

/** Microseconds from tp_ws_open to the open socket. */
int64_t tp_ws_opened_after_us(const struct tp_ws *ws);

#endif

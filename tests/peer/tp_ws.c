#include "tp_ws.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "tp_wire.h"

enum { MESSAGE_ROOM = 1 << 20, OUT_ROOM = 4 << 20 };
enum state { CONNECTING, SHAKING, UPGRADING, OPEN, ENDED };

struct tp_ws {
	struct tp_loop *loop;
	struct tp_watch watch;
	struct tp_timer later;          /* tells of the end outside of other calls */
	struct tp_ws_events events;
	void *owner;
	enum state state;
	SSL *ssl;
	char host[128], path[512], origin[256], cookie[1024], protocol[64];
	bool has_origin, has_cookie, has_protocol, paused, wants_write;
	uint8_t *in, *out, *message;
	size_t in_len, out_len, message_len;
	uint8_t opcode;                 /* of the message being put together */
	int status, code;
	int64_t started_us, opened_us;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static SSL_CTX *context;

static void make_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void on_end_due(struct tp_timer *timer)
{
	struct tp_ws *ws = timer->owner;
	ws->events.on_closed(ws->owner, ws->status, ws->code);
}

static void ended(struct tp_ws *ws)
{
	if (ws->state == ENDED)
		return;
	ws->state = ENDED;
	tp_watch_remove(ws->loop, &ws->watch);
	close(ws->watch.fd);
	tp_timer_at(ws->loop, &ws->later, tp_now_us());
}

static void want(struct tp_ws *ws)
{
	if (ws->state == ENDED)
		return;
	uint32_t events = ws->paused ? 0 : EPOLLIN;
	if (ws->state == CONNECTING || ws->wants_write || (ws->out_len && ws->state >= UPGRADING))
		events |= EPOLLOUT;
	tp_watch_events(ws->loop, &ws->watch, events);
}

static void flush(struct tp_ws *ws)
{
	while (ws->out_len && ws->state != ENDED) {
		int n = SSL_write(ws->ssl, ws->out, (int)ws->out_len);
		if (n <= 0) {
			int error = SSL_get_error(ws->ssl, n);
			ERR_clear_error();
			if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ)
				ended(ws);
			break;
		}
		memmove(ws->out, ws->out + n, ws->out_len - (size_t)n);
		ws->out_len -= (size_t)n;
	}
	want(ws);
}

static void put(struct tp_ws *ws, const void *bytes, size_t len)
{
	if (ws->state == ENDED || ws->out_len + len > OUT_ROOM)
		return;
	memcpy(ws->out + ws->out_len, bytes, len);
	ws->out_len += len;
}

/* -- frames -- */

static void put_head(struct tp_ws *ws, uint8_t first, uint64_t declared)
{
	uint8_t head[14] = { first };
	size_t n;
	if (declared < 126) {
		head[1] = (uint8_t)(0x80 | declared);
		n = 2;
	} else if (declared < 65536) {
		head[1] = 0x80 | 126;
		head[2] = (uint8_t)(declared >> 8);
		head[3] = (uint8_t)declared;
		n = 4;
	} else {
		head[1] = 0x80 | 127;
		for (int i = 0; i < 8; i++)
			head[2 + i] = (uint8_t)(declared >> (56 - 8 * i));
		n = 10;
	}
	put(ws, head, n);
}

void tp_ws_send_frame(struct tp_ws *ws, uint8_t first, uint64_t declared, const void *bytes, size_t len)
{
	static const uint8_t mask[4];
	put_head(ws, first, declared);
	put(ws, mask, 4);
	put(ws, bytes, len);
	if (ws->state == OPEN)
		flush(ws);
}

static void send_masked(struct tp_ws *ws, uint8_t first, const uint8_t *bytes, size_t len)
{
	uint8_t mask[4];
	uint8_t *copy = malloc(len + 1);
	if (!copy)
		return;
	RAND_bytes(mask, 4);
	for (size_t i = 0; i < len; i++)
		copy[i] = bytes[i] ^ mask[i % 4];
	put_head(ws, first, len);
	put(ws, mask, 4);
	put(ws, copy, len);
	free(copy);
	if (ws->state == OPEN)
		flush(ws);
}

void tp_ws_send(struct tp_ws *ws, const char *text, size_t len, bool deflated)
{
	if (!deflated) {
		send_masked(ws, 0x81, (const uint8_t *)text, len);
		return;
	}
	z_stream z = { 0 };
	uLong room = compressBound(len) + 64;
	uint8_t *out = malloc(room);
	if (!out || deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(out);
		return;
	}
	z.next_in = (uint8_t *)(uintptr_t)text;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		send_masked(ws, 0x82, out, z.total_out);
	deflateEnd(&z);
	free(out);
}

void tp_ws_close(struct tp_ws *ws, uint16_t code)
{
	uint8_t bytes[2] = { (uint8_t)(code >> 8), (uint8_t)code };
	send_masked(ws, 0x88, bytes, 2);
}

static void deliver(struct tp_ws *ws)
{
	if (ws->opcode == 1) {
		ws->message[ws->message_len] = 0;
		ws->events.on_message(ws->owner, (char *)ws->message, ws->message_len, false);
		return;
	}
	z_stream z = { 0 };
	char *out = malloc(MESSAGE_ROOM);
	if (!out || inflateInit2(&z, -15) != Z_OK) {
		free(out);
		return;
	}
	z.next_in = ws->message;
	z.avail_in = (uInt)ws->message_len;
	z.next_out = (uint8_t *)out;
	z.avail_out = MESSAGE_ROOM - 1;
	if (inflate(&z, Z_FINISH) == Z_STREAM_END) {
		out[z.total_out] = 0;
		ws->events.on_message(ws->owner, out, z.total_out, true);
	}
	inflateEnd(&z);
	free(out);
}

static void take_frame(struct tp_ws *ws, uint8_t first, const uint8_t *bytes, size_t len)
{
	uint8_t opcode = first & 0xf;
	switch (opcode) {
	case 8:
		ws->code = len >= 2 ? bytes[0] << 8 | bytes[1] : 1005;
		send_masked(ws, 0x88, bytes, len >= 2 ? 2 : 0);
		ended(ws);
		return;
	case 9:
		send_masked(ws, 0x8a, bytes, len);
		return;
	case 10:
		return;
	}
	if (opcode) {
		ws->opcode = opcode;
		ws->message_len = 0;
	}
	if (ws->message_len + len >= MESSAGE_ROOM)
		return;
	memcpy(ws->message + ws->message_len, bytes, len);
	ws->message_len += len;
	if (first & 0x80)
		deliver(ws);
}

static void take_frames(struct tp_ws *ws)
{
	while (ws->state == OPEN && ws->in_len >= 2) {
		size_t head = 2;
		uint64_t len = ws->in[1] & 0x7f;
		if (len == 126)
			head = 4;
		else if (len == 127)
			head = 10;
		if (ws->in_len < head)
			return;
		if (head > 2) {
			len = 0;
			for (size_t i = 2; i < head; i++)
				len = len << 8 | ws->in[i];
		}
		if (len > MESSAGE_ROOM - head - 1 || ws->in_len < head + len)
			return;
		take_frame(ws, ws->in[0], ws->in + head, (size_t)len);
		if (ws->state == ENDED)
			return;
		ws->in_len -= head + (size_t)len;
		memmove(ws->in, ws->in + head + len, ws->in_len);
	}
}

/* -- upgrade -- */

static void send_upgrade(struct tp_ws *ws)
{
	char text[4096];
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: aG9wa2luLXRlc3QtcGVlcg==\r\nSec-WebSocket-Version: 13\r\n", ws->path, ws->host);
	if (ws->has_protocol)
		n += snprintf(text + n, sizeof text - (size_t)n, "Sec-WebSocket-Protocol: %s\r\n", ws->protocol);
	if (ws->has_origin)
		n += snprintf(text + n, sizeof text - (size_t)n, "Origin: %s\r\n", ws->origin);
	if (ws->has_cookie)
		n += snprintf(text + n, sizeof text - (size_t)n, "Cookie: %s\r\n", ws->cookie);
	n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
	put(ws, text, (size_t)n);
	flush(ws);
}

static void take_upgrade(struct tp_ws *ws)
{
	ws->in[ws->in_len] = 0;
	char *end = strstr((char *)ws->in, "\r\n\r\n");
	if (!end)
		return;
	int status = 0;
	sscanf((char *)ws->in, "HTTP/1.%*d %d", &status);
	if (status != 101) {
		ws->status = status;
		ended(ws);
		return;
	}
	size_t head = (size_t)(end + 4 - (char *)ws->in);
	ws->in_len -= head;
	memmove(ws->in, ws->in + head, ws->in_len);
	ws->state = OPEN;
	ws->opened_us = tp_now_us();
	ws->events.on_open(ws->owner);
}

static void shake(struct tp_ws *ws)
{
	int n = SSL_connect(ws->ssl);
	int error = SSL_get_error(ws->ssl, n);
	ERR_clear_error();
	ws->wants_write = n != 1 && error == SSL_ERROR_WANT_WRITE;
	if (n == 1) {
		ws->state = UPGRADING;
		send_upgrade(ws);
	} else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		ended(ws);
	}
	want(ws);
}

static void receive(struct tp_ws *ws)
{
	while (ws->state == UPGRADING || ws->state == OPEN) {
		int n = SSL_read(ws->ssl, ws->in + ws->in_len, (int)(MESSAGE_ROOM - 1 - ws->in_len));
		if (n <= 0) {
			int error = SSL_get_error(ws->ssl, n);
			ERR_clear_error();
			if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
				ended(ws);
			return;
		}
		ws->in_len += (size_t)n;
		if (ws->state == UPGRADING)
			take_upgrade(ws);
		take_frames(ws);
	}
}

static void on_ready(struct tp_watch *watch, uint32_t events)
{
	struct tp_ws *ws = watch->owner;
	if (ws->state == CONNECTING) {
		int error = 0;
		socklen_t len = sizeof error;
		getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			ended(ws);
			return;
		}
		ws->state = SHAKING;
	}
	if (ws->state == SHAKING) {
		shake(ws);
		return;
	}
	if (events & EPOLLOUT)
		flush(ws);
	if (!ws->paused && ws->state != ENDED)
		receive(ws);
	if (ws->state != ENDED)
		want(ws);
}

/* -- life -- */

static bool parse_url(struct tp_ws *ws, const char *url, char host[64], unsigned *port)
{
	char rest[512] = "";
	*port = 443;
	if (strncmp(url, "wss://", 6) != 0)
		return false;
	url += 6;
	int n = *url == '[' ? sscanf(url, "[%63[^]]]%511s", host, rest) : sscanf(url, "%63[^:/]%511s", host, rest);
	if (n < 1)
		return false;
	const char *path = rest;
	if (*path == ':')
		*port = (unsigned)strtoul(path + 1, (char **)&path, 10);
	snprintf(ws->path, sizeof ws->path, "%s", *path ? path : "/");
	snprintf(ws->host, sizeof ws->host, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, *port);
	return true;
}

static void keep(char *out, size_t room, bool *has, const char *value)
{
	*has = value != NULL;
	snprintf(out, room, "%s", value ? value : "");
}

int tp_ws_open(struct tp_ws **out, struct tp_loop *loop, const struct tp_ws_config *config, const struct tp_ws_events *events, void *owner)
{
	char host[64];
	unsigned port;
	struct sockaddr_storage addr;
	pthread_once(&once, make_context);
	struct tp_ws *ws = calloc(1, sizeof *ws);
	if (!ws)
		return -ENOMEM;
	ws->loop = loop;
	ws->events = *events;
	ws->owner = owner;
	ws->code = 1006;
	ws->started_us = tp_now_us();
	ws->later = (struct tp_timer){ .owner = ws, .on_due = on_end_due };
	keep(ws->origin, sizeof ws->origin, &ws->has_origin, config->origin);
	keep(ws->cookie, sizeof ws->cookie, &ws->has_cookie, config->cookie);
	keep(ws->protocol, sizeof ws->protocol, &ws->has_protocol, config->protocol);
	ws->in = malloc(MESSAGE_ROOM);
	ws->out = malloc(OUT_ROOM);
	ws->message = malloc(MESSAGE_ROOM);
	ws->ssl = SSL_new(context);
	ws->state = ENDED;
	if (!ws->in || !ws->out || !ws->message || !ws->ssl || !parse_url(ws, config->url, host, &port)
	    || !tp_address(&addr, host, (uint16_t)port)) {
		tp_ws_destroy(ws);
		return -EINVAL;
	}
	int on = 1, fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, (void *)&addr, (socklen_t)tp_address_size(&addr)) && errno != EINPROGRESS)) {
		int err = -errno;
		close(fd);
		tp_ws_destroy(ws);
		return err;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	SSL_set_fd(ws->ssl, fd);
	ws->state = CONNECTING;
	ws->watch = (struct tp_watch){ .fd = fd, .owner = ws, .on_ready = on_ready };
	tp_watch_add(loop, &ws->watch, EPOLLIN | EPOLLOUT);
	*out = ws;
	return 0;
}

void tp_ws_destroy(struct tp_ws *ws)
{
	if (!ws)
		return;
	if (ws->state != ENDED) {
		tp_watch_remove(ws->loop, &ws->watch);
		close(ws->watch.fd);
	}
	tp_timer_stop(ws->loop, &ws->later);
	SSL_free(ws->ssl);
	free(ws->in);
	free(ws->out);
	free(ws->message);
	free(ws);
}

bool tp_ws_is_open(const struct tp_ws *ws)
{
	return ws->state == OPEN;
}

void tp_ws_read(struct tp_ws *ws, bool on)
{
	ws->paused = !on;
	want(ws);
}

int64_t tp_ws_opened_after_us(const struct tp_ws *ws)
{
	return ws->opened_us - ws->started_us;
}

/* The two libwebsockets contexts, and connections from adoption to end. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"
#include "leaks.h"
#include "log.h"

/* -- finding one's way ------------------------------------------------------------------------------------------------ */

struct listener *front_listener_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

struct front *front_of(struct lws *wsi)
{
	return front_listener_of(wsi)->front;
}

struct connection *front_connection_of(struct lws *wsi)
{
	return lws_get_opaque_user_data(wsi);
}

bool front_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t room)
{
	int n = lws_hdr_copy(wsi, out, (int)room, token);
	if (n < 0)
		out[0] = '\0';
	return n > 0;
}

void front_cookie(struct lws *wsi, const char *name, char out[64])
{
	size_t len = strlen(name);
	char cookies[4096];
	out[0] = '\0';
	if (!front_header(wsi, WSI_TOKEN_HTTP_COOKIE, cookies, sizeof cookies))
		return;
	for (char *at = cookies; at; at = strchr(at, ';')) {
		at += strspn(at, "; ");
		if (strncmp(at, name, len) == 0 && at[len] == '=') {
			at += len + 1;
			size_t n = strcspn(at, "; ");
			if (n < 64) {
				memcpy(out, at, n);
				out[n] = '\0';
			}
			break;
		}
	}
	explicit_bzero(cookies, sizeof cookies);
}

/* -- connections ------------------------------------------------------------------------------------------------------ */

static void address_of(struct connection *c, int fd)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof from;
	uint8_t *ip = c->from.ip;
	getpeername(fd, (struct sockaddr *)&from, &len);
	if (from.ss_family == AF_INET6) {
		memcpy(ip, &((struct sockaddr_in6 *)&from)->sin6_addr, 16);
	} else {
		ip[10] = ip[11] = 0xff;
		memcpy(ip + 12, &((struct sockaddr_in *)&from)->sin_addr, 4);
	}
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (memcmp(ip, mapped, sizeof mapped) == 0)
		inet_ntop(AF_INET, ip + 12, c->from_text, sizeof c->from_text);
	else
		inet_ntop(AF_INET6, ip, c->from_text, sizeof c->from_text);
}

/* IPv6: a /64 is one customer. */
static bool same_place(const struct client_address *a, const struct client_address *b)
{
	bool v4 = a->ip[10] == 0xff && a->ip[11] == 0xff && !memcmp(a->ip, (uint8_t[10]){ 0 }, 10);
	return memcmp(a->ip, b->ip, v4 ? 16 : 8) == 0;
}

static bool too_many(const struct front *front, const struct connection *c)
{
	if (front->connection_count >= (uint32_t)front->settings->connections)
		return true;
	if (front->connection_count < (uint32_t)front->settings->connections_per_address)
		return false;
	long same = 0;
	for (const struct connection *o = front->connections; o; o = o->next)
		same += same_place(&o->from, &c->from);
	return same >= front->settings->connections_per_address;
}

void front_adopt(void *arg, enum accept_kind kind, int fd)
{
	struct front *front = arg;
	if (kind == ACCEPT_MEDIA && front->live && !front->stopping) {
		live_tcp_adopt(front->live, fd);
		return;
	}
	struct connection *c = front->stopping || kind == ACCEPT_MEDIA ? NULL : calloc(1, sizeof *c);
	if (c)
		address_of(c, fd);
	/* Administration has no cap: nobody outside may be able to shut it. */
	if (!c || (kind == ACCEPT_TLS_MAIN && too_many(front, c))) {
		front->counters.connections_refused++;
		free(c);
		close(fd);
		return;
	}
	c->front = front;
	c->since_us = front_now_us();
	struct listener *listener = kind == ACCEPT_TLS_ADMIN ? &front->admin : &front->main;
	struct lws *wsi = lws_adopt_socket_vhost(listener->vhost, fd);
	if (!wsi) {             /* it has closed the descriptor */
		free(c);
		return;
	}
	c->wsi = wsi;
	c->next = front->connections;
	c->at = &front->connections;
	if (c->next)
		c->next->at = &c->next;
	front->connections = c;
	front->connection_count++;
	lws_set_opaque_user_data(wsi, c);
}

static void connection_ended(struct lws *wsi)
{
	struct connection *c = front_connection_of(wsi);
	if (!c)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	c->front->connection_count--;
	free(c);
}

void front_connections_tick(struct front *front)
{
	int64_t now_us = front_now_us();
	for (struct connection *c = front->connections; c; c = c->next) {
		if (c->secured)
			continue;
		SSL *ssl = lws_get_ssl(c->wsi);
		if (ssl && SSL_is_init_finished(ssl)) {
			c->secured = true;
		} else if (now_us - c->since_us > HANDSHAKE_MOST_US) {
			/* The loop then sees the end and takes the connection down by itself. */
			front->counters.handshakes_cut++;
			shutdown(lws_get_socket_fd(c->wsi), SHUT_RDWR);
			c->secured = true;
		}
	}
}

/* -- contexts --------------------------------------------------------------------------------------------------------- */

/* What concerns the connection, whatever it speaks; the rest is HTTP's. */
static int shared_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS: {
		struct listener *listener = lws_context_user(lws_get_context(wsi));
		listener->tls = user;
		server_tls_harden(user);
		return 0;
	}
	case LWS_CALLBACK_WSI_DESTROY:
		connection_ended(wsi);
		return 0;
	default:
		return http_callback(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols admin_protocols[] = {
	{ .name = "http", .callback = shared_callback },
	{ 0 },
};

static const struct lws_protocols main_protocols[] = {
	{ .name = "http", .callback = shared_callback },
	{ .name = "hopkin.v1", .callback = ws_callback, .rx_buffer_size = 16384 },
	{ 0 },
};

static void to_log(int level, const char *line)
{
	if (!(level & (LLL_ERR | LLL_WARN)))
		return;
	size_t n = strcspn(line, "\n");
	struct log_field text = log_strn("text", line, n);
	if (level & LLL_ERR)
		log_warn("websockets", text);
	else
		log_debug("websockets", text);
}

static int listen_one(struct listener *l, struct lws_protocols *protocols)
{
	struct front *front = l->front;
	void *loops[] = { front->loop };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,          /* it calls nobody: 140 certificates less to keep */
		.foreign_loops = loops,
		.gid = (gid_t)-1, .uid = (uid_t)-1,
		.user = l,
		.vhost_name = l->admin ? "administration" : "main",
		.ssl_cert_filepath = front->settings->certificate,
		.ssl_private_key_filepath = front->settings->key,
		.ssl_cipher_list = server_tls_ciphers,
		.tls1_3_plus_cipher_list = server_tls_ciphers_13,
		.alpn = "http/1.1",
		.timeout_secs = REQUEST_MOST_S,
		.keepalive_timeout = KEEPALIVE_S,
		.max_http_header_data = 8192,
		.pt_serv_buf_size = 32768,
	};
	leaks_expected();       /* front_unlisten says why */
	l->context = lws_create_context(&info);
	l->vhost = l->context ? lws_create_vhost(l->context, &info) : NULL;
	leaks_checked();
	return l->vhost && l->tls ? 0 : -EIO;
}

int front_listen(struct front *front)
{
	static struct lws_protocols mains[3], admins[2];
	memcpy(mains, main_protocols, sizeof mains);
	memcpy(admins, admin_protocols, sizeof admins);
	mains[0].per_session_data_size = admins[0].per_session_data_size = http_session_size();
	mains[1].per_session_data_size = ws_session_size();
	lws_set_log_level(LLL_ERR | LLL_WARN, to_log);
	front->main = (struct listener){ .front = front };
	front->admin = (struct listener){ .front = front, .admin = true };
	front_renew_certificate(front, false);
	int err = listen_one(&front->main, mains);
	return err ? err : listen_one(&front->admin, admins);
}

void front_unlisten(struct front *front)
{
	/* On a loop that is not its own this closes everything; what little the contexts keep goes with the process, which is ending. A
	   second call, which libwebsockets documents, crashes in 4.1 once two contexts share the loop. */
	if (front->admin.context)
		lws_context_destroy(front->admin.context);
	if (front->main.context)
		lws_context_destroy(front->main.context);
	front->admin.context = front->main.context = NULL;
}

/* -- the certificate -------------------------------------------------------------------------------------------------- */

static bool changed(const char *path, struct timespec *last)
{
	struct stat st;
	if (stat(path, &st))
		return false;
	bool is = st.st_mtim.tv_sec != last->tv_sec || st.st_mtim.tv_nsec != last->tv_nsec;
	*last = st.st_mtim;
	return is;
}

void front_renew_certificate(struct front *front, bool now)
{
	const struct settings *s = front->settings;
	bool other = changed(s->certificate, &front->certificate_changed);
	other |= changed(s->key, &front->key_changed);
	if (!other && !now)
		return;
	struct server_certificate fresh;
	char error[SERVER_TLS_ERROR_ROOM];
	if (!server_tls_check(s->certificate, s->key, &fresh, error)) {
		log_error("certificate.refused", log_str("why", error));        /* half written, perhaps: it is looked at again */
		return;
	}
	front->certificate = fresh;
	if (!front->main.tls || !front->admin.tls)
		return;         /* the contexts are about to read it themselves */
	bool used = server_tls_use(front->main.tls, s->certificate, s->key) && server_tls_use(front->admin.tls, s->certificate, s->key);
	log_info(used ? "certificate.renewed" : "certificate.refused", log_int("days_left", fresh.days_left));
}

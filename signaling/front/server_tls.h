/**
 * TLS as both listeners speak it: 1.2 and 1.3, forward secrecy and authenticated encryption only; and the certificate's renewal.
 */
#ifndef HOPKIN_FRONT_SERVER_TLS_H
#define HOPKIN_FRONT_SERVER_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum { SERVER_TLS_ERROR_ROOM = 1200 };

/** For libwebsockets, which sets them on the contexts that it makes. */
extern const char server_tls_ciphers[];         /* TLS 1.2 */
extern const char server_tls_ciphers_13[];

/** Harden a context: versions, curves, no renegotiation, only http/1.1. */
void server_tls_harden(SSL_CTX *ctx);

struct server_certificate {
	bool trial;             /* made by certs/trial: proves nothing, so no HSTS */
	long days_left;
};

/**
 * Do the two files hold a certificate, its chain and the key that belongs to it?
 * @param error  what is wrong, for a person
 */
bool server_tls_check(const char *certificate, const char *key, struct server_certificate *out,
	char error[SERVER_TLS_ERROR_ROOM]);

/** Put them to use for handshakes that begin from now on. @return false: the context is as it was */
bool server_tls_use(SSL_CTX *ctx, const char *certificate, const char *key);

#endif

/* A browser's DTLS client in memory, with a virtual clock: OpenSSL asks gettimeofday(), and this program answers. */
#ifndef HOPKIN_TESTS_DTLS_CLIENT_H
#define HOPKIN_TESTS_DTLS_CLIENT_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "dtls.h"

enum { WIRE_MAX = 64 };

struct wire_datagram { size_t len; uint8_t bytes[2048]; };
struct wire { unsigned count; struct wire_datagram d[WIRE_MAX]; };     /* datagrams on their way, in order */

struct dtls_client_options {
	const char *profiles;           /* NULL: both */
	bool no_certificate, big_hello;
	const char *groups, *ciphers;
	long most_version;
};

struct dtls_client {
	SSL_CTX *ctx;
	SSL *ssl;
	EVP_PKEY *key;
	X509 *cert;
	BIO_METHOD *method;
	char fingerprint[DTLS_FINGERPRINT_TEXT];
	struct wire out;                /* what it has sent */
	const struct wire_datagram *in;
};

static int client_bio_write(BIO *bio, const char *bytes, int len)
{
	struct dtls_client *c = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (c->out.count < WIRE_MAX && (size_t)len <= sizeof c->out.d[0].bytes) {
		c->out.d[c->out.count].len = (size_t)len;
		memcpy(c->out.d[c->out.count++].bytes, bytes, (size_t)len);
	}
	return len;
}

static int client_bio_read(BIO *bio, char *into, int room)
{
	struct dtls_client *c = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!c->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = c->in->len < (size_t)room ? c->in->len : (size_t)room;
	memcpy(into, c->in->bytes, n);
	c->in = NULL;
	return (int)n;
}

static long client_bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	return what == BIO_CTRL_FLUSH || what == BIO_CTRL_DUP ? 1 : 0;
}

static int client_bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static int client_accepts(X509_STORE_CTX *store, void *unused)
{
	return 1;
}

/* An extension of a thousand bytes, as large as the post-quantum key shares that make a browser's hello two datagrams. */
static int padding_add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *len, X509 *x, size_t chain, int *alert, void *arg)
{
	static const unsigned char padding[1200];
	if (context != SSL_EXT_CLIENT_HELLO)
		return 0;
	*out = padding;
	*len = sizeof padding;
	return 1;
}

static void padding_free(SSL *ssl, unsigned type, unsigned context, const unsigned char *out, void *arg)
{
}

static inline void dtls_client_open(struct dtls_client *c, struct dtls_client_options o)
{
	memset(c, 0, sizeof *c);
	c->key = EVP_EC_gen("P-256");
	c->cert = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(c->cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(c->cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(c->cert), 3600);
	X509_set_pubkey(c->cert, c->key);
	X509_sign(c->cert, c->key, EVP_sha256());
	uint8_t digest[32];
	X509_digest(c->cert, EVP_sha256(), digest, NULL);
	size_t at = (size_t)sprintf(c->fingerprint, "sha-256 ");
	for (unsigned i = 0; i < sizeof digest; i++)
		at += (size_t)sprintf(c->fingerprint + at, i ? ":%02x" : "%02x", digest[i]);

	c->ctx = SSL_CTX_new(DTLS_client_method());
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_max_proto_version(c->ctx, o.most_version ? (int)o.most_version : DTLS1_2_VERSION);
	SSL_CTX_set_min_proto_version(c->ctx, DTLS1_VERSION);
	SSL_CTX_set_security_level(c->ctx, 0);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->ctx, client_accepts, NULL);
	if (!o.profiles || *o.profiles)
		SSL_CTX_set_tlsext_use_srtp(c->ctx, o.profiles ? o.profiles : "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM");
	if (o.groups)
		SSL_CTX_set1_groups_list(c->ctx, o.groups);
	if (o.ciphers)
		SSL_CTX_set_cipher_list(c->ctx, o.ciphers);
	if (!o.no_certificate) {
		SSL_CTX_use_certificate(c->ctx, c->cert);
		SSL_CTX_use_PrivateKey(c->ctx, c->key);
	}
	if (o.big_hello)
		SSL_CTX_add_custom_ext(c->ctx, 0xfafa, SSL_EXT_CLIENT_HELLO, padding_add, padding_free, NULL, NULL, NULL);
	c->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");
	BIO_meth_set_read(c->method, client_bio_read);
	BIO_meth_set_write(c->method, client_bio_write);
	BIO_meth_set_ctrl(c->method, client_bio_ctrl);
	BIO_meth_set_create(c->method, client_bio_create);
	c->ssl = SSL_new(c->ctx);
	BIO *bio = BIO_new(c->method);
	BIO_set_data(bio, c);
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_mtu(c->ssl, 1200);
	SSL_set_connect_state(c->ssl);
}

static inline void dtls_client_close(struct dtls_client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	BIO_meth_free(c->method);
	X509_free(c->cert);
	EVP_PKEY_free(c->key);
	ERR_clear_error();
}

/* One datagram in (or none: start, or time). True once its handshake is complete. */
static inline bool dtls_client_step(struct dtls_client *c, const struct wire_datagram *in)
{
	ERR_clear_error();
	c->in = in;
	SSL_do_handshake(c->ssl);
	if (SSL_is_init_finished(c->ssl)) {
		uint8_t unwanted[64];
		SSL_read(c->ssl, unwanted, sizeof unwanted);
	}
	c->in = NULL;
	return SSL_is_init_finished(c->ssl);
}

static inline bool dtls_client_keys(struct dtls_client *c, struct media_key_material *out)
{
	memset(out, 0, sizeof *out);
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(c->ssl);
	if (!profile)
		return false;
	out->profile = (uint32_t)profile->id;
	size_t salt = out->profile == MEDIA_AEAD_AES_128_GCM ? 12 : 14, at = 0;
	uint8_t bytes[60];
	if (SSL_export_keying_material(c->ssl, bytes, 2 * (16 + salt), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
		return false;
	memcpy(out->client_key, bytes + at, 16); at += 16;
	memcpy(out->server_key, bytes + at, 16); at += 16;
	memcpy(out->client_salt, bytes + at, salt); at += salt;
	memcpy(out->server_salt, bytes + at, salt);
	return true;
}

#endif

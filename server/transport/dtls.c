#include "dtls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "bytes.h"

enum {
	FIRST_TIMEOUT_US = 400000,      /* RFC 6347 §4.2.4.1 says 1 s for an unknown path; ICE has just measured this one */
	MOST_TIMEOUT_US = 3200000,
};

struct datagram {
	uint16_t len;
	uint8_t bytes[DTLS_MTU];
};

struct dtls {
	SSL *ssl;                                       /* owned; its BIO points back here */
	uint8_t fingerprint[DTLS_FINGERPRINT_BYTES];    /* the peer's, from signaling */
	enum dtls_state state;
	const char *reason;
	const uint8_t *in;                              /* the datagram being given to OpenSSL; NULL: none */
	size_t in_len;
	unsigned out_first, out_count;                  /* ring of datagrams to send */
	struct datagram out[DTLS_QUEUE];
};

struct dtls_identity {
	SSL_CTX *ctx;                                   /* owned */
	BIO_METHOD *bio;                                /* owned */
	char fingerprint[DTLS_FINGERPRINT_TEXT];
};

/* -- BIO: one read takes the datagram at hand, one write is one datagram --------------------------------------------------- */

static int bio_read(BIO *bio, char *into, int room)
{
	struct dtls *dtls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!dtls || !dtls->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = dtls->in_len < (size_t)room ? dtls->in_len : (size_t)room;
	memcpy(into, dtls->in, n);
	dtls->in = NULL;
	return (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct dtls *dtls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	/* full, or too long (cannot be: the MTU is set): lost like any datagram, and repeated by the timer */
	if (dtls && len > 0 && len <= DTLS_MTU && dtls->out_count < DTLS_QUEUE) {
		struct datagram *d = &dtls->out[(dtls->out_first + dtls->out_count++) % DTLS_QUEUE];
		d->len = (uint16_t)len;
		memcpy(d->bytes, bytes, (size_t)len);
	}
	return len;
}

static long bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	switch (what) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DUP:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return DTLS_MTU;
	default:
		return 0;       /* no overhead to count, no socket timeout to set */
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *bio_method_new(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram queue");
	if (!method)
		return NULL;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);
	return method;
}

/* -- our certificate -------------------------------------------------------------------------------------------------- */

static void fingerprint_write(char out[DTLS_FINGERPRINT_TEXT], const uint8_t digest[DTLS_FINGERPRINT_BYTES])
{
	size_t at = (size_t)snprintf(out, DTLS_FINGERPRINT_TEXT, "sha-256 ");
	for (unsigned i = 0; i < DTLS_FINGERPRINT_BYTES; i++)
		at += (size_t)snprintf(out + at, DTLS_FINGERPRINT_TEXT - at, i ? ":%02X" : "%02X", digest[i]);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dtls_fingerprint_parse(uint8_t out[DTLS_FINGERPRINT_BYTES], const char *text)
{
	static const char hash[] = "sha-256 ";
	if (strncasecmp(text, hash, sizeof hash - 1))   /* hash names are case-insensitive, RFC 8122 §5 */
		return false;
	text += sizeof hash - 1;
	for (unsigned i = 0; i < DTLS_FINGERPRINT_BYTES; i++) {
		if (i && *text++ != ':')
			return false;
		int high = hex(text[0]);
		int low = high < 0 ? -1 : hex(text[1]);
		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text == '\0';
}

static X509 *certificate_new(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	uint64_t serial = 0;
	if (!cert || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
		goto fail;
	X509_NAME *name = X509_get_subject_name(cert);
	/* Valid from yesterday, as browsers' clocks differ; a new one is made in each life of the process. */
	if (!X509_set_version(cert, X509_VERSION_3) ||
			!ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) ||
			!X509_gmtime_adj(X509_getm_notBefore(cert), -86400) ||
			!X509_gmtime_adj(X509_getm_notAfter(cert), 365L * 86400) ||
			!X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"hopkin", -1, -1, 0) ||
			!X509_set_issuer_name(cert, name) || !X509_set_pubkey(cert, key) || !X509_sign(cert, key, EVP_sha256()))
		goto fail;
	return cert;
fail:
	X509_free(cert);
	return NULL;
}

/* Any certificate goes here: it is self-signed, and what counts is its fingerprint, compared when the handshake is complete. */
static int accept_any(X509_STORE_CTX *store, void *unused)
{
	return 1;
}

static bool context_set_up(SSL_CTX *ctx, EVP_PKEY *key, X509 *cert)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_quiet_shutdown(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
	SSL_CTX_set_read_ahead(ctx, 1);         /* a whole datagram at a time */
	SSL_CTX_set_max_cert_list(ctx, 8192);   /* bytes: a browser's certificate has under 1 kB */
	return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) &&
		SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384") &&
		SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") &&
		SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0 &&      /* 0 is success */
		SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
}

int dtls_identity_create(struct dtls_identity **out)
{
	struct dtls_identity *identity = calloc(1, sizeof *identity);
	if (!identity)
		return -ENOMEM;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? certificate_new(key) : NULL;
	uint8_t digest[DTLS_FINGERPRINT_BYTES];
	unsigned digest_len = 0;
	identity->ctx = SSL_CTX_new(DTLS_server_method());
	identity->bio = bio_method_new();
	bool ok = cert && identity->ctx && identity->bio && context_set_up(identity->ctx, key, cert) &&
		X509_digest(cert, EVP_sha256(), digest, &digest_len) == 1 && digest_len == sizeof digest;
	X509_free(cert);
	EVP_PKEY_free(key);
	if (!ok) {
		ERR_clear_error();
		dtls_identity_destroy(identity);
		return -EIO;
	}
	fingerprint_write(identity->fingerprint, digest);
	*out = identity;
	return 0;
}

void dtls_identity_destroy(struct dtls_identity *identity)
{
	if (!identity)
		return;
	SSL_CTX_free(identity->ctx);
	BIO_meth_free(identity->bio);
	free(identity);
}

const char *dtls_identity_fingerprint(const struct dtls_identity *identity)
{
	return identity->fingerprint;
}

/* -- one peer --------------------------------------------------------------------------------------------------------- */

static unsigned next_timeout(SSL *ssl, unsigned last_us)
{
	if (!last_us)
		return FIRST_TIMEOUT_US;
	return last_us < MOST_TIMEOUT_US / 2 ? last_us * 2 : MOST_TIMEOUT_US;
}

int dtls_create(struct dtls **out, struct dtls_identity *identity, const char *remote_fingerprint)
{
	struct dtls *dtls = calloc(1, sizeof *dtls);
	if (!dtls)
		return -ENOMEM;
	if (!remote_fingerprint || !dtls_fingerprint_parse(dtls->fingerprint, remote_fingerprint)) {
		free(dtls);
		return -EINVAL;
	}
	dtls->ssl = SSL_new(identity->ctx);
	BIO *bio = BIO_new(identity->bio);
	if (!dtls->ssl || !bio) {
		BIO_free(bio);
		dtls_destroy(dtls);
		ERR_clear_error();
		return -ENOMEM;
	}
	BIO_set_data(bio, dtls);
	SSL_set_bio(dtls->ssl, bio, bio);
	SSL_set_accept_state(dtls->ssl);
	SSL_set_mtu(dtls->ssl, DTLS_MTU);
	DTLS_set_timer_cb(dtls->ssl, next_timeout);
	*out = dtls;
	return 0;
}

void dtls_destroy(struct dtls *dtls)
{
	if (!dtls)
		return;
	SSL_free(dtls->ssl);
	OPENSSL_cleanse(dtls, sizeof *dtls);
	free(dtls);
}

static void fail(struct dtls *dtls, const char *reason)
{
	dtls->state = DTLS_FAILED;
	dtls->reason = reason;
}

static bool fingerprint_right(const struct dtls *dtls)
{
	X509 *cert = SSL_get1_peer_certificate(dtls->ssl);
	uint8_t digest[DTLS_FINGERPRINT_BYTES];
	unsigned len = 0;
	bool right = cert && X509_digest(cert, EVP_sha256(), digest, &len) == 1 && len == sizeof digest &&
		CRYPTO_memcmp(digest, dtls->fingerprint, sizeof digest) == 0;
	X509_free(cert);
	return right;
}

/* The handshake is complete; is it the handshake we wanted? */
static void judge(struct dtls *dtls)
{
	if (!fingerprint_right(dtls)) {
		SSL_shutdown(dtls->ssl);
		fail(dtls, "fingerprint");
	} else if (!SSL_get_selected_srtp_profile(dtls->ssl)) {
		SSL_shutdown(dtls->ssl);
		fail(dtls, "dtls");
	} else {
		dtls->state = DTLS_CONNECTED;
	}
}

/*
 * What a call into OpenSSL that did not succeed means. "Wants to read" goes on; so does a failed system call that left no error: our BIO makes none
 * and never fails, and that is how OpenSSL comes back from a record that it has dropped (a forged one, too short for its tag).
 */
static void on_error(struct dtls *dtls, int returned)
{
	int error = SSL_get_error(dtls->ssl, returned);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE || (error == SSL_ERROR_SYSCALL && !ERR_peek_error()))
		return;
	if (error == SSL_ERROR_ZERO_RETURN) {
		dtls->state = DTLS_CLOSED;
		dtls->reason = "gone";
		return;
	}
	unsigned long last = ERR_peek_last_error();
	bool no_certificate = ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
	fail(dtls, no_certificate ? "fingerprint" : "dtls");
}

static void advance(struct dtls *dtls)
{
	ERR_clear_error();
	if (dtls->state == DTLS_HANDSHAKING) {
		int r = SSL_do_handshake(dtls->ssl);
		if (r == 1)
			judge(dtls);
		else
			on_error(dtls, r);
	}
	/* Complete, and more came: alerts, the peer's last flight again (OpenSSL then repeats ours), or data, which nobody wants. */
	while (dtls->state == DTLS_CONNECTED) {
		uint8_t unwanted[256];
		int r = SSL_read(dtls->ssl, unwanted, sizeof unwanted);
		if (r <= 0) {
			on_error(dtls, r);
			break;
		}
	}
	ERR_clear_error();
}

/*
 * RFC 6347 §4.1.2.7: what is not a valid record is dropped in silence. OpenSSL takes some of it as fatal instead: data in clear, or
 * types it does not know, would let one spoofed datagram end a handshake. An alert in clear after the handshake is forged for certain.
 */
static bool records_plausible(const struct dtls *dtls, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	if (!len)
		return false;   /* to OpenSSL that would be the end of the stream */
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		uint16_t version = rd_u16(&r), epoch = rd_u16(&r);
		rd_skip(&r, 6);
		rd_skip(&r, rd_u16(&r));
		if (!r.ok || type < SSL3_RT_CHANGE_CIPHER_SPEC || type > SSL3_RT_APPLICATION_DATA ||
				(version != DTLS1_VERSION && version != DTLS1_2_VERSION))
			return false;
		if (!epoch && (type == SSL3_RT_APPLICATION_DATA || (type == SSL3_RT_ALERT && dtls->state == DTLS_CONNECTED)))
			return false;
	}
	return true;
}

enum dtls_state dtls_receive(struct dtls *dtls, const uint8_t *bytes, size_t len)
{
	if (dtls->state == DTLS_FAILED || dtls->state == DTLS_CLOSED || !records_plausible(dtls, bytes, len))
		return dtls->state;
	dtls->in = bytes;
	dtls->in_len = len;
	advance(dtls);
	dtls->in = NULL;
	return dtls->state;
}

enum dtls_state dtls_tick(struct dtls *dtls)
{
	if (dtls->state != DTLS_HANDSHAKING)
		return dtls->state;
	ERR_clear_error();
	int r = DTLSv1_handle_timeout(dtls->ssl);
	if (r < 0)
		on_error(dtls, r);
	ERR_clear_error();
	return dtls->state;
}

int64_t dtls_timeout_us(const struct dtls *dtls)
{
	struct timeval left;
	if (dtls->state != DTLS_HANDSHAKING || !DTLSv1_get_timeout(dtls->ssl, &left))
		return INT64_MAX;
	int64_t us = (int64_t)left.tv_sec * 1000000 + left.tv_usec;
	/* OpenSSL measures with the wall clock; if that was set back, wait no longer than a flight ever waits */
	return us > MOST_TIMEOUT_US ? MOST_TIMEOUT_US : us;
}

size_t dtls_output(struct dtls *dtls, uint8_t out[DTLS_MTU])
{
	if (!dtls->out_count)
		return 0;
	struct datagram *d = &dtls->out[dtls->out_first];
	dtls->out_first = (dtls->out_first + 1) % DTLS_QUEUE;
	dtls->out_count--;
	memcpy(out, d->bytes, d->len);
	return d->len;
}

enum dtls_state dtls_state(const struct dtls *dtls)
{
	return dtls->state;
}

const char *dtls_reason(const struct dtls *dtls)
{
	return dtls->reason;
}

void dtls_close(struct dtls *dtls)
{
	if (dtls->state != DTLS_CONNECTED)
		return;
	SSL_shutdown(dtls->ssl);
	ERR_clear_error();
	dtls->state = DTLS_CLOSED;
	dtls->reason = "gone";
}

int dtls_export_keys(const struct dtls *dtls, struct media_key_material *out)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";      /* RFC 5764 §4.2 */
	if (dtls->state != DTLS_CONNECTED)
		return -EPERM;
	memset(out, 0, sizeof *out);
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
	out->profile = (uint32_t)profile->id;
	size_t salt = out->profile == MEDIA_AEAD_AES_128_GCM ? 12 : 14;
	uint8_t bytes[2 * (MEDIA_KEY_BYTES + MEDIA_SALT_MAX)];
	size_t len = 2 * (MEDIA_KEY_BYTES + salt);
	if (SSL_export_keying_material(dtls->ssl, bytes, len, label, sizeof label - 1, NULL, 0, 0) != 1) {
		OPENSSL_cleanse(bytes, sizeof bytes);
		return -EPERM;
	}
	memcpy(out->client_key, bytes, MEDIA_KEY_BYTES);
	memcpy(out->server_key, bytes + MEDIA_KEY_BYTES, MEDIA_KEY_BYTES);
	memcpy(out->client_salt, bytes + 2 * MEDIA_KEY_BYTES, salt);
	memcpy(out->server_salt, bytes + 2 * MEDIA_KEY_BYTES + salt, salt);
	OPENSSL_cleanse(bytes, sizeof bytes);
	return 0;
}

#include "tp_dtls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

enum { FINGERPRINT_TEXT = 8 + 32 * 3, RESEND_FIRST_US = 50000, RESEND_LAST_US = 3000000 };

struct tp_dtls {
	struct tp_dtls_config config;
	char *fingerprint;
	SSL *ssl;
	const uint8_t *in;              /* the datagram being read, borrowed during tp_dtls_input */
	size_t in_len;
	enum tp_dtls_state state;
	char reason[160];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static SSL_CTX *context;
static BIO_METHOD *method;
static char own_fingerprint[FINGERPRINT_TEXT];

/* -- one datagram in, one write out -- */

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct tp_dtls *dtls = BIO_get_data(bio);
	dtls->config.send(dtls->config.owner, (const uint8_t *)bytes, (size_t)len);
	return len;
}

static int bio_read(BIO *bio, char *out, int room)
{
	struct tp_dtls *dtls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!dtls->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	int n = dtls->in_len < (size_t)room ? (int)dtls->in_len : room;
	memcpy(out, dtls->in, (size_t)n);
	dtls->in = NULL;
	return n;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return 28;
	default:
		return 0;
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* -- the process's certificate -- */

static void fingerprint_text(char out[FINGERPRINT_TEXT], X509 *cert)
{
	uint8_t digest[32];
	unsigned int len = sizeof digest;
	X509_digest(cert, EVP_sha256(), digest, &len);
	char *p = out + sprintf(out, "sha-256 ");
	for (unsigned int i = 0; i < len; i++)
		p += sprintf(p, i ? ":%02X" : "%02X", digest[i]);
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
	return 1;       /* the fingerprint decides, after the handshake */
}

static void make_context(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_set_version(cert, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400 * 30);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const uint8_t *)"peer", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	fingerprint_text(own_fingerprint, cert);

	context = SSL_CTX_new(DTLS_client_method());
	SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_use_certificate(context, cert);
	SSL_CTX_use_PrivateKey(context, key);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
	SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_read_ahead(context, 1);
	X509_free(cert);
	EVP_PKEY_free(key);

	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "peer");
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	BIO_meth_set_create(method, bio_create);
}

const char *tp_dtls_own_fingerprint(void)
{
	pthread_once(&once, make_context);
	return own_fingerprint;
}

/* As browsers do: after 50 ms, then twice as long each time. OpenSSL's own second is how long a lost datagram would hold up a join. */
static unsigned int resend_after(SSL *ssl, unsigned int last_us)
{
	if (!last_us)
		return RESEND_FIRST_US;
	return last_us * 2 < RESEND_LAST_US ? last_us * 2 : RESEND_LAST_US;
}

int tp_dtls_create(struct tp_dtls **out, const struct tp_dtls_config *config)
{
	pthread_once(&once, make_context);
	struct tp_dtls *dtls = calloc(1, sizeof *dtls);
	if (!dtls)
		return -ENOMEM;
	dtls->config = *config;
	dtls->fingerprint = config->fingerprint ? strdup(config->fingerprint) : NULL;
	dtls->ssl = SSL_new(context);
	BIO *bio = BIO_new(method);
	if (!dtls->ssl || !bio) {
		BIO_free(bio);
		tp_dtls_destroy(dtls);
		return -ENOMEM;
	}
	BIO_set_data(bio, dtls);
	SSL_set_bio(dtls->ssl, bio, bio);
	DTLS_set_timer_cb(dtls->ssl, resend_after);
	SSL_set_mtu(dtls->ssl, config->mtu ? config->mtu : 1200);
	if (config->profiles && SSL_set_tlsext_use_srtp(dtls->ssl, config->profiles)) {
		tp_dtls_destroy(dtls);
		return -EINVAL;
	}
	SSL_set_connect_state(dtls->ssl);
	*out = dtls;
	return 0;
}

void tp_dtls_destroy(struct tp_dtls *dtls)
{
	if (!dtls)
		return;
	SSL_free(dtls->ssl);
	free(dtls->fingerprint);
	free(dtls);
}

static void fail(struct tp_dtls *dtls, const char *why)
{
	dtls->state = TP_DTLS_FAILED;
	snprintf(dtls->reason, sizeof dtls->reason, "%s", why);
}

static void shaken(struct tp_dtls *dtls)
{
	char text[FINGERPRINT_TEXT] = "";
	X509 *cert = SSL_get1_peer_certificate(dtls->ssl);
	if (cert)
		fingerprint_text(text, cert);
	X509_free(cert);
	if (dtls->fingerprint && strcasecmp(text, dtls->fingerprint) != 0)
		fail(dtls, "the server's certificate has another fingerprint than was signaled");
	else
		dtls->state = TP_DTLS_DONE;
}

static void read_rest(struct tp_dtls *dtls)
{
	uint8_t byte[64];
	int n = SSL_read(dtls->ssl, byte, sizeof byte);
	int error = SSL_get_error(dtls->ssl, n);
	if (error == SSL_ERROR_ZERO_RETURN)
		dtls->state = TP_DTLS_CLOSED;
	else if (error == SSL_ERROR_SSL)
		fail(dtls, "alert after the handshake");
	ERR_clear_error();
}

void tp_dtls_drive(struct tp_dtls *dtls)
{
	if (dtls->state == TP_DTLS_DONE) {
		read_rest(dtls);
		return;
	}
	if (dtls->state != TP_DTLS_SHAKING)
		return;
	DTLSv1_handle_timeout(dtls->ssl);
	ERR_clear_error();
	int rc = SSL_do_handshake(dtls->ssl);
	if (rc == 1) {
		shaken(dtls);
		return;
	}
	if (SSL_get_error(dtls->ssl, rc) != SSL_ERROR_WANT_READ)
		fail(dtls, ERR_reason_error_string(ERR_peek_error()) ? ERR_reason_error_string(ERR_peek_error()) : "handshake");
	ERR_clear_error();
}

void tp_dtls_input(struct tp_dtls *dtls, const uint8_t *bytes, size_t len)
{
	dtls->in = bytes;
	dtls->in_len = len;
	tp_dtls_drive(dtls);
	dtls->in = NULL;
}

int64_t tp_dtls_wait_us(struct tp_dtls *dtls)
{
	struct timeval left;
	if (dtls->state != TP_DTLS_SHAKING || !DTLSv1_get_timeout(dtls->ssl, &left))
		return -1;
	return (int64_t)left.tv_sec * 1000000 + left.tv_usec;
}

enum tp_dtls_state tp_dtls_state(const struct tp_dtls *dtls)
{
	return dtls->state;
}

const char *tp_dtls_reason(const struct tp_dtls *dtls)
{
	return dtls->reason;
}

bool tp_dtls_keys(struct tp_dtls *dtls, struct tp_srtp_keys *out)
{
	SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(dtls->ssl);
	if (dtls->state != TP_DTLS_DONE || !chosen)
		return false;
	bool gcm = chosen->id == SRTP_AEAD_AES_128_GCM;
	size_t salt = gcm ? 12 : 14;
	uint8_t raw[2 * (16 + 14)];
	if (SSL_export_keying_material(dtls->ssl, raw, 2 * (16 + salt), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
		return false;
	/* client key, server key, client salt, server salt (RFC 5764 §4.2) */
	memcpy(out->client, raw, 16);
	memcpy(out->server, raw + 16, 16);
	memcpy(out->client + 16, raw + 32, salt);
	memcpy(out->server + 16, raw + 32 + salt, salt);
	out->len = 16 + salt;
	out->profile = gcm ? TP_PROFILE_GCM128 : TP_PROFILE_CM_SHA1_80;
	return true;
}

void tp_dtls_close(struct tp_dtls *dtls)
{
	if (dtls->state == TP_DTLS_DONE)
		SSL_shutdown(dtls->ssl);
	ERR_clear_error();
}

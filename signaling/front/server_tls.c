#include "server_tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char server_tls_ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
const char server_tls_ciphers_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* WebSocket over HTTP/2 breaks on large messages in libwebsockets 4.1; a client that offers only h2 gets no protocol. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
	void *arg)
{
	static const unsigned char http11[] = "\x08http/1.1";
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_len, http11, sizeof http11 - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

void server_tls_harden(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_cipher_list(ctx, server_tls_ciphers);
	SSL_CTX_set_ciphersuites(ctx, server_tls_ciphers_13);
	SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384");
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);      /* one certificate for all names */
}

static bool fail(char error[SERVER_TLS_ERROR_ROOM], const char *file, const char *what)
{
	char reason[256] = "";
	unsigned long code = ERR_peek_last_error();
	if (code)
		snprintf(reason, sizeof reason, " (%s)", ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "?");
	ERR_clear_error();
	snprintf(error, SERVER_TLS_ERROR_ROOM, "%.800s: %s%s", file, what, reason);
	return false;
}

static void look_at(X509 *cert, struct server_certificate *out)
{
	char organisation[128] = "";
	X509_NAME_get_text_by_NID(X509_get_issuer_name(cert), NID_organizationName, organisation, sizeof organisation);
	out->trial = strcmp(organisation, "Hopkin trial certificate") == 0;
	int days = 0, seconds = 0;
	ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert));
	out->days_left = seconds < 0 && days == 0 ? -1 : days;
}

/* Read whole into a context of its own, then handed over in one step: a file that is half written changes nothing. */
bool server_tls_use(SSL_CTX *ctx, const char *certificate, const char *key)
{
	SSL_CTX *fresh = SSL_CTX_new(TLS_server_method());
	STACK_OF(X509) *chain = NULL;
	bool good = fresh && SSL_CTX_use_certificate_chain_file(fresh, certificate) == 1 &&
		SSL_CTX_use_PrivateKey_file(fresh, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(fresh) == 1 &&
		SSL_CTX_get0_chain_certs(fresh, &chain) == 1 &&
		SSL_CTX_use_cert_and_key(ctx, SSL_CTX_get0_certificate(fresh), SSL_CTX_get0_privatekey(fresh), chain, 1) == 1;
	SSL_CTX_free(fresh);
	ERR_clear_error();
	return good;
}

bool server_tls_check(const char *certificate, const char *key, struct server_certificate *out, char error[SERVER_TLS_ERROR_ROOM])
{
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return fail(error, certificate, "no memory");
	bool good = false;
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		fail(error, certificate, "expected a certificate and its chain in PEM");
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		fail(error, key, "expected the private key of the certificate in PEM");
	else if (SSL_CTX_check_private_key(ctx) != 1)
		fail(error, key, "is not the key of the certificate");
	else
		good = true;
	if (good)
		look_at(SSL_CTX_get0_certificate(ctx), out);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

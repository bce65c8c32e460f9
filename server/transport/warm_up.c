#include "warm_up.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dtls.h"
#include "ice.h"
#include "media_keys.h"

#include <stun/stunagent.h>
#include <stun/usages/ice.h>

/* -- DTLS: a client of our own, on memory BIOs ------------------------------------------------------------------------- */

static int accept_any(X509_STORE_CTX *store, void *unused)
{
	return 1;
}

/* The client's certificate is the server identity's sibling: made the same way. */
static X509 *client_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	if (cert && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) && X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
			X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

static SSL *client_new(EVP_PKEY *key, X509 *cert)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
	SSL *ssl = NULL;
	if (ctx && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
			SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
		ssl = SSL_new(ctx);
	}
	SSL_CTX_free(ctx);      /* the SSL holds its own reference */
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	if (!ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		SSL_free(ssl);
		return NULL;
	}
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, out);
	SSL_set_mtu(ssl, DTLS_MTU);
	SSL_set_connect_state(ssl);
	return ssl;
}

/* The client's flight may be several datagrams in one memory BIO: records in one datagram are as good. */
static bool exchange(struct dtls *server, SSL *client)
{
	uint8_t bytes[8192];
	for (unsigned round = 0; round < 10; round++) {
		SSL_do_handshake(client);
		int n;
		while ((n = BIO_read(SSL_get_wbio(client), bytes, sizeof bytes)) > 0)
			dtls_receive(server, bytes, (size_t)n);
		size_t len;
		while ((len = dtls_output(server, bytes)) > 0) {
			BIO_write(SSL_get_rbio(client), bytes, (int)len);
			SSL_do_handshake(client);
		}
		if (dtls_state(server) == DTLS_CONNECTED && SSL_is_init_finished(client))
			return true;
	}
	return false;
}

static bool warm_dtls(struct media_key_material *keys)
{
	static const char hex_digit[] = "0123456789ABCDEF";
	bool ok = false;
	char fingerprint[DTLS_FINGERPRINT_TEXT] = "sha-256 ";
	uint8_t digest[DTLS_FINGERPRINT_BYTES];
	struct dtls_identity *identity = NULL;
	struct dtls *server = NULL;
	SSL *client = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? client_certificate(key) : NULL;
	if (cert && X509_digest(cert, EVP_sha256(), digest, NULL) == 1) {
		char *p = fingerprint + 8;
		for (unsigned i = 0; i < sizeof digest; i++) {
			*p++ = hex_digit[digest[i] >> 4];
			*p++ = hex_digit[digest[i] & 15];
			*p++ = i + 1 < sizeof digest ? ':' : '\0';
		}
		client = client_new(key, cert);
		ok = client && !dtls_identity_create(&identity) && !dtls_create(&server, identity, fingerprint) &&
			exchange(server, client) && !dtls_export_keys(server, keys);
	}
	if (server)
		dtls_close(server);
	SSL_free(client);
	dtls_destroy(server);
	dtls_identity_destroy(identity);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok;
}

/* -- STUN: a request, signed, checked and answered, and the answer checked -------------------------------------------------- */

static bool warm_stun(void)
{
	static const struct ice_credentials credentials = { "warm", "warmwarmwarmwarmwarmwarm", "peer", "peerpeerpeerpeerpeerpeer" };
	static const struct path path = { .kind = PATH_UDP4, .port = 9, .ip = { 127, 0, 0, 1 } };
	static const uint16_t known[] = { STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, 0 };
	struct ice_stun *stun = NULL;
	struct ice *ice = NULL;
	struct ice_out *out = malloc(sizeof *out);
	uint8_t bytes[ICE_MESSAGE_ROOM];
	StunAgent agent;
	StunMessage msg;
	stun_agent_init(&agent, known, STUN_COMPATIBILITY_RFC5389,
		STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
	size_t len = stun_usage_ice_conncheck_create(&agent, &msg, bytes, sizeof bytes, (const uint8_t *)"warm:peer", 9,
		(const uint8_t *)credentials.local_pwd, strlen(credentials.local_pwd), true, true, 1, 1, NULL,
		STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
	/* two messages come back: the answer, and a check of ours */
	bool ok = out && len && !ice_stun_create(&stun) && !ice_create(&ice, &credentials, 1, 0) &&
		ice_receive(ice, stun, &path, bytes, len, 0, out) == ICE_OK && out->count == 2 &&
		stun_agent_validate(&agent, &msg, out->message[0].bytes, out->message[0].len, NULL, NULL) == STUN_VALIDATION_SUCCESS;
	ice_destroy(ice);
	ice_stun_destroy(stun);
	free(out);
	return ok;
}

/* -- SRTP: one packet of each kind there and back --------------------------------------------------------------------------- */

static bool warm_suite(const struct media_key_material *keys, uint32_t profile)
{
	struct media_key_material material = *keys;
	material.profile = profile;
	struct media_keys *server = NULL, *client = NULL;
	struct packet *pkt = calloc(1, sizeof *pkt);
	bool ok = pkt && !media_keys_create(&server, &material, 4) && !media_keys_create_client(&client, &material, 4);
	if (ok) {
		static const uint8_t rtp[32] = { 0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7 };
		static const uint8_t rtcp[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
		pkt->data = pkt->room + PACKET_HEADROOM;
		pkt->len = sizeof rtp;
		memcpy(pkt->data, rtp, sizeof rtp);
		ok = media_protect(client, pkt->data, &pkt->len, PACKET_ROOM) == PKT_OK && media_unprotect(server, pkt) == PKT_OK;
		pkt->len = sizeof rtcp;
		memcpy(pkt->data, rtcp, sizeof rtcp);
		ok = ok && media_protect_rtcp(client, pkt->data, &pkt->len, PACKET_ROOM) == PKT_OK &&
			media_unprotect_rtcp(server, pkt) == PKT_OK;
	}
	media_keys_destroy(server);
	media_keys_destroy(client);
	media_key_material_wipe(&material);
	free(pkt);
	return ok;
}

int transport_warm_up(const char **failed)
{
	struct media_key_material keys = { 0 };
	*failed = NULL;
	if (!warm_dtls(&keys))
		*failed = "dtls";
	else if (!warm_stun())
		*failed = "stun";
	else if (!warm_suite(&keys, MEDIA_AEAD_AES_128_GCM) || !warm_suite(&keys, MEDIA_AES128_CM_SHA1_80))
		*failed = "srtp";
	media_key_material_wipe(&keys);
	return *failed ? -EIO : 0;
}

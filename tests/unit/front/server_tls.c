/* Certificates: what is taken, what is refused and why, and a renewal that does not hold. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "server_tls.h"

static char folder[] = "/tmp/hopkin-tls-XXXXXX";
static char cert[64], key[64], other_cert[64], other_key[64], text[64];

static void make(const char *cert_path, const char *key_path, const char *organisation, long days)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), days * 86400 + 60);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)organisation, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, k);
	X509_sign(x, k, EVP_sha256());
	FILE *f = fopen(cert_path, "w");
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(key_path, "w");
	PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(k);
}

static bool is(SSL_CTX *ctx, const char *organisation)
{
	char found[128] = "";
	X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_CTX_get0_certificate(ctx)), NID_organizationName, found, sizeof found);
	return strcmp(found, organisation) == 0;
}

int main(void)
{
	struct server_certificate c;
	char error[SERVER_TLS_ERROR_ROOM] = "";
	if (!mkdtemp(folder))
		return 1;
	snprintf(cert, sizeof cert, "%s/a.pem", folder);
	snprintf(key, sizeof key, "%s/a.key", folder);
	snprintf(other_cert, sizeof other_cert, "%s/b.pem", folder);
	snprintf(other_key, sizeof other_key, "%s/b.key", folder);
	snprintf(text, sizeof text, "%s/text", folder);
	make(cert, key, "So Vi du", 30);
	make(other_cert, other_key, "Hopkin trial certificate", 397);
	FILE *f = fopen(text, "w");
	fputs("no certificate at all\n", f);
	fclose(f);

	check("a certificate and its key", server_tls_check(cert, key, &c, error) && !c.trial && c.days_left == 30);
	check("a trial one is known", server_tls_check(other_cert, other_key, &c, error) && c.trial && c.days_left == 397);
	check("another's key", !server_tls_check(cert, other_key, &c, error) && strstr(error, "b.key"));
	check("no certificate", !server_tls_check(text, key, &c, error) && strstr(error, "text"));
	check("no key", !server_tls_check(cert, text, &c, error) && strstr(error, "text"));
	check("no file", !server_tls_check("/nowhere.pem", key, &c, error) && strstr(error, "/nowhere.pem"));
	make(text, other_key, "So Vi du", -1);
	check("one that is over says so", server_tls_check(text, other_key, &c, error) && c.days_left < 0);

	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	server_tls_harden(ctx);
	check("TLS 1.2 at least", SSL_CTX_get_min_proto_version(ctx) == TLS1_2_VERSION);
	check("a certificate is put to use", server_tls_use(ctx, cert, key) && is(ctx, "So Vi du"));
	make(other_cert, other_key, "Moi", 10);
	check("and its successor", server_tls_use(ctx, other_cert, other_key) && is(ctx, "Moi"));
	check("a key that does not belong changes nothing", !server_tls_use(ctx, cert, other_key) && is(ctx, "Moi") && SSL_CTX_check_private_key(ctx) == 1);
	SSL_CTX_free(ctx);
	char clean[96];
	snprintf(clean, sizeof clean, "rm -rf %s", folder);
	return system(clean) ? 1 : check_done();
}

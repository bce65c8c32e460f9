#include "gcm_sender.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	LABEL_KEY = 0x00,               /* RFC 3711 §4.3.2 */
	LABEL_SALT = 0x02,
	LABEL_AT = 7,                   /* of the salt: where <label> || r, 56 bits, begins */
	SSRC_AT = 8,                    /* of an RTP header */
};

struct gcm_sender {
	EVP_CIPHER_CTX *ctx;            /* owned; has the key */
	uint8_t salt[GCM_SALT_BYTES];
};

static EVP_CIPHER *gcm, *ctr;           /* looked up once, for the life of the process */

int gcm_sender_library_start(void)
{
	if (!gcm)
		gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	if (!ctr)
		ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
	return gcm && ctr ? 0 : -EIO;
}

/* The first `len` bytes of the key stream that AES in counter mode gives from (label || r) XOR salt, shifted up by 16 bits. */
static bool derive(uint8_t *out, int len, uint8_t label, const uint8_t *key, const uint8_t *salt)
{
	static const uint8_t zeros[GCM_KEY_BYTES];
	uint8_t iv[16] = { 0 };         /* a salt of 12 bytes is one of 14 that ends in zeros */
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int written = 0;

	memcpy(iv, salt, GCM_SALT_BYTES);
	iv[LABEL_AT] ^= label;
	bool ok = ctx && EVP_EncryptInit_ex(ctx, ctr, NULL, key, iv) == 1 && EVP_EncryptUpdate(ctx, out, &written, zeros, len) == 1 &&
		written == len;
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(iv, sizeof iv);
	return ok;
}

bool gcm_session_keys(uint8_t key[GCM_KEY_BYTES], uint8_t salt[GCM_SALT_BYTES], const uint8_t master_key[GCM_KEY_BYTES],
	const uint8_t master_salt[GCM_SALT_BYTES])
{
	return derive(key, GCM_KEY_BYTES, LABEL_KEY, master_key, master_salt) &&
		derive(salt, GCM_SALT_BYTES, LABEL_SALT, master_key, master_salt);
}

int gcm_sender_create(struct gcm_sender **out, const uint8_t key[GCM_KEY_BYTES], const uint8_t salt[GCM_SALT_BYTES])
{
	struct gcm_sender *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	memcpy(s->salt, salt, GCM_SALT_BYTES);
	s->ctx = EVP_CIPHER_CTX_new();
	if (!s->ctx || EVP_EncryptInit_ex(s->ctx, gcm, NULL, key, NULL) != 1) {
		gcm_sender_destroy(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void gcm_sender_destroy(struct gcm_sender *s)
{
	if (!s)
		return;
	EVP_CIPHER_CTX_free(s->ctx);    /* clears its key schedule */
	OPENSSL_cleanse(s, sizeof *s);
	free(s);
}

/* RFC 7714 §8.1: 00 00 || SSRC || ROC || SEQ, XOR the salt. ROC and SEQ are the index. */
static void nonce_make(uint8_t nonce[GCM_SALT_BYTES], const uint8_t *salt, const uint8_t *ssrc, uint64_t index)
{
	memcpy(nonce, salt, GCM_SALT_BYTES);
	for (int i = 0; i < 4; i++)
		nonce[2 + i] ^= ssrc[i];
	for (int i = 0; i < 6; i++)
		nonce[6 + i] ^= (uint8_t)(index >> (40 - 8 * i));
}

bool gcm_sender_seal(struct gcm_sender *s, uint8_t *bytes, size_t header_len, size_t len, uint64_t index)
{
	uint8_t nonce[GCM_SALT_BYTES];
	int n;

	assert(header_len <= len && index < UINT64_C(1) << 48);
	nonce_make(nonce, s->salt, bytes + SSRC_AT, index);
	return EVP_EncryptInit_ex(s->ctx, NULL, NULL, NULL, nonce) == 1 &&
		EVP_EncryptUpdate(s->ctx, NULL, &n, bytes, (int)header_len) == 1 &&
		EVP_EncryptUpdate(s->ctx, bytes + header_len, &n, bytes + header_len, (int)(len - header_len)) == 1 &&
		EVP_EncryptFinal_ex(s->ctx, bytes + len, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, bytes + len) == 1;
}

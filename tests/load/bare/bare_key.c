#include "bare_key.h"

#include <string.h>

/* RFC 3711 §4.3.1 with the salt of RFC 7714 §11: the master key's cipher over the salt, exclusive-or the label of what is derived. */
static bool derive(uint8_t out[16], EVP_CIPHER_CTX *ctx, const uint8_t *master, uint8_t label)
{
	int n;
	uint8_t block[16] = { 0 };
	memcpy(block, master + 16, 12);
	block[7] ^= label;
	return EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, master, NULL) && EVP_EncryptUpdate(ctx, out, &n, block, sizeof block);
}

bool bare_key_start(struct bare_key *key, const uint8_t master[BARE_KEY_BYTES], bool seals)
{
	uint8_t session[16], salt[16];
	key->ctx = EVP_CIPHER_CTX_new();
	if (!key->ctx || !derive(session, key->ctx, master, 0) || !derive(salt, key->ctx, master, 2))
		return false;
	memcpy(key->salt, salt, sizeof key->salt);
	return EVP_CipherInit_ex(key->ctx, EVP_aes_128_gcm(), NULL, session, NULL, seals);
}

void bare_key_end(struct bare_key *key)
{
	EVP_CIPHER_CTX_free(key->ctx);
}

/* RFC 7714 §8.1: two zero bytes, SSRC, ROC, sequence number; all of it exclusive-or the salt. */
static void set_iv(struct bare_key *key, const uint8_t *packet, uint64_t index)
{
	uint8_t iv[12] = { 0, 0 };
	memcpy(iv + 2, packet + 8, 4);
	for (int i = 0; i < 6; i++)
		iv[6 + i] = (uint8_t)(index >> (40 - 8 * i));
	for (int i = 0; i < 12; i++)
		iv[i] ^= key->salt[i];
	EVP_CipherInit_ex(key->ctx, NULL, NULL, NULL, iv, -1);
}

size_t bare_key_seal(struct bare_key *key, uint8_t *packet, size_t header, const uint8_t *payload, size_t payload_len, uint64_t index)
{
	int n;
	uint8_t *sealed = packet + header;
	set_iv(key, packet, index);
	EVP_EncryptUpdate(key->ctx, NULL, &n, packet, (int)header);
	EVP_EncryptUpdate(key->ctx, sealed, &n, payload, (int)payload_len);
	EVP_EncryptFinal_ex(key->ctx, sealed + payload_len, &n);
	EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_GET_TAG, BARE_TAG, sealed + payload_len);
	return header + payload_len + BARE_TAG;
}

size_t bare_key_open(struct bare_key *key, uint8_t *packet, size_t header, size_t len, uint64_t index)
{
	if (len < header + BARE_TAG)
		return 0;
	int n;
	uint8_t *sealed = packet + header;
	size_t payload_len = len - header - BARE_TAG;
	set_iv(key, packet, index);
	EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_SET_TAG, BARE_TAG, sealed + payload_len);
	EVP_DecryptUpdate(key->ctx, NULL, &n, packet, (int)header);
	EVP_DecryptUpdate(key->ctx, sealed, &n, sealed, (int)payload_len);
	return EVP_DecryptFinal_ex(key->ctx, sealed + payload_len, &n) > 0 ? header + payload_len : 0;
}

#include "load_srtp.h"

#include <openssl/evp.h>
#include <string.h>

enum { IV_LEN = 12, RTCP_HEAD = 8, LABEL_RTP_KEY = 0, LABEL_RTP_SALT = 2, LABEL_RTCP_KEY = 3, LABEL_RTCP_SALT = 5 };

/* RFC 3711 §4.3.1 with AES-CM; the salt of 96 bits is filled up with zeros (RFC 7714 §11). */
static void derive(uint8_t *out, int len, const struct load_key *master, uint8_t label)
{
	uint8_t iv[16] = { 0 }, zero[16] = { 0 }, block[32];
	int n = 0;
	memcpy(iv, master->salt, sizeof master->salt);
	iv[7] ^= label;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, master->key, iv);
	EVP_EncryptUpdate(ctx, block, &n, zero, sizeof zero);
	EVP_CIPHER_CTX_free(ctx);
	memcpy(out, block, (size_t)len);
}

void load_srtp_init(struct load_srtp *srtp, const struct load_key *master, bool sealing)
{
	*srtp = (struct load_srtp){ .sealing = sealing };
	derive(srtp->rtp_key.key, 16, master, LABEL_RTP_KEY);
	derive(srtp->rtp_key.salt, IV_LEN, master, LABEL_RTP_SALT);
	derive(srtp->rtcp_key.key, 16, master, LABEL_RTCP_KEY);
	derive(srtp->rtcp_key.salt, IV_LEN, master, LABEL_RTCP_SALT);
}

void load_srtp_clear(struct load_srtp *srtp)
{
	EVP_CIPHER_CTX_free(srtp->rtp);
	EVP_CIPHER_CTX_free(srtp->rtcp);
	*srtp = (struct load_srtp){ 0 };
}

static EVP_CIPHER_CTX *context(void **slot, const struct load_key *key, bool sealing)
{
	if (!*slot) {
		*slot = EVP_CIPHER_CTX_new();
		EVP_CipherInit_ex(*slot, EVP_aes_128_gcm(), NULL, key->key, NULL, sealing);
	}
	return *slot;
}

static void put32(uint8_t *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* RFC 7714 §8.1 and §9.1: two zero bytes, SSRC, 48 bits of index, all xor salt. */
static void make_iv(uint8_t iv[IV_LEN], const uint8_t *ssrc, uint64_t index, const uint8_t *salt)
{
	iv[0] = iv[1] = 0;
	memcpy(iv + 2, ssrc, 4);
	for (int i = 0; i < 6; i++)
		iv[6 + i] = (uint8_t)(index >> (40 - 8 * i));
	for (int i = 0; i < IV_LEN; i++)
		iv[i] ^= salt[i];
}

static bool seal(EVP_CIPHER_CTX *ctx, const uint8_t *iv, const uint8_t *aad, int aad_len, const uint8_t *more, int more_len, uint8_t *text, int len)
{
	int n = 0;
	return EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) && EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len)
		&& (!more_len || EVP_EncryptUpdate(ctx, NULL, &n, more, more_len)) && EVP_EncryptUpdate(ctx, text, &n, text, len)
		&& EVP_EncryptFinal_ex(ctx, text + n, &n) && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, LOAD_SRTP_TAG, text + len);
}

static bool unseal(EVP_CIPHER_CTX *ctx, const uint8_t *iv, const uint8_t *aad, int aad_len, const uint8_t *more, int more_len, uint8_t *text, int len)
{
	int n = 0;
	return EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, iv) && EVP_DecryptUpdate(ctx, NULL, &n, aad, aad_len)
		&& (!more_len || EVP_DecryptUpdate(ctx, NULL, &n, more, more_len)) && EVP_DecryptUpdate(ctx, text, &n, text, len)
		&& EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, LOAD_SRTP_TAG, text + len) && EVP_DecryptFinal_ex(ctx, text + n, &n) > 0;
}

bool load_srtp_seal(struct load_srtp *srtp, uint8_t *packet, size_t head, size_t *len, uint64_t index)
{
	uint8_t iv[IV_LEN];
	make_iv(iv, packet + 8, index, srtp->rtp_key.salt);
	if (!seal(context(&srtp->rtp, &srtp->rtp_key, true), iv, packet, (int)head, NULL, 0, packet + head, (int)(*len - head)))
		return false;
	*len += LOAD_SRTP_TAG;
	return true;
}

bool load_srtp_open(struct load_srtp *srtp, uint8_t *packet, size_t head, size_t *len, uint64_t index)
{
	uint8_t iv[IV_LEN];
	if (*len < head + LOAD_SRTP_TAG)
		return false;
	make_iv(iv, packet + 8, index, srtp->rtp_key.salt);
	*len -= LOAD_SRTP_TAG;
	return unseal(context(&srtp->rtp, &srtp->rtp_key, false), iv, packet, (int)head, NULL, 0, packet + head, (int)(*len - head));
}

bool load_srtcp_seal(struct load_srtp *srtp, uint8_t *packet, size_t *len)
{
	uint8_t iv[IV_LEN], word[4];
	if (*len < RTCP_HEAD)
		return false;
	put32(word, ++srtp->rtcp_index | 1u << 31);
	make_iv(iv, packet + 4, srtp->rtcp_index, srtp->rtcp_key.salt);
	if (!seal(context(&srtp->rtcp, &srtp->rtcp_key, true), iv, packet, RTCP_HEAD, word, 4, packet + RTCP_HEAD, (int)*len - RTCP_HEAD))
		return false;
	memcpy(packet + *len + LOAD_SRTP_TAG, word, 4);
	*len += LOAD_SRTCP_TAIL;
	return true;
}

bool load_srtcp_open(struct load_srtp *srtp, uint8_t *packet, size_t *len)
{
	uint8_t iv[IV_LEN];
	if (*len < RTCP_HEAD + LOAD_SRTCP_TAIL)
		return false;
	const uint8_t *word = packet + *len - 4;
	if (!(word[0] & 0x80))
		return false;           /* not encrypted: nobody here sends that */
	make_iv(iv, packet + 4, get32(word) & 0x7fffffff, srtp->rtcp_key.salt);
	*len -= LOAD_SRTCP_TAIL;
	return unseal(context(&srtp->rtcp, &srtp->rtcp_key, false), iv, packet, RTCP_HEAD, word, 4, packet + RTCP_HEAD, (int)*len - RTCP_HEAD);
}

#include "secret_token.h"

#include <sodium.h>
#include <string.h>

void random_id(char out[RANDOM_ID_CHARS + 1])
{
	uint8_t bytes[16];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(out, RANDOM_ID_CHARS + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool base64url_valid(const char *s, size_t chars)
{
	return strlen(s) == chars &&
		strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == chars;
}

bool random_id_valid(const char *id)
{
	return id && base64url_valid(id, RANDOM_ID_CHARS);
}

void secret_token_make(char out[SECRET_TOKEN_CHARS + 1])
{
	uint8_t bytes[32];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(out, SECRET_TOKEN_CHARS + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

bool secret_token_hash(uint8_t out[SECRET_TOKEN_HASH_BYTES], const char *token)
{
	if (!token || !base64url_valid(token, SECRET_TOKEN_CHARS))
		return false;
	return crypto_generichash(out, SECRET_TOKEN_HASH_BYTES, (const uint8_t *)token, SECRET_TOKEN_CHARS, NULL, 0) == 0;
}

/**
 * Random ids and tokens. A token is shown once and kept only as its hash.
 */
#ifndef HOPKIN_AUTH_SECRET_TOKEN_H
#define HOPKIN_AUTH_SECRET_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SECRET_TOKEN_CHARS = 43,        /* base64url of 256 random bits */
	SECRET_TOKEN_HASH_BYTES = 32,
	RANDOM_ID_CHARS = 22,           /* base64url of 128 random bits */
};

void random_id(char out[RANDOM_ID_CHARS + 1]);

/** Exactly 22 characters of base64url? */
bool random_id_valid(const char *id);

void secret_token_make(char out[SECRET_TOKEN_CHARS + 1]);

/** BLAKE2b-256 of a token. @return false: not the form of a token */
bool secret_token_hash(uint8_t out[SECRET_TOKEN_HASH_BYTES], const char *token);

#endif

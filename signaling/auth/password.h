/**
 * Which passwords are good enough, and making readable ones.
 */
#ifndef HOPKIN_AUTH_PASSWORD_H
#define HOPKIN_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PASSWORD_LEAST_CHARS = 10,
	PASSWORD_MOST_CHARS = 256,      /* code points */
	PASSWORD_MOST_BYTES = 1024,
	ROOM_PASSWORD_LEAST_CHARS = 8,
	PASSWORD_GENERATED_BYTES = 64,
};

/**
 * Good enough for an account: 10…256 characters of valid UTF-8 without control characters, not built on the account's
 * name or "hopkin", not among the common ones, at least five different characters.
 * @param name  the account's, may be NULL
 */
bool password_acceptable(const char *password, const char *name);

/** Good enough for a room, chosen by its owner: 8…256 characters, otherwise the same. */
bool room_password_acceptable(const char *password);

/** A readable password with 46 random bits: four syllables and three digits, like "tam-luon-khe-vang-407". */
void password_generate(char out[PASSWORD_GENERATED_BYTES]);

#endif

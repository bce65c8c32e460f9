/**
 * SRTP with AEAD_AES_128_GCM (RFC 7714 §8-9) by OpenSSL's EVP, one context a key, for the bare forwarder.
 *
 * No replay list and no check that an index is new: whoever gives the index answers for it.
 */
#ifndef HOPKIN_BARE_KEY_H
#define HOPKIN_BARE_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BARE_KEY_BYTES = 28, BARE_TAG = 16 };    /* 16 of the master key and 12 of the salt; bytes of the tag */

struct bare_key {
	EVP_CIPHER_CTX *ctx;                    /* owned */
	uint8_t salt[12];
};

/** @param master  key, then salt, as DTLS would give them. False: no memory. */
bool bare_key_start(struct bare_key *key, const uint8_t master[BARE_KEY_BYTES], bool seals);
void bare_key_end(struct bare_key *key);

/**
 * Seals `payload` behind the header that stands in `packet` already; payload and packet do not overlap.
 * @return the packet's length with its tag
 */
size_t bare_key_seal(struct bare_key *key, uint8_t *packet, size_t header, const uint8_t *payload, size_t payload_len, uint64_t index);

/** Opens in place. @return the length without the tag, or 0 for a forged packet */
size_t bare_key_open(struct bare_key *key, uint8_t *packet, size_t header, size_t len, uint64_t index);

#endif

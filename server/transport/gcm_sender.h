/**
 * AEAD_AES_128_GCM for outgoing SRTP, on OpenSSL alone (RFC 7714): half the time that libsrtp2 takes, and the same bytes.
 *
 * One cipher context for each sender, made once and used again: a packet sets only the nonce. That no index comes twice is the caller's
 * ledger to see to (media_keys.c): here nothing is remembered between packets.
 *
 * Thread: the worker that owns the peer. Sealing neither blocks, allocates nor logs.
 */
#ifndef HOPKIN_TRANSPORT_GCM_SENDER_H
#define HOPKIN_TRANSPORT_GCM_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GCM_KEY_BYTES = 16,
	GCM_SALT_BYTES = 12,
	GCM_TAG_BYTES = 16,
};

struct gcm_sender;

/** Once per process, before any thread: what a sender needs of the library is looked up here. 0 or -EIO. */
int gcm_sender_library_start(void);

/**
 * The keys of SRTP from those that DTLS gave (RFC 3711 §4.3.1 with the PRF of RFC 7714 §11, key derivation rate 0).
 * False: the library failed. The caller wipes both pairs.
 */
bool gcm_session_keys(uint8_t key[GCM_KEY_BYTES], uint8_t salt[GCM_SALT_BYTES], const uint8_t master_key[GCM_KEY_BYTES],
	const uint8_t master_salt[GCM_SALT_BYTES]);

/** @param key,salt  of the session; copied. 0 or -ENOMEM. */
int gcm_sender_create(struct gcm_sender **out, const uint8_t key[GCM_KEY_BYTES], const uint8_t salt[GCM_SALT_BYTES]);
void gcm_sender_destroy(struct gcm_sender *sender);     /* wipes; NULL is fine */

/**
 * Seal one RTP packet in place and write the tag behind it.
 *
 * @param header_len  bytes that stay in the clear: header, CSRCs, extension
 * @param len         of the whole packet; the buffer holds GCM_TAG_BYTES more
 * @param index       ROC << 16 | seq, below 2^48, never given twice for one SSRC
 * False: the library failed; the bytes must not be sent.
 */
bool gcm_sender_seal(struct gcm_sender *sender, uint8_t *bytes, size_t header_len, size_t len, uint64_t index);

#endif

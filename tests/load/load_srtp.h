/**
 * SRTP and SRTCP under AEAD_AES_128_GCM (RFC 7714), on OpenSSL alone: light enough for thousands of transports, and not the server's code.
 *
 * The caller knows the index: a sender counts its own packets, a receiver follows each SSRC's. No replay list: who checks packets
 * looks for duplicates itself, and wants to see them.
 */
#ifndef HOPKIN_LOAD_SRTP_H
#define HOPKIN_LOAD_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load_adaptor.h"

enum { LOAD_SRTP_TAG = 16, LOAD_SRTCP_TAIL = 20 };      /* bytes that sealing adds */

/** One direction. Contexts are made when first needed: who never sends media has none for it. */
struct load_srtp {
	struct load_key rtp_key, rtcp_key;      /* session keys and salts */
	void *rtp, *rtcp;                       /* EVP_CIPHER_CTX */
	bool sealing;
	uint32_t rtcp_index;                    /* of the last SRTCP packet sealed */
};

void load_srtp_init(struct load_srtp *srtp, const struct load_key *master, bool sealing);
void load_srtp_clear(struct load_srtp *srtp);

/** `head` bytes of RTP header stay clear; `index` is ROC << 16 | sequence number. The packet grows by LOAD_SRTP_TAG. */
bool load_srtp_seal(struct load_srtp *srtp, uint8_t *packet, size_t head, size_t *len, uint64_t index);
bool load_srtp_open(struct load_srtp *srtp, uint8_t *packet, size_t head, size_t *len, uint64_t index);
bool load_srtcp_seal(struct load_srtp *srtp, uint8_t *packet, size_t *len);
bool load_srtcp_open(struct load_srtp *srtp, uint8_t *packet, size_t *len);

#endif

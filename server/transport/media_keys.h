/**
 * SRTP and SRTCP of one transport (RFC 3711, RFC 7714): both directions, behind four calls.
 *
 * What comes in: the index is estimated, replay checked, the tag verified - and only then ROC and replay list move. A packet that
 * fails leaves everything as it was. What goes out: no (key, SSRC, index) is ever protected twice; a used index is refused.
 *
 * Thread: the worker that owns the peer. Never blocks or logs; allocates only for the first packet of an SSRC (incoming: the first
 * that verifies), and at most `most_ssrcs` times in each direction.
 */
#ifndef HOPKIN_TRANSPORT_MEDIA_KEYS_H
#define HOPKIN_TRANSPORT_MEDIA_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* Protection profiles, by their number on the wire (RFC 5764 §4.1.2, RFC 7714 §14.2). */
enum media_profile {
	MEDIA_AES128_CM_SHA1_80 = 0x0001,
	MEDIA_AEAD_AES_128_GCM = 0x0007,
};

enum {
	MEDIA_KEY_BYTES = 16,
	MEDIA_SALT_MAX = 14,            /* AES-CM 14, GCM 12 */
	MEDIA_OVERHEAD = 24,            /* bytes that protecting adds at most: GCM tag 16 (SRTCP: and index 4), SHA1_80 10 (and 4) */
};

/* Plain data: it travels from the handshake thread to a worker by mailbox. Wipe every copy. */
struct media_key_material {
	uint32_t profile;                               /* enum media_profile */
	uint8_t client_key[MEDIA_KEY_BYTES];            /* the DTLS client writes with it: the browser; we receive */
	uint8_t client_salt[MEDIA_SALT_MAX];
	uint8_t server_key[MEDIA_KEY_BYTES];            /* we send */
	uint8_t server_salt[MEDIA_SALT_MAX];
};

void media_key_material_wipe(struct media_key_material *material);

enum pkt_verdict {
	PKT_OK,
	PKT_SHORT,              /* not even a header */
	PKT_REPLAYED,           /* its index was seen, or is too old to tell */
	PKT_FORGED,             /* the tag does not verify */
	PKT_SSRC_LIMIT,         /* a new SSRC, and there are as many as allowed already */
	PKT_USED_INDEX,         /* outgoing: this (SSRC, index) was protected before, or is too old to tell; never sent */
	PKT_NO_ROOM,            /* outgoing: the buffer cannot hold the tag, or memory for a new SSRC */
	PKT_VERDICTS
};

struct media_keys;

/** Once per process, before any thread. 0 or -EIO. */
int media_keys_library_start(void);

/**
 * @param most_ssrcs  bound for each direction, 1…4096; further SSRCs get PKT_SSRC_LIMIT
 * @return            0, -EINVAL (profile), -ENOMEM. The material is copied; the caller wipes its own.
 */
int media_keys_create(struct media_keys **out, const struct media_key_material *material, unsigned most_ssrcs);

/** The other side of the same material, as a DTLS client has it: for tests and test peers. */
int media_keys_create_client(struct media_keys **out, const struct media_key_material *material, unsigned most_ssrcs);

void media_keys_destroy(struct media_keys *keys);       /* wipes; NULL is fine */

/** Open one packet in place: `pkt->len` shrinks by the tag on success; the bytes are unspecified on failure. */
enum pkt_verdict media_unprotect(struct media_keys *keys, struct packet *pkt);
enum pkt_verdict media_unprotect_rtcp(struct media_keys *keys, struct packet *pkt);

/**
 * Seal one packet in place. On success `*len` has grown by the tag; on failure bytes and `*len` must not be sent.
 *
 * @param room  bytes the buffer holds; at least *len + MEDIA_OVERHEAD
 */
enum pkt_verdict media_protect(struct media_keys *keys, uint8_t *bytes, uint16_t *len, size_t room);
enum pkt_verdict media_protect_rtcp(struct media_keys *keys, uint8_t *bytes, uint16_t *len, size_t room);

#endif

/**
 * DTLS 1.2 server for one peer (RFC 6347, RFC 5764), on OpenSSL. Datagrams in, datagrams and a deadline out.
 *
 * The address was validated by ICE, so there is no cookie exchange. The peer's certificate must have the SHA-256 fingerprint
 * that signaling gave; it is compared when the handshake is complete and before any key leaves here.
 *
 * Life: dtls_create → dtls_receive()/dtls_tick() until the state leaves DTLS_HANDSHAKING → dtls_export_keys. Keep feeding
 * datagrams afterwards: the peer repeats its last flight when ours was lost, and is answered from here. dtls_destroy once the
 * peer has proven that it has the keys (first authenticated SRTP or SRTCP): the 72 KiB of an SSL are then not needed. A final
 * flight repeated by the network after that finds nobody and is dropped; the peer has long finished and does not miss it.
 *
 * Thread: any one at a time; an identity may be shared by objects of the same thread.
 */
#ifndef HOPKIN_TRANSPORT_DTLS_H
#define HOPKIN_TRANSPORT_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media_keys.h"

enum {
	DTLS_MTU = 1200,                /* bytes of UDP payload: passes every path we know */
	DTLS_QUEUE = 16,                /* datagrams waiting to be sent; a flight has 2 or 3 */
	DTLS_FINGERPRINT_BYTES = 32,
	DTLS_FINGERPRINT_TEXT = 104,    /* "sha-256 " and 32 hex pairs with colons, terminated */
};

/* -- our certificate -------------------------------------------------------------------------------------------------- */

struct dtls_identity;

/** A new ECDSA P-256 key and self-signed certificate. 0, -ENOMEM, or -EIO when OpenSSL refuses. */
int dtls_identity_create(struct dtls_identity **out);
void dtls_identity_destroy(struct dtls_identity *identity);                     /* after the last struct dtls; NULL is fine */
const char *dtls_identity_fingerprint(const struct dtls_identity *identity);    /* "sha-256 AB:CD:…", as SDP writes it */

/** "sha-256 AB:CD:…" (any case, as in a=fingerprint). False: another hash, wrong length, not hex. */
bool dtls_fingerprint_parse(uint8_t out[DTLS_FINGERPRINT_BYTES], const char *text);

/* -- one peer --------------------------------------------------------------------------------------------------------- */

enum dtls_state {
	DTLS_HANDSHAKING,
	DTLS_CONNECTED,         /* handshake complete and fingerprint right: keys may be exported */
	DTLS_FAILED,            /* dtls_reason() says why; nothing leaves here but the alert that is queued */
	DTLS_CLOSED,            /* the peer sent close_notify */
};

struct dtls;

/**
 * @param remote_fingerprint  what signaling gave; the peer's certificate must match
 * @return                    0, -EINVAL (fingerprint), -ENOMEM
 */
int dtls_create(struct dtls **out, struct dtls_identity *identity, const char *remote_fingerprint);
void dtls_destroy(struct dtls *dtls);                   /* NULL is fine */

/** One datagram. Garbage and forgeries are ignored, as DTLS asks. Answers are then in the queue. */
enum dtls_state dtls_receive(struct dtls *dtls, const uint8_t *bytes, size_t len);

/** Send the latest flight again if its time has come. */
enum dtls_state dtls_tick(struct dtls *dtls);

/** Microseconds from now until dtls_tick() has something to do; INT64_MAX: never. OpenSSL keeps the time of a flight itself. */
int64_t dtls_timeout_us(const struct dtls *dtls);

/** The next datagram to send, at most DTLS_MTU bytes, copied out; 0: none. Call until 0 after every other call. */
size_t dtls_output(struct dtls *dtls, uint8_t out[DTLS_MTU]);

enum dtls_state dtls_state(const struct dtls *dtls);

/** DTLS_FAILED: "dtls" or "fingerprint"; DTLS_CLOSED: "gone"; else NULL. The reasons of `peer.closed`. */
const char *dtls_reason(const struct dtls *dtls);

/** Queue a close_notify (or nothing, if there is nobody to tell). */
void dtls_close(struct dtls *dtls);

/** The SRTP keys (RFC 5764 §4.2). 0, or -EPERM unless DTLS_CONNECTED. The caller wipes `out` (media_key_material_wipe). */
int dtls_export_keys(const struct dtls *dtls, struct media_key_material *out);

#endif

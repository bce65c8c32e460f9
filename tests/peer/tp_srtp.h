/**
 * SRTP of a test peer: libsrtp2 directly, and a ledger of every index the server ever used.
 *
 * The ledger is the point: with AES-GCM a second packet under the same (key, SSRC, index) gives the authentication key away. So
 * each received packet's 48-bit index is noted with a hash of its ciphertext; the same index again with other bytes is
 * counted in `reused`, the same bytes again (allowed: a plain resend) in `repeated`.
 */
#ifndef HOPKIN_PEER_TP_SRTP_H
#define HOPKIN_PEER_TP_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_dtls.h"

enum { TP_SRTP_TAIL = 32 };     /* bytes a protected packet may be longer */

struct tp_srtp;

struct tp_srtp_counts {
	uint64_t opened, replayed, forged;      /* what libsrtp2 said of packets received */
	uint64_t reused, repeated;              /* what the ledger says */
};

enum tp_srtp_verdict { TP_SRTP_OK, TP_SRTP_REPLAYED, TP_SRTP_FORGED };

int tp_srtp_create(struct tp_srtp **out, const struct tp_srtp_keys *keys);
void tp_srtp_destroy(struct tp_srtp *srtp);

/** In place; false when libsrtp2 refuses. `len` grows. */
bool tp_srtp_protect(struct tp_srtp *srtp, uint8_t *rtp, size_t *len);
bool tp_srtp_protect_rtcp(struct tp_srtp *srtp, uint8_t *rtcp, size_t *len);

enum tp_srtp_verdict tp_srtp_open(struct tp_srtp *srtp, uint8_t *packet, size_t *len);
enum tp_srtp_verdict tp_srtp_open_rtcp(struct tp_srtp *srtp, uint8_t *packet, size_t *len);

const struct tp_srtp_counts *tp_srtp_counts(const struct tp_srtp *srtp);

#endif

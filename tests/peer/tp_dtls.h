/**
 * The DTLS client of a test peer (RFC 5764): OpenSSL, use_srtp, one write one datagram.
 *
 * The process makes one certificate for all its peers. The server's certificate is checked against the signaled fingerprint.
 */
#ifndef HOPKIN_PEER_TP_DTLS_H
#define HOPKIN_PEER_TP_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tp_dtls;

enum tp_dtls_state { TP_DTLS_SHAKING, TP_DTLS_DONE, TP_DTLS_FAILED, TP_DTLS_CLOSED };

struct tp_dtls_config {
	const char *profiles;           /* as OpenSSL names them, by preference; NULL: no use_srtp */
	const char *fingerprint;        /* the server's, "sha-256 AB:…"; NULL: any */
	uint16_t mtu;                   /* bytes; small values split the ClientHello over datagrams as browsers do */
	void *owner;
	void (*send)(void *owner, const uint8_t *bytes, size_t len);
};

enum tp_profile { TP_PROFILE_NONE, TP_PROFILE_GCM128, TP_PROFILE_CM_SHA1_80 };

struct tp_srtp_keys {
	enum tp_profile profile;
	uint8_t client[30], server[30];         /* key then salt */
	size_t len;
};

int tp_dtls_create(struct tp_dtls **out, const struct tp_dtls_config *config);
void tp_dtls_destroy(struct tp_dtls *dtls);

/** Sends the ClientHello, or whatever is due. */
void tp_dtls_drive(struct tp_dtls *dtls);
void tp_dtls_input(struct tp_dtls *dtls, const uint8_t *bytes, size_t len);

/** Microseconds until `tp_dtls_drive` is due for a retransmission, -1: never. */
int64_t tp_dtls_wait_us(struct tp_dtls *dtls);
enum tp_dtls_state tp_dtls_state(const struct tp_dtls *dtls);

/** Why it failed; a static or owned string. */
const char *tp_dtls_reason(const struct tp_dtls *dtls);
bool tp_dtls_keys(struct tp_dtls *dtls, struct tp_srtp_keys *out);
void tp_dtls_close(struct tp_dtls *dtls);

/** "sha-256 AB:CD:…" of this process's certificate. */
const char *tp_dtls_own_fingerprint(void);

#endif

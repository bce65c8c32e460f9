/**
 * STUN as an ICE client needs it (RFC 8489, RFC 8445 §7): Binding requests, their answers, and checking both.
 *
 * Written apart from the server's, which uses libnice, so that the two check each other. It can also write wrong messages.
 */
#ifndef HOPKIN_PEER_TP_STUN_H
#define HOPKIN_PEER_TP_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { TP_STUN_MAX = 512 };     /* bytes: room for any message written here */

struct tp_stun_request {
	uint8_t transaction[12];
	const char *username;           /* "remote:local" fragments; NULL: left out */
	const char *password;           /* the remote's; NULL: no MESSAGE-INTEGRITY */
	uint32_t priority;
	uint64_t tie_breaker;
	bool controlled;                /* ICE-CONTROLLED instead of ICE-CONTROLLING */
	bool use_candidate;             /* nominate */
	uint32_t nomination;            /* attribute 0xC001 (draft-thatcher-ice-renomination), 0: left out */
	bool no_fingerprint;
	bool bad_integrity;             /* one bit of the HMAC is turned */
	uint16_t padding_attribute;     /* bytes of an unknown comprehension-optional attribute */
};

/** Returns the length written, 0 if `room` is too small. */
size_t tp_stun_write_request(uint8_t *out, size_t room, const struct tp_stun_request *req);

/** A Binding success for `transaction`, XOR-MAPPED-ADDRESS `mapped`, keyed with our own `password`. */
size_t tp_stun_write_success(uint8_t *out, size_t room, const uint8_t transaction[12], const struct sockaddr *mapped,
	const char *password);

enum tp_stun_class { TP_STUN_REQUEST, TP_STUN_INDICATION, TP_STUN_SUCCESS, TP_STUN_ERROR };

struct tp_stun_message {
	enum tp_stun_class class;
	uint16_t method;
	uint8_t transaction[12];
	char username[128];
	bool has_integrity, has_fingerprint, fingerprint_ok, use_candidate;
	uint16_t error_code;
	struct sockaddr_storage mapped;         /* family 0: none */
	size_t integrity_at;                    /* offset of MESSAGE-INTEGRITY */
};

/** False when it is no well-formed STUN message. */
bool tp_stun_read(struct tp_stun_message *out, const uint8_t *bytes, size_t len);

/** Checks the HMAC found at `integrity_at`. */
bool tp_stun_integrity_ok(const struct tp_stun_message *msg, const uint8_t *bytes, const char *password);

#endif

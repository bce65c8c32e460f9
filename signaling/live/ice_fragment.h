/**
 * Reads the body of a WHIP or WHEP PATCH: an SDP fragment (application/trickle-ice-sdpfrag, RFC 8840 §9) with the client's ICE
 * credentials and candidates.
 *
 * The server is ICE-lite: it never uses a candidate, it only looks whether one has the form of a candidate. Pure.
 */
#ifndef HOPKIN_LIVE_ICE_FRAGMENT_H
#define HOPKIN_LIVE_ICE_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "control_message.h"

enum { ICE_FRAGMENT_MAX = 64 * 1024, ICE_FRAGMENT_LINE_MAX = 1024 /* bytes */ };

struct ice_fragment {
	char ufrag[CONTROL_NAME_MAX + 1], pwd[CONTROL_NAME_MAX + 1];    /* "": not named */
	char mid[CONTROL_MID_MAX + 1];                                  /* of its first m-section; "": it has none */
	bool video;                                                     /* that section's kind */
	unsigned candidates;
};

/** False: malformed, or two different credentials in it (a bundle has one transport). */
bool ice_fragment_read(struct ice_fragment *out, const char *text, size_t len);

#endif

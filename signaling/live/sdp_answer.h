/**
 * Writes the SDP answer to a planned offer: ICE-lite, host candidates (UDP, and TCP passive) of every configured address, DTLS passive,
 * everything bundled, publish sections received (with their simulcast layers), seats sent with stream ids and SSRCs.
 *
 * Directions of header extensions are reversed: Firefox sends no RID otherwise. Pure.
 */
#ifndef HOPKIN_LIVE_SDP_ANSWER_H
#define HOPKIN_LIVE_SDP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "ice_fragment.h"
#include "offer_plan.h"

struct sdp_answer_server {
	const char *const *hosts;       /* addresses as text; one with a colon is IPv6 */
	size_t hosts_n;
	uint16_t port;                  /* of UDP and of TCP */
	const char *fingerprint;        /* the media program's, "sha-256 AB:…" */
	uint64_t session;               /* o= line: below 2^62, the same for one connection */
	uint32_t version;               /* o= line: growing with each answer */
	bool one_stream;                /* all seats in one media stream (WHEP, RFC 9725 §4.4.2); else one for each seat */
};

/** The answer, zero-terminated, to be freed by the caller; NULL: no memory. */
char *sdp_answer_write(const struct sdp_offer *offer, const struct offer_plan *plan, const struct offer_sections *sections,
                       const struct offer_server *server, const struct sdp_answer_server *about);

/** Answers an ICE restart (RFC 9725 §4.3.3): new credentials and, where the request named its section, all candidates. As above. */
char *sdp_answer_fragment(const struct ice_fragment *asked, const struct offer_server *server, const struct sdp_answer_server *about);

#endif

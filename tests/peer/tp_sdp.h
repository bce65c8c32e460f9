/**
 * SDP of a test peer: an offer as Chromium writes one (RFC 8829, BUNDLE, rids for simulcast), and reading the server's answer.
 */
#ifndef HOPKIN_PEER_TP_SDP_H
#define HOPKIN_PEER_TP_SDP_H

#include <jansson.h>

#include "tp_peer.h"

/** The offer, owned by the caller (free). */
char *tp_sdp_offer(const struct tp_peer *peer);

/** `sections` of `join` and `offer` (PROTOCOL.md), owned by the caller. */
json_t *tp_sdp_sections(const struct tp_peer *peer);

/**
 * Reads an answer to the peer's offer and checks that it is one: sections and mids in order, directions the other way round,
 * passive, only payload types and extensions that were offered.
 * @return NULL, or what is wrong with it (static)
 */
const char *tp_sdp_answer(struct tp_remote *out, const struct tp_peer *peer, const char *sdp);

#endif

/**
 * Decides what becomes of an offer: which m-section is which source or seat, which codecs and extensions are taken, and what the
 * media program must know about it.
 *
 * Pure. The client's `sections` are believed in nothing: every mid must be in the offer, once, of the right kind and direction,
 * bundled, with rtcp-mux. A section that `sections` does not name is answered as rejected.
 */
#ifndef HOPKIN_LIVE_OFFER_PLAN_H
#define HOPKIN_LIVE_OFFER_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "sdp_parse.h"

/* What the client says its m-sections are for. */
struct offer_sections {
	char sources[CONTROL_SOURCES][CONTROL_MID_MAX + 1];     /* by enum control_source; "": not offered */
	uint16_t seat_count;
	struct offer_seat {
		enum control_seat_kind kind;
		char audio[CONTROL_MID_MAX + 1], video[CONTROL_MID_MAX + 1];    /* "": none */
	} seats[CONTROL_SEATS_MAX];
};

/** Read the JSON member `sections`. False: not as PROTOCOL.md says it. */
bool offer_sections_read(struct offer_sections *out, const json_t *json);

enum offer_role { OFFER_REJECTED, OFFER_SOURCE, OFFER_SEAT };

struct offer_plan {
	struct control_ext ext;
	uint8_t payload_count;
	struct control_payload payloads[CONTROL_PAYLOADS_MAX];
	struct offer_part {
		enum offer_role role;
		enum control_source source;     /* OFFER_SOURCE */
		uint16_t seat;                  /* OFFER_SEAT */
		uint8_t codec_count;            /* taken codecs, by index into the section's, preferred first */
		uint8_t codecs[SDP_CODECS_MAX];
	} parts[SDP_SECTIONS_MAX];              /* beside offer->sections */
};

/**
 * Plan the answer to `offer`.
 *
 * @param seats_max  most person seats
 * @return           false: the offer cannot be taken (`bad_sdp`)
 */
bool offer_plan_make(struct offer_plan *out, const struct sdp_offer *offer, const struct offer_sections *sections, uint16_t seats_max);

/* The server's side of one connection's ICE and seats; chosen by the caller. */
struct offer_server {
	char ufrag[CONTROL_NAME_MAX + 1], pwd[CONTROL_NAME_MAX + 1];
	struct { uint32_t audio, video, rtx; } ssrcs[CONTROL_SEATS_MAX];
};

/** Fill ice, fingerprint, ext, payloads, sends and seats of a peer.add (or, without the fingerprint, of a peer.update). */
void offer_plan_to_peer(struct control_peer_add *out, const struct offer_plan *plan, const struct sdp_offer *offer,
                        const struct offer_sections *sections, const struct offer_server *server);

#endif

/**
 * What signaling said of one peer, packed into one block: what control_message.h holds in arrays made for the worst case.
 *
 * Made by the control thread, one for each worker, and handed over by mailbox (ORDER_PEER_ADD, ORDER_PEER_UPDATE); the worker owns
 * it from then on. Never changed afterwards but by peer_config_merge.
 */
#ifndef HOPKIN_SFU_PEER_CONFIG_H
#define HOPKIN_SFU_PEER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "frame_marks.h"

struct payload {
	uint8_t pt, rtx;                /* rtx 0: none */
	enum rtp_codec codec;
	uint32_t clock_hz;
	uint32_t profile;               /* a hash of the name; 0: none named */
};

enum {
	PEER_HAS_ICE = 1 << 0,
	PEER_HAS_EXT = 1 << 1,
	PEER_HAS_PAYLOADS = 1 << 2,
	PEER_HAS_SENDS = 1 << 3,
	PEER_HAS_SEATS = 1 << 4,
};

struct peer_config {
	uint32_t peer, room, number;
	uint16_t home;                  /* the worker that keeps the room's speakers */
	uint8_t has;                    /* PEER_HAS_…: all of them with ORDER_PEER_ADD */
	struct control_ice ice;
	struct control_ext ext;
	uint8_t payload_count, send_count, seat_count;
	struct payload *payloads;       /* inside the block */
	struct control_send *sends;
	struct control_seat *seats;
};

/** NULL: out of memory. `has` says which parts of `from` count. */
struct peer_config *peer_config_create(const struct control_peer_add *from, uint8_t has);
void peer_config_destroy(struct peer_config *config);           /* wipes the ICE passwords; NULL is fine */

/** `old` with the parts of `update` in their place, as a new block; both stay the caller's. NULL: out of memory. */
struct peer_config *peer_config_merge(const struct peer_config *old, const struct peer_config *update);

/** The entry of this payload type, also if `pt` is its retransmission type (`*rtx` then true); NULL: unknown. */
const struct payload *peer_config_payload(const struct peer_config *config, uint8_t pt, bool *rtx);
/** What this browser takes such a stream as; NULL: not at all. A profile must match where both name one. */
const struct payload *peer_config_accepts(const struct peer_config *config, enum rtp_codec codec, uint32_t profile);

#endif

/**
 * What signaling wants to find again after its own death, kept at the media program beside each peer: sealed (XSalsa20-Poly1305), since the
 * media program meets the raw network and is trusted with nothing.
 *
 * A tag is bound to its peer and number: another peer's tag, put in its place, does not open. Of several, the one with the highest
 * `revision` is the newest word about the meeting (lock, removals).
 */
#ifndef HOPKIN_LIVE_SEALED_TAG_H
#define HOPKIN_LIVE_SEALED_TAG_H

#include "live_state.h"

struct sealed_tag {
	char room[LIVE_ROOM_ID_ROOM];
	uint32_t number;
	char name[LIVE_NAME_ROOM];
	bool guest, locked;
	enum live_kind kind;
	bool sends[2];                          /* of a device: mic, camera */
	int64_t account, since_s, hand_s;
	uint8_t session[LIVE_SESSION_BYTES], resume_hash[LIVE_TOKEN_HASH];
	struct removal_marks marks;
	bool state[CONTROL_SOURCES], blocked[CONTROL_SOURCES];
	uint32_t generation, ufrag_mark;        /* of the peer */
	uint8_t seat_count;
	uint32_t revision, last_number;         /* of the meeting */
	uint8_t removal_count;
	struct removal removals[LIVE_REMOVALS_KEPT];
};

/** Seal how `p` and its meeting are now, for `peer`; the meeting's revision grows. False: cannot be said (never, with sound names). */
bool sealed_tag_write(char out[CONTROL_TAG_MAX + 1], struct participant *p, const struct live_peer *peer);

/** Open a tag that the media program said belongs to this peer. False: not one of ours, or not this peer's. */
bool sealed_tag_read(struct sealed_tag *out, const uint8_t key[LIVE_SEAL_KEY_BYTES], const char *tag, const char *peer_id);

#endif

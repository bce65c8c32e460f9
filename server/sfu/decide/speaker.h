/**
 * Who spoke, most recently first, from the audio levels that packets carry (RFC 6464).
 *
 * Each member's loudness is followed in time, not in packets: one who sends every 60 ms or whose levels arrive in lumps counts the same. To
 * be speaking takes SPEAKER_START_US of voice within the last second or so, so a cough or a door does not; a pause of up to
 * SPEAKER_HOLD_US does not end it. A new speaker comes second at once, and first when the first one is silent or was drowned for
 * SPEAKER_TAKE_US. The method is behind these few functions; another may take its place.
 *
 * Members are the caller's memory (embedded in its own struct), linked while they are in the room. Pure; thread: the room's home shard.
 */
#ifndef HOPKIN_DECIDE_SPEAKER_H
#define HOPKIN_DECIDE_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"

#define SPEAKER_START_US 300000
#define SPEAKER_HOLD_US 1000000
#define SPEAKER_TAKE_US 800000
enum { SPEAKER_LOUD = 50 };     /* -dBov: louder than this (a smaller number) is voice */

struct speaker_member {
	struct list link;       /* in order of recency, or alone */
	uint32_t number;
	bool speaking;
	bool ever;              /* has spoken in this meeting: it is in the order */
	int64_t level_us;       /* when the last level came; INT64_MIN: none yet */
	int64_t voice_us;       /* voice lately: grows while loud, falls in silence, 0…1 s */
	int64_t loud_us;        /* when it was last loud */
	int64_t ahead_us;       /* how long it has been louder than the first */
	int32_t loudness_x16;   /* smoothed 127 - level, times 16 */
};

struct speakers {
	struct list order;      /* those who ever spoke, most recent first */
	uint32_t version;       /* grows when the order or who is speaking changes */
};

void speakers_init(struct speakers *s);
void speaker_member_init(struct speaker_member *m, uint32_t number);
/** Safe to call for one that is in no order. */
void speaker_remove(struct speakers *s, struct speaker_member *m);
/** `level`: 0 loudest … 127 silence. `voice` is the sender's V bit, or true where it is not known. Muted members: do not call. */
void speaker_on_level(struct speakers *s, struct speaker_member *m, uint8_t level, bool voice, int64_t now_us);
/** Lets those fall silent whose packets stopped; every 100 ms or so. */
void speaker_tick(struct speakers *s, int64_t now_us);
/** The order's first `max` numbers, most recent first; returns how many. */
size_t speaker_order(const struct speakers *s, uint32_t *numbers, size_t max);
/** Those speaking now, in that order. */
size_t speaker_speaking(const struct speakers *s, uint32_t *numbers, size_t max);

#endif

/**
 * What a receive batch brought and nobody has been offered yet: packets by track, so that each subscriber gets all of a track's at once.
 *
 * One subscriber after the other, not one packet after the other: a subscription's state and what is written for it stay in the cache, and
 * its packets can leave as one train. Nothing waits longer than the receive batch takes to be opened: less than a millisecond.
 *
 * Owned by the worker. Thread: the worker. No allocation; each packet is held by a reference until it was offered.
 */
#ifndef HOPKIN_SFU_FANOUT_H
#define HOPKIN_SFU_FANOUT_H

#include "media_info.h"
#include "packet.h"

enum { FANOUT_MOST = 64 };              /* packets: a receive batch */

struct track;
struct worker;

struct fanout {
	unsigned count;
	struct fanout_entry {
		struct track *track;            /* borrowed: a track that dies is taken out; NULL: offered, or taken out */
		struct packet *packet;          /* a reference */
		struct media_info info;
	} entries[FANOUT_MOST];
};

/** To be offered to the track's subscriptions at the next fanout_run(), which happens at once when there is no room. */
void fanout_put(struct worker *worker, struct track *track, struct packet *packet, const struct media_info *info);
/** Offer all of it. */
void fanout_run(struct worker *worker);
/** The track dies. */
void fanout_forget(struct worker *worker, const struct track *track);

#endif

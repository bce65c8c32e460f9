/**
 * Questions for figures (`stats`): asked of every worker, answered when the last one has said its part, or after a second.
 *
 * Thread: control.
 */
#ifndef HOPKIN_SFU_FIGURES_H
#define HOPKIN_SFU_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "control_link.h"
#include "counters.h"
#include "registry.h"
#include "worker.h"

enum { FIGURES_OPEN_MAX = 8 };          /* questions at one time */

struct figures {
	struct post *post;
	struct control_link *link;
	const struct registry *registry;
	const struct counters *const *counters;         /* of every thread that counts */
	size_t counters_count;
	uint64_t next_token;
	struct figures_question {
		uint64_t token, id;             /* token 0: free */
		uint16_t missing;               /* workers that have not answered */
		int64_t asked_us;
		uint32_t count;
		struct control_stats_peer *peers;       /* owned, CONTROL_STATS_PEERS_MAX */
	} open[FIGURES_OPEN_MAX];
};

/** `room` NULL: counters only, answered at once. */
void figures_ask(struct figures *figures, uint64_t id, const struct known_room *room, int64_t now_us);
/** A worker's part; takes `event->peers` over. */
void figures_on_event(struct figures *figures, const struct event_figures *event);
/** Answer those that have waited too long with what is there. */
void figures_scan(struct figures *figures, int64_t now_us);
void figures_free(struct figures *figures);

#endif

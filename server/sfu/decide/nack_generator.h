/**
 * What to ask a publisher to send again: the gaps in one of its streams.
 *
 * A missing packet is asked for once NACK_REORDER packets came after it or NACK_WAIT_US passed (so mere reordering asks nothing), again
 * after an RTT that grows by half each time, at most NACK_TRIES times within NACK_AGE_US. The list is bounded: when more
 * than NACK_LIST are missing it starts anew, and video needs a keyframe. Plain data, pure. Thread: the worker that owns the publisher.
 */
#ifndef HOPKIN_DECIDE_NACK_GENERATOR_H
#define HOPKIN_DECIDE_NACK_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NACK_LIST = 128, NACK_TRIES = 10, NACK_REORDER = 3 };
#define NACK_WAIT_US 10000
#define NACK_AGE_US 1000000

struct nack_missing {
	uint64_t index;
	int64_t since_us;
	int64_t next_us;        /* when to ask (again) */
	uint8_t tries;
};

struct nack_generator {
	bool started;
	uint64_t highest;
	int64_t rtt_us;
	uint16_t count;
	uint32_t given_up;      /* packets never to come, since the last look: see nack_generator_take_given_up */
	struct nack_missing missing[NACK_LIST];         /* by index, ascending */
};

enum nack_verdict {
	NACK_OK,
	NACK_RECOVERED,         /* it was missing: late, or sent again */
	NACK_TOO_MANY,          /* the gap is too large to mend: the list was emptied; ask for a keyframe */
};

void nack_generator_init(struct nack_generator *g);
void nack_generator_set_rtt(struct nack_generator *g, int64_t rtt_us);
/** Every new packet of the stream, recovered ones too, by the index that `reception` gave. After RECEPTION_RESTART: init first. */
enum nack_verdict nack_generator_on_packet(struct nack_generator *g, uint64_t index, int64_t now_us);
/** Fills `seqs` (ascending) with what to ask for now; returns how many. The rest, if `max` was short, stays due. */
size_t nack_generator_due(struct nack_generator *g, int64_t now_us, uint16_t *seqs, size_t max);
/** INT64_MAX: nothing is missing. */
int64_t nack_generator_deadline_us(const struct nack_generator *g);
/** Packets given up since the last call; above 0, video needs a keyframe. */
uint32_t nack_generator_take_given_up(struct nack_generator *g);

#endif

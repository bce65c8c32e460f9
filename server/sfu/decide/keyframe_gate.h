/**
 * When to ask a publisher's layer for a keyframe: many subscribers ask, one PLI goes out.
 *
 * A request is met by a keyframe that begins after it. Requests are at least KEYFRAME_SPACING_US apart, whoever asks; one that is not
 * answered is repeated, ever more slowly, and given up after KEYFRAME_TRIES. Plain data, pure. Thread: the worker that owns the publisher.
 */
#ifndef HOPKIN_DECIDE_KEYFRAME_GATE_H
#define HOPKIN_DECIDE_KEYFRAME_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_SPACING_US 300000      /* a keyframe costs as much as half a second of video: no more than three a second */
#define KEYFRAME_RETRY_US 250000        /* first wait for an answer; doubled each time, to at most 4 s */
enum { KEYFRAME_TRIES = 8 };

struct keyframe_gate {
	bool wanted;            /* somebody waits */
	uint8_t tries;          /* sent for this wish */
	int64_t last_sent_us;   /* INT64_MIN / 2: never */
	int64_t due_us;         /* while wanted: when to send (again) */
};

void keyframe_gate_init(struct keyframe_gate *g);
/** Somebody needs a keyframe. Returns true if this was a new wish, false if it joined one that waits (count pli_throttled). */
bool keyframe_gate_ask(struct keyframe_gate *g, int64_t now_us);
/** True: send a PLI now. Call it after `ask` and at the deadline. */
bool keyframe_gate_due(struct keyframe_gate *g, int64_t now_us);
/** A keyframe began in this layer. */
void keyframe_gate_on_keyframe(struct keyframe_gate *g);
/** INT64_MAX: nothing waits. */
int64_t keyframe_gate_deadline_us(const struct keyframe_gate *g);

#endif

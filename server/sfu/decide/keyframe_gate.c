#include "keyframe_gate.h"

#define RETRY_MOST_US 4000000

void keyframe_gate_init(struct keyframe_gate *g)
{
	*g = (struct keyframe_gate){ .last_sent_us = INT64_MIN / 2, .due_us = INT64_MAX };
}

bool keyframe_gate_ask(struct keyframe_gate *g, int64_t now_us)
{
	if (g->wanted)
		return false;
	g->wanted = true;
	g->tries = 0;
	g->due_us = g->last_sent_us + KEYFRAME_SPACING_US > now_us ? g->last_sent_us + KEYFRAME_SPACING_US : now_us;
	return true;
}

bool keyframe_gate_due(struct keyframe_gate *g, int64_t now_us)
{
	if (!g->wanted || now_us < g->due_us)
		return false;
	if (g->tries == KEYFRAME_TRIES) {
		keyframe_gate_on_keyframe(g);
		return false;
	}
	int64_t wait_us = (int64_t)KEYFRAME_RETRY_US << g->tries++;
	if (wait_us < KEYFRAME_SPACING_US)
		wait_us = KEYFRAME_SPACING_US;
	if (wait_us > RETRY_MOST_US)
		wait_us = RETRY_MOST_US;
	g->last_sent_us = now_us;
	g->due_us = now_us + wait_us;
	return true;
}

void keyframe_gate_on_keyframe(struct keyframe_gate *g)
{
	g->wanted = false;
	g->due_us = INT64_MAX;
}

int64_t keyframe_gate_deadline_us(const struct keyframe_gate *g)
{
	return g->wanted ? g->due_us : INT64_MAX;
}

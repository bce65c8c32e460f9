/* layers: what happens to a packet, and which layer a tile gets. */
#include "check.h"
#include "layers.h"

#define NONE LAYER_NONE

static const struct {
	const char *name;
	struct layer now, target;
	struct frame_marks f;
	enum layer_verdict verdict;
	struct layer after;
} packets[] = {
	{ "the layer shown goes on", { 1, 7 }, { 1, 7 }, { .layer = { 1, 0 }, .start = true }, LAYER_FORWARD, { 1, 7 } },
	{ "another layer is not ours", { 1, 7 }, { 1, 7 }, { .layer = { 0, 0 }, .start = true, .keyframe = true }, LAYER_OTHER, { 1, 7 } },
	{ "the target without a keyframe waits", { 0, 7 }, { 2, 7 }, { .layer = { 2, 0 }, .start = true }, LAYER_WAIT_KEYFRAME, { 0, 7 } },
	{ "the old one goes on meanwhile", { 0, 7 }, { 2, 7 }, { .layer = { 0, 1 } }, LAYER_FORWARD, { 0, 7 } },
	{ "the target's keyframe switches", { 0, 7 }, { 2, 7 }, { .layer = { 2, 0 }, .start = true, .keyframe = true, .sync = true }, LAYER_SWITCH, { 2, 7 } },
	{ "the first keyframe", { NONE, 0 }, { 0, 7 }, { .layer = { 0, 0 }, .start = true, .keyframe = true }, LAYER_SWITCH, { 0, 7 } },
	{ "nothing before the first keyframe", { NONE, 0 }, { 0, 7 }, { .layer = { 0, 0 }, .start = true }, LAYER_WAIT_KEYFRAME, { NONE, 0 } },
	{ "nobody wants it", { 1, 7 }, { NONE, 0 }, { .layer = { 1, 0 }, .start = true, .keyframe = true }, LAYER_OTHER, { NONE, 0 } },
	{ "too fine a temporal layer", { 1, 1 }, { 1, 1 }, { .layer = { 1, 2 }, .start = true, .sync = true }, LAYER_DROP, { 1, 1 } },
	{ "taken up at a frame that syncs", { 1, 0 }, { 1, 2 }, { .layer = { 1, 2 }, .start = true, .sync = true }, LAYER_FORWARD, { 1, 2 } },
	{ "not in the middle of it", { 1, 0 }, { 1, 2 }, { .layer = { 1, 2 }, .sync = true }, LAYER_DROP, { 1, 0 } },
	{ "not at one that does not sync", { 1, 0 }, { 1, 2 }, { .layer = { 1, 2 }, .start = true }, LAYER_DROP, { 1, 0 } },
	{ "given up at a frame's start", { 1, 2 }, { 1, 0 }, { .layer = { 1, 2 }, .start = true }, LAYER_DROP, { 1, 0 } },
	{ "a frame begun is ended", { 1, 2 }, { 1, 0 }, { .layer = { 1, 2 } }, LAYER_FORWARD, { 1, 2 } },
	{ "given up at a base frame too", { 1, 2 }, { 1, 0 }, { .layer = { 1, 0 }, .start = true }, LAYER_FORWARD, { 1, 0 } },
};

static const struct {
	const char *name;
	struct layer_info layers[3];
	size_t count;
	uint16_t wanted;
	uint8_t current, most, chosen;
} choices[] = {
	{ "a small tile, the smallest", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 100, NONE, 4, 0 },
	{ "three quarters are enough", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 240, NONE, 4, 0 },
	{ "a pixel more is not", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 241, NONE, 4, 1 },
	{ "a large tile, the largest", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 1080, NONE, 4, 2 },
	{ "the largest is silent", { { true, 180 }, { true, 360 }, { false, 720 } }, 3, 1080, NONE, 4, 1 },
	{ "a hole in the middle", { { true, 180 }, { false, 360 }, { true, 720 } }, 3, 360, NONE, 4, 2 },
	{ "only a small one left", { { true, 180 }, { false, 360 }, { false, 720 } }, 3, 720, 2, 4, 0 },
	{ "bandwidth allows less", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 720, NONE, 1, 1 },
	{ "what is allowed is silent", { { false, 180 }, { false, 360 }, { true, 720 } }, 3, 720, NONE, 1, 2 },
	{ "not shown", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 0, 1, 4, NONE },
	{ "nothing comes", { { false }, { false }, { false } }, 3, 720, 1, 4, NONE },
	{ "no layers", { { false } }, 0, 720, NONE, 4, NONE },
	{ "one of unknown size", { { true } }, 1, 720, NONE, 4, 0 },
	{ "three of unknown size", { { true }, { true }, { true } }, 3, 360, NONE, 4, 1 },
	{ "the largest known", { { true }, { true }, { true, 1080 } }, 3, 360, NONE, 4, 0 },
	{ "a little growth does not switch", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 250, 0, 4, 0 },
	{ "more growth does", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 270, 0, 4, 1 },
	{ "a little shrinking does not", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 230, 1, 4, 1 },
	{ "more shrinking does", { { true, 180 }, { true, 360 }, { true, 720 } }, 3, 210, 1, 4, 0 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
		enum layer_verdict verdict = layer_decide(packets[i].now, packets[i].target, &packets[i].f);
		struct layer after = layer_after(packets[i].now, packets[i].target, &packets[i].f, verdict);
		check(packets[i].name, verdict == packets[i].verdict && after.spatial == packets[i].after.spatial &&
			after.temporal == packets[i].after.temporal);
	}
	for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
		check(choices[i].name, layer_choose(choices[i].layers, choices[i].count, choices[i].wanted, choices[i].current,
			choices[i].most) == choices[i].chosen);
	return check_done();
}

/**
 * One run of a scene: people come, things settle, the measurement, people go. And what came of it.
 */
#ifndef HOPKIN_LOAD_RUN_H
#define HOPKIN_LOAD_RUN_H

#include "load_scene.h"

/** What the server used, at one moment. */
struct load_mark {
	int64_t at_us, cpu_ns, own_cpu_ns, resident_kb, own_resident_kb;
	int descriptors;
	bool counted;
	uint64_t server_received, server_sent;
};

struct load_result {
	const struct load_scene_kind *kind;
	const struct load_scene *scene;
	const struct load_engine *engine;
	struct load_mark empty, before, after, left;    /* nobody there; the measurement's begin and end; everybody gone again */
	int up, up_before, failed;      /* how often somebody came in; until the measurement began */
	char failed_why[128];
	int joined_in_window, left_in_window;
	int streams_due, streams_heard; /* of sampled people, in the window; 0 where people come and go */
	double delivered;               /* packets to all, from what the sampled received */
	struct load_counts counts;      /* of the measurement */
};

/** 0: it ran (what it found is in `out`, borrowing `engine` and `scene`); -errno: the server could not be had. */
int load_run(struct load_result *out, struct load_scene *scene, const struct load_scene_kind *kind, struct load_engine *engine);

#endif

/**
 * Who is in a run: how many rooms, who sends what, who wants to see whom. A scene is one row of a table.
 */
#ifndef HOPKIN_LOAD_SCENE_H
#define HOPKIN_LOAD_SCENE_H

#include "load_engine.h"

enum load_activity { LOAD_STAND, LOAD_STORM, LOAD_CHURN };

struct load_scene_kind {
	const char *name, *says;
	int rooms, size, publishers;    /* publishers of a room; 0: all */
	int layers;                     /* of each publisher's video */
	int speakers;                   /* publishers of a room who send audio; 0: all */
	int seats;                      /* others that each receives at most */
	int first_height, other_height;
	int seconds;
	enum load_activity activity;
};

/** NULL: there is none of that name. */
const struct load_scene_kind *load_scene_find(const char *name);

/** Names and meanings, one a line. */
void load_scene_list(FILE *out);

struct load_scene {
	struct load_member *members;    /* room by room */
	int count, room_size, rooms;
	struct load_view *views;
	int role_count[LOAD_ROLES], role_sampled[LOAD_ROLES];
};

/** 0 or -ENOMEM. Role 0 are those who send. Sizes are the options', where given. */
int load_scene_make(struct load_scene *out, const struct load_scene_kind *kind, struct load_engine *engine);
void load_scene_clear(struct load_scene *scene);

/** Streams that `member` ought to receive from those who are in now. */
int load_scene_streams(const struct load_member *member);

#endif

#include "load_scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEATS_MAX = 63, SAMPLE_STEP = 7 };

static const struct load_scene_kind kinds[] = {
	{ "one-to-many", "one sends sound and 1.5 Mbit/s, all others receive it", 1, 51, 1, 1, 0, 1, 720, 720, 10, LOAD_STAND },
	{ "rooms", "all to all: sound and 1.5 Mbit/s from each to each", 1, 10, 0, 1, 0, SEATS_MAX, 720, 720, 10, LOAD_STAND },
	{ "webinar", "three send sound and three layers; one is shown large, two small", 1, 100, 3, 3, 0, 3, 720, 180, 10, LOAD_STAND },
	{ "typical", "all send three layers, three of a room also sound; each receives 1 x 720, 8 x 180 lines and the sound", 1, 10, 0, 3, 3, 9, 720, 180,
		10, LOAD_STAND },
	{ "audio-only", "all to all: sound alone", 1, 10, 0, 0, 0, SEATS_MAX, 0, 0, 10, LOAD_STAND },
	{ "join-storm", "typical; all rooms but --standing come within a second of the measurement's begin", 12, 10, 0, 3, 3, 9, 720, 180, 10, LOAD_STORM },
	{ "churn", "typical; each second ten people leave and ten come", 3, 10, 0, 3, 3, 9, 720, 180, 60, LOAD_CHURN },
	{ "soak", "typical, for ten minutes", 3, 10, 0, 3, 3, 9, 720, 180, 600, LOAD_STAND },
};

const struct load_scene_kind *load_scene_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

void load_scene_list(FILE *out)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		fprintf(out, "  %-12s %s\n", kinds[i].name, kinds[i].says);
}

static bool sends(const struct load_member *m)
{
	return m->person.sends_audio || m->person.sends_layers;
}

/* One in `sample`, not always the same place of a room: who speaks receives less than who listens. */
static bool sampled(int at, int sample)
{
	return at % sample == at / sample * SAMPLE_STEP % sample;
}

static void cast(struct load_scene *scene, const struct load_scene_kind *kind, struct load_engine *engine)
{
	int publishers = engine->options.publishers ? engine->options.publishers : kind->publishers ? kind->publishers : scene->room_size;
	for (int i = 0; i < scene->count; i++) {
		struct load_member *m = &scene->members[i];
		int place = i % scene->room_size;
		m->engine = engine;
		m->person.number = (uint32_t)i + 1;
		m->person.room = i / scene->room_size;
		m->person.sends_layers = place < publishers ? kind->layers : 0;
		m->person.sends_audio = place < publishers && (!kind->speakers || place < kind->speakers);
		m->role = !sends(m);
		m->sampled = sampled(scene->role_count[m->role]++, engine->options.sample);
		scene->role_sampled[m->role] += m->sampled;
	}
}

static int add_views(const struct load_scene *scene, const struct load_scene_kind *kind, const struct load_member *me, struct load_view *views, int n,
	bool speakers)
{
	int me_at = (int)(me->person.number - 1) % scene->room_size;
	const struct load_member *room = me - me_at;
	for (int k = 1; k < scene->room_size && n < kind->seats; k++) {
		const struct load_member *other = &room[(me_at + k) % scene->room_size];
		if (!sends(other) || other->person.sends_audio != speakers)
			continue;
		int height = other->person.sends_layers ? n ? kind->other_height : kind->first_height : 0;
		views[n++] = (struct load_view){ (struct load_person *)(uintptr_t)&other->person, other->person.sends_audio, height };
	}
	return n;
}

int load_scene_make(struct load_scene *out, const struct load_scene_kind *kind, struct load_engine *engine)
{
	const struct load_options *o = &engine->options;
	*out = (struct load_scene){ .rooms = o->rooms ? o->rooms : kind->rooms, .room_size = o->size ? o->size : kind->size };
	out->count = out->rooms * out->room_size;
	int most_views = kind->seats < out->room_size ? kind->seats : out->room_size;
	out->members = calloc((size_t)out->count, sizeof *out->members);
	out->views = calloc((size_t)out->count * (size_t)most_views, sizeof *out->views);
	if (!out->members || !out->views) {
		load_scene_clear(out);
		return -ENOMEM;
	}
	cast(out, kind, engine);
	for (int i = 0; i < out->count; i++) {
		struct load_view *views = out->views + (size_t)i * (size_t)most_views;
		int n = add_views(out, kind, &out->members[i], views, 0, true);         /* who speaks is seated first */
		out->members[i].person.views = views;
		out->members[i].person.view_count = add_views(out, kind, &out->members[i], views, n, false);
	}
	return 0;
}

void load_scene_clear(struct load_scene *scene)
{
	free(scene->members);
	free(scene->views);
	*scene = (struct load_scene){ 0 };
}

int load_scene_streams(const struct load_member *member)
{
	int streams = 0;
	for (int i = 0; i < member->person.view_count; i++) {
		const struct load_view *v = &member->person.views[i];
		if (load_member(v->of)->up)
			streams += v->audio + (v->height > 0);
	}
	return streams;
}

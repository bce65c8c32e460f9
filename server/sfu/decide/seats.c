#include <assert.h>
#include <string.h>

#include "seats.h"

/*
 * Each kind of seat is filled alike: choose as many as there are seats, in order of right; let those who sit already keep their
 * places; put the others where the seat is empty or its holder was not chosen.
 */

enum { NOBODY = -1 };

/* What is being worked out. People are named by their place in `people`. */
struct work {
	const struct seat_plan *plan;
	uint32_t *next;
	size_t people_count;
	uint8_t seated[SEATS_PEOPLE_MAX];       /* sits in a seat of the kind being filled, now */
	uint8_t chosen[SEATS_PEOPLE_MAX];       /* shall sit there */
	uint8_t heard[SEATS_PEOPLE_MAX];        /* has a person seat: needs no voice seat */
	int picks[SEATS_MAX];
	size_t picks_count, picks_most;
};

typedef bool (*may_sit)(const struct work *w, int who);

static int find(const struct work *w, uint32_t number)
{
	size_t low = 0, high = w->people_count;

	if (!number || number == w->plan->viewer)
		return NOBODY;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (w->plan->people[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->people_count && w->plan->people[low].number == number ? (int)low : NOBODY;
}

static void choose(struct work *w, int who)
{
	if (who == NOBODY || w->chosen[who] || w->picks_count == w->picks_most)
		return;
	w->chosen[who] = 1;
	w->picks[w->picks_count++] = who;
}

static void choose_listed(struct work *w, const uint32_t *numbers, size_t count, may_sit may)
{
	for (size_t i = 0; i < count && i < SEATS_LIST_MAX; i++) {
		int who = find(w, numbers[i]);
		if (who != NOBODY && may(w, who))
			choose(w, who);
	}
}

/* Everybody with the right, those who sit first; within each by number, which is the order of arrival. */
static void choose_all(struct work *w, may_sit may)
{
	for (int sitting = 1; sitting >= 0; sitting--)
		for (size_t i = 0; i < w->people_count && w->picks_count < w->picks_most; i++)
			if (w->seated[i] == sitting && w->plan->people[i].number != w->plan->viewer && may(w, (int)i))
				choose(w, (int)i);
}

/* -- rights ---------------------------------------------------------------------------------------------------------- */

static bool sends_or_sits(const struct work *w, int who)
{
	const struct seat_person *p = &w->plan->people[who];
	return p->camera || p->mic || w->seated[who];
}

static bool has_camera_or_mic(const struct work *w, int who)
{
	const struct seat_person *p = &w->plan->people[who];
	return p->camera || p->mic;
}

static bool has_camera(const struct work *w, int who)
{
	return w->plan->people[who].camera;
}

static bool has_mic(const struct work *w, int who)
{
	return w->plan->people[who].mic;
}

static bool has_screen(const struct work *w, int who)
{
	return w->plan->people[who].screen;
}

static bool needs_voice(const struct work *w, int who)
{
	return w->plan->people[who].mic && !w->heard[who];
}

static bool sits(const struct work *w, int who)
{
	return w->seated[who];
}

static bool sits_unheard(const struct work *w, int who)
{
	return w->seated[who] && !w->heard[who];
}

/* -- filling --------------------------------------------------------------------------------------------------------- */

static void begin(struct work *w, enum seat_kind kind)
{
	memset(w->seated, 0, w->people_count);
	memset(w->chosen, 0, w->people_count);
	w->picks_count = w->picks_most = 0;
	for (size_t s = 0; s < w->plan->seats_count; s++) {
		if (w->plan->kinds[s] != kind)
			continue;
		int who = find(w, w->plan->now[s]);
		w->picks_most++;
		if (who != NOBODY)
			w->seated[who] = 1;
	}
}

static void place(struct work *w, enum seat_kind kind)
{
	const struct seat_plan *plan = w->plan;

	/* Those chosen who sit keep the first seat they have; `chosen` then means "still to be placed". */
	for (size_t s = 0; s < plan->seats_count; s++) {
		if (plan->kinds[s] != kind)
			continue;
		int who = find(w, plan->now[s]);
		w->next[s] = who != NOBODY && w->chosen[who] ? plan->now[s] : 0;
		if (w->next[s])
			w->chosen[who] = 0;
	}
	size_t s = 0;
	for (size_t i = 0; i < w->picks_count; i++) {
		if (!w->chosen[w->picks[i]])
			continue;
		while (plan->kinds[s] != kind || w->next[s])    /* there are as many seats as picks */
			s++;
		w->next[s] = plan->people[w->picks[i]].number;
	}
}

static void fill_persons(struct work *w)
{
	const struct seat_plan *plan = w->plan;

	begin(w, SEAT_PERSON);
	choose_listed(w, plan->pins, plan->pins_count, sends_or_sits);
	choose_listed(w, plan->wants, plan->wants_count, sends_or_sits);
	choose_listed(w, plan->spoke, plan->spoke_count, has_camera_or_mic);
	choose_all(w, has_camera);
	choose_all(w, has_mic);
	choose_all(w, sits);
	place(w, SEAT_PERSON);
	for (size_t i = 0; i < w->picks_count; i++)
		w->heard[w->picks[i]] = 1;
}

static void fill_voices(struct work *w)
{
	begin(w, SEAT_VOICE);
	choose_listed(w, w->plan->spoke, w->plan->spoke_count, needs_voice);
	choose_all(w, needs_voice);
	choose_all(w, sits_unheard);
	place(w, SEAT_VOICE);
}

/* The latest sharer not chosen yet. */
static int latest_sharer(const struct work *w)
{
	int latest = NOBODY;

	for (size_t i = 0; i < w->people_count; i++) {
		const struct seat_person *p = &w->plan->people[i];
		if (!p->screen || w->chosen[i] || p->number == w->plan->viewer)
			continue;
		if (latest == NOBODY || p->screen_order > w->plan->people[latest].screen_order)
			latest = (int)i;
	}
	return latest;
}

static void choose_screens(struct work *w)
{
	const struct seat_plan *plan = w->plan;

	choose_listed(w, plan->pins, plan->pins_count, has_screen);
	choose_listed(w, plan->wants, plan->wants_count, has_screen);
	for (int who; w->picks_count < w->picks_most && (who = latest_sharer(w)) != NOBODY;)
		choose(w, who);
}

static void fill_screens(struct work *w)
{
	begin(w, SEAT_SCREEN);
	choose_screens(w);
	place(w, SEAT_SCREEN);
}

static void fill_stages(struct work *w)
{
	begin(w, SEAT_STAGE);
	choose_screens(w);
	choose_listed(w, w->plan->pins, w->plan->pins_count, has_camera);
	choose_listed(w, w->plan->wants, w->plan->wants_count, has_camera);
	choose_listed(w, w->plan->spoke, w->plan->spoke_count, has_camera);
	choose_all(w, has_camera);
	choose_all(w, sits);
	place(w, SEAT_STAGE);
}

size_t seats_decide(uint32_t *next, const struct seat_plan *plan)
{
	struct work w = { .plan = plan, .next = next };
	size_t changed = 0;

	assert(plan->seats_count <= SEATS_MAX);
	w.people_count = plan->people_count < SEATS_PEOPLE_MAX ? plan->people_count : SEATS_PEOPLE_MAX;
	fill_persons(&w);
	fill_voices(&w);
	fill_screens(&w);
	fill_stages(&w);
	for (size_t s = 0; s < plan->seats_count; s++)
		changed += next[s] != plan->now[s];
	return changed;
}

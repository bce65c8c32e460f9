/* seats: a table of rooms, then random rooms of 1 to 300 people held to the rules. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "seats.h"

#define P SEAT_PERSON
#define S SEAT_SCREEN
#define V SEAT_VOICE
#define G SEAT_STAGE
#define MIC 1
#define CAM 2
#define ALL 3
#define SCR 4

/* People are numbered from 1; `people[i]` says what number i+1 has switched on. Zero ends the lists (-1: there, all off). */
static const struct {
	const char *name;
	int people[12];
	uint32_t viewer;
	enum seat_kind kinds[6];
	size_t seats;
	uint32_t now[6], pins[4], wants[4], spoke[4], next[6];
} rooms[] = {
	{ "alone", { ALL }, 1, { P, S, V }, 3, { 0 }, { 0 }, { 0 }, { 1 }, { 0 } },
	{ "two", { ALL, ALL }, 1, { P, P, V }, 3, { 0 }, { 0 }, { 0 }, { 0 }, { 2 } },
	{ "three, and they stay", { ALL, ALL, ALL }, 1, { P, P, P }, 3, { 0, 3, 2 }, { 0 }, { 0 }, { 3, 2 }, { 0, 3, 2 } },
	{ "one leaves, the other keeps the seat", { ALL, ALL }, 1, { P, P, P }, 3, { 9, 2, 0 }, { 0 }, { 0 }, { 0 }, { 0, 2, 0 } },
	{ "oneself never, pinned or not", { ALL, ALL }, 1, { P, P }, 2, { 1, 0 }, { 1 }, { 1 }, { 1 }, { 2, 0 } },
	{ "pins before speakers", { ALL, ALL, ALL, ALL }, 1, { P }, 1, { 2 }, { 4 }, { 0 }, { 3, 2 }, { 4 } },
	{ "pins before wants", { ALL, ALL, ALL, ALL }, 1, { P }, 1, { 0 }, { 4 }, { 3 }, { 2 }, { 4 } },
	{ "wants before speakers", { ALL, ALL, ALL, ALL }, 1, { P }, 1, { 2 }, { 0 }, { 3 }, { 2 }, { 3 } },
	{ "the speaker takes the seat of who is least", { ALL, ALL, ALL, ALL }, 1, { P, P }, 2, { 2, 3 }, { 0 }, { 0 }, { 4, 3, 2 }, { 4, 3 } },
	{ "a speaker who sits does not move", { ALL, ALL, ALL, ALL }, 1, { P, P }, 2, { 2, 3 }, { 0 }, { 0 }, { 3, 2 }, { 2, 3 } },
	{ "among the silent who sits stays", { ALL, ALL, ALL, ALL, ALL }, 1, { P, P }, 2, { 5, 4 }, { 0 }, { 0 }, { 0 }, { 5, 4 } },
	{ "cameras before microphones", { ALL, MIC, CAM }, 1, { P }, 1, { 0 }, { 0 }, { 0 }, { 0 }, { 3 } },
	{ "a camera takes over from a silent microphone", { ALL, MIC, CAM }, 1, { P }, 1, { 2 }, { 0 }, { 0 }, { 0 }, { 3 } },
	{ "camera off, but they speak", { ALL, MIC, CAM }, 1, { P }, 1, { 3 }, { 0 }, { 0 }, { 2 }, { 2 } },
	{ "all off takes no seat", { ALL, -1, -1 }, 1, { P, P }, 2, { 0 }, { 2 }, { 3 }, { 2 }, { 0 } },
	{ "all off keeps one nobody needs", { ALL, -1, ALL }, 1, { P, P }, 2, { 2, 0 }, { 0 }, { 0 }, { 0 }, { 2, 3 } },
	{ "and gives it up to who needs it", { ALL, -1, ALL }, 1, { P }, 1, { 2 }, { 0 }, { 0 }, { 0 }, { 3 } },
	{ "unless pinned", { ALL, -1, ALL }, 1, { P }, 1, { 2 }, { 2 }, { 0 }, { 3 }, { 2 } },
	{ "who got no picture is heard", { ALL, ALL, ALL, MIC }, 1, { P, V, V }, 3, { 0 }, { 2 }, { 0 }, { 4, 3 }, { 2, 4, 3 } },
	{ "not twice", { ALL, ALL, ALL }, 1, { P, V, V }, 3, { 0, 2, 0 }, { 2 }, { 0 }, { 2 }, { 2, 3, 0 } },
	{ "microphone off needs no voice seat", { ALL, ALL, CAM }, 1, { P, V }, 2, { 2 }, { 2 }, { 0 }, { 3 }, { 2, 0 } },
	{ "the latest speaker takes a voice seat", { ALL, ALL, MIC, MIC }, 1, { P, V }, 2, { 2, 3 }, { 2 }, { 0 }, { 4, 3 }, { 2, 4 } },
	{ "muted keeps the voice seat", { ALL, ALL, -1 }, 1, { P, V }, 2, { 2, 3 }, { 2 }, { 0 }, { 0 }, { 2, 3 } },
	{ "a screen", { ALL, SCR }, 1, { P, S }, 2, { 0 }, { 0 }, { 0 }, { 0 }, { 0, 2 } },
	{ "one's own screen never", { SCR, ALL }, 1, { P, S }, 2, { 0 }, { 0 }, { 0 }, { 0 }, { 2, 0 } },
	{ "the latest of two screens", { ALL, SCR, SCR }, 1, { S, P }, 2, { 2 }, { 0 }, { 0 }, { 0 }, { 3, 0 } },
	{ "the pinned of two screens", { ALL, SCR, SCR }, 1, { S, P }, 2, { 3 }, { 2 }, { 0 }, { 0 }, { 2, 0 } },
	{ "no screen any more", { ALL, ALL }, 1, { S, P }, 2, { 2, 2 }, { 2 }, { 0 }, { 0 }, { 0, 2 } },
	{ "two screen seats do not swap", { ALL, SCR, SCR }, 1, { S, S }, 2, { 2, 3 }, { 3 }, { 0 }, { 0 }, { 2, 3 } },
	{ "the main picture is who spoke last", { -1, ALL, ALL, ALL }, 1, { G, V }, 2, { 2, 2 }, { 0 }, { 0 }, { 4, 2 }, { 4, 4 } },
	{ "of those with a camera", { -1, ALL, MIC, ALL }, 1, { G, V }, 2, { 2, 2 }, { 0 }, { 0 }, { 3, 4 }, { 4, 3 } },
	{ "a shared screen comes before", { -1, ALL, SCR, ALL }, 1, { G, V }, 2, { 4, 4 }, { 0 }, { 0 }, { 4, 2 }, { 3, 4 } },
	{ "the latest of two", { -1, SCR, SCR }, 1, { G }, 1, { 2 }, { 0 }, { 0 }, { 0 }, { 3 } },
	{ "the main picture has no sound: all are heard", { -1, ALL, ALL }, 1, { G, V, V }, 3, { 2, 2, 0 }, { 0 }, { 0 }, { 2 }, { 2, 2, 3 } },
	{ "a pinned camera before who spoke", { -1, ALL, ALL, ALL }, 1, { G }, 1, { 2 }, { 3 }, { 0 }, { 4 }, { 3 } },
	{ "the last main picture stays when all cameras are off", { -1, MIC, MIC }, 1, { G, V }, 2, { 2, 2 }, { 0 }, { 0 }, { 3 }, { 2, 3 } },
	{ "strangers in the lists", { ALL, ALL }, 1, { P }, 1, { 77 }, { 50, 2 }, { 60 }, { 70 }, { 2 } },
	{ "the same twice", { ALL, ALL, ALL }, 1, { P, P }, 2, { 0 }, { 2, 2 }, { 2, 3 }, { 2 }, { 2, 3 } },
	{ "the same in two seats", { ALL, ALL, ALL }, 1, { P, P }, 2, { 2, 2 }, { 0 }, { 0 }, { 0 }, { 2, 3 } },
	{ "no seats", { ALL, ALL }, 1, { P }, 0, { 0 }, { 2 }, { 0 }, { 2 }, { 0 } },
};

static size_t length(const uint32_t *list, size_t most)
{
	size_t n = 0;

	while (n < most && list[n])
		n++;
	return n;
}

static bool room_is_right(size_t i)
{
	struct seat_person people[12];
	uint32_t next[6] = { 0 };
	size_t count = 0;

	for (; count < 12 && rooms[i].people[count]; count++) {
		int on = rooms[i].people[count] < 0 ? 0 : rooms[i].people[count];
		people[count] = (struct seat_person){ (uint32_t)count + 1, on & MIC, on & CAM, on & SCR, (uint32_t)count };
	}
	seats_decide(next, &(struct seat_plan){
		.viewer = rooms[i].viewer, .kinds = rooms[i].kinds, .now = rooms[i].now, .seats_count = rooms[i].seats,
		.people = people, .people_count = count, .pins = rooms[i].pins, .pins_count = length(rooms[i].pins, 4),
		.wants = rooms[i].wants, .wants_count = length(rooms[i].wants, 4), .spoke = rooms[i].spoke,
		.spoke_count = length(rooms[i].spoke, 4),
	});
	return memcmp(next, rooms[i].next, rooms[i].seats * sizeof next[0]) == 0;
}

/* -- random rooms ---------------------------------------------------------------------------------------------------- */

static struct seat_person people[400];
static enum seat_kind kinds[SEATS_MAX];
static uint32_t now[SEATS_MAX], next[SEATS_MAX], lists[3][20];

static const struct seat_person *person(size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (people[i].number == number)
			return &people[i];
	return NULL;
}

/* Nobody sits twice among persons and voices, among screens, among stages. */
static bool shown_alike(enum seat_kind a, enum seat_kind b)
{
	return a == b || ((a == P || a == V) && (b == P || b == V));
}

static bool rules_hold(const struct seat_plan *plan)
{
	for (size_t s = 0; s < plan->seats_count; s++) {
		const struct seat_person *p = person(plan->people_count, next[s]);
		if (next[s] && (!p || next[s] == plan->viewer))
			return false;
		if (next[s] && kinds[s] == S && !p->screen)
			return false;
		for (size_t other = 0; other < s; other++)
			if (next[s] && next[other] == next[s] && shown_alike(kinds[s], kinds[other]))
				return false;
		/* Whoever is in a seat of this kind before and after is in the same one. */
		for (size_t other = 0; other < plan->seats_count; other++)
			if (next[s] && now[s] != next[s] && now[other] == next[s] && kinds[other] == kinds[s])
				return false;
	}
	return true;
}

static void fill_room(struct seat_plan *plan, size_t count, size_t seats)
{
	for (size_t i = 0; i < count; i++)
		people[i] = (struct seat_person){ (uint32_t)(i * 3 + 1), rand() % 2, rand() % 2, rand() % 20 == 0, (uint32_t)rand() };
	for (size_t s = 0; s < seats; s++)
		kinds[s] = (enum seat_kind)(rand() % 6 < 4 ? 0 : rand() % 4);
	for (size_t l = 0; l < 3; l++)
		for (size_t i = 0; i < 20; i++)
			lists[l][i] = (uint32_t)(rand() % (int)(count * 3 + 2));
	memset(now, 0, sizeof now);
	*plan = (struct seat_plan){ .viewer = people[(size_t)rand() % count].number, .kinds = kinds, .now = now, .seats_count = seats,
		.people = people, .people_count = count, .pins = lists[0], .wants = lists[1], .spoke = lists[2],
		.pins_count = (size_t)rand() % 3, .wants_count = (size_t)rand() % 20, .spoke_count = (size_t)rand() % 20 };
}

static void random_rooms(void)
{
	bool sound = true, calm = true;

	for (size_t count = 1; count <= 300; count++) {
		struct seat_plan plan;
		fill_room(&plan, count, 1 + (size_t)rand() % 40);
		for (int change = 0; change < 10; change++) {
			seats_decide(next, &plan);
			sound = sound && rules_hold(&plan);
			memcpy(now, next, sizeof now);
			calm = calm && seats_decide(next, &plan) == 0;
			struct seat_person *p = &people[(size_t)rand() % count];
			p->mic = rand() % 2;
			p->camera = rand() % 2;
			p->screen = rand() % 10 == 0;
			memmove(lists[2] + 1, lists[2], 19 * sizeof lists[2][0]);
			lists[2][0] = people[(size_t)rand() % count].number;
		}
	}
	check("1 to 300 people: nobody twice, nobody who is not there, nobody moved", sound);
	check("1 to 300 people: deciding again changes nothing", calm);
}

static void crowd(void)
{
	static struct seat_person many[SEATS_PEOPLE_MAX + 10];
	uint32_t seat[1] = { 0 }, out[1], wanted[1] = { SEATS_PEOPLE_MAX + 5 };
	enum seat_kind kind[1] = { P };

	for (uint32_t i = 0; i < SEATS_PEOPLE_MAX + 10; i++)
		many[i] = (struct seat_person){ i + 1, true, true, false, 0 };
	seats_decide(out, &(struct seat_plan){ .viewer = 1, .kinds = kind, .now = seat, .seats_count = 1, .people = many,
		.people_count = SEATS_PEOPLE_MAX + 10, .wants = wanted, .wants_count = 1 });
	check("beyond the most people: not seen, not harmful", out[0] == 2);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		check(rooms[i].name, room_is_right(i));
	random_rooms();
	crowd();
	return check_done();
}

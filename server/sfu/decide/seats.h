/**
 * Who sits in which seat of one viewer. One pure function from what is known to what shall be.
 *
 * Person seats (voice and picture of one participant) go to, in this order: pins, wants (what the browser shows, as it lists
 * them), the most recent speakers, others with their camera on, others with their microphone on. Screen seats go to pinned, then wanted, then
 * the latest sharers. Stage seats show the main picture to who has no hand on the matter (a wall display): pinned or wanted screens, the latest sharers, then
 * cameras: pinned, wanted, of who spoke most recently, of others. Voice seats go to those with an open microphone who got no person seat, the most recent speakers first.
 * Nobody sees themselves. Nobody moves who need not: who still belongs keeps the seat, among equals who sits already stays, and
 * a seat nobody needs keeps whom it has, until they leave.
 * Who has nothing to send (all off or blocked) takes no new person or voice seat; but pins and wants keep a seat they already have.
 */
#ifndef HOPKIN_DECIDE_SEATS_H
#define HOPKIN_DECIDE_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEATS_MAX = 64, SEATS_PEOPLE_MAX = 1024, SEATS_LIST_MAX = 64 };

enum seat_kind { SEAT_PERSON, SEAT_SCREEN, SEAT_VOICE, SEAT_STAGE };

/** One participant; what is blocked by a host counts as off. */
struct seat_person {
	uint32_t number;        /* 1…2^24 */
	bool mic, camera, screen;
	uint32_t screen_order;  /* larger: began to share later */
};

struct seat_plan {
	uint32_t viewer;                        /* own number */
	const enum seat_kind *kinds;            /* seats_count of them */
	const uint32_t *now;                    /* who sits there; 0: nobody */
	size_t seats_count;                     /* at most SEATS_MAX */
	const struct seat_person *people;       /* everybody in the room, ascending by number; at most SEATS_PEOPLE_MAX (more are not seen) */
	size_t people_count;
	const uint32_t *pins, *wants, *spoke;   /* numbers; unknown ones, repetitions and the viewer are passed over */
	size_t pins_count, wants_count, spoke_count;    /* at most SEATS_LIST_MAX each are read; `spoke`: most recent first */
};

/** Fills `next[seats_count]`; returns how many seats changed. Thread: any. */
size_t seats_decide(uint32_t *next, const struct seat_plan *plan);

#endif

#include "room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "viewer.h"
#include "worker.h"

#define TICK_US 100000
#define SPEAKERS_TOLD_US 200000         /* at most five times a second */
#define LEVEL_TOLD_US 50000             /* one level of a peer to its room's home, the loudest since */
enum { TICKS_A_SECOND = 10 };

static void on_timer(struct timer *timer, int64_t now_us);

int room_create(struct room **out, struct worker *worker, uint32_t id, uint16_t home)
{
	struct room *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->worker = worker;
	r->id = id;
	r->home = home;
	r->said.room = id;
	list_init(&r->peers);
	list_init(&r->dirty);
	speakers_init(&r->speakers);
	r->timer.fire = on_timer;
	*out = r;
	return timer_set(&worker->timers, &r->timer, worker->now_us + TICK_US);
}

void room_destroy(struct room *r)
{
	if (!r)
		return;
	list_each_safe(at, &r->peers)
		peer_destroy(list_entry(at, struct peer, in_room));
	timer_cancel(&r->worker->timers, &r->timer);
	list_remove(&r->dirty);
	free(r->members);
	free(r);
}

/* -- members ---------------------------------------------------------------------------------------------------------------- */

/* The place of `number` in the sorted list, or where it would go. */
static uint32_t member_place(const struct room *r, uint32_t number)
{
	uint32_t low = 0, high = r->member_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (r->members[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct member *room_member(const struct room *r, uint32_t number)
{
	uint32_t at = member_place(r, number);
	return at < r->member_count && r->members[at]->number == number ? r->members[at] : NULL;
}

static bool members_grow(struct room *r)
{
	uint32_t room = r->member_room ? 2 * r->member_room : 8;
	struct member **members = realloc(r->members, room * sizeof(struct member *));
	if (!members)
		return false;
	r->members = members;
	r->member_room = room;
	return true;
}

struct member *room_member_enter(struct room *r, uint32_t number)
{
	struct member *m = room_member(r, number);
	if (m) {
		m->peers++;
		return m;
	}
	if (r->member_count == r->member_room && !members_grow(r))
		return NULL;
	m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->number = number;
	m->peers = 1;
	speaker_member_init(&m->speaker, number);
	uint32_t at = member_place(r, number);
	memmove(&r->members[at + 1], &r->members[at], (r->member_count - at) * sizeof(struct member *));
	r->members[at] = m;
	r->member_count++;
	return m;
}

/* Another connection of the same participant takes over, if there is one. */
static struct peer *member_other_peer(const struct room *r, const struct peer *but)
{
	list_each(at, &r->peers) {
		struct peer *p = list_entry(at, struct peer, in_room);
		if (p != but && p->number == but->number && peer_connected(p))
			return p;
	}
	return NULL;
}

void room_member_leave(struct room *r, struct peer *peer)
{
	struct member *m = peer->member;

	if (m->peer == peer)
		m->peer = member_other_peer(r, peer);
	peer->member = NULL;
	room_seats_changed(r);
	if (--m->peers)
		return;
	speaker_remove(&r->speakers, &m->speaker);
	uint32_t at = member_place(r, m->number);
	r->member_count--;
	memmove(&r->members[at], &r->members[at + 1], (r->member_count - at) * sizeof(struct member *));
	free(m);
}

/* -- what changed ------------------------------------------------------------------------------------------------------------ */

static void mark(struct room *r)
{
	if (list_empty(&r->dirty))
		list_add_tail(&r->worker->dirty, &r->dirty);
}

void room_seats_changed(struct room *r)
{
	r->seats_dirty = true;
	mark(r);
}

void room_layers_changed(struct room *r)
{
	r->layers_dirty = true;
	mark(r);
}

void room_on_connected(struct room *r, struct peer *peer)
{
	peer->member->peer = peer;
	room_seats_changed(r);
}

void room_on_screen(struct room *r, struct member *m)
{
	m->screen_order = ++r->screens;
}

static void tell_wanted(struct room *r, int64_t now_us)
{
	list_each(at, &r->peers) {
		struct peer *p = list_entry(at, struct peer, in_room);
		for (size_t i = 0; p->home == PEER_ELSEWHERE && i < CONTROL_SOURCES; i++) {
			if (p->tracks[i])
				track_tell_wanted(p->tracks[i], now_us);
		}
	}
}

void room_settle(struct room *r, int64_t now_us)
{
	bool seats = r->seats_dirty;

	r->seats_dirty = r->layers_dirty = false;
	list_remove(&r->dirty);
	list_each(at, &r->peers) {
		struct peer *p = list_entry(at, struct peer, in_room);
		if (p->home != PEER_HERE)
			continue;
		if (seats)
			viewer_settle_seats(p->viewer, now_us);
		viewer_settle_layers(p->viewer, now_us);
	}
	tell_wanted(r, now_us);
}

/* -- speakers ------------------------------------------------------------------------------------------------------------------ */

static void home_on_level(struct room *r, uint32_t number, uint8_t level, bool voice, int64_t now_us)
{
	struct member *m = room_member(r, number);
	if (m)
		speaker_on_level(&r->speakers, &m->speaker, level, voice, now_us);
}

void room_on_level(struct peer *p, uint8_t level, bool voice, int64_t now_us)
{
	struct room *r = p->room;

	if (p->member->peer != p)
		return;
	if (r->home == r->worker->index) {
		home_on_level(r, p->number, level, voice, now_us);
		return;
	}
	if (level < p->loudest)
		p->loudest = level;
	p->voice |= voice;
	if (now_us - p->level_us < LEVEL_TOLD_US)
		return;
	const struct traffic_level head = { r->id, p->number, p->loudest, p->voice };
	worker_post(r->worker, r->home, TRAFFIC_LEVEL, &head, sizeof head, NULL, 0);
	p->level_us = now_us;
	p->loudest = 127;
	p->voice = false;
}

void room_on_remote_level(struct room *r, const struct traffic_level *level, int64_t now_us)
{
	if (r->home == r->worker->index)
		home_on_level(r, level->number, level->level, level->voice, now_us);
}

static bool same_order(const struct traffic_speakers *a, const struct traffic_speakers *b)
{
	return a->order_count == b->order_count && !memcmp(a->order, b->order, a->order_count * sizeof a->order[0]);
}

void room_on_speakers(struct room *r, const struct traffic_speakers *said)
{
	bool moved = !same_order(&r->said, said);
	r->said = *said;
	if (moved)
		room_seats_changed(r);
}

static void tell_speakers(struct room *r, int64_t now_us)
{
	struct traffic_speakers said = { .room = r->id };
	struct worker *w = r->worker;

	said.order_count = (uint8_t)speaker_order(&r->speakers, said.order, ROOM_SPEAKERS);
	said.speaking_count = (uint8_t)speaker_speaking(&r->speakers, said.speaking, ROOM_SPEAKERS);
	for (uint16_t to = 0; to < w->post->workers; to++) {
		if (to != w->index)
			worker_post(w, to, TRAFFIC_SPEAKERS, &said, sizeof said, NULL, 0);
	}
	if (r->speakers.version != r->told_version) {
		worker_tell(w, EVENT_SPEAKERS, &said, sizeof said);
		count(&w->counters, COUNTER_speaker_changes);
	}
	r->told_version = r->speakers.version;
	r->told_us = now_us;
	room_on_speakers(r, &said);
}

/* -- ten times a second ---------------------------------------------------------------------------------------------------------- */

static void measure(struct room *r, bool announce, int64_t now_us)
{
	bool changed = false;

	list_each(at, &r->peers) {
		struct peer *p = list_entry(at, struct peer, in_room);
		for (size_t i = 0; i < CONTROL_SOURCES; i++) {
			struct track *t = p->tracks[i];
			if (!t)
				continue;
			track_expire(t, now_us);
			for (uint8_t k = 0; p->home == PEER_ELSEWHERE && k < t->layer_count; k++)
				track_keyframe_tick(t, k, now_us);
			if (p->home != PEER_HERE || !t->video)
				continue;
			bool moved = track_measure(t, now_us);
			if (moved || announce)
				track_announce(t);
			changed |= moved;
		}
	}
	if (changed)
		room_layers_changed(r);
}

static void on_timer(struct timer *timer, int64_t now_us)
{
	struct room *r = list_entry(timer, struct room, timer);
	bool second = ++r->ticks % TICKS_A_SECOND == 0;

	measure(r, second && r->worker->post->workers > 1, now_us);
	if (second)
		tell_wanted(r, now_us);
	if (r->home == r->worker->index) {
		speaker_tick(&r->speakers, now_us);
		bool changed = r->speakers.version != r->told_version && now_us - r->told_us >= SPEAKERS_TOLD_US;
		if (changed || second)
			tell_speakers(r, now_us);
	}
	timer_set(&r->worker->timers, timer, now_us + TICK_US);
}

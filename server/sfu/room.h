/**
 * One worker's shard of a room: all its peers (those that live here and those that live elsewhere), and what follows from that.
 *
 * Speakers are followed in the room's home shard, which tells the others. Seats are decided in each viewer's own shard. What
 * changes is marked and put into effect once, at the end of the worker's turn (room_settle).
 * Thread: the worker's.
 */
#ifndef HOPKIN_SFU_ROOM_H
#define HOPKIN_SFU_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "orders.h"
#include "peer.h"
#include "seats.h"
#include "speaker.h"
#include "timers.h"

/* One participant: a number, through all the connections that a browser makes. */
struct member {
	uint32_t number;
	uint32_t screen_order;          /* larger: began to share later */
	uint16_t peers;                 /* that have this number */
	struct peer *peer;              /* the one seen and heard: the last that connected; NULL: none has */
	struct speaker_member speaker;  /* home shard only */
};

struct room {
	struct worker *worker;
	uint32_t id;
	uint16_t home;                  /* worker */
	bool seats_dirty, layers_dirty;
	struct list dirty;              /* in the worker's list of rooms to settle */
	struct list peers;              /* struct peer, in_room */
	struct member **members;        /* ascending by number */
	uint32_t member_count, member_room;
	uint32_t screens;               /* how often somebody began to share */
	struct speakers speakers;       /* home */
	uint32_t told_version;          /* home: of `speakers`, as last told */
	int64_t told_us;
	struct traffic_speakers said;   /* who speaks, as last told by the home */
	struct timer timer;
	uint8_t ticks;
};

int room_create(struct room **out, struct worker *worker, uint32_t id, uint16_t home);
void room_destroy(struct room *room);           /* with its peers; NULL is fine */

/** A peer of that number is there. NULL: out of memory. */
struct member *room_member_enter(struct room *room, uint32_t number);
void room_member_leave(struct room *room, struct peer *peer);
struct member *room_member(const struct room *room, uint32_t number);   /* NULL: nobody */

/** A peer connected: it is the one seen and heard under its number. */
void room_on_connected(struct room *room, struct peer *peer);
/** Somebody's sources changed, or who is there: seats are decided anew. */
void room_seats_changed(struct room *room);
/** Sizes, or layers that are published, changed. */
void room_layers_changed(struct room *room);
void room_on_screen(struct room *room, struct member *member);

/** An audio level of a peer that lives here. */
void room_on_level(struct peer *peer, uint8_t level, bool voice, int64_t now_us);
/** Home: a level from another shard. */
void room_on_remote_level(struct room *room, const struct traffic_level *level, int64_t now_us);
/** From the home. */
void room_on_speakers(struct room *room, const struct traffic_speakers *said);

/** Put into effect what was marked. */
void room_settle(struct room *room, int64_t now_us);

#endif

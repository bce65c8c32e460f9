/**
 * A live meeting: its room, its people and their numbers, the roster, the chat, the lock, who was removed.
 *
 * It exists while somebody looks at it (entered) or takes part; the meeting proper begins with the first participant and ends with the
 * last: then chat, lock and removals are forgotten, and numbers begin again.
 */
#ifndef HOPKIN_LIVE_MEETING_H
#define HOPKIN_LIVE_MEETING_H

#include "live_state.h"

/* -- rooms as stored ----------------------------------------------------------------------------------------------------- */

bool meeting_room_copy(struct room_info *out, const struct live_room *room);
void meeting_room_clear(struct room_info *room);
/** What is known of the room has changed. */
void meeting_room_set(struct meeting *meeting, const struct live_room *room);
/** The room no longer exists: the meeting ends. */
void meeting_room_gone(struct meeting *meeting);

/* -- meetings ------------------------------------------------------------------------------------------------------------- */

struct meeting *meeting_find(struct live *live, const char *room_id);
/** Find or make; `room` is taken over as the newest knowledge (moved out of). NULL: no memory. */
struct meeting *meeting_get(struct live *live, struct room_info *room);
/** Free it if nobody looks at it and nobody takes part. */
void meeting_maybe_free(struct meeting *meeting);
/** Free it whatever it holds; connections must be gone. */
void meeting_free(struct meeting *meeting);
/** Everyone is put out (`ended`, 4404). */
void meeting_end(struct meeting *meeting);
void meeting_tick(struct live *live, int64_t now_us);

/* -- people --------------------------------------------------------------------------------------------------------------- */

/** A new participant, not present yet. NULL: no memory. */
struct participant *meeting_add(struct meeting *meeting);
struct participant *meeting_person(struct meeting *meeting, uint32_t number);
/** On the roster from now on; the others are told. */
void meeting_arrive(struct participant *p);
/** Off the roster, media stopped, others told with this reason; freed. A connection it has is left in state `left`. */
void meeting_depart(struct participant *p, const char *reason);
/** Never was on the roster: taken back in silence. */
void meeting_drop(struct participant *p);
/** The connection of this participant is gone; it is away, or dropped if it was not present yet. */
void meeting_conn_lost(struct live_conn *conn);
/** Others (and oneself) are told how this person is now. */
void meeting_changed(struct participant *p);
/** The sealed tag at the media program is made anew. */
void meeting_retag(struct participant *p);
void meeting_retag_all(struct meeting *meeting);

json_t *meeting_member_json(const struct participant *p);
/** Adds number, resume, locked, roster, chat to an answer. False: no memory. */
bool meeting_describe(json_t *answer, const struct participant *p, const char *resume_token);

/** Send to everyone present but `except` (may be NULL); `event` is stolen. */
void meeting_broadcast(struct meeting *meeting, const struct participant *except, json_t *event);

/** The media program tells who speaks. */
void meeting_speakers(struct live *live, const struct control_message *m);

/* -- messages --------------------------------------------------------------------------------------------------------------- */

void meeting_leave(struct live_conn *conn, uint64_t id, const json_t *message);

#endif

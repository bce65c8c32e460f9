/**
 * Taking meetings up again after this process's own death, from the sealed tags that the media program kept.
 *
 * Until the snapshot is read and each room looked up (or 3 s are over) `enter` and `resume` wait. Everyone recovered is away and has 60 s to
 * come back; media flows on meanwhile.
 */
#ifndef HOPKIN_LIVE_RECOVERY_H
#define HOPKIN_LIVE_RECOVERY_H

#include "live_state.h"

void recovery_peer(struct live *live, const struct control_message *m);
void recovery_snapshot_end(struct live *live);
/** A room that was looked up is known now (or gone). */
void recovery_room_known(struct live *live);
void recovery_tick(struct live *live, int64_t now_us);

#endif

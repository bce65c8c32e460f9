/**
 * Entering a room: who may look at a meeting, and when the password is proven.
 *
 * Until then a wrong id, a wrong password and a closed room are refused alike, in words and in work: each refusal has cost one room
 * look-up and one Argon2id (against a dummy where there is no hash). The right password of a room in use is remembered as a keyed
 * hash under a key of this process's life, so that only wrong ones cost Argon2id; equal passwords in flight share one check.
 */
#ifndef HOPKIN_LIVE_ENTRY_H
#define HOPKIN_LIVE_ENTRY_H

#include "live_state.h"

void entry_enter(struct live_conn *conn, uint64_t id, const json_t *message);

/** The connection is gone: what it waits for comes to nothing. */
void entry_cancel(struct live_conn *conn);

/** Look a meeting's room up again; what was found is put into every meeting with this id. */
void entry_refresh(struct live *live, const char *room_id);

/** Why a connection may not join this meeting now; NULL: it may. `*out` codes are those of PROTOCOL.md. */
const char *entry_bar(const struct live_conn *conn, const struct meeting *meeting);

/** The part of `entered` and `resumed` that tells about the room. New reference. */
json_t *entry_describe(const struct live *live, const struct meeting *meeting, const char *name, bool guest, bool host);

void entry_destroy(struct live *live);

#endif

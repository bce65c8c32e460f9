/**
 * Coming back on a new WebSocket: a random token, kept only as a hash, good once and only for the same account (or, for a guest, for
 * another guest's connection), within 60 s of the loss or while the old connection still stands (which is then closed, 4409).
 */
#ifndef HOPKIN_LIVE_RESUME_H
#define HOPKIN_LIVE_RESUME_H

#include "live_state.h"

enum { RESUME_TOKEN_ROOM = 44 };        /* 32 bytes as base64url, and a zero */

/** A fresh token for p; the one before it is worth nothing from here on. The caller tells the media program (meeting_retag). */
void resume_token_new(struct participant *p, char out[RESUME_TOKEN_ROOM]);

/** Who has this token, present; NULL: nobody. */
struct participant *resume_find(struct live *live, const char *token);

void resume_resume(struct live_conn *conn, uint64_t id, const json_t *message);

#endif

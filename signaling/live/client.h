/**
 * One connection: opened → entered → joined → left, and back to entered. What it is heard, and how it ends.
 */
#ifndef HOPKIN_LIVE_CLIENT_H
#define HOPKIN_LIVE_CLIENT_H

#include <stdint.h>

#include "live_state.h"

/** Ask for a close, once; the connection is deaf and mute from here on. What it held is let go in live_on_close. */
void client_close(struct live_conn *conn, uint16_t code);

/** opened or left → entered: it now looks at this meeting (counted). */
void client_enter(struct live_conn *conn, struct meeting *meeting);

/** → left: it looks at no meeting any more. The participant must have been cut off before. */
void client_leave(struct live_conn *conn);

/** NULL: it has gone. */
struct live_conn *client_find(struct live *live, uint64_t serial);

/** Close those that were silent for 30 s. */
void client_tick(struct live *live, int64_t now_us);

/** Run what connections had sent while the recovery went on. */
void client_run_parked(struct live *live);

#endif

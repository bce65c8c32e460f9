/**
 * What a host may do: forbid a source, allow it again, lower a hand, remove somebody, lock, end. The table in message.c has let only the
 * room's owner come here. Nothing here switches anything on.
 */
#ifndef HOPKIN_LIVE_MODERATION_H
#define HOPKIN_LIVE_MODERATION_H

#include "live_state.h"

void moderation_mute(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_stop_camera(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_stop_share(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_allow(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_lower_hand(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_remove(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_lock(struct live_conn *conn, uint64_t id, const json_t *message);
void moderation_end(struct live_conn *conn, uint64_t id, const json_t *message);

#endif

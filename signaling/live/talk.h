/** What everyone in a meeting may say of themselves: what is switched on, what they look at, a raised hand, chat. */
#ifndef HOPKIN_LIVE_TALK_H
#define HOPKIN_LIVE_TALK_H

#include "live_state.h"

void talk_state(struct live_conn *conn, uint64_t id, const json_t *message);
void talk_view(struct live_conn *conn, uint64_t id, const json_t *message);
void talk_hand(struct live_conn *conn, uint64_t id, const json_t *message);
void talk_chat(struct live_conn *conn, uint64_t id, const json_t *message);

#endif

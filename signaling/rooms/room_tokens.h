/**
 * The tokens by which devices enter rooms (WHIP, WHEP), as the signaling thread knows them. A token is shown once, when it is made; what is kept
 * is its hash, and a token is found by that.
 *
 * Everything runs on the signaling thread; callbacks come on it too, perhaps before the call that began it has returned.
 */
#ifndef HOPKIN_ROOMS_ROOM_TOKENS_H
#define HOPKIN_ROOMS_ROOM_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rooms.h"
#include "secret_token.h"
#include "store.h"
#include "store_thread.h"

struct room_tokens;

enum {
	ROOM_TOKEN_COST_ENTER = 10,     /* of a device's 60 in 10 seconds: entering; whatever else it asks costs 1 */
	ROOM_TOKEN_COST_OTHER = 1,
};

/** A token is good no longer: revoked, expired, or its room was removed. `record` is borrowed for the call. May be NULL. */
typedef void room_token_ended_fn(void *arg, const struct token_record *record);

/** `snapshot` is borrowed for the call; `store` outlives the tokens. 0 or -ENOMEM. */
int room_tokens_create(struct room_tokens **out, const struct store_snapshot *snapshot, struct store_thread *store,
	room_token_ended_fn *ended, void *arg);
/** NULL is fine. */
void room_tokens_destroy(struct room_tokens *tokens);

/** Another process has written: take over what is different. `snapshot` is borrowed. */
void room_tokens_replace(struct room_tokens *tokens, const struct store_snapshot *snapshot);
/** A room was removed, and its tokens with it. */
void room_tokens_forget_room(struct room_tokens *tokens, const char *room);
/** Ends what has expired; every few seconds. */
void room_tokens_tick(struct room_tokens *tokens, int64_t now_s);

/** The record of a token as it was shown, if it is good now; NULL: it is not one. Borrowed until control returns to the loop. */
const struct token_record *room_tokens_find(const struct room_tokens *tokens, const char *token, int64_t now_s);

/** Is there a good token with this hash? */
bool room_tokens_hash_known(const struct room_tokens *tokens, const uint8_t hash[STORE_TOKEN_HASH_BYTES], int64_t now_s);

/** In the order of their making, of all rooms. Borrowed likewise. */
const struct token_record *room_tokens_at(const struct room_tokens *tokens, size_t index);
size_t room_tokens_count(const struct room_tokens *tokens);

/** May this device ask for something that costs this much now? 0, or the seconds it must wait. */
uint32_t room_tokens_charge(struct room_tokens *tokens, const struct token_record *record, unsigned cost, int64_t now_us);

/** It has just entered: remembered, at most once a minute. */
void room_tokens_used(struct room_tokens *tokens, const struct token_record *record, int64_t now_s);

/** `record` is NULL after a removal or a failure, else borrowed for the call. */
typedef void room_tokens_done_fn(void *arg, enum rooms_result result, const struct token_record *record);

/** A token in `token`; room, publish, name (normalised), maker, expires_s are taken from `fields`. */
void room_tokens_add(struct room_tokens *tokens, const struct token_record *fields, char token[SECRET_TOKEN_CHARS + 1], int64_t now_s,
	room_tokens_done_fn *done, void *arg);
/** Only if it is of this room; else ROOMS_NOT_FOUND. */
void room_tokens_remove(struct room_tokens *tokens, const char *room, const char *id, room_tokens_done_fn *done, void *arg);

#endif

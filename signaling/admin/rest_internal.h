/**
 * Shared by rest.c (routes and answers) and the files of handlers. Not for callers.
 */
#ifndef HOPKIN_ADMIN_REST_INTERNAL_H
#define HOPKIN_ADMIN_REST_INTERNAL_H

#include "password.h"
#include "rest.h"
#include "strict_json.h"

struct rest {
	struct rest_config config;
	struct auth *auth;
	struct rooms *rooms;
	struct room_tokens *tokens;
	struct rest_ops ops;
};

/** One request on its way. Freed by whichever of the call_… answers it; each handler's path ends in exactly one of them. */
struct call {
	struct rest *rest;
	rest_done_fn *done;
	void *arg;
	const struct rest_request *request;     /* only until the handler returned */
	bool admin;
	int64_t now_s;
	struct identity who;                    /* where a session is needed */
	char id[64], id_inner[64];              /* the parts of the path that are not fixed */
	char base[320];                         /* "https://host:port" of the main listener */
	char password[PASSWORD_GENERATED_BYTES];        /* shown once */
	char *chosen;                           /* a password that came in, a token that goes out; wiped */
};

typedef void handler(struct call *call);

void call_json(struct call *call, int status, json_t *body);           /* takes the reference over */
void call_empty(struct call *call);                                     /* 204 */
void call_error(struct call *call, int status, const char *code, const char *field, uint32_t retry_after_s);
void call_signed_in(struct call *call, const struct auth_answer *answer);       /* sets the cookie */
void call_signed_out(struct call *call);
void call_auth_error(struct call *call, const struct auth_answer *answer);
void call_rooms_error(struct call *call, enum rooms_result result);

/** Read the body; on failure the call has been answered and NULL comes back. */
json_t *call_read(struct call *call, struct json_field *fields, size_t count);

/** The room that the path names, if it is the caller's own, or NULL: answered. Another's room looks like none. */
const struct room_record *call_own_room(struct call *call);

json_t *identity_json(const struct identity *who);

handler handle_server, handle_health, handle_stats;
handler handle_me, handle_login, handle_logout, handle_password, handle_link_look, handle_link_use;
handler handle_rooms, handle_room_add, handle_room, handle_room_change, handle_room_password, handle_room_remove;
handler handle_tokens, handle_token_add, handle_token_remove;
handler handle_people, handle_person_add, handle_person_change, handle_person_reset;

#endif

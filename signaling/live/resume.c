#include "resume.h"

#include <sodium.h>
#include <string.h>

#include "client.h"
#include "entry.h"
#include "live_message.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "rand.h"

static void hash_token(uint8_t out[LIVE_TOKEN_HASH], const char *token)
{
	crypto_generichash(out, LIVE_TOKEN_HASH, (const uint8_t *)token, strlen(token), NULL, 0);
}

void resume_token_new(struct participant *p, char out[RESUME_TOKEN_ROOM])
{
	uint8_t bytes[32];

	rand_bytes(bytes, sizeof bytes);
	sodium_bin2base64(out, RESUME_TOKEN_ROOM, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	hash_token(p->resume_hash, out);
	sodium_memzero(bytes, sizeof bytes);
}

struct participant *resume_find(struct live *live, const char *token)
{
	uint8_t hash[LIVE_TOKEN_HASH];

	hash_token(hash, token);
	list_each(m, &live->meetings) {
		struct meeting *meeting = list_entry(m, struct meeting, in_live);
		list_each(at, &meeting->participants) {
			struct participant *p = list_entry(at, struct participant, in_meeting);
			if (p->present && !sodium_memcmp(p->resume_hash, hash, sizeof hash))
				return p;
		}
	}
	return NULL;
}

/* The connection that stood until now goes; the participant stays. */
static void replace_connection(struct participant *p, struct live_conn *conn)
{
	struct live_conn *old = p->conn;

	/* The new one looks at the meeting before the old one looks away, so that it stands. */
	client_enter(conn, p->meeting);
	p->conn = conn;
	conn->participant = p;
	conn->state = CONN_JOINED;
	memcpy(conn->name, p->name, sizeof conn->name);
	memcpy(p->session, conn->who.session, sizeof p->session);
	if (old) {
		client_leave(old);
		client_close(old, LIVE_CLOSE_REPLACED);
	}
}

static void answer(struct live_conn *conn, struct participant *p, uint64_t id)
{
	char token[RESUME_TOKEN_ROOM];

	resume_token_new(p, token);
	meeting_retag(p);
	json_t *body = entry_describe(conn->live, p->meeting, p->name, p->guest, p->host);
	if (body)
		json_object_set_new(body, "media", json_boolean(p->peer && p->peer->connected));
	if (!meeting_describe(body, p, token)) {
		json_decref(body);
		body = NULL;
	}
	message_answer(conn, id, "resumed", body);
	sodium_memzero(token, sizeof token);
}

void resume_resume(struct live_conn *conn, uint64_t id, const json_t *message)
{
	struct live *live = conn->live;
	struct participant *p = resume_find(live, json_string_value(json_object_get(message, "token")));

	if (!p || p->kind != LIVE_PERSON || p->account != conn->who.account) {
		message_error(conn, id, "no_session", 0);
		return;
	}
	live->counters.resumed++;
	log_info("member.resumed", log_str("room", p->meeting->room.id), log_uint("number", p->number));
	bool was_away = !p->conn;
	replace_connection(p, conn);
	answer(conn, p, id);
	peers_send_seats(p);
	if (p->meeting->speakers)
		message_event(conn, json_incref(p->meeting->speakers));
	if (was_away)
		meeting_changed(p);
}

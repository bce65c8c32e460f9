/* The browser's side of ICE for tests: requests and answers made with libnice's StunAgent, by hand where a test wants them odd. */
#ifndef HOPKIN_TESTS_ICE_CLIENT_H
#define HOPKIN_TESTS_ICE_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <stun/stunagent.h>
#include <stun/usages/ice.h>

#include "ice.h"

#define SERVER_UFRAG "srvU"
#define SERVER_PWD "serverpasswordserverpass"
#define CLIENT_UFRAG "cliU"
#define CLIENT_PWD "clientpasswordclientpass"

struct client {
	StunAgent agent;
	const char *username;           /* of its requests: "server's:client's" */
	const char *server_pwd, *client_pwd;
	StunTransactionId last;         /* only the latest request's answer is still wanted: the agent remembers no more than 200 */
};

struct ask {                            /* how a request is made */
	bool use_candidate, controlled, no_integrity, no_username;
	uint32_t nomination;            /* 0: no attribute */
	uint16_t extra;                 /* an attribute type with four bytes; 0: none */
	const char *username, *pwd;     /* NULL: the client's */
};

static inline void client_init(struct client *c, const char *username, const char *server_pwd, const char *client_pwd)
{
	static const uint16_t known[] = { STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
		STUN_ATTRIBUTE_ERROR_CODE, STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, STUN_ATTRIBUTE_PRIORITY, STUN_ATTRIBUTE_USE_CANDIDATE, 0 };
	memset(c, 0, sizeof *c);
	stun_agent_init(&c->agent, known, STUN_COMPATIBILITY_RFC5389,
		STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
	c->username = username;
	c->server_pwd = server_pwd;
	c->client_pwd = client_pwd;
}

static inline size_t client_ask(struct client *c, uint8_t *bytes, size_t room, struct ask how)
{
	StunMessage msg;
	const char *username = how.username ? how.username : c->username, *pwd = how.pwd ? how.pwd : c->server_pwd;
	stun_agent_forget_transaction(&c->agent, c->last);
	stun_agent_init_request(&c->agent, &msg, bytes, room, STUN_BINDING);
	if (!how.no_username)
		stun_message_append_bytes(&msg, STUN_ATTRIBUTE_USERNAME, username, strlen(username));
	stun_message_append32(&msg, STUN_ATTRIBUTE_PRIORITY, 1853824767);
	if (how.use_candidate)
		stun_message_append_flag(&msg, STUN_ATTRIBUTE_USE_CANDIDATE);
	stun_message_append64(&msg, how.controlled ? STUN_ATTRIBUTE_ICE_CONTROLLED : STUN_ATTRIBUTE_ICE_CONTROLLING, 7);
	if (how.nomination)
		stun_message_append32(&msg, STUN_ATTRIBUTE_NOMINATION, how.nomination);
	if (how.extra)
		stun_message_append32(&msg, (StunAttribute)how.extra, 1);
	size_t len = how.no_integrity ? stun_agent_finish_message(&c->agent, &msg, NULL, 0) :
		stun_agent_finish_message(&c->agent, &msg, (const uint8_t *)pwd, strlen(pwd));
	stun_message_id(&msg, c->last);
	return len;
}

/* Validates an answer to a request of this client; its class, or -1. */
static inline int client_take(struct client *c, const struct ice_message *m, struct sockaddr_storage *mapped, int *error)
{
	StunMessage msg;
	if (stun_agent_validate(&c->agent, &msg, m->bytes, m->len, NULL, NULL) != STUN_VALIDATION_SUCCESS)
		return -1;
	socklen_t len = sizeof *mapped;
	if (mapped)
		stun_message_find_xor_addr(&msg, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, mapped, &len);
	if (error)
		stun_message_find_error(&msg, error);
	return (int)stun_message_get_class(&msg);
}

static inline bool client_validater(StunAgent *agent, StunMessage *msg, uint8_t *username, uint16_t len, uint8_t **pwd, size_t *pwd_len, void *data)
{
	*pwd = data;
	*pwd_len = strlen(data);
	return true;
}

/* Answers a check of the server's with `pwd`, or with an error; 0: the check is not a valid one for this client. */
static inline size_t client_answer(struct client *c, const struct ice_message *check, uint8_t *bytes, size_t room, const char *pwd, bool error)
{
	StunMessage request, msg;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(8443) };
	struct sockaddr_storage address;
	memset(&address, 0, sizeof address);
	memcpy(&address, &in, sizeof in);
	if (stun_agent_validate(&c->agent, &request, check->bytes, check->len, client_validater, (void *)(uintptr_t)c->client_pwd) !=
			STUN_VALIDATION_SUCCESS)
		return 0;
	if (error) {
		stun_agent_init_error(&c->agent, &msg, bytes, room, &request, STUN_ERROR_BAD_REQUEST);
	} else {
		stun_agent_init_response(&c->agent, &msg, bytes, room, &request);
		stun_message_append_xor_addr(&msg, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, sizeof in);
	}
	msg.key = NULL;         /* or the request's would be used, whatever is given */
	return stun_agent_finish_message(&c->agent, &msg, (const uint8_t *)pwd, strlen(pwd));
}

static inline bool message_is_request(const struct ice_message *m)
{
	return m->len >= 20 && m->bytes[0] == 0 && m->bytes[1] == 1;
}

#endif

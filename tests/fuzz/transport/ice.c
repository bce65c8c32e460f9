/*
 * STUN bytes against a peer. The input is a list of messages: one byte says from where and how, one how long, then the bytes. With bit 7
 * the message is finished here with a true MESSAGE-INTEGRITY and FINGERPRINT, so that what lies behind the authentication is reached too.
 * Whatever comes: an unauthenticated message changes nothing and is not answered, media goes only to a path that has answered.
 */
#include "ice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <stun/stunagent.h>

static const struct ice_credentials credentials = { "srv", "serverpasswordserverpass", "cli", "clientpasswordclientpass" };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A true request with the fuzzer's attributes in it. */
static size_t signed_request(uint8_t *out, size_t room, const uint8_t *extra, size_t extra_len, bool use)
{
	static StunAgent agent;
	static const uint16_t known[] = { 0 };
	StunMessage msg;
	stun_agent_init(&agent, known, STUN_COMPATIBILITY_RFC5389, STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
	stun_agent_init_request(&agent, &msg, out, room, STUN_BINDING);
	stun_message_append_bytes(&msg, STUN_ATTRIBUTE_USERNAME, "srv:cli", 7);
	if (use)
		stun_message_append_flag(&msg, STUN_ATTRIBUTE_USE_CANDIDATE);
	while (extra_len >= 4) {
		uint16_t type = (uint16_t)(extra[0] << 8 | extra[1]);
		size_t n = extra[3] < extra_len - 4 ? extra[3] : extra_len - 4;
		stun_message_append_bytes(&msg, (StunAttribute)type, extra + 4, n);
		extra += 4 + n;
		extra_len -= 4 + n;
	}
	return stun_agent_finish_message(&agent, &msg, (const uint8_t *)credentials.local_pwd, strlen(credentials.local_pwd));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct ice_stun *stun;
	static struct ice_out out;
	struct ice *ice;
	int64_t now = 1000000;
	if (!stun)
		ice_stun_create(&stun);
	ice_create(&ice, &credentials, 1, now);
	unsigned paths = 0;
	while (len >= 2) {
		uint8_t how = bytes[0];
		size_t n = bytes[1] < len - 2 ? bytes[1] : len - 2;
		struct path from = { .kind = how & 1 ? PATH_UDP6 : how & 2 ? PATH_TCP : PATH_UDP4, .port = (uint16_t)(how >> 2 & 15), .ip = { 192, 0, 2, 1 } };
		uint8_t message[600];
		size_t size = n;
		if (how & 0x80) {
			size = signed_request(message, sizeof message, bytes + 2, n, how & 0x40);
		} else {
			memcpy(message, bytes + 2, n);
		}
		struct ice_question q;
		if (ice_peek(&q, message, size) && q.kind == ICE_REQUEST)
			assert(q.local_ufrag_len && (const uint8_t *)q.local_ufrag + q.local_ufrag_len < message + size);
		int64_t heard_before = ice_last_heard_us(ice);
		enum ice_verdict verdict = ice_receive(ice, stun, &from, message, size, now, &out);
		assert(out.count <= ICE_OUT_MAX);
		if (verdict != ICE_OK)
			assert(!out.changes && ice_last_heard_us(ice) == heard_before);
		if (verdict != ICE_OK && verdict != ICE_ROLE_CONFLICT && verdict != ICE_UNKNOWN_ATTRIBUTE)
			assert(!out.count);
		assert((how & 0x80) || verdict != ICE_OK);      /* nobody here can forge, and nobody answers checks */
		assert(!ice_selected(ice));
		paths += (out.changes & ICE_PATH_ADDED) != 0;
		paths -= (out.changes & ICE_PATH_REMOVED) != 0;
		assert(paths <= ICE_PATHS);
		now += how * 10000;
		if (ice_deadline(ice) <= now) {
			ice_tick(ice, stun, now, &out);
			paths -= (out.changes & ICE_PATH_REMOVED) != 0;
		}
		bytes += 2 + n;
		len -= 2 + n;
	}
	ice_destroy(ice);
	return 0;
}

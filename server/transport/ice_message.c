#include <netinet/in.h>
#include <string.h>
#include <stun/usages/ice.h>

#include "bytes.h"
#include "ice_internal.h"

enum {
	MAGIC_COOKIE = 0x2112A442,
	BINDING_REQUEST = 0x0001,
	BINDING_SUCCESS = 0x0101,
	BINDING_ERROR = 0x0111,
};

/* -- in: before anything is known to be true about it ---------------------------------------------------------------------- */

static bool find_username(struct ice_question *out, struct rd *r)
{
	while (rd_left(r) >= 4) {
		uint16_t type = rd_u16(r), len = rd_u16(r);
		struct rd value = rd_sub(r, len);
		rd_skip(r, (size_t)(-len & 3));
		if (!r->ok || type == STUN_ATTRIBUTE_MESSAGE_INTEGRITY)
			return false;
		if (type != STUN_ATTRIBUTE_USERNAME)
			continue;
		const uint8_t *colon = memchr(value.p, ':', len);
		if (!colon || colon == value.p || colon - value.p > ICE_UFRAG_MAX)
			return false;
		out->local_ufrag = (const char *)value.p;
		out->local_ufrag_len = (uint16_t)(colon - value.p);
		return true;
	}
	return false;
}

bool ice_peek(struct ice_question *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	uint16_t type = rd_u16(&r), length = rd_u16(&r);
	uint32_t cookie = rd_u32(&r);
	rd_skip(&r, 12);
	if (!r.ok || cookie != MAGIC_COOKIE || length != rd_left(&r) || length % 4)
		return false;
	*out = (struct ice_question){ .kind = type == BINDING_REQUEST ? ICE_REQUEST : ICE_RESPONSE };
	if (type == BINDING_REQUEST)
		return find_username(out, &r);
	return type == BINDING_SUCCESS || type == BINDING_ERROR;
}

enum ice_verdict ice_verdict_of(StunValidationStatus status)
{
	switch (status) {
	case STUN_VALIDATION_SUCCESS:
		return ICE_OK;
	case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
		return ICE_UNKNOWN_ATTRIBUTE;
	case STUN_VALIDATION_UNAUTHORIZED:
	case STUN_VALIDATION_UNAUTHORIZED_BAD_REQUEST:
		return ICE_FORGED;
	case STUN_VALIDATION_UNMATCHED_RESPONSE:
		return ICE_UNMATCHED;
	default:
		return ICE_BAD;
	}
}

/* -- out --------------------------------------------------------------------------------------------------------------------- */

void ice_out_start(struct ice_out *out)
{
	out->changes = 0;
	out->count = 0;
}

struct ice_message *ice_out_next(struct ice_out *out, const struct path *to)
{
	if (out->count == ICE_OUT_MAX)
		return NULL;
	struct ice_message *m = &out->message[out->count];
	m->to = *to;
	m->len = 0;
	return m;
}

void ice_out_sent(struct ice_out *out, struct ice_message *m, size_t len)
{
	m->len = (uint16_t)len;
	out->count += len > 0;
}

/* Of TCP paths the address family is not said; no IPv6 address that a browser has ends in twelve zero bytes. */
static bool path_is_v4(const struct path *path)
{
	static const uint8_t zero[12];
	return path->kind == PATH_UDP4 || (path->kind == PATH_TCP && memcmp(path->ip + 4, zero, sizeof zero) == 0);
}

static socklen_t mapped_address(struct sockaddr_storage *out, const struct path *path)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_mapped = memcmp(path->ip, mapped, sizeof mapped) == 0;
	if (path_is_v4(path) || is_mapped) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(path->port) };
		memcpy(&in.sin_addr, path->ip + (is_mapped ? 12 : 0), 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(path->port) };
	memcpy(&in6.sin6_addr, path->ip, 16);
	memcpy(out, &in6, sizeof in6);
	return sizeof in6;
}

void ice_answer_success(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = ice_out_next(out, from);
	struct sockaddr_storage address;
	socklen_t address_len = mapped_address(&address, from);
	StunMessage msg;
	if (m && stun_agent_init_response(&stun->agent, &msg, m->bytes, sizeof m->bytes, request) &&
			stun_message_append_xor_addr(&msg, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, address_len) == STUN_MESSAGE_RETURN_SUCCESS)
		ice_out_sent(out, m, stun_agent_finish_message(&stun->agent, &msg, NULL, 0));       /* signed with the request's key */
}

void ice_answer_role_conflict(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = ice_out_next(out, from);
	StunMessage msg;
	if (m && stun_agent_init_error(&stun->agent, &msg, m->bytes, sizeof m->bytes, request, STUN_ERROR_ROLE_CONFLICT))
		ice_out_sent(out, m, stun_agent_finish_message(&stun->agent, &msg, NULL, 0));
}

void ice_answer_unknown_attributes(struct ice_stun *stun, const StunMessage *request, const struct path *from, struct ice_out *out)
{
	struct ice_message *m = ice_out_next(out, from);
	StunMessage msg;
	if (m)
		ice_out_sent(out, m, stun_agent_build_unknown_attributes_error(&stun->agent, &msg, m->bytes, sizeof m->bytes, request));
}

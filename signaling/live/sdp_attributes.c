#include <string.h>

#include "sdp_internal.h"

static bool is_ice(char c)
{
	return span_alnum(c) || c == '+' || c == '/';
}

static bool read_ice(struct span value, size_t least, char *out)
{
	return value.len >= least && span_all(value, is_ice) && span_copy(value, out, CONTROL_NAME_MAX + 1);
}

/* Another hash than SHA-256 is left out; a malformed SHA-256 is bad. The first one counts. */
static bool read_fingerprint(struct span value, char *out)
{
	struct span hash = span_word(&value);
	struct span hex = span_word(&value);

	if (!hash.len || !hex.len)
		return false;
	if (!span_is_nocase(hash, "sha-256"))
		return true;
	if (hex.len != 95)
		return false;
	char text[CONTROL_FINGERPRINT_MAX + 1] = "sha-256 ";
	for (size_t i = 0; i < 95; i++) {
		char c = hex.p[i];
		if (i % 3 == 2 ? c != ':' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
		text[8 + i] = (char)(c >= 'a' ? c - 32 : c);
	}
	text[103] = 0;
	if (!out[0])
		memcpy(out, text, sizeof text);
	return true;
}

static bool read_setup(struct span value, enum sdp_setup *out)
{
	if (span_is(value, "actpass"))
		*out = SDP_SETUP_ACTPASS;
	else if (span_is(value, "active"))
		*out = SDP_SETUP_ACTIVE;
	else if (span_is(value, "passive"))
		*out = SDP_SETUP_PASSIVE;
	else
		return span_is(value, "holdconn");
	return true;
}

static bool read_direction_word(struct span word, enum sdp_direction *out)
{
	static const char *const words[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

	for (size_t i = 0; i < 4; i++) {
		if (span_is(word, words[i])) {
			*out = (enum sdp_direction)i;
			return true;
		}
	}
	return false;
}

const char *const sdp_ext_uris[SDP_EXTS] = {
	[SDP_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
	[SDP_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	[SDP_EXT_RRID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
	[SDP_EXT_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
	[SDP_EXT_TWCC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
};

/* a=extmap:ID[/DIRECTION] URI (RFC 8285 §5). Ids above 14 need two-byte headers, which are not used. */
static bool read_extmap(struct span value, struct sdp_section *s)
{
	struct span first = span_word(&value);
	struct span uri = span_word(&value);
	struct span id_text = span_cut(&first, '/');
	enum sdp_direction direction = SDP_SENDRECV;
	uint64_t id;

	if (!span_number(id_text, 4351, &id) || !id || !uri.len)
		return false;
	if (first.len && !read_direction_word(first, &direction))
		return false;
	for (int i = 0; i < SDP_EXTS; i++) {
		if (span_is(uri, sdp_ext_uris[i]) && id <= 14 && !s->ext[i].id) {
			s->ext[i].id = (uint8_t)id;
			s->ext[i].direction = direction;
		}
	}
	return true;
}

/* Attributes that may stand for the whole session or in one section. `*known` tells whether it was one of them. */
bool sdp_read_common(struct span name, struct span value, struct sdp_section *s, bool *known)
{
	*known = true;
	if (span_is(name, "ice-ufrag"))
		return read_ice(value, 4, s->ufrag);
	if (span_is(name, "ice-pwd"))
		return read_ice(value, 22, s->pwd);
	if (span_is(name, "fingerprint"))
		return read_fingerprint(value, s->fingerprint);
	if (span_is(name, "setup"))
		return read_setup(value, &s->setup);
	if (span_is(name, "extmap"))
		return read_extmap(value, s);
	if (!value.len && read_direction_word(name, &s->direction))
		return true;
	*known = false;
	return true;
}

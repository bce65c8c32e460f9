#include "rtp_ext.h"

bool rtp_ext_ids_set(struct rtp_ext_ids *ids, enum rtp_ext_kind kind, uint8_t id)
{
	if (kind <= RTP_EXT_NONE || kind >= RTP_EXT_KINDS || id == 0 || id == 15)
		return false;
	if (ids->kind[id] != RTP_EXT_NONE && ids->kind[id] != kind)
		return false;
	ids->kind[ids->id[kind]] = RTP_EXT_NONE;        /* it may have had another before; kind[0] stays none */
	ids->id[kind] = id;
	ids->kind[id] = (uint8_t)kind;
	return true;
}

/* Letters, digits, - and _ for a RID (RFC 8852); for a MID also the other token characters (RFC 8866). */
static bool is_token(const uint8_t *p, uint8_t len, bool mid)
{
	for (uint8_t i = 0; i < len; i++) {
		uint8_t c = p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
		bool other = c == '!' || (c >= '#' && c <= '\'') || c == '*' || c == '+' || c == '.' || c == '^' || c == '`' ||
			(c >= '{' && c <= '~');
		if (!letter && !(mid && other))
			return false;
	}
	return true;
}

static void take_name(struct rtp_ext_span *out, const uint8_t *p, uint8_t len, uint8_t most, bool mid)
{
	if (len >= 1 && len <= most && is_token(p, len, mid))
		*out = (struct rtp_ext_span){ p, len };
}

static void take(struct rtp_ext *out, enum rtp_ext_kind kind, const uint8_t *p, uint8_t len)
{
	switch (kind) {
	case RTP_EXT_MID:
		take_name(&out->mid, p, len, RTP_MID_MAX, true);
		break;
	case RTP_EXT_RID:
		take_name(&out->rid, p, len, RTP_RID_MAX, false);
		break;
	case RTP_EXT_RRID:
		take_name(&out->rrid, p, len, RTP_RID_MAX, false);
		break;
	case RTP_EXT_LEVEL:
		if (len < 1 || len > 2)         /* the two-byte form may carry a byte of padding (RFC 6464 §3) */
			break;
		out->has_level = true;
		out->voice = p[0] >> 7;
		out->level = p[0] & 0x7f;
		break;
	case RTP_EXT_TWCC:
		if (len != 2 && len != 4)       /* version 2 adds a request for feedback behind the number */
			break;
		out->has_twcc = true;
		out->twcc = (uint16_t)(p[0] << 8 | p[1]);
		break;
	case RTP_EXT_ABS_SEND_TIME:
		if (len != 3)
			break;
		out->has_abs_send_time = true;
		out->abs_send_time = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		break;
	case RTP_EXT_DD:
		out->dd = (struct rtp_ext_span){ p, len };
		break;
	case RTP_EXT_NONE:
	case RTP_EXT_KINDS:
		break;
	}
}

void rtp_ext_read(struct rtp_ext *out, const struct rtp_ext_ids *ids, const struct rtp_header *h, const uint8_t *packet)
{
	*out = (struct rtp_ext){ 0 };
	for (uint8_t i = 0; i < h->ext_count; i++) {
		const struct rtp_ext_at *e = &h->ext[i];
		take(out, (enum rtp_ext_kind)ids->kind[e->id], packet + e->at, e->len);
	}
}

#include "rtp_header.h"

enum {
	PROFILE_ONE_BYTE = 0xbede,
	PROFILE_TWO_BYTE = 0x1000,      /* the low four bits are the application's */
};

static void add_ext(struct rtp_header *h, uint8_t id, uint8_t len, const uint8_t *at, const uint8_t *packet)
{
	if (h->ext_count < RTP_EXT_MAX)
		h->ext[h->ext_count++] = (struct rtp_ext_at){ id, len, (uint16_t)(at - packet) };
}

/* RFC 8285 §4.2: id and length-1 in one byte; a byte of 0 is padding, id 15 ends it all. */
static bool read_one_byte(struct rtp_header *h, struct rd r, const uint8_t *packet)
{
	while (rd_left(&r)) {
		uint8_t b = rd_u8(&r);
		if (b == 0)
			continue;
		if (b >> 4 == 15)
			return true;
		uint8_t len = (uint8_t)((b & 15) + 1);
		const uint8_t *at = r.p;
		rd_skip(&r, len);
		if (!r.ok)
			return false;
		if (b >> 4)
			add_ext(h, b >> 4, len, at, packet);
	}
	return true;
}

/* RFC 8285 §4.3: id, length; an id of 0 is one byte of padding. */
static bool read_two_byte(struct rtp_header *h, struct rd r, const uint8_t *packet)
{
	while (rd_left(&r)) {
		uint8_t id = rd_u8(&r);
		if (id == 0)
			continue;
		uint8_t len = rd_u8(&r);
		const uint8_t *at = r.p;
		rd_skip(&r, len);
		if (!r.ok)
			return false;
		add_ext(h, id, len, at, packet);
	}
	return true;
}

static bool read_extension(struct rtp_header *h, struct rd *r, const uint8_t *packet)
{
	uint16_t profile = rd_u16(r);
	struct rd body = rd_sub(r, (size_t)rd_u16(r) * 4);

	if (!r->ok)
		return false;
	if (profile == PROFILE_ONE_BYTE)
		return read_one_byte(h, body, packet);
	if ((profile & 0xfff0) == PROFILE_TWO_BYTE)
		return read_two_byte(h, body, packet);
	return true;
}

enum rtp_verdict rtp_header_read(struct rtp_header *out, const uint8_t *packet, size_t len)
{
	if (len < RTP_FIXED_LEN || len > UINT16_MAX)
		return RTP_SHORT;
	if (packet[0] >> 6 != 2)
		return RTP_VERSION;

	struct rd r = rd_from(packet, len);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);

	out->marker = second >> 7;
	out->pt = second & 0x7f;
	out->seq = rd_u16(&r);
	out->ts = rd_u32(&r);
	out->ssrc = rd_u32(&r);
	out->csrc_count = first & 15;
	out->ext_count = 0;
	out->padding_len = 0;
	for (uint8_t i = 0; i < out->csrc_count; i++)
		out->csrc[i] = rd_u32(&r);
	if (first & 0x10 && !read_extension(out, &r, packet))
		return RTP_SHORT;
	if (!r.ok)
		return RTP_SHORT;

	size_t payload = rd_left(&r);
	if (first & RTP_PADDING_BIT) {
		if (payload == 0 || packet[len - 1] == 0 || packet[len - 1] > payload)
			return RTP_PADDING;
		out->padding_len = packet[len - 1];
	}
	out->header_len = (uint16_t)(len - payload);
	out->payload_len = (uint16_t)(payload - out->padding_len);
	return RTP_OK;
}

const struct rtp_ext_at *rtp_header_ext(const struct rtp_header *h, uint8_t id)
{
	for (uint8_t i = 0; i < h->ext_count; i++)
		if (h->ext[i].id == id)
			return &h->ext[i];
	return NULL;
}

/* What the elements need behind the four bytes of the extension header, filled to 32 bits; 0 if there are none. */
static size_t extension_len(const struct rtp_ext_out *ext, size_t count, bool *one_byte)
{
	size_t len = 0, present = 0;

	*one_byte = true;
	for (size_t i = 0; i < count; i++) {
		if (!ext[i].id)
			continue;
		len += ext[i].len;
		present++;
		*one_byte = *one_byte && ext[i].id <= 14 && ext[i].len >= 1 && ext[i].len <= 16;
	}
	return (len + (*one_byte ? present : 2 * present) + 3) & ~(size_t)3;
}

static uint8_t *put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	return put_u16(put_u16(p, (uint16_t)(v >> 16)), (uint16_t)v);
}

static uint8_t *put_extensions(uint8_t *p, const struct rtp_ext_out *ext, size_t count, size_t len, bool one_byte)
{
	uint8_t *end = p + 4 + len;

	p = put_u16(p, one_byte ? PROFILE_ONE_BYTE : PROFILE_TWO_BYTE);
	p = put_u16(p, (uint16_t)(len / 4));
	for (size_t i = 0; i < count; i++) {
		if (!ext[i].id)
			continue;
		if (one_byte) {
			*p++ = (uint8_t)(ext[i].id << 4 | (ext[i].len - 1));
		} else {
			*p++ = ext[i].id;
			*p++ = ext[i].len;
		}
		for (uint8_t n = 0; n < ext[i].len; n++)
			*p++ = ext[i].data[n];
	}
	while (p < end)
		*p++ = 0;
	return p;
}

/* Once per packet and receiver: the room is asked for once, then bytes are stored without looking. */
void rtp_header_write(struct wr *w, const struct rtp_header *h, const struct rtp_ext_out *ext, size_t ext_count)
{
	bool one_byte;
	uint8_t csrc_count = h->csrc_count & 15;
	size_t ext_len = extension_len(ext, ext_count, &one_byte);

	if (ext_len / 4 > UINT16_MAX)
		w->ok = false;
	if (!wr_has(w, RTP_FIXED_LEN + 4u * csrc_count + (ext_len ? 4 + ext_len : 0)))
		return;

	uint8_t *p = w->p;
	*p++ = (uint8_t)(0x80 | (h->padding_len ? RTP_PADDING_BIT : 0) | (ext_len ? 0x10 : 0) | csrc_count);
	*p++ = (uint8_t)((h->marker ? 0x80 : 0) | (h->pt & 0x7f));
	p = put_u16(p, h->seq);
	p = put_u32(p, h->ts);
	p = put_u32(p, h->ssrc);
	for (uint8_t i = 0; i < csrc_count; i++)
		p = put_u32(p, h->csrc[i]);
	if (ext_len)
		p = put_extensions(p, ext, ext_count, ext_len, one_byte);
	w->p = p;
}

void rtp_padding_write(struct wr *w, uint8_t len)
{
	if (!len || !wr_has(w, len))
		return;
	memset(w->p, 0, len);
	w->p[len - 1] = len;
	w->p += len;
}

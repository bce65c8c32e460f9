#include "tp_rtp.h"

#include <string.h>

#include "bytes.h"

static void write_ext(struct wr *w, uint8_t id, const void *value, size_t len)
{
	if (!id || !len)
		return;
	wr_u8(w, (uint8_t)(id << 4 | (len - 1)));
	wr_bytes(w, value, len);
}

size_t tp_rtp_write(uint8_t *out, size_t room, const struct tp_rtp *rtp, const struct tp_ext_ids *ids)
{
	uint8_t exts[96];
	struct wr x = wr_to(exts, sizeof exts);
	uint8_t level = (uint8_t)(rtp->voice << 7 | (rtp->level & 0x7f));
	uint8_t twcc[2] = { (uint8_t)(rtp->twcc >> 8), (uint8_t)rtp->twcc };

	write_ext(&x, ids->mid, rtp->mid, strlen(rtp->mid));
	write_ext(&x, ids->rid, rtp->rid, strlen(rtp->rid));
	write_ext(&x, ids->rrid, rtp->rrid, strlen(rtp->rrid));
	if (rtp->has_level)
		write_ext(&x, ids->level, &level, 1);
	if (rtp->has_twcc)
		write_ext(&x, ids->twcc, twcc, 2);
	while ((x.p - exts) % 4)
		wr_u8(&x, 0);

	size_t ext_len = (size_t)(x.p - exts);
	struct wr w = wr_to(out, room);
	wr_u8(&w, (uint8_t)(0x80 | (ext_len ? 0x10 : 0) | rtp->csrc_count));
	wr_u8(&w, (uint8_t)(rtp->marker << 7 | rtp->pt));
	wr_u16(&w, rtp->seq);
	wr_u32(&w, rtp->ts);
	wr_u32(&w, rtp->ssrc);
	for (int i = 0; i < rtp->csrc_count; i++)
		wr_u32(&w, rtp->csrc[i]);
	if (ext_len) {
		wr_u16(&w, 0xBEDE);
		wr_u16(&w, (uint16_t)(ext_len / 4));
		wr_bytes(&w, exts, ext_len);
	}
	return w.ok && x.ok ? (size_t)(w.p - out) : 0;
}

static void text(char out[20], struct rd value)
{
	size_t len = rd_left(&value);
	if (len > 19)
		len = 19;
	memcpy(out, value.p, len);
	out[len] = 0;
}

static void read_ext(struct tp_rtp *out, uint8_t id, struct rd value, const struct tp_ext_ids *ids)
{
	if (id == ids->mid) {
		text(out->mid, value);
	} else if (id == ids->rid) {
		text(out->rid, value);
	} else if (id == ids->rrid) {
		text(out->rrid, value);
	} else if (id == ids->level) {
		uint8_t b = rd_u8(&value);
		out->has_level = true;
		out->voice = b >> 7;
		out->level = b & 0x7f;
	} else if (id == ids->twcc) {
		out->has_twcc = true;
		out->twcc = rd_u16(&value);
	} else {
		out->alien_ext = true;
	}
}

bool tp_rtp_read(struct tp_rtp *out, const uint8_t *bytes, size_t len, const struct tp_ext_ids *ids)
{
	struct rd r = rd_from(bytes, len);
	uint8_t b0 = rd_u8(&r), b1 = rd_u8(&r);

	memset(out, 0, sizeof *out);
	if (b0 >> 6 != 2)
		return false;
	out->padding = b0 & 0x20;
	out->csrc_count = b0 & 0xf;
	out->marker = b1 >> 7;
	out->pt = b1 & 0x7f;
	out->seq = rd_u16(&r);
	out->ts = rd_u32(&r);
	out->ssrc = rd_u32(&r);
	for (int i = 0; i < out->csrc_count; i++)
		out->csrc[i] = rd_u32(&r);
	if (b0 & 0x10) {
		uint16_t profile = rd_u16(&r);
		struct rd exts = rd_sub(&r, (size_t)rd_u16(&r) * 4);
		while (profile == 0xBEDE && rd_left(&exts)) {
			uint8_t head = rd_u8(&exts);
			if (!head)
				continue;
			struct rd value = rd_sub(&exts, (size_t)(head & 0xf) + 1);
			if (!exts.ok)
				return false;
			read_ext(out, head >> 4, value, ids);
		}
	}
	if (!r.ok)
		return false;
	out->payload = r.p;
	out->payload_len = rd_left(&r);
	if (out->padding) {
		uint8_t pad = out->payload_len ? r.p[out->payload_len - 1] : 0;
		if (!pad || pad > out->payload_len)
			return false;
		out->payload_len -= pad;
	}
	return true;
}

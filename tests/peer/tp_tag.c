#include "tp_tag.h"

#include <string.h>

#include "bytes.h"

enum { MAGIC = 0x484f504b };

const char *const tp_source_names[TP_SOURCES] = { "mic", "camera", "screen", "screen_audio" };

static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static uint32_t seed_of(const struct tp_tag *tag)
{
	uint32_t x = tag->number * 2654435761u ^ tag->seq * 40503u ^ (uint32_t)(tag->source << 8 | tag->layer);
	return x ? x : 1;
}

void tp_tag_write(uint8_t *out, size_t len, const struct tp_tag *tag)
{
	struct wr w = wr_to(out, len);
	wr_u32(&w, MAGIC);
	wr_u32(&w, tag->number);
	wr_u8(&w, tag->source);
	wr_u8(&w, tag->layer);
	wr_u8(&w, (uint8_t)(tag->keyframe | tag->first << 1 | tag->last << 2));
	wr_u8(&w, tag->run);
	wr_u32(&w, tag->seq);
	wr_u32(&w, tag->frame);
	wr_u64(&w, (uint64_t)tag->time_us);
	wr_u32(&w, (uint32_t)len);
	uint32_t x = seed_of(tag);
	while (w.ok && w.p < w.end)
		*w.p++ = (uint8_t)next(&x);
}

bool tp_tag_read(struct tp_tag *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	bool magic = rd_u32(&r) == MAGIC;
	out->number = rd_u32(&r);
	out->source = rd_u8(&r);
	out->layer = rd_u8(&r);
	uint8_t flags = rd_u8(&r);
	out->keyframe = flags & 1;
	out->first = flags & 2;
	out->last = flags & 4;
	out->run = rd_u8(&r);
	out->seq = rd_u32(&r);
	out->frame = rd_u32(&r);
	out->time_us = (int64_t)rd_u64(&r);
	if (!magic || rd_u32(&r) != len || !r.ok)
		return false;
	uint32_t x = seed_of(out);
	while (rd_left(&r))
		if (rd_u8(&r) != (uint8_t)next(&x))
			return false;
	return true;
}

size_t tp_vp8_write(uint8_t *out, const struct tp_vp8 *vp8)
{
	struct wr w = wr_to(out, 32);
	bool ext = vp8->picture_id >= 0 || vp8->tl0 >= 0 || vp8->tid >= 0;
	wr_u8(&w, (uint8_t)(ext << 7 | vp8->start << 4));
	if (ext)
		wr_u8(&w, (uint8_t)((vp8->picture_id >= 0) << 7 | (vp8->tl0 >= 0) << 6 | (vp8->tid >= 0) << 5));
	if (vp8->picture_id >= 0)
		wr_u16(&w, (uint16_t)(0x8000 | vp8->picture_id));
	if (vp8->tl0 >= 0)
		wr_u8(&w, (uint8_t)vp8->tl0);
	if (vp8->tid >= 0)
		wr_u8(&w, (uint8_t)(vp8->tid << 6 | vp8->layer_sync << 5));
	if (vp8->start) {
		/* frame tag (RFC 6386 §9.1): P bit 0 on a keyframe, version 0, show_frame, a size of one kilobyte */
		uint32_t tag = (uint32_t)!vp8->keyframe | 1u << 4 | 1024u << 5;
		wr_u8(&w, (uint8_t)tag);
		wr_u8(&w, (uint8_t)(tag >> 8));
		wr_u8(&w, (uint8_t)(tag >> 16));
	}
	if (vp8->start && vp8->keyframe) {
		wr_u24(&w, 0x9d012a);
		wr_u8(&w, (uint8_t)vp8->width);
		wr_u8(&w, (uint8_t)(vp8->width >> 8));
		wr_u8(&w, (uint8_t)vp8->height);
		wr_u8(&w, (uint8_t)(vp8->height >> 8));
	}
	return (size_t)(w.p - out);
}

bool tp_vp8_read(struct tp_vp8 *out, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	uint8_t b0 = rd_u8(&r);
	uint8_t ext = b0 & 0x80 ? rd_u8(&r) : 0;

	*out = (struct tp_vp8){ .picture_id = -1, .tl0 = -1, .tid = -1 };
	out->start = (b0 & 0x10) && !(b0 & 0x07);
	if (ext & 0x80) {
		out->picture_id = rd_u8(&r);
		if (out->picture_id & 0x80)
			out->picture_id = (out->picture_id & 0x7f) << 8 | rd_u8(&r);
	}
	if (ext & 0x40)
		out->tl0 = rd_u8(&r);
	if (ext & 0x30) {
		uint8_t b = rd_u8(&r);
		out->tid = ext & 0x20 ? (int8_t)(b >> 6) : -1;
		out->layer_sync = b & 0x20;
	}
	if (out->start) {
		out->keyframe = !(rd_u8(&r) & 1);
		rd_u16(&r);
	}
	if (out->start && out->keyframe) {
		bool code = rd_u24(&r) == 0x9d012a;
		out->width = rd_u8(&r);
		out->width = (uint16_t)(out->width | rd_u8(&r) << 8);
		out->height = rd_u8(&r);
		out->height = (uint16_t)(out->height | rd_u8(&r) << 8);
		if (!code)
			return false;
	}
	out->header_len = (size_t)(r.p - bytes);
	return r.ok;
}

#include "load_tag.h"

#include "bytes.h"

enum { MAGIC = 0x6c6f6164, PATTERN = 4096, LONGEST = 2048, TOC_HYBRID_20MS = 0x78, MAX_HEAD = 20 };

/* Random-looking bytes, made once; a packet's filling starts somewhere in their first half. */
static const uint8_t *pattern(void)
{
	static uint8_t bytes[PATTERN];
	static bool made;
	uint32_t x = 0x9e3779b9;
	for (int i = 0; !made && i < PATTERN; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (uint8_t)x;
	}
	made = true;
	return bytes;
}

static const uint8_t *filling(const struct load_tag *tag)
{
	uint32_t x = tag->number * 2654435761u + tag->seq * 40503u + tag->layer * 97u + tag->codec;
	return pattern() + x % (PATTERN - LONGEST);
}

static void write_vp8(struct wr *w, const struct load_vp8 *v)
{
	wr_u8(w, (uint8_t)((v->shape ? 0x80 : 0) | (v->non_reference ? 0x20 : 0) | (v->start ? 0x10 : 0)));
	if (v->shape)
		wr_u8(w, v->shape);
	if (v->shape & LOAD_VP8_PICTURE_ID)
		wr_u16(w, 0x8000 | v->picture_id);
	if (v->shape & LOAD_VP8_TL0)
		wr_u8(w, v->tl0);
	if (v->shape & (LOAD_VP8_TID | LOAD_VP8_KEYIDX))
		wr_u8(w, (uint8_t)(v->tid << 6 | v->sync << 5 | (v->keyidx & 31)));
	if (!v->start)
		return;
	wr_u8(w, v->keyframe ? 0x10 : 0x11);    /* frame tag (RFC 6386 §9.1): bit 0 is 0 in a keyframe, bit 4 shows the frame */
	if (!v->keyframe)
		return;
	wr_u8(w, 0);
	wr_u8(w, 0);
	wr_bytes(w, "\x9d\x01\x2a", 3);
	wr_u8(w, (uint8_t)v->width);
	wr_u8(w, (uint8_t)(v->width >> 8));
	wr_u8(w, (uint8_t)v->height);
	wr_u8(w, (uint8_t)(v->height >> 8));
}

size_t load_payload_write(uint8_t *out, size_t len, const struct load_vp8 *vp8, const struct load_tag *tag)
{
	struct wr w = wr_to(out, MAX_HEAD + LOAD_TAG_LEN);
	if (vp8)
		write_vp8(&w, vp8);
	else
		wr_u8(&w, TOC_HYBRID_20MS);
	size_t head = (size_t)(w.p - out);
	if (len < head + LOAD_TAG_LEN)
		len = head + LOAD_TAG_LEN;
	wr_u32(&w, MAGIC);
	wr_u32(&w, tag->number);
	wr_u32(&w, tag->run);
	wr_u8(&w, tag->codec);
	wr_u8(&w, tag->layer);
	wr_u16(&w, (uint16_t)(len - head));
	wr_u32(&w, tag->seq);
	wr_u64(&w, (uint64_t)tag->sent_ns);
	memcpy(w.p, filling(tag), len - head - LOAD_TAG_LEN);
	return len;
}

/* The server may have rewritten picture id and TL0PICIDX: the headers' length is what matters here. */
static void skip_vp8(struct rd *r)
{
	uint8_t first = rd_u8(r), shape = first & 0x80 ? rd_u8(r) : 0;
	if (shape & LOAD_VP8_PICTURE_ID && rd_u8(r) & 0x80)
		rd_u8(r);
	if (shape & LOAD_VP8_TL0)
		rd_u8(r);
	if (shape & (LOAD_VP8_TID | LOAD_VP8_KEYIDX))
		rd_u8(r);
	if ((first & 0x1f) == 0x10 && !(rd_u8(r) & 1))
		rd_skip(r, 9);
}

enum load_payload_verdict load_payload_read(struct load_tag *out, const uint8_t *payload, size_t len, bool vp8)
{
	struct rd r = rd_from(payload, len);
	if (vp8)
		skip_vp8(&r);
	else
		rd_u8(&r);
	size_t from_tag = rd_left(&r);
	if (rd_u32(&r) != MAGIC)
		return LOAD_PAYLOAD_NOT_OURS;
	out->number = rd_u32(&r);
	out->run = rd_u32(&r);
	out->codec = rd_u8(&r);
	out->layer = rd_u8(&r);
	uint16_t said = rd_u16(&r);
	out->seq = rd_u32(&r);
	out->sent_ns = (int64_t)rd_u64(&r);
	if (!r.ok)
		return LOAD_PAYLOAD_NOT_OURS;
	return said == from_tag && rd_left(&r) <= LONGEST && memcmp(r.p, filling(out), rd_left(&r)) == 0 ? LOAD_PAYLOAD_RIGHT : LOAD_PAYLOAD_WRONG;
}

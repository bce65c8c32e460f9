#include "red.h"

enum { OFFSET_MAX = 0x3fff, LEN_MAX = 0x3ff };

bool red_read(struct red *out, const uint8_t *payload, size_t len)
{
	struct rd r = rd_from(payload, len);

	out->count = 0;
	for (;;) {
		uint8_t first = rd_u8(&r);
		if (!r.ok || out->count == RED_BLOCKS_MAX)
			return false;
		struct red_block *b = &out->blocks[out->count++];
		*b = (struct red_block){ .pt = first & 0x7f };
		if (!(first & 0x80))
			break;
		uint32_t rest = rd_u24(&r);
		b->ts_offset = (uint16_t)(rest >> 10);
		b->len = rest & LEN_MAX;
	}
	for (uint8_t i = 0; i + 1 < out->count; i++) {
		out->blocks[i].data = r.p;
		rd_skip(&r, out->blocks[i].len);
	}
	if (!r.ok || rd_left(&r) > UINT16_MAX)
		return false;
	struct red_block *primary = &out->blocks[out->count - 1];
	primary->data = r.p;
	primary->len = (uint16_t)rd_left(&r);
	return true;
}

void red_write(struct wr *w, const struct red *red)
{
	for (uint8_t i = 0; i + 1 < red->count; i++) {
		const struct red_block *b = &red->blocks[i];
		if (b->ts_offset > OFFSET_MAX || b->len > LEN_MAX)
			w->ok = false;
		wr_u8(w, 0x80 | (b->pt & 0x7f));
		wr_u24(w, (uint32_t)b->ts_offset << 10 | (b->len & LEN_MAX));
	}
	if (red->count)
		wr_u8(w, red->blocks[red->count - 1].pt & 0x7f);
	for (uint8_t i = 0; i < red->count; i++)
		wr_bytes(w, red->blocks[i].data, red->blocks[i].len);
}

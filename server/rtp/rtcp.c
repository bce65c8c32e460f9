#include "rtcp.h"

enum { BLOCK_LEN = 24, SDES_CNAME = 1 };

/* Takes the padding off the last packet's body; false if its count makes no sense. */
static bool cut_padding(struct rd *body)
{
	size_t len = rd_left(body);

	if (len == 0 || body->end[-1] == 0 || body->end[-1] % 4 || body->end[-1] > len)
		return false;
	body->end -= body->end[-1];
	return true;
}

bool rtcp_next(struct rtcp_packet *out, struct rd *r)
{
	if (!rd_left(r))
		return false;

	uint8_t first = rd_u8(r);
	out->type = rd_u8(r);
	out->count = first & 31;
	out->body = rd_sub(r, (size_t)rd_u16(r) * 4);
	if (!r->ok || first >> 6 != 2) {
		r->ok = false;
		return false;
	}
	/* Padding only on the last one (RFC 3550 §6.4.1). */
	if (first & 0x20 && (rd_left(r) || !cut_padding(&out->body))) {
		r->ok = false;
		return false;
	}
	return true;
}

bool rtcp_check(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	struct rtcp_packet p;
	bool any = false;

	while (rtcp_next(&p, &r))
		any = true;
	return any && r.ok;
}

struct rtcp_mark rtcp_begin(struct wr *w, enum rtcp_type type, uint8_t count)
{
	struct rtcp_mark mark = { w->p };

	if (!wr_has(w, 4))
		return mark;
	wr_u8(w, (uint8_t)(0x80 | (count & 31)));
	wr_u8(w, (uint8_t)type);
	wr_u16(w, 0);
	return mark;
}

void rtcp_end(struct wr *w, struct rtcp_mark mark)
{
	while (w->ok && (w->p - mark.start) % 4)
		wr_u8(w, 0);
	if (!w->ok)
		return;
	size_t words = (size_t)(w->p - mark.start) / 4 - 1;
	if (words > UINT16_MAX) {
		w->ok = false;
		return;
	}
	mark.start[2] = (uint8_t)(words >> 8);
	mark.start[3] = (uint8_t)words;
}

/* -- reports --------------------------------------------------------------------------------------------------------- */

static int32_t sign_24(uint32_t v)
{
	return (int32_t)(v ^ 0x800000) - 0x800000;
}

static bool blocks_read(struct rtcp_block *blocks, uint8_t count, struct rd *r)
{
	if (!rd_has(r, (size_t)count * BLOCK_LEN))
		return false;
	for (uint8_t i = 0; i < count; i++) {
		struct rtcp_block *b = &blocks[i];
		b->ssrc = rd_u32(r);
		b->fraction_lost = rd_u8(r);
		b->lost = sign_24(rd_u24(r));
		b->highest_seq = rd_u32(r);
		b->jitter = rd_u32(r);
		b->lsr = rd_u32(r);
		b->dlsr = rd_u32(r);
	}
	return true;
}

static void blocks_write(struct wr *w, const struct rtcp_block *blocks, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		const struct rtcp_block *b = &blocks[i];
		wr_u32(w, b->ssrc);
		wr_u8(w, b->fraction_lost);
		wr_u24(w, (uint32_t)b->lost & 0xffffff);
		wr_u32(w, b->highest_seq);
		wr_u32(w, b->jitter);
		wr_u32(w, b->lsr);
		wr_u32(w, b->dlsr);
	}
}

bool rtcp_sr_read(struct rtcp_sr *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;

	out->ssrc = rd_u32(&r);
	out->ntp = rd_u64(&r);
	out->ts = rd_u32(&r);
	out->packets = rd_u32(&r);
	out->octets = rd_u32(&r);
	out->count = p->count;
	return r.ok && blocks_read(out->blocks, out->count, &r);
}

bool rtcp_rr_read(struct rtcp_rr *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;

	out->ssrc = rd_u32(&r);
	out->count = p->count;
	return r.ok && blocks_read(out->blocks, out->count, &r);
}

void rtcp_sr_write(struct wr *w, const struct rtcp_sr *sr)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_SR, sr->count);

	wr_u32(w, sr->ssrc);
	wr_u64(w, sr->ntp);
	wr_u32(w, sr->ts);
	wr_u32(w, sr->packets);
	wr_u32(w, sr->octets);
	blocks_write(w, sr->blocks, sr->count & 31);
	rtcp_end(w, mark);
}

void rtcp_rr_write(struct wr *w, const struct rtcp_rr *rr)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_RR, rr->count);

	wr_u32(w, rr->ssrc);
	blocks_write(w, rr->blocks, rr->count & 31);
	rtcp_end(w, mark);
}

/* -- SDES and BYE ---------------------------------------------------------------------------------------------------- */

/* Items until a zero byte, then zeros to the next 32-bit boundary, counted from the chunk's start (RFC 3550 §6.5). */
static bool chunk_read(struct rtcp_sdes_chunk *out, struct rd *r)
{
	const uint8_t *start = r->p;

	*out = (struct rtcp_sdes_chunk){ .ssrc = rd_u32(r) };
	while (r->ok) {
		uint8_t item = rd_u8(r);
		if (item == 0)
			break;
		uint8_t len = rd_u8(r);
		struct rd text = rd_sub(r, len);
		if (item == SDES_CNAME && text.ok && out->len == 0) {
			out->len = len;
			out->cname = len ? text.p : NULL;
		}
	}
	if (!r->ok)
		return false;
	rd_skip(r, (size_t)(-(r->p - start) & 3));
	return r->ok;
}

bool rtcp_sdes_read(struct rtcp_sdes *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;

	out->count = p->count;
	for (uint8_t i = 0; i < out->count; i++)
		if (!chunk_read(&out->chunks[i], &r))
			return false;
	return true;
}

void rtcp_sdes_write(struct wr *w, const struct rtcp_sdes *sdes)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_SDES, sdes->count);

	for (uint8_t i = 0; i < (sdes->count & 31); i++) {
		const struct rtcp_sdes_chunk *chunk = &sdes->chunks[i];
		wr_u32(w, chunk->ssrc);
		if (chunk->len) {
			wr_u8(w, SDES_CNAME);
			wr_u8(w, chunk->len);
			wr_bytes(w, chunk->cname, chunk->len);
		}
		wr_u8(w, 0);
		while (w->ok && (w->p - mark.start) % 4)
			wr_u8(w, 0);
	}
	rtcp_end(w, mark);
}

bool rtcp_bye_read(struct rtcp_bye *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;

	out->count = p->count;
	for (uint8_t i = 0; i < out->count; i++)
		out->ssrcs[i] = rd_u32(&r);
	return r.ok;
}

void rtcp_bye_write(struct wr *w, const struct rtcp_bye *bye)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_BYE, bye->count);

	for (uint8_t i = 0; i < (bye->count & 31); i++)
		wr_u32(w, bye->ssrcs[i]);
	rtcp_end(w, mark);
}

bool rtcp_feedback_read(struct rtcp_feedback *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;

	out->sender = rd_u32(&r);
	out->media = rd_u32(&r);
	out->fci = r;
	return r.ok;
}

#include "rtcp_twcc.h"

enum symbol { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA, RESERVED };
enum { RUN_MAX = 0x1fff, ONE_BIT_SYMBOLS = 14, TWO_BIT_SYMBOLS = 7 };

/* -- reading --------------------------------------------------------------------------------------------------------- */

/* Unpacks one chunk into symbols, at most `left`; the rest of a vector chunk is filling. Returns how many, 0: not acceptable. */
static uint16_t chunk_symbols(uint8_t *symbols, uint16_t left, uint16_t chunk)
{
	if (!(chunk & 0x8000)) {
		uint16_t run = chunk & RUN_MAX;
		if (run > left)
			return 0;
		memset(symbols, chunk >> 13 & 3, run);
		return run;
	}
	bool two_bit = chunk & 0x4000;
	uint16_t n = two_bit ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS;
	if (n > left)
		n = left;
	for (uint16_t i = 0; i < n; i++)
		symbols[i] = two_bit ? chunk >> (12 - 2 * i) & 3 : chunk >> (13 - i) & 1;
	return n;
}

static bool symbols_read(uint8_t *symbols, uint16_t count, struct rd *r)
{
	for (uint16_t done = 0; done < count;) {
		uint16_t n = chunk_symbols(symbols + done, (uint16_t)(count - done), rd_u16(r));
		if (!r->ok || !n)
			return false;
		done = (uint16_t)(done + n);
	}
	return true;
}

static bool deltas_read(struct rtcp_twcc *out, const uint8_t *symbols, struct rd *r)
{
	for (uint16_t i = 0; i < out->count; i++) {
		struct rtcp_twcc_status *status = &out->statuses[i];
		*status = (struct rtcp_twcc_status){ 0 };
		if (symbols[i] == NOT_RECEIVED)
			continue;
		if (symbols[i] == RESERVED)
			return false;
		status->received = true;
		status->delta = symbols[i] == SMALL_DELTA ? rd_u8(r) : (int16_t)rd_u16(r);
	}
	return r->ok;
}

static int32_t sign_24(uint32_t v)
{
	return (int32_t)(v ^ 0x800000) - 0x800000;
}

bool rtcp_twcc_read(struct rtcp_twcc *out, const struct rtcp_packet *p)
{
	struct rd r = p->body;
	uint8_t symbols[RTCP_TWCC_MAX];

	out->sender = rd_u32(&r);
	out->media = rd_u32(&r);
	out->base_seq = rd_u16(&r);
	out->count = rd_u16(&r);
	out->reference = sign_24(rd_u24(&r));
	out->feedback_count = rd_u8(&r);
	if (!r.ok || out->count == 0 || out->count > RTCP_TWCC_MAX)
		return false;
	return symbols_read(symbols, out->count, &r) && deltas_read(out, symbols, &r);
}

/* -- writing --------------------------------------------------------------------------------------------------------- */

static enum symbol symbol_of(const struct rtcp_twcc_status *s)
{
	if (!s->received)
		return NOT_RECEIVED;
	return s->delta >= 0 && s->delta <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
}

/* How many statuses from the first on share its symbol. */
static uint16_t run_length(const struct rtcp_twcc_status *s, uint16_t left)
{
	enum symbol first = symbol_of(s);
	uint16_t n = 1;

	while (n < left && n < RUN_MAX && symbol_of(&s[n]) == first)
		n++;
	return n;
}

static bool any_large(const struct rtcp_twcc_status *s, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (symbol_of(&s[i]) == LARGE_DELTA)
			return true;
	return false;
}

/* One chunk for the statuses at `s`; returns how many it covers. A run that a vector would cover as well goes into a vector. */
static uint16_t chunk_write(struct wr *w, const struct rtcp_twcc_status *s, uint16_t left)
{
	uint16_t run = run_length(s, left);
	uint16_t one_bit = left < ONE_BIT_SYMBOLS ? left : ONE_BIT_SYMBOLS;
	uint16_t two_bit = left < TWO_BIT_SYMBOLS ? left : TWO_BIT_SYMBOLS;
	bool narrow = !any_large(s, one_bit);
	uint16_t covered = narrow ? one_bit : two_bit;

	if (run >= covered) {
		wr_u16(w, (uint16_t)(symbol_of(s) << 13 | run));
		return run;
	}
	uint16_t chunk = narrow ? 0x8000 : 0xc000;
	for (uint16_t i = 0; i < covered; i++)
		chunk |= (uint16_t)(symbol_of(&s[i]) << (narrow ? 13 - i : 12 - 2 * i));
	wr_u16(w, chunk);
	return covered;
}

void rtcp_twcc_write(struct wr *w, const struct rtcp_twcc *fb)
{
	uint16_t count = fb->count < RTCP_TWCC_MAX ? fb->count : RTCP_TWCC_MAX;
	struct rtcp_mark mark = rtcp_begin(w, RTCP_RTPFB, RTCP_FMT_TWCC);

	wr_u32(w, fb->sender);
	wr_u32(w, fb->media);
	wr_u16(w, fb->base_seq);
	wr_u16(w, count);
	wr_u24(w, (uint32_t)fb->reference & 0xffffff);
	wr_u8(w, fb->feedback_count);
	for (uint16_t i = 0; i < count;)
		i = (uint16_t)(i + chunk_write(w, &fb->statuses[i], (uint16_t)(count - i)));
	for (uint16_t i = 0; i < count; i++) {
		enum symbol symbol = symbol_of(&fb->statuses[i]);
		if (symbol == SMALL_DELTA)
			wr_u8(w, (uint8_t)fb->statuses[i].delta);
		else if (symbol == LARGE_DELTA)
			wr_u16(w, (uint16_t)fb->statuses[i].delta);
	}
	rtcp_end(w, mark);
}

#include "tp_rtcp.h"

#include <string.h>

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, RTPFB = 205, PSFB = 206 };

static uint8_t *begin(struct wr *w, uint8_t count, uint8_t type)
{
	uint8_t *at = w->p;
	wr_u8(w, 0x80 | count);
	wr_u8(w, type);
	wr_u16(w, 0);
	return at;
}

static void end(struct wr *w, uint8_t *at)
{
	while ((w->p - at) % 4)
		wr_u8(w, 0);
	if (!w->ok)
		return;
	size_t words = (size_t)(w->p - at) / 4 - 1;
	at[2] = (uint8_t)(words >> 8);
	at[3] = (uint8_t)words;
}

void tp_rtcp_write_sr(struct wr *w, uint32_t ssrc, uint64_t ntp, uint32_t rtp, uint32_t packets, uint32_t bytes)
{
	uint8_t *at = begin(w, 0, SR);
	wr_u32(w, ssrc);
	wr_u64(w, ntp);
	wr_u32(w, rtp);
	wr_u32(w, packets);
	wr_u32(w, bytes);
	end(w, at);
}

void tp_rtcp_write_rr(struct wr *w, uint32_t ssrc, const struct tp_report_block *blocks, size_t count)
{
	uint8_t *at = begin(w, (uint8_t)count, RR);
	wr_u32(w, ssrc);
	for (size_t i = 0; i < count; i++) {
		wr_u32(w, blocks[i].ssrc);
		wr_u32(w, (uint32_t)blocks[i].fraction_lost << 24 | (blocks[i].lost & 0xffffff));
		wr_u32(w, blocks[i].highest);
		wr_u32(w, blocks[i].jitter);
		wr_u32(w, blocks[i].lsr);
		wr_u32(w, blocks[i].dlsr);
	}
	end(w, at);
}

void tp_rtcp_write_sdes(struct wr *w, uint32_t ssrc, const char *cname)
{
	uint8_t *at = begin(w, 1, SDES);
	wr_u32(w, ssrc);
	wr_u8(w, 1);
	wr_u8(w, (uint8_t)strlen(cname));
	wr_bytes(w, cname, strlen(cname));
	wr_u8(w, 0);
	end(w, at);
}

void tp_rtcp_write_bye(struct wr *w, uint32_t ssrc)
{
	uint8_t *at = begin(w, 1, BYE);
	wr_u32(w, ssrc);
	end(w, at);
}

void tp_rtcp_write_nack(struct wr *w, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t count)
{
	uint8_t *at = begin(w, 1, RTPFB);
	wr_u32(w, sender);
	wr_u32(w, media);
	for (size_t i = 0; i < count; i++) {
		wr_u16(w, seqs[i]);
		wr_u16(w, 0);
	}
	end(w, at);
}

void tp_rtcp_write_pli(struct wr *w, uint32_t sender, uint32_t media)
{
	uint8_t *at = begin(w, 1, PSFB);
	wr_u32(w, sender);
	wr_u32(w, media);
	end(w, at);
}

void tp_rtcp_write_fir(struct wr *w, uint32_t sender, uint32_t media, uint8_t number)
{
	uint8_t *at = begin(w, 4, PSFB);
	wr_u32(w, sender);
	wr_u32(w, 0);
	wr_u32(w, media);
	wr_u32(w, (uint32_t)number << 24);
	end(w, at);
}

void tp_rtcp_write_remb(struct wr *w, uint32_t sender, uint32_t bps, const uint32_t *ssrcs, size_t count)
{
	uint8_t *at = begin(w, 15, PSFB);
	uint32_t exponent = 0;
	while (bps >> exponent > 0x3ffff)
		exponent++;
	wr_u32(w, sender);
	wr_u32(w, 0);
	wr_bytes(w, "REMB", 4);
	wr_u32(w, (uint32_t)count << 24 | exponent << 18 | bps >> exponent);
	for (size_t i = 0; i < count; i++)
		wr_u32(w, ssrcs[i]);
	end(w, at);
}

static uint8_t symbol_of(int64_t delta)
{
	return delta >= 0 && delta <= 255 ? 1 : 2;
}

void tp_rtcp_write_twcc(struct wr *w, uint32_t sender, uint32_t media, uint8_t count, const struct tp_arrival *arrivals, size_t n)
{
	enum { PER_CHUNK = 7, TICK_US = 250, REFERENCE_US = 64000 };
	if (!n)
		return;
	uint8_t *at = begin(w, 15, RTPFB);
	uint16_t base = arrivals[0].seq;
	uint16_t total = (uint16_t)(arrivals[n - 1].seq - base + 1);
	int64_t reference = arrivals[0].at_us / REFERENCE_US;
	wr_u32(w, sender);
	wr_u32(w, media);
	wr_u16(w, base);
	wr_u16(w, total);
	wr_u24(w, (uint32_t)reference & 0xffffff);
	wr_u8(w, count);

	int64_t last = reference * REFERENCE_US / TICK_US;
	size_t next = 0;
	for (uint16_t i = 0; i < total; i = (uint16_t)(i + PER_CHUNK)) {
		uint16_t chunk = 0xc000;
		for (uint16_t k = 0; k < PER_CHUNK; k++) {
			if (next >= n || arrivals[next].seq != (uint16_t)(base + i + k))
				continue;
			int64_t tick = arrivals[next++].at_us / TICK_US;
			chunk |= (uint16_t)(symbol_of(tick - last) << (12 - 2 * k));
			last = tick;
		}
		wr_u16(w, chunk);
	}
	last = reference * REFERENCE_US / TICK_US;
	for (size_t i = 0; i < n; i++) {
		int64_t tick = arrivals[i].at_us / TICK_US;
		if (symbol_of(tick - last) == 1)
			wr_u8(w, (uint8_t)(tick - last));
		else
			wr_u16(w, (uint16_t)(int16_t)(tick - last));
		last = tick;
	}
	end(w, at);
}

uint64_t tp_ntp(int64_t us)
{
	return (uint64_t)(us / 1000000) << 32 | (((uint64_t)(us % 1000000) << 32) / 1000000);
}

/* -- reading -- */

static void read_blocks(struct rd *r, int count, const struct tp_rtcp_events *e, void *owner)
{
	for (int i = 0; i < count; i++) {
		struct tp_report_block b = { .ssrc = rd_u32(r) };
		uint32_t lost = rd_u32(r);
		b.fraction_lost = (uint8_t)(lost >> 24);
		b.lost = lost & 0xffffff;
		b.highest = rd_u32(r);
		b.jitter = rd_u32(r);
		b.lsr = rd_u32(r);
		b.dlsr = rd_u32(r);
		if (r->ok && e->on_report)
			e->on_report(owner, &b);
	}
}

static uint16_t twcc_received(struct rd *r, uint16_t count)
{
	uint16_t got = 0;
	for (uint32_t at = 0; at < count && r->ok; ) {
		uint16_t chunk = rd_u16(r);
		if (!(chunk & 0x8000)) {
			uint32_t run = chunk & 0x1fff;
			if (run > count - at)
				run = count - at;
			got = (uint16_t)(got + ((chunk >> 13 & 3) ? run : 0));
			at += run ? run : 1;
			continue;
		}
		bool two = chunk & 0x4000;
		for (int k = 0; k < (two ? 7 : 14) && at < count; k++, at++)
			got = (uint16_t)(got + ((two ? chunk >> (12 - 2 * k) & 3 : chunk >> (13 - k) & 1) != 0));
	}
	return got;
}

static void read_rtpfb(struct rd *r, int fmt, const struct tp_rtcp_events *e, void *owner)
{
	rd_u32(r);
	uint32_t media = rd_u32(r);
	if (fmt == 1) {
		while (rd_left(r) >= 4) {
			uint16_t pid = rd_u16(r), blp = rd_u16(r);
			for (int i = 0; i <= 16; i++)
				if (e->on_nack && (i == 0 || blp >> (i - 1) & 1))
					e->on_nack(owner, media, (uint16_t)(pid + i));
		}
	} else if (fmt == 15) {
		uint16_t base = rd_u16(r), count = rd_u16(r);
		rd_u32(r);
		uint16_t got = twcc_received(r, count);
		if (r->ok && e->on_twcc)
			e->on_twcc(owner, base, count, got);
	}
}

static void read_psfb(struct rd *r, int fmt, const struct tp_rtcp_events *e, void *owner)
{
	rd_u32(r);
	uint32_t media = rd_u32(r);
	if (fmt == 1 && e->on_pli)
		e->on_pli(owner, media, false);
	while (fmt == 4 && rd_left(r) >= 8) {
		uint32_t ssrc = rd_u32(r);
		rd_u32(r);
		if (e->on_pli)
			e->on_pli(owner, ssrc, true);
	}
	if (fmt == 15 && rd_u32(r) == 0x52454d42) {
		uint32_t v = rd_u32(r);
		if (e->on_remb)
			e->on_remb(owner, (uint64_t)(v & 0x3ffff) << (v >> 18 & 0x3f));
	}
}

static void read_sdes(struct rd *r, const struct tp_rtcp_events *e, void *owner)
{
	uint32_t ssrc = rd_u32(r);
	while (rd_left(r)) {
		uint8_t type = rd_u8(r);
		if (!type)
			break;
		struct rd text = rd_sub(r, rd_u8(r));
		char cname[256] = "";
		if (text.ok)
			memcpy(cname, text.p, rd_left(&text));
		if (type == 1 && r->ok && e->on_sdes)
			e->on_sdes(owner, ssrc, cname);
	}
}

static void read_one(struct rd *r, int type, int count, const struct tp_rtcp_events *e, void *owner)
{
	uint32_t ssrc;
	switch (type) {
	case SR:
		ssrc = rd_u32(r);
		uint64_t ntp = rd_u64(r);
		uint32_t rtp = rd_u32(r), packets = rd_u32(r);
		rd_u32(r);
		if (r->ok && e->on_sr)
			e->on_sr(owner, ssrc, ntp, rtp, packets);
		read_blocks(r, count, e, owner);
		break;
	case RR:
		rd_u32(r);
		read_blocks(r, count, e, owner);
		break;
	case SDES:
		read_sdes(r, e, owner);
		break;
	case BYE:
		ssrc = rd_u32(r);
		if (r->ok && e->on_bye)
			e->on_bye(owner, ssrc);
		break;
	case RTPFB:
		read_rtpfb(r, count, e, owner);
		break;
	case PSFB:
		read_psfb(r, count, e, owner);
		break;
	}
}

bool tp_rtcp_read(const uint8_t *bytes, size_t len, const struct tp_rtcp_events *events, void *owner)
{
	struct rd r = rd_from(bytes, len);
	while (rd_left(&r)) {
		uint8_t head = rd_u8(&r), type = rd_u8(&r);
		struct rd one = rd_sub(&r, (size_t)rd_u16(&r) * 4);
		if (head >> 6 != 2 || !r.ok)
			return false;
		read_one(&one, type, head & 0x1f, events, owner);
		if (!one.ok)
			return false;
	}
	return r.ok;
}

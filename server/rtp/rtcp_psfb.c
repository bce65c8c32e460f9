#include "rtcp_psfb.h"

#define REMB_NAME 0x52454d42u   /* "REMB" */

void rtcp_pli_write(struct wr *w, uint32_t sender, uint32_t media)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_PSFB, RTCP_FMT_PLI);

	wr_u32(w, sender);
	wr_u32(w, media);
	rtcp_end(w, mark);
}

bool rtcp_fir_read(struct rtcp_fir *out, struct rd *fci)
{
	if (!rd_left(fci))
		return false;
	out->ssrc = rd_u32(fci);
	out->seq = rd_u8(fci);
	rd_skip(fci, 3);
	return fci->ok;
}

void rtcp_fir_write(struct wr *w, uint32_t sender, const struct rtcp_fir *entries, size_t count)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_PSFB, RTCP_FMT_FIR);

	wr_u32(w, sender);
	wr_u32(w, 0);           /* the media source is in the entries (RFC 5104 §4.3.1.2) */
	for (size_t i = 0; i < count; i++) {
		wr_u32(w, entries[i].ssrc);
		wr_u8(w, entries[i].seq);
		wr_u24(w, 0);
	}
	rtcp_end(w, mark);
}

bool rtcp_remb_read(struct rtcp_remb *out, struct rd fci)
{
	if (rd_u32(&fci) != REMB_NAME || !fci.ok)
		return false;

	uint8_t count = rd_u8(&fci);
	uint32_t rate = rd_u24(&fci);
	uint8_t exponent = (uint8_t)(rate >> 18);
	uint64_t mantissa = rate & 0x3ffff;

	if (!fci.ok || count > RTCP_REMB_MAX)
		return false;
	out->bitrate_bps = mantissa << exponent;
	if (out->bitrate_bps >> exponent != mantissa)
		return false;
	out->count = count;
	for (uint8_t i = 0; i < count; i++)
		out->ssrcs[i] = rd_u32(&fci);
	return fci.ok;
}

void rtcp_remb_write(struct wr *w, uint32_t sender, const struct rtcp_remb *remb)
{
	struct rtcp_mark mark = rtcp_begin(w, RTCP_PSFB, RTCP_FMT_ALFB);
	uint64_t mantissa = remb->bitrate_bps;
	uint32_t exponent = 0;

	while (mantissa > 0x3ffff) {
		mantissa >>= 1;
		exponent++;
	}
	wr_u32(w, sender);
	wr_u32(w, 0);
	wr_u32(w, REMB_NAME);
	wr_u8(w, remb->count);
	wr_u24(w, exponent << 18 | (uint32_t)mantissa);
	for (uint8_t i = 0; i < remb->count && i < RTCP_REMB_MAX; i++)
		wr_u32(w, remb->ssrcs[i]);
	rtcp_end(w, mark);
}

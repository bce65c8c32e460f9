#include "rtcp_nack.h"

bool rtcp_nack_read(struct rtcp_nack *out, struct rd *fci)
{
	if (!rd_left(fci))
		return false;
	out->pid = rd_u16(fci);
	out->blp = rd_u16(fci);
	return fci->ok;
}

size_t rtcp_nack_seqs(uint16_t out[RTCP_NACK_SEQS], const struct rtcp_nack *nack)
{
	size_t n = 0;

	out[n++] = nack->pid;
	for (unsigned i = 0; i < 16; i++)
		if (nack->blp >> i & 1)
			out[n++] = (uint16_t)(nack->pid + i + 1);
	return n;
}

void rtcp_nack_write(struct wr *w, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t count)
{
	if (!count)
		return;

	struct rtcp_mark mark = rtcp_begin(w, RTCP_RTPFB, RTCP_FMT_NACK);
	wr_u32(w, sender);
	wr_u32(w, media);
	for (size_t i = 0; i < count;) {
		uint16_t pid = seqs[i++], blp = 0;
		for (; i < count; i++) {
			uint16_t after = (uint16_t)(seqs[i] - pid - 1);
			if (after >= 16)
				break;
			blp |= (uint16_t)(1u << after);
		}
		wr_u16(w, pid);
		wr_u16(w, blp);
	}
	rtcp_end(w, mark);
}

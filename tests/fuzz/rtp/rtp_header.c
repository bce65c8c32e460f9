/* Any bytes as an RTP packet: what is read stays inside, and written again it reads the same. RTX is taken off too. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rtp_ext.h"
#include "rtp_header.h"
#include "rtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct rtp_ext_ids ids;

static void touch(const struct rtp_header *h, const uint8_t *packet, size_t len)
{
	struct rtp_ext e;
	volatile uint8_t sum = 0;

	assert((size_t)h->header_len + h->payload_len + h->padding_len == len);
	for (uint8_t i = 0; i < h->ext_count; i++) {
		assert(h->ext[i].at + h->ext[i].len <= h->header_len);
		for (uint8_t j = 0; j < h->ext[i].len; j++)
			sum = (uint8_t)(sum + packet[h->ext[i].at + j]);
	}
	rtp_ext_read(&e, &ids, h, packet);
	assert(e.mid.len <= RTP_MID_MAX && e.rid.len <= RTP_RID_MAX && e.rrid.len <= RTP_RID_MAX && e.level <= 127);
}

static void again(const struct rtp_header *h, const uint8_t *packet)
{
	uint8_t out[12 + 15 * 4 + 4 + RTP_EXT_MAX * 257 + 4];
	struct rtp_ext_out ext[RTP_EXT_MAX];
	struct rtp_header back;

	for (uint8_t i = 0; i < h->ext_count; i++)
		ext[i] = (struct rtp_ext_out){ h->ext[i].id, h->ext[i].len, packet + h->ext[i].at };
	struct wr w = wr_to(out, sizeof out);
	struct rtp_header plain = *h;
	plain.padding_len = 0;
	rtp_header_write(&w, &plain, ext, h->ext_count);
	assert(w.ok && rtp_header_read(&back, out, (size_t)(w.p - out)) == RTP_OK);
	assert(back.marker == h->marker && back.pt == h->pt && back.seq == h->seq && back.ts == h->ts && back.ssrc == h->ssrc);
	assert(back.csrc_count == h->csrc_count && !memcmp(back.csrc, h->csrc, h->csrc_count * sizeof h->csrc[0]) && back.ext_count == h->ext_count);
	for (uint8_t i = 0; i < h->ext_count; i++)
		assert(back.ext[i].id == h->ext[i].id && back.ext[i].len == h->ext[i].len &&
			!memcmp(out + back.ext[i].at, packet + h->ext[i].at, h->ext[i].len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rtp_header h, original;

	if (!ids.id[RTP_EXT_MID])
		for (uint8_t kind = RTP_EXT_MID; kind < RTP_EXT_KINDS; kind++)
			rtp_ext_ids_set(&ids, (enum rtp_ext_kind)kind, kind);
	if (len > 2000 || rtp_header_read(&h, bytes, len) != RTP_OK)
		return 0;
	touch(&h, bytes, len);
	again(&h, bytes);

	uint8_t *copy = malloc(len);
	if (!copy)
		return 0;
	memcpy(copy, bytes, len);
	if (rtx_unwrap(&h, copy, 0x01020304, 96)) {
		size_t left = (size_t)h.header_len + h.payload_len;
		assert(left + RTX_OSN_LEN <= len && rtp_header_read(&original, copy + RTX_OSN_LEN, left) == RTP_OK);
		assert(original.seq == h.seq && original.ssrc == 0x01020304 && original.pt == 96 && original.payload_len == h.payload_len);
		touch(&original, copy + RTX_OSN_LEN, left);
	}
	free(copy);
	return 0;
}

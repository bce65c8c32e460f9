/* Any bytes as an RTCP compound: each known packet that reads is written and reads the same. */
#include <assert.h>
#include <string.h>

#include "rtcp.h"
#include "rtcp_nack.h"
#include "rtcp_psfb.h"
#include "rtcp_twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static uint8_t out[70000];

/* What was written, as the one packet that it must be. */
static struct rtcp_packet written(const struct wr *w)
{
	struct rd r = rd_from(out, (size_t)(w->p - out));
	struct rtcp_packet p;

	assert(w->ok && rtcp_next(&p, &r) && r.ok && rd_left(&r) == 0);
	return p;
}

static bool blocks_alike(const struct rtcp_block *a, const struct rtcp_block *b, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++)
		if (a[i].ssrc != b[i].ssrc || a[i].fraction_lost != b[i].fraction_lost || a[i].lost != b[i].lost || a[i].highest_seq != b[i].highest_seq ||
				a[i].jitter != b[i].jitter || a[i].lsr != b[i].lsr || a[i].dlsr != b[i].dlsr)
			return false;
	return true;
}

static void sr(const struct rtcp_packet *p)
{
	struct rtcp_sr a, b;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_sr_read(&a, p))
		return;
	rtcp_sr_write(&w, &a);
	struct rtcp_packet q = written(&w);
	assert(rtcp_sr_read(&b, &q) && a.ssrc == b.ssrc && a.ntp == b.ntp && a.ts == b.ts && a.packets == b.packets && a.octets == b.octets);
	assert(a.count == b.count && blocks_alike(a.blocks, b.blocks, a.count));
}

static void rr(const struct rtcp_packet *p)
{
	struct rtcp_rr a, b;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_rr_read(&a, p))
		return;
	rtcp_rr_write(&w, &a);
	struct rtcp_packet q = written(&w);
	assert(rtcp_rr_read(&b, &q) && a.ssrc == b.ssrc && a.count == b.count && blocks_alike(a.blocks, b.blocks, a.count));
}

static void sdes(const struct rtcp_packet *p)
{
	struct rtcp_sdes a, b;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_sdes_read(&a, p))
		return;
	rtcp_sdes_write(&w, &a);
	struct rtcp_packet q = written(&w);
	assert(rtcp_sdes_read(&b, &q) && a.count == b.count);
	for (uint8_t i = 0; i < a.count; i++)
		assert(a.chunks[i].ssrc == b.chunks[i].ssrc && a.chunks[i].len == b.chunks[i].len &&
			(!a.chunks[i].len || !memcmp(a.chunks[i].cname, b.chunks[i].cname, a.chunks[i].len)));
}

static void bye(const struct rtcp_packet *p)
{
	struct rtcp_bye a, b;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_bye_read(&a, p))
		return;
	rtcp_bye_write(&w, &a);
	struct rtcp_packet q = written(&w);
	assert(rtcp_bye_read(&b, &q) && a.count == b.count && !memcmp(a.ssrcs, b.ssrcs, a.count * sizeof a.ssrcs[0]));
}

/* All sequence numbers that a feedback's entries name. */
static size_t named(uint16_t *seqs, size_t max, struct rd fci)
{
	struct rtcp_nack n;
	size_t count = 0;

	while (count + RTCP_NACK_SEQS <= max && rtcp_nack_read(&n, &fci))
		count += rtcp_nack_seqs(seqs + count, &n);
	return count;
}

static void nack(const struct rtcp_packet *p)
{
	static uint16_t a[8192], b[8192];
	struct rtcp_feedback fb, fb2;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_feedback_read(&fb, p))
		return;
	size_t count = named(a, 4000, fb.fci);
	rtcp_nack_write(&w, fb.sender, fb.media, a, count);
	if (!count)
		return;
	struct rtcp_packet q = written(&w);
	assert(rtcp_feedback_read(&fb2, &q) && fb2.sender == fb.sender && fb2.media == fb.media);
	assert(named(b, 8192, fb2.fci) <= count);
	/* Numbers named twice may become one; none is lost. */
	for (size_t i = 0, n = named(b, 8192, fb2.fci); i < count; i++) {
		size_t j = 0;
		while (j < n && b[j] != a[i])
			j++;
		assert(j < n);
	}
}

static void twcc(const struct rtcp_packet *p)
{
	static struct rtcp_twcc a, b;
	struct wr w = wr_to(out, sizeof out);

	if (!rtcp_twcc_read(&a, p))
		return;
	rtcp_twcc_write(&w, &a);
	struct rtcp_packet q = written(&w);
	assert(rtcp_twcc_read(&b, &q) && a.sender == b.sender && a.media == b.media && a.base_seq == b.base_seq && a.count == b.count &&
		a.reference == b.reference && a.feedback_count == b.feedback_count);
	for (uint16_t i = 0; i < a.count; i++)
		assert(a.statuses[i].received == b.statuses[i].received && a.statuses[i].delta == b.statuses[i].delta);
}

static void psfb(const struct rtcp_packet *p)
{
	struct rtcp_feedback fb, fb2;
	struct rtcp_fir firs[200], back;
	struct rtcp_remb a, b;
	struct wr w = wr_to(out, sizeof out);
	size_t n = 0;

	if (!rtcp_feedback_read(&fb, p))
		return;
	if (p->count == RTCP_FMT_FIR) {
		struct rd fci = fb.fci;
		while (n < 200 && rtcp_fir_read(&firs[n], &fci))
			n++;
		rtcp_fir_write(&w, fb.sender, firs, n);
		struct rtcp_packet q = written(&w);
		assert(rtcp_feedback_read(&fb2, &q));
		for (size_t i = 0; i < n; i++)
			assert(rtcp_fir_read(&back, &fb2.fci) && back.ssrc == firs[i].ssrc && back.seq == firs[i].seq);
	} else if (p->count == RTCP_FMT_ALFB && rtcp_remb_read(&a, fb.fci)) {
		rtcp_remb_write(&w, fb.sender, &a);
		struct rtcp_packet q = written(&w);
		assert(rtcp_feedback_read(&fb2, &q) && rtcp_remb_read(&b, fb2.fci) && a.bitrate_bps == b.bitrate_bps && a.count == b.count &&
			!memcmp(a.ssrcs, b.ssrcs, a.count * sizeof a.ssrcs[0]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	struct rtcp_packet p;
	bool any = false;

	if (len > 2000)
		return 0;
	while (rtcp_next(&p, &r)) {
		any = true;
		switch (p.type) {
		case RTCP_SR: sr(&p); break;
		case RTCP_RR: rr(&p); break;
		case RTCP_SDES: sdes(&p); break;
		case RTCP_BYE: bye(&p); break;
		case RTCP_PSFB: psfb(&p); break;
		case RTCP_RTPFB:
			if (p.count == RTCP_FMT_NACK)
				nack(&p);
			else if (p.count == RTCP_FMT_TWCC)
				twcc(&p);
			break;
		}
	}
	assert(rtcp_check(bytes, len) == (any && r.ok));
	return 0;
}

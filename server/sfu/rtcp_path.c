#include "rtcp_path.h"

#include "peer.h"
#include "publisher.h"
#include "rtcp.h"
#include "rtcp_psfb.h"
#include "viewer.h"
#include "worker.h"

struct work {
	struct peer *peer;
	struct counters *counters;
	int64_t arrival_us, now_us;
	unsigned nacks, keyframes;      /* left for this datagram */
};

static void on_blocks(struct work *w, const struct rtcp_block *blocks, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++)
		viewer_on_report(w->peer->viewer, &blocks[i], w->now_us);
}

static void on_sr(struct work *w, const struct rtcp_packet *p)
{
	struct rtcp_sr sr;

	if (!rtcp_sr_read(&sr, p)) {
		count(w->counters, COUNTER_rtcp_bad);
		return;
	}
	count(w->counters, COUNTER_rtcp_sr);
	publisher_on_sr(w->peer->publisher, sr.ssrc, sr.ntp, sr.ts, w->arrival_us);
	on_blocks(w, sr.blocks, sr.count);
}

static void on_rr(struct work *w, const struct rtcp_packet *p)
{
	struct rtcp_rr rr;

	if (!rtcp_rr_read(&rr, p)) {
		count(w->counters, COUNTER_rtcp_bad);
		return;
	}
	count(w->counters, COUNTER_rtcp_rr);
	on_blocks(w, rr.blocks, rr.count);
}

static void on_transport_feedback(struct work *w, const struct rtcp_packet *p)
{
	struct rtcp_feedback fb;

	if (!rtcp_feedback_read(&fb, p)) {
		count(w->counters, COUNTER_rtcp_bad);
	} else if (p->count == RTCP_FMT_NACK) {
		count(w->counters, COUNTER_rtcp_nack);
		viewer_on_nack(w->peer->viewer, fb.media, fb.fci, &w->nacks, w->now_us);
	} else if (p->count == RTCP_FMT_TWCC) {
		count(w->counters, COUNTER_rtcp_twcc);
	} else {
		count(w->counters, COUNTER_rtcp_unknown);
	}
}

static void ask_keyframe(struct work *w, uint32_t ssrc)
{
	if (!w->keyframes) {
		count(w->counters, COUNTER_rtcp_work_limited);
		return;
	}
	w->keyframes--;
	viewer_on_keyframe_request(w->peer->viewer, ssrc, w->now_us);
}

static void on_payload_feedback(struct work *w, const struct rtcp_packet *p)
{
	struct rtcp_feedback fb;
	struct rtcp_fir fir;

	if (!rtcp_feedback_read(&fb, p)) {
		count(w->counters, COUNTER_rtcp_bad);
	} else if (p->count == RTCP_FMT_PLI) {
		count(w->counters, COUNTER_rtcp_pli);
		ask_keyframe(w, fb.media);
	} else if (p->count == RTCP_FMT_FIR) {
		count(w->counters, COUNTER_rtcp_fir);
		while (rtcp_fir_read(&fir, &fb.fci))
			ask_keyframe(w, fir.ssrc);
	} else if (p->count == RTCP_FMT_ALFB) {
		count(w->counters, COUNTER_rtcp_remb);
	} else {
		count(w->counters, COUNTER_rtcp_unknown);
	}
}

static void on_packet(struct work *w, const struct rtcp_packet *p)
{
	switch (p->type) {
	case RTCP_SR:
		on_sr(w, p);
		break;
	case RTCP_RR:
		on_rr(w, p);
		break;
	case RTCP_RTPFB:
		on_transport_feedback(w, p);
		break;
	case RTCP_PSFB:
		on_payload_feedback(w, p);
		break;
	case RTCP_BYE:                  /* its sources are signaling's to end */
		count(w->counters, COUNTER_rtcp_bye);
		break;
	case RTCP_XR:
		count(w->counters, COUNTER_rtcp_xr);
		break;
	case RTCP_SDES:
		break;
	default:
		count(w->counters, COUNTER_rtcp_unknown);
		break;
	}
}

void rtcp_path_take(struct peer *peer, const uint8_t *bytes, size_t len, int64_t arrival_us, int64_t now_us)
{
	struct work w = { peer, &peer->worker->counters, arrival_us, now_us, RTCP_WORK_NACKS, RTCP_WORK_KEYFRAMES };
	struct rd r = rd_from(bytes, len);
	struct rtcp_packet p;
	unsigned packets = 0;

	count(w.counters, COUNTER_rtcp_rx);
	while (rtcp_next(&p, &r)) {
		if (packets++ == RTCP_WORK_PACKETS) {
			count(w.counters, COUNTER_rtcp_work_limited);
			return;
		}
		on_packet(&w, &p);
	}
	if (!r.ok)
		count(w.counters, COUNTER_rtcp_bad);
}

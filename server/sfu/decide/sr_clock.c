#include "seq.h"
#include "sr_clock.h"

#define NTP_SECONDS_BASE 3900000000ull  /* a day in 2023: some receivers take a time near 0 for "none" */
#define RTT_MOST_US 30000000
enum { RTT_ROUNDING = 66 };             /* 1/65536 s: a millisecond */
#define DISAGREE_MOST_US 2000000        /* between a stream's reports and its arrivals: more, and the reports are wrong */

static int64_t us_to_ticks(int64_t us, uint32_t clock_hz)
{
	return us / 1000000 * clock_hz + us % 1000000 * clock_hz / 1000000;
}

static int64_t ntp_to_us(uint64_t ntp)
{
	return (int64_t)((ntp >> 32) * 1000000 + ((ntp & UINT32_MAX) * 1000000 >> 32));
}

/* Follows the least delay: down at once by half, up slowly, which is how clocks drift. */
static int64_t follow(int64_t value, int64_t sample)
{
	return value + (sample < value ? (sample - value) / 2 : (sample - value) / 64);
}

void sr_publisher_init(struct sr_publisher *p)
{
	*p = (struct sr_publisher){ 0 };
}

void sr_stream_init(struct sr_stream *s, uint32_t clock_hz)
{
	*s = (struct sr_stream){ .clock_hz = clock_hz };
}

void sr_clock_on_report(struct sr_publisher *p, struct sr_stream *s, uint64_t ntp, uint32_t ts, int64_t arrival_us)
{
	if (ntp == 0)           /* "no wall clock" (RFC 3550 §6.4.1) */
		return;

	int64_t ntp_us = ntp_to_us(ntp), offset_us = arrival_us - ntp_us, jump_us = offset_us - p->offset_us;
	if (!p->known) {
		p->offset_us = offset_us;
		p->known = true;
	} else if (jump_us > SR_JUMP_US || jump_us < -SR_JUMP_US) {
		p->offset_us = offset_us;
		p->generation++;
	} else {
		p->offset_us = follow(p->offset_us, offset_us);
	}
	s->reported = true;
	s->generation = p->generation;
	s->ntp_us = ntp_us;
	s->ntp_ts = ts;
}

void sr_clock_on_packet(struct sr_stream *s, uint32_t ts, int64_t arrival_us)
{
	if (!s->arrived) {
		s->arrived = true;
		s->anchor_us = arrival_us;
		s->anchor_ts = ts;
		return;
	}
	int32_t ticks = seq32_diff(ts, s->anchor_ts);
	if (ticks <= 0)
		return;
	int64_t expected_us = s->anchor_us + (int64_t)ticks * 1000000 / s->clock_hz, off_us = arrival_us - expected_us;
	s->anchor_us = off_us > SR_JUMP_US || off_us < -SR_JUMP_US ? arrival_us : follow(expected_us, arrival_us);
	s->anchor_ts = ts;
}

bool sr_clock_ts_at(const struct sr_publisher *p, const struct sr_stream *s, int64_t now_us, uint32_t *ts)
{
	uint32_t by_arrival = s->anchor_ts + (uint32_t)us_to_ticks(now_us - s->anchor_us, s->clock_hz);
	uint32_t by_report = s->ntp_ts + (uint32_t)us_to_ticks(now_us - p->offset_us - s->ntp_us, s->clock_hz);
	bool reported = s->reported && p->known && s->generation == p->generation;

	if (!reported && !s->arrived)
		return false;
	if (reported && s->arrived) {
		int64_t apart = seq32_diff(by_report, by_arrival), most = us_to_ticks(DISAGREE_MOST_US, s->clock_hz);
		reported = apart <= most && apart >= -most;
	}
	*ts = reported ? by_report : by_arrival;
	return true;
}

uint64_t sr_ntp(int64_t now_us)
{
	uint64_t us = (uint64_t)now_us, seconds = NTP_SECONDS_BASE + us / 1000000;

	return seconds << 32 | ((us % 1000000) << 32) / 1000000;
}

int64_t sr_rtt_us(uint32_t lsr, uint32_t dlsr, int64_t now_us)
{
	if (lsr == 0)
		return -1;

	int32_t units = (int32_t)((uint32_t)(sr_ntp(now_us) >> 16) - lsr - dlsr);
	if (units < 0)
		return units >= -RTT_ROUNDING ? 0 : -1;
	int64_t rtt_us = (int64_t)units * 1000000 / 65536;
	return rtt_us <= RTT_MOST_US ? rtt_us : -1;
}

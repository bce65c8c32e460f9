/* sr_clock: do lips match, whatever the publisher's clock says? */
#include <stdlib.h>

#include "check.h"
#include "sr_clock.h"

#define MS 1000

static struct sr_publisher pub;
static struct sr_stream audio, video;

/* The publisher's own clock at our time `us`: off by `skew_us`. */
static int64_t skew_us;
static uint64_t publisher_ntp(int64_t us)
{
	uint64_t t = (uint64_t)(us + skew_us);

	return t / 1000000 << 32 | ((t % 1000000) << 32) / 1000000;
}

static uint32_t audio_ts(int64_t us) { return 777 + (uint32_t)(us * 48 / 1000); }
static uint32_t video_ts(int64_t us) { return 0xfffff000u + (uint32_t)(us * 90 / 1000); }

/* How far sound and picture captured at one moment would be apart, by the reports a subscriber gets at `now`. */
static int64_t apart_us(int64_t now)
{
	uint32_t a, v;

	if (!sr_clock_ts_at(&pub, &audio, now, &a) || !sr_clock_ts_at(&pub, &video, now + 5 * MS, &v))
		return INT64_MAX;
	int64_t a_us = (int64_t)(int32_t)(a - audio_ts(now)) * 1000 / 48;
	int64_t v_us = (int64_t)(int32_t)(v - video_ts(now + 5 * MS)) * 1000 / 90;
	return a_us > v_us ? a_us - v_us : v_us - a_us;
}

static void packets(int64_t from, int64_t to)
{
	for (int64_t t = from; t < to; t += 20 * MS)
		sr_clock_on_packet(&audio, audio_ts(t), t + 30 * MS + rand() % 5000);
	for (int64_t t = from; t < to; t += 33 * MS)    /* the picture takes 80 ms longer to be made and sent */
		sr_clock_on_packet(&video, video_ts(t), t + 110 * MS + rand() % 15000);
}

static void reports(int64_t at)
{
	sr_clock_on_report(&pub, &audio, publisher_ntp(at), audio_ts(at), at + 30 * MS + rand() % 20000);
	sr_clock_on_report(&pub, &video, publisher_ntp(at + 7 * MS), video_ts(at + 7 * MS), at + 37 * MS + rand() % 20000);
}

static void begin(int64_t skew)
{
	skew_us = skew;
	sr_publisher_init(&pub);
	sr_stream_init(&audio, 48000);
	sr_stream_init(&video, 90000);
}

static void any_clock(const char *name, int64_t skew)
{
	int64_t worst = 0, now = 100000 * MS;
	uint32_t ts;

	begin(skew);
	bool silent = !sr_clock_ts_at(&pub, &audio, now, &ts);
	for (int i = 0; i < 300; i++, now += 1000 * MS) {
		packets(now - 1000 * MS, now);
		reports(now);
		worst = apart_us(now + 50 * MS) > worst ? apart_us(now + 50 * MS) : worst;
	}
	check(name, silent && worst < 2 * MS);
}

int main(void)
{
	any_clock("five minutes, a right clock", 0);
	any_clock("five minutes, a clock of the year 2030", 1000000000ll * 1000000);
	any_clock("five minutes, a clock behind ours", -50000 * MS);

	begin(0);
	packets(100000 * MS, 103000 * MS);
	check("before any report arrivals stand in", apart_us(103000 * MS) < 120 * MS);
	reports(103000 * MS);
	check("with the first reports lips match", apart_us(103100 * MS) < 2 * MS);

	skew_us = 3600ll * 1000000;
	int64_t now = 104000 * MS;
	packets(103000 * MS, now);
	sr_clock_on_report(&pub, &audio, publisher_ntp(now), audio_ts(now), now + 30 * MS);
	check("the clock jumps: the older report does not count", apart_us(now + 50 * MS) < 200 * MS);
	reports(now + 1000 * MS);
	check("and when both have reported again lips match", apart_us(now + 1100 * MS) < 2 * MS);

	begin(0);
	packets(100000 * MS, 103000 * MS);
	sr_clock_on_report(&pub, &audio, publisher_ntp(103000 * MS), audio_ts(103000 * MS) + 48000 * 60, 103030 * MS);
	uint32_t ts;
	check("a report a minute off its packets is not believed", sr_clock_ts_at(&pub, &audio, 103000 * MS, &ts) &&
		abs((int32_t)(ts - audio_ts(103000 * MS))) < 48 * 100);
	sr_publisher_init(&pub);
	sr_clock_on_report(&pub, &audio, 0, 5, 1);
	check("no wall clock, no report", !pub.known);

	check("NTP of one second", sr_ntp(1000000) - sr_ntp(0) == 1ull << 32 && sr_ntp(1500000) - sr_ntp(1000000) == 1ull << 31);
	uint32_t lsr = (uint32_t)(sr_ntp(5000000) >> 16);
	check("RTT", llabs(sr_rtt_us(lsr, 65536 / 2, 5540000) - 40000) < 50);
	check("RTT of a report that answers none", sr_rtt_us(0, 0, 5540000) == -1);
	check("RTT cannot be below nothing", sr_rtt_us(lsr, 65536, 5540000) == -1 && sr_rtt_us(lsr, 35390, 5540000) == 0);
	check("RTT of an hour is a lie", sr_rtt_us(lsr, 0, 3600000000) == -1);
	return check_done();
}

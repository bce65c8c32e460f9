/* twcc_receiver: when feedback is due, what it says, and that a sender can put every arrival together again. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "twcc_receiver.h"

#define MS 1000

static struct twcc_receiver r;
static struct rtcp_twcc fb;

static void timing(void)
{
	int64_t now = 640000 * MS;

	twcc_receiver_init(&r);
	check("nothing to say", !twcc_receiver_feedback(&r, now, &fb) && twcc_receiver_deadline_us(&r) == INT64_MAX);
	twcc_receiver_on_packet(&r, 65534, now);
	check("after 100 ms", twcc_receiver_deadline_us(&r) == now + 100 * MS && !twcc_receiver_feedback(&r, now + 99 * MS, &fb));
	twcc_receiver_on_packet(&r, 1, now + 10 * MS + 300);
	check("what it says", twcc_receiver_feedback(&r, now + 100 * MS, &fb) && fb.base_seq == 65534 && fb.count == 4 && fb.feedback_count == 0 &&
		fb.reference == 10000 && fb.statuses[0].received && fb.statuses[0].delta == 0 && !fb.statuses[1].received &&
		!fb.statuses[2].received && fb.statuses[3].received && fb.statuses[3].delta == 41);
	check("once", !twcc_receiver_feedback(&r, now + 500 * MS, &fb));
	for (uint16_t i = 2; i < 22; i++)
		twcc_receiver_on_packet(&r, i, now + 200 * MS + i);
	check("in haste after twenty", twcc_receiver_deadline_us(&r) == now + 200 * MS + 2 + 50 * MS && twcc_receiver_feedback(&r, now + 251 * MS, &fb) &&
		fb.base_seq == 2 && fb.count == 20 && fb.feedback_count == 1);
	check("a duplicate", !twcc_receiver_on_packet(&r, 5, now + 260 * MS));
	check("one that comes after it was called lost", twcc_receiver_on_packet(&r, 0, now + 260 * MS) && twcc_receiver_feedback(&r, now + 360 * MS, &fb) &&
		fb.base_seq == 0 && fb.count == 22 && fb.statuses[0].received && fb.statuses[1].delta < 0);
	check("too old", !twcc_receiver_on_packet(&r, (uint16_t)(22 - 400), now));
	check("far ahead starts anew", twcc_receiver_on_packet(&r, 20000, now + 400 * MS) && twcc_receiver_feedback(&r, now + 500 * MS, &fb) &&
		fb.base_seq == 20000 && fb.count == 1);
	twcc_receiver_on_packet(&r, 20700, now + 600 * MS);
	check("a long loss is told by its end", twcc_receiver_feedback(&r, now + 700 * MS, &fb) && fb.base_seq == 20699 && fb.count == 2);
	twcc_receiver_on_packet(&r, 20701, now + 800 * MS);
	twcc_receiver_on_packet(&r, 20702, now + 800 * MS + 9000 * MS);
	check("a pause longer than a delta", twcc_receiver_feedback(&r, now + 10000 * MS, &fb) && fb.count == 1 &&
		twcc_receiver_feedback(&r, now + 10000 * MS, &fb) && fb.count == 1 && fb.base_seq == 20702 && !twcc_receiver_feedback(&r, now + 20000 * MS, &fb));
	for (int i = 0; i < 600; i++)
		twcc_receiver_on_packet(&r, (uint16_t)(20703 + i), now + 30000 * MS + i);
	check("a burst does not wait", twcc_receiver_feedback(&r, now + 30001 * MS, &fb) && fb.count == 512);
	check("the rest comes with the time", !twcc_receiver_feedback(&r, now + 30002 * MS, &fb) && twcc_receiver_feedback(&r, now + 30051 * MS, &fb) && fb.count == 88);
}

/* A sender's view: arrivals by number, as all feedback together tells them. */
enum { SENT = 200000 };
static int64_t came[SENT], told[SENT];

static bool take(void)
{
	int64_t ticks = (int64_t)(fb.reference & 0xffffff) * 256;
	bool right = true;

	for (uint16_t i = 0; i < fb.count; i++) {
		uint32_t number = (uint32_t)(uint16_t)(fb.base_seq + i);
		if (!fb.statuses[i].received)
			continue;
		ticks += fb.statuses[i].delta;
		uint32_t n = number;    /* the one nearest to the time told: numbers wrap every 65536 */
		while (n < SENT && llabs(came[n] - ticks * 250) > 250)
			n += 65536;
		right = right && n < SENT;
		if (n < SENT)
			told[n] = ticks * 250;
	}
	return right;
}

static void random_link(void)
{
	bool right = true, fits = true;
	int64_t now = 640000 * MS, missing = 0, wrong = 0;
	uint8_t packet[1500];
	int order[SENT];

	memset(came, 0, sizeof came);
	twcc_receiver_init(&r);
	for (int i = 0; i < SENT; i++)
		order[i] = i;
	for (int i = 0; i + 8 < SENT; i++)
		if (rand() % 20 == 0) {
			int other = i + rand() % 8, swap = order[i];
			order[i] = order[other];
			order[other] = swap;
		}
	for (int i = 0; i < SENT; i++) {
		now += rand() % 100 == 0 ? rand() % 30000 : rand() % 2000;
		if (rand() % 50 == 0)
			i += rand() % 40;
		if (i >= SENT)
			break;
		came[order[i]] = now;
		twcc_receiver_on_packet(&r, (uint16_t)order[i], now);
		if (now < twcc_receiver_deadline_us(&r))
			continue;
		while (twcc_receiver_feedback(&r, now, &fb)) {
			right = right && take();
			struct wr w = wr_to(packet, 1200);
			rtcp_twcc_write(&w, &fb);
			fits = fits && w.ok;
		}
	}
	while (twcc_receiver_feedback(&r, now + 1000 * MS, &fb))
		right = right && take();
	for (int i = 0; i < SENT; i++) {
		missing += came[i] && !told[i];
		wrong += !came[i] && told[i];
	}
	check("a lossy, reordering link: every arrival is told, in time and place", right && missing == 0 && wrong == 0);
	check("every message fits a datagram", fits);
}

int main(void)
{
	timing();
	random_link();
	return check_done();
}

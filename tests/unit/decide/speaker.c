/* speaker: scenes in virtual time. */
#include "check.h"
#include "speaker.h"

static struct speakers s;
static struct speaker_member m[6];
static int64_t now_us;

static void reset(void)
{
	now_us = 1000000;
	speakers_init(&s);
	for (uint32_t i = 0; i < 6; i++)
		speaker_member_init(&m[i], i + 1);
}

/* For `ms`, each of the six sends its level (-1: nothing) every `step_ms`. */
static void talk(int ms, int step_ms, const int levels[6])
{
	for (int t = 0; t < ms; t += step_ms) {
		now_us += step_ms * 1000;
		for (int i = 0; i < 6; i++)
			if (levels[i] >= 0)
				speaker_on_level(&s, &m[i], (uint8_t)levels[i], true, now_us);
		speaker_tick(&s, now_us);
	}
}

static bool order_is(const uint32_t *expected, size_t count)
{
	uint32_t got[8];
	size_t n = speaker_order(&s, got, 8);

	for (size_t i = 0; i < n && i < count; i++)
		if (got[i] != expected[i])
			return false;
	return n == count;
}

#define ORDER(...) order_is((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define TALK(ms, ...) talk((ms), 20, (const int[6]){ __VA_ARGS__ })

static size_t speaking(void)
{
	uint32_t got[8];

	return speaker_speaking(&s, got, 8);
}

int main(void)
{
	reset();
	TALK(5000, 90, 80, 127, 60, 70, 127);
	check("noise is not speech", ORDER() || (speaker_order(&s, (uint32_t[8]){ 0 }, 8) == 0));
	TALK(200, 20, 90, 90, 90, 90, 90);
	TALK(2000, 90, 90, 90, 90, 90, 90);
	check("a cough is not speech", speaker_order(&s, (uint32_t[8]){ 0 }, 8) == 0);
	TALK(400, 20, 90, 90, 90, 90, 90);
	check("400 ms of voice are", ORDER(1) && speaking() == 1);

	uint32_t version = s.version;
	TALK(5000, 30, 90, 90, 90, 90, 90);
	check("going on changes nothing", s.version == version);
	TALK(800, 90, 90, 90, 90, 90, 90);
	TALK(100, 30, 90, 90, 90, 90, 90);
	check("a pause does not end it", s.version == version && speaking() == 1);

	TALK(400, 30, 30, 90, 90, 90, 90);
	check("a second one comes second", ORDER(1, 2) && speaking() == 2);
	TALK(1500, 90, 30, 90, 90, 90, 90);
	check("and first when the first is silent", ORDER(2, 1) && speaking() == 1);
	TALK(200, 90, 30, 25, 90, 90, 90);
	TALK(1000, 90, 30, 90, 90, 90, 90);
	check("a cough of a third is nothing", ORDER(2, 1));
	TALK(3000, 90, 40, 10, 90, 90, 90);
	check("one much louder takes over", ORDER(3, 2, 1));
	TALK(5000, 90, 12, 10, 90, 90, 90);
	check("one as loud does not", ORDER(3, 2, 1) && speaking() == 2);
	TALK(2000, -1, -1, -1, 90, 90, 90);
	check("packets that stop are silence", speaking() == 0 && ORDER(3, 2, 1));
	speaker_remove(&s, &m[2]);
	check("who leaves is in no order", ORDER(2, 1));
	speaker_remove(&s, &m[2]);
	speaker_remove(&s, &m[5]);
	check("leaving twice, or never having spoken", ORDER(2, 1));

	/* In time, not in packets: the same voice, in packets of 20, 60 and 180 ms. */
	for (int step = 20; step <= 180; step *= 3) {
		reset();
		talk(180, step, (const int[6]){ 20, -1, -1, -1, -1, -1 });
		bool early = speaking();
		talk(360, step, (const int[6]){ 20, -1, -1, -1, -1, -1 });
		check(step == 20 ? "packets of 20 ms" : step == 60 ? "packets of 60 ms" : "lumps of 180 ms", !early && speaking() == 1);
	}

	reset();
	for (int i = 0; i < 100; i++)
		speaker_on_level(&s, &m[0], 45, false, now_us += 20000);
	check("soft, and the sender says it is no voice", speaking() == 0);
	for (int i = 0; i < 100; i++)
		speaker_on_level(&s, &m[0], 25, false, now_us += 20000);
	check("loud counts though the bit is never set", speaking() == 1);
	version = s.version;
	speaker_on_level(&s, &m[0], 25, true, now_us - 5000000);
	check("time that goes back changes nothing", s.version == version);
	reset();
	for (int i = 0; i < 1000; i++)
		speaker_on_level(&s, &m[0], 10, true, now_us);
	check("a flood of packets at one moment is no time", speaking() == 0);
	return check_done();
}

#include "speaker.h"

#define STEP_MOST_US 200000     /* a level stands for the time since the one before, but for no longer than this */
#define STEP_FIRST_US 20000
#define VOICE_MOST_US 1000000
#define SMOOTHING_US 300000
enum {
	LOUD_WITHOUT_VOICE = 15,        /* dB: a sender that says "no voice" must be this much louder; some never set the bit */
	LOUDER_X16 = 6 * 16,            /* 6 dB: what it takes to drown another */
	SILENCE = 127,
};

void speakers_init(struct speakers *s)
{
	list_init(&s->order);
	s->version = 0;
}

void speaker_member_init(struct speaker_member *m, uint32_t number)
{
	*m = (struct speaker_member){ .number = number, .level_us = INT64_MIN };
	list_init(&m->link);
}

static struct speaker_member *first(const struct speakers *s)
{
	struct list *at = list_first(&s->order);

	return at ? list_entry(at, struct speaker_member, link) : NULL;
}

static void move_to_front(struct speakers *s, struct speaker_member *m)
{
	list_remove(&m->link);
	list_add_head(&s->order, &m->link);
	m->ahead_us = 0;
	s->version++;
}

static void move_to_second(struct speakers *s, struct speaker_member *m)
{
	list_remove(&m->link);
	list_add_head(list_first(&s->order), &m->link);
	s->version++;
}

static void start(struct speakers *s, struct speaker_member *m)
{
	struct speaker_member *leader = first(s);

	m->speaking = true;
	m->ever = true;
	m->ahead_us = 0;
	s->version++;
	if (leader == m)
		return;
	if (leader && leader->speaking)
		move_to_second(s, m);
	else
		move_to_front(s, m);
}

static void stop(struct speakers *s, struct speaker_member *m)
{
	m->speaking = false;
	m->voice_us = 0;
	m->ahead_us = 0;
	s->version++;
}

void speaker_remove(struct speakers *s, struct speaker_member *m)
{
	if (m->ever)
		s->version++;
	list_remove(&m->link);
	m->speaking = m->ever = false;
	m->voice_us = 0;
}

static void follow(struct speaker_member *m, bool loud, uint8_t level, int64_t step_us, int64_t now_us)
{
	int32_t target = (SILENCE - level) * 16;

	m->loudness_x16 += (int32_t)((target - m->loudness_x16) * step_us / (step_us + SMOOTHING_US));
	if (loud) {
		m->loud_us = now_us;
		m->voice_us = m->voice_us + step_us < VOICE_MOST_US ? m->voice_us + step_us : VOICE_MOST_US;
	} else {
		m->voice_us = m->voice_us > step_us / 2 ? m->voice_us - step_us / 2 : 0;
	}
}

/* A speaker becomes the first when that one is silent, or was drowned for long enough. */
static void contend(struct speakers *s, struct speaker_member *m, bool loud, int64_t step_us)
{
	struct speaker_member *leader = first(s);

	if (leader == m)
		return;
	if (m->loudness_x16 > leader->loudness_x16 + LOUDER_X16)
		m->ahead_us += step_us;
	else
		m->ahead_us = m->ahead_us > step_us ? m->ahead_us - step_us : 0;
	if ((loud && !leader->speaking) || m->ahead_us >= SPEAKER_TAKE_US)
		move_to_front(s, m);
}

void speaker_on_level(struct speakers *s, struct speaker_member *m, uint8_t level, bool voice, int64_t now_us)
{
	int64_t step_us = m->level_us == INT64_MIN ? STEP_FIRST_US : now_us - m->level_us;

	if (step_us < 0)
		return;
	if (step_us > STEP_MOST_US)
		step_us = STEP_MOST_US;
	if (level > SILENCE)
		level = SILENCE;
	m->level_us = now_us;
	bool loud = level < (voice ? SPEAKER_LOUD : SPEAKER_LOUD - LOUD_WITHOUT_VOICE);
	follow(m, loud, level, step_us, now_us);
	if (!m->speaking && m->voice_us >= SPEAKER_START_US)
		start(s, m);
	else if (m->speaking && now_us - m->loud_us > SPEAKER_HOLD_US)
		stop(s, m);
	else if (m->speaking)
		contend(s, m, loud, step_us);
}

void speaker_tick(struct speakers *s, int64_t now_us)
{
	list_each_safe(at, &s->order) {
		struct speaker_member *m = list_entry(at, struct speaker_member, link);
		if (m->speaking && now_us - m->loud_us > SPEAKER_HOLD_US)
			stop(s, m);
	}
}

static size_t collect(const struct speakers *s, uint32_t *numbers, size_t max, bool speaking_only)
{
	size_t n = 0;

	list_each(at, &s->order) {
		const struct speaker_member *m = list_entry(at, struct speaker_member, link);
		if (n == max)
			break;
		if (m->speaking || !speaking_only)
			numbers[n++] = m->number;
	}
	return n;
}

size_t speaker_order(const struct speakers *s, uint32_t *numbers, size_t max)
{
	return collect(s, numbers, max, false);
}

size_t speaker_speaking(const struct speakers *s, uint32_t *numbers, size_t max)
{
	return collect(s, numbers, max, true);
}

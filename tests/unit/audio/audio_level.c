/* Levels of samples and of Opus packets made here by libopus: a table of tones, silence, and what is no Opus at all. */
#include "audio_level.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>
#include <stdlib.h>

#include "check.h"

enum { RATE = 48000, FRAME = RATE / 50, FRAMES = 20 };

static void tone(int16_t *out, size_t count, size_t from, double amplitude)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (int16_t)lround(amplitude * 32767 * sin(2 * M_PI * 440 * (double)(from + i) / RATE));
}

/* The level of the last of FRAMES packets of a 440 Hz tone. */
static int level_of_tone(double amplitude)
{
	int err;
	OpusEncoder *encoder = opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, &err);
	struct audio_level *level;
	int last = audio_level_create(&level);
	for (size_t i = 0; i < FRAMES && !err && last >= 0; i++) {
		int16_t samples[FRAME];
		uint8_t packet[1500];
		tone(samples, FRAME, i * FRAME, amplitude);
		opus_int32 len = opus_encode(encoder, samples, FRAME, packet, sizeof packet);
		last = audio_level_of(level, packet, (size_t)len);
	}
	audio_level_destroy(level);
	opus_encoder_destroy(encoder);
	return last;
}

static void samples_cases(void)
{
	static const int16_t full[] = { 32767, -32768, 32767, -32768 }, tenth[] = { 3277, -3277, 3277, -3277 }, zero[4];
	static const int16_t least[] = { 1, 0, 0, 0 };
	check("a full-scale square wave is 0 dBov", audio_level_of_samples(full, 4) == 0);
	check("a tenth of it is 20 dB less", audio_level_of_samples(tenth, 4) == 20);
	check("zeros are silence", audio_level_of_samples(zero, 4) == AUDIO_LEVEL_SILENCE);
	check("no samples are silence", audio_level_of_samples(zero, 0) == AUDIO_LEVEL_SILENCE);
	check("one bit now and then is nearly silence", audio_level_of_samples(least, 4) > 90);
}

static void packet_cases(void)
{
	static const struct { const char *name; double amplitude; int level; } cases[] = {
		{ "a full sine is 3 dBov down", 1.0, 3 },
		{ "half of it 9", 0.5, 9 },
		{ "a tenth 23", 0.1, 23 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int level = level_of_tone(cases[i].amplitude);
		check(cases[i].name, abs(level - cases[i].level) <= 2);
	}
	check("a packet of silence is silent", level_of_tone(0) > 100);
}

static void odd_cases(void)
{
	static const uint8_t dtx[] = { 0x78 }, broken[] = { 0xff, 0xff, 0xff, 0xff }, torn[] = { 0x0b, 0x01, 0x02 };
	struct audio_level *level;
	if (!check("a decoder is made", audio_level_create(&level) == 0))
		return;
	check("nothing is silence", audio_level_of(level, dtx, 0) == AUDIO_LEVEL_SILENCE);
	check("DTX is silence", audio_level_of(level, dtx, sizeof dtx) == AUDIO_LEVEL_SILENCE);
	check("63 frames are too many", audio_level_of(level, broken, sizeof broken) == -EINVAL);
	check("a frame count of one without its frame is refused or silent", audio_level_of(level, torn, sizeof torn) != 0);
	audio_level_reset(level);
	check("after that it still works", audio_level_of(level, dtx, sizeof dtx) == AUDIO_LEVEL_SILENCE);
	audio_level_destroy(level);
	audio_level_destroy(NULL);
}

int main(void)
{
	samples_cases();
	packet_cases();
	odd_cases();
	return check_done();
}

#include "audio_level.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>
#include <stdlib.h>

enum {
	SAMPLE_RATE = 16000,                            /* Hz */
	SAMPLES_MAX = SAMPLE_RATE / 1000 * 120,         /* the longest packet is 120 ms (RFC 6716 §3.2.5) */
	DTX_BYTES = 2,                                  /* a packet this short carries no frame */
};

struct audio_level {
	OpusDecoder *decoder;
	int16_t samples[SAMPLES_MAX];
};

int audio_level_create(struct audio_level **out)
{
	struct audio_level *level = calloc(1, sizeof *level);
	if (!level)
		return -ENOMEM;
	int err;
	level->decoder = opus_decoder_create(SAMPLE_RATE, 1, &err);
	if (!level->decoder) {
		audio_level_destroy(level);
		return -ENOMEM;
	}
	*out = level;
	return 0;
}

void audio_level_destroy(struct audio_level *level)
{
	if (!level)
		return;
	if (level->decoder)
		opus_decoder_destroy(level->decoder);
	free(level);
}

void audio_level_reset(struct audio_level *level)
{
	opus_decoder_ctl(level->decoder, OPUS_RESET_STATE);
}

int audio_level_of_samples(const int16_t *samples, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	if (!count || sum <= 0)
		return AUDIO_LEVEL_SILENCE;
	/* a full-scale square wave is 0 dBov (RFC 6464 §3) */
	double dbov = 10 * log10(sum / (double)count / (32768.0 * 32768.0));
	int level = (int)lround(-dbov);
	return level < 0 ? 0 : level > AUDIO_LEVEL_SILENCE ? AUDIO_LEVEL_SILENCE : level;
}

int audio_level_of(struct audio_level *level, const uint8_t *payload, size_t len)
{
	if (len <= DTX_BYTES)
		return AUDIO_LEVEL_SILENCE;
	if (len > INT32_MAX)
		return -EINVAL;
	int count = opus_decode(level->decoder, payload, (opus_int32)len, level->samples, SAMPLES_MAX, 0);
	if (count < 0)
		return -EINVAL;
	return audio_level_of_samples(level->samples, (size_t)count);
}

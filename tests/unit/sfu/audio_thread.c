/* The audio thread: every stream gets its own levels, more streams than decoders do no harm, a full queue refuses. */
#include "audio_thread.h"

#include <math.h>
#include <opus/opus.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"

enum { RATE = 48000, FRAME = RATE / 50, PEERS = AUDIO_STREAMS_MAX + 20 };

static atomic_uint levels, wrong;

/* Even peers send a tone, odd ones silence; the worker must be the one that posted. */
static void on_level(void *owner, uint32_t peer, uint16_t worker, uint8_t level)
{
	bool loud = level < 40;
	if (worker != peer % 7 || loud != (peer % 2 == 0))
		wrong++;
	levels++;
}

static size_t encode(uint8_t *out, size_t room, double amplitude)
{
	int err;
	OpusEncoder *encoder = opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, &err);
	opus_encoder_ctl(encoder, OPUS_SET_PREDICTION_DISABLED(1));
	int16_t samples[FRAME];
	opus_int32 len = 0;
	for (size_t frame = 0; frame < 5; frame++) {
		for (size_t i = 0; i < FRAME; i++)
			samples[i] = (int16_t)lround(amplitude * 30000 * sin(2 * M_PI * 440 * (double)(frame * FRAME + i) / RATE));
		len = opus_encode(encoder, samples, FRAME, out, (opus_int32)room);
	}
	opus_encoder_destroy(encoder);
	return (size_t)len;
}

static unsigned post_all(struct audio_thread *thread, const uint8_t *loud, size_t loud_len, const uint8_t *quiet, size_t quiet_len)
{
	unsigned posted = 0;
	for (uint32_t peer = 1; peer <= PEERS; peer++) {
		bool even = peer % 2 == 0;
		posted += audio_thread_post(thread, peer, (uint16_t)(peer % 7), even ? loud : quiet, even ? loud_len : quiet_len);
	}
	return posted;
}

int main(void)
{
	uint8_t loud[1500], quiet[1500], long_one[AUDIO_PAYLOAD_MAX + 1] = { 0 };
	size_t loud_len = encode(loud, sizeof loud, 0.9), quiet_len = encode(quiet, sizeof quiet, 0);
	struct audio_thread *thread;
	if (!check("it starts", audio_thread_start(&thread, on_level, NULL) == 0))
		return check_done();
	unsigned posted = 0;
	for (int round = 0; round < 3; round++)
		posted += post_all(thread, loud, loud_len, quiet, quiet_len);
	check("nothing is refused while there is room", posted == 3 * PEERS);
	check("an empty payload is refused", !audio_thread_post(thread, 1, 1, loud, 0));
	check("a long one too", !audio_thread_post(thread, 1, 1, long_one, sizeof long_one));
	while (atomic_load(&levels) < posted)
		sched_yield();
	check("each stream got its own level, at its own worker", atomic_load(&wrong) == 0);
	unsigned taken = 0;
	while (audio_thread_post(thread, 2, 2, loud, loud_len) && taken < 4 * AUDIO_QUEUE)
		taken++;
	check("a flood is refused or decoded, never waited for", taken > 0);
	audio_thread_stop(thread);
	check("what was taken was decoded before the end", atomic_load(&levels) == posted + taken && !atomic_load(&wrong));
	audio_thread_stop(NULL);
	return check_done();
}

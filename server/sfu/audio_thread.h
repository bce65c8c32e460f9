/**
 * One thread decodes the sound of publishers whose packets carry no level, so that workers never decode.
 *
 * Workers post copied Opus payloads; the thread answers with a level per packet through the callback. The queue is bounded and
 * a post never blocks: what does not fit is dropped, a level less does no harm. At most AUDIO_STREAMS_MAX streams keep a decoder;
 * a further one takes over that of the stream longest unheard.
 */
#ifndef HOPKIN_SFU_AUDIO_THREAD_H
#define HOPKIN_SFU_AUDIO_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	AUDIO_STREAMS_MAX = 128,
	AUDIO_QUEUE = 1024,             /* packets waiting */
	AUDIO_PAYLOAD_MAX = 1500,       /* bytes */
};

/** `level`: 0 … 127 in -dBov. Runs on the audio thread: post it to `worker` and return. */
typedef void audio_level_fn(void *owner, uint32_t peer, uint16_t worker, uint8_t level);

struct audio_thread;

int audio_thread_start(struct audio_thread **out, audio_level_fn *on_level, void *owner);       /* 0 or -errno */
/** Asks it to end, waits, frees all. No post may run at the same time. NULL is fine. */
void audio_thread_stop(struct audio_thread *thread);

/** Any thread, never blocks. False: not taken, the queue is full. */
bool audio_thread_post(struct audio_thread *thread, uint32_t peer, uint16_t worker, const uint8_t *payload, size_t len);

#endif

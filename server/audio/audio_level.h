/**
 * How loud an Opus packet is, for publishers whose packets do not say so themselves (no RFC 6464 extension).
 *
 * One decoder a stream: mono at 16 kHz, since loudness needs no more and speech has nothing above 8 kHz that would change it.
 * Thread: one at a time. Decodes, so it has no place on a worker.
 */
#ifndef HOPKIN_AUDIO_AUDIO_LEVEL_H
#define HOPKIN_AUDIO_AUDIO_LEVEL_H

#include <stddef.h>
#include <stdint.h>

enum { AUDIO_LEVEL_SILENCE = 127 };     /* -dBov, the quietest value of RFC 6464 §3 */

struct audio_level;

int audio_level_create(struct audio_level **out);       /* 0 or -ENOMEM; owned by the caller */
void audio_level_destroy(struct audio_level *level);    /* NULL is fine */

/** Forget the stream so far: the next packet is another stream's. */
void audio_level_reset(struct audio_level *level);

/**
 * @param payload  one Opus packet as it stood in RTP (RFC 7587); empty or DTX counts as silence
 * @return         0 (overload) … 127 (silence) in -dBov over the whole packet, or -EINVAL: not an Opus packet
 */
int audio_level_of(struct audio_level *level, const uint8_t *payload, size_t len);

/** The same measure for samples at hand: 16 bit, one channel. */
int audio_level_of_samples(const int16_t *samples, size_t count);

#endif

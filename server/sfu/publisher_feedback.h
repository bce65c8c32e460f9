/**
 * What a publisher is told: transport-cc feedback, NACKs, PLIs, and a receiver report each second, all from one timer.
 *
 * Thread: the worker's.
 */
#ifndef HOPKIN_SFU_PUBLISHER_FEEDBACK_H
#define HOPKIN_SFU_PUBLISHER_FEEDBACK_H

#include <stdint.h>

#include "publisher.h"

/** The timer's owner is the publisher; it is armed when the peer has its keys. */
void publisher_feedback_init(struct publisher *publisher, int64_t now_us);
/** One PLI for this layer, now. */
void publisher_send_pli(struct publisher *publisher, enum control_source source, uint8_t layer);

#endif

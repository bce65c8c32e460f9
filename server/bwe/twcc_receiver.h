/**
 * Transport-wide feedback to one publisher: collects arrivals, says when and what to answer.
 *
 * One per peer transport that negotiated transport-cc. Every opened RTP packet that carries a number goes in, retransmissions and
 * padding too. Feedback goes out 100 ms after the first unreported arrival, or after 50 ms once 20 wait, so that a sender ramps up
 * quickly and a silent one costs nothing. A packet that comes after a younger one was reported is reported by going back to it.
 *
 * Pure: time comes in as `now_us`. Thread: the worker that owns the peer. About 8 KiB, no allocation.
 */
#ifndef HOPKIN_BWE_TWCC_RECEIVER_H
#define HOPKIN_BWE_TWCC_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "rtcp_twcc.h"

enum { TWCC_WINDOW = 1024 };    /* numbers remembered */

struct twcc_receiver {
	bool any;
	uint8_t feedback_count;
	uint64_t base;          /* unwrapped number the next feedback begins with */
	uint64_t highest;       /* unwrapped */
	uint64_t oldest;        /* unwrapped number below which nothing is remembered */
	uint32_t waiting;       /* arrivals not yet reported */
	int64_t first_waiting_us;
	int64_t arrivals_us[TWCC_WINDOW];       /* by number modulo; -1: has not come */
};

void twcc_receiver_init(struct twcc_receiver *r);
/** False: a duplicate, or too old to be spoken of. A number far ahead of all others starts anew. */
bool twcc_receiver_on_packet(struct twcc_receiver *r, uint16_t number, int64_t arrival_us);
/** When `twcc_receiver_feedback` should next be called; INT64_MAX: nothing waits. */
int64_t twcc_receiver_deadline_us(const struct twcc_receiver *r);
/**
 * Fills one feedback message, all but `sender` and `media`; false when nothing is due. Call until false: one message holds at most
 * 512 packets and 8 s, so that it fits a datagram.
 */
bool twcc_receiver_feedback(struct twcc_receiver *r, int64_t now_us, struct rtcp_twcc *out);

#endif

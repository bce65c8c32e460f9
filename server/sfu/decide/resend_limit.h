/**
 * How often a subscription may ask for packets again: a NACK flood costs its sender's own share only.
 *
 * A budget of packets that refills with time, and a minimum age between two resends of one packet (a browser repeats its NACK each
 * RTT; asking sooner is noise). Plain data, pure. Thread: the subscription's worker.
 */
#ifndef HOPKIN_DECIDE_RESEND_LIMIT_H
#define HOPKIN_DECIDE_RESEND_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { RESEND_MEMORY = 128 };   /* recently resent packets remembered */

struct resend_limit {
	uint32_t per_second;    /* packets; also the most saved up is half a second's worth */
	uint32_t tokens_x1000;
	int64_t refilled_us;
	uint16_t seqs[RESEND_MEMORY];           /* by seq modulo */
	int64_t resent_us[RESEND_MEMORY];       /* INT64_MIN: never */
};

void resend_limit_init(struct resend_limit *l, uint32_t per_second, int64_t now_us);
/** Whether outgoing `seq` may be resent now; true also spends. `gap_us`: least time between two resends of it (an RTT). */
bool resend_limit_take(struct resend_limit *l, uint16_t seq, int64_t gap_us, int64_t now_us);

#endif

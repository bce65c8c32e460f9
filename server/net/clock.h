/**
 * The one clock: monotonic, microseconds. Everything above takes `now` as a parameter. Thread: any.
 */
#ifndef HOPKIN_NET_CLOCK_H
#define HOPKIN_NET_CLOCK_H

#include <stdint.h>

int64_t clock_now_us(void);

#endif

/**
 * How often which value came, from 1 to 2^40, within 1/64 of the value: percentiles of millions of latencies in 18 KiB.
 */
#ifndef HOPKIN_LOAD_HISTOGRAM_H
#define HOPKIN_LOAD_HISTOGRAM_H

#include <stdint.h>

enum { LOAD_HISTOGRAM_STEPS = 64, LOAD_HISTOGRAM_CELLS = LOAD_HISTOGRAM_STEPS * 36 };

struct load_histogram {
	uint64_t cells[LOAD_HISTOGRAM_CELLS];
	uint64_t count;
	int64_t max;
};

/** Values below 0 (a clock that stepped) count as 0. */
void load_histogram_add(struct load_histogram *h, int64_t value);

/** The value that `share` (0…1) of all do not exceed, rounded up to its cell's end; 0 when empty. */
int64_t load_histogram_at(const struct load_histogram *h, double share);

#endif

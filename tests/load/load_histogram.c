#include "load_histogram.h"

/* Below 64 each value has its cell; above, each power of two has 64. */
static unsigned cell_of(uint64_t value)
{
	if (value < LOAD_HISTOGRAM_STEPS)
		return (unsigned)value;
	unsigned shift = 63 - (unsigned)__builtin_clzll(value) - 6;
	unsigned cell = (shift + 1) * LOAD_HISTOGRAM_STEPS + (unsigned)(value >> shift) - LOAD_HISTOGRAM_STEPS;
	return cell < LOAD_HISTOGRAM_CELLS ? cell : LOAD_HISTOGRAM_CELLS - 1;
}

static int64_t end_of(unsigned cell)
{
	if (cell < LOAD_HISTOGRAM_STEPS)
		return cell;
	unsigned shift = cell / LOAD_HISTOGRAM_STEPS - 1;
	return (int64_t)(((uint64_t)(cell % LOAD_HISTOGRAM_STEPS) + LOAD_HISTOGRAM_STEPS + 1) << shift) - 1;
}

void load_histogram_add(struct load_histogram *h, int64_t value)
{
	if (value < 0)
		value = 0;
	h->cells[cell_of((uint64_t)value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

int64_t load_histogram_at(const struct load_histogram *h, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)h->count + 0.9999999), seen = 0;
	if (!h->count)
		return 0;
	for (unsigned i = 0; i < LOAD_HISTOGRAM_CELLS; i++) {
		seen += h->cells[i];
		if (seen >= wanted && h->cells[i])
			return end_of(i) < h->max ? end_of(i) : h->max;
	}
	return h->max;
}

#include <string.h>

#include "counters.h"

#define COUNTER_NAME_(name) #name,
static const char *const names[] = { COUNTERS(COUNTER_NAME_) };
#undef COUNTER_NAME_

const char *counter_name(enum counter which)
{
	return (unsigned)which < COUNTER_COUNT ? names[which] : "";
}

void counters_sum(uint64_t *out, const struct counters *const *blocks, size_t count_blocks)
{
	memset(out, 0, COUNTER_COUNT * sizeof *out);
	for (size_t b = 0; b < count_blocks; b++)
		for (size_t i = 0; i < COUNTER_COUNT; i++)
			out[i] += __atomic_load_n(&blocks[b]->v[i], __ATOMIC_RELAXED);
}

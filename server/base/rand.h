/**
 * Random bytes from the kernel (getrandom): SSRCs, first sequence numbers, hash keys, ids. Never fails: a kernel that gives none
 * ends the process. Thread: any.
 */
#ifndef HOPKIN_BASE_RAND_H
#define HOPKIN_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *out, size_t len);

static inline uint32_t rand_u32(void)
{
	uint32_t v;
	rand_bytes(&v, sizeof v);
	return v;
}

static inline uint64_t rand_u64(void)
{
	uint64_t v;
	rand_bytes(&v, sizeof v);
	return v;
}

#endif

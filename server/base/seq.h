/**
 * Serial numbers that wrap (RFC 1982): RTP sequence numbers (16 bits), timestamps (32 bits), transport-cc numbers (16 bits).
 *
 * Compare with `seq16_diff(a, b)`: positive if `a` is newer. To count without wrapping keep the last unwrapped value and
 * call `seq16_unwrap(last, seq)`: it gives the 64-bit value nearest to `last` whose low bits are `seq`. Begin with
 * `seq16_first(seq)`, which leaves 2^32 of room below, so that packets older than the first one never go under zero.
 */
#ifndef HOPKIN_BASE_SEQ_H
#define HOPKIN_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

#define SEQ_ROOM_BELOW ((uint64_t)1 << 32)      /* how far below the first an older one may unwrap */

static inline int16_t seq16_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}

static inline bool seq16_newer(uint16_t a, uint16_t b)
{
	return seq16_diff(a, b) > 0;
}

static inline int32_t seq32_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq32_newer(uint32_t a, uint32_t b)
{
	return seq32_diff(a, b) > 0;
}

static inline uint64_t seq16_first(uint16_t seq)
{
	return SEQ_ROOM_BELOW + seq;
}

static inline uint64_t seq16_unwrap(uint64_t near, uint16_t seq)
{
	return near + (uint64_t)(int64_t)seq16_diff(seq, (uint16_t)near);
}

static inline uint64_t seq32_first(uint32_t value)
{
	return SEQ_ROOM_BELOW + value;
}

static inline uint64_t seq32_unwrap(uint64_t near, uint32_t value)
{
	return near + (uint64_t)(int64_t)seq32_diff(value, (uint32_t)near);
}

#endif

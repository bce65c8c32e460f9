/**
 * Redundant audio (RFC 2198): earlier frames repeated in front of the newest one.
 */
#ifndef HOPKIN_RTP_RED_H
#define HOPKIN_RTP_RED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum { RED_BLOCKS_MAX = 8 };

struct red_block {
	uint8_t pt;
	uint16_t ts_offset;     /* ticks before the packet's timestamp; 0 for the primary (last) one */
	uint16_t len;           /* bytes; the primary's is what is left */
	const uint8_t *data;    /* into the payload */
};

struct red {
	uint8_t count;          /* at least 1: the last is the primary */
	struct red_block blocks[RED_BLOCKS_MAX];
};

/** False: cut, or more than RED_BLOCKS_MAX blocks. */
bool red_read(struct red *out, const uint8_t *payload, size_t len);
/** Writes the payload; offsets up to 16383, lengths of all but the last up to 1023, else the writer is poisoned. */
void red_write(struct wr *w, const struct red *red);

#endif

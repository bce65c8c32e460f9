/**
 * What comes in on one SSRC: the SRTP index of each packet, and whether the tags tell of losses. Pure.
 */
#ifndef HOPKIN_LOAD_SINK_H
#define HOPKIN_LOAD_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "load_tag.h"

enum { LOAD_SINK_WINDOW = 512 };        /* packets looked back for duplicates */

struct load_sink {
	uint32_t ssrc;
	bool started, tagged;
	uint64_t highest;               /* SRTP index */
	struct load_tag from;           /* whose packets these are now; a server may put another there */
	uint32_t first, next;           /* tag numbers */
	uint64_t seen[LOAD_SINK_WINDOW / 64];   /* bit i: next - 1 - i came */
	bool heard;                     /* something came since this was cleared */
};

/** The index that `seq` stands for (RFC 3711 §3.3.1). Call `load_sink_opened` when it has proved right. */
uint64_t load_sink_index(const struct load_sink *sink, uint16_t seq);
void load_sink_opened(struct load_sink *sink, uint64_t index);

enum load_order { LOAD_NEXT, LOAD_AFTER_GAP, LOAD_LATE, LOAD_TWICE, LOAD_OTHER_STREAM };

/** `gap`: how many are missing before it, with LOAD_AFTER_GAP; a LATE one was counted as missing before. */
enum load_order load_sink_take(struct load_sink *sink, const struct load_tag *tag, uint32_t *gap);

#endif

#include "load_sink.h"

#include <string.h>

uint64_t load_sink_index(const struct load_sink *sink, uint16_t seq)
{
	if (!sink->started)
		return seq;
	uint64_t roc = sink->highest >> 16;
	uint16_t s_l = (uint16_t)sink->highest;
	if (s_l < 0x8000 && seq > s_l && seq - s_l > 0x8000 && roc)
		roc--;
	else if (s_l >= 0x8000 && seq < s_l - 0x8000)
		roc++;
	return roc << 16 | seq;
}

void load_sink_opened(struct load_sink *sink, uint64_t index)
{
	if (!sink->started || index > sink->highest)
		sink->highest = index;
	sink->started = true;
}

static bool same_stream(const struct load_tag *a, const struct load_tag *b)
{
	return a->number == b->number && a->run == b->run && a->codec == b->codec && a->layer == b->layer;
}

static void shift(uint64_t *seen, uint32_t by)
{
	enum { WORDS = LOAD_SINK_WINDOW / 64 };
	uint32_t words = by / 64, bits = by % 64;
	for (int i = WORDS - 1; i >= 0; i--) {
		int from = i - (int)words;
		uint64_t low = from >= 0 ? seen[from] : 0, lower = from >= 1 ? seen[from - 1] : 0;
		seen[i] = by >= LOAD_SINK_WINDOW ? 0 : low << bits | (bits ? lower >> (64 - bits) : 0);
	}
}

static enum load_order take_old(struct load_sink *sink, uint32_t back)
{
	uint64_t bit = 1ull << back % 64;
	if (back >= LOAD_SINK_WINDOW)
		return LOAD_LATE;
	if (sink->seen[back / 64] & bit)
		return LOAD_TWICE;
	sink->seen[back / 64] |= bit;
	return LOAD_LATE;
}

enum load_order load_sink_take(struct load_sink *sink, const struct load_tag *tag, uint32_t *gap)
{
	*gap = 0;
	sink->heard = true;
	if (!sink->tagged || !same_stream(&sink->from, tag)) {
		sink->tagged = true;
		sink->from = *tag;
		sink->first = tag->seq;
		sink->next = tag->seq + 1;
		memset(sink->seen, 0, sizeof sink->seen);
		sink->seen[0] = 1;
		return LOAD_OTHER_STREAM;
	}
	if ((int32_t)(tag->seq - sink->first) < 0)
		return LOAD_OTHER_STREAM;       /* from before we began to count */
	int32_t ahead = (int32_t)(tag->seq - sink->next);
	if (ahead < 0)
		return take_old(sink, (uint32_t)-ahead - 1);
	shift(sink->seen, (uint32_t)ahead + 1);
	sink->seen[0] |= 1;
	sink->next = tag->seq + 1;
	*gap = (uint32_t)ahead;
	return ahead ? LOAD_AFTER_GAP : LOAD_NEXT;
}

/* Any sequence of forwards, drops, switches and NACKs: no outgoing index twice, and every NACK leads back. */
#include <assert.h>
#include <string.h>

#include "rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { REMEMBER = 4096 };

static struct { uint64_t out, index; uint32_t source; } sent[REMEMBER];

static void went_out(const struct rewrite_in *in, const struct rewrite_out *out, size_t *count)
{
	assert(out->seq == (uint16_t)out->index);
	for (size_t i = 0; i < *count; i++)
		assert(sent[i].out != out->index);
	if (*count < REMEMBER) {
		sent[*count].out = out->index;
		sent[*count].index = in->index;
		sent[(*count)++].source = in->source;
	}
}

static void asked_again(const struct rewrite *rw, uint16_t seq, size_t count)
{
	uint32_t source;
	uint64_t index;
	struct rewrite_out out;

	if (!rewrite_find(rw, seq, &source, &index))
		return;
	struct rewrite_in in = { .source = source, .index = index };
	bool was_sent = rewrite_again(rw, &in, &out);
	for (size_t i = 0; i < count; i++)
		if (sent[i].out + REWRITE_WINDOW > rw->highest && (uint16_t)sent[i].out == seq)
			assert(was_sent && sent[i].source == source && sent[i].index == index && out.index == sent[i].out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rewrite rw;
	uint64_t at[4] = { 0x100000000, 0x100008000, 0x10000ff00, 0x100000000 };
	uint32_t current = 0;
	size_t count = 0;

	rewrite_init(&rw, 1, 90000, 0x7ffe, 0, 0);
	for (size_t i = 0; i + 1 < len && i < 2 * REMEMBER; i += 2) {
		uint8_t what = bytes[i] & 7, far = bytes[i + 1];
		uint32_t source = bytes[i] >> 3 & 3;
		struct rewrite_in in = { .source = source, .index = at[source], .ts = (uint32_t)i, .has_picture_id = true, .long_picture_id = true,
			.picture_id = (uint16_t)(i / 8), .tl0picidx = far };
		struct rewrite_out out;
		int64_t now_us = (int64_t)i * 1000;
		switch (what) {
		case 0: case 1:                         /* the next one of the current source */
			in.source = current;
			in.index = ++at[current];
			break;
		case 2: in.index = at[source] += far; break;
		case 3: in.index = at[source] - far; break;
		case 4:
			in.source = current;
			in.index = at[current] += 1 + far % 4;
			rewrite_drop(&rw, &in);
			continue;
		case 5:
			at[source] += 1 + far;          /* a source only ever goes forward */
			in.index = at[source];
			current = source;
			rewrite_switch(&rw, &in, rewrite_ts_at(&rw, now_us));
			break;
		case 6: asked_again(&rw, (uint16_t)(rw.highest - far), count); continue;
		case 7: in.index = at[source] + ((uint64_t)far << 8); break;
		}
		if (rewrite_forward(&rw, &in, &out, now_us) != REWRITE_SEND)
			continue;
		went_out(&in, &out, &count);
		if (in.index > at[in.source])
			at[in.source] = in.index;
	}
	return 0;
}

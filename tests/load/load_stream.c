#include "load_stream.h"

#include <string.h>

#include "bytes.h"
#include "load_tag.h"

enum { NAMED_PACKETS = 100, LINES_OF_TOP = 720, COLUMNS_OF_TOP = 1280 };        /* mid and rid travel until the server surely knows them */

static const struct load_trace_packet *next_recorded(const struct load_stream *s)
{
	return &s->recorded->packets[s->at];
}

static void step(struct load_stream *s)
{
	if (++s->at < s->recorded->count)
		return;
	s->at = 0;
	s->turn++;
}

static void skip_frame(struct load_stream *s)
{
	do
		step(s);
	while (s->recorded->codec == LOAD_VP8 && !(next_recorded(s)->marks & LOAD_MARK_START));
}

void load_stream_start(struct load_stream *s, const struct load_trace *trace, const struct load_send *send, const struct load_numbers *numbers,
	uint32_t person, int64_t now_us, uint32_t offset_us, uint32_t seed)
{
	*s = (struct load_stream){ .trace = trace, .recorded = load_trace_find(trace, send->codec, send->layer, send->layers), .send = send,
		.numbers = numbers, .person = person, .run = seed, .begin_us = now_us - offset_us, .index = seed & 0x3fff, .ts_base = seed * 2654435761u,
		.picture_id = (uint16_t)(seed >> 8 & 0x7fff), .tl0 = (uint8_t)seed, .keyframe_wanted = send->codec == LOAD_VP8 };
	while (s->turn == 0 && next_recorded(s)->at_us < offset_us)
		step(s);
	if (s->recorded->codec == LOAD_VP8 && !(next_recorded(s)->marks & LOAD_MARK_START))
		skip_frame(s);
}

static int64_t recorded_due_us(const struct load_stream *s)
{
	return s->begin_us + (int64_t)(s->turn * s->trace->length_us) + next_recorded(s)->at_us;
}

int64_t load_stream_due_us(const struct load_stream *s)
{
	return s->key_at < s->key_end ? s->recorded->packets[s->key_at].at_us + s->key_shift_us : recorded_due_us(s);
}

static uint32_t recorded_ts(const struct load_stream *s)
{
	return s->ts_base + (uint32_t)(s->turn * s->recorded->length_ts) + next_recorded(s)->ts;
}

static void begin_keyframe(struct load_stream *s)
{
	const struct load_trace_stream *r = s->recorded;
	const struct load_trace_keyframe *k = &r->keyframes[s->keys_sent++ % r->keyframe_count];
	s->key_at = k->first;
	s->key_end = k->first + k->count;
	s->key_ts = recorded_ts(s);
	s->key_shift_us = recorded_due_us(s) - r->packets[k->first].at_us;
	s->keyframe_wanted = false;
	skip_frame(s);
}

/* Takes the next packet off the recording, or off the keyframe that was asked for. */
static const struct load_trace_packet *take(struct load_stream *s, uint32_t *ts)
{
	const struct load_trace_packet *p = next_recorded(s);
	if (s->key_at == s->key_end && s->keyframe_wanted && p->marks & LOAD_MARK_START) {
		if (p->marks & LOAD_MARK_KEYFRAME)
			s->keyframe_wanted = false;
		else
			begin_keyframe(s);
	}
	if (s->key_at < s->key_end) {
		*ts = s->key_ts;
		return &s->recorded->packets[s->key_at++];
	}
	*ts = recorded_ts(s);
	step(s);
	return p;
}

static void write_ext(struct wr *w, uint8_t id, const char *value, size_t len)
{
	if (!id || !len)
		return;
	wr_u8(w, (uint8_t)(id << 4 | (len - 1)));
	wr_bytes(w, value, len);
}

static size_t write_head(const struct load_stream *s, uint8_t *out, const struct load_trace_packet *p, uint32_t ts)
{
	struct wr w = wr_to(out, 64);
	bool opus = s->send->codec == LOAD_OPUS;
	char level = (char)p->extra;
	wr_u8(&w, 0x90);
	wr_u8(&w, (uint8_t)((p->marks & LOAD_MARK_MARKER ? 0x80 : 0) | (opus ? s->numbers->opus : s->numbers->vp8)));
	wr_u16(&w, (uint16_t)s->index);
	wr_u32(&w, ts);
	wr_u32(&w, s->send->ssrc);
	wr_u16(&w, 0xBEDE);
	uint8_t *length_at = w.p, *begin = w.p + 2;
	wr_u16(&w, 0);
	if (s->seq < NAMED_PACKETS) {
		write_ext(&w, s->numbers->mid, s->send->mid, strlen(s->send->mid));
		write_ext(&w, s->numbers->rid, s->send->rid, strlen(s->send->rid));
	}
	if (opus)
		write_ext(&w, s->numbers->level, &level, 1);
	if (w.p == begin) {     /* nothing to say: no extension at all */
		out[0] = 0x80;
		return (size_t)(w.p - out) - 4;
	}
	while ((w.p - begin) % 4)
		wr_u8(&w, 0);
	length_at[1] = (uint8_t)((w.p - begin) / 4);
	return (size_t)(w.p - out);
}

static struct load_vp8 descriptor(struct load_stream *s, const struct load_trace_packet *p)
{
	int up = s->send->layers == 1 ? 0 : s->send->layers - 1 - s->send->layer;
	if (p->marks & LOAD_MARK_START) {
		s->picture_id = (s->picture_id + 1) & 0x7fff;
		s->tl0 = (uint8_t)(s->tl0 + (p->extra == 0));
	}
	return (struct load_vp8){ .shape = s->recorded->shape, .start = p->marks & LOAD_MARK_START, .keyframe = p->marks & LOAD_MARK_KEYFRAME,
		.non_reference = p->marks & LOAD_MARK_NON_REFERENCE, .sync = p->marks & LOAD_MARK_SYNC, .tid = p->extra, .tl0 = s->tl0,
		.keyidx = (uint8_t)s->keys_sent, .picture_id = s->picture_id, .width = COLUMNS_OF_TOP >> up, .height = LINES_OF_TOP >> up };
}

struct load_out_packet load_stream_next(struct load_stream *s, uint8_t *out, int64_t sent_ns)
{
	uint32_t ts;
	const struct load_trace_packet *p = take(s, &ts);
	struct load_tag tag = { .number = s->person, .run = s->run, .codec = (uint8_t)s->send->codec, .layer = (uint8_t)s->send->layer, .seq = s->seq,
		.sent_ns = sent_ns };
	size_t head = write_head(s, out, p, ts), payload;
	if (s->send->codec == LOAD_VP8) {
		struct load_vp8 vp8 = descriptor(s, p);
		payload = load_payload_write(out + head, p->bytes, &vp8, &tag);
	} else {
		payload = load_payload_write(out + head, p->bytes, NULL, &tag);
	}
	s->seq++;
	s->packets++;
	s->octets += payload;
	s->last_ts = ts;
	return (struct load_out_packet){ head, head + payload, s->index++ };
}

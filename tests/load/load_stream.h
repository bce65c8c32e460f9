/**
 * One stream being replayed: which packet is due when, and its bytes. The recording goes round and round; a keyframe that is asked for takes
 * the place of the next frame, in the size and rhythm of a recorded one.
 */
#ifndef HOPKIN_LOAD_STREAM_H
#define HOPKIN_LOAD_STREAM_H

#include "load_trace.h"

enum { LOAD_PACKET_ROOM = 1500 };

struct load_stream {
	const struct load_trace *trace;
	const struct load_trace_stream *recorded;
	const struct load_send *send;
	const struct load_numbers *numbers;
	uint32_t person, run;
	int64_t begin_us;               /* when the recording's 0 was, in its first turn */
	uint64_t turn;
	uint32_t at;                    /* next packet of the recording */
	uint32_t key_at, key_end, key_ts;       /* a keyframe that was asked for: next packet and end; none while equal */
	int64_t key_shift_us;
	uint32_t keys_sent;
	bool keyframe_wanted;
	uint64_t index;                 /* SRTP index of the next packet */
	uint32_t seq, ts_base;
	uint16_t picture_id;
	uint8_t tl0;
	uint64_t packets, octets;
	uint32_t last_ts;
};

/** Starts somewhere in the recording, `offset_us` from its begin; the first frame is a keyframe. `seed`: anything, for SSRC-like numbers. */
void load_stream_start(struct load_stream *s, const struct load_trace *trace, const struct load_send *send, const struct load_numbers *numbers,
	uint32_t person, int64_t now_us, uint32_t offset_us, uint32_t seed);

/** When the next packet is due; the clock is that of `now_us`. */
int64_t load_stream_due_us(const struct load_stream *s);

struct load_out_packet { size_t head, len; uint64_t index; };

/** Writes the next packet (LOAD_PACKET_ROOM bytes of room) with `sent_ns` in it, and moves on. */
struct load_out_packet load_stream_next(struct load_stream *s, uint8_t *out, int64_t sent_ns);

#endif

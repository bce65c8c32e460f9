/**
 * A recording of how a browser sends (tests/load/trace/record.mjs): sizes, times and marks of packets, to be replayed.
 *
 * Text: `hopkin-trace 1`, then for each stream a line `stream opus` or `stream vp8 LAYER/LAYERS SHAPE` (SHAPE: descriptor bits, hex) and a line a
 * packet: `US BYTES TS LEVEL` (Opus: audio level with the voice bit, decimal) or `US BYTES TS TID MARKS`. US: since the recording began; BYTES: of
 * payload; TS: RTP time since the stream's first; MARKS: S frame begins, M marker, K keyframe, N not referred to, Y layer sync; `-` for none.
 */
#ifndef HOPKIN_LOAD_TRACE_H
#define HOPKIN_LOAD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load_adaptor.h"

enum { LOAD_MARK_START = 1, LOAD_MARK_MARKER = 2, LOAD_MARK_KEYFRAME = 4, LOAD_MARK_NON_REFERENCE = 8, LOAD_MARK_SYNC = 16 };

struct load_trace_packet {
	uint32_t at_us, ts;
	uint16_t bytes;
	uint8_t marks;
	uint8_t extra;                  /* Opus: level; VP8: temporal layer */
};

/** A keyframe that can be sent when one is asked for: `count` packets from `first`. */
struct load_trace_keyframe { uint32_t first, count; };

struct load_trace_stream {
	enum load_codec codec;
	int layer, layers;
	uint8_t shape;
	struct load_trace_packet *packets;
	uint32_t count, room;
	uint32_t length_ts;             /* how far RTP time moves in one turn of the recording */
	struct load_trace_keyframe keyframes[16];
	uint32_t keyframe_count;
};

enum { LOAD_TRACE_STREAMS = 8 };

struct load_trace {
	struct load_trace_stream streams[LOAD_TRACE_STREAMS];
	int stream_count;
	uint32_t length_us;             /* then it begins anew */
};

/** NULL, or what is wrong with the text; `out` can be cleared either way. */
const char *load_trace_read(struct load_trace *out, const char *text, size_t len);
void load_trace_clear(struct load_trace *trace);

/** The recording that the program carries. */
const char *load_trace_own(size_t *len);

/** As from a slow uplink: packets of one frame come 1 to 2 ms apart. */
void load_trace_spread(struct load_trace *trace);

/** As from a fast network: all packets of a frame come at once. */
void load_trace_burst(struct load_trace *trace);

const struct load_trace_stream *load_trace_find(const struct load_trace *trace, enum load_codec codec, int layer, int layers);

#endif

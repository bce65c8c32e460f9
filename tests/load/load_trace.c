#include "load_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_MAX = 1250, ROUND_US = 1000, SPREAD_LEAST_US = 1000, SPREAD_MORE_US = 1000 };

__asm__(".section .rodata\n.global load_trace_bytes\nload_trace_bytes:\n.incbin \"" LOAD_TRACE_FILE "\"\n"
	".global load_trace_bytes_end\nload_trace_bytes_end:\n.byte 0\n.previous\n");
extern const char load_trace_bytes[], load_trace_bytes_end[];

const char *load_trace_own(size_t *len)
{
	*len = (size_t)(load_trace_bytes_end - load_trace_bytes);
	return load_trace_bytes;
}

static struct load_trace_packet *next_packet(struct load_trace_stream *s)
{
	if (s->count == s->room) {
		uint32_t room = s->room ? s->room * 2 : 1024;
		struct load_trace_packet *packets = realloc(s->packets, room * sizeof *packets);
		if (!packets)
			return NULL;
		s->packets = packets;
		s->room = room;
	}
	return &s->packets[s->count];
}

static uint8_t marks_of(const char *text)
{
	static const char letters[] = "SMKNY";
	uint8_t marks = 0;
	for (int i = 0; letters[i]; i++)
		if (strchr(text, letters[i]))
			marks |= (uint8_t)(1 << i);
	return marks;
}

static const char *read_packet(struct load_trace_stream *s, const char *line)
{
	unsigned us, bytes, ts, extra;
	char marks[8] = "-";
	int fields = sscanf(line, "%u %u %u %u %7s", &us, &bytes, &ts, &extra, marks);
	if (fields != (s->codec == LOAD_OPUS ? 4 : 5) || !bytes || bytes > PAYLOAD_MAX || extra > 255 || us > 600000000)
		return "packet line";
	struct load_trace_packet *p = next_packet(s);
	if (!p)
		return "no memory";
	*p = (struct load_trace_packet){ us, ts, (uint16_t)bytes, marks_of(marks), (uint8_t)extra };
	if (s->count && p->at_us < p[-1].at_us)
		return "time runs backwards";
	s->count++;
	return NULL;
}

static const char *read_stream(struct load_trace *t, const char *line)
{
	char codec[8];
	unsigned shape = 0;
	struct load_trace_stream s = { .layers = 1 };
	int fields = sscanf(line, "stream %7s %d/%d %x", codec, &s.layer, &s.layers, &shape);
	if (t->stream_count == LOAD_TRACE_STREAMS)
		return "too many streams";
	if (fields == 1 && strcmp(codec, "opus") == 0)
		s.codec = LOAD_OPUS;
	else if (fields == 4 && strcmp(codec, "vp8") == 0 && s.layer >= 0 && s.layer < s.layers && s.layers <= LOAD_LAYERS)
		s.codec = LOAD_VP8;
	else
		return "stream line";
	s.shape = (uint8_t)(shape & 0xf0);
	t->streams[t->stream_count++] = s;
	return NULL;
}

/* A whole frame is known by its S and its M, with nothing of another between. */
static void find_keyframes(struct load_trace_stream *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (!(s->packets[i].marks & LOAD_MARK_KEYFRAME))
			continue;
		uint32_t last = i;
		while (last < s->count && s->packets[last].ts == s->packets[i].ts && !(s->packets[last].marks & LOAD_MARK_MARKER))
			last++;
		if (last < s->count && s->packets[last].ts == s->packets[i].ts && s->keyframe_count < sizeof s->keyframes / sizeof *s->keyframes)
			s->keyframes[s->keyframe_count++] = (struct load_trace_keyframe){ i, last - i + 1 };
	}
}

/* Where the recording begins within a frame, that frame is left out, and so is one cut at its end: each turn is whole frames. */
static void trim(struct load_trace_stream *s)
{
	uint32_t first = 0, end = s->count;
	while (first < end && !(s->packets[first].marks & LOAD_MARK_START))
		first++;
	while (end > first && !(s->packets[end - 1].marks & LOAD_MARK_MARKER))
		end--;
	memmove(s->packets, s->packets + first, (end - first) * sizeof *s->packets);
	s->count = end - first;
}

static void set_length(struct load_trace *t, uint32_t us)
{
	t->length_us = us;
	for (int i = 0; i < t->stream_count; i++)
		t->streams[i].length_ts = (uint32_t)((uint64_t)us * (t->streams[i].codec == LOAD_OPUS ? 48 : 90) / 1000);
}

static const char *finish(struct load_trace *t)
{
	uint32_t last_us = 0;
	for (int i = 0; i < t->stream_count; i++) {
		struct load_trace_stream *s = &t->streams[i];
		if (s->codec == LOAD_VP8) {
			trim(s);
			find_keyframes(s);
		}
		if (!s->count || (s->codec == LOAD_VP8 && !s->keyframe_count))
			return "a stream without packets, or without a whole keyframe";
		if (s->packets[s->count - 1].at_us > last_us)
			last_us = s->packets[s->count - 1].at_us;
	}
	set_length(t, (last_us / ROUND_US + 20) * ROUND_US);
	return t->stream_count ? NULL : "no stream";
}

const char *load_trace_read(struct load_trace *out, const char *text, size_t len)
{
	char line[128];
	const char *wrong = NULL;
	*out = (struct load_trace){ 0 };
	for (size_t at = 0, number = 0; at < len && !wrong; number++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		if (n >= sizeof line)
			return "a line that is too long";
		memcpy(line, text + at, n);
		line[n] = 0;
		at += n + 1;
		if (number == 0)
			wrong = strcmp(line, "hopkin-trace 1") == 0 ? NULL : "not a trace";
		else if (strncmp(line, "stream ", 7) == 0)
			wrong = read_stream(out, line);
		else
			wrong = out->stream_count ? read_packet(&out->streams[out->stream_count - 1], line) : "packet before a stream";
	}
	return wrong ? wrong : finish(out);
}

void load_trace_clear(struct load_trace *trace)
{
	for (int i = 0; i < trace->stream_count; i++)
		free(trace->streams[i].packets);
	*trace = (struct load_trace){ 0 };
}

void load_trace_spread(struct load_trace *trace)
{
	for (int i = 0; i < trace->stream_count; i++) {
		struct load_trace_stream *s = &trace->streams[i];
		for (uint32_t k = 1; k < s->count; k++) {
			struct load_trace_packet *p = &s->packets[k];
			uint32_t least = p[-1].at_us + (p->ts == p[-1].ts ? SPREAD_LEAST_US + k * 7919 % SPREAD_MORE_US : 0);
			if (p->at_us < least)
				p->at_us = least;
		}
		if (s->packets[s->count - 1].at_us >= trace->length_us)
			set_length(trace, s->packets[s->count - 1].at_us + ROUND_US);
	}
}

void load_trace_burst(struct load_trace *trace)
{
	for (int i = 0; i < trace->stream_count; i++) {
		struct load_trace_stream *s = &trace->streams[i];
		for (uint32_t k = 1; k < s->count; k++)
			if (s->packets[k].ts == s->packets[k - 1].ts)
				s->packets[k].at_us = s->packets[k - 1].at_us;
	}
}

const struct load_trace_stream *load_trace_find(const struct load_trace *trace, enum load_codec codec, int layer, int layers)
{
	for (int i = 0; i < trace->stream_count; i++) {
		const struct load_trace_stream *s = &trace->streams[i];
		if (s->codec == codec && (codec == LOAD_OPUS || (s->layer == layer && s->layers == layers)))
			return s;
	}
	return NULL;
}

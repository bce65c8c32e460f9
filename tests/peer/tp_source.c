#include "tp_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	AUDIO_PERIOD_US = 20000,
	AUDIO_PAYLOAD = 80,             /* bytes: Opus at 32 kbit/s */
	VIDEO_PAYLOAD = 1100,           /* bytes a packet at most, as Chromium splits frames */
	PACKET_ROOM = 1500,
	KEYFRAME_FACTOR = 4,            /* a keyframe is so many times an ordinary frame */
	OPUS_TOC = 0xf8,                /* CELT, full band, 20 ms, mono, one frame */
	LATE_US = 500000,               /* further behind than this: skip ahead rather than send a flood */
};

struct kept { uint16_t len, seq; bool used; uint8_t bytes[PACKET_ROOM]; };

struct layer {
	uint16_t seq, rtx_seq, pid;
	uint8_t tl0;
	uint32_t ts_base, tag_seq, frame;
	bool keyframe_due;
	uint64_t bytes;
	struct tp_layer_counts counts;
	struct kept *history;
};

struct tp_source {
	struct tp_source_config config;
	int64_t start_us, due_us, period_us;
	unsigned mask;
	uint8_t run;
	struct layer layers[TP_LAYERS];
};

static bool is_audio(const struct tp_source *s)
{
	return s->config.kind == TP_MIC || s->config.kind == TP_SCREEN_AUDIO;
}

int tp_source_create(struct tp_source **out, const struct tp_source_config *config, int64_t now_us)
{
	struct tp_source *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->start_us = s->due_us = now_us;
	s->mask = ~0u;
	s->run = (uint8_t)random();
	s->period_us = is_audio(s) ? AUDIO_PERIOD_US : 1000000 / (config->fps ? config->fps : 30);
	for (int i = 0; i < config->layers; i++) {
		struct layer *l = &s->layers[i];
		l->seq = config->first_seq;
		l->rtx_seq = (uint16_t)random();
		l->pid = (uint16_t)(random() & 0x7fff);
		l->tl0 = (uint8_t)random();
		l->ts_base = (uint32_t)random() * 2;
		l->keyframe_due = true;
		l->counts.ssrc = config->ssrc[i];
		l->history = calloc(TP_HISTORY, sizeof *l->history);
		if (!l->history) {
			tp_source_destroy(s);
			return -ENOMEM;
		}
	}
	*out = s;
	return 0;
}

void tp_source_destroy(struct tp_source *s)
{
	if (!s)
		return;
	for (int i = 0; i < TP_LAYERS; i++)
		free(s->layers[i].history);
	free(s);
}

uint32_t tp_source_ts(const struct tp_source *s, int layer, int64_t now_us)
{
	int64_t clock = is_audio(s) ? 48000 : 90000;
	return s->layers[layer].ts_base + (uint32_t)((now_us - s->start_us) * clock / 1000000);
}

static void stamp_twcc(struct tp_source *s, struct tp_rtp *rtp)
{
	rtp->has_twcc = s->config.ids.twcc != 0;
	if (rtp->has_twcc)
		rtp->twcc = (*s->config.twcc)++;
}

/* Writes, keeps and emits one packet whose payload is `head` and then the tag filled up to `tag_len`. */
static void send_packet(struct tp_source *s, int i, uint32_t ts, bool marker, const uint8_t *head, size_t head_len,
	struct tp_tag *tag, size_t tag_len)
{
	struct layer *l = &s->layers[i];
	struct tp_rtp rtp = { .marker = marker, .pt = s->config.pt, .seq = l->seq++, .ts = ts, .ssrc = s->config.ssrc[i],
		.has_level = is_audio(s) && s->config.ids.level, .voice = s->config.voice,
		.level = s->config.voice ? 20 : 127 };
	memcpy(rtp.mid, s->config.mid, sizeof s->config.mid);
	memcpy(rtp.rid, s->config.rids[i], sizeof s->config.rids[i]);
	stamp_twcc(s, &rtp);

	uint8_t packet[PACKET_ROOM + 64];
	size_t at = tp_rtp_write(packet, sizeof packet, &rtp, &s->config.ids);
	memcpy(packet + at, head, head_len);
	at += head_len;
	tag->number = s->config.number;
	tag->source = (uint8_t)s->config.kind;
	tag->layer = (uint8_t)i;
	tag->run = s->run;
	tag->seq = l->tag_seq++;
	tag->frame = l->frame;
	tp_tag_write(packet + at, tag_len, tag);
	at += tag_len;

	struct kept *kept = &l->history[rtp.seq % TP_HISTORY];
	kept->used = true;
	kept->seq = rtp.seq;
	kept->len = (uint16_t)at;
	memcpy(kept->bytes, packet, at);
	l->counts.packets++;
	l->bytes += at;
	s->config.emit(s->config.owner, packet, at, sizeof packet);
}

static void audio_frame(struct tp_source *s, int64_t now_us)
{
	uint8_t toc = OPUS_TOC;
	struct tp_tag tag = { .first = true, .last = true, .time_us = now_us };
	send_packet(s, 0, tp_source_ts(s, 0, s->due_us), s->layers[0].counts.packets == 0, &toc, 1, &tag, AUDIO_PAYLOAD);
	s->layers[0].frame++;
	s->layers[0].counts.frames++;
}

static struct tp_vp8 frame_marks(struct tp_source *s, int i)
{
	static const uint16_t widths[TP_LAYERS] = { 320, 640, 1280 };
	struct layer *l = &s->layers[i];
	struct tp_vp8 vp8 = { .keyframe = l->keyframe_due, .picture_id = l->pid, .tl0 = -1, .tid = -1 };
	int shown = s->config.layers == 1 ? 2 : i;
	vp8.width = widths[shown];
	vp8.height = (uint16_t)(widths[shown] * 9 / 16);
	if (s->config.temporal) {
		vp8.tid = vp8.keyframe ? 0 : (int8_t)(l->frame & 1);
		vp8.tl0 = l->tl0 = (uint8_t)(l->tl0 + (vp8.tid == 0));
		vp8.layer_sync = vp8.tid == 1;
	}
	l->keyframe_due = false;
	l->pid = (l->pid + 1) & 0x7fff;
	return vp8;
}

static void video_frame(struct tp_source *s, int i, int64_t now_us)
{
	struct layer *l = &s->layers[i];
	struct tp_vp8 vp8 = frame_marks(s, i);
	size_t frame = (size_t)s->config.kbps[i] * 125u * (size_t)s->period_us / 1000000u;
	if (vp8.keyframe)
		frame *= KEYFRAME_FACTOR;
	size_t packets = frame / VIDEO_PAYLOAD + 1;
	size_t tag_len = frame / packets;
	if (tag_len < TP_TAG_LEN)
		tag_len = TP_TAG_LEN;

	for (size_t p = 0; p < packets; p++) {
		uint8_t head[32];
		struct tp_tag tag = { .keyframe = vp8.keyframe, .first = p == 0, .last = p + 1 == packets, .time_us = now_us };
		vp8.start = p == 0;
		size_t head_len = tp_vp8_write(head, &vp8);
		send_packet(s, i, tp_source_ts(s, i, s->due_us), tag.last, head, head_len, &tag, tag_len - (p & 1));
	}
	l->frame++;
	l->counts.frames++;
	l->counts.keyframes += vp8.keyframe;
}

void tp_source_tick(struct tp_source *s, int64_t now_us)
{
	if (now_us - s->due_us > LATE_US)
		s->due_us = now_us;
	for (; s->due_us <= now_us; s->due_us += s->period_us) {
		if (is_audio(s))
			audio_frame(s, now_us);
		for (int i = 0; !is_audio(s) && i < s->config.layers; i++)
			if (s->mask >> i & 1)
				video_frame(s, i, now_us);
	}
}

int64_t tp_source_due_us(const struct tp_source *s)
{
	return s->due_us;
}

void tp_source_pause(struct tp_source *s, bool paused, int64_t now_us)
{
	s->due_us = paused ? INT64_MAX : now_us;
	for (int i = 0; i < s->config.layers; i++)
		s->layers[i].keyframe_due = true;
}

void tp_source_number(struct tp_source *s, uint32_t number)
{
	s->config.number = number;
}

void tp_source_voice(struct tp_source *s, bool voice)
{
	s->config.voice = voice;
}

void tp_source_enable_layers(struct tp_source *s, unsigned mask)
{
	for (int i = 0; i < s->config.layers; i++)
		if (mask & ~s->mask & 1u << i)
			s->layers[i].keyframe_due = true;
	s->mask = mask;
}

static int layer_of(const struct tp_source *s, uint32_t ssrc)
{
	for (int i = 0; i < s->config.layers; i++)
		if (s->config.ssrc[i] == ssrc)
			return i;
	return -1;
}

bool tp_source_pli(struct tp_source *s, uint32_t ssrc)
{
	int i = layer_of(s, ssrc);
	if (i < 0)
		return false;
	s->layers[i].counts.plis++;
	s->layers[i].keyframe_due = true;
	return true;
}

/* RFC 4588: the original sequence number, then the payload, under the RTX stream's own SSRC, sequence and payload type. */
static void resend_rtx(struct tp_source *s, int i, const struct kept *kept)
{
	struct tp_rtp old;
	if (!tp_rtp_read(&old, kept->bytes, kept->len, &s->config.ids))
		return;
	struct tp_rtp rtp = { .marker = old.marker, .pt = s->config.rtx_pt, .seq = s->layers[i].rtx_seq++, .ts = old.ts,
		.ssrc = s->config.rtx_ssrc[i] };
	memcpy(rtp.mid, s->config.mid, sizeof s->config.mid);
	memcpy(rtp.rrid, s->config.rids[i], sizeof s->config.rids[i]);
	stamp_twcc(s, &rtp);
	uint8_t packet[PACKET_ROOM + 64];
	size_t at = tp_rtp_write(packet, sizeof packet, &rtp, &s->config.ids);
	packet[at++] = (uint8_t)(old.seq >> 8);
	packet[at++] = (uint8_t)old.seq;
	memcpy(packet + at, old.payload, old.payload_len);
	s->config.emit(s->config.owner, packet, at + old.payload_len, sizeof packet);
}

bool tp_source_nack(struct tp_source *s, uint32_t ssrc, uint16_t seq)
{
	int i = layer_of(s, ssrc);
	if (i < 0)
		return false;
	struct layer *l = &s->layers[i];
	struct kept *kept = &l->history[seq % TP_HISTORY];
	l->counts.nacks++;
	if (!kept->used || kept->seq != seq) {
		l->counts.not_kept++;
		return true;
	}
	l->counts.resent++;
	if (s->config.rtx_pt && s->config.rtx_ssrc[i]) {
		resend_rtx(s, i, kept);
	} else {
		uint8_t packet[PACKET_ROOM + 64];
		memcpy(packet, kept->bytes, kept->len);
		s->config.emit(s->config.owner, packet, kept->len, sizeof packet);
	}
	return true;
}

const struct tp_source_config *tp_source_config(const struct tp_source *s)
{
	return &s->config;
}

struct tp_layer_counts tp_source_counts(const struct tp_source *s, int layer)
{
	return s->layers[layer].counts;
}

uint64_t tp_source_bytes(const struct tp_source *s, int layer)
{
	return s->layers[layer].bytes;
}

#include "tp_sink.h"

#include <math.h>
#include <string.h>

enum { WINDOW = 1024, SEQ_BASE = 65536 };

static uint64_t extend(const struct tp_sink *s, uint16_t seq)
{
	int16_t ahead = (int16_t)(seq - (uint16_t)s->highest);
	return (uint64_t)((int64_t)s->highest + ahead);
}

static bool seen_test(const struct tp_sink *s, uint64_t seq)
{
	return s->seen[seq % WINDOW / 64] >> (seq % 64) & 1;
}

static void seen_set(struct tp_sink *s, uint64_t seq, bool on)
{
	uint64_t bit = 1ull << (seq % 64);
	if (on)
		s->seen[seq % WINDOW / 64] |= bit;
	else
		s->seen[seq % WINDOW / 64] &= ~bit;
}

static void missing_add(struct tp_sink *s, uint64_t seq)
{
	if (s->missing_count == TP_MISSING)
		return;
	s->missing[s->missing_count] = seq;
	s->tries[s->missing_count++] = 0;
}

static void missing_remove(struct tp_sink *s, uint64_t seq)
{
	for (size_t i = 0; i < s->missing_count; i++) {
		if (s->missing[i] != seq)
			continue;
		s->missing[i] = s->missing[--s->missing_count];
		s->tries[i] = s->tries[s->missing_count];
		return;
	}
}

enum place { NEWEST_IN_ORDER, NEWEST_AFTER_GAP, OLDER, DUPLICATE };

static enum place take_seq(struct tp_sink *s, uint16_t seq16)
{
	if (!s->started) {
		s->started = true;
		s->first = s->highest = SEQ_BASE + (uint64_t)seq16;
		seen_set(s, s->highest, true);
		return NEWEST_AFTER_GAP;
	}
	uint64_t seq = extend(s, seq16);
	if (seq > s->highest) {
		uint64_t gap = seq - s->highest;
		for (uint64_t q = s->highest + 1; q < seq && gap < WINDOW; q++) {
			seen_set(s, q, false);
			missing_add(s, q);
		}
		s->highest = seq;
		seen_set(s, seq, true);
		return gap == 1 ? NEWEST_IN_ORDER : NEWEST_AFTER_GAP;
	}
	if (s->highest - seq >= WINDOW || seq < s->first)
		return OLDER;
	if (seen_test(s, seq))
		return DUPLICATE;
	seen_set(s, seq, true);
	missing_remove(s, seq);
	return OLDER;
}

static void count_sender(struct tp_sink *s, uint32_t number)
{
	for (int i = 0; i < TP_SENDERS; i++) {
		if (!s->senders[i].packets)
			s->senders[i].number = number;
		if (s->senders[i].number == number) {
			s->senders[i].packets++;
			return;
		}
	}
}

static void count_latency(struct tp_sink *s, int64_t us)
{
	int bucket = us > 1 ? (int)(log2((double)us) * 2) : 0;
	s->latency[bucket < TP_LATENCY_BUCKETS ? bucket : TP_LATENCY_BUCKETS - 1]++;
	if (us > s->latency_max_us)
		s->latency_max_us = us;
}

static void check_video(struct tp_sink *s, const struct tp_rtp *rtp, const struct tp_tag *tag, const struct tp_vp8 *vp8,
	bool in_order, bool changed)
{
	if (changed && !(vp8->start && vp8->keyframe) && (in_order || !s->counts.frames))
		s->counts.switch_without_keyframe++;
	if (!in_order)
		return;
	if (vp8->picture_id >= 0 && s->last_vp8.picture_id >= 0) {
		int32_t expected = tag->first ? (s->last_vp8.picture_id + 1) & 0x7fff : s->last_vp8.picture_id;
		if (vp8->picture_id != expected)
			s->counts.picture_id_jumps++;
	}
	if (vp8->tl0 >= 0 && s->last_vp8.tl0 >= 0) {
		int expected = tag->first && vp8->tid == 0 ? (s->last_vp8.tl0 + 1) & 0xff : s->last_vp8.tl0;
		if (vp8->tl0 != expected)
			s->counts.tl0_jumps++;
	}
}

static void check_newest(struct tp_sink *s, const struct tp_rtp *rtp, const struct tp_tag *tag, const struct tp_vp8 *vp8,
	bool in_order)
{
	bool changed = !s->last_arrival_us || tag->number != s->last.number || tag->source != s->last.source
		|| tag->layer != s->last.layer || tag->run != s->last.run;
	if (changed && s->last_arrival_us)
		s->counts.switches++;
	if (s->video)
		check_video(s, rtp, tag, vp8, in_order, changed);
	if (in_order) {
		int32_t step = (int32_t)(rtp->ts - s->last_ts);
		bool same_frame = s->video && !tag->first;
		if (same_frame ? step != 0 : step <= 0)
			s->counts.ts_back++;
	}
	if (!changed && in_order) {
		int32_t step = (int32_t)(tag->seq - s->last.seq);
		if (step > 1)
			s->counts.tag_gaps += (uint64_t)(step - 1);
		else if (step < 1)
			s->counts.tag_back++;
	}
	s->last = *tag;
	s->last_ts = rtp->ts;
	if (s->video) {
		s->last_vp8 = *vp8;
		s->counts.frames += tag->first;
		s->counts.keyframes += tag->first && vp8->keyframe;
	}
}

static void take_media(struct tp_sink *s, const struct tp_rtp *rtp, const uint8_t *payload, size_t len, bool resent, int64_t now_us)
{
	struct tp_vp8 vp8 = { .picture_id = -1, .tl0 = -1, .tid = -1 };
	struct tp_tag tag;
	size_t head = 1;
	enum place place = take_seq(s, rtp->seq);

	if (place == DUPLICATE) {
		++*(resent ? &s->counts.resent_again : &s->counts.duplicates);
		return;
	}
	s->counts.packets++;
	s->counts.bytes += len;
	if (!s->first_arrival_us)
		s->first_arrival_us = now_us;
	bool read = !s->video || (tp_vp8_read(&vp8, payload, len) && (head = vp8.header_len));
	if (!read || len < head || !tp_tag_read(&tag, payload + head, len - head)) {
		s->counts.wrong_payload++;
		return;
	}
	if (rtp->csrc_count != 1 || rtp->csrc[0] != tag.number)
		s->counts.wrong_csrc++;
	if (s->level_expected && !s->video && !rtp->has_level)
		s->counts.no_level++;
	count_sender(s, tag.number);
	if (place == NEWEST_IN_ORDER || place == NEWEST_AFTER_GAP) {
		check_newest(s, rtp, &tag, &vp8, place == NEWEST_IN_ORDER);
		count_latency(s, now_us - tag.time_us);
	}
	s->last_arrival_us = now_us;
}

void tp_sink_input(struct tp_sink *s, const struct tp_rtp *rtp, int64_t now_us)
{
	s->counts.alien_ext += rtp->alien_ext;
	if (rtp->mid[0] && strcmp(rtp->mid, s->mid) != 0)
		s->counts.wrong_mid++;
	if (rtp->ssrc == s->ssrc && rtp->pt == s->pt) {
		take_media(s, rtp, rtp->payload, rtp->payload_len, false, now_us);
	} else if (s->rtx_ssrc && rtp->ssrc == s->rtx_ssrc && rtp->pt == s->rtx_pt) {
		if (rtp->payload_len <= 2)
			return;         /* padding only: a probe */
		struct tp_rtp inner = *rtp;
		inner.seq = (uint16_t)(rtp->payload[0] << 8 | rtp->payload[1]);
		s->counts.recovered++;
		take_media(s, &inner, rtp->payload + 2, rtp->payload_len - 2, true, now_us);
	} else {
		s->counts.wrong_pt++;
	}
}

uint64_t tp_sink_lost(const struct tp_sink *s)
{
	uint64_t expected = s->started ? s->highest - s->first + 1 : 0;
	return expected > s->counts.packets ? expected - s->counts.packets : 0;
}

int64_t tp_sink_latency_us(const struct tp_sink *s, double share)
{
	uint64_t total = 0, sum = 0;
	for (int i = 0; i < TP_LATENCY_BUCKETS; i++)
		total += s->latency[i];
	for (int i = 0; i < TP_LATENCY_BUCKETS; i++) {
		sum += s->latency[i];
		if (total && (double)sum >= share * (double)total)
			return (int64_t)exp2((i + 1) / 2.0);
	}
	return 0;
}

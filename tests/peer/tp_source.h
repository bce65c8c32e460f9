/**
 * What a test peer publishes: Opus-like audio every 20 ms, VP8-like video in frames, up to three simulcast layers.
 *
 * Pure but for the callback: `tp_source_tick` emits the RTP packets that are due, in clear. Answers PLI with a keyframe
 * and NACK with RTX, as a browser does.
 */
#ifndef HOPKIN_PEER_TP_SOURCE_H
#define HOPKIN_PEER_TP_SOURCE_H

#include "tp_rtp.h"
#include "tp_tag.h"

enum { TP_LAYERS = 3, TP_HISTORY = 512 /* packets kept for NACK, a layer */ };

struct tp_source;

struct tp_source_config {
	enum tp_kind kind;
	uint32_t number;                        /* participant number put into tags */
	char mid[16];
	int layers;                             /* 1…3; audio 1 */
	char rids[TP_LAYERS][8];                /* empty: no rid sent */
	uint32_t ssrc[TP_LAYERS], rtx_ssrc[TP_LAYERS];
	uint8_t pt, rtx_pt;                     /* rtx_pt 0: plain resend */
	struct tp_ext_ids ids;
	uint32_t kbps[TP_LAYERS];
	uint16_t fps;
	uint16_t first_seq;
	bool temporal;                          /* VP8 with two temporal layers */
	bool voice;                             /* audio: speech in the level extension */
	uint16_t *twcc;                         /* the peer's transport-wide counter, borrowed */
	void *owner;
	void (*emit)(void *owner, uint8_t *rtp, size_t len, size_t room);
};

struct tp_layer_counts {
	uint64_t packets, frames, keyframes, plis, nacks, resent, not_kept;
	uint32_t ssrc;
};

int tp_source_create(struct tp_source **out, const struct tp_source_config *config, int64_t now_us);
void tp_source_destroy(struct tp_source *source);

void tp_source_tick(struct tp_source *source, int64_t now_us);
int64_t tp_source_due_us(const struct tp_source *source);

/** Paused it sends nothing and goes on later with the next sequence number and a keyframe, as a browser's track does. */
void tp_source_pause(struct tp_source *source, bool paused, int64_t now_us);

void tp_source_number(struct tp_source *source, uint32_t number);
void tp_source_voice(struct tp_source *source, bool voice);
void tp_source_enable_layers(struct tp_source *source, unsigned mask);

/** True when `ssrc` is one of its own. */
bool tp_source_pli(struct tp_source *source, uint32_t ssrc);
bool tp_source_nack(struct tp_source *source, uint32_t ssrc, uint16_t seq);

const struct tp_source_config *tp_source_config(const struct tp_source *source);
struct tp_layer_counts tp_source_counts(const struct tp_source *source, int layer);

/** For sender reports: the RTP timestamp of `now_us`, packets and bytes so far. */
uint32_t tp_source_ts(const struct tp_source *source, int layer, int64_t now_us);
uint64_t tp_source_bytes(const struct tp_source *source, int layer);

#endif

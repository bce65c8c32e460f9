/**
 * One stream that a viewer receives, half of a seat: an SSRC that lives as long as the seat, whoever sits there.
 *
 * It forwards `track`. When the seat is given to another person, `next` is that person's track: the old picture goes on until a
 * keyframe of the new one comes. Sequence numbers, timestamps and picture ids go on without a break (decide/rewrite.h), so
 * nothing is ever protected twice under one index.
 *
 * Owned by its viewer. Thread: the viewer's worker.
 */
#ifndef HOPKIN_SFU_SUBSCRIPTION_H
#define HOPKIN_SFU_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "layers.h"
#include "list.h"
#include "media_info.h"
#include "packet.h"
#include "peer_config.h"
#include "resend_limit.h"
#include "rewrite.h"
#include "track.h"

struct subscription {
	struct peer *viewer;            /* its owner's owner */
	bool video;
	bool accepts;                   /* what `track` sends is among the viewer's payload types */
	uint8_t pt, rtx_pt;             /* valid while `codec` and `profile` are those of the packets */
	uint8_t codec;
	uint32_t profile;
	char mid[CONTROL_MID_MAX + 1];
	uint8_t mid_len;
	uint16_t mid_left;              /* packets that still carry the mid */
	uint32_t ssrc, rtx_ssrc;        /* rtx_ssrc 0: nothing is resent */
	uint16_t height;                /* of the tile, pixels; 0: not shown */
	struct track *track, *next;     /* borrowed: a track lets its subscriptions go before it dies */
	struct list in_track, in_next;
	struct layer now;               /* of `track`; spatial LAYER_NONE: nothing is flowing */
	struct layer target;            /* of `next`, or of `track` when there is no next */
	uint32_t source;                /* that the newest span of `rewrite` belongs to */
	struct rewrite rewrite;
	struct resend_limit resend;
	uint32_t packets, octets;       /* sent, for sender reports */
	int64_t sent_us;                /* the last packet */
	int64_t report_us;              /* when the next sender report is due */
};

int subscription_create(struct subscription **out, struct peer *viewer, const struct control_seat_media *media, bool video,
	int64_t now_us);
void subscription_destroy(struct subscription *sub);            /* NULL is fine */

/** Show this track (NULL: nothing). Audio changes at once, video at the new track's keyframe. */
void subscription_show(struct subscription *sub, struct track *track, int64_t now_us);
/** Aim for the layer that fits `height`; asks for the keyframe it needs. */
void subscription_choose_layer(struct subscription *sub, int64_t now_us);
/** The same without asking: the keyframe is at hand. */
void subscription_aim(struct subscription *sub);
/** A track dies or may not be forwarded any more. */
void subscription_let_go(struct subscription *sub, struct track *track);
/** The viewer was away: what flows next must begin at a keyframe. */
void subscription_begin_anew(struct subscription *sub);

/** One packet of `track` or `next`. */
void subscription_offer(struct subscription *sub, struct track *track, struct packet *packet, const struct media_info *info,
	int64_t now_us);

/** The viewer misses these; at most what its budget allows is sent again, in the RTX stream (RFC 4588). */
void subscription_resend(struct subscription *sub, uint16_t seq, int64_t rtt_us, int64_t now_us);
/** The viewer needs a keyframe (PLI, FIR). */
void subscription_ask_keyframe(struct subscription *sub, int64_t now_us);

/** What the stream's timestamp is at this moment; false if nothing flowed yet or nothing is known of the source's clock. */
bool subscription_report_ts(const struct subscription *sub, int64_t now_us, uint32_t *ts);

/** Which layers of `track` it wants, one bit each. */
uint8_t subscription_wants(const struct subscription *sub, const struct track *track);

#endif

/**
 * What one peer receives, at its own worker: its seats, their sender reports, and what the browser says back of them.
 *
 * Who sits where is decided by decide/seats.h from what the shard knows of the room; here it is put into effect.
 * Thread: the worker's.
 */
#ifndef HOPKIN_SFU_VIEWER_H
#define HOPKIN_SFU_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "orders.h"
#include "rtcp.h"
#include "seats.h"
#include "subscription.h"
#include "timers.h"

struct seat {
	enum seat_kind kind;
	uint32_t number;                /* who sits there; 0: nobody */
	struct subscription *audio, *video;     /* owned; either may be NULL */
};

struct viewer {
	struct peer *peer;              /* its owner */
	uint8_t seat_count;
	bool has_view;                  /* the browser said what it shows */
	uint16_t twcc_next;             /* transport-wide number of the next packet sent */
	struct order_view view;
	enum seat_kind kinds[SEATS_MAX];
	struct seat seats[SEATS_MAX];
	struct timer timer;             /* sender reports */
	int64_t rtt_us;                 /* from receiver reports; -1: not known */
	int64_t away_us;                /* since when there is no path; 0: there is one */
	uint64_t tx_packets, tx_bytes;
};

int viewer_create(struct viewer **out, struct peer *peer, int64_t now_us);
void viewer_destroy(struct viewer *viewer);                     /* NULL is fine */

/** The peer's seats changed: streams that stay keep their state, by SSRC. 0 or -ENOMEM (some seats then have no stream). */
int viewer_on_config(struct viewer *viewer, int64_t now_us);
void viewer_on_view(struct viewer *viewer, const struct order_view *view);

/** Decide who sits where, show them, and tell the control thread what changed. */
void viewer_settle_seats(struct viewer *viewer, int64_t now_us);
/** Choose layers anew: sizes or what is published changed. */
void viewer_settle_layers(struct viewer *viewer, int64_t now_us);

/** Media can flow again, or not. */
void viewer_on_path(struct viewer *viewer, bool there, int64_t now_us);

/** Report blocks and feedback that speak of what this peer receives. */
void viewer_on_report(struct viewer *viewer, const struct rtcp_block *block, int64_t now_us);
void viewer_on_nack(struct viewer *viewer, uint32_t ssrc, struct rd fci, unsigned *budget, int64_t now_us);
void viewer_on_keyframe_request(struct viewer *viewer, uint32_t ssrc, int64_t now_us);

/** A sender report for this stream soon: it has just switched. */
void viewer_report_soon(struct viewer *viewer, int64_t now_us);

#endif

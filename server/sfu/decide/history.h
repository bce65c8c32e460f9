/**
 * The packets of one source layer, kept for retransmission and shared by all its subscriptions of this worker.
 *
 * Holds a reference on each packet (`packet_ref`) as it was when opened: in clear, with the publisher's own numbers. Bounded by count,
 * bytes and age; the oldest goes first. A packet is found by its unwrapped source index in one step.
 * Thread: the worker that owns the pool.
 */
#ifndef HOPKIN_DECIDE_HISTORY_H
#define HOPKIN_DECIDE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct history_limits {
	uint32_t packets;       /* rounded up to a power of two, at most 8192 */
	uint32_t bytes;         /* of packets' len */
	int64_t age_us;
};

struct history;

/** 0, -ENOMEM, -EINVAL. */
int history_create(struct history **out, const struct history_limits *limits);
/** Gives all references back. NULL is fine. */
void history_destroy(struct history *h);
void history_clear(struct history *h);

/** Takes a reference. Returns how many older packets it let go; one too old for the ring, or already there, is not kept (0). */
uint32_t history_keep(struct history *h, struct packet *packet, uint64_t index, int64_t now_us);
/** Lets go what is too old; call it now and then, so that a silent layer does not hold the pool's packets. */
uint32_t history_expire(struct history *h, int64_t now_us);
/** Borrowed until the next call that changes `h`; NULL: not there (any more). */
struct packet *history_get(const struct history *h, uint64_t index, int64_t now_us);

uint32_t history_count(const struct history *h);
uint64_t history_bytes(const struct history *h);

#endif

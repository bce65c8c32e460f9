/**
 * One datagram in a fixed buffer, with room in front for headers and behind for tags.
 *
 * Packets come from a worker's pool and never leave their worker: a packet for another worker is copied into one of its own.
 * `refs` counts holders within the worker (the history, a batch); the last `packet_unref` returns it to the pool.
 */
#ifndef HOPKIN_BASE_PACKET_H
#define HOPKIN_BASE_PACKET_H

#include <stdint.h>

#include "path.h"

enum {
	PACKET_HEADROOM = 64,   /* bytes: a rewritten RTP header may be longer than the one that came */
	PACKET_ROOM = 1500,     /* bytes: the largest datagram that is taken in; longer ones are dropped and counted */
	PACKET_TAILROOM = 68,   /* bytes: RTP padding, SRTP tag and MKI, SRTCP index */
};

struct packet_pool;

struct packet {
	struct packet_pool *pool;       /* borrowed: outlives its packets */
	struct packet *next;            /* pool's free list, or a batch's list */
	int64_t arrival_us;             /* when its receive batch was read, monotonic */
	struct path path;               /* where it came from */
	uint8_t *data;                  /* first byte, inside `room` */
	uint16_t len;                   /* bytes */
	uint16_t refs;
	uint8_t room[PACKET_HEADROOM + PACKET_ROOM + PACKET_TAILROOM];
};

#endif

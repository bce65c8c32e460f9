/**
 * RTP on its way out, before it is sealed: what one subscriber gets of one receive batch is gathered, made equal in length, sealed in
 * order, and leaves as one message (net/udp.h). One train is open at a time, in the slots of the worker's batch.
 *
 *	uint8_t *slot = train_slot(w, peer);    write header and payload, at most TRAIN_PACKET_ROOM bytes
 *	train_add(w, len);                      or nothing: the slot is given again
 *	train_close(w);                         before anything happens to the peer, its keys or its path
 *
 * What is no train leaves packet by packet: over TCP, from a socket that cannot, or when the operator wants none.
 * Thread: the worker. No allocation.
 */
#ifndef HOPKIN_SFU_TRAIN_H
#define HOPKIN_SFU_TRAIN_H

#include <stdint.h>

#include "media_keys.h"
#include "train_shape.h"
#include "udp.h"

enum { TRAIN_PACKET_ROOM = UDP_SLOT_ROOM - MEDIA_OVERHEAD };

struct peer;
struct worker;

struct train {
	struct peer *peer;              /* borrowed; NULL: none is open */
	uint8_t *slots;                 /* of the batch */
	unsigned room;                  /* slots in a row */
	struct train_shape shape;
	uint16_t len[UDP_TRAIN_MOST];   /* as written */
};

uint8_t *train_slot(struct worker *worker, struct peer *peer);
void train_add(struct worker *worker, uint16_t len);
void train_close(struct worker *worker);        /* nothing open is fine */

#endif

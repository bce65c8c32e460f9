/**
 * Trains: what one subscriber gets of one receive batch, as few messages as may be, sent with GSO (UDP_SEGMENT) and sendmmsg.
 *
 * Packets of a train are of one size (the last may be shorter): smaller ones are padded with RTP padding (RFC 3550 §5.1).
 */
#ifndef HOPKIN_BARE_TRAIN_H
#define HOPKIN_BARE_TRAIN_H

#include <netinet/in.h>

#include "bare_key.h"

enum {
	BARE_BATCH = 64,                /* packets of one recvmmsg, so the longest train: Linux cuts no message into more */
	BARE_ROOM = 2048,               /* bytes of a packet and its padding */
};

/** A packet that came in, opened; its padding taken off. */
struct bare_packet {
	uint8_t bytes[BARE_ROOM];
	uint16_t header, len;           /* bytes of the header with its extensions; of header and payload */
	uint64_t index;                 /* ROC << 16 | seq, RFC 3711 §3.3.1 */
};

/** One stream as one subscriber sees it. */
struct bare_route {
	struct bare_peer *to;           /* borrowed */
	uint32_t ssrc, ts_offset;
	uint64_t index_offset;          /* what goes out is what came in plus this: gaps and order stay as they were */
};

/** A passenger: this packet, rewritten for this route. */
struct bare_item {
	struct bare_packet *packet;
	const struct bare_route *route;
};

struct bare_sender;

/** @param fd  borrowed. NULL: no memory. */
struct bare_sender *bare_sender_create(int fd);
void bare_sender_destroy(struct bare_sender *sender);

/** Rewrites, seals and queues up to BARE_BATCH items of one subscriber. */
void bare_sender_add(struct bare_sender *sender, const struct sockaddr_in *to, struct bare_key *key, const struct bare_item *items,
	unsigned count);

/** Sends what is queued. */
void bare_sender_flush(struct bare_sender *sender);

struct bare_sent { uint64_t packets, messages, calls, errors; };
struct bare_sent bare_sender_sent(const struct bare_sender *sender);

#endif

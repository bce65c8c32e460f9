/**
 * The journey of a packet: the file to open first is packet_path.c.
 *
 * Thread: the worker's. Nothing here locks, allocates or logs; every packet that goes no further has a counter.
 */
#ifndef HOPKIN_SFU_PACKET_PATH_H
#define HOPKIN_SFU_PACKET_PATH_H

#include <stdint.h>

#include "orders.h"
#include "packet.h"

struct worker;

/** A datagram (or a TCP frame) as it came. The packet stays the caller's. */
void packet_path_receive(struct worker *worker, struct packet *packet);
/** One that landed with another worker, handed over to the peer's own. */
void packet_path_receive_handed(struct worker *worker, struct packet *packet, const struct traffic_datagram *from);
/** An opened packet of a track that lives with another worker. */
void packet_path_receive_opened(struct worker *worker, struct packet *packet, const struct traffic_packet *from);

#endif

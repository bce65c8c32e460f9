/**
 * One ICE-TCP connection of a worker: frames in become packets on the packet path, packets out become frames.
 *
 * A connection that has not carried an authentic check after TCP_PROVE_US is closed. Its id says which worker has it, so
 * that a peer who lives elsewhere can be answered through it.
 * Thread: the worker's.
 */
#ifndef HOPKIN_SFU_TCP_LINK_H
#define HOPKIN_SFU_TCP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "path.h"

#define TCP_PROVE_US 10000000

struct worker;
struct tcp_link;

/** `fd` is taken over, also on failure. */
int tcp_link_open(struct worker *worker, int fd);
void tcp_link_close(struct tcp_link *link);
void tcp_link_close_all(struct worker *worker);

/** Which worker has the connection of this path. */
static inline uint16_t tcp_link_worker(const struct path *path)
{
	return (uint16_t)(path->conn >> 24);
}

/** To a connection of this worker; gone or full: counted and lost. */
void tcp_link_send(struct worker *worker, const struct path *path, const uint8_t *bytes, uint16_t len);
/** Its path was validated. */
void tcp_link_proved(struct worker *worker, const struct path *path);

#endif

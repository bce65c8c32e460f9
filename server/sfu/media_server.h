/**
 * The media program's threads, put together: N workers, one handshake thread, one audio thread, and control on the caller's thread.
 *
 * All memory that steady state needs is made here, and every thread has started and stands at the barrier when
 * media_server_start() returns: after that the jail may close. media_server_run() lets them go.
 */
#ifndef HOPKIN_SFU_MEDIA_SERVER_H
#define HOPKIN_SFU_MEDIA_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct media_plan {
	int parent;                     /* SOCK_SEQPACKET; owned from now on, also on failure */
	uint16_t workers;               /* 1…64 */
	uint16_t locals;                /* local addresses, 1…32 */
	const int *sockets;             /* workers * locals, worker-major; owned from now on, also on failure */
	bool no_trains;                 /* every datagram leaves by itself */
};

struct media_server;

int media_server_start(struct media_server **out, const struct media_plan *plan);      /* 0 or -errno */
/** Until the launcher says stop. */
void media_server_run(struct media_server *server);
void media_server_stop(struct media_server *server);    /* joins the threads, frees all; NULL is fine */

#endif

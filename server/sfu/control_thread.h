/**
 * The control link's end in the media program: what signaling asks becomes orders to the workers, what happens becomes events.
 *
 * It alone keeps names: rooms and peers are numbers to all others. It never waits for a worker but to post an order.
 * The link's other end may die; the peers stay, and the next link (handed over on the parent socket) asks for a snapshot.
 */
#ifndef HOPKIN_SFU_CONTROL_THREAD_H
#define HOPKIN_SFU_CONTROL_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "worker.h"

enum { CONTROL_ROOMS_MAX = 1000, CONTROL_PEERS_MAX = 5000 };

struct control_config {
	int parent;                             /* SOCK_SEQPACKET to the launcher; owned from now on */
	struct post *post;
	const struct counters *const *counters; /* of every thread that counts, the control thread's own apart */
	size_t counters_count;
};

struct control_thread;

int control_thread_create(struct control_thread **out, const struct control_config *config);
void control_thread_destroy(struct control_thread *control);    /* NULL is fine */

/** Until the launcher says stop, or is gone. Runs on the caller's thread. */
void control_thread_run(struct control_thread *control);

#endif

/**
 * The control thread's own: control_requests says what a request does, control_events what signaling is told, control_thread when.
 */
#ifndef HOPKIN_SFU_CONTROL_THREAD_INTERNAL_H
#define HOPKIN_SFU_CONTROL_THREAD_INTERNAL_H

#include "control_link.h"
#include "control_thread.h"
#include "figures.h"
#include "registry.h"

struct control_thread {
	bool stop;
	struct control_config config;
	struct counters counters;
	const struct counters *all_counters[WORKERS_MAX + 1];   /* the workers' and these */
	struct loop *loop;
	struct loop_source parent, events;
	struct control_link *link;
	struct registry registry;
	struct figures figures;
	control_name epoch;
	uint16_t next_tcp;
	int64_t scan_us;
};

/** control_requests.c: what control_link calls for each message. True: the descriptor is a worker's now. */
bool control_on_request(void *owner, const struct control_message *in, int fd);

/** Out of every thread's mind. */
void control_peer_forget(struct control_thread *c, struct known_peer *p);

/* -- control_events.c ------------------------------------------------------------------------------------------------------------- */

/** All that workers have told since the last call. */
void control_take_events(struct control_thread *c);

/** The message to fill, or NULL while nobody listens. */
struct control_message *control_begin_event(struct control_thread *c, enum control_type type);
void control_say_closed(struct control_thread *c, const struct known_peer *p, enum control_close_reason reason);

/** Every occupied seat: for a signaling process that remembers nothing. */
void control_say_all_seats(struct control_thread *c, const struct known_peer *p);

#endif

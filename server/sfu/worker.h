/**
 * One core's thread: sockets, peers that live here, their rooms' shards, timers.
 *
 * A turn: take orders and traffic, read the sockets, fire timers, settle rooms. What was received together is forwarded and sent
 * together, at once. Then sleep until a socket, a mailbox or a timer has something.
 */
#ifndef HOPKIN_SFU_WORKER_H
#define HOPKIN_SFU_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "audio_thread.h"
#include "counters.h"
#include "fanout.h"
#include "handshake_thread.h"
#include "ice.h"
#include "list.h"
#include "loop.h"
#include "mailbox.h"
#include "map.h"
#include "orders.h"
#include "packet_pool.h"
#include "peer.h"
#include "room.h"
#include "timers.h"
#include "train.h"
#include "udp.h"

enum {
	WORKER_LOCALS_MAX = 32,
	WORKER_PACKETS = 16384,         /* of the pool: above 2 s of history for some thirty busy layers; 27 MiB */
	WORKER_ORDERS = 1024,           /* mailbox slots */
	WORKER_TRAFFIC = 2048,
	WORKER_TCP_MAX = 2048,          /* connections */
};

/* How threads reach each other: made first, borrowed by all. */
struct post {
	uint16_t workers;
	struct mailbox *orders[WORKERS_MAX];
	struct mailbox *traffic[WORKERS_MAX];
	struct mailbox *events;
	struct audio_thread *audio;             /* NULL: nobody decodes levels */
	struct handshake_thread *handshake;     /* NULL: keys come from elsewhere (tests) */
};

int post_create(struct post *post, uint16_t workers);           /* 0, or -errno with nothing left behind */
void post_destroy(struct post *post);

struct worker_config {
	uint16_t index;
	struct post *post;
	unsigned locals;
	int sockets[WORKER_LOCALS_MAX];         /* owned by the worker from now on */
	uint32_t packets;                       /* of the pool; 0: WORKER_PACKETS */
	bool no_trains;                         /* every datagram leaves by itself */
};

struct worker {
	uint16_t index;
	bool stop;
	struct post *post;
	struct counters counters;
	struct packet_pool *pool;
	struct loop *loop;
	struct worker_socket { struct loop_source source; struct worker *worker; struct udp_socket *udp; } sockets[WORKER_LOCALS_MAX];
	struct udp_socket *udp[WORKER_LOCALS_MAX];      /* the same, by local address */
	unsigned locals;
	struct fanout fanout;
	struct train train;
	struct udp_batch *batch;
	struct ice_stun *stun;
	struct timers timers;
	struct map *rooms, *peers;              /* by number */
	struct map *paths;                      /* path → peer */
	struct map *ufrags;                     /* our user fragment → peer */
	struct map *conns;                      /* id → struct tcp_link */
	uint32_t conn_next;
	uint32_t source_next;                   /* numbers for `rewrite` */
	struct list dirty;                      /* rooms to settle */
	struct loop_source orders_ready, traffic_ready;
	int64_t now_us;                         /* of this turn */
	struct seat_person *people;             /* room for SEATS_PEOPLE_MAX: one room at a time is settled */
};

int worker_create(struct worker **out, const struct worker_config *config);
void worker_destroy(struct worker *worker);     /* NULL is fine */

/** Turns until ORDER_STOP. */
void worker_run(struct worker *worker);
/** One turn that waits for nothing after `deadline_us`. */
void worker_turn(struct worker *worker, int64_t deadline_us);

/** Where one datagram is written that is no part of a train. */
uint8_t *worker_slot(struct worker *worker);
/** That datagram to a path; `bytes` is the slot. */
void worker_send(struct worker *worker, const struct path *to, uint8_t *bytes, uint16_t len);
/** Traffic to another worker; full: counted and lost. */
bool worker_post(struct worker *worker, uint16_t to, enum order kind, const void *head, size_t head_len, const void *tail,
	size_t tail_len);
/** Nothing waits any longer: forward what was received, and send all. */
void worker_flush(struct worker *worker);
void worker_tell(struct worker *worker, enum order event, const void *head, size_t len);

uint32_t worker_new_source(struct worker *worker);

#endif

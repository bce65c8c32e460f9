/**
 * UDP: a socket that is read in batches, and a batch that is written to many sockets.
 *
 * Sockets arrive bound, one per worker and local address (a wildcard socket could answer from the wrong address). Nothing here
 * blocks. Thread: the worker that owns them; only udp_send_to() may be called by any thread.
 */
#ifndef HOPKIN_NET_UDP_H
#define HOPKIN_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "packet_pool.h"
#include "path.h"

enum {
	UDP_BATCH = 64,                 /* datagrams per recvmmsg, messages per sendmmsg */
	UDP_SLOT_ROOM = 1500,           /* bytes of one outgoing datagram */
	UDP_TRAIN_MOST = 32,            /* datagrams in one message; the kernel takes 64, and beyond this hardly anything is saved */
	UDP_SLOTS = 128,                /* of a batch: 188 KiB, which stay in a core's cache */
};

/* -- in --------------------------------------------------------------------------------------------------------------- */

struct udp_socket;

/**
 * @param fd     a bound, non-connected UDP socket; owned from now on, closed by udp_socket_destroy
 * @param local  index of its local address: goes into every path
 * Sets non-blocking and asks for large kernel buffers. 0, -EINVAL (not a UDP socket over IP), -ENOMEM.
 */
int udp_socket_create(struct udp_socket **out, int fd, uint8_t local);
void udp_socket_destroy(struct udp_socket *socket);             /* NULL is fine */
int udp_socket_fd(const struct udp_socket *socket);
/** Whether trains may leave by it: at first as `on` says; off for good once the kernel has said that it cannot (EIO). */
void udp_socket_set_trains(struct udp_socket *socket, bool on);
bool udp_socket_is_v6(const struct udp_socket *socket);

/**
 * Read up to UDP_BATCH datagrams into packets of `pool`, each with `path`, `arrival_us` and one reference of the caller's.
 * Longer than PACKET_ROOM or empty: dropped and counted. Pool empty: a batch is read and thrown away, and counted, so that
 * the socket does not stay readable for ever.
 * @return how many packets are in `out`; `*more` if the socket may hold more
 */
unsigned udp_socket_receive(struct udp_socket *socket, struct packet_pool *pool, int64_t now_us, struct counters *counters,
		struct packet *out[UDP_BATCH], bool *more);

/* -- out -------------------------------------------------------------------------------------------------------------- */

/**
 * A batch of outgoing datagrams: write each straight into its slot, so that the copy which is sealed is the only one.
 *
 *     uint8_t *slot = udp_batch_slot(batch);           (UDP_SLOT_ROOM bytes; a full batch is sent first)
 *     ... write, seal ...
 *     udp_batch_add(batch, &path, len);                (or nothing: the slot is then given again)
 *     ... at the end of the receive batch: udp_batch_send(batch)
 *
 * Datagrams for one destination may leave as a *train*, one message for the kernel, which cuts it (UDP_SEGMENT): all but the last have
 * one length, the last may be shorter. That costs a quarter of sending them one by one.
 *
 *     unsigned room;
 *     uint8_t *slots = udp_batch_slots(batch, &room);  (room ≥ UDP_TRAIN_LEAST slots in a row)
 *     ... write and seal the first n ...
 *     udp_batch_add_train(batch, &path, len, n);
 */
struct udp_batch;

enum { UDP_TRAIN_LEAST = 8 };

/** @param sockets  one per local address, indexed by path.local; borrowed, they outlive the batch */
int udp_batch_create(struct udp_batch **out, struct udp_socket *const *sockets, unsigned socket_count, struct counters *counters);
void udp_batch_destroy(struct udp_batch *batch);                /* unsent datagrams are dropped; NULL is fine */

uint8_t *udp_batch_slot(struct udp_batch *batch);
void udp_batch_add(struct udp_batch *batch, const struct path *to, uint16_t len);
/** Datagrams that wait to be sent. */
unsigned udp_batch_pending(const struct udp_batch *batch);

uint8_t *udp_batch_slots(struct udp_batch *batch, unsigned *room);
/** Whether more than one datagram may leave for this destination in one message. */
bool udp_batch_trains(const struct udp_batch *batch, const struct path *to);
/** @param len  of each of `count` ≤ UDP_TRAIN_MOST slots; 0: that one is left out */
void udp_batch_add_train(struct udp_batch *batch, const struct path *to, const uint16_t *len, unsigned count);

/**
 * Send all that is in it. What the kernel will not take now is dropped and counted: late media is worth nothing. A train that it does
 * not take as such (EINVAL, EMSGSIZE: a path of small MTU; EIO: a device that cannot) goes out datagram by datagram.
 */
void udp_batch_send(struct udp_batch *batch);

/** One datagram at once, on any UDP socket of the right family (`fd`), from any thread. 0 or -errno. */
int udp_send_to(int fd, const struct path *to, const uint8_t *bytes, size_t len);

/* -- addresses -------------------------------------------------------------------------------------------------------- */

struct sockaddr_storage;

/** v4-mapped becomes PATH_UDP4. False: neither IPv4 nor IPv6. */
bool path_from_sockaddr(struct path *out, const struct sockaddr_storage *from, uint8_t local);

/** The length of what was written; 0: not a UDP path. `v6` says the socket's family: an IPv4 path on it is written v4-mapped. */
unsigned path_to_sockaddr(struct sockaddr_storage *out, const struct path *path, bool v6);

#endif

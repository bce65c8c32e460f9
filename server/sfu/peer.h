/**
 * One browser's transport, as one worker knows it.
 *
 * Every worker of the process knows every peer. PEER_WAITING: any worker answers its checks. When its keys arrive at one of them, it
 * lives there (PEER_HERE), and the others only know where to send what lands with them by mistake (PEER_ELSEWHERE).
 *
 * Owned by its room's shard. Thread: the worker's.
 */
#ifndef HOPKIN_SFU_PEER_H
#define HOPKIN_SFU_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "ice.h"
#include "list.h"
#include "media_keys.h"
#include "orders.h"
#include "packet.h"
#include "peer_config.h"
#include "publisher.h"
#include "sr_clock.h"
#include "timers.h"
#include "track.h"
#include "viewer.h"

enum peer_home { PEER_WAITING, PEER_HERE, PEER_ELSEWHERE };

enum {
	PEER_PATHS = 2 * ICE_PATHS,     /* validated here and at other workers */
	PEER_SSRCS_MAX = 200,           /* SRTP contexts each way: 8 sections of 12 and their RTCP; 64 seats of 3 */
};

struct room;
struct member;
struct worker;

struct peer {
	struct worker *worker;          /* borrowed: outlives it */
	struct room *room;              /* its owner */
	struct member *member;          /* borrowed: the participant, kept by the room while a peer has that number */
	struct list in_room;
	struct peer_config *config;     /* owned */
	uint32_t id, number;            /* number: the participant's */
	uint32_t rtcp_ssrc;             /* ours, in what we say to this browser */
	enum peer_home home;
	uint16_t owner;                 /* PEER_ELSEWHERE: the worker */
	uint8_t on, blocked;            /* bit 1 << enum control_source */
	struct track *tracks[CONTROL_SOURCES];  /* owned; NULL: it does not send that */
	struct sr_publisher clock;      /* its clock against ours */

	struct ice *ice;                /* owned; NULL when PEER_ELSEWHERE */
	struct timer ice_timer;
	char ufrags[2][CONTROL_NAME_MAX + 1];   /* ours, in the worker's map; the second is the one before a restart */
	uint8_t path_count;
	struct path paths[PEER_PATHS];  /* in the worker's map */

	/* PEER_HERE */
	struct media_keys *keys;        /* owned */
	bool proved;                    /* it sent an authentic packet: the handshake is over for both sides */
	bool has_path;
	struct path path;               /* where media goes */
	int64_t path_heard_us;          /* when media last came from there */
	uint8_t via;                    /* enum control_via, as last told */
	struct publisher *publisher;    /* owned */
	struct viewer *viewer;          /* owned */
	uint8_t loudest;                /* level since it was last told to the room's home, -dBov */
	bool voice;
	int64_t level_us;               /* when it was told */
};

/** A peer that waits. `config` is taken over, also on failure. */
int peer_create(struct peer **out, struct worker *worker, struct room *room, struct peer_config *config, int64_t now_us);
void peer_destroy(struct peer *peer);           /* NULL is fine */

/** Parts of its configuration replaced; `update` is taken over. */
void peer_on_update(struct peer *peer, struct peer_config *update, int64_t now_us);
void peer_on_allowed(struct peer *peer, uint8_t on, uint8_t blocked, int64_t now_us);
/** It lives here from now on. */
void peer_on_keys(struct peer *peer, const struct order_keys *keys, int64_t now_us);
/** It lives on another worker. */
void peer_on_owner(struct peer *peer, uint16_t worker, int64_t now_us);

/** One STUN message for it; `from_worker`: on whose socket it came in. */
void peer_on_stun(struct peer *peer, const struct packet *packet, uint16_t from_worker, int64_t now_us);
/** A path is its own; if another peer has it, only when `proven` (it answered a check of ours). */
void peer_on_path(struct peer *peer, const struct path *path, bool proven);
/** A connection is closed. */
void peer_on_path_gone(struct peer *peer, const struct path *path, int64_t now_us);
/** An authentic SRTP or SRTCP packet came on this path. */
void peer_on_heard(struct peer *peer, const struct path *path, int64_t now_us);

/** One sealed datagram to where media goes; `bytes` is the worker's current slot. */
void peer_send(struct peer *peer, uint8_t *bytes, uint16_t len);
/** Seal and send one RTCP datagram; nothing happens while there are no keys or no path. */
void peer_send_rtcp(struct peer *peer, const uint8_t *bytes, size_t len);

/** Connected, here or elsewhere. */
static inline bool peer_connected(const struct peer *peer)
{
	return peer->home != PEER_WAITING;
}

#endif

/**
 * What threads say to each other. Each message is one struct below, copied into the reader's mailbox.
 *
 *	control ──orders──▶ worker          what signaling asked, once for each worker: every shard knows all peers of its rooms
 *	handshake ─orders─▶ worker          keys; DTLS datagrams for a TCP path
 *	audio ────orders──▶ worker          a level that had to be decoded
 *	worker ──traffic──▶ worker          packets, and what shards of one room tell each other
 *	worker, handshake ──events──▶ control
 *
 * Orders may not get lost: a sender waits for room. Traffic is bounded like a network: what does not fit is counted and dropped, so
 * everything in it but packets is said again every second.
 *
 * Peers and rooms are numbers here, given by the control thread and never used twice in one life of the process.
 */
#ifndef HOPKIN_SFU_ORDERS_H
#define HOPKIN_SFU_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "layers.h"
#include "media_info.h"
#include "media_keys.h"
#include "path.h"
#include "sr_clock.h"

enum {
	WORKERS_MAX = 64,               /* interest in a layer is one bit a worker */
	ROOM_SPEAKERS = CONTROL_SPEAKERS_MAX,
};

enum order {
	/* orders */
	ORDER_PEER_ADD,         /* struct order_config: owned by the reader now */
	ORDER_PEER_UPDATE,      /* struct order_config: likewise; only the parts with a flag */
	ORDER_PEER_REMOVE,      /* struct order_peer */
	ORDER_PEER_OWNER,       /* struct order_peer: lives on `worker`, not here */
	ORDER_PEER_ALLOWED,     /* struct order_allowed */
	ORDER_PEER_VIEW,        /* struct order_view */
	ORDER_TCP,              /* struct order_tcp */
	ORDER_FIGURES,          /* struct order_figures */
	ORDER_STOP,             /* – */
	ORDER_KEYS,             /* struct order_keys: the peer lives here from now on */
	ORDER_DTLS_OUT,         /* struct order_dtls_out, and the datagram */
	ORDER_LEVEL,            /* struct order_level */
	/* traffic */
	TRAFFIC_DATAGRAM,       /* struct traffic_datagram, and the bytes as they came: for the peer's owner */
	TRAFFIC_PATH,           /* struct traffic_path: packets from there belong to that peer (or no more) */
	TRAFFIC_PACKET,         /* struct traffic_packet, and an opened RTP packet of a track */
	TRAFFIC_WANT,           /* struct traffic_want */
	TRAFFIC_KEYFRAME,       /* struct traffic_want: one layer */
	TRAFFIC_TRACK,          /* struct traffic_track */
	TRAFFIC_CLOCK,          /* struct traffic_clock */
	TRAFFIC_LEVEL,          /* struct traffic_level: for the room's home */
	TRAFFIC_SPEAKERS,       /* struct traffic_speakers: from the home */
	TRAFFIC_OUT,            /* struct traffic_out, and sealed bytes for a TCP connection of the reader's */
	/* events */
	EVENT_CONNECTED,        /* struct event_connected */
	EVENT_CLOSED,           /* struct event_closed */
	EVENT_STALLED,          /* struct event_stalled */
	EVENT_SEATS,            /* struct event_seats */
	EVENT_SPEAKERS,         /* struct traffic_speakers */
	EVENT_FIGURES,          /* struct event_figures */
};

struct peer_config;

struct order_peer { uint32_t peer; uint32_t worker; };
struct order_config { struct peer_config *config; };
struct order_allowed { uint32_t peer; uint8_t on, blocked; };           /* bit 1 << enum control_source */
struct order_view {
	uint32_t peer;
	uint8_t pin_count, want_count, height_count;
	uint32_t pins[CONTROL_VIEW_MAX], wants[CONTROL_VIEW_MAX];
	uint16_t heights[CONTROL_VIEW_MAX];
};
struct order_tcp { int fd; };
struct order_figures { uint32_t room; uint64_t token; };
struct order_keys { uint32_t peer; struct path path; struct media_key_material keys; };
struct order_dtls_out { uint32_t peer; struct path path; };
struct order_level { uint32_t peer; uint8_t level; };                   /* -dBov, as in RFC 6464 */

struct traffic_datagram { uint32_t peer; struct path path; int64_t arrival_us; uint16_t from; };
struct traffic_path { uint32_t peer; struct path path; bool gone, proven; };
struct traffic_packet { uint32_t peer; uint8_t source; struct media_info info; };
struct traffic_want { uint32_t peer; uint8_t source; uint8_t layers; uint16_t from; };      /* bit 1 << layer; 0: nothing */

struct traffic_track { uint32_t peer; uint8_t source; struct layer_info layers[CONTROL_RIDS_MAX]; };
struct traffic_clock { uint32_t peer; uint8_t source, layer; struct sr_publisher publisher; struct sr_stream stream; };
struct traffic_level { uint32_t room, number; uint8_t level; bool voice; };
struct traffic_out { struct path path; };

struct event_connected { uint32_t peer; uint16_t worker; uint8_t via; };
struct event_closed { uint32_t peer; uint8_t reason; };
struct event_stalled { uint32_t peer; bool stalled; };
struct event_seats {
	uint32_t peer;
	uint8_t count;
	struct { uint8_t seat; uint32_t number; } seats[CONTROL_SEATS_MAX];
};
struct traffic_speakers {
	uint32_t room;
	uint8_t order_count, speaking_count;
	uint32_t order[ROOM_SPEAKERS], speaking[ROOM_SPEAKERS];
};
/* `peers` is a block of `count`, made by the worker and owned by the reader; NULL if there are none. */
struct event_figures { uint64_t token; uint32_t count; struct peer_figures *peers; };
struct peer_figures {
	uint32_t peer;
	uint32_t rtt_us;
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, lost;
};

/** Post, and wait while the box is full. Not for workers. */
struct mailbox;
void order_post(struct mailbox *box, enum order kind, const void *head, size_t len);

#endif

/**
 * What the modules of this layer share: connections, meetings, participants, peers. Not for other layers (they read live.h).
 *
 * Tree of owners: live → meetings → participants → peers; live → connections. A connection borrows its meeting (counted in
 * `meeting.entered`) and its participant; the participant borrows its connection back. Both are cut where either ends
 * (client_detach, meeting_remove_participant).
 */
#ifndef HOPKIN_LIVE_LIVE_STATE_H
#define HOPKIN_LIVE_LIVE_STATE_H

#include "list.h"
#include "live.h"
#include "map.h"
#include "media_link.h"
#include "offer_plan.h"

enum {
	LIVE_MESSAGE_KINDS = 18,        /* rows of the message table */
	LIVE_TOKEN_HASH = 32,           /* bytes of a hashed resume token */
	LIVE_MARK = 8,                  /* bytes of a keyed hash that stands for a removed person */
	LIVE_REMOVALS_KEPT = 32,        /* marks that survive this process; the newest, up to two a person */
	LIVE_CHAT_KEPT = 200,           /* messages of a meeting */
	LIVE_CHAT_TOLD = 96 * 1024,     /* bytes: of those, the newest that somebody who comes is told */
	LIVE_PEER_ID_ROOM = 28,         /* "p-", 24 characters of base64url, and a zero */
	LIVE_AWAY_US = 60 * 1000000,    /* a lost connection's place is kept */
	LIVE_SILENT_US = 30 * 1000000,
	LIVE_RETIRE_US = 10 * 1000000,  /* a replaced peer goes at the latest */
	LIVE_RECOVER_US = 3 * 1000000,  /* after a start, wait this long for the media program's snapshot */
};

struct participant;

/* By what somebody is known who is removed (removal.h); zeros: by no such thing. */
struct removal_marks { uint8_t person[LIVE_MARK], address[LIVE_MARK]; };
struct removal { uint8_t mark[LIVE_MARK]; int64_t from_s; };

/* A stored room as last looked up. */
struct room_info {
	char id[LIVE_ROOM_ID_ROOM];
	char *title, *banner, *contact, *password_hash;
	int64_t owner;
	uint16_t max;
	bool guests, closed;
};

/* One browser transport at the media program. */
struct live_peer {
	struct list in_retired;         /* live.retired while it is being replaced */
	char id[LIVE_PEER_ID_ROOM];
	struct participant *participant;        /* borrowed: its owner */
	bool connected;
	enum control_via via;
	uint32_t generation;            /* ICE restarts */
	uint32_t ufrag_mark;            /* of the browser's user fragment, to tell an ICE restart */
	bool fingerprint_known;         /* not after a recovery */
	char fingerprint[CONTROL_FINGERPRINT_MAX + 1];
	struct offer_sections *sections;        /* owned; NULL after a recovery: not known */
	uint16_t seat_count;
	uint32_t seats[CONTROL_SEATS_MAX];      /* who sits where; 0: nobody */
	int64_t retire_at_us;           /* 0: it is the current one */
	/* An answer that waits for the media program's word. */
	char *pending_sdp;              /* owned; NULL: none */
	uint64_t pending_conn, pending_re;
};

struct participant {
	struct list in_meeting;
	struct meeting *meeting;        /* borrowed: its owner */
	struct live_conn *conn;         /* borrowed; NULL: away */
	struct live_peer *peer;         /* owned; the current one, or NULL */
	struct live_peer *old_peer;     /* owned; being replaced, or NULL */
	bool present;                   /* on the roster; false while the media program is asked */
	uint32_t number;
	char name[LIVE_NAME_ROOM];
	enum live_kind kind;
	bool sends[CONTROL_SOURCES];    /* of a publishing device: what it offered, and so has on unless a host forbids it */
	bool guest, host;
	int64_t account;
	uint8_t session[LIVE_SESSION_BYTES];
	struct removal_marks marks;     /* what is remembered of them if they are removed */
	int64_t since_s, hand_s;        /* Unix seconds; hand 0: down */
	bool state[CONTROL_SOURCES];    /* what they have switched on */
	bool blocked[CONTROL_SOURCES];  /* mic, camera, screen: what a host forbids; screen_audio follows screen */
	int64_t away_since_us;          /* while conn is NULL */
	uint8_t resume_hash[LIVE_TOKEN_HASH];
	uint32_t recovered_revision;    /* of the tag this was recovered from */
};

struct chat_line { uint32_t number; bool guest; int64_t at_s; char *name, *text; };

struct meeting {
	struct list in_live;
	struct live *live;              /* borrowed */
	struct room_info room;
	bool gone;                      /* the room no longer exists */
	uint32_t entered;               /* connections that look at it */
	struct list participants;
	uint32_t people;                /* how many participants, present or joining */
	uint32_t last_number;
	bool opened;                    /* room.open was sent in this life of the media program */
	bool locked;
	uint32_t revision;              /* grows with every sealed tag */
	struct chat_line chat[LIVE_CHAT_KEPT];
	uint32_t chat_next, chat_count;
	struct removal *removals;
	uint32_t removal_count;
	json_t *speakers;               /* the last event, or NULL */
	bool has_password_mac;          /* of the right password, under live.password_key */
	uint8_t password_mac[32];
};

enum conn_state { CONN_OPENED, CONN_ENTERED, CONN_JOINED, CONN_LEFT };

struct rate { double tokens; int64_t at_us; };

struct live_conn {
	struct list in_live;
	struct live *live;              /* borrowed */
	uint64_t serial;                /* never used again */
	struct live_wire wire;
	void *wire_arg;
	struct live_who who;
	enum conn_state state;
	bool closing;                   /* a close was asked for: deaf and mute */
	bool busy;                      /* an answer is awaited from elsewhere */
	bool deflates;                  /* it has sent a compressed message, so it can read one */
	int64_t heard_us;
	uint64_t last_id;
	struct rate rates[LIVE_MESSAGE_KINDS], refused, hasty;
	struct meeting *meeting;        /* borrowed and counted; from entered to left */
	struct participant *participant;        /* borrowed; from join on */
	char name[LIVE_NAME_ROOM];      /* as entered */
	json_t *parked;                 /* a message that waits for the recovery's end */
	uint64_t parked_id;
	struct whip_exchange *exchange; /* of a device: the HTTP request that waits, owned; or NULL */
};

struct live {
	struct live_config config;
	char *hosts[LIVE_HOSTS_MAX];
	struct live_ops ops;
	uint8_t password_key[32];       /* of this life */
	struct list conns, meetings, lookups, retired, exchanges;
	struct map *meetings_by_id, *peers_by_id;
	uint32_t conn_count;
	uint64_t next_serial, next_ticket;
	bool recovering, snapshot_read;
	int64_t recover_until_us;
	int64_t stats_asked_us;
	struct media_link link;
	json_t *media_stats;            /* the media program's counters as last heard; NULL: never */
	struct sdp_offer *offer;        /* scratch: one offer at a time */
	struct offer_plan *plan;
	struct {
		uint64_t opened, messages, refused, too_fast, entered, wrong_passwords, joined, resumed, departed_lost, removed,
			media_lost, bad_sdp, chat, recovered, bad_tags, link_errors, devices_entered, devices_refused;
	} counters;
};

static inline int64_t live_now_us(const struct live *live)
{
	return live->ops.now_us(live->ops.ctx);
}

static inline int64_t live_unix_s(const struct live *live)
{
	return live->ops.unix_ms(live->ops.ctx) / 1000;
}

#endif

/**
 * How hopkin-load speaks to a server under test.
 *
 * An adaptor does what is particular to one server: it starts it (or finds it), tells it who joins and who leaves, and hands the
 * engine what the server said about each transport. Packets are the engine's alone: sockets, ICE checks, DTLS, SRTP, replay and
 * counting are the same whatever the server, so figures of two servers can stand beside each other.
 *
 * `--server hopkin|janus|bare` (hopkin when left out) names a row of the table in load_adaptors.c; `--url` means a whole Hopkin.
 * Everything runs on one thread in one tp_loop; adaptors may watch descriptors of their own there, and must not block in it.
 */
#ifndef HOPKIN_LOAD_ADAPTOR_H
#define HOPKIN_LOAD_ADAPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "tp_loop.h"

enum {
	LOAD_LAYERS = 3,                /* simulcast: 180, 360, 720 lines */
	LOAD_SENDS = 1 + LOAD_LAYERS,
	LOAD_PEERS = 2,                 /* transports of one person: Janus sends and receives on two */
	LOAD_ADDRESSES = 64,            /* rooms of a whole Hopkin */
};

/* -- who is in the scene: filled by the scene, read by the adaptor -- */

enum load_codec { LOAD_OPUS, LOAD_VP8 };

struct load_person;

/** Something that a person wants to receive. */
struct load_view {
	struct load_person *of;
	bool audio;
	int height;                     /* lines at which the picture is shown; 0: no picture */
};

struct load_peer;

struct load_person {
	uint32_t number;                /* 1…; in the tag of every packet that they send, and CSRC where a server sets one */
	int room;                       /* 0… */
	bool sends_audio;
	int sends_layers;               /* of video: 0 none, 1 single 1.5 Mbit/s, 3 simulcast */
	const struct load_view *views;  /* borrowed from the scene: others in the same room, who may join later or have left */
	int view_count;
	struct load_peer *peers[LOAD_PEERS];    /* the adaptor opens them; the engine closes what is left after `leave` */
	void *of_adaptor;               /* whatever the adaptor keeps; freed in its `leave` */
};

/** The simulcast layer (0 smallest) for a height. */
int load_layer_for(int height);

/* -- one transport -- */

/** A stream that we send. Audio comes first, then video layers from the smallest. */
struct load_send {
	enum load_codec codec;
	int layer, layers;              /* 0 of 1, or 0…2 of 3 */
	uint32_t ssrc;
	char mid[4], rid[4];            /* rid empty when there is one layer */
};

struct load_numbers {
	uint8_t opus, vp8, rtx;         /* payload types */
	uint8_t mid, rid, level;        /* header extension ids, 0: not sent */
};

/** Our side. The engine fills it in; an adaptor may change `numbers`, ssrcs, mids and rids before `load_peer_connect`. */
struct load_local {
	struct sockaddr_storage addr;   /* bound: a server with static keys is told this one */
	char ufrag[12], pwd[28];
	const char *fingerprint;        /* "sha-256 AB:…" */
	struct load_numbers numbers;
	struct load_send sends[LOAD_SENDS];
	int send_count;
};

enum load_security {
	LOAD_ICE_DTLS,                  /* ICE checks, then DTLS in which we are the client, then SRTP */
	LOAD_STATIC_KEYS,               /* SRTP from the first packet; for the bare forwarder */
};

/** AEAD_AES_128_GCM master key and salt. */
struct load_key { uint8_t key[16], salt[12]; };

/** The server's side. */
struct load_remote {
	enum load_security security;
	struct sockaddr_storage addr;   /* its first fitting candidate */
	char ufrag[64], pwd[128], fingerprint[128];     /* LOAD_ICE_DTLS; fingerprint empty: any certificate */
	bool controlling;               /* the server offered and has full ICE: it nominates, we answer and check without nominating */
	struct load_key to_server, from_server;         /* LOAD_STATIC_KEYS */
};

/**
 * Opens a transport of `person` with the streams asked for, as `person->peers[at]`. Its SSRCs, credentials and bound address stand in
 * `load_peer_local` from then on. Two uses:
 *   we offer (Hopkin, a Janus publisher): open, write an offer or parameters from `local`, read the answer, `load_peer_connect`;
 *   the server offers (a Janus subscriber): read the offer, open without sends, set `local->numbers` to the offer's, write the answer
 *   from `local` with setup:active, `load_peer_connect` with `controlling`.
 * NULL and errno when no socket can be had.
 */
struct load_peer *load_peer_open(struct load_person *person, int at, bool audio, int layers);
struct load_local *load_peer_local(struct load_peer *peer);
struct load_person *load_peer_person(struct load_peer *peer);

/** Goes on by itself: checks, DTLS, then sends. Copies `remote`. */
void load_peer_connect(struct load_peer *peer, const struct load_remote *remote);

/** Silence at once; forgets the transport. */
void load_peer_close(struct load_peer *peer);

/** The adaptor could not bring a person in; the run counts it and reports the first reason. `why` is copied. */
void load_person_failed(struct load_person *person, const char *why);

/* -- the server -- */

struct load_server {
	const char *program;            /* --program; NULL: the adaptor's own default */
	const char *log;                /* where its log goes; NULL: nowhere */
	const char *address;            /* numeric, 127.0.0.1 by default */
	uint16_t port;
	int workers;                    /* event loops, for Janus */
	const char *rooms[LOAD_ADDRESSES], *passwords[LOAD_ADDRESSES];  /* a whole Hopkin: https://HOST:PORT/r/ROOM */
	int room_count;
};

struct load_adaptor {
	const char *name;
	/**
	 * Starts the server and comes back when it can be told to join people (running the loop meanwhile is allowed here alone).
	 * Called with the CPU affinity that the server shall have: what is forked inherits it. 0 or -errno, with a line on stderr.
	 */
	int (*start)(void **out, struct tp_loop *loop, const struct load_server *server, int rooms);
	void (*stop)(void *adaptor);
	/** Whose CPU time and memory count; 0: not on this machine. */
	pid_t (*pid)(const void *adaptor);
	/** Begins to bring in `person`: opens its peers, signals, connects. Comes back at once. */
	void (*join)(void *adaptor, struct load_person *person);
	/** May be NULL. Everybody of the scene has been connected for the first time: a server that needs named subscriptions makes them now. */
	void (*all_joined)(void *adaptor);
	/** May be NULL. `peer` has its keys. */
	void (*connected)(void *adaptor, struct load_peer *peer);
	void (*leave)(void *adaptor, struct load_person *person);
	/** May be NULL. Packets that the server says it received and sent since it started; false: not known now. */
	bool (*counts)(void *adaptor, uint64_t *received, uint64_t *sent);
};

extern const struct load_adaptor load_hopkin, load_hopkin_room, load_janus, load_bare;

#endif

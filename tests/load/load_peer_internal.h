/**
 * A transport from inside: what the files that make it up share. load_peer.c is its life, load_handshake.c the way to its keys, load_send.c and
 * load_receive.c what passes then.
 */
#ifndef HOPKIN_LOAD_PEER_INTERNAL_H
#define HOPKIN_LOAD_PEER_INTERNAL_H

#include "load_engine.h"
#include "load_sink.h"
#include "load_srtp.h"
#include "load_stream.h"
#include "tp_dtls.h"

enum load_peer_state { LOAD_PEER_OPEN, LOAD_PEER_CHECKING, LOAD_PEER_SHAKING, LOAD_PEER_UP };

struct load_peer {
	struct load_engine *engine;
	struct load_member *member;
	int at;                         /* which of its person's peers */
	enum load_peer_state state;
	struct tp_watch watch;
	struct load_local local;
	struct load_remote remote;
	uint8_t transaction[12];
	unsigned tries;
	uint64_t tie_breaker;
	struct tp_timer check_timer, dtls_timer, media_timer, rtcp_timer;
	struct tp_dtls *dtls;           /* NULL before, and again when the server has proved that it has the keys */
	struct load_srtp in, out;
	struct load_stream streams[LOAD_SENDS];
	bool filtered;                  /* RTP is dropped in the kernel */
	struct load_sink *sinks;
	int sink_count;
};

/** Buffers that all peers use in turn; false without memory. */
bool load_send_open(struct load_engine *engine);
bool load_receive_open(struct load_engine *engine);

/** One datagram as it is. */
void load_peer_send(struct load_peer *peer, const uint8_t *bytes, size_t len);

/** Begins to send by the recording, and reports. */
void load_peer_start_media(struct load_peer *peer);

/** The first check; DTLS and media follow by themselves. */
void load_peer_begin_checks(struct load_peer *peer);
void load_peer_on_stun(struct load_peer *peer, const uint8_t *bytes, size_t len);
void load_peer_on_dtls(struct load_peer *peer, const uint8_t *bytes, size_t len);
void load_peer_forget_dtls(struct load_peer *peer);
void load_peer_go_up(struct load_peer *peer, const struct load_key *to_server, const struct load_key *from_server);

void load_peer_on_ready(struct tp_watch *watch, uint32_t events);

void load_member_note(struct load_member *member, enum load_part part);
int64_t load_wall_ns(void);

#endif

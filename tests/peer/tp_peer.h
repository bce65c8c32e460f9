/**
 * A whole test peer: full ICE (controlling) over UDP and TCP, DTLS client, SRTP, what it publishes and what it checks.
 *
 * Knows nothing of signaling: `tp_peer_config` says what is wanted, `tp_peer_connect` takes what the server answered.
 * One loop, one thread.
 */
#ifndef HOPKIN_PEER_TP_PEER_H
#define HOPKIN_PEER_TP_PEER_H

#include "tp_dtls.h"
#include "tp_loop.h"
#include "tp_rtcp.h"
#include "tp_sink.h"
#include "tp_source.h"
#include "tp_srtp.h"
#include "tp_wire.h"

enum { TP_PEER_SEATS = 64, TP_PEER_SINKS = 2 * TP_PEER_SEATS, TP_PEER_CANDIDATES = 16, TP_PEER_WAYS = 4, TP_KEPT_PACKETS = 64 };

struct tp_payloads { uint8_t opus, vp8, rtx; };

struct tp_send_plan {
	bool on;
	char mid[16];
	int layers;                             /* camera: 1 or 3 */
	uint32_t kbps[TP_LAYERS];
};

enum tp_seat_kind { TP_SEAT_PERSON, TP_SEAT_SCREEN, TP_SEAT_VOICE };
extern const char *const tp_seat_names[3];

struct tp_seat_plan { enum tp_seat_kind kind; char audio[16], video[16]; };

struct tp_peer_config {
	char name[64];
	uint32_t number;                        /* put into tags; may be set later, before publishing */
	struct tp_payloads pt;
	struct tp_ext_ids ids;
	struct tp_send_plan sends[TP_SOURCES];
	struct tp_seat_plan seats[TP_PEER_SEATS];
	int seat_count;
	const char *profiles;                   /* DTLS-SRTP, static string */
	uint16_t dtls_mtu;
	bool wrong_fingerprint;                 /* signals a fingerprint that is not its certificate's */
	bool tcp, ipv6;                         /* which candidate to use; neither: the first UDP */
	bool temporal, voice, quiet;            /* quiet: no RTCP at all */
	bool declare_ssrcs;                     /* SSRCs are signaled (sends without rids always do) */
	uint16_t fps, first_seq;
};

struct tp_candidate { struct sockaddr_storage addr; bool tcp; };

struct tp_remote_seat { uint32_t audio, video, rtx; };

struct tp_remote {
	char ufrag[64], pwd[64], fingerprint[128];
	struct tp_candidate candidates[TP_PEER_CANDIDATES];
	int candidate_count;
	struct tp_remote_seat seats[TP_PEER_SEATS];
};

struct tp_peer_times { int64_t start_us, check_us, dtls_us, first_us; };

struct tp_peer_counts {
	uint64_t rx_rtp, rx_rtcp, rx_dtls, rx_stun, rx_other;   /* by first byte, before opening */
	uint64_t rtp_before_keys, unknown_ssrc, bad_rtp, bad_rtcp;
	uint64_t checks_sent, checks_answered, check_errors, server_checks, server_checks_bad;
	uint64_t twcc_feedback, twcc_reported, twcc_received, reports, remb, byes, unknown_plis, unknown_nacks;
	uint64_t sent_rtp, sent_rtcp, nacks_sent, plis_sent;
	uint64_t twcc_gaps;             /* in the transport-wide numbers received */
};

struct tp_peer;

struct tp_peer_events {
	void (*on_connected)(void *owner, struct tp_peer *peer);
	void (*on_first_media)(void *owner, struct tp_peer *peer);
	void (*on_closed)(void *owner, struct tp_peer *peer, const char *reason);
};

/* One path: a socket or connection, and how its checks stand. */
struct tp_way {
	struct tp_peer *peer;
	struct tp_wire wire;
	struct tp_timer timer;
	bool used, checked, nominated, silent, nominate;
	uint32_t renomination;
	uint8_t transactions[8][12];
	unsigned tries;
	uint16_t error;
	struct sockaddr_storage mapped;
	uint64_t media, server_checks;
	int64_t rtt_us, sent_us;
};

struct tp_kept_packet { uint8_t bytes[1600]; size_t len; };

struct tp_peer {
	struct tp_loop *loop;
	struct tp_peer_config config;
	struct tp_peer_events events;
	void *owner;
	char ufrag[16], pwd[40], old_ufrag[16], old_pwd[40];
	uint64_t tie_breaker;
	struct tp_remote remote;
	struct tp_way ways[TP_PEER_WAYS];
	struct tp_way *selected;
	struct tp_dtls *dtls;
	struct tp_srtp *srtp;
	struct tp_source *sources[TP_SOURCES];
	struct tp_sink sinks[TP_PEER_SINKS];
	int sink_count;
	uint32_t seat_number[TP_PEER_SEATS];    /* as signaling said */
	uint32_t own_ssrc;                      /* the sender of RTCP when nothing is published */
	uint32_t ssrcs[TP_SOURCES][TP_LAYERS], rtx_ssrcs[TP_SOURCES][TP_LAYERS];
	uint16_t twcc_out;
	struct tp_arrival arrivals[256];
	size_t arrival_count;
	uint8_t twcc_feedback;
	bool twcc_started;
	uint16_t twcc_highest;
	struct tp_timer dtls_timer, media_timer, rtcp_timer;
	unsigned rtcp_round;
	bool connected, closed, checks_stopped, drop_all, published[TP_SOURCES];
	unsigned lose_one_in;                   /* drop one received packet in so many, before anything looks at it */
	uint32_t lose_state;
	struct tp_peer_times times;
	struct tp_peer_counts counts;
	struct tp_kept_packet *kept;            /* the last protected packets, for replays */
	size_t kept_at;
	char reason[192];
};

int tp_peer_create(struct tp_peer **out, struct tp_loop *loop, const struct tp_peer_config *config,
	const struct tp_peer_events *events, void *owner);
void tp_peer_destroy(struct tp_peer *peer);

/** What must be signaled: our fingerprint (or a wrong one), as "sha-256 AB:…". */
const char *tp_peer_fingerprint(const struct tp_peer *peer);

/** Opens a way to the first fitting candidate and goes on from there. 0 or -errno. */
int tp_peer_connect(struct tp_peer *peer, const struct tp_remote *remote);

/** New credentials of our own for an ICE restart; `tp_peer_restart` then takes the server's new ones. */
void tp_peer_new_credentials(struct tp_peer *peer);
void tp_peer_restart(struct tp_peer *peer, const char *ufrag, const char *pwd);

void tp_peer_publish(struct tp_peer *peer, enum tp_kind source, bool on);
void tp_peer_set_number(struct tp_peer *peer, uint32_t number);

/** Another way, from another local port; `silent` does not answer the server's checks on it. Returns its index or -errno. */
int tp_peer_add_way(struct tp_peer *peer, bool nominate, bool silent, bool tcp, uint32_t renomination);
void tp_peer_close_way(struct tp_peer *peer, int index);

/** Sends RTCP under our keys on the selected way. */
void tp_peer_send_rtcp(struct tp_peer *peer, const uint8_t *bytes, size_t len);

/** Sends RTP under our keys; `rtp` needs 64 bytes of room behind `len`. */
void tp_peer_send_rtp(struct tp_peer *peer, uint8_t *rtp, size_t len);

/** As they are, on the selected way. */
void tp_peer_send_raw(struct tp_peer *peer, const uint8_t *bytes, size_t len);

/** DTLS close_notify, then silence. */
void tp_peer_hang_up(struct tp_peer *peer);

#endif

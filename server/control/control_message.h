/**
 * The messages of the control link (server/CONTROL.md), as plain structs: both programs read and write them here.
 *
 * One datagram is one JSON object. `control_decode` accepts exactly what CONTROL.md describes: an unknown field, a duplicate
 * key, a wrong type, a number out of range or a list too long makes the whole message bad, and `out` then holds nothing
 * but what is needed to answer (`id`, `type` CONTROL_BAD). `control_encode` writes what `control_decode` reads.
 *
 * `struct control_message` is large (some 100 kB): make one for each link and use it again. It owns nothing, points nowhere.
 * Strings are zero-terminated UTF-8. Both functions allocate while they run (jansson) and keep no state: any thread.
 */
#ifndef HOPKIN_CONTROL_MESSAGE_H
#define HOPKIN_CONTROL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONTROL_VERSION = 1,
	CONTROL_MESSAGE_MAX = 128 * 1024,       /* bytes of one datagram */
	CONTROL_NAME_MAX = 64,                  /* bytes: room, peer, epoch, ICE password and user fragment */
	CONTROL_TAG_MAX = 2048,                 /* bytes: what signaling wants to find again in a snapshot */
	CONTROL_FINGERPRINT_MAX = 103,          /* "sha-256 " and 32 bytes as AB:CD:… */
	CONTROL_MID_MAX = 16,                   /* bytes; RFC 8843 lets it travel in a one-byte extension header */
	CONTROL_RID_MAX = 16,
	CONTROL_CODEC_PROFILE_MAX = 32,
	CONTROL_RIDS_MAX = 3,
	CONTROL_SSRCS_MAX = 12,                 /* a section */
	CONTROL_SENDS_MAX = 8,
	CONTROL_SEATS_MAX = 64,
	CONTROL_PAYLOADS_MAX = 32,
	CONTROL_VIEW_MAX = 64,                  /* pins, wants, heights: entries each */
	CONTROL_SPEAKERS_MAX = 16,
	CONTROL_COUNTERS_MAX = 192,
	CONTROL_COUNTER_NAME_MAX = 47,
	CONTROL_STATS_PEERS_MAX = 512,          /* of one room */
	CONTROL_NUMBER_MAX = 1 << 24,           /* a participant's number: 1 … this */
	CONTROL_HEIGHT_MAX = 8192,              /* pixels */
};

enum control_type {
	CONTROL_BAD,                    /* could not be decoded; `id` is set when it could be read, else 0 */
	/* requests, signaling → media; `id` is theirs */
	CONTROL_HELLO,                  /* u.hello */
	CONTROL_SNAPSHOT,               /* – */
	CONTROL_ROOM_OPEN,              /* u.room */
	CONTROL_ROOM_CLOSE,             /* u.room */
	CONTROL_PEER_ADD,               /* u.peer_add */
	CONTROL_PEER_UPDATE,            /* u.peer_update */
	CONTROL_PEER_REMOVE,            /* u.peer */
	CONTROL_PEER_VIEW,              /* u.peer_view */
	CONTROL_PEER_STATE,             /* u.peer_state */
	CONTROL_PEER_BLOCK,             /* u.peer_block */
	CONTROL_TCP,                    /* –, and one descriptor on the datagram */
	CONTROL_STATS,                  /* u.stats */
	/* answers, media → signaling; `id` is the request's (JSON "re") */
	CONTROL_OK,                     /* – */
	CONTROL_ERROR,                  /* u.error */
	CONTROL_WELCOME,                /* u.welcome, to hello */
	CONTROL_STATS_REPORT,           /* u.stats_report, to stats */
	/* events, media → signaling; `id` is 0 */
	CONTROL_PEER_CONNECTED,         /* u.peer_connected */
	CONTROL_PEER_CLOSED,            /* u.peer_closed */
	CONTROL_PEER_STALLED,           /* u.peer_stalled */
	CONTROL_SEATS,                  /* u.seats */
	CONTROL_SPEAKERS,               /* u.speakers */
	CONTROL_SNAPSHOT_PEER,          /* u.snapshot_peer */
	CONTROL_SNAPSHOT_END,           /* – */
	CONTROL_TYPES,
};

enum control_code {
	CONTROL_CODE_BAD_MESSAGE,
	CONTROL_CODE_NO_ROOM,
	CONTROL_CODE_NO_PEER,
	CONTROL_CODE_TOO_MANY,
	CONTROL_CODE_NO_MEMORY,
	CONTROL_CODE_BAD_VERSION,
	CONTROL_CODES,
};

enum control_codec {
	CONTROL_OPUS,
	CONTROL_RED,
	CONTROL_VP8,
	CONTROL_VP9,
	CONTROL_H264,
	CONTROL_AV1,
	CONTROL_CODEC_COUNT,
};

enum control_source {
	CONTROL_MIC,
	CONTROL_CAMERA,
	CONTROL_SCREEN,
	CONTROL_SCREEN_AUDIO,
	CONTROL_SOURCES,
};

enum control_seat_kind { CONTROL_SEAT_PERSON, CONTROL_SEAT_SCREEN, CONTROL_SEAT_VOICE, CONTROL_SEAT_STAGE, CONTROL_SEAT_KINDS };

enum control_close_reason {
	CONTROL_CLOSE_TIMEOUT,          /* no check or no DTLS within 60 s */
	CONTROL_CLOSE_CONSENT,          /* no authenticated check for 30 s */
	CONTROL_CLOSE_DTLS,             /* handshake failed */
	CONTROL_CLOSE_FINGERPRINT,      /* another certificate than signaling named */
	CONTROL_CLOSE_GONE,             /* DTLS close_notify */
	CONTROL_CLOSE_REASONS,
};

enum control_via { CONTROL_VIA_UDP4, CONTROL_VIA_UDP6, CONTROL_VIA_TCP, CONTROL_VIAS };

typedef char control_name[CONTROL_NAME_MAX + 1];

struct control_ice {
	control_name ufrag, pwd;                /* the server's */
	control_name remote_ufrag, remote_pwd;  /* the browser's */
};

/* Header extension ids this browser chose, 1…14; 0: not negotiated. */
struct control_ext { uint8_t mid, rid, rrid, level, twcc; };

struct control_payload {
	uint8_t pt;                     /* 0…127 */
	uint8_t rtx;                    /* RFC 4588 payload type that carries `pt` again; 0: none */
	enum control_codec codec;
	uint32_t clock;                 /* Hz */
	char profile[CONTROL_CODEC_PROFILE_MAX + 1];    /* H264, VP9; "": none named */
};

struct control_send {
	char mid[CONTROL_MID_MAX + 1];
	enum control_source source;
	uint8_t rid_count;
	char rids[CONTROL_RIDS_MAX][CONTROL_RID_MAX + 1];       /* smallest layer first */
	uint8_t ssrc_count;
	uint32_t ssrcs[CONTROL_SSRCS_MAX];                      /* known from the SDP; may be empty */
	uint32_t rtx_ssrcs[CONTROL_SSRCS_MAX];                  /* beside them; 0: none */
};

struct control_seat_media {
	bool present;
	char mid[CONTROL_MID_MAX + 1];
	uint32_t ssrc;
	uint32_t rtx;                   /* video only; 0: no retransmission stream */
};

struct control_seat {
	uint16_t seat;                  /* index, as the browser counts its seats: equals the position in the list */
	enum control_seat_kind kind;
	struct control_seat_media audio, video;
};

struct control_peer_add {
	control_name room, peer;
	uint32_t number;
	char tag[CONTROL_TAG_MAX + 1];
	struct control_ice ice;
	char fingerprint[CONTROL_FINGERPRINT_MAX + 1];
	struct control_ext ext;
	uint8_t payload_count, send_count, seat_count;
	struct control_payload payloads[CONTROL_PAYLOADS_MAX];
	struct control_send sends[CONTROL_SENDS_MAX];
	struct control_seat seats[CONTROL_SEATS_MAX];
};

/* Replaces what it names; `what.peer`, and of the rest only the parts whose flag is set. */
struct control_peer_update {
	bool has_ice, has_ext, has_payloads, has_sends, has_seats, has_tag;
	struct control_peer_add what;   /* room, number, fingerprint: unused */
};

struct control_peer_view {
	control_name peer;
	uint8_t pin_count, want_count, height_count;
	uint32_t pins[CONTROL_VIEW_MAX], wants[CONTROL_VIEW_MAX];      /* numbers */
	uint16_t heights[CONTROL_VIEW_MAX];                             /* by seat; pixels on the screen; 0: not shown */
};

struct control_peer_state { control_name peer; bool mic, camera, screen, screen_audio; };
struct control_peer_block { control_name peer; bool mic, camera, screen; };

struct control_counter { char name[CONTROL_COUNTER_NAME_MAX + 1]; uint64_t value; };

struct control_stats_peer {
	control_name peer;
	uint32_t number;
	uint32_t rtt_us;                /* 0: not known */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t lost;                  /* packets of this peer's that never came */
};

struct control_message {
	enum control_type type;
	uint64_t id;                    /* request's own, or the one answered; 0 in events; below 2^53 */
	union {
		struct { uint32_t version; } hello;
		struct { control_name room; } room;
		struct control_peer_add peer_add;
		struct control_peer_update peer_update;
		struct { control_name peer; } peer;
		struct control_peer_view peer_view;
		struct control_peer_state peer_state;
		struct control_peer_block peer_block;
		struct { control_name room; } stats;    /* "": counters only; else also the peers of that room */

		struct { enum control_code code; } error;
		struct { control_name epoch; char fingerprint[CONTROL_FINGERPRINT_MAX + 1]; uint32_t workers; } welcome;
		struct {
			uint16_t counter_count, peer_count;
			struct control_counter counters[CONTROL_COUNTERS_MAX];
			struct control_stats_peer peers[CONTROL_STATS_PEERS_MAX];
		} stats_report;

		struct { control_name peer; enum control_via via; } peer_connected;
		struct { control_name peer; enum control_close_reason reason; } peer_closed;
		struct { control_name peer; bool stalled; } peer_stalled;
		struct {
			control_name peer;
			uint8_t count;
			struct { uint16_t seat; uint32_t number; } seats[CONTROL_SEATS_MAX];    /* number 0: empty */
		} seats;
		struct {
			control_name room;
			uint8_t order_count, speaking_count;
			uint32_t order[CONTROL_SPEAKERS_MAX], speaking[CONTROL_SPEAKERS_MAX];
		} speakers;
		struct {
			control_name room, peer;
			uint32_t number;
			char tag[CONTROL_TAG_MAX + 1];
			bool connected;
		} snapshot_peer;
	} u;
};

/**
 * Read one datagram.
 *
 * @param out   filled; only the union member of `out->type` is written. On failure `type` is CONTROL_BAD, and `id` is the
 *              request's if that much could be read, so that it can be answered `bad_message`; else 0
 * @return      whether the message is exactly one that CONTROL.md describes
 */
bool control_decode(struct control_message *out, const void *bytes, size_t len);

/**
 * Write one message as JSON, without a terminating zero.
 *
 * @param out   `room` bytes; CONTROL_MESSAGE_MAX holds any message
 * @return      bytes written; 0 if it does not fit, memory is short, or a field cannot be said (a string that is not UTF-8)
 */
size_t control_encode(const struct control_message *m, char *out, size_t room);

/** The word of a type, code, codec, source, kind, reason or way, as in the JSON; never NULL for a value of the enum. */
const char *control_type_name(enum control_type type);
const char *control_code_name(enum control_code code);
const char *control_codec_name(enum control_codec codec);
const char *control_source_name(enum control_source source);
const char *control_seat_kind_name(enum control_seat_kind kind);
const char *control_close_reason_name(enum control_close_reason reason);
const char *control_via_name(enum control_via via);

#endif

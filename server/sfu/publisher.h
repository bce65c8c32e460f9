/**
 * What one peer sends, at its own worker: which SSRC is which stream, what of it is missing, and what is said back.
 *
 * SSRCs are taken when signaling declared them, or when an authenticated packet names its section by MID and its layer by RID
 * (RFC 8843 §9.2, RFC 8852); at most CONTROL_SSRCS_MAX for a section. Others, and an SSRC that claims another section, are dropped.
 *
 * Back to the browser go, with the peer's RTCP SSRC: transport-cc feedback, NACKs, PLIs and a receiver report each second.
 * Thread: the worker's.
 */
#ifndef HOPKIN_SFU_PUBLISHER_H
#define HOPKIN_SFU_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "media_info.h"
#include "nack_generator.h"
#include "packet.h"
#include "peer_config.h"
#include "reception.h"
#include "rtp_ext.h"
#include "rtp_header.h"
#include "timers.h"
#include "track.h"
#include "twcc_receiver.h"

enum { PUBLISHER_STREAMS_MAX = CONTROL_SENDS_MAX * CONTROL_SSRCS_MAX };

/* One SSRC that came. */
struct stream {
	uint32_t ssrc;
	uint8_t section;                /* index in config->sends */
	uint8_t layer;
	bool rtx;                       /* repeats the stream of the same section and layer */
	uint8_t pt;                     /* of the last packet; 255: none yet */
	struct reception reception;
	struct nack_generator *nack;    /* video that is no RTX */
};

struct publisher {
	struct peer *peer;              /* its owner */
	struct stream *last;            /* the one found last: most packets come in trains */
	uint16_t count;
	uint8_t bound[CONTROL_SENDS_MAX];               /* SSRCs of each section */
	struct stream *streams[PUBLISHER_STREAMS_MAX];
	struct stream *current[CONTROL_SOURCES][TRACK_LAYERS];  /* which stream feeds a layer */
	struct rtp_ext_ids ext_ids;
	struct twcc_receiver twcc;
	struct timer timer;
	int64_t report_us;              /* next receiver report */
	uint64_t rx_packets, rx_bytes;
};

int publisher_create(struct publisher **out, struct peer *peer, int64_t now_us);
void publisher_destroy(struct publisher *publisher);            /* NULL is fine */
/** `config` of the peer changed: extension ids, sections. Streams of sections that stay keep their SSRCs. `old`: what it was before. */
void publisher_on_config(struct publisher *publisher, const struct peer_config *old);

/**
 * One opened packet: find or bind its stream, count it, undo RTX, read its marks.
 *
 * @param info  filled when a track is returned
 * @return      the track it belongs to, or NULL: it was dropped (and counted) or says nothing to anybody
 */
struct track *publisher_take(struct publisher *publisher, struct packet *packet, struct media_info *info, int64_t now_us);

/** Source switched on again, or a new stream: what comes next has nothing to do with what came before. */
void publisher_begin_anew(struct publisher *publisher, enum control_source source);

/** The publisher's sender report. */
void publisher_on_sr(struct publisher *publisher, uint32_t ssrc, uint64_t ntp, uint32_t ts, int64_t arrival_us);

/** Packets that never came. */
uint64_t publisher_lost(const struct publisher *publisher);

#endif

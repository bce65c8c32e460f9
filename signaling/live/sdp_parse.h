/**
 * Reads a browser's SDP offer (RFC 8866, JSEP RFC 8829) into plain data.
 *
 * What is malformed makes the whole offer bad; what is well-formed but unknown (attributes, codecs, extensions, m-sections of other
 * kinds) is left out. Nothing is decided here about what is accepted: that is offer_plan.h.
 *
 * Lists are bounded; an offer that is longer than a bound is bad, but for codecs and SSRC groups beyond what is understood.
 * Pure: no state, no log. `struct sdp_offer` is large (about 200 kB): keep it on the heap.
 */
#ifndef HOPKIN_LIVE_SDP_PARSE_H
#define HOPKIN_LIVE_SDP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control_message.h"

enum {
	SDP_TEXT_MAX = 256 * 1024,      /* bytes of an offer */
	SDP_SECTIONS_MAX = 144,         /* 4 sources, 64 seats with two sections, some to spare */
	SDP_CODECS_MAX = 24,            /* understood codecs in a section */
	SDP_FORMATS_MAX = 128,          /* payload types in one m= line */
	SDP_LINE_MAX = 8192,            /* bytes */
};

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_OTHER };
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_setup { SDP_SETUP_NONE, SDP_SETUP_ACTPASS, SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE };

/* Header extensions that are understood, as indices into sdp_section.ext. */
enum sdp_ext { SDP_EXT_MID, SDP_EXT_RID, SDP_EXT_RRID, SDP_EXT_LEVEL, SDP_EXT_TWCC, SDP_EXTS };
/** Their addresses as an offer and its answer write them (RFC 8285 §5). */
extern const char *const sdp_ext_uris[SDP_EXTS];

struct sdp_codec {
	uint8_t pt;
	uint8_t rtx;                    /* payload type of its RFC 4588 stream; 0: none */
	enum control_codec codec;
	uint32_t clock;                 /* Hz */
	bool nack, pli, fir, twcc;      /* a=rtcp-fb */
	uint8_t packetization_mode;     /* H264 */
	char profile[CONTROL_CODEC_PROFILE_MAX + 1];    /* H264 profile-level-id, VP9 profile-id; "": not named */
};

struct sdp_section {
	enum sdp_kind kind;
	char mid[CONTROL_MID_MAX + 1];
	enum sdp_direction direction;
	bool rejected;                  /* port 0 without a=bundle-only */
	bool bundled;                   /* named in a=group:BUNDLE */
	bool rtcp_mux;

	/* The m= line's own words, borrowed from the text, to repeat in an answer. */
	const char *media, *proto, *format;
	uint8_t media_len, proto_len, format_len;       /* format: the first one only */

	uint8_t codec_count;
	struct sdp_codec codecs[SDP_CODECS_MAX];        /* in the offerer's order */
	struct { uint8_t id; enum sdp_direction direction; } ext[SDP_EXTS];     /* id 0: not offered */

	uint8_t rid_count;              /* of a=simulcast:send, in its order */
	char rids[CONTROL_RIDS_MAX][CONTROL_RID_MAX + 1];
	uint8_t ssrc_count;             /* SSRCs that are not another's retransmission */
	uint32_t ssrcs[CONTROL_SSRCS_MAX], rtx_ssrcs[CONTROL_SSRCS_MAX];

	/* As given in this section or, where it gives none, for the whole session; "" where neither does. */
	char ufrag[CONTROL_NAME_MAX + 1], pwd[CONTROL_NAME_MAX + 1];
	char fingerprint[CONTROL_FINGERPRINT_MAX + 1];  /* "sha-256 AB:…", upper case */
	enum sdp_setup setup;
};

struct sdp_offer {
	bool ice_lite;
	bool alone;                     /* one section that no group names is the transport: the answer has no group either (RFC 9143 §7.3) */
	int16_t bundle_first;           /* index of the first bundled section, whose transport is used; -1: none */
	uint16_t section_count;
	struct sdp_section sections[SDP_SECTIONS_MAX];
};

/** Read `text` (no terminating zero needed). False: malformed; `out` is then unspecified. Borrowed words in `out` point into `text`. */
bool sdp_parse(struct sdp_offer *out, const char *text, size_t len);

/** The section with this mid; -1: none. */
int sdp_find_mid(const struct sdp_offer *offer, const char *mid);

#endif

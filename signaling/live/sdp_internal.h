/**
 * Within sdp_parse: what the lines of an m-section say, before it is put together. Each reader takes a line's value and gives false
 * where it is malformed; what is well-formed but unknown is left out.
 */
#ifndef HOPKIN_LIVE_SDP_INTERNAL_H
#define HOPKIN_LIVE_SDP_INTERNAL_H

#include "sdp_parse.h"
#include "sdp_span.h"

/**
 * sdp_attributes.c: attributes that may stand for the whole session or in one section. `*known` tells whether it was one of them.
 */
bool sdp_read_common(struct span name, struct span value, struct sdp_section *s, bool *known);

/* -- sdp_codecs.c: payload types ---------------------------------------------------------------------------------------------- */

/* What the lines of one section say about payload types, before they are put together. */
struct sdp_formats {
	bool listed[128];
	uint8_t order[SDP_FORMATS_MAX];
	uint8_t count;
	bool known[128];                /* an understood codec, in `codec` */
	bool is_rtx[128];
	uint8_t apt[128];
	struct sdp_codec codec[128];
};

bool sdp_read_rtpmap(struct span value, enum sdp_kind kind, struct sdp_formats *f);
bool sdp_read_fmtp(struct span value, struct sdp_formats *f);
bool sdp_read_feedback(struct span value, struct sdp_formats *f);
void sdp_collect_codecs(struct sdp_section *s, const struct sdp_formats *f);

/* -- sdp_streams.c: layers and SSRCs ------------------------------------------------------------------------------------------- */

/* All SSRCs that a section names, and which of them repeat another. */
struct sdp_ssrcs {
	uint32_t all[2 * CONTROL_SSRCS_MAX];
	uint8_t count;
	struct { uint32_t primary, rtx; } pairs[CONTROL_SSRCS_MAX];
	uint8_t pair_count;
};

bool sdp_read_simulcast(struct span value, struct sdp_section *s);
bool sdp_read_ssrc(struct span value, struct sdp_ssrcs *list);
bool sdp_read_ssrc_group(struct span value, struct sdp_ssrcs *list);
bool sdp_collect_ssrcs(struct sdp_section *s, const struct sdp_ssrcs *list);

#endif

#include "offer_plan.h"

#include <string.h>

/* -- the client's sections ------------------------------------------------------------------------------------------- */

static bool read_mid(char out[CONTROL_MID_MAX + 1], const json_t *value)
{
	if (!json_is_string(value))
		return false;
	size_t len = json_string_length(value);
	if (!len || len > CONTROL_MID_MAX)
		return false;
	memcpy(out, json_string_value(value), len + 1);
	return true;
}

static bool read_kind(enum control_seat_kind *out, const json_t *value)
{
	for (int i = 0; i < CONTROL_SEAT_KINDS && json_is_string(value); i++) {
		if (!strcmp(json_string_value(value), control_seat_kind_name((enum control_seat_kind)i))) {
			*out = (enum control_seat_kind)i;
			return true;
		}
	}
	return false;
}

/* A person has both, a screen and a stage need their video, a voice has no video. */
static bool seat_complete(const struct offer_seat *seat)
{
	switch (seat->kind) {
	case CONTROL_SEAT_PERSON:
		return seat->audio[0] && seat->video[0];
	case CONTROL_SEAT_SCREEN:
	case CONTROL_SEAT_STAGE:
		return seat->video[0];
	default:
		return seat->audio[0] && !seat->video[0];
	}
}

static bool read_seat(struct offer_seat *out, const json_t *json)
{
	const char *key;
	json_t *value;
	bool ok = json_is_object(json), has_kind = false;

	if (!ok)
		return false;
	json_object_foreach((json_t *)json, key, value) {
		if (!strcmp(key, "kind"))
			ok = ok && (has_kind = read_kind(&out->kind, value));
		else if (!strcmp(key, "audio"))
			ok = ok && read_mid(out->audio, value);
		else if (!strcmp(key, "video"))
			ok = ok && read_mid(out->video, value);
		else
			ok = false;
	}
	return ok && has_kind && seat_complete(out);
}

static bool read_seats(struct offer_sections *out, const json_t *list)
{
	if (!json_is_array(list) || json_array_size(list) > CONTROL_SEATS_MAX)
		return false;
	out->seat_count = (uint16_t)json_array_size(list);
	for (size_t i = 0; i < out->seat_count; i++)
		if (!read_seat(&out->seats[i], json_array_get(list, i)))
			return false;
	return true;
}

bool offer_sections_read(struct offer_sections *out, const json_t *json)
{
	const char *key;
	json_t *value;
	bool ok = true;

	memset(out, 0, sizeof *out);
	if (!json_is_object(json))
		return false;
	json_object_foreach((json_t *)json, key, value) {
		int source = 0;
		while (source < CONTROL_SOURCES && strcmp(key, control_source_name((enum control_source)source)))
			source++;
		if (source < CONTROL_SOURCES)
			ok = ok && read_mid(out->sources[source], value);
		else if (!strcmp(key, "seats"))
			ok = ok && read_seats(out, value);
		else
			ok = false;
	}
	return ok;
}

/* -- which section is what --------------------------------------------------------------------------------------------- */

static bool sends(enum sdp_direction d)
{
	return d == SDP_SENDRECV || d == SDP_SENDONLY;
}

static bool receives(enum sdp_direction d)
{
	return d == SDP_SENDRECV || d == SDP_RECVONLY;
}

/* The part for this mid, if the section can be used for it at all; each only once. */
static struct offer_part *claim(struct offer_plan *plan, const struct sdp_offer *offer, const char *mid, enum sdp_kind kind,
                                bool sending)
{
	int i = sdp_find_mid(offer, mid);

	if (i < 0 || plan->parts[i].role != OFFER_REJECTED)
		return NULL;
	const struct sdp_section *s = &offer->sections[i];
	if (s->kind != kind || s->rejected || !s->bundled || !s->rtcp_mux)
		return NULL;
	if (sending ? !sends(s->direction) : !receives(s->direction))
		return NULL;
	return &plan->parts[i];
}

static bool claim_sources(struct offer_plan *plan, const struct sdp_offer *offer, const struct offer_sections *sections)
{
	for (int i = 0; i < CONTROL_SOURCES; i++) {
		if (!sections->sources[i][0])
			continue;
		bool audio = i == CONTROL_MIC || i == CONTROL_SCREEN_AUDIO;
		struct offer_part *part = claim(plan, offer, sections->sources[i], audio ? SDP_AUDIO : SDP_VIDEO, true);
		if (!part)
			return false;
		part->role = OFFER_SOURCE;
		part->source = (enum control_source)i;
	}
	return true;
}

static bool claim_seat_media(struct offer_plan *plan, const struct sdp_offer *offer, const char *mid, enum sdp_kind kind, uint16_t seat)
{
	if (!mid[0])
		return true;
	struct offer_part *part = claim(plan, offer, mid, kind, false);
	if (!part)
		return false;
	part->role = OFFER_SEAT;
	part->seat = seat;
	return true;
}

static bool claim_seats(struct offer_plan *plan, const struct sdp_offer *offer, const struct offer_sections *sections, uint16_t seats_max)
{
	unsigned persons = 0;

	for (uint16_t i = 0; i < sections->seat_count; i++) {
		const struct offer_seat *seat = &sections->seats[i];
		persons += seat->kind == CONTROL_SEAT_PERSON || seat->kind == CONTROL_SEAT_STAGE;
		if (!claim_seat_media(plan, offer, seat->audio, SDP_AUDIO, i) || !claim_seat_media(plan, offer, seat->video, SDP_VIDEO, i))
			return false;
	}
	return persons <= seats_max;
}

/* -- codecs -------------------------------------------------------------------------------------------------------------- */

/* H264 that every other H264 browser decodes: constrained baseline (profile_idc 0x42, constraint_set1), packetization mode 1. */
static bool h264_common(const struct sdp_codec *c)
{
	static const char digits[] = "0123456789abcdef";

	if (c->packetization_mode != 1 || strlen(c->profile) != 6 || c->profile[0] != '4' || c->profile[1] != '2')
		return false;
	const char *iop = strchr(digits, c->profile[2] >= 'A' && c->profile[2] <= 'F' ? c->profile[2] + 32 : c->profile[2]);
	return iop && *iop && ((iop - digits) & 4);
}

static bool codec_taken(const struct sdp_codec *c)
{
	switch (c->codec) {
	case CONTROL_OPUS:
	case CONTROL_VP8:
		return true;
	case CONTROL_VP9:
		return !c->profile[0] || !strcmp(c->profile, "0");
	case CONTROL_H264:
		return h264_common(c);
	default:
		return false;
	}
}

static int codec_rank(enum control_codec codec)
{
	return codec == CONTROL_VP8 || codec == CONTROL_OPUS ? 0 : codec == CONTROL_VP9 ? 1 : 2;
}

static const char *codec_profile(const struct sdp_codec *c)
{
	return c->codec == CONTROL_H264 ? "42e0" : c->codec == CONTROL_VP9 ? "0" : "";
}

/* One of each codec, VP8 first: it is what everyone decodes, and a browser sends the first it finds in an answer. */
static bool choose_codecs(struct offer_part *part, const struct sdp_section *s)
{
	for (int rank = 0; rank < 3; rank++) {
		for (int i = 0; i < s->codec_count; i++) {
			if (codec_rank(s->codecs[i].codec) != rank || !codec_taken(&s->codecs[i]))
				continue;
			part->codecs[part->codec_count++] = (uint8_t)i;
			break;
		}
	}
	return part->codec_count > 0;
}

/* All bundled sections share one space of payload types (RFC 8843 §9.1): a number means one thing. */
static bool payload_note(struct offer_plan *plan, const struct sdp_codec *c)
{
	for (int i = 0; i < plan->payload_count; i++) {
		struct control_payload *p = &plan->payloads[i];
		if (p->pt == c->pt) {
			if (!p->rtx)
				p->rtx = c->rtx;
			return p->codec == c->codec && (!c->rtx || p->rtx == c->rtx) && !strcmp(p->profile, codec_profile(c));
		}
		if (p->rtx == c->pt || (c->rtx && (p->pt == c->rtx || p->rtx == c->rtx)))
			return false;
	}
	if (plan->payload_count == CONTROL_PAYLOADS_MAX)
		return false;
	struct control_payload *p = &plan->payloads[plan->payload_count++];
	*p = (struct control_payload){ .pt = c->pt, .rtx = c->rtx, .codec = c->codec, .clock = c->clock };
	strcpy(p->profile, codec_profile(c));
	return true;
}

static bool plan_codecs(struct offer_plan *plan, const struct sdp_offer *offer)
{
	for (int i = 0; i < offer->section_count; i++) {
		struct offer_part *part = &plan->parts[i];
		const struct sdp_section *s = &offer->sections[i];
		if (part->role == OFFER_REJECTED)
			continue;
		if (!choose_codecs(part, s))
			return false;
		for (int k = 0; k < part->codec_count; k++)
			if (!payload_note(plan, &s->codecs[part->codecs[k]]))
				return false;
	}
	return true;
}

/* -- header extensions --------------------------------------------------------------------------------------------------- */

/* One id means one extension in all bundled sections (RFC 8843 §9.2). */
static bool plan_ext(struct offer_plan *plan, const struct sdp_offer *offer)
{
	uint8_t ids[SDP_EXTS] = { 0 };

	for (int i = 0; i < offer->section_count; i++) {
		for (int e = 0; e < SDP_EXTS && plan->parts[i].role != OFFER_REJECTED; e++) {
			uint8_t id = offer->sections[i].ext[e].id;
			if (id && ids[e] && ids[e] != id)
				return false;
			if (id)
				ids[e] = id;
		}
	}
	for (int a = 0; a < SDP_EXTS; a++)
		for (int b = 0; b < a; b++)
			if (ids[a] && ids[a] == ids[b])
				return false;
	plan->ext = (struct control_ext){ .mid = ids[SDP_EXT_MID], .rid = ids[SDP_EXT_RID], .rrid = ids[SDP_EXT_RRID],
		.level = ids[SDP_EXT_LEVEL], .twcc = ids[SDP_EXT_TWCC] };
	return true;
}

/* The transport of the whole bundle is its first section's. */
static bool transport_complete(const struct sdp_offer *offer)
{
	if (offer->ice_lite || offer->bundle_first < 0)
		return false;
	const struct sdp_section *first = &offer->sections[offer->bundle_first];
	return first->ufrag[0] && first->pwd[0] && first->fingerprint[0] &&
	       (first->setup == SDP_SETUP_ACTPASS || first->setup == SDP_SETUP_ACTIVE);
}

/* Simulcast cannot be told apart without the RID extension; unless each layer's SSRC is declared. */
static bool simulcast_sound(const struct offer_plan *plan, const struct sdp_offer *offer)
{
	for (int i = 0; i < offer->section_count; i++) {
		const struct sdp_section *s = &offer->sections[i];
		if (plan->parts[i].role == OFFER_SOURCE && s->rid_count > 1 && !plan->ext.rid && s->ssrc_count < s->rid_count)
			return false;
	}
	return true;
}

bool offer_plan_make(struct offer_plan *out, const struct sdp_offer *offer, const struct offer_sections *sections, uint16_t seats_max)
{
	memset(out, 0, sizeof *out);
	return transport_complete(offer) && claim_sources(out, offer, sections) && claim_seats(out, offer, sections, seats_max) &&
	       out->parts[offer->bundle_first].role != OFFER_REJECTED && plan_codecs(out, offer) && plan_ext(out, offer) &&
	       simulcast_sound(out, offer);
}

/* -- for the media program ----------------------------------------------------------------------------------------------- */

static void fill_send(struct control_send *out, const struct sdp_section *s, enum control_source source)
{
	memcpy(out->mid, s->mid, sizeof out->mid);
	out->source = source;
	out->rid_count = s->rid_count;
	memcpy(out->rids, s->rids, sizeof out->rids);
	out->ssrc_count = s->ssrc_count;
	memcpy(out->ssrcs, s->ssrcs, sizeof out->ssrcs);
	memcpy(out->rtx_ssrcs, s->rtx_ssrcs, sizeof out->rtx_ssrcs);
}

static bool has_rtx(const struct offer_plan *plan, const struct sdp_offer *offer, const char *mid)
{
	int i = sdp_find_mid(offer, mid);

	for (int k = 0; i >= 0 && k < plan->parts[i].codec_count; k++)
		if (offer->sections[i].codecs[plan->parts[i].codecs[k]].rtx)
			return true;
	return false;
}

static void fill_seat(struct control_seat *out, uint16_t index, const struct offer_seat *seat, const struct offer_server *server, bool rtx)
{
	memset(out, 0, sizeof *out);
	out->seat = index;
	out->kind = seat->kind;
	if (seat->audio[0]) {
		out->audio.present = true;
		strcpy(out->audio.mid, seat->audio);
		out->audio.ssrc = server->ssrcs[index].audio;
	}
	if (seat->video[0]) {
		out->video.present = true;
		strcpy(out->video.mid, seat->video);
		out->video.ssrc = server->ssrcs[index].video;
		out->video.rtx = rtx ? server->ssrcs[index].rtx : 0;
	}
}

void offer_plan_to_peer(struct control_peer_add *out, const struct offer_plan *plan, const struct sdp_offer *offer,
                        const struct offer_sections *sections, const struct offer_server *server)
{
	const struct sdp_section *first = &offer->sections[offer->bundle_first];

	strcpy(out->ice.ufrag, server->ufrag);
	strcpy(out->ice.pwd, server->pwd);
	strcpy(out->ice.remote_ufrag, first->ufrag);
	strcpy(out->ice.remote_pwd, first->pwd);
	strcpy(out->fingerprint, first->fingerprint);
	out->ext = plan->ext;
	out->payload_count = plan->payload_count;
	memcpy(out->payloads, plan->payloads, sizeof out->payloads);
	out->send_count = 0;
	for (int i = 0; i < offer->section_count; i++)
		if (plan->parts[i].role == OFFER_SOURCE)
			fill_send(&out->sends[out->send_count++], &offer->sections[i], plan->parts[i].source);
	out->seat_count = (uint8_t)sections->seat_count;
	for (uint16_t i = 0; i < sections->seat_count; i++) {
		const struct offer_seat *seat = &sections->seats[i];
		fill_seat(&out->seats[i], i, seat, server, seat->video[0] && has_rtx(plan, offer, seat->video));
	}
}

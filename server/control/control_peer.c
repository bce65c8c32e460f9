#include <string.h>

#include "control_internal.h"

static void ice_field(struct fields *f, struct control_ice *ice)
{
	struct fields o = field_object(f, "ice");

	/* RFC 8839 §5.4: a user fragment has at least 4 characters, a password 22. */
	field_text(&o, "ufrag", ice->ufrag, sizeof ice->ufrag, 4);
	field_text(&o, "pwd", ice->pwd, sizeof ice->pwd, 22);
	field_text(&o, "remote_ufrag", ice->remote_ufrag, sizeof ice->remote_ufrag, 4);
	field_text(&o, "remote_pwd", ice->remote_pwd, sizeof ice->remote_pwd, 22);
	field_close(f, &o);
}

static void ext_field(struct fields *f, struct control_ext *ext)
{
	struct fields o = field_object(f, "ext");

	field_u8_or_none(&o, "mid", &ext->mid, 1, 14);
	field_u8_or_none(&o, "rid", &ext->rid, 1, 14);
	field_u8_or_none(&o, "rrid", &ext->rrid, 1, 14);
	field_u8_or_none(&o, "level", &ext->level, 1, 14);
	field_u8_or_none(&o, "twcc", &ext->twcc, 1, 14);
	field_close(f, &o);
}

/* -- payload types ----------------------------------------------------------------------------------------------------------- */

static void payload(struct fields *f, struct control_payload *p)
{
	field_u8(f, "pt", &p->pt, 0, 127);
	field_codec(f, &p->codec);
	field_u32(f, "clock", &p->clock, 8000, 192000);
	field_u8_or_none(f, "rtx", &p->rtx, 1, 127);
	field_text_or_none(f, "profile", p->profile, sizeof p->profile);
}

static void payloads_field(struct fields *f, struct control_peer_add *p)
{
	uint16_t n = p->payload_count;
	json_t *list = field_list(f, "payloads", &n, CONTROL_PAYLOADS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fields o = field_item(f, list, i);
		payload(&o, &p->payloads[i]);
		field_close(f, &o);
	}
	if (f->reading)
		p->payload_count = (uint8_t)n;
}

/* -- what it sends ------------------------------------------------------------------------------------------------------------ */

static void send(struct fields *f, struct control_send *s)
{
	bool rids = s->rid_count > 0, ssrcs = s->ssrc_count > 0, rtx = ssrcs;
	uint8_t rtx_count = s->ssrc_count;

	field_text(f, "mid", s->mid, sizeof s->mid, 1);
	field_source(f, &s->source);
	if (field_there(f, "rids", &rids))
		field_text_list(f, "rids", s->rids[0], sizeof s->rids[0], &s->rid_count, CONTROL_RIDS_MAX);
	if (field_there(f, "ssrcs", &ssrcs))
		field_u32_list(f, "ssrcs", s->ssrcs, &s->ssrc_count, CONTROL_SSRCS_MAX, 1, UINT32_MAX);
	if (field_there(f, "rtx_ssrcs", &rtx)) {
		field_u32_list(f, "rtx_ssrcs", s->rtx_ssrcs, &rtx_count, CONTROL_SSRCS_MAX, 0, UINT32_MAX);
		field_rule(f, rtx_count == s->ssrc_count);
	}
}

static bool mids_distinct(const struct control_send *sends, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(sends[i].mid, sends[j].mid))
				return false;
	return true;
}

static void sends_field(struct fields *f, struct control_peer_add *p)
{
	uint16_t n = p->send_count;
	json_t *list = field_list(f, "sends", &n, CONTROL_SENDS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fields o = field_item(f, list, i);
		send(&o, &p->sends[i]);
		field_close(f, &o);
	}
	field_rule(f, mids_distinct(p->sends, n));
	if (f->reading)
		p->send_count = (uint8_t)n;
}

/* -- what it is shown ----------------------------------------------------------------------------------------------------------- */

static void seat_media(struct fields *f, const char *name, struct control_seat_media *m, bool video)
{
	if (!field_there(f, name, &m->present))
		return;
	struct fields o = field_object(f, name);

	field_text(&o, "mid", m->mid, sizeof m->mid, 1);
	field_u32(&o, "ssrc", &m->ssrc, 1, UINT32_MAX);
	if (video)
		field_u32_or_none(&o, "rtx", &m->rtx, 1, UINT32_MAX);
	field_close(f, &o);
}

static void seat(struct fields *f, struct control_seat *s, size_t position)
{
	field_u16(f, "seat", &s->seat, position, position);
	field_seat_kind(f, &s->kind);
	seat_media(f, "audio", &s->audio, false);
	seat_media(f, "video", &s->video, true);
	field_rule(f, s->audio.present || s->video.present);
	field_rule(f, s->kind != CONTROL_SEAT_VOICE || !s->video.present);
	field_rule(f, s->kind != CONTROL_SEAT_STAGE || s->video.present);
}

/* A receiver tells streams apart by SSRC: within one peer no two of the server's may be alike. */
static bool seat_ssrcs_distinct(const struct control_seat *seats, size_t count)
{
	uint32_t seen[3 * CONTROL_SEATS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const uint32_t mine[3] = { seats[i].audio.ssrc, seats[i].video.ssrc, seats[i].video.rtx };
		for (size_t k = 0; k < 3; k++) {
			for (size_t j = 0; mine[k] && j < n; j++) {
				if (seen[j] == mine[k])
					return false;
			}
			if (mine[k])
				seen[n++] = mine[k];
		}
	}
	return true;
}

static void seats_field(struct fields *f, struct control_peer_add *p)
{
	uint16_t n = p->seat_count;
	json_t *list = field_list(f, "seats", &n, CONTROL_SEATS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct fields o = field_item(f, list, i);
		seat(&o, &p->seats[i], i);
		field_close(f, &o);
	}
	field_rule(f, seat_ssrcs_distinct(p->seats, n));
	if (f->reading)
		p->seat_count = (uint8_t)n;
}

/* -- the whole ------------------------------------------------------------------------------------------------------------------- */

/* "sha-256 " and 32 bytes in hexadecimal, colons between (RFC 8122 §5; lower case is met with). */
static bool fingerprint_sound(const char *s)
{
	if (strlen(s) != CONTROL_FINGERPRINT_MAX || memcmp(s, "sha-256 ", 8) != 0)
		return false;
	for (size_t i = 8; i < CONTROL_FINGERPRINT_MAX; i++) {
		bool colon = (i - 8) % 3 == 2;
		bool hex = s[i] && strchr("0123456789ABCDEFabcdef", s[i]);
		if (colon ? s[i] != ':' : !hex)
			return false;
	}
	return true;
}

void field_fingerprint(struct fields *f, char at[CONTROL_FINGERPRINT_MAX + 1])
{
	field_text(f, "fingerprint", at, CONTROL_FINGERPRINT_MAX + 1, 1);
	field_rule(f, f->ok && fingerprint_sound(at));
}

void fields_of_peer_add(struct fields *f, struct control_peer_add *p)
{
	bool tag = true;

	if (f->reading)
		memset(p, 0, sizeof *p);
	field_text(f, "room", p->room, sizeof p->room, 1);
	field_text(f, "peer", p->peer, sizeof p->peer, 1);
	field_u32(f, "number", &p->number, 1, CONTROL_NUMBER_MAX);
	if (field_there(f, "tag", &tag))
		field_text(f, "tag", p->tag, sizeof p->tag, 0);
	field_fingerprint(f, p->fingerprint);
	ice_field(f, &p->ice);
	ext_field(f, &p->ext);
	payloads_field(f, p);
	sends_field(f, p);
	seats_field(f, p);
}

void fields_of_peer_update(struct fields *f, struct control_peer_update *u)
{
	if (f->reading)
		memset(u, 0, sizeof *u);
	field_text(f, "peer", u->what.peer, sizeof u->what.peer, 1);
	if (field_there(f, "ice", &u->has_ice))
		ice_field(f, &u->what.ice);
	if (field_there(f, "ext", &u->has_ext))
		ext_field(f, &u->what.ext);
	if (field_there(f, "payloads", &u->has_payloads))
		payloads_field(f, &u->what);
	if (field_there(f, "sends", &u->has_sends))
		sends_field(f, &u->what);
	if (field_there(f, "seats", &u->has_seats))
		seats_field(f, &u->what);
	if (field_there(f, "tag", &u->has_tag))
		field_text(f, "tag", u->what.tag, sizeof u->what.tag, 0);
}

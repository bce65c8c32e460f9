#include "peer_config.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static struct peer_config *block(uint8_t payloads, uint8_t sends, uint8_t seats)
{
	size_t payload_bytes = payloads * sizeof(struct payload);
	size_t send_bytes = sends * sizeof(struct control_send);
	size_t seat_bytes = seats * sizeof(struct control_seat);
	struct peer_config *c = calloc(1, sizeof *c + payload_bytes + send_bytes + seat_bytes);

	if (!c)
		return NULL;
	uint8_t *p = (uint8_t *)(c + 1);
	c->payload_count = payloads;
	c->send_count = sends;
	c->seat_count = seats;
	c->payloads = (struct payload *)(void *)p;
	c->sends = (struct control_send *)(void *)(p + payload_bytes);
	c->seats = (struct control_seat *)(void *)(p + payload_bytes + send_bytes);
	return c;
}

static enum rtp_codec codec_of(enum control_codec codec)
{
	static const enum rtp_codec codecs[CONTROL_CODEC_COUNT] = {
		[CONTROL_OPUS] = CODEC_OPUS, [CONTROL_RED] = CODEC_RED, [CONTROL_VP8] = CODEC_VP8,
		[CONTROL_VP9] = CODEC_VP9, [CONTROL_H264] = CODEC_H264, [CONTROL_AV1] = CODEC_AV1,
	};
	return codecs[codec];
}

/* FNV-1a: names of profiles are compared for equality only, and come from signaling. */
static uint32_t profile_hash(const char *name)
{
	uint32_t h = 2166136261u;
	if (!*name)
		return 0;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ? h : 1;
}

struct peer_config *peer_config_create(const struct control_peer_add *from, uint8_t has)
{
	struct peer_config *c = block(has & PEER_HAS_PAYLOADS ? from->payload_count : 0,
		has & PEER_HAS_SENDS ? from->send_count : 0, has & PEER_HAS_SEATS ? from->seat_count : 0);

	if (!c)
		return NULL;
	c->has = has;
	c->number = from->number;
	if (has & PEER_HAS_ICE)
		c->ice = from->ice;
	if (has & PEER_HAS_EXT)
		c->ext = from->ext;
	for (size_t i = 0; i < c->payload_count; i++) {
		const struct control_payload *p = &from->payloads[i];
		c->payloads[i] = (struct payload){ p->pt, p->rtx, codec_of(p->codec), p->clock, profile_hash(p->profile) };
	}
	memcpy(c->sends, from->sends, c->send_count * sizeof *c->sends);
	memcpy(c->seats, from->seats, c->seat_count * sizeof *c->seats);
	return c;
}

void peer_config_destroy(struct peer_config *c)
{
	if (!c)
		return;
	OPENSSL_cleanse(&c->ice, sizeof c->ice);
	free(c);
}

struct peer_config *peer_config_merge(const struct peer_config *old, const struct peer_config *update)
{
	const struct peer_config *payloads = update->has & PEER_HAS_PAYLOADS ? update : old;
	const struct peer_config *sends = update->has & PEER_HAS_SENDS ? update : old;
	const struct peer_config *seats = update->has & PEER_HAS_SEATS ? update : old;
	struct peer_config *c = block(payloads->payload_count, sends->send_count, seats->seat_count);

	if (!c)
		return NULL;
	c->peer = old->peer;
	c->room = old->room;
	c->number = old->number;
	c->home = old->home;
	c->has = old->has;
	c->ice = update->has & PEER_HAS_ICE ? update->ice : old->ice;
	c->ext = update->has & PEER_HAS_EXT ? update->ext : old->ext;
	memcpy(c->payloads, payloads->payloads, c->payload_count * sizeof *c->payloads);
	memcpy(c->sends, sends->sends, c->send_count * sizeof *c->sends);
	memcpy(c->seats, seats->seats, c->seat_count * sizeof *c->seats);
	return c;
}

const struct payload *peer_config_payload(const struct peer_config *c, uint8_t pt, bool *rtx)
{
	for (size_t i = 0; i < c->payload_count; i++) {
		const struct payload *p = &c->payloads[i];
		*rtx = p->rtx && p->rtx == pt;
		if (*rtx || p->pt == pt)
			return p;
	}
	return NULL;
}

const struct payload *peer_config_accepts(const struct peer_config *c, enum rtp_codec codec, uint32_t profile)
{
	for (size_t i = 0; i < c->payload_count; i++) {
		const struct payload *p = &c->payloads[i];
		if (p->codec == codec && (!profile || !p->profile || p->profile == profile))
			return p;
	}
	return NULL;
}

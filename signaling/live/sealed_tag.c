#include "sealed_tag.h"

#include <sodium.h>
#include <string.h>

#include "bytes.h"
#include "rand.h"

enum {
	TAG_FORM = 2,
	PLAIN_ROOM = 1200,
	SEALED_ROOM = PLAIN_ROOM + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
};

static void put_text(struct wr *w, const char *text)
{
	size_t len = strlen(text);

	wr_u16(w, (uint16_t)len);
	wr_bytes(w, text, len);
}

static bool get_text(struct rd *r, char *out, size_t room)
{
	uint16_t len = rd_u16(r);
	struct rd text = rd_sub(r, len);

	if (!text.ok || len >= room || (len && memchr(text.p, 0, len)))
		return false;
	if (len)
		memcpy(out, text.p, len);
	out[len] = 0;
	return true;
}

static void get_bytes(struct rd *r, uint8_t *out, size_t len)
{
	struct rd bytes = rd_sub(r, len);

	if (bytes.ok)
		memcpy(out, bytes.p, len);
}

static uint8_t bits_of(const bool set[CONTROL_SOURCES])
{
	uint8_t bits = 0;

	for (int i = 0; i < CONTROL_SOURCES; i++)
		bits |= (uint8_t)(set[i] << i);
	return bits;
}

static void bits_to(bool set[CONTROL_SOURCES], uint8_t bits)
{
	for (int i = 0; i < CONTROL_SOURCES; i++)
		set[i] = bits >> i & 1;
}

static void write_plain(struct wr *w, struct participant *p, const struct live_peer *peer)
{
	struct meeting *meeting = p->meeting;
	uint32_t kept = meeting->removal_count < LIVE_REMOVALS_KEPT ? meeting->removal_count : LIVE_REMOVALS_KEPT;

	wr_u8(w, TAG_FORM);
	put_text(w, peer->id);
	put_text(w, meeting->room.id);
	put_text(w, p->name);
	wr_u32(w, p->number);
	wr_u8(w, (uint8_t)(p->guest | meeting->locked << 1 | p->kind << 2 | p->sends[CONTROL_MIC] << 4 | p->sends[CONTROL_CAMERA] << 5));
	wr_u64(w, (uint64_t)p->account);
	wr_u64(w, (uint64_t)p->since_s);
	wr_u64(w, (uint64_t)p->hand_s);
	wr_bytes(w, p->session, sizeof p->session);
	wr_bytes(w, p->resume_hash, sizeof p->resume_hash);
	wr_bytes(w, p->marks.person, LIVE_MARK);
	wr_bytes(w, p->marks.address, LIVE_MARK);
	wr_u8(w, bits_of(p->state));
	wr_u8(w, bits_of(p->blocked));
	wr_u32(w, peer->generation);
	wr_u32(w, peer->ufrag_mark);
	wr_u8(w, (uint8_t)peer->seat_count);
	wr_u32(w, ++meeting->revision);
	wr_u32(w, meeting->last_number);
	wr_u8(w, (uint8_t)kept);
	for (uint32_t i = meeting->removal_count - kept; i < meeting->removal_count; i++) {
		wr_bytes(w, meeting->removals[i].mark, LIVE_MARK);
		wr_u64(w, (uint64_t)meeting->removals[i].from_s);
	}
}

bool sealed_tag_write(char out[CONTROL_TAG_MAX + 1], struct participant *p, const struct live_peer *peer)
{
	uint8_t plain[PLAIN_ROOM], sealed[SEALED_ROOM];
	struct wr w = wr_to(plain, sizeof plain);

	write_plain(&w, p, peer);
	if (!w.ok)
		return false;
	size_t len = (size_t)(w.p - plain);
	rand_bytes(sealed, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, plain, len, sealed, p->meeting->live->config.seal_key);
	sodium_memzero(plain, sizeof plain);
	len += crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	if (sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING) > CONTROL_TAG_MAX)
		return false;
	sodium_bin2base64(out, CONTROL_TAG_MAX + 1, sealed, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return true;
}

static bool read_plain(struct sealed_tag *out, struct rd *r, const char *peer_id)
{
	char peer[CONTROL_NAME_MAX + 1];

	if (rd_u8(r) != TAG_FORM || !get_text(r, peer, sizeof peer) || strcmp(peer, peer_id) ||
	    !get_text(r, out->room, sizeof out->room) || !get_text(r, out->name, sizeof out->name))
		return false;
	out->number = rd_u32(r);
	uint8_t flags = rd_u8(r);
	out->guest = flags & 1;
	out->locked = flags & 2;
	out->kind = (enum live_kind)(flags >> 2 & 3);
	out->sends[CONTROL_MIC] = flags >> 4 & 1;
	out->sends[CONTROL_CAMERA] = flags >> 5 & 1;
	out->account = (int64_t)rd_u64(r);
	out->since_s = (int64_t)rd_u64(r);
	out->hand_s = (int64_t)rd_u64(r);
	get_bytes(r, out->session, sizeof out->session);
	get_bytes(r, out->resume_hash, sizeof out->resume_hash);
	get_bytes(r, out->marks.person, LIVE_MARK);
	get_bytes(r, out->marks.address, LIVE_MARK);
	bits_to(out->state, rd_u8(r));
	bits_to(out->blocked, rd_u8(r));
	out->generation = rd_u32(r);
	out->ufrag_mark = rd_u32(r);
	out->seat_count = rd_u8(r);
	out->revision = rd_u32(r);
	out->last_number = rd_u32(r);
	out->removal_count = rd_u8(r);
	if (out->kind > LIVE_VIEWER || out->removal_count > LIVE_REMOVALS_KEPT || out->seat_count > CONTROL_SEATS_MAX)
		return false;
	for (int i = 0; i < out->removal_count; i++) {
		get_bytes(r, out->removals[i].mark, LIVE_MARK);
		out->removals[i].from_s = (int64_t)rd_u64(r);
	}
	return r->ok && rd_left(r) == 0 && out->number >= 1 && out->number <= out->last_number;
}

bool sealed_tag_read(struct sealed_tag *out, const uint8_t key[LIVE_SEAL_KEY_BYTES], const char *tag, const char *peer_id)
{
	uint8_t sealed[SEALED_ROOM], plain[PLAIN_ROOM];
	size_t len;
	const size_t extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;

	memset(out, 0, sizeof *out);
	if (sodium_base642bin(sealed, sizeof sealed, tag, strlen(tag), NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    len < extra ||
	    crypto_secretbox_open_easy(plain, sealed + crypto_secretbox_NONCEBYTES, len - crypto_secretbox_NONCEBYTES, sealed, key))
		return false;
	struct rd r = rd_from(plain, len - extra);
	bool ok = read_plain(out, &r, peer_id);
	sodium_memzero(plain, sizeof plain);
	return ok;
}

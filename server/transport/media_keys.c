#include "media_keys.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "gcm_sender.h"

enum {
	WINDOW = 512,           /* packets: later than this is not told from a replay; half a second of a fast video stream */
	RTP_HEADER = 12,
	RTCP_HEADER = 8,
	MOST_SSRCS = 4096,
	TABLE_AT_FIRST = 16,
};

#define INDEX_END (UINT64_C(1) << 48)   /* packets of one SSRC under one key, RFC 3711 §9.2 */

/* Which indices of one outgoing SSRC have been used: the highest, and one bit for each of the WINDOW up to it. */
struct sent {
	uint32_t ssrc;
	bool used;
	bool started;                           /* false: only SRTCP so far */
	uint64_t highest;                       /* index: ROC << 16 | seq, RFC 3711 §3.3.1 */
	uint64_t bits[WINDOW / 64];             /* bit (index mod WINDOW) */
};

/* An incoming SSRC that has verified. */
struct seen {
	uint32_t ssrc;
	bool used;
};

/*
 * Both tables: open addressing, at most half full, doubled when they would be more. Never removed from: a forgotten SSRC could be
 * replayed, or sent twice.
 */
struct media_keys {
	srtp_t rx, tx;                          /* owned; streams appear from a template, one per SSRC */
	struct gcm_sender *gcm;                 /* owned; seals outgoing SRTP; NULL: `tx` does */
	unsigned most;                          /* SSRCs in each direction */
	uint32_t seen_mask, sent_mask;          /* table sizes - 1 */
	unsigned seen_count, sent_count;
	struct seen *seen;                      /* owned */
	struct sent *sent;                      /* owned */
};

int media_keys_library_start(void)
{
	return srtp_init() == srtp_err_status_ok ? gcm_sender_library_start() : -EIO;
}

void media_key_material_wipe(struct media_key_material *material)
{
	OPENSSL_cleanse(material, sizeof *material);
}

/* -- set-up ----------------------------------------------------------------------------------------------------------- */

static int session_create(srtp_t *out, uint32_t profile, srtp_ssrc_type_t direction, const uint8_t *key, const uint8_t *salt)
{
	uint8_t both[MEDIA_KEY_BYTES + MEDIA_SALT_MAX];
	memcpy(both, key, MEDIA_KEY_BYTES);
	memcpy(both + MEDIA_KEY_BYTES, salt, MEDIA_SALT_MAX);
	srtp_policy_t policy = { .ssrc = { .type = direction }, .key = both, .window_size = WINDOW, .allow_repeat_tx = 0 };
	if (profile == MEDIA_AEAD_AES_128_GCM) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	} else {
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	}
	srtp_err_status_t status = srtp_create(out, &policy);
	OPENSSL_cleanse(both, sizeof both);
	return status == srtp_err_status_ok ? 0 : -ENOMEM;
}

static int gcm_create(struct gcm_sender **out, const uint8_t *master_key, const uint8_t *master_salt)
{
	uint8_t key[GCM_KEY_BYTES], salt[GCM_SALT_BYTES];
	int err = gcm_session_keys(key, salt, master_key, master_salt) ? gcm_sender_create(out, key, salt) : -ENOMEM;

	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(salt, sizeof salt);
	return err;
}

static int create(struct media_keys **out, const struct media_key_material *m, unsigned most_ssrcs, bool client)
{
	if ((m->profile != MEDIA_AEAD_AES_128_GCM && m->profile != MEDIA_AES128_CM_SHA1_80) || !most_ssrcs || most_ssrcs > MOST_SSRCS)
		return -EINVAL;
	struct media_keys *keys = calloc(1, sizeof *keys);
	if (!keys)
		return -ENOMEM;
	keys->most = most_ssrcs;
	keys->seen_mask = keys->sent_mask = TABLE_AT_FIRST - 1;
	keys->seen = calloc(TABLE_AT_FIRST, sizeof *keys->seen);
	keys->sent = calloc(TABLE_AT_FIRST, sizeof *keys->sent);

	const uint8_t *rx_key = client ? m->server_key : m->client_key, *rx_salt = client ? m->server_salt : m->client_salt;
	const uint8_t *tx_key = client ? m->client_key : m->server_key, *tx_salt = client ? m->client_salt : m->server_salt;
	if (!keys->seen || !keys->sent ||
			session_create(&keys->rx, m->profile, ssrc_any_inbound, rx_key, rx_salt) ||
			session_create(&keys->tx, m->profile, ssrc_any_outbound, tx_key, tx_salt) ||
			(m->profile == MEDIA_AEAD_AES_128_GCM && gcm_create(&keys->gcm, tx_key, tx_salt))) {
		media_keys_destroy(keys);
		return -ENOMEM;
	}
	*out = keys;
	return 0;
}

int media_keys_create(struct media_keys **out, const struct media_key_material *material, unsigned most_ssrcs)
{
	return create(out, material, most_ssrcs, false);
}

int media_keys_create_client(struct media_keys **out, const struct media_key_material *material, unsigned most_ssrcs)
{
	return create(out, material, most_ssrcs, true);
}

void media_keys_destroy(struct media_keys *keys)
{
	if (!keys)
		return;
	/* the library clears each key schedule as it frees it */
	if (keys->rx)
		srtp_dealloc(keys->rx);
	if (keys->tx)
		srtp_dealloc(keys->tx);
	gcm_sender_destroy(keys->gcm);
	free(keys->seen);
	free(keys->sent);
	OPENSSL_cleanse(keys, sizeof *keys);
	free(keys);
}

/* -- in --------------------------------------------------------------------------------------------------------------- */

/* Spread of an SSRC that a stranger may choose; the tables are at most half full and bounded, so a bad spread costs little. */
static uint32_t spread(uint32_t ssrc)
{
	return (ssrc * 2654435769u) >> 15;
}

static struct seen *seen_slot(struct seen *table, uint32_t mask, uint32_t ssrc)
{
	uint32_t at = spread(ssrc) & mask;
	while (table[at].used && table[at].ssrc != ssrc)
		at = (at + 1) & mask;
	return &table[at];
}

/* Make sure that one more fits. False: no memory, and nothing has changed. */
static bool seen_grow(struct media_keys *keys)
{
	if (2 * (keys->seen_count + 1) <= keys->seen_mask + 1)
		return true;
	uint32_t mask = 2 * keys->seen_mask + 1;
	struct seen *larger = calloc((size_t)mask + 1, sizeof *larger);
	if (!larger)
		return false;
	for (uint32_t i = 0; i <= keys->seen_mask; i++)
		if (keys->seen[i].used)
			*seen_slot(larger, mask, keys->seen[i].ssrc) = keys->seen[i];
	free(keys->seen);
	keys->seen = larger;
	keys->seen_mask = mask;
	return true;
}

static enum pkt_verdict verdict_in(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return PKT_OK;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
		return PKT_REPLAYED;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
		return PKT_SHORT;
	default:
		return PKT_FORGED;
	}
}

typedef srtp_err_status_t (*unprotect_fn)(srtp_t session, void *bytes, int *len);

/*
 * The library opens a packet of an SSRC it does not know with the template's keys, and makes a stream for it only after the tag has
 * verified. So only verified SSRCs are counted here, and once there are enough the library is not asked about new ones at all.
 */
static enum pkt_verdict unprotect(struct media_keys *keys, struct packet *pkt, uint32_t ssrc, unprotect_fn open)
{
	struct seen *seen = seen_slot(keys->seen, keys->seen_mask, ssrc);
	if (!seen->used && keys->seen_count >= keys->most)
		return PKT_SSRC_LIMIT;

	int len = pkt->len;
	enum pkt_verdict verdict = verdict_in(open(keys->rx, pkt->data, &len));
	if (verdict != PKT_OK)
		return verdict;
	if (!seen->used) {
		if (!seen_grow(keys))
			return PKT_SSRC_LIMIT;
		*seen_slot(keys->seen, keys->seen_mask, ssrc) = (struct seen){ ssrc, true };
		keys->seen_count++;
	}
	pkt->len = (uint16_t)len;
	return PKT_OK;
}

enum pkt_verdict media_unprotect(struct media_keys *keys, struct packet *pkt)
{
	struct rd r = rd_from(pkt->data, pkt->len);
	rd_skip(&r, 8);
	uint32_t ssrc = rd_u32(&r);
	return r.ok ? unprotect(keys, pkt, ssrc, srtp_unprotect) : PKT_SHORT;
}

enum pkt_verdict media_unprotect_rtcp(struct media_keys *keys, struct packet *pkt)
{
	struct rd r = rd_from(pkt->data, pkt->len);
	rd_skip(&r, 4);
	uint32_t ssrc = rd_u32(&r);
	/* the library reads the index and tag from the end without looking whether they are there */
	if (!r.ok || rd_left(&r) < 4 + 10)
		return PKT_SHORT;
	return unprotect(keys, pkt, ssrc, srtp_unprotect_rtcp);
}

/* -- out -------------------------------------------------------------------------------------------------------------- */

static struct sent *sent_slot(struct sent *table, uint32_t mask, uint32_t ssrc)
{
	uint32_t at = spread(ssrc) & mask;
	while (table[at].used && table[at].ssrc != ssrc)
		at = (at + 1) & mask;
	return &table[at];
}

static bool sent_grow(struct media_keys *keys)
{
	if (2 * (keys->sent_count + 1) <= keys->sent_mask + 1)
		return true;
	uint32_t mask = 2 * keys->sent_mask + 1;
	struct sent *larger = calloc((size_t)mask + 1, sizeof *larger);
	if (!larger)
		return false;
	for (uint32_t i = 0; i <= keys->sent_mask; i++)
		if (keys->sent[i].used)
			*sent_slot(larger, mask, keys->sent[i].ssrc) = keys->sent[i];
	free(keys->sent);
	keys->sent = larger;
	keys->sent_mask = mask;
	return true;
}

/* The SSRC's record, made at its first packet; NULL: there are too many, or no memory. */
static struct sent *sent_find(struct media_keys *keys, uint32_t ssrc)
{
	struct sent *sent = sent_slot(keys->sent, keys->sent_mask, ssrc);
	if (sent->used)
		return sent;
	if (keys->sent_count >= keys->most || !sent_grow(keys))
		return NULL;
	sent = sent_slot(keys->sent, keys->sent_mask, ssrc);
	*sent = (struct sent){ .ssrc = ssrc, .used = true };
	keys->sent_count++;
	return sent;
}

/*
 * Take the index that the receiver will guess for `seq`, once and for ever; false: it is used, or too old to tell. GCM gives its
 * authentication key away when one nonce is used twice, so this is ours to guarantee, whatever the library does.
 */
static bool take_index(struct sent *sent, uint16_t seq, uint64_t *taken)
{
	if (!sent->started) {
		sent->started = true;
		*taken = sent->highest = seq;
		sent->bits[seq % WINDOW / 64] |= UINT64_C(1) << (seq % 64);
		return true;
	}
	int32_t delta = (int16_t)(seq - (uint16_t)sent->highest);
	if (delta > 0) {
		if (sent->highest + (uint64_t)delta >= INDEX_END)
			return false;
		for (int32_t i = 1; i <= delta && i <= WINDOW; i++) {
			uint64_t freed = sent->highest + (uint64_t)i;
			sent->bits[freed % WINDOW / 64] &= ~(UINT64_C(1) << (freed % 64));
		}
		sent->highest += (uint64_t)delta;
	} else if (-delta >= WINDOW || (int64_t)sent->highest + delta < 0) {
		return false;
	}
	uint64_t index = delta > 0 ? sent->highest : sent->highest - (uint64_t)-delta;
	uint64_t bit = UINT64_C(1) << (index % 64);
	if (sent->bits[index % WINDOW / 64] & bit)
		return false;
	sent->bits[index % WINDOW / 64] |= bit;
	*taken = index;
	return true;
}

static enum pkt_verdict verdict_out(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return PKT_OK;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_key_expired:
		return PKT_USED_INDEX;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
		return PKT_SHORT;
	default:
		return PKT_NO_ROOM;
	}
}

/* What stays in the clear: header, CSRCs and extension. 0: the packet ends before they do. */
static size_t clear_part(const uint8_t *bytes, size_t len)
{
	size_t clear = RTP_HEADER + 4u * (bytes[0] & 0x0f);

	if (bytes[0] & 0x10) {
		if (clear + 4 > len)
			return 0;
		clear += 4 + 4u * (size_t)(bytes[clear + 2] << 8 | bytes[clear + 3]);
	}
	return clear <= len ? clear : 0;
}

static enum pkt_verdict seal(struct media_keys *keys, uint8_t *bytes, uint16_t *len, size_t clear, uint64_t index)
{
	if (keys->gcm) {
		if (!gcm_sender_seal(keys->gcm, bytes, clear, *len, index))
			return PKT_NO_ROOM;
		*len += GCM_TAG_BYTES;
		return PKT_OK;
	}
	int sealed = *len;
	enum pkt_verdict verdict = verdict_out(srtp_protect(keys->tx, bytes, &sealed));
	if (verdict == PKT_OK)
		*len = (uint16_t)sealed;
	return verdict;
}

enum pkt_verdict media_protect(struct media_keys *keys, uint8_t *bytes, uint16_t *len, size_t room)
{
	if (*len < RTP_HEADER)
		return PKT_SHORT;
	if (room < (size_t)*len + MEDIA_OVERHEAD)
		return PKT_NO_ROOM;
	size_t clear = clear_part(bytes, *len);
	if (!clear)
		return PKT_SHORT;
	struct rd r = rd_from(bytes, *len);
	rd_skip(&r, 2);
	uint16_t seq = rd_u16(&r);
	rd_skip(&r, 4);
	struct sent *sent = sent_find(keys, rd_u32(&r));
	if (!sent)
		return PKT_SSRC_LIMIT;
	uint64_t index;
	if (!take_index(sent, seq, &index))
		return PKT_USED_INDEX;
	return seal(keys, bytes, len, clear, index);
}

enum pkt_verdict media_protect_rtcp(struct media_keys *keys, uint8_t *bytes, uint16_t *len, size_t room)
{
	if (*len < RTCP_HEADER)
		return PKT_SHORT;
	if (room < (size_t)*len + MEDIA_OVERHEAD)
		return PKT_NO_ROOM;
	struct rd r = rd_from(bytes, *len);
	rd_skip(&r, 4);
	if (!sent_find(keys, rd_u32(&r)))
		return PKT_SSRC_LIMIT;

	int sealed = *len;      /* the SRTCP index is the library's own and only grows (RFC 3711 §3.4) */
	enum pkt_verdict verdict = verdict_out(srtp_protect_rtcp(keys->tx, bytes, &sealed));
	if (verdict == PKT_OK)
		*len = (uint16_t)sealed;
	return verdict;
}

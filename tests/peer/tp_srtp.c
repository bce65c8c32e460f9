#include "tp_srtp.h"

#include <errno.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEDGERS = 128,          /* SSRCs noted; a server that uses more is found out by tests of its own */
	LEDGER_DEPTH = 8192,    /* packets looked back */
	REPLAY_WINDOW = 1024,
};

struct ledger {
	uint32_t ssrc;
	uint64_t highest;                       /* index */
	uint64_t index[LEDGER_DEPTH];           /* +1, so that 0 is empty */
	uint64_t hash[LEDGER_DEPTH];
};

struct tp_srtp {
	srtp_t in, out;
	struct tp_srtp_counts counts;
	struct ledger *ledgers[LEDGERS];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_library(void)
{
	srtp_init();
}

static int make(srtp_t *out, const struct tp_srtp_keys *keys, uint8_t *key, srtp_ssrc_type_t direction)
{
	srtp_policy_t policy = { 0 };
	srtp_profile_t profile = keys->profile == TP_PROFILE_GCM128 ? srtp_profile_aead_aes_128_gcm
		: srtp_profile_aes128_cm_sha1_80;
	srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
	srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
	policy.ssrc.type = direction;
	policy.key = key;
	policy.window_size = REPLAY_WINDOW;
	policy.allow_repeat_tx = 1;
	return srtp_create(out, &policy) == srtp_err_status_ok ? 0 : -EINVAL;
}

int tp_srtp_create(struct tp_srtp **out, const struct tp_srtp_keys *keys)
{
	pthread_once(&once, init_library);
	struct tp_srtp *srtp = calloc(1, sizeof *srtp);
	uint8_t client[30], server[30];
	if (!srtp)
		return -ENOMEM;
	memcpy(client, keys->client, sizeof client);
	memcpy(server, keys->server, sizeof server);
	if (make(&srtp->out, keys, client, ssrc_any_outbound) || make(&srtp->in, keys, server, ssrc_any_inbound)) {
		tp_srtp_destroy(srtp);
		return -EINVAL;
	}
	*out = srtp;
	return 0;
}

void tp_srtp_destroy(struct tp_srtp *srtp)
{
	if (!srtp)
		return;
	if (srtp->in)
		srtp_dealloc(srtp->in);
	if (srtp->out)
		srtp_dealloc(srtp->out);
	for (size_t i = 0; i < LEDGERS; i++)
		free(srtp->ledgers[i]);
	free(srtp);
}

bool tp_srtp_protect(struct tp_srtp *srtp, uint8_t *rtp, size_t *len)
{
	int n = (int)*len;
	if (srtp_protect(srtp->out, rtp, &n) != srtp_err_status_ok)
		return false;
	*len = (size_t)n;
	return true;
}

bool tp_srtp_protect_rtcp(struct tp_srtp *srtp, uint8_t *rtcp, size_t *len)
{
	int n = (int)*len;
	if (srtp_protect_rtcp(srtp->out, rtcp, &n) != srtp_err_status_ok)
		return false;
	*len = (size_t)n;
	return true;
}

/* -- the ledger -- */

static struct ledger *ledger_of(struct tp_srtp *srtp, uint32_t ssrc)
{
	for (size_t i = 0; i < LEDGERS; i++) {
		if (srtp->ledgers[i] && srtp->ledgers[i]->ssrc == ssrc)
			return srtp->ledgers[i];
		if (!srtp->ledgers[i]) {
			srtp->ledgers[i] = calloc(1, sizeof *srtp->ledgers[i]);
			if (srtp->ledgers[i])
				srtp->ledgers[i]->ssrc = ssrc;
			return srtp->ledgers[i];
		}
	}
	return NULL;
}

/* The 48-bit index nearest to the highest seen (RFC 3711 §3.3.1). */
static uint64_t estimate(const struct ledger *ledger, uint16_t seq)
{
	uint64_t roc = ledger->highest >> 16;
	uint16_t low = (uint16_t)ledger->highest;
	if (seq > low && seq - low > 0x8000 && roc)
		roc--;
	else if (seq < low && low - seq > 0x8000)
		roc++;
	return roc << 16 | seq;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t h = 1469598103934665603u;      /* FNV-1a */
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 1099511628211u;
	return h;
}

struct note { struct ledger *ledger; uint64_t index, hash; };

static struct note note_make(struct tp_srtp *srtp, const uint8_t *packet, size_t len)
{
	uint32_t ssrc = (uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 | (uint32_t)packet[10] << 8 | packet[11];
	struct note note = { .ledger = ledger_of(srtp, ssrc), .hash = hash_bytes(packet, len) };
	if (note.ledger)
		note.index = estimate(note.ledger, (uint16_t)(packet[2] << 8 | packet[3]));
	return note;
}

static void note_keep(struct tp_srtp *srtp, const struct note *note, bool authentic)
{
	if (!note->ledger)
		return;
	size_t slot = note->index % LEDGER_DEPTH;
	if (note->ledger->index[slot] == note->index + 1) {
		if (note->ledger->hash[slot] == note->hash)
			srtp->counts.repeated++;
		else
			srtp->counts.reused++;
		return;
	}
	if (!authentic)
		return;
	note->ledger->index[slot] = note->index + 1;
	note->ledger->hash[slot] = note->hash;
	if (note->index > note->ledger->highest)
		note->ledger->highest = note->index;
}

static enum tp_srtp_verdict verdict(struct tp_srtp *srtp, srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		srtp->counts.opened++;
		return TP_SRTP_OK;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
		srtp->counts.replayed++;
		return TP_SRTP_REPLAYED;
	default:
		srtp->counts.forged++;
		return TP_SRTP_FORGED;
	}
}

enum tp_srtp_verdict tp_srtp_open(struct tp_srtp *srtp, uint8_t *packet, size_t *len)
{
	if (*len < 12)
		return verdict(srtp, srtp_err_status_bad_param);
	struct note note = note_make(srtp, packet, *len);
	int n = (int)*len;
	srtp_err_status_t status = srtp_unprotect(srtp->in, packet, &n);
	note_keep(srtp, &note, status == srtp_err_status_ok);
	*len = (size_t)n;
	return verdict(srtp, status);
}

enum tp_srtp_verdict tp_srtp_open_rtcp(struct tp_srtp *srtp, uint8_t *packet, size_t *len)
{
	int n = (int)*len;
	srtp_err_status_t status = srtp_unprotect_rtcp(srtp->in, packet, &n);
	*len = (size_t)n;
	return verdict(srtp, status);
}

const struct tp_srtp_counts *tp_srtp_counts(const struct tp_srtp *srtp)
{
	return &srtp->counts;
}

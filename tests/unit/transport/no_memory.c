/* The nth allocation fails, for n = 1, 2, 3 … until all succeeds: an error is told, nothing leaks, and the next try works. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "dtls.h"
#include "ice.h"
#include "media_keys.h"

static int fail_at;     /* the nth allocation from now fails; 0: none does */
static bool tables;     /* only those of more than one element count: libsrtp2 makes one at a time, and 2.5 crashes when its own fail */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fail_at && !tables && --fail_at == 0 ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fail_at && (!tables || count > 1) && --fail_at == 0 ? NULL : __real_calloc(count, size);
}

static struct dtls_identity *identity;
static struct packet pkt;

/* Each: 0 if all went well, or the error that came back. */

static int try_identity(void)
{
	struct dtls_identity *id = NULL;
	int err = dtls_identity_create(&id);
	dtls_identity_destroy(id);
	return err;
}

static int try_dtls(void)
{
	struct dtls *dtls = NULL;
	int err = dtls_create(&dtls, identity, dtls_identity_fingerprint(identity));
	dtls_destroy(dtls);
	return err;
}

static int try_ice(void)
{
	static const struct ice_credentials c = { "l", "p", "r", "q" };
	struct ice *ice = NULL;
	struct ice_stun *stun = NULL;
	int err = ice_stun_create(&stun);
	if (!err)
		err = ice_create(&ice, &c, 1, 0);
	ice_destroy(ice);
	ice_stun_destroy(stun);
	return err;
}

/* Create both ends, and let forty SSRCs through, with each packet tried again (as a new one) if memory was short for it. */
static int try_keys(void)
{
	struct media_key_material m = { .profile = MEDIA_AEAD_AES_128_GCM, .client_key = "0123456789abcde", .server_key = "edcba9876543210" };
	struct media_keys *server = NULL, *client = NULL;
	int err = media_keys_create(&server, &m, 64);
	if (!err)
		err = media_keys_create_client(&client, &m, 64);
	unsigned lost = 0;
	for (uint32_t ssrc = 1; !err && ssrc <= 40; ssrc++) {
		bool through = false;
		for (uint8_t seq = 1; seq <= 3 && !through; seq++) {
			uint8_t rtp[80] = { 0x80, 96, 0, seq, 0, 0, 0, 0, 0, 0, 0, (uint8_t)ssrc };
			uint16_t len = 40;
			if (media_protect(client, rtp, &len, sizeof rtp) != PKT_OK) {
				lost++;
				continue;
			}
			pkt.data = pkt.room;
			memcpy(pkt.data, rtp, len);
			pkt.len = len;
			through = media_unprotect(server, &pkt) == PKT_OK;
			lost += !through;
		}
		if (!through)
			err = -1;
	}
	media_keys_destroy(server);
	media_keys_destroy(client);
	return err ? err : lost ? 1 : 0;
}

static void run(const char *name, int (*act)(void))
{
	unsigned n = 0, bad = 0;
	int err;
	do {
		fail_at = (int)++n;
		err = act();
		bool struck = fail_at == 0;
		fail_at = 0;
		bad += struck ? err == 0 || err == -1 : err != 0;
		if (!struck)
			break;
	} while (n < 2000);
	check(name, bad == 0 && n > 1 && n < 2000);
}

int main(void)
{
	check("library starts", media_keys_library_start() == 0);
	check("identity", dtls_identity_create(&identity) == 0);
	run("no memory: identity", try_identity);
	run("no memory: DTLS", try_dtls);
	run("no memory: ICE", try_ice);
	tables = true;
	run("no memory: SRTP tables", try_keys);
	dtls_identity_destroy(identity);
	return check_done();
}

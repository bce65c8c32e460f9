#include "browser.h"

#include <sodium.h>
#include <string.h>

#include "bytes.h"
#include "live_state.h"
#include "rand.h"

enum {
	PROOF_BYTES = crypto_generichash_BYTES_MIN,
	BROWSER_BYTES = BROWSER_ID_BYTES + 8 + PROOF_BYTES,
};

_Static_assert(sodium_base64_ENCODED_LEN(BROWSER_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == LIVE_BROWSER_ROOM, "it fits exactly");

/* The word keeps it apart from all else that is hashed under this key. */
static void prove(uint8_t out[PROOF_BYTES], const uint8_t *body, const uint8_t *key)
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, key, LIVE_SEAL_KEY_BYTES, PROOF_BYTES);
	crypto_generichash_update(&s, (const uint8_t *)"browser", 6);
	crypto_generichash_update(&s, body, BROWSER_ID_BYTES + 8);
	crypto_generichash_final(&s, out, PROOF_BYTES);
}

void browser_make(char out[LIVE_BROWSER_ROOM], const uint8_t key[LIVE_SEAL_KEY_BYTES], int64_t now_s)
{
	uint8_t bytes[BROWSER_BYTES];
	struct wr w = wr_to(bytes, sizeof bytes);
	uint8_t id[BROWSER_ID_BYTES];

	rand_bytes(id, sizeof id);
	wr_bytes(&w, id, sizeof id);
	wr_u64(&w, (uint64_t)now_s);
	prove(w.p, bytes, key);
	sodium_bin2base64(out, LIVE_BROWSER_ROOM, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool browser_read(struct browser *out, const char *text, const uint8_t key[LIVE_SEAL_KEY_BYTES])
{
	uint8_t bytes[BROWSER_BYTES], proof[PROOF_BYTES];
	size_t len;

	/* libsodium takes some bytes above 0x7f for letters: one cookie would have many texts. */
	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != LIVE_BROWSER_ROOM - 1)
		return false;
	if (sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    len != sizeof bytes)
		return false;
	prove(proof, bytes, key);
	if (sodium_memcmp(proof, bytes + BROWSER_ID_BYTES + 8, PROOF_BYTES))
		return false;
	struct rd r = rd_from(bytes, sizeof bytes);
	struct rd id = rd_sub(&r, BROWSER_ID_BYTES);
	memcpy(out->id, id.p, BROWSER_ID_BYTES);
	out->since_s = (int64_t)rd_u64(&r);
	return true;
}

void live_browser_make(const struct live *live, char out[LIVE_BROWSER_ROOM])
{
	browser_make(out, live->config.seal_key, live_unix_s(live));
}

bool live_browser_good(const struct live *live, const char *text)
{
	struct browser browser;
	return browser_read(&browser, text, live->config.seal_key);
}

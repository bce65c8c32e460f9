/* A tag as it comes back: as raw text (nothing but ours opens), and with a sound seal around anything. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "sealed_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[LIVE_SEAL_KEY_BYTES] = { 9 };
	enum { MOST = 1200, EXTRA = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES };
	uint8_t sealed[MOST + EXTRA] = { 0 };
	char text[CONTROL_TAG_MAX + 1];
	struct sealed_tag tag;

	if (size > MOST)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	assert(!sealed_tag_read(&tag, key, text, "p-1"));
	crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, data, size, sealed, key);
	sodium_bin2base64(text, sizeof text, sealed, size + EXTRA, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (sealed_tag_read(&tag, key, text, "p-1"))
		assert(tag.number && tag.number <= tag.last_number && tag.removal_count <= LIVE_REMOVALS_KEPT && memchr(tag.name, 0, sizeof tag.name));
	return 0;
}

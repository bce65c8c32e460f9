/* The browser cookie as it may be sent: only what was made here under this key is taken, whatever the bytes. */
#include "browser.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t key[LIVE_SEAL_KEY_BYTES];        /* another in each run: what one has learned is worth nothing in the next */
	static char genuine[LIVE_BROWSER_ROOM];
	struct browser browser;
	char text[256];

	if (!genuine[0]) {
		if (sodium_init() < 0)
			return 0;
		randombytes_buf(key, sizeof key);
		browser_make(genuine, key, 1790000000);
	}
	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	bool taken = browser_read(&browser, text, key);
	assert(taken == !strcmp(text, genuine));       /* the fuzzer sees what is compared, and tries it */

	/* The genuine one with one character of the input in it is genuine only if that changes nothing. */
	if (size < 2 || !data[1])
		return 0;
	strcpy(text, genuine);
	text[data[0] % strlen(genuine)] = (char)data[1];
	taken = browser_read(&browser, text, key);
	assert(taken == !strcmp(text, genuine));
	return 0;
}

/* Any bytes as a name or a text: refused, or something that stays the same when it is normalised again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "display_name.h"
#include "password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char in[1025], out[257], again[257];
	size = size < sizeof in - 1 ? size : sizeof in - 1;
	memcpy(in, data, size);
	in[size] = '\0';
	if (display_name_normalise(out, sizeof out, in, 64)) {
		assert(out[0] && !strpbrk(out, "\r\n\t\x7f\x1b"));
		assert(display_name_normalise(again, sizeof again, out, 64) && strcmp(out, again) == 0);
	}
	if (display_text_normalise(out, sizeof out, in, 64))
		assert(display_text_normalise(again, sizeof again, out, 64) && strcmp(out, again) == 0);
	account_name_valid(in);
	password_acceptable(in, "lan");
	return 0;
}

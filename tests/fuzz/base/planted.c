/*
 * A bug on purpose. tests/run expects this target to crash: when it does not, the fuzzing itself is broken (no coverage, no
 * sanitizer, no corpus) and the silence of the other targets means nothing.
 *
 * The bug is of the usual kind: a length inside the bytes is believed when one flag is set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 6 || memcmp(bytes, "HK", 2) || bytes[2] != 0x80)
		return 0;
	uint8_t *copy = malloc(len - 4);
	if (!copy)
		return 0;
	size_t claimed = bytes[3];
	memcpy(copy, bytes + 4, bytes[4] == 0x7f ? claimed : len - 4);
	static volatile uint8_t last; /* so that no compiler finds the copy needless */
	last = copy[len - 5];
	free(copy);
	return 0;
}

/* Whatever control_decode accepts, control_encode writes, and it reads back to the same bytes. */
#include "control_message.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct control_message m;
	static char first[CONTROL_MESSAGE_MAX], second[CONTROL_MESSAGE_MAX];

	if (!control_decode(&m, data, size))
		return 0;
	size_t n = control_encode(&m, first, sizeof first);
	assert(n);
	bool again = control_decode(&m, first, n);
	assert(again);
	size_t n2 = control_encode(&m, second, sizeof second);
	assert(n == n2 && !memcmp(first, second, n));
	return 0;
}

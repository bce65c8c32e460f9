/* A frame from anywhere: text or (first byte odd) deflate-raw. What is taken is an object that can be written and read again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "live_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *message, *again;

	if (!size || message_read(&message, data[0] & 1, data + 1, size - 1) != MESSAGE_READ)
		return 0;
	assert(json_is_object(message));
	char *text = json_dumps(message, JSON_COMPACT);
	if (text && strlen(text) <= LIVE_MESSAGE_MAX) {
		assert(message_read(&again, false, text, strlen(text)) == MESSAGE_READ);
		assert(json_equal(message, again));
		json_decref(again);
	}
	free(text);
	json_decref(message);
	return 0;
}

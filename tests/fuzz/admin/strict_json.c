/* Any bytes as a request's body: refused or read, and what is read is of its type. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "strict_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_field f[] = { { "title", FIELD_TEXT, true }, { "guests", FIELD_BOOL, false }, { "max", FIELD_NUMBER, false } };
	const char *bad;
	json_t *body = strict_json_read((const char *)data, size, f, 3, &bad);
	if (body) {
		assert(f[0].given && f[0].text && json_is_object(body));
		assert(json_object_size(body) == (size_t)f[0].given + f[1].given + f[2].given);
		assert(memchr(data, '\0', size) == NULL);
	}
	json_decref(body);
	return 0;
}

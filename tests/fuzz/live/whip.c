/* A request from anywhere, its method, path and headers a line each: judged by its form; what is looked up after that has the form of it. */
#include <assert.h>
#include <string.h>

#include "whip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2048];
	char *parts[6] = { "", "", "", "", "", "" }, *at = text;
	struct whip_target target;
	struct live_whip_answer answer = { 0 };

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	for (int i = 0; i < 6 && at; i++)
		parts[i] = strsep(&at, "\n");
	const struct live_whip_request request = { .method = parts[0], .path = parts[1], .authorization = parts[2], .content_type = parts[3],
		.accept = parts[4], .if_match = parts[5], .address = "", .body = "" };
	if (whip_judge(&target, &answer, &request)) {
		assert(answer.status == 200 || (answer.status >= 400 && answer.status < 500 && answer.code));
		return 0;
	}
	assert(strlen(target.room) == LIVE_ROOM_ID_ROOM - 1 && (!target.session[0] || strlen(target.session) == sizeof target.session - 1));
	assert((target.method == WHIP_POST) == !target.session[0] && memchr(target.token, 0, sizeof target.token));
	return 0;
}

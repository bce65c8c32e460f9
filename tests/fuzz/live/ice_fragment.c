/* A fragment from anywhere: what was read, written again, reads the same; as an ICE restart it is answered with SDP that reads. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdp_answer.h"
#include "whip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reads(struct ice_fragment *out, const char *text)
{
	return ice_fragment_read(out, text, strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "192.0.2.10" };
	const struct sdp_answer_server about = { .hosts = hosts, .hosts_n = 1, .port = 8443 };
	const struct offer_server server = { .ufrag = "0123456789abcdef", .pwd = "0123456789abcdef0123456789abcdef" };
	struct ice_fragment f, again;
	char text[512] = "a=x\r\n";

	if (!ice_fragment_read(&f, (const char *)data, size))
		return 0;
	size_t n = strlen(text);
	if (f.ufrag[0])
		n += (size_t)snprintf(text + n, sizeof text - n, "a=ice-ufrag:%s\r\n", f.ufrag);
	if (f.pwd[0])
		n += (size_t)snprintf(text + n, sizeof text - n, "a=ice-pwd:%s\r\n", f.pwd);
	if (f.mid[0])
		snprintf(text + n, sizeof text - n, "m=%s 9 x\r\na=mid:%s\r\n", f.video ? "video" : "audio", f.mid);
	assert(reads(&again, text) && !strcmp(again.ufrag, f.ufrag) && !strcmp(again.pwd, f.pwd) && !strcmp(again.mid, f.mid));
	char *answer = sdp_answer_fragment(&f, &server, &about);
	assert(answer && reads(&again, answer) && !strcmp(again.ufrag, server.ufrag) && !strcmp(again.mid, f.mid));
	free(answer);
	int status = whip_patch_status(&f, false, "*", "\"aa\"");
	assert(status == (f.ufrag[0] && f.pwd[0] ? 200 : f.ufrag[0] || f.pwd[0] ? 400 : 204));
	return 0;
}

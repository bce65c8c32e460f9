/* An offer from anywhere: read, planned with the sections that it suggests itself, answered; the answer must be SDP again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "device_offer.h"
#include "sdp_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sdp_offer offer, again;
static struct offer_plan plan;

/* Sources and seats from what the sections are, so that planning has something to do. */
static void suggest(struct offer_sections *out)
{
	memset(out, 0, sizeof *out);
	for (int i = 0; i < offer.section_count; i++) {
		const struct sdp_section *s = &offer.sections[i];
		bool audio = s->kind == SDP_AUDIO;
		if (s->kind == SDP_OTHER)
			continue;
		if (s->direction <= SDP_SENDONLY) {
			int source = audio ? CONTROL_MIC : CONTROL_CAMERA;
			if (out->sources[source][0])
				source = audio ? CONTROL_SCREEN_AUDIO : CONTROL_SCREEN;
			if (!out->sources[source][0])
				strcpy(out->sources[source], s->mid);
		} else if (s->direction == SDP_RECVONLY && out->seat_count < CONTROL_SEATS_MAX) {
			struct offer_seat *seat = &out->seats[out->seat_count++];
			seat->kind = audio ? CONTROL_SEAT_VOICE : CONTROL_SEAT_SCREEN;
			strcpy(audio ? seat->audio : seat->video, s->mid);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "192.0.2.10" };
	struct sdp_answer_server about = { .hosts = hosts, .hosts_n = 1, .port = 8443, .session = 1, .version = 1,
		.fingerprint = "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" };
	struct offer_server server = { .ufrag = "0123456789abcdef", .pwd = "0123456789abcdef0123456789abcdef" };
	struct offer_sections sections;
	static struct control_peer_add add;

	if (!sdp_parse(&offer, (const char *)data, size))
		return 0;
	for (uint32_t i = 0; i < CONTROL_SEATS_MAX; i++) {
		server.ssrcs[i].audio = 3 * i + 1;
		server.ssrcs[i].video = 3 * i + 2;
		server.ssrcs[i].rtx = 3 * i + 3;
	}
	for (int publish = 0; publish < 2; publish++) {         /* as a device's, without sections */
		if (!sdp_parse(&offer, (const char *)data, size) || device_offer_plan(&sections, &plan, &offer, publish) != DEVICE_OFFER_TAKEN)
			continue;
		about.one_stream = true;
		char *whole = sdp_answer_write(&offer, &plan, &sections, &server, &about);
		assert(whole && sdp_parse(&again, whole, strlen(whole)) && again.section_count == offer.section_count);
		assert(publish ? !sections.seat_count : !sections.sources[CONTROL_MIC][0] && !sections.sources[CONTROL_CAMERA][0]);
		free(whole);
	}
	about.one_stream = false;
	sdp_parse(&offer, (const char *)data, size);
	suggest(&sections);
	if (!offer_plan_make(&plan, &offer, &sections, 64))
		return 0;
	offer_plan_to_peer(&add, &plan, &offer, &sections, &server);
	char *answer = sdp_answer_write(&offer, &plan, &sections, &server, &about);
	assert(answer && sdp_parse(&again, answer, strlen(answer)) && again.section_count == offer.section_count && again.ice_lite);
	free(answer);
	return 0;
}

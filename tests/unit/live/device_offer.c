/* What a device's offer is for: by direction and kind alone, whole or not at all. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_offer.h"
#include "sdp_answer.h"

#define FINGERPRINT "a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99\r\n"
#define HEAD(group, setup) "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" group "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:" setup \
	"\r\n" FINGERPRINT
#define ACTPASS(group) HEAD(group, "actpass")
#define GROUP(mids) "a=group:BUNDLE " mids "\r\n"
#define AUDIO(mid, way) "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:" mid "\r\na=" way "\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
#define VIDEO(mid, way) "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:" mid "\r\na=" way "\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
#define H264(mid, way) "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:" mid "\r\na=" way "\r\na=rtcp-mux\r\na=rtpmap:97 H264/90000\r\n" \
	"a=fmtp:97 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1\r\n"
#define DATA "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n"

/* `what`: the sections as mic/camera, or the seats in order, as they come out. */
static const struct { const char *name, *sdp; bool publish; enum device_offer verdict; const char *what; } rows[] = {
	{ "both", ACTPASS(GROUP("0 1")) AUDIO("0", "sendonly") VIDEO("1", "sendonly"), true, DEVICE_OFFER_TAKEN, "mic 0 camera 1" },
	{ "video first, sendrecv", ACTPASS(GROUP("v a")) VIDEO("v", "sendrecv") AUDIO("a", "sendrecv"), true, DEVICE_OFFER_TAKEN, "mic a camera v" },
	{ "H264 alone, active", HEAD(GROUP("0 1"), "active") AUDIO("0", "sendonly") H264("1", "sendonly"), true, DEVICE_OFFER_TAKEN, "mic 0 camera 1" },
	{ "audio alone", ACTPASS(GROUP("0")) AUDIO("0", "sendonly"), true, DEVICE_OFFER_TAKEN, "mic 0" },
	{ "one section without a group", ACTPASS("") VIDEO("0", "sendonly"), true, DEVICE_OFFER_TAKEN, "camera 0" },
	{ "two without a group", ACTPASS("") AUDIO("0", "sendonly") VIDEO("1", "sendonly"), true, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "one of two in the group", ACTPASS(GROUP("0")) AUDIO("0", "sendonly") VIDEO("1", "sendonly"), true, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "a data channel beside", ACTPASS(GROUP("0 1 d")) AUDIO("0", "sendonly") VIDEO("1", "sendonly") DATA, true, DEVICE_OFFER_TAKEN, "mic 0 camera 1" },
	{ "two cameras", ACTPASS(GROUP("0 1")) VIDEO("0", "sendonly") VIDEO("1", "sendonly"), true, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "nothing to send", ACTPASS(GROUP("0 1")) AUDIO("0", "recvonly") VIDEO("1", "inactive"), true, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "no codec in common", ACTPASS(GROUP("0")) "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:0 PCMU/8000\r\n", true,
	  DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "passive", HEAD(GROUP("0"), "passive") AUDIO("0", "sendonly"), true, DEVICE_OFFER_WRONG_ROLE, "" },
	{ "ICE-lite", ACTPASS("a=ice-lite\r\n" GROUP("0")) AUDIO("0", "sendonly"), true, DEVICE_OFFER_WRONG_ROLE, "" },
	{ "a viewer", ACTPASS(GROUP("0 1")) AUDIO("0", "recvonly") VIDEO("1", "recvonly"), false, DEVICE_OFFER_TAKEN, "stage -/1 voice 0/-" },
	{ "a viewer that would send as well", ACTPASS(GROUP("0 1")) AUDIO("0", "sendrecv") VIDEO("1", "sendrecv"), false, DEVICE_OFFER_TAKEN,
	  "stage -/1 voice 0/-" },
	{ "a viewer with three audios", ACTPASS(GROUP("v a b c")) VIDEO("v", "recvonly") AUDIO("a", "recvonly") AUDIO("b", "recvonly") AUDIO("c", "recvonly"),
	  false, DEVICE_OFFER_TAKEN, "stage c/v voice a/- voice b/-" },
	{ "a listener", ACTPASS(GROUP("a b")) AUDIO("a", "recvonly") AUDIO("b", "recvonly"), false, DEVICE_OFFER_TAKEN, "voice a/- voice b/-" },
	{ "a picture alone", ACTPASS("") VIDEO("v", "recvonly"), false, DEVICE_OFFER_TAKEN, "stage -/v" },
	{ "two pictures", ACTPASS(GROUP("v w")) VIDEO("v", "recvonly") VIDEO("w", "recvonly"), false, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
	{ "a viewer that only sends", ACTPASS(GROUP("0 1")) AUDIO("0", "sendonly") VIDEO("1", "sendonly"), false, DEVICE_OFFER_NOT_ACCEPTABLE, "" },
};

static void describe(char *out, size_t room, const struct offer_sections *s)
{
	size_t n = 0;

	out[0] = 0;
	for (int i = 0; i < CONTROL_SOURCES; i++)
		if (s->sources[i][0])
			n += (size_t)snprintf(out + n, room - n, "%s%s %s", n ? " " : "", control_source_name((enum control_source)i), s->sources[i]);
	for (int i = 0; i < s->seat_count; i++)
		n += (size_t)snprintf(out + n, room - n, "%s%s %s/%s", n ? " " : "", control_seat_kind_name(s->seats[i].kind),
			s->seats[i].audio[0] ? s->seats[i].audio : "-", s->seats[i].video[0] ? s->seats[i].video : "-");
}

static char *answer_to(const char *sdp, bool publish, struct sdp_offer *offer, struct offer_plan *plan)
{
	static const char *const hosts[] = { "192.0.2.10" };
	struct offer_sections sections;
	struct offer_server server = { .ufrag = "server", .pwd = "0123456789012345678901", .ssrcs = { { 11, 12, 13 }, { 14, 15, 16 }, { 17, 18, 19 } } };
	const struct sdp_answer_server about = { .hosts = hosts, .hosts_n = 1, .port = 8443, .fingerprint = "sha-256 00", .one_stream = true };

	if (!sdp_parse(offer, sdp, strlen(sdp)) || device_offer_plan(&sections, plan, offer, publish) != DEVICE_OFFER_TAKEN)
		return NULL;
	return sdp_answer_write(offer, plan, &sections, &server, &about);
}

int main(void)
{
	struct sdp_offer *offer = malloc(sizeof *offer);
	struct offer_plan *plan = malloc(sizeof *plan);
	struct offer_sections sections;
	char what[256];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool parsed = sdp_parse(offer, rows[i].sdp, strlen(rows[i].sdp));
		enum device_offer verdict = device_offer_plan(&sections, plan, offer, rows[i].publish);
		describe(what, sizeof what, &sections);
		if (!check(rows[i].name, parsed && verdict == rows[i].verdict && (verdict != DEVICE_OFFER_TAKEN || !strcmp(what, rows[i].what))))
			printf("# parsed %d, verdict %d, %s\n", parsed, verdict, what);
	}
	char *answer = answer_to(ACTPASS("") VIDEO("v", "recvonly"), false, offer, plan);
	check("no group was offered, none is answered", answer && !strstr(answer, "BUNDLE") && strstr(answer, "a=candidate:1 1 udp"));
	free(answer);
	answer = answer_to(ACTPASS(GROUP("0 1")) AUDIO("0", "recvonly") VIDEO("1", "recvonly"), false, offer, plan);
	check("a viewer's tracks are in one stream", answer && strstr(answer, "a=msid:main seat1-audio") && strstr(answer, "a=msid:main seat0-video") &&
		strstr(answer, "a=group:BUNDLE 0 1\r\n"));
	check("it is sent and nothing received", answer && strstr(answer, "a=sendonly") && !strstr(answer, "a=recvonly"));
	free(answer);
	answer = answer_to(ACTPASS(GROUP("0 1")) AUDIO("0", "sendrecv") VIDEO("1", "sendrecv"), true, offer, plan);
	check("a publisher is received and nothing sent", answer && strstr(answer, "a=recvonly") && !strstr(answer, "a=sendonly") && !strstr(answer, "a=sendrecv"));
	free(answer);
	free(offer);
	free(plan);
	return check_done();
}

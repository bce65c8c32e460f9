/* Every message of CONTROL.md there and back, and everything that must be refused. */
#include "control_message.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define FP "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define ICE "{\"ufrag\":\"abcd\",\"pwd\":\"0123456789012345678901\",\"remote_ufrag\":\"wxyz\",\"remote_pwd\":\"0123456789012345678901\"}"
#define ADD(numbers, sends, seats) "{\"t\":\"peer.add\",\"id\":7,\"room\":\"r\",\"peer\":\"p\"," numbers ",\"tag\":\"AA==\",\"ice\":" ICE \
	",\"fingerprint\":\"" FP "\",\"ext\":{\"mid\":4,\"twcc\":3}," \
	"\"payloads\":[{\"pt\":111,\"codec\":\"opus\",\"clock\":48000},{\"pt\":96,\"codec\":\"vp8\",\"clock\":90000,\"rtx\":97}]," \
	"\"sends\":[" sends "],\"seats\":[" seats "]}"
#define SEND "{\"mid\":\"1\",\"source\":\"camera\",\"rids\":[\"q\",\"h\",\"f\"],\"ssrcs\":[1,2],\"rtx_ssrcs\":[0,4]}"
#define SEAT "{\"seat\":0,\"kind\":\"person\",\"audio\":{\"mid\":\"4\",\"ssrc\":11},\"video\":{\"mid\":\"5\",\"ssrc\":12,\"rtx\":13}}"

static const struct { const char *name, *json; enum control_type type; uint64_t id; } good[] = {
	{ "hello", "{\"t\":\"hello\",\"id\":1,\"version\":1}", CONTROL_HELLO, 1 },
	{ "snapshot", "{\"t\":\"snapshot\",\"id\":2}", CONTROL_SNAPSHOT, 2 },
	{ "room open", "{\"t\":\"room.open\",\"id\":3,\"room\":\"kV0\"}", CONTROL_ROOM_OPEN, 3 },
	{ "room close", "{\"t\":\"room.close\",\"id\":9007199254740992,\"room\":\"kV0\"}", CONTROL_ROOM_CLOSE, UINT64_C(1) << 53 },
	{ "peer add", ADD("\"number\":3", SEND, SEAT), CONTROL_PEER_ADD, 7 },
	{ "peer add, nothing sent or shown", ADD("\"number\":16777216", "", ""), CONTROL_PEER_ADD, 7 },
	{ "peer update of ICE", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"ice\":" ICE "}", CONTROL_PEER_UPDATE, 8 },
	{ "peer update of seats", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"seats\":[" SEAT "]}", CONTROL_PEER_UPDATE, 8 },
	{ "peer update of the tag", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"tag\":\"\"}", CONTROL_PEER_UPDATE, 8 },
	{ "peer remove", "{\"t\":\"peer.remove\",\"id\":9,\"peer\":\"p\"}", CONTROL_PEER_REMOVE, 9 },
	{ "peer view", "{\"t\":\"peer.view\",\"id\":9,\"peer\":\"p\",\"pins\":[1],\"wants\":[],\"heights\":[720,0]}", CONTROL_PEER_VIEW, 9 },
	{ "peer state", "{\"t\":\"peer.state\",\"id\":9,\"peer\":\"p\",\"mic\":true,\"camera\":false,\"screen\":false,\"screen_audio\":true}", CONTROL_PEER_STATE, 9 },
	{ "peer block", "{\"t\":\"peer.block\",\"id\":9,\"peer\":\"p\",\"mic\":true,\"camera\":false,\"screen\":false}", CONTROL_PEER_BLOCK, 9 },
	{ "tcp", "{\"t\":\"tcp\",\"id\":9}", CONTROL_TCP, 9 },
	{ "stats", "{\"t\":\"stats\",\"id\":9}", CONTROL_STATS, 9 },
	{ "stats of a room", "{\"t\":\"stats\",\"id\":9,\"room\":\"kV0\"}", CONTROL_STATS, 9 },
	{ "ok", "{\"t\":\"ok\",\"re\":9}", CONTROL_OK, 9 },
	{ "error to nobody", "{\"t\":\"error\",\"re\":0,\"code\":\"bad_message\"}", CONTROL_ERROR, 0 },
	{ "welcome", "{\"t\":\"welcome\",\"re\":1,\"epoch\":\"e\",\"fingerprint\":\"" FP "\",\"workers\":2}", CONTROL_WELCOME, 1 },
	{ "stats report", "{\"t\":\"stats.report\",\"re\":1,\"counters\":{\"rx\":12},\"peers\":[{\"peer\":\"p\",\"number\":1,\"rtt_us\":0,"
		"\"rx_packets\":1,\"tx_packets\":2,\"rx_bytes\":3,\"tx_bytes\":4,\"lost\":5}]}", CONTROL_STATS_REPORT, 1 },
	{ "peer connected", "{\"t\":\"peer.connected\",\"peer\":\"p\",\"via\":\"udp6\"}", CONTROL_PEER_CONNECTED, 0 },
	{ "peer closed", "{\"t\":\"peer.closed\",\"peer\":\"p\",\"reason\":\"gone\"}", CONTROL_PEER_CLOSED, 0 },
	{ "peer stalled", "{\"t\":\"peer.stalled\",\"peer\":\"p\",\"stalled\":false}", CONTROL_PEER_STALLED, 0 },
	{ "seats", "{\"t\":\"seats\",\"peer\":\"p\",\"seats\":[{\"seat\":0,\"number\":5},{\"seat\":2,\"number\":0}]}", CONTROL_SEATS, 0 },
	{ "speakers", "{\"t\":\"speakers\",\"room\":\"r\",\"order\":[2,1],\"speaking\":[2]}", CONTROL_SPEAKERS, 0 },
	{ "snapshot peer", "{\"t\":\"snapshot.peer\",\"room\":\"r\",\"peer\":\"p\",\"number\":1,\"tag\":\"AA\",\"connected\":true}", CONTROL_SNAPSHOT_PEER, 0 },
	{ "snapshot end", "{\"t\":\"snapshot.end\"}", CONTROL_SNAPSHOT_END, 0 },
};

static const struct { const char *name, *json; uint64_t id; } bad[] = {
	{ "empty", "", 0 },
	{ "not JSON", "hello", 0 },
	{ "a list", "[]", 0 },
	{ "no type", "{\"id\":1}", 1 },
	{ "unknown type", "{\"t\":\"nonsense\",\"id\":1}", 1 },
	{ "the empty type", "{\"t\":\"\",\"id\":1}", 1 },
	{ "type is a number", "{\"t\":1,\"id\":1}", 1 },
	{ "request without id", "{\"t\":\"snapshot\"}", 0 },
	{ "id zero", "{\"t\":\"snapshot\",\"id\":0}", 0 },
	{ "id negative", "{\"t\":\"snapshot\",\"id\":-1}", 0 },
	{ "id too large", "{\"t\":\"snapshot\",\"id\":9007199254740993}", 0 },
	{ "id a string", "{\"t\":\"snapshot\",\"id\":\"1\"}", 0 },
	{ "id and re", "{\"t\":\"ok\",\"id\":1,\"re\":1}", 0 },
	{ "event with id", "{\"t\":\"snapshot.end\",\"id\":1}", 1 },
	{ "unknown field", "{\"t\":\"hello\",\"id\":1,\"version\":1,\"x\":0}", 1 },
	{ "duplicate key", "{\"t\":\"hello\",\"id\":1,\"version\":1,\"version\":2}", 0 },
	{ "missing field", "{\"t\":\"hello\",\"id\":1}", 1 },
	{ "text after", "{\"t\":\"snapshot\",\"id\":2} x", 0 },
	{ "NUL in a string", "{\"t\":\"room.open\",\"id\":2,\"room\":\"a\\u0000b\"}", 0 },
	{ "empty room", "{\"t\":\"room.open\",\"id\":2,\"room\":\"\"}", 2 },
	{ "room of 65 bytes", "{\"t\":\"room.open\",\"id\":2,\"room\":\"01234567890123456789012345678901234567890123456789012345678901234\"}", 2 },
	{ "not UTF-8", "{\"t\":\"room.open\",\"id\":2,\"room\":\"\xff\"}", 0 },
	{ "number zero", ADD("\"number\":0", SEND, SEAT), 7 },
	{ "number too large", ADD("\"number\":16777217", SEND, SEAT), 7 },
	{ "number real", ADD("\"number\":1.0", SEND, SEAT), 7 },
	{ "send twice the same mid", ADD("\"number\":1", SEND "," SEND, SEAT), 7 },
	{ "four rids", ADD("\"number\":1", "{\"mid\":\"1\",\"source\":\"camera\",\"rids\":[\"a\",\"b\",\"c\",\"d\"]}", SEAT), 7 },
	{ "thirteen SSRCs", ADD("\"number\":1", "{\"mid\":\"1\",\"source\":\"camera\",\"ssrcs\":[1,2,3,4,5,6,7,8,9,10,11,12,13]}", SEAT), 7 },
	{ "rtx list of another length", ADD("\"number\":1", "{\"mid\":\"1\",\"source\":\"camera\",\"ssrcs\":[1,2],\"rtx_ssrcs\":[1]}", SEAT), 7 },
	{ "unknown source", ADD("\"number\":1", "{\"mid\":\"1\",\"source\":\"nose\"}", SEAT), 7 },
	{ "seat out of place", ADD("\"number\":1", SEND, "{\"seat\":1,\"kind\":\"voice\",\"audio\":{\"mid\":\"4\",\"ssrc\":11}}"), 7 },
	{ "voice with video", ADD("\"number\":1", SEND, "{\"seat\":0,\"kind\":\"voice\",\"video\":{\"mid\":\"4\",\"ssrc\":11}}"), 7 },
	{ "seat of nothing", ADD("\"number\":1", SEND, "{\"seat\":0,\"kind\":\"person\"}"), 7 },
	{ "a stage without video", ADD("\"number\":1", SEND, "{\"seat\":0,\"kind\":\"stage\",\"audio\":{\"mid\":\"4\",\"ssrc\":11}}"), 7 },
	{ "rtx for audio", ADD("\"number\":1", SEND, "{\"seat\":0,\"kind\":\"voice\",\"audio\":{\"mid\":\"4\",\"ssrc\":11,\"rtx\":12}}"), 7 },
	{ "one SSRC for two streams", ADD("\"number\":1", SEND, "{\"seat\":0,\"kind\":\"person\",\"audio\":{\"mid\":\"4\",\"ssrc\":11},\"video\":{\"mid\":\"5\",\"ssrc\":11}}"), 7 },
	{ "short ICE password", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"ice\":{\"ufrag\":\"abcd\",\"pwd\":\"short\",\"remote_ufrag\":\"wxyz\",\"remote_pwd\":\"0123456789012345678901\"}}", 8 },
	{ "extension id 15", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"ext\":{\"mid\":15}}", 8 },
	{ "update of the room", "{\"t\":\"peer.update\",\"id\":8,\"peer\":\"p\",\"room\":\"r\"}", 8 },
	{ "height too large", "{\"t\":\"peer.view\",\"id\":9,\"peer\":\"p\",\"pins\":[],\"wants\":[],\"heights\":[8193]}", 9 },
	{ "state with a word", "{\"t\":\"peer.block\",\"id\":9,\"peer\":\"p\",\"mic\":\"yes\",\"camera\":false,\"screen\":false}", 9 },
	{ "fingerprint not hexadecimal", "{\"t\":\"welcome\",\"re\":1,\"epoch\":\"e\",\"fingerprint\":\"sha-256 ag:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\",\"workers\":2}", 1 },
};

static char first[CONTROL_MESSAGE_MAX], second[CONTROL_MESSAGE_MAX];

int main(void)
{
	struct control_message *m = malloc(sizeof *m);
	char label[128];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		bool read = control_decode(m, good[i].json, strlen(good[i].json)) && m->type == good[i].type && m->id == good[i].id;
		size_t n = read ? control_encode(m, first, sizeof first) : 0;
		bool again = n && control_decode(m, first, n);
		snprintf(label, sizeof label, "control_message: %s, there and back", good[i].name);
		check(label, again && control_encode(m, second, sizeof second) == n && !memcmp(first, second, n));
		bool cut_refused = true;
		for (size_t len = 0; len < strlen(good[i].json); len++)
			cut_refused &= !control_decode(m, good[i].json, len);
		snprintf(label, sizeof label, "control_message: %s, every cut-short form refused", good[i].name);
		check(label, cut_refused);
		snprintf(label, sizeof label, "control_message: %s, no room to write", good[i].name);
		control_decode(m, good[i].json, strlen(good[i].json));
		check(label, control_encode(m, first, n - 1) == 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(label, sizeof label, "control_message: %s, refused", bad[i].name);
		check(label, !control_decode(m, bad[i].json, strlen(bad[i].json)) && m->type == CONTROL_BAD && m->id == bad[i].id);
	}

	control_decode(m, good[4].json, strlen(good[4].json));
	const struct control_peer_add *p = &m->u.peer_add;
	check("control_message: peer.add fields", p->number == 3 && p->ext.mid == 4 && p->ext.twcc == 3 && p->ext.level == 0 &&
		p->payload_count == 2 && p->payloads[1].rtx == 97 && p->send_count == 1 && p->sends[0].source == CONTROL_CAMERA &&
		p->sends[0].rid_count == 3 && !strcmp(p->sends[0].rids[2], "f") && p->sends[0].rtx_ssrcs[1] == 4 &&
		p->seat_count == 1 && p->seats[0].video.rtx == 13 && !strcmp(p->ice.remote_ufrag, "wxyz"));

	/* One struct serves a link for good: what a message leaves out must not be what the one before said. */
	control_decode(m, good[5].json, strlen(good[5].json));
	struct control_message *alone = calloc(1, sizeof *alone);
	control_decode(alone, good[5].json, strlen(good[5].json));
	check("control_message: nothing is left of the message before", !memcmp(&m->u.peer_add, &alone->u.peer_add, sizeof m->u.peer_add));
	free(alone);
	free(m);
	return check_done();
}

/* WHIP and WHEP on paper: every status, what people see of a device, and how it ends. */
#include "rig.h"

#include "whip.h"

/* -- by its form alone ------------------------------------------------------------------------------------------------------------ */

#define SESSION "sssssssssssssssssssssssssssssssssssssssssss"

static const struct { const char *name, *method, *path, *type, *accept, *token; int status; const char *allow; } forms[] = {
	{ "a POST", "POST", "/whip/" ROOM, "application/sdp", "", "Bearer pabc", 0, "" },
	{ "a POST to watch", "POST", "/whep/" ROOM, "application/sdp; charset=utf-8", "*/*", "bearer  vabc", 0, "" },
	{ "a slash behind", "POST", "/whip/" ROOM "/", "application/sdp", "", "", 404, "" },
	{ "no room", "POST", "/whip/", "application/sdp", "", "", 404, "" },
	{ "an id that is none", "POST", "/whip/short", "application/sdp", "", "", 404, "" },
	{ "a path that climbs", "POST", "/whip/../api/v1/me", "application/sdp", "", "", 404, "" },
	{ "a session that is none", "DELETE", "/whip/" ROOM "/x", "", "", "", 404, "" },
	{ "too many parts", "DELETE", "/whip/" ROOM "/" SESSION "/x", "", "", "", 404, "" },
	{ "GET", "GET", "/whip/" ROOM, "", "", "", 405, "OPTIONS, POST" },
	{ "HEAD", "HEAD", "/whep/" ROOM, "", "", "", 405, "OPTIONS, POST" },
	{ "PUT", "PUT", "/whip/" ROOM "/" SESSION, "", "", "", 405, "OPTIONS, PATCH, DELETE" },
	{ "POST to a session", "POST", "/whip/" ROOM "/" SESSION, "application/sdp", "", "", 405, "OPTIONS, PATCH, DELETE" },
	{ "DELETE of an endpoint", "DELETE", "/whip/" ROOM, "", "", "", 405, "OPTIONS, POST" },
	{ "OPTIONS", "OPTIONS", "/whip/" MISSING_ROOM, "", "", "", 200, "OPTIONS, POST" },
	{ "OPTIONS of a session", "OPTIONS", "/whep/" ROOM "/" SESSION, "", "", "", 200, "OPTIONS, PATCH, DELETE" },
	{ "JSON", "POST", "/whip/" ROOM, "application/json", "", "", 415, "" },
	{ "no type", "POST", "/whip/" ROOM, "", "", "", 415, "" },
	{ "a type that begins alike", "POST", "/whip/" ROOM, "application/sdpx", "", "", 415, "" },
	{ "an offer as a fragment", "PATCH", "/whip/" ROOM "/" SESSION, "application/sdp", "", "", 415, "" },
	{ "a fragment", "PATCH", "/whip/" ROOM "/" SESSION, "application/trickle-ice-sdpfrag", "", "Bearer x", 0, "" },
	{ "a DELETE", "DELETE", "/whip/" ROOM "/" SESSION, "", "text/html", "Bearer x", 0, "" },
	{ "who takes pages alone", "POST", "/whip/" ROOM, "application/sdp", "text/html", "", 406, "" },
	{ "who takes SDP", "POST", "/whip/" ROOM, "application/sdp", "text/html, Application/SDP", "", 0, "" },
};

static void by_form(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct whip_target target;
		struct live_whip_answer a = { 0 };
		const struct live_whip_request r = { .method = forms[i].method, .path = forms[i].path, .authorization = forms[i].token,
			.content_type = forms[i].type, .accept = forms[i].accept, .if_match = "", .address = "", .body = "" };
		bool answered = whip_judge(&target, &a, &r);
		check(forms[i].name, answered == (forms[i].status != 0) && a.status == forms[i].status &&
			(!*forms[i].allow || !strcmp(a.allow ? a.allow : "", forms[i].allow)));
	}
	struct whip_target t;
	struct live_whip_answer a;
	struct live_whip_request r = { .method = "POST", .path = "/whep/" ROOM, .content_type = "application/sdp", .accept = "", .authorization = "Bearer  vabc" };
	whip_judge(&t, &a, &r);
	check("its parts are read", !t.publish && !strcmp(t.room, ROOM) && !t.session[0] && !strcmp(t.token, "vabc"));
	char huge[4000] = "Bearer ";
	memset(huge + 7, 'x', sizeof huge - 8);
	huge[sizeof huge - 1] = 0;
	r.authorization = huge;
	whip_judge(&t, &a, &r);
	check("a huge token is none", !t.token[0]);
}

static const struct { const char *name; bool ufrag, pwd, stand; const char *if_match; int status; } patches[] = {
	{ "candidates", true, true, true, "\"aa\"", 204 },
	{ "candidates without credentials", false, false, false, "\"aa\"", 204 },
	{ "one of a list", true, true, true, "\"bb\", \"aa\"", 204 },
	{ "no precondition", true, true, true, "", 428 },
	{ "the session before", true, true, true, "\"bb\"", 412 },
	{ "a weak tag", true, true, true, "W/\"aa\"", 412 },
	{ "a tag that ends alike", true, true, true, "x\"aa\"", 412 },
	{ "a restart", true, true, false, "*", 200 },
	{ "a restart, the star in quotes", true, true, false, "\"*\"", 200 },
	{ "new credentials under the tag that stands", true, true, false, "\"aa\"", 200 },
	{ "new credentials under an old tag", true, true, false, "\"bb\"", 412 },
	{ "half of new credentials", true, false, false, "*", 400 },
	{ "the other half", false, true, false, "*", 400 },
	{ "a star and nothing new", true, true, true, "*", 204 },
};

static void preconditions(void)
{
	for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
		struct ice_fragment f = { 0 };
		if (patches[i].ufrag)
			strcpy(f.ufrag, "abcd");
		if (patches[i].pwd)
			strcpy(f.pwd, "0123456789012345678901");
		check(patches[i].name, whip_patch_status(&f, patches[i].stand, patches[i].if_match, "\"aa\"") == patches[i].status);
	}
}

/* -- in a meeting ------------------------------------------------------------------------------------------------------------------ */

#define TRANSPORT "a=group:BUNDLE 0 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" \
	"a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99\r\n"
#define OFFER(way) "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" TRANSPORT \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=" way "\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n" \
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=" way "\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"

static void rig_http_done(void *arg, const struct live_whip_answer *a)
{
	struct rig *r = arg;

	r->http.times++;
	r->http.status = a->status;
	r->http.retry_after_s = a->retry_after_s;
	snprintf(r->http.code, sizeof r->http.code, "%s", a->code ? a->code : "");
	snprintf(r->http.body, sizeof r->http.body, "%s", a->body ? a->body : "");
	snprintf(r->http.type, sizeof r->http.type, "%s", a->type ? a->type : "");
	snprintf(r->http.location, sizeof r->http.location, "%s", a->location ? a->location : "");
	snprintf(r->http.etag, sizeof r->http.etag, "%s", a->etag ? a->etag : "");
	snprintf(r->http.allow, sizeof r->http.allow, "%s", a->allow ? a->allow : "");
}

static int http(struct rig *r, const char *method, const char *path, const char *token, const char *if_match, const char *body)
{
	char bearer[80];
	const struct live_whip_request request = { .method = method, .path = path, .authorization = bearer, .accept = "", .if_match = if_match,
		.content_type = !strcmp(method, "POST") ? "application/sdp" : "application/trickle-ice-sdpfrag", .address = "192.0.2.50",
		.body = body, .body_len = strlen(body) };

	snprintf(bearer, sizeof bearer, "Bearer %s", token);
	memset(&r->http, 0, sizeof r->http);
	live_whip(r->live, &request, rig_http_done, r);
	media_serve(r);
	return r->http.times == 1 ? r->http.status : -1;
}

static int publish(struct rig *r) { return http(r, "POST", "/whip/" ROOM, "p", "", OFFER("sendonly")); }
static int view(struct rig *r) { return http(r, "POST", "/whep/" ROOM, "v", "", OFFER("recvonly")); }

static const json_t *member_of(const struct far *f, const char *event)
{
	return json_object_get(far_last(f, event), "member");
}

static const char *word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void refusals(void)
{
	struct rig r;

	rig_start(&r);
	check("a wrong token", http(&r, "POST", "/whip/" ROOM, "x", "", OFFER("sendonly")) == 401 && !strcmp(r.http.code, "refused"));
	check("another room's token", http(&r, "POST", "/whip/" MEMBERS_ROOM, "p", "", OFFER("sendonly")) == 401 && !strcmp(r.http.code, "refused"));
	check("a room that is none", http(&r, "POST", "/whip/" MISSING_ROOM, "p", "", OFFER("sendonly")) == 401 && !strcmp(r.http.code, "refused"));
	check("no token", http(&r, "POST", "/whip/" ROOM, "", "", OFFER("sendonly")) == 401);
	check("to watch with a token to publish", http(&r, "POST", "/whep/" ROOM, "p", "", OFFER("recvonly")) == 403 && !strcmp(r.http.code, "not_allowed"));
	check("to publish with a token to watch", http(&r, "POST", "/whip/" ROOM, "v", "", OFFER("sendonly")) == 403 && r.seen[CONTROL_PEER_ADD] == 0);
	check("no SDP", http(&r, "POST", "/whip/" ROOM, "p", "", "hello") == 400 && http(&r, "POST", "/whip/" ROOM, "p", "", "") == 400);
	check("nothing to send", http(&r, "POST", "/whip/" ROOM, "p", "", OFFER("recvonly")) == 406);
	check("a session that is not", http(&r, "DELETE", "/whip/" ROOM "/" SESSION, "p", "", "") == 404);
	r.device_wait_s = 7;
	check("too fast", publish(&r) == 429 && r.http.retry_after_s == 7);
	r.device_wait_s = 0;
	r.room_gone = true;
	check("a closed room", publish(&r) == 403 && !strcmp(r.http.code, "refused"));
	r.room_gone = false;
	r.refuse_adds = true;
	check("a full media program", publish(&r) == 503 && r.http.retry_after_s == 5);
	r.refuse_adds = false;
	close(r.media);
	r.media = -1;
	live_link_readable(r.live);
	check("no media program", publish(&r) == 503 && !strcmp(r.http.code, "media_gone"));
	check("nothing was left of all that", (rig_wait(&r, 200000), true));
	uint32_t people;
	check("and nobody came", !live_room_live(r.live, ROOM, &people));
	rig_stop(&r);
}

static void a_publisher(void)
{
	struct rig r;
	struct far lan;

	rig_start(&r);
	far_join(&r, &lan, OWNER, "192.0.2.1");
	check("publisher: created", publish(&r) == 201 && !strcmp(r.http.type, "application/sdp") && strstr(r.http.body, "a=recvonly"));
	check("publisher: its own address and tag", !strncmp(r.http.location, "/whip/" ROOM "/", 29) && strlen(r.http.location) == 72 && strlen(r.http.etag) == 18);
	const json_t *member = member_of(&lan, "arrived");
	check("publisher: on the roster, as a device", !strcmp(word(member, "name"), "Máy quay") && !strcmp(word(member, "device"), "publish") &&
		json_is_false(json_object_get(member, "guest")) && json_is_true(json_object_get(member, "mic")) && json_is_true(json_object_get(member, "camera")) &&
		json_is_false(json_object_get(member, "away")));
	check("publisher: sends two, receives nothing", r.adds[1].send_count == 2 && r.adds[1].seat_count == 0 && r.state.mic && r.state.camera);
	check("people have no such mark", !json_object_get(json_array_get(json_object_get(far_last(&lan, "joined"), "roster"), 0), "device"));

	check("publisher: a host mutes it", says(ask(&r, &lan, "\"t\":\"mute\",\"number\":2"), "ok") && r.block.mic && !r.state.mic && r.state.camera);
	check("publisher: and lets it speak again", says(ask(&r, &lan, "\"t\":\"allow\",\"number\":2,\"source\":\"mic\""), "ok") && !r.block.mic && r.state.mic);
	check("publisher: it has no screen to be allowed", says(ask(&r, &lan, "\"t\":\"stop_share\",\"number\":2"), "ok") &&
		says(ask(&r, &lan, "\"t\":\"allow\",\"number\":2,\"source\":\"screen\""), "ok") && !r.state.screen);
	rig_wait(&r, 20000000);
	live_on_alive(lan.conn);
	rig_wait(&r, 20000000);
	check("publisher: it need not speak to stay", r.add_count == 2);

	char path[128], etag[32];
	strcpy(path, r.http.location);
	strcpy(etag, r.http.etag);
	check("session: candidates", http(&r, "PATCH", path, "p", etag, "a=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\n") == 204 && !r.http.etag[0]);
	check("session: without If-Match", http(&r, "PATCH", path, "p", "", "a=end-of-candidates\r\n") == 428);
	check("session: rubbish", http(&r, "PATCH", path, "p", etag, "rubbish") == 400);
	check("session: another's token", http(&r, "PATCH", path, "v", etag, "a=end-of-candidates\r\n") == 403);
	path[3] = 'e';
	check("session: under /whep", http(&r, "DELETE", path, "p", "", "") == 403 && http(&r, "DELETE", path, "v", "", "") == 404);
	path[3] = 'i';
	int updates = r.seen[CONTROL_PEER_UPDATE];
	check("session: an ICE restart", http(&r, "PATCH", path, "p", "*",
		"a=ice-ufrag:efgh\r\na=ice-pwd:9876543210987654321098\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n") == 200 && r.seen[CONTROL_PEER_UPDATE] == updates + 1);
	check("session: new credentials and candidates", strstr(r.http.body, "a=ice-ufrag:") && !strstr(r.http.body, r.adds[1].ice.ufrag) &&
		strstr(r.http.body, "a=mid:0\r\na=candidate:") && !strcmp(r.http.type, "application/trickle-ice-sdpfrag"));
	check("session: another tag", r.http.etag[0] && strcmp(r.http.etag, etag));
	check("session: the tag before is worth nothing", http(&r, "PATCH", path, "p", etag, "a=end-of-candidates\r\n") == 412);
	check("session: ended", http(&r, "DELETE", path, "p", "\"whatever\"", "") == 200 && !strcmp(word(far_last(&lan, "departed"), "reason"), "left") &&
		r.add_count == 1);
	check("session: once", http(&r, "DELETE", path, "p", "", "") == 404);
	rig_wait(&r, 200000);
	far_gone(&lan);
	rig_stop(&r);
}

static void a_viewer(void)
{
	struct rig r;
	struct far f;

	rig_start(&r);
	check("viewer: the first to come", view(&r) == 201 && strstr(r.http.body, "a=sendonly") && !strncmp(r.http.location, "/whep/", 6));
	check("viewer: a stage and a voice, and nothing sent", r.adds[0].send_count == 0 && r.adds[0].seat_count == 2 &&
		r.adds[0].seats[0].kind == CONTROL_SEAT_STAGE && r.adds[0].seats[1].kind == CONTROL_SEAT_VOICE && !r.state.mic && !r.state.camera);
	far_join(&r, &f, 0, "192.0.2.1");
	const json_t *first = json_array_get(json_object_get(far_last(&f, "joined"), "roster"), 0);
	check("viewer: it took the first number", number_of(&f) == 2);
	check("viewer: everybody sees that it is there", !strcmp(word(first, "name"), "Màn hình") && !strcmp(word(first, "device"), "view"));
	const char *token = strrchr(r.http.location, '/') + 1;
	struct far thief;
	far_open(&r, &thief, 0, "192.0.2.9");
	check("viewer: its session is no resume token", says(ask(&r, &thief, "\"t\":\"resume\",\"token\":\"%s\"", token), "no_session"));
	far_gone(&thief);
	far_gone(&f);
	rig_stop(&r);
}

static void media_lost(struct rig *r, enum control_close_reason reason)
{
	media_event(r, CONTROL_PEER_CLOSED);
	strcpy(r->m->u.peer_closed.peer, r->adds[r->add_count - 1].peer);
	r->m->u.peer_closed.reason = reason;
	media_say(r);
	r->add_count--;
	rig_wait(r, 100000);
}

static void endings(void)
{
	struct rig r;
	struct far lan, minh;
	uint32_t people;
	uint8_t token[LIVE_SESSION_BYTES] = { 'p' };

	rig_start(&r);
	far_join(&r, &lan, OWNER, "192.0.2.1");
	publish(&r);
	media_lost(&r, CONTROL_CLOSE_CONSENT);
	check("end: without consent it is lost at once", !strcmp(word(far_last(&lan, "departed"), "reason"), "lost"));
	check("end: and may come again, as another", publish(&r) == 201 && json_integer_value(json_object_get(member_of(&lan, "arrived"), "number")) == 3);
	check("end: again, in its own place", publish(&r) == 201 && json_integer_value(json_object_get(far_last(&lan, "departed"), "number")) == 3 &&
		live_room_live(r.live, ROOM, &people) && people == 2);

	check("bar: a full room", view(&r) == 201 && (far_open(&r, &minh, OWNER, "192.0.2.1"), says(ask(&r, &minh, ENTER(ROOM)), "entered")) &&
		says(ask(&r, &minh, JOIN), "joined"));
	live_end_device(r.live, token);
	media_serve(&r);
	check("end: revoked", !strcmp(word(far_last(&lan, "departed"), "reason"), "removed") && r.add_count == 3);
	rig_wait(&r, 100000);
	check("bar: the room is full without it", publish(&r) == 503 && !strcmp(r.http.code, "room_full") && r.http.retry_after_s);
	check("bar: but who is in comes back", view(&r) == 201);
	ask(&r, &minh, "\"t\":\"leave\"");
	far_gone(&minh);

	check("bar: locked", says(ask(&r, &lan, "\"t\":\"lock\",\"locked\":true"), "ok") && publish(&r) == 403 && !strcmp(r.http.code, "locked"));
	check("bar: a lock keeps nobody out who is in", view(&r) == 201);
	check("bar: unlocked", says(ask(&r, &lan, "\"t\":\"lock\",\"locked\":false"), "ok") && publish(&r) == 201);
	int64_t number = json_integer_value(json_object_get(member_of(&lan, "arrived"), "number"));
	check("end: removed by a host", says(ask(&r, &lan, "\"t\":\"remove\",\"number\":%d", (int)number), "ok") &&
		!strcmp(word(far_last(&lan, "departed"), "reason"), "removed"));
	check("bar: removed stays out, but for other devices", publish(&r) == 403 && !strcmp(r.http.code, "removed") && view(&r) == 201);
	check("end: the meeting's", says(ask(&r, &lan, "\"t\":\"end\""), "ok") && !live_room_live(r.live, ROOM, &people) && r.add_count == 0);
	rig_wait(&r, 100000);
	check("bar: the next meeting is another", publish(&r) == 201);
	far_gone(&lan);

	media_start(&r, "two");                 /* the media program died and came back: a device makes a new connection by POST */
	rig_wait(&r, 100000);
	check("end: with the media program", !live_room_live(r.live, ROOM, &people));
	r.media_deaf = true;
	const struct live_whip_request late = { .method = "POST", .path = "/whip/" ROOM, .authorization = "Bearer p", .accept = "", .if_match = "",
		.content_type = "application/sdp", .address = "192.0.2.50", .body = OFFER("sendonly"), .body_len = strlen(OFFER("sendonly")) };
	memset(&r.http, 0, sizeof r.http);
	live_whip(r.live, &late, rig_http_done, &r);
	media_serve(&r);
	check("an answer is waited for", r.http.times == 0);
	live_destroy(r.live);
	check("and given when the server stops", r.http.times == 1 && r.http.status == 503);
	r.live = NULL;
	rig_stop(&r);
}

/* This process dies; the next one finds the devices at the media program. */
static void recovered(bool revoked)
{
	static struct rig r;
	struct far f;
	char path[128], peers[2][CONTROL_NAME_MAX + 1], tags[2][CONTROL_TAG_MAX + 1];

	rig_start(&r);
	publish(&r);
	strcpy(path, r.http.location);
	view(&r);
	for (int i = 0; i < 2; i++) {
		strcpy(peers[i], r.adds[i].peer);
		strcpy(tags[i], r.adds[i].tag);
	}
	live_destroy(r.live);
	r.token_gone = revoked;
	rig_open(&r);
	media_start(&r, "one");
	check("recovery: until it is over, later", publish(&r) == (revoked ? 401 : 503));
	for (int i = 0; i < 2; i++) {
		media_event(&r, CONTROL_SNAPSHOT_PEER);
		strcpy(r.m->u.snapshot_peer.room, ROOM);
		strcpy(r.m->u.snapshot_peer.peer, peers[i]);
		r.m->u.snapshot_peer.number = (uint32_t)i + 1;
		strcpy(r.m->u.snapshot_peer.tag, tags[i]);
		r.m->u.snapshot_peer.connected = true;
		media_say(&r);
	}
	media_event(&r, CONTROL_SNAPSHOT_END);
	media_say(&r);
	rig_wait(&r, 100000);
	uint32_t people;
	live_room_live(r.live, ROOM, &people);
	if (revoked) {
		check("recovery: a device whose token was revoked meanwhile is put out", people == 0);
	} else {
		far_join(&r, &f, 0, "192.0.2.1");
		const json_t *first = json_array_get(json_object_get(far_last(&f, "joined"), "roster"), 0);
		check("recovery: a device stands, and is not away", people == 2 && !strcmp(word(first, "device"), "publish") &&
			json_is_false(json_object_get(first, "away")) && json_is_true(json_object_get(first, "camera")));
		check("recovery: its session is known", http(&r, "DELETE", path, "p", "", "") == 200 && !strcmp(word(far_last(&f, "departed"), "reason"), "left"));
		far_gone(&f);
	}
	rig_stop(&r);
}

int main(void)
{
	by_form();
	preconditions();
	refusals();
	a_publisher();
	a_viewer();
	endings();
	recovered(false);
	recovered(true);
	return check_done();
}

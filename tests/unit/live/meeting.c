/* Meetings on paper: what each message does, who may, every refusal; coming back, being removed, the media program's death. */
#include "rig.h"

/* -- entering -------------------------------------------------------------------------------------------------------------------- */

static void entering(void)
{
	struct rig r;
	struct far f, g, owner;

	rig_start(&r);
	far_open(&r, &f, 0, "192.0.2.1");
	check("enter: join before entering", says(ask(&r, &f, JOIN), "not_now"));
	check("enter: a wrong password", says(ask(&r, &f, "\"t\":\"enter\",\"room\":\"" ROOM "\",\"password\":\"x\",\"name\":\"Lan\""), "refused"));
	check("enter: a wrong id", says(ask(&r, &f, ENTER(MISSING_ROOM)), "refused"));
	check("enter: an id that is none", says(ask(&r, &f, ENTER("short")), "refused"));
	check("enter: a closed room", says(ask(&r, &f, ENTER(CLOSED_ROOM)), "refused"));
	check("enter: no password", says(ask(&r, &f, "\"t\":\"enter\",\"room\":\"" ROOM "\",\"name\":\"Lan\""), "refused"));
	check("enter: each refusal costs one hash and one charge", r.checks_run == 5 && r.wrong == 5 && r.asked == 5);
	check("enter: refusals differ in nothing but the id", json_object_size(far_answer(&f, 2)) == json_object_size(far_answer(&f, 3)) &&
		!json_object_get(far_answer(&f, 2), "retry_after"));
	check("enter: guests where only members may", says(ask(&r, &f, ENTER(MEMBERS_ROOM)), "members_only"));
	check("enter: without a name", says(ask(&r, &f, "\"t\":\"enter\",\"room\":\"" ROOM "\",\"password\":\"" PASSWORD "\""), "name_needed"));
	check("enter: a name that turns text around",
		says(ask(&r, &f, "\"t\":\"enter\",\"room\":\"" ROOM "\",\"password\":\"" PASSWORD "\",\"name\":\"\xe2\x80\xae" "n\""), "bad_name"));
	r.now_us += 30000000;
	check("enter: at last", says(ask(&r, &f, ENTER(ROOM)), "entered"));
	check("enter: the title is told now", !strcmp(json_string_value(json_object_get(far_last(&f, "entered"), "title")), "Giao ban"));
	check("enter: twice", says(ask(&r, &f, ENTER(ROOM)), "not_now"));

	int before = r.checks_run;
	far_open(&r, &g, 0, "192.0.2.2");
	check("enter: the same password again costs no hash", says(ask(&r, &g, ENTER(ROOM)), "entered") && r.checks_run == before);
	far_open(&r, &owner, OWNER, "192.0.2.3");
	check("enter: the owner needs no password", says(ask(&r, &owner, "\"t\":\"enter\",\"room\":\"" ROOM "\""), "entered") && r.checks_run == before);
	check("enter: every charge was settled", r.asked == r.wrong + r.right);
	far_gone(&g);
	far_open(&r, &g, MEMBER, "192.0.2.4");
	check("enter: a member is called what the account says", says(ask(&r, &g, ENTER(MEMBERS_ROOM)), "entered") &&
		!strcmp(json_string_value(json_object_get(json_object_get(far_last(&g, "entered"), "you"), "name")), "Người 8"));
	far_gone(&g);
	r.slow = true;
	far_open(&r, &g, OWNER, "192.0.2.2");
	check("enter: the owner is not slowed by others' guesses", says(ask(&r, &g, "\"t\":\"enter\",\"room\":\"" ROOM "\""), "entered"));
	far_gone(&g);
	far_open(&r, &g, 0, "192.0.2.2");
	check("enter: slowed", says(ask(&r, &g, ENTER(ROOM)), "slow_down") &&
		json_integer_value(json_object_get(far_last(&g, "error"), "retry_after")) == 30);
	far_gone(&f);
	far_gone(&g);
	far_gone(&owner);
	rig_stop(&r);
}

/* A storm with one right password, and one whose connection goes while it waits. */
static void entering_together(void)
{
	struct rig r;
	struct far f[20];

	rig_start(&r);
	for (int i = 0; i < 20; i++) {
		far_open(&r, &f[i], 0, "192.0.2.1");
		far_say(&f[i], "{" ENTER(ROOM) ",\"id\":1}");
	}
	check("storm: one check for all", r.check_count == 1);
	check("storm: while it runs, another request waits its turn", (far_say(&f[1], "{\"t\":\"leave\",\"id\":2}"),
		says(verdict_of(far_answer(&f[1], 2)), "not_now")));
	check("storm: but a ping does not", (far_say(&f[1], "{\"t\":\"ping\",\"id\":3}"), says(verdict_of(far_answer(&f[1], 3)), "pong")));
	far_gone(&f[0]);
	rig_run_checks(&r);
	int entered = 0;
	for (int i = 1; i < 20; i++)
		entered += !strcmp(verdict_of(far_answer(&f[i], 1)), "entered");
	check("storm: all are in, though the first has gone", entered == 19 && r.checks_run == 1 && r.right == 20);
	for (int i = 1; i < 20; i++)
		far_gone(&f[i]);
	/* Equal guesses cost the same work, whether the room is there or not. */
	const char *const guesses[] = { "{\"t\":\"enter\",\"id\":1,\"room\":\"" ROOM "\",\"password\":\"no\"}",
		"{\"t\":\"enter\",\"id\":1,\"room\":\"" MISSING_ROOM "\",\"password\":\"no\"}" };
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 4; i++) {
			far_open(&r, &f[i], 0, "192.0.2.1");
			far_say(&f[i], guesses[k]);
		}
		check(k ? "storm: equal guesses at no room cost one hash" : "storm: equal guesses at a room cost one hash", r.check_count == 1);
		rig_run_checks(&r);
		for (int i = 0; i < 4; i++) {
			check("storm: and are refused", says(verdict_of(far_answer(&f[i], 1)), "refused"));
			far_gone(&f[i]);
		}
	}
	rig_stop(&r);
}

/* -- one row for each message and way to be wrong ------------------------------------------------------------------------------------ */

enum who { GUEST, HOST };
struct line { const char *name; enum who who; const char *say, *expected; };

static const struct line lines[] = {
	{ "state", GUEST, "\"t\":\"state\",\"mic\":false,\"camera\":true,\"screen\":false,\"screen_audio\":false", "ok" },
	{ "state, in part", GUEST, "\"t\":\"state\",\"mic\":true", "ok" },
	{ "state with a number", GUEST, "\"t\":\"state\",\"mic\":1", "bad_message" },
	{ "state of another", GUEST, "\"t\":\"state\",\"mic\":true,\"number\":2", "bad_message" },
	{ "view", GUEST, "\"t\":\"view\",\"pins\":[2],\"wants\":[2,1],\"heights\":[360]", "ok" },
	{ "view of nothing", GUEST, "\"t\":\"view\"", "ok" },
	{ "view with a negative number", GUEST, "\"t\":\"view\",\"pins\":[-1]", "bad_message" },
	{ "view with a height beyond reason", GUEST, "\"t\":\"view\",\"heights\":[99999]", "bad_message" },
	{ "view with a fraction", GUEST, "\"t\":\"view\",\"heights\":[1.5]", "bad_message" },
	{ "hand", GUEST, "\"t\":\"hand\",\"up\":true", "ok" },
	{ "hand without a word", GUEST, "\"t\":\"hand\"", "bad_message" },
	{ "chat", GUEST, "\"t\":\"chat\",\"text\":\"Chào <b>mọi người</b>\"", "ok" },
	{ "chat, blank", GUEST, "\"t\":\"chat\",\"text\":\" \\n\"", "bad_message" },
	{ "chat with a bell", GUEST, "\"t\":\"chat\",\"text\":\"a\\u0007\"", "bad_message" },
	{ "chat in another's name", GUEST, "\"t\":\"chat\",\"text\":\"a\",\"name\":\"Minh\"", "bad_message" },
	{ "ping", GUEST, "\"t\":\"ping\"", "pong" },
	{ "no such message", GUEST, "\"t\":\"unmute\",\"number\":1", "bad_message" },
	{ "enter while in", GUEST, ENTER(ROOM), "not_now" },
	{ "join while in", GUEST, JOIN, "not_now" },
	{ "resume while in", GUEST, "\"t\":\"resume\",\"token\":\"x\"", "not_now" },
	{ "mute by a guest", GUEST, "\"t\":\"mute\",\"number\":1", "not_allowed" },
	{ "stop_camera by a guest", GUEST, "\"t\":\"stop_camera\",\"number\":1", "not_allowed" },
	{ "stop_share by a guest", GUEST, "\"t\":\"stop_share\",\"number\":1", "not_allowed" },
	{ "allow by a guest", GUEST, "\"t\":\"allow\",\"number\":2,\"source\":\"mic\"", "not_allowed" },
	{ "lower_hand by a guest", GUEST, "\"t\":\"lower_hand\",\"number\":1", "not_allowed" },
	{ "remove by a guest", GUEST, "\"t\":\"remove\",\"number\":1", "not_allowed" },
	{ "lock by a guest", GUEST, "\"t\":\"lock\",\"locked\":true", "not_allowed" },
	{ "end by a guest", GUEST, "\"t\":\"end\"", "not_allowed" },
	{ "mute nobody", HOST, "\"t\":\"mute\",\"number\":99", "no_such_person" },
	{ "mute number 0", HOST, "\"t\":\"mute\",\"number\":0", "bad_message" },
	{ "allow what is none", HOST, "\"t\":\"allow\",\"number\":2,\"source\":\"screen_audio\"", "bad_message" },
	{ "remove oneself", HOST, "\"t\":\"remove\",\"number\":1", "not_allowed" },
	{ "lower_hand", HOST, "\"t\":\"lower_hand\",\"number\":2", "ok" },
	{ "lock", HOST, "\"t\":\"lock\",\"locked\":true", "ok" },
	{ "lock again", HOST, "\"t\":\"lock\",\"locked\":true", "ok" },
	{ "open again", HOST, "\"t\":\"lock\",\"locked\":false", "ok" },
	{ "an offer that is none", GUEST, "\"t\":\"offer\",\"sdp\":\"v=1\",\"sections\":{}", "bad_sdp" },
	{ "an offer without sections", GUEST, "\"t\":\"offer\",\"sdp\":\"v=0\"", "bad_message" },
	{ "an offer again", GUEST, "\"t\":\"offer\",\"sdp\":\"" SDP_OFFER "\"," SECTIONS, "answer" },
	{ "an offer with fewer seats", GUEST, "\"t\":\"offer\",\"sdp\":\"" SDP_OFFER "\",\"sections\":{\"mic\":\"0\",\"seats\":[]}", "bad_sdp" },
	{ "an offer for a new connection", GUEST, OFFER_NEW, "answer" },
};

static void each_message(void)
{
	struct rig r;
	struct far host, guest;

	rig_start(&r);
	check("messages: the host joins", far_join(&r, &host, OWNER, "192.0.2.1") && number_of(&host) == 1);
	check("messages: a guest joins", far_join(&r, &guest, 0, "192.0.2.2") && number_of(&guest) == 2);
	check("messages: the media program knows both", r.add_count == 2 && r.seen[CONTROL_ROOM_OPEN] == 1);
	check("messages: and what is switched on", r.state.mic && !r.state.camera);
	check("messages: the host heard of the guest", far_last(&host, "arrived") != NULL);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char name[96];
		snprintf(name, sizeof name, "message: %s", lines[i].name);
		r.now_us += 8000000;            /* time enough for every rate */
		live_on_alive(host.conn);
		live_on_alive(guest.conn);
		check(name, says(ask(&r, lines[i].who == HOST ? &host : &guest, "%s", lines[i].say), lines[i].expected));
	}
	check("messages: chat came with the sender's own name", !strcmp(json_string_value(json_object_get(far_last(&host, "chat"), "name")), "Lan"));
	check("messages: nobody was closed", !host.closed && !guest.closed);
	far_gone(&host);
	far_gone(&guest);
	rig_stop(&r);
}

/* -- what is malformed ------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name, *text; } malformed[] = {
	{ "nothing", "" }, { "no JSON", "{" }, { "a list", "[]" }, { "a number", "1" }, { "two objects", "{}{}" },
	{ "a duplicate key", "{\"t\":\"ping\",\"id\":9,\"id\":10}" }, { "no id", "{\"t\":\"ping\"}" }, { "an id of 0", "{\"t\":\"ping\",\"id\":0}" },
	{ "an id that is text", "{\"t\":\"ping\",\"id\":\"1\"}" }, { "an id beyond 2^53", "{\"t\":\"ping\",\"id\":9007199254740993}" },
	{ "an id beyond 2^63", "{\"t\":\"ping\",\"id\":99999999999999999999}" }, { "no type", "{\"id\":1}" }, { "a type that is none", "{\"t\":1,\"id\":1}" },
	{ "bad UTF-8", "{\"t\":\"\xff\",\"id\":1}" }, { "a zero in text", "{\"t\":\"p\\u0000\",\"id\":1}" },
	{ "too deep", "{\"t\":\"ping\",\"id\":1,\"x\":[[[[[[[[[[]]]]]]]]]]}" }, { "an id that went before", "{\"t\":\"ping\",\"id\":1}" },
};

static void malformed_messages(void)
{
	struct rig r;
	struct far f;
	static char big[LIVE_MESSAGE_MAX + 1];

	rig_start(&r);
	far_open(&r, &f, 0, "192.0.2.1");
	ask(&r, &f, "\"t\":\"ping\"");
	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
		char name[96];
		snprintf(name, sizeof name, "malformed: %s", malformed[i].name);
		r.now_us += 10000000;
		far_say(&f, malformed[i].text);
		check(name, says(verdict_of(f.lines[f.count - 1]), "bad_message") && !f.closed);
	}
	r.now_us += 10000000;
	live_on_message(f.conn, false, "{\"t\":\"view\",\"id\":7\0}", 20);
	check("malformed: a zero byte behind a number", says(verdict_of(f.lines[f.count - 1]), "bad_message"));
	r.now_us += 10000000;
	memset(big, ' ', sizeof big);
	live_on_message(f.conn, false, big, sizeof big);
	check("malformed: too long", says(verdict_of(f.lines[f.count - 1]), "too_large"));
	check("malformed: the connection is unharmed", says(ask(&r, &f, "\"t\":\"ping\""), "pong"));
	r.now_us += 60000000;
	for (int i = 0; i < 9; i++)
		far_say(&f, "x");
	check("malformed: nine in a minute are borne", !f.closed);
	far_say(&f, "x");
	far_say(&f, "x");
	check("malformed: then it is closed", f.closed == LIVE_CLOSE_BAD_MESSAGES);
	far_gone(&f);
	rig_stop(&r);
}

static size_t deflate_raw(char *out, size_t room, const void *bytes, size_t len)
{
	z_stream z = { .next_in = (unsigned char *)bytes, .avail_in = (unsigned)len, .next_out = (unsigned char *)out, .avail_out = (unsigned)room };

	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void binary_messages(void)
{
	struct rig r;
	struct far f;
	static char packed[LIVE_MESSAGE_MAX], bomb[2 * 1024 * 1024];
	static const char enter[] = "{" ENTER(ROOM) ",\"id\":1}", join[] = "{" JOIN ",\"id\":2}";

	rig_start(&r);
	far_open(&r, &f, 0, "192.0.2.1");
	size_t len = deflate_raw(packed, sizeof packed, enter, sizeof enter - 1);
	live_on_message(f.conn, true, packed, len);
	rig_run_checks(&r);
	check("binary: enter", says(verdict_of(far_answer(&f, 1)), "entered"));
	len = deflate_raw(packed, sizeof packed, join, sizeof join - 1);
	live_on_message(f.conn, true, packed, len);
	media_serve(&r);
	check("binary: join", says(verdict_of(far_answer(&f, 2)), "joined"));
	check("binary: and it is answered so", f.last_binary);
	packed[len] = 0;
	live_on_message(f.conn, true, packed, len + 1);
	check("binary: a byte too many", says(verdict_of(f.lines[f.count - 1]), "bad_message"));
	live_on_message(f.conn, true, packed, len / 2);
	check("binary: cut short", says(verdict_of(f.lines[f.count - 1]), "bad_message"));
	live_on_message(f.conn, true, "\xff\xff", 2);
	check("binary: no deflate", says(verdict_of(f.lines[f.count - 1]), "bad_message"));
	memset(bomb, ' ', sizeof bomb);
	len = deflate_raw(packed, sizeof packed, bomb, sizeof bomb);
	live_on_message(f.conn, true, packed, len);
	check("binary: a bomb", len < 4096 && says(verdict_of(f.lines[f.count - 1]), "too_large"));
	far_gone(&f);
	rig_stop(&r);
}

static void rates(void)
{
	struct rig r;
	struct far f;
	int fast = 0;

	rig_start(&r);
	far_join(&r, &f, 0, "192.0.2.1");
	for (int i = 0; i < 7; i++)
		fast += !strcmp(ask(&r, &f, "\"t\":\"chat\",\"text\":\"%d\"", i), "too_fast");
	check("rates: five lines in five seconds", fast == 2);
	check("rates: and when to try again is told", json_object_get(far_last(&f, "error"), "retry_after"));
	r.now_us += 1100000;
	check("rates: a second later there is room for one", says(ask(&r, &f, "\"t\":\"chat\",\"text\":\"x\""), "ok"));
	for (int i = 0; i < 60; i++)
		ask(&r, &f, "\"t\":\"chat\",\"text\":\"x\"");
	check("rates: who does not slow down is closed", f.closed == LIVE_CLOSE_TOO_FAST);
	far_gone(&f);
	rig_stop(&r);
}

/* What was said is told to who comes later: the last two hundred lines, of long ones as many as fit. */
static void chat_kept(void)
{
	struct rig r;
	struct far f, late;
	char text[1900];

	rig_start(&r);
	far_join(&r, &f, 0, "192.0.2.1");
	for (int i = 0; i < 205; i++) {
		r.now_us += 2000000;
		live_on_alive(f.conn);
		ask(&r, &f, "\"t\":\"chat\",\"text\":\"%d\"", i);
	}
	far_join(&r, &late, 0, "192.0.2.2");
	const json_t *chat = json_object_get(far_last(&late, "joined"), "chat");
	check("chat: two hundred lines are kept, in order", json_array_size(chat) == 200 &&
		!strcmp(json_string_value(json_object_get(json_array_get(chat, 0), "text")), "5") &&
		!strcmp(json_string_value(json_object_get(json_array_get(chat, 199), "text")), "204"));
	far_gone(&late);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	for (int i = 0; i < 80; i++) {
		r.now_us += 2000000;
		live_on_alive(f.conn);
		ask(&r, &f, "\"t\":\"chat\",\"text\":\"%s\"", text);
	}
	far_join(&r, &late, 0, "192.0.2.2");
	chat = json_object_get(far_last(&late, "joined"), "chat");
	check("chat: of long ones fewer", json_array_size(chat) > 40 && json_array_size(chat) < 60);
	far_gone(&late);
	far_gone(&f);
	rig_stop(&r);
}

/* -- moderation ----------------------------------------------------------------------------------------------------------------------------- */

static bool roster_says(const struct far *f, const char *key, bool expected)
{
	const json_t *member = json_object_get(far_last(f, "changed"), "member");

	return member && json_is_true(json_object_get(member, key)) == expected;
}

static void moderation(void)
{
	struct rig r;
	struct far host, guest, other;

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &guest, 0, "192.0.2.2");
	check("host: mutes", says(ask(&r, &host, "\"t\":\"mute\",\"number\":2"), "ok"));
	check("host: at the media program too", r.block.mic && !r.block.camera && !r.state.mic);
	check("host: the guest is told by whom", json_integer_value(json_object_get(far_last(&guest, "blocked"), "by")) == 1);
	check("host: the roster shows it", roster_says(&host, "muted", true) && roster_says(&host, "mic", false));
	check("host: the muted cannot undo it", says(ask(&r, &guest, "\"t\":\"state\",\"mic\":true"), "blocked"));
	check("host: nor by a new connection", says(ask(&r, &guest, OFFER_NEW), "answer") && r.block.mic &&
		!strcmp(r.block.peer, r.adds[r.add_count - 1].peer) && !r.state.mic);
	check("host: allows", says(ask(&r, &host, "\"t\":\"allow\",\"number\":2,\"source\":\"mic\""), "ok") && !r.block.mic);
	check("host: which switches nothing on", roster_says(&host, "mic", false) && !r.state.mic);
	check("host: the owner of the microphone does", says(ask(&r, &guest, "\"t\":\"state\",\"mic\":true"), "ok") && r.state.mic);
	check("host: stops a share with its sound", says(ask(&r, &guest, "\"t\":\"state\",\"screen\":true,\"screen_audio\":true"), "ok") &&
		says(ask(&r, &host, "\"t\":\"stop_share\",\"number\":2"), "ok") && r.block.screen && !r.state.screen && !r.state.screen_audio);
	check("host: not even the sound comes back", says(ask(&r, &guest, "\"t\":\"state\",\"screen_audio\":true"), "blocked"));

	ask(&r, &host, "\"t\":\"lock\",\"locked\":true");
	check("host: everyone hears of the lock", far_last(&guest, "locked") != NULL);
	far_open(&r, &other, 0, "192.0.2.3");
	check("host: a locked room lets nobody in", says(ask(&r, &other, ENTER(ROOM)), "locked"));
	ask(&r, &host, "\"t\":\"lock\",\"locked\":false");
	check("host: an open one does", says(ask(&r, &other, ENTER(ROOM)), "entered"));
	ask(&r, &host, "\"t\":\"lock\",\"locked\":true");
	check("host: who had entered before the lock cannot join", says(ask(&r, &other, JOIN), "locked"));
	ask(&r, &host, "\"t\":\"lock\",\"locked\":false");

	int peers = r.add_count;
	check("host: removes", says(ask(&r, &host, "\"t\":\"remove\",\"number\":2"), "ok"));
	check("host: the removed is told and closed", far_last(&guest, "removed") && guest.closed == LIVE_CLOSE_REMOVED);
	check("host: media stops at once", r.add_count < peers);
	check("host: the roster loses them", !strcmp(json_string_value(json_object_get(far_last(&host, "departed"), "reason")), "removed"));
	char token[64];
	snprintf(token, sizeof token, "%s", json_string_value(json_object_get(far_last(&guest, "joined"), "resume")));
	far_gone(&guest);
	far_open(&r, &guest, 0, "192.0.2.2");
	check("host: the token does not bring them back", says(ask(&r, &guest, "\"t\":\"resume\",\"token\":\"%s\"", token), "no_session"));
	check("host: nor another name", says(ask(&r, &guest, ENTER(ROOM)), "removed"));
	check("host: somebody else may", says(ask(&r, &other, JOIN), "joined"));
	check("host: ends", says(ask(&r, &host, "\"t\":\"end\""), "ok") && far_last(&other, "ended") && other.closed == LIVE_CLOSE_ENDED &&
		r.seen[CONTROL_ROOM_CLOSE] == 1);
	far_gone(&host);
	far_gone(&other);
	r.now_us += 10000000;
	check("host: a new meeting knows nothing of the removals", says(ask(&r, &guest, ENTER(ROOM)), "entered"));
	far_gone(&guest);
	rig_stop(&r);
}

/* A removed account stays out under the same account from anywhere; full rooms; ended sessions. */
static void accounts(void)
{
	struct rig r;
	struct far host, member, f[5];
	uint8_t session[LIVE_SESSION_BYTES] = { MEMBER };
	uint32_t people;

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &member, MEMBER, "192.0.2.2");
	live_end_session(r.live, session);
	check("sessions: signed out, closed", member.closed == LIVE_CLOSE_SESSION_ENDED && far_last(&host, "departed"));
	far_gone(&member);
	far_join(&r, &member, MEMBER, "192.0.2.2");
	live_end_account(r.live, MEMBER, session);
	check("sessions: one may be kept", !member.closed);
	live_end_account(r.live, MEMBER, NULL);
	check("sessions: disabled, closed", member.closed == LIVE_CLOSE_SESSION_ENDED);
	far_gone(&member);
	far_join(&r, &member, MEMBER, "192.0.2.2");
	ask(&r, &host, "\"t\":\"remove\",\"number\":%d", (int)number_of(&member));
	far_gone(&member);
	far_open(&r, &member, MEMBER, "192.0.2.99");
	check("accounts: removed, from another address too", says(ask(&r, &member, ENTER(ROOM)), "removed"));
	far_gone(&member);
	for (int i = 0; i < 4; i++)
		far_join(&r, &f[i], 0, "192.0.2.2");
	far_open(&r, &f[4], 0, "192.0.2.2");
	check("accounts: a full room", says(ask(&r, &f[4], ENTER(ROOM)), "room_full"));
	check("accounts: REST is told how many", live_room_live(r.live, ROOM, &people) && people == 5);
	far_gone(&f[4]);
	far_open(&r, &f[4], OWNER, "192.0.2.2");
	check("accounts: the owner always has a place", says(ask(&r, &f[4], ENTER(ROOM)), "entered") && says(ask(&r, &f[4], JOIN), "joined"));
	r.room_gone = true;
	live_room_changed(r.live, ROOM);
	check("accounts: a room that is removed ends", host.closed == LIVE_CLOSE_ENDED && !live_room_live(r.live, ROOM, &people));
	for (int i = 0; i < 5; i++)
		far_gone(&f[i]);
	far_gone(&host);
	rig_stop(&r);
}

/* -- coming back ------------------------------------------------------------------------------------------------------------------------------ */

static void token_of(char out[64], const struct far *f, const char *answer)
{
	snprintf(out, 64, "%s", json_string_value(json_object_get(far_last(f, answer), "resume")));
}

static void coming_back(void)
{
	struct rig r;
	struct far host, guest, again;
	char token[64], next[64];

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &guest, 0, "192.0.2.2");
	token_of(token, &guest, "joined");
	far_gone(&guest);
	check("resume: the lost one is away", roster_says(&host, "away", true));
	rig_wait(&r, 20000000);
	live_on_alive(host.conn);
	far_open(&r, &again, MEMBER, "192.0.2.2");
	check("resume: not with another account", says(ask(&r, &again, "\"t\":\"resume\",\"token\":\"%s\"", token), "no_session"));
	far_gone(&again);
	far_open(&r, &again, 0, "192.0.2.2");
	check("resume: back", says(ask(&r, &again, "\"t\":\"resume\",\"token\":\"%s\"", token), "resumed") && number_of(&again) == 2);
	check("resume: with the room's title and roster", json_object_get(far_last(&again, "resumed"), "title") &&
		json_array_size(json_object_get(far_last(&again, "resumed"), "roster")) == 2);
	check("resume: and no longer away", roster_says(&host, "away", false));
	token_of(next, &again, "resumed");
	check("resume: the token is another", strcmp(token, next));
	far_open(&r, &guest, 0, "192.0.2.2");
	check("resume: a token works once", says(ask(&r, &guest, "\"t\":\"resume\",\"token\":\"%s\"", token), "no_session"));
	check("resume: the newer connection wins", says(ask(&r, &guest, "\"t\":\"resume\",\"token\":\"%s\"", next), "resumed") &&
		again.closed == LIVE_CLOSE_REPLACED);
	far_gone(&again);
	check("resume: and stands when the older is gone", says(ask(&r, &guest, "\"t\":\"hand\",\"up\":true"), "ok"));
	far_gone(&guest);
	for (int i = 0; i < 7; i++) {
		rig_wait(&r, 10000000);
		live_on_alive(host.conn);
	}
	check("resume: after a minute the place is lost", !strcmp(json_string_value(json_object_get(far_last(&host, "departed"), "reason")), "lost"));
	rig_wait(&r, 31000000);
	check("silence: half a minute closes", host.closed == LIVE_CLOSE_SILENT);
	far_gone(&host);
	rig_stop(&r);
}

/* -- the media program -------------------------------------------------------------------------------------------------------------------------- */

static void media_events(void)
{
	struct rig r;
	struct far host, guest;

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &guest, 0, "192.0.2.2");
	media_event(&r, CONTROL_PEER_CONNECTED);
	strcpy(r.m->u.peer_connected.peer, r.adds[1].peer);
	r.m->u.peer_connected.via = CONTROL_VIA_TCP;
	media_say(&r);
	check("media: connected, and how", !strcmp(json_string_value(json_object_get(far_last(&guest, "media_state"), "via")), "tcp"));
	media_event(&r, CONTROL_SEATS);
	strcpy(r.m->u.seats.peer, r.adds[1].peer);
	r.m->u.seats.count = 2;
	r.m->u.seats.seats[0].number = 1;
	r.m->u.seats.seats[1].seat = 1;
	r.m->u.seats.seats[1].number = 77;
	media_say(&r);
	const json_t *seats = json_object_get(far_last(&guest, "seats"), "seats");
	check("media: who sits where", json_integer_value(json_object_get(json_array_get(seats, 0), "number")) == 1);
	check("media: never somebody who is not on the roster", json_integer_value(json_object_get(json_array_get(seats, 1), "number")) == 0);
	media_event(&r, CONTROL_SPEAKERS);
	strcpy(r.m->u.speakers.room, ROOM);
	r.m->u.speakers.order_count = 2;
	r.m->u.speakers.order[0] = 2;
	r.m->u.speakers.order[1] = 99;
	media_say(&r);
	check("media: who speaks", json_array_size(json_object_get(far_last(&host, "speakers"), "order")) == 1);

	int peers = r.add_count;
	check("media: a new connection stands beside the old", says(ask(&r, &guest, OFFER_NEW), "answer") && r.add_count == peers + 1);
	check("media: under the same number", r.adds[2].number == 2);
	media_event(&r, CONTROL_PEER_CONNECTED);
	strcpy(r.m->u.peer_connected.peer, r.adds[2].peer);
	media_say(&r);
	media_serve(&r);
	check("media: connected, the old one goes", r.add_count == peers);
	check("media: another", says(ask(&r, &guest, OFFER_NEW), "answer"));
	rig_wait(&r, 11000000);
	check("media: after ten seconds the old one goes anyway", r.add_count == peers);
	r.refuse_adds = true;
	check("media: one that it does not take", says(ask(&r, &guest, OFFER_NEW), "media_gone"));
	r.refuse_adds = false;
	check("media: and the one before goes on", says(ask(&r, &guest, "\"t\":\"offer\",\"sdp\":\"" SDP_OFFER "\"," SECTIONS), "answer"));
	media_event(&r, CONTROL_PEER_CLOSED);
	strcpy(r.m->u.peer_closed.peer, r.adds[0].peer);
	r.m->u.peer_closed.reason = CONTROL_CLOSE_CONSENT;
	media_say(&r);
	check("media: lost, and told so", far_last(&host, "media_lost") != NULL);
	int fds[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	live_tcp_adopt(r.live, fds[0]);
	media_serve(&r);
	check("media: a TCP connection is passed on", r.passed_fds == 1);
	close(fds[1]);
	json_t *stats = live_stats(r.live);
	check("media: figures", json_integer_value(json_object_get(stats, "people")) == 2 && json_object_get(stats, "signaling"));
	json_decref(stats);
	far_gone(&host);
	far_gone(&guest);
	rig_stop(&r);
}

static void media_dies(void)
{
	struct rig r;
	struct far host, guest;

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &guest, 0, "192.0.2.2");
	ask(&r, &guest, "\"t\":\"chat\",\"text\":\"vẫn còn đây\"");
	r.media_deaf = true;
	ask(&r, &guest, OFFER_NEW);
	uint64_t waiting = guest.next_id - 1;
	close(r.media);
	r.media = -1;
	live_link_readable(r.live);
	check("media dies: roster and chat live on", !live_media_up(r.live) && says(ask(&r, &host, "\"t\":\"hand\",\"up\":true"), "ok"));
	check("media dies: an offer has to wait", says(ask(&r, &host, OFFER_NEW), "media_gone"));
	r.media_deaf = false;
	r.add_count = 0;
	media_start(&r, "two");
	check("media dies: what was asked of the dead one failed", says(verdict_of(far_answer(&guest, waiting)), "media_gone"));
	check("media dies: everyone hears of it", far_last(&host, "media_lost") && far_last(&guest, "media_lost"));
	check("media dies: and offers again", says(ask(&r, &host, OFFER_NEW), "answer") && says(ask(&r, &guest, OFFER_NEW), "answer"));
	check("media dies: in a room that was opened again", r.seen[CONTROL_ROOM_OPEN] == 2 && r.add_count == 2);
	/* The same life on another link: what was not answered is said again. */
	r.media_deaf = true;
	ask(&r, &guest, OFFER_NEW);
	waiting = guest.next_id - 1;
	check("while an offer is unanswered: a camera that opens is noted", says(ask(&r, &guest, "\"t\":\"state\",\"camera\":true"), "ok") &&
		r.state.camera && !strcmp(r.state.peer, r.adds[r.add_count - 1].peer));
	check("while an offer is unanswered: what is shown, too", says(ask(&r, &guest, "\"t\":\"view\",\"heights\":[360]"), "ok"));
	check("while an offer is unanswered: another one waits", says(ask(&r, &guest, OFFER_NEW), "not_now"));
	r.media_deaf = false;
	media_start(&r, "two");
	check("another link, the same life: the answer still comes", says(verdict_of(far_answer(&guest, waiting)), "answer"));
	far_gone(&host);
	far_gone(&guest);
	rig_stop(&r);
}

/* kill -9 of this process: the next one finds everybody by the media program's tags. */
static void signaling_dies(void)
{
	struct rig r;
	struct far host, guest, out, again;
	char token[64], host_token[64];

	rig_start(&r);
	far_join(&r, &host, OWNER, "192.0.2.1");
	far_join(&r, &out, 0, "192.0.2.66");
	far_join(&r, &guest, 0, "192.0.2.2");
	ask(&r, &host, "\"t\":\"remove\",\"number\":2");
	ask(&r, &host, "\"t\":\"lock\",\"locked\":true");
	ask(&r, &host, "\"t\":\"mute\",\"number\":3");
	ask(&r, &guest, "\"t\":\"hand\",\"up\":true");
	token_of(token, &guest, "joined");
	token_of(host_token, &host, "joined");
	char host_tag[CONTROL_TAG_MAX + 1];
	strcpy(host_tag, r.adds[0].tag);
	far_gone(&out);
	/* Dead in the middle of it: live_destroy tells nobody anything but goodbye. */
	live_destroy(r.live);
	host.conn = guest.conn = NULL;
	far_gone(&host);
	far_gone(&guest);
	close(r.media);
	rig_open(&r);
	far_open(&r, &guest, 0, "192.0.2.2");
	check("signaling dies: resume waits for the snapshot", says(ask(&r, &guest, "\"t\":\"resume\",\"token\":\"%s\"", token), ""));
	media_start(&r, "one");
	int known = r.add_count;
	for (int i = 0; i < known; i++) {
		media_event(&r, CONTROL_SNAPSHOT_PEER);
		strcpy(r.m->u.snapshot_peer.room, ROOM);
		strcpy(r.m->u.snapshot_peer.peer, r.adds[i].peer);
		strcpy(r.m->u.snapshot_peer.tag, r.adds[i].tag);
		r.m->u.snapshot_peer.number = r.adds[i].number;
		r.m->u.snapshot_peer.connected = true;
		media_say(&r);
	}
	media_event(&r, CONTROL_SNAPSHOT_PEER);
	strcpy(r.m->u.snapshot_peer.room, ROOM);
	strcpy(r.m->u.snapshot_peer.peer, "p-intruder");
	strcpy(r.m->u.snapshot_peer.tag, host_tag);
	r.m->u.snapshot_peer.number = 1;
	media_say(&r);
	media_event(&r, CONTROL_SNAPSHOT_END);
	media_say(&r);
	media_serve(&r);
	check("signaling dies: back under the same number", says(verdict_of(far_answer(&guest, 1)), "resumed") && number_of(&guest) == 3);
	const json_t *resumed = far_last(&guest, "resumed");
	const json_t *seats = json_object_get(far_last(&guest, "seats"), "seats");
	check("signaling dies: who sits where is told again, empty seats too", json_array_size(seats) == 1 &&
		json_integer_value(json_object_get(json_array_get(seats, 0), "number")) == 0);
	check("signaling dies: media still stands", json_is_true(json_object_get(resumed, "media")));
	check("signaling dies: still locked", json_is_true(json_object_get(resumed, "locked")));
	check("signaling dies: still two on the roster", json_array_size(json_object_get(resumed, "roster")) == 2);
	check("signaling dies: another's tag opens nothing", r.seen[CONTROL_PEER_REMOVE] >= 2);
	check("signaling dies: still muted", says(ask(&r, &guest, "\"t\":\"state\",\"mic\":true"), "blocked"));
	far_open(&r, &again, OWNER, "192.0.2.1");
	check("signaling dies: the host comes back as host", says(ask(&r, &again, "\"t\":\"resume\",\"token\":\"%s\"", host_token), "resumed") &&
		says(ask(&r, &again, "\"t\":\"lock\",\"locked\":false"), "ok"));
	far_open(&r, &out, 0, "192.0.2.66");
	check("signaling dies: the removed stay removed", says(ask(&r, &out, ENTER(ROOM)), "removed"));
	check("signaling dies: an offer for the standing connection is answered as before",
		says(ask(&r, &guest, "\"t\":\"offer\",\"sdp\":\"" SDP_OFFER "\"," SECTIONS), "answer") &&
		strstr(json_string_value(json_object_get(far_last(&guest, "answer"), "sdp")), r.adds[1].ice.ufrag));
	far_gone(&out);
	far_open(&r, &out, 0, "192.0.2.7");
	check("signaling dies: numbers go on", says(ask(&r, &out, ENTER(ROOM)), "entered") && says(ask(&r, &out, JOIN), "joined") && number_of(&out) == 4);
	far_gone(&out);
	far_gone(&again);
	far_gone(&guest);
	rig_stop(&r);
}

int main(void)
{
	entering();
	entering_together();
	each_message();
	malformed_messages();
	binary_messages();
	rates();
	chat_kept();
	moderation();
	accounts();
	coming_back();
	media_events();
	media_dies();
	signaling_dies();
	return check_done();
}

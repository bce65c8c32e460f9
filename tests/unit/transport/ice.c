/* ICE-lite: validation, nomination, the check before media moves, consent, restart; threat 16. Virtual time throughout. */
#include "ice.h"

#include <stdlib.h>

#include "check.h"
#include "ice_client.h"

enum { SECOND = 1000000 };

static const struct ice_credentials first = { SERVER_UFRAG, SERVER_PWD, CLIENT_UFRAG, CLIENT_PWD };
static const struct ice_credentials second = { "srv2", "serverpassword2serverpas", "cli2", "clientpassword2clientpas" };
static const struct path home = { .kind = PATH_UDP4, .port = 5000, .ip = { 192, 0, 2, 1 } };
static const struct path phone = { .kind = PATH_UDP4, .port = 6000, .ip = { 198, 51, 100, 7 } };
static const struct path stranger = { .kind = PATH_UDP4, .port = 53, .ip = { 203, 0, 113, 99 } };

struct scene {
	struct ice_stun *stun;
	struct ice *ice;
	struct client client;
	struct ice_out out;
	int64_t now;
	uint32_t seen;                  /* changes since cleared */
	uint8_t bytes[ICE_MESSAGE_ROOM];
	size_t len;
	bool answers;                   /* the client answers checks, from any path */
	bool mute_stranger;             /* ...but nobody at `stranger` */
	unsigned checks;                /* checks seen since cleared */
};

static void open_scene(struct scene *s)
{
	memset(s, 0, sizeof *s);
	s->now = 1000 * (int64_t)SECOND;
	ice_stun_create(&s->stun);
	ice_create(&s->ice, &first, 42, s->now);
	client_init(&s->client, SERVER_UFRAG ":" CLIENT_UFRAG, SERVER_PWD, CLIENT_PWD);
	s->answers = true;
}

static void close_scene(struct scene *s)
{
	ice_destroy(s->ice);
	ice_stun_destroy(s->stun);
}

/* The client's side of what came out: answer checks. */
static void deliver(struct scene *s)
{
	struct ice_out now = s->out;
	s->seen |= now.changes;
	for (unsigned i = 0; i < now.count; i++) {
		const struct ice_message *m = &now.message[i];
		if (!message_is_request(m))
			continue;
		s->checks++;
		if (!s->answers || (s->mute_stranger && path_equal(&m->to, &stranger)))
			continue;
		uint8_t answer[ICE_MESSAGE_ROOM];
		size_t len = client_answer(&s->client, m, answer, sizeof answer, s->client.client_pwd, false);
		struct ice_out more;
		if (len) {
			ice_receive(s->ice, s->stun, &m->to, answer, len, s->now, &more);
			s->seen |= more.changes;
		}
	}
}

static enum ice_verdict ask(struct scene *s, const struct path *from, struct ask how)
{
	s->len = client_ask(&s->client, s->bytes, sizeof s->bytes, how);
	enum ice_verdict v = ice_receive(s->ice, s->stun, from, s->bytes, s->len, s->now, &s->out);
	struct ice_out kept = s->out;
	deliver(s);
	s->out = kept;
	return v;
}

/* Let time pass, running timers when they are due. */
static void pass(struct scene *s, int64_t us)
{
	int64_t end = s->now + us;
	unsigned rounds = 0;
	while (ice_deadline(s->ice) <= end && rounds++ < 100000) {
		int64_t due = ice_deadline(s->ice);
		s->now = due > s->now ? due : s->now;
		ice_tick(s->ice, s->stun, s->now, &s->out);
		deliver(s);
	}
	if (rounds >= 100000)
		check("timers come to rest", false);
	s->now = end;
}

static bool selected_is(const struct scene *s, const struct path *path)
{
	const struct path *selected = ice_selected(s->ice);
	return path ? selected && path_equal(selected, path) : !selected;
}

static void test_peek(void)
{
	static const struct { const char *name; uint8_t bytes[40]; size_t len; bool taken; enum ice_class kind; const char *ufrag; } rows[] = {
		{ "peek: empty", { 0 }, 0, false },
		{ "peek: request with username", { 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 3, 'a', ':', 'b', 0 }, 28, true, ICE_REQUEST, "a" },
		{ "peek: username without colon", { 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 3, 'a', 'a', 'b', 0 }, 28, false },
		{ "peek: empty ufrag", { 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 3, ':', 'a', 'b', 0 }, 28, false },
		{ "peek: request without username", { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 20, false },
		{ "peek: success", { 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 20, true, ICE_RESPONSE },
		{ "peek: error", { 1, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 20, true, ICE_RESPONSE },
		{ "peek: indication", { 0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 20, false },
		{ "peek: allocate", { 0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 20, false },
		{ "peek: no cookie", { 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43 }, 20, false },
		{ "peek: length beyond the end", { 1, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42 }, 20, false },
		{ "peek: bytes after the end", { 1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 24, false },
		{ "peek: attribute leaves the message", { 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 9, 'a', ':', 'b', 0 }, 28, false },
		{ "peek: username after integrity", { 0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 6, 0, 3, 'a', ':', 'b', 0 }, 32, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ice_question q = { 0 };
		bool taken = ice_peek(&q, rows[i].bytes, rows[i].len);
		check(rows[i].name, taken == rows[i].taken && (!taken || q.kind == rows[i].kind) &&
			(!rows[i].ufrag || (q.local_ufrag_len == strlen(rows[i].ufrag) && !memcmp(q.local_ufrag, rows[i].ufrag, q.local_ufrag_len))));
	}
}

static void test_credentials(void)
{
	struct ice *ice = NULL;
	static const struct { const char *name; struct ice_credentials c; } rows[] = {
		{ "credentials: empty", { "", "p", "r", "q" } },
		{ "credentials: missing", { "l", NULL, "r", "q" } },
		{ "credentials: a colon", { "l:x", "p", "r", "q" } },
		{ "credentials: a space", { "l", "p", "r", "q q" } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(rows[i].name, ice_create(&ice, &rows[i].c, 1, 0) == -22);
	char longest[ICE_UFRAG_MAX + 2];
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	struct ice_credentials c = { longest, "p", "r", "q" };
	check("credentials: too long", ice_create(&ice, &c, 1, 0) == -22);
	longest[ICE_UFRAG_MAX] = 0;
	check("credentials: longest", ice_create(&ice, &c, 1, 0) == 0);
	ice_destroy(ice);
	ice_destroy(NULL);
}

static void test_validation(void)
{
	struct scene s;
	open_scene(&s);
	s.answers = false;
	check("a true request is answered", ask(&s, &home, (struct ask){ 0 }) == ICE_OK && s.out.count == 2);
	check("its path is validated", (s.out.changes & ICE_PATH_ADDED) && path_equal(&s.out.added, &home) && ice_validated(s.ice, &home));
	check("the answer is no larger than the question", s.out.message[0].len <= s.len);
	struct sockaddr_storage mapped = { 0 };
	check("the answer is signed", client_take(&s.client, &s.out.message[0], &mapped, NULL) == STUN_RESPONSE);
	struct sockaddr_in *in = (struct sockaddr_in *)&mapped;
	check("XOR-MAPPED-ADDRESS is the source", mapped.ss_family == AF_INET && ntohs(in->sin_port) == 5000 && !memcmp(&in->sin_addr, home.ip, 4));
	check("a check of ours goes along", message_is_request(&s.out.message[1]) && path_equal(&s.out.message[1].to, &home));
	check("nothing is selected yet", selected_is(&s, NULL));
	check("heard", ice_last_heard_us(s.ice) == s.now);

	struct path mapped_path = { .kind = PATH_UDP6, .port = 7, .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 8 } };
	ask(&s, &mapped_path, (struct ask){ 0 });
	memset(&mapped, 0, sizeof mapped);
	client_take(&s.client, &s.out.message[0], &mapped, NULL);
	check("a v4-mapped address is told as IPv4", mapped.ss_family == AF_INET && !memcmp(&in->sin_addr, mapped_path.ip + 12, 4));
	struct path v6 = { .kind = PATH_UDP6, .port = 9, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 5 } };
	ask(&s, &v6, (struct ask){ 0 });
	memset(&mapped, 0, sizeof mapped);
	client_take(&s.client, &s.out.message[0], &mapped, NULL);
	check("an IPv6 address is told as IPv6", mapped.ss_family == AF_INET6 && !memcmp(&((struct sockaddr_in6 *)&mapped)->sin6_addr, v6.ip, 16));
	check("the IPv6 answer is no larger than the question", s.out.message[0].len <= s.len);
	struct path tcp = { .kind = PATH_TCP, .port = 9, .conn = 3, .ip = { 192, 0, 2, 5 } };
	ask(&s, &tcp, (struct ask){ 0 });
	memset(&mapped, 0, sizeof mapped);
	client_take(&s.client, &s.out.message[0], &mapped, NULL);
	check("a TCP path is told as IPv4", mapped.ss_family == AF_INET && path_equal(&s.out.message[0].to, &tcp));
	close_scene(&s);
}

static void test_forgeries(void)
{
	static const struct { const char *name; struct ask how; enum ice_verdict verdict; } rows[] = {
		{ "forged: wrong password", { .pwd = "nottheserverspassword123" }, ICE_FORGED },
		{ "forged: another peer's remote ufrag", { .username = SERVER_UFRAG ":other" }, ICE_FORGED },
		{ "forged: remote ufrag cut", { .username = SERVER_UFRAG ":cli" }, ICE_FORGED },
		{ "forged: another local ufrag", { .username = "other:" CLIENT_UFRAG }, ICE_FORGED },
		{ "forged: no integrity", { .no_integrity = true }, ICE_FORGED },
		{ "forged: no username", { .no_username = true }, ICE_BAD },
		{ "forged: USE-CANDIDATE with a wrong password", { .use_candidate = true, .pwd = "nottheserverspassword123" }, ICE_FORGED },
		{ "forged: unknown attribute with a wrong password", { .extra = 0x7001, .pwd = "nottheserverspassword123" }, ICE_FORGED },
		{ "forged: controlled with a wrong password", { .controlled = true, .pwd = "nottheserverspassword123" }, ICE_FORGED },
	};
	struct scene s;
	open_scene(&s);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum ice_verdict v = ask(&s, &home, rows[i].how);
		check(rows[i].name, v == rows[i].verdict && s.out.count == 0 && s.out.changes == 0 && !ice_validated(s.ice, &home) &&
			ice_last_heard_us(s.ice) == -1 && ice_deadline(s.ice) == INT64_MAX);
	}
	unsigned passed = 0, changed = 0;
	for (size_t at = 0; at < 92; at++) {
		s.len = client_ask(&s.client, s.bytes, sizeof s.bytes, (struct ask){ .use_candidate = true });
		s.bytes[at] ^= 0x10;
		passed += ice_receive(s.ice, s.stun, &home, s.bytes, s.len, s.now, &s.out) == ICE_OK;
		changed += s.out.count || s.out.changes || ice_validated(s.ice, &home);
	}
	check("forged: any flipped bit", passed == 0 && changed == 0);
	for (size_t cut = 0; cut < s.len; cut++) {
		s.len = client_ask(&s.client, s.bytes, sizeof s.bytes, (struct ask){ .use_candidate = true });
		passed += ice_receive(s.ice, s.stun, &home, s.bytes, cut, s.now, &s.out) == ICE_OK || s.out.count;
	}
	check("forged: any cut", passed == 0);
	close_scene(&s);
}

static void test_errors(void)
{
	struct scene s;
	open_scene(&s);
	int error = 0;
	check("controlled: role conflict", ask(&s, &home, (struct ask){ .controlled = true }) == ICE_ROLE_CONFLICT && s.out.count == 1);
	check("controlled: answered 487, signed", client_take(&s.client, &s.out.message[0], NULL, &error) == STUN_ERROR && error == 487);
	check("controlled: no larger than the question", s.out.message[0].len <= s.len);
	check("controlled: nothing validated", !ice_validated(s.ice, &home));
	check("unknown attribute: 420", ask(&s, &home, (struct ask){ .extra = 0x7001 }) == ICE_UNKNOWN_ATTRIBUTE && s.out.count == 1 &&
		client_take(&s.client, &s.out.message[0], NULL, &error) == STUN_ERROR && error == 420);
	check("unknown attribute: nothing validated", !ice_validated(s.ice, &home));
	check("optional attribute: passed over", ask(&s, &home, (struct ask){ .extra = 0xC057 }) == ICE_OK);
	close_scene(&s);
}

static void test_nomination(void)
{
	struct scene s;
	open_scene(&s);
	ask(&s, &home, (struct ask){ 0 });
	check("validated and answered, not nominated: not selected", selected_is(&s, NULL));
	ask(&s, &home, (struct ask){ .use_candidate = true });
	check("USE-CANDIDATE selects a path that has answered", selected_is(&s, &home) && (s.seen & ICE_SELECTED));
	s.seen = 0;
	ask(&s, &phone, (struct ask){ .use_candidate = true });
	check("the newest nomination wins", selected_is(&s, &phone) && (s.seen & ICE_SELECTED));
	ask(&s, &phone, (struct ask){ .use_candidate = true });
	ask(&s, &home, (struct ask){ 0 });
	check("a request without nomination moves nothing", selected_is(&s, &phone));
	ask(&s, &home, (struct ask){ .nomination = 5 });
	check("attribute 0xC001 nominates", selected_is(&s, &home));
	ask(&s, &phone, (struct ask){ .nomination = 4 });
	check("a lower nomination is an older one", selected_is(&s, &home));
	ask(&s, &phone, (struct ask){ .nomination = 6 });
	check("a higher one wins", selected_is(&s, &phone));
	check("round trip measured", ice_rtt_us(s.ice) == 0);
	close_scene(&s);
}

static void test_spoofed_source(void)
{
	struct scene s;
	open_scene(&s);
	s.mute_stranger = true;
	ask(&s, &home, (struct ask){ .use_candidate = true });
	check("first nomination selects after its answer", selected_is(&s, &home));
	s.seen = s.checks = 0;
	ask(&s, &stranger, (struct ask){ .use_candidate = true });
	check("threat 16: a nominated stranger gets no media", selected_is(&s, &home) && !(s.seen & ICE_SELECTED));
	check("threat 16: the stranger is asked", s.checks == 1);
	for (unsigned i = 0; i < 20; i++) {
		pass(&s, SECOND);
		ask(&s, &stranger, (struct ask){ .use_candidate = true });
	}
	check("threat 16: asked again, a bounded number of times", s.checks > 3 && s.checks < 60);
	check("threat 16: still no media", selected_is(&s, &home));
	s.checks = 0;
	for (unsigned i = 0; i < 1000; i++)
		ask(&s, &stranger, (struct ask){ .use_candidate = true });
	check("threat 16: a thousand requests make at most one check", s.checks <= 1);

	/* The attacker signs an answer for the stranger, but sends it from where he sits. */
	s.answers = false;
	pass(&s, 6 * SECOND);   /* the tries of before are over */
	s.len = client_ask(&s.client, s.bytes, sizeof s.bytes, (struct ask){ .use_candidate = true });
	ice_receive(s.ice, s.stun, &stranger, s.bytes, s.len, s.now, &s.out);
	struct ice_message *question = &s.out.message[s.out.count - 1];
	check("threat 16: the stranger is asked once more", message_is_request(question));
	uint8_t answer[ICE_MESSAGE_ROOM];
	size_t len = client_answer(&s.client, question, answer, sizeof answer, CLIENT_PWD, false);
	struct ice_out out;
	check("an answer from another address counts for nothing", len && ice_receive(s.ice, s.stun, &home, answer, len, s.now, &out) == ICE_UNMATCHED &&
		selected_is(&s, &home));
	check("an unsolicited answer counts for nothing", ice_receive(s.ice, s.stun, &phone, answer, len, s.now, &out) == ICE_UNMATCHED);
	size_t wrong = client_answer(&s.client, question, answer, sizeof answer, "notthepasswordofanybody1", false);
	check("an answer with a wrong key counts for nothing", wrong && ice_receive(s.ice, s.stun, &stranger, answer, wrong, s.now, &out) == ICE_FORGED &&
		!selected_is(&s, &stranger));
	wrong = client_answer(&s.client, question, answer, sizeof answer, CLIENT_PWD, true);
	check("an error counts for nothing", wrong && ice_receive(s.ice, s.stun, &stranger, answer, wrong, s.now, &out) == ICE_BAD &&
		!selected_is(&s, &stranger));
	len = client_answer(&s.client, question, answer, sizeof answer, CLIENT_PWD, false);
	check("threat 16: until then nothing is proven", !(s.seen & ICE_PATH_PROVEN) || !path_equal(&s.out.proven, &stranger));
	check("the true answer does", ice_receive(s.ice, s.stun, &stranger, answer, len, s.now, &out) == ICE_OK && selected_is(&s, &stranger));
	check("...and proves the path", (out.changes & ICE_PATH_PROVEN) && path_equal(&out.proven, &stranger));
	check("...once", ice_receive(s.ice, s.stun, &stranger, answer, len, s.now, &out) == ICE_UNMATCHED);
	close_scene(&s);
}

static void test_consent(void)
{
	struct scene s;
	open_scene(&s);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	s.checks = 0;
	for (unsigned i = 0; i < 600; i++) {    /* the browser's own checks keep it heard */
		pass(&s, SECOND);
		ask(&s, &home, (struct ask){ .use_candidate = true });
	}
	check("consent is asked every 4 to 6 s", s.checks >= 100 && s.checks <= 150);
	check("consent holds for ten minutes", selected_is(&s, &home) && !(s.seen & (ICE_STALLED | ICE_DEAD)));

	s.seen = s.checks = 0;
	for (unsigned i = 0; i < 60; i++)
		pass(&s, SECOND);
	check("our checks alone keep a silent peer from stalling", !(s.seen & ICE_STALLED) && s.checks >= 12 && s.checks < 60);

	s.answers = false;
	s.seen = 0;
	pass(&s, SECOND * 3 / 2);
	check("quiet for a moment: not stalled", !(s.seen & ICE_STALLED));
	pass(&s, 6 * SECOND);
	check("silent for 5 s: stalled", (s.seen & ICE_STALLED) && !(s.seen & ICE_DEAD));
	check("stalled: media still goes", selected_is(&s, &home));
	s.seen = 0;
	ask(&s, &home, (struct ask){ .use_candidate = true });
	check("back: resumed", s.seen & ICE_RESUMED);
	pass(&s, 6 * SECOND);
	check("stalled again", s.seen & ICE_STALLED);
	check("SRTP counts as a sign of life", ice_heard(s.ice, s.now) && !ice_heard(s.ice, s.now));
	s.seen = 0;
	pass(&s, 31 * SECOND);
	check("silent for 30 s: dead", s.seen & ICE_DEAD);
	check("no consent: nothing selected", selected_is(&s, NULL));
	close_scene(&s);

	open_scene(&s);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	s.answers = false;
	s.seen = 0;
	for (unsigned i = 0; i < 40; i++) {
		pass(&s, SECOND);
		ask(&s, &home, (struct ask){ .use_candidate = true });
	}
	check("requests without answers to ours: consent is lost", selected_is(&s, NULL) && (s.seen & ICE_SELECTED) && !(s.seen & ICE_DEAD));
	s.answers = true;
	pass(&s, SECOND);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	pass(&s, 2 * SECOND);
	check("it answers again: selected again", selected_is(&s, &home));
	close_scene(&s);

	open_scene(&s);
	check("before the first check no timer runs", ice_deadline(s.ice) == INT64_MAX);
	pass(&s, 100 * SECOND);
	check("...and nobody is dead", s.seen == 0);
	close_scene(&s);
}

static void test_lost_answers(void)
{
	struct scene s;
	open_scene(&s);
	s.answers = false;
	ask(&s, &home, (struct ask){ .use_candidate = true });
	pass(&s, SECOND / 4);
	check("a lost check is repeated soon", s.checks >= 2);
	s.answers = true;
	pass(&s, SECOND);
	check("one answer is enough", selected_is(&s, &home));
	close_scene(&s);
}

static void test_restart(bool same_path)
{
	struct scene s;
	open_scene(&s);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	check("restart: bad credentials change nothing", ice_restart(s.ice, &(struct ice_credentials){ "x", "", "y", "z" }, s.now) == -22 &&
		!strcmp(ice_local_ufrag(s.ice), SERVER_UFRAG));
	check("restart: taken", ice_restart(s.ice, &second, s.now) == 0);
	check("restart: both ufrags are known", !strcmp(ice_local_ufrag(s.ice), "srv2") && !strcmp(ice_old_local_ufrag(s.ice), SERVER_UFRAG));
	pass(&s, SECOND);
	check("restart: old credentials stay valid", ask(&s, &home, (struct ask){ .use_candidate = true }) == ICE_OK && selected_is(&s, &home));

	const struct path *path = same_path ? &home : &phone;
	client_init(&s.client, "srv2:cli2", second.local_pwd, second.remote_pwd);
	s.answers = false;
	s.seen = 0;
	check("restart: new credentials are valid", ask(&s, path, (struct ask){ .use_candidate = true }) == ICE_OK);
	check("restart: media stays until the new path has answered", selected_is(&s, &home) && !(s.seen & ICE_RESTART_DONE));
	check("restart: mixed username is refused", ask(&s, path, (struct ask){ .username = "srv2:" CLIENT_UFRAG }) == ICE_FORGED);
	s.answers = true;
	pass(&s, 2 * SECOND);
	check("restart: done", selected_is(&s, path) && (s.seen & ICE_RESTART_DONE) && !ice_old_local_ufrag(s.ice));
	client_init(&s.client, SERVER_UFRAG ":" CLIENT_UFRAG, SERVER_PWD, CLIENT_PWD);
	check("restart: old credentials are gone", ask(&s, &home, (struct ask){ .use_candidate = true }) == ICE_FORGED && selected_is(&s, path));
	close_scene(&s);
}

static void test_restart_twice(void)
{
	static const struct ice_credentials third = { "srv3", "serverpassword3serverpas", "cli3", "clientpassword3clientpas" };
	struct scene s;
	open_scene(&s);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	ice_restart(s.ice, &second, s.now);
	client_init(&s.client, "srv2:cli2", second.local_pwd, second.remote_pwd);
	s.answers = false;
	ask(&s, &home, (struct ask){ 0 });
	ice_restart(s.ice, &third, s.now);
	check("restart twice: the first generation still carries media", selected_is(&s, &home) && !strcmp(ice_old_local_ufrag(s.ice), SERVER_UFRAG));
	pass(&s, 2 * SECOND);
	check("restart twice: the second is gone", ask(&s, &home, (struct ask){ 0 }) == ICE_FORGED);
	client_init(&s.client, "srv3:cli3", third.local_pwd, third.remote_pwd);
	s.answers = true;
	ask(&s, &home, (struct ask){ .use_candidate = true });
	pass(&s, SECOND);
	check("restart twice: the third is done", !ice_old_local_ufrag(s.ice) && selected_is(&s, &home));
	close_scene(&s);
}

static void test_bounds(void)
{
	struct scene s;
	open_scene(&s);
	ask(&s, &home, (struct ask){ .use_candidate = true });
	unsigned removed = 0;
	bool lost = false;
	for (uint16_t i = 0; i < 100; i++) {
		struct path p = phone;
		p.port = (uint16_t)(10000 + i);
		s.now += 1000;
		ask(&s, &p, (struct ask){ 0 });
		if (s.out.changes & ICE_PATH_REMOVED) {
			removed++;
			lost |= path_equal(&s.out.removed, &home) || ice_validated(s.ice, &s.out.removed);
		}
	}
	check("at most eight paths", removed == 100 - (ICE_PATHS - 1));
	check("the selected one stays", !lost && selected_is(&s, &home));
	struct ice_out out;
	ice_path_gone(s.ice, &home, &out);
	check("a closed connection's path goes at once", (out.changes & ICE_PATH_REMOVED) && (out.changes & ICE_SELECTED) && selected_is(&s, NULL));
	ice_path_gone(s.ice, &home, &out);
	check("...once", out.changes == 0);
	s.seen = 0;
	for (unsigned i = 0; i < 61; i++) {
		pass(&s, SECOND);
		ask(&s, &home, (struct ask){ .use_candidate = true });
	}
	struct path p = phone;
	p.port = 10099;
	check("an idle path is forgotten", (s.seen & ICE_PATH_REMOVED) && !ice_validated(s.ice, &p) && selected_is(&s, &home));
	close_scene(&s);
}

static void test_prefer(void)
{
	struct scene s;
	open_scene(&s);
	s.answers = false;
	ice_prefer(s.ice, s.stun, &home, s.now, &s.out);
	check("prefer: validates, asks, does not select", ice_validated(s.ice, &home) && s.out.count == 1 && selected_is(&s, NULL));
	s.answers = true;
	pass(&s, SECOND);
	check("prefer: selected after the answer", selected_is(&s, &home));
	ask(&s, &phone, (struct ask){ .use_candidate = true });
	ice_prefer(s.ice, s.stun, &home, s.now, &s.out);
	check("prefer: a nomination is stronger", selected_is(&s, &phone));
	close_scene(&s);
}

int main(void)
{
	test_peek();
	test_credentials();
	test_validation();
	test_forgeries();
	test_errors();
	test_nomination();
	test_spoofed_source();
	test_consent();
	test_lost_answers();
	test_restart(false);
	test_restart(true);
	test_restart_twice();
	test_bounds();
	test_prefer();
	return check_done();
}

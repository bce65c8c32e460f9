/**
 * A live layer with everything around it made of paper: a clock that is set, one table of rooms, passwords that are compared when asked,
 * connections that keep what they are sent, and a media program that answers over a real socket pair.
 */
#ifndef HOPKIN_TESTS_LIVE_RIG_H
#define HOPKIN_TESTS_LIVE_RIG_H

#include "check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "control_message.h"
#include "fd_message.h"
#include "live.h"

#define ROOM "AAAAAAAAAAAAAAAAAAAAAA"
#define MEMBERS_ROOM "BBBBBBBBBBBBBBBBBBBBBB"
#define CLOSED_ROOM "CCCCCCCCCCCCCCCCCCCCCC"
#define MISSING_ROOM "DDDDDDDDDDDDDDDDDDDDDD"
#define PASSWORD "mot-hai-ba"
enum { OWNER = 7, MEMBER = 8, RIG_LINES = 1500, RIG_CHECKS = 16 };

/* One connection's far end. */
struct far {
	struct live_conn *conn;
	json_t *lines[RIG_LINES];
	int count, seen;
	uint16_t closed;                /* 0: open */
	bool last_binary;
	uint64_t next_id;
};

struct rig {
	struct live *live;
	int64_t now_us;
	int media;                      /* the media program's end */
	bool media_deaf;                /* it reads, and says nothing */
	bool refuse_adds;
	const char *epoch;
	struct control_message *m;
	char *bytes;
	struct control_peer_add adds[32];       /* as last told, by arrival */
	int add_count;
	int seen[CONTROL_TYPES];        /* requests by type */
	struct control_peer_block block;
	struct control_peer_state state;
	char last_tag[CONTROL_TAG_MAX + 1];
	int passed_fds;
	/* rooms and passwords */
	bool room_gone, room_later;
	uint64_t found_tickets[8];
	int found_count;
	struct { uint64_t ticket; bool dummy; char password[64]; } checks[RIG_CHECKS];
	int check_count, checks_run;
	int asked, wrong, right;
	bool slow;
	/* devices */
	bool token_gone;                /* revoked while nobody looked */
	uint32_t device_wait_s;
	int device_asked;
	struct { int status; char code[32], body[8192], location[128], etag[32], type[48], allow[48]; uint32_t retry_after_s; int times; } http;
};

static int64_t rig_now(void *ctx) { return ((struct rig *)ctx)->now_us; }
static int64_t rig_unix(void *ctx) { return 1790000000000 + ((struct rig *)ctx)->now_us / 1000; }

static void rig_answer_room(struct rig *r, uint64_t ticket, const char *id)
{
	struct live_room room = { .title = "Giao ban", .banner = "b", .contact = "c", .password_hash = "hash", .owner = OWNER, .max = 5,
		.guests = strcmp(id, MEMBERS_ROOM) != 0, .closed = !strcmp(id, CLOSED_ROOM) };

	strcpy(room.id, id);
	live_room_found(r->live, ticket, r->room_gone || !strcmp(id, MISSING_ROOM) ? NULL : &room);
}

static void rig_find(void *ctx, uint64_t ticket, const char *id)
{
	rig_answer_room(ctx, ticket, id);
}

static void rig_password(void *ctx, uint64_t ticket, const char *encoded, const char *password)
{
	struct rig *r = ctx;

	if (r->check_count == RIG_CHECKS) {
		live_password_checked(r->live, ticket, LIVE_PASSWORD_BUSY);
		return;
	}
	r->checks[r->check_count].ticket = ticket;
	r->checks[r->check_count].dummy = !encoded;
	snprintf(r->checks[r->check_count++].password, 64, "%s", password);
}

/* The hashing threads have their turn. */
static void rig_run_checks(struct rig *r)
{
	for (int i = 0; i < r->check_count; i++) {
		bool right = !r->checks[i].dummy && !strcmp(r->checks[i].password, PASSWORD);
		r->checks_run++;
		live_password_checked(r->live, r->checks[i].ticket, right ? LIVE_PASSWORD_RIGHT : LIVE_PASSWORD_WRONG);
	}
	r->check_count = 0;
}

static enum live_guess rig_ask(void *ctx, const char *address, const char *room, uint32_t *retry_after_s)
{
	struct rig *r = ctx;

	r->asked++;
	*retry_after_s = 30;
	return r->slow ? LIVE_GUESS_SLOW : LIVE_GUESS_ALLOWED;
}

static void rig_wrong(void *ctx, const char *address, const char *room) { ((struct rig *)ctx)->wrong++; }
static void rig_right(void *ctx, const char *address, const char *room) { ((struct rig *)ctx)->right++; }

static bool rig_name(void *ctx, const char *name, char out[LIVE_NAME_ROOM])
{
	snprintf(out, LIVE_NAME_ROOM, "%s", name);
	return !strstr(name, "\xe2\x80\xae");           /* U+202E stands for all that is refused */
}

static void rig_watch(void *ctx, int fd, bool writing) { }

/* Two tokens of ROOM, by their first letter: `p…` publishes, `v…` watches. */
static void rig_device(void *ctx, uint64_t ticket, const char *token, const char *room, const char *address, bool enters)
{
	struct rig *r = ctx;
	struct live_device device = { .name = *token == 'p' ? "Máy quay" : "Màn hình", .publish = *token == 'p' };
	struct live_room info = { .title = "Giao ban", .banner = "b", .contact = "c", .password_hash = "hash", .owner = OWNER, .max = 3,
		.closed = r->room_gone };

	r->device_asked++;
	device.token[0] = (uint8_t)*token;
	strcpy(info.id, ROOM);
	bool good = (*token == 'p' || *token == 'v') && !strcmp(room, ROOM) && !r->token_gone;
	live_device_found(r->live, ticket, good ? &device : NULL, good ? &info : NULL, r->device_wait_s);
}

static bool rig_device_known(void *ctx, const uint8_t token[LIVE_SESSION_BYTES])
{
	return !((struct rig *)ctx)->token_gone;
}

static void far_send(void *wire, bool binary, const void *bytes, size_t len)
{
	struct far *f = wire;
	static char text[512 * 1024];

	f->last_binary = binary;
	if (binary) {
		z_stream z = { .next_in = (unsigned char *)bytes, .avail_in = (unsigned)len, .next_out = (unsigned char *)text, .avail_out = sizeof text };
		inflateInit2(&z, -15);
		inflate(&z, Z_FINISH);
		len = sizeof text - z.avail_out;
		inflateEnd(&z);
		bytes = text;
	}
	json_t *line = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (f->count < RIG_LINES && line)
		f->lines[f->count++] = line;
	else
		json_decref(line);
}

static void far_close(void *wire, uint16_t code) { ((struct far *)wire)->closed = code; }

/* -- the media program ------------------------------------------------------------------------------------------------------------ */

static void media_say(struct rig *r)
{
	size_t len = control_encode(r->m, r->bytes, CONTROL_MESSAGE_MAX);

	if (len)
		fd_message_send(r->media, r->bytes, len, -1);
	live_link_readable(r->live);
}

static void media_answer(struct rig *r, enum control_type type, uint64_t id)
{
	bool add = type == CONTROL_PEER_ADD;

	memset(r->m, 0, sizeof *r->m);
	r->m->id = id;
	r->m->type = CONTROL_OK;
	if (type == CONTROL_HELLO) {
		r->m->type = CONTROL_WELCOME;
		strcpy(r->m->u.welcome.epoch, r->epoch);
		strcpy(r->m->u.welcome.fingerprint,
			"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
		r->m->u.welcome.workers = 1;
	} else if (add && r->refuse_adds) {
		r->m->type = CONTROL_ERROR;
		r->m->u.error.code = CONTROL_CODE_TOO_MANY;
	} else if (type == CONTROL_STATS) {
		r->m->type = CONTROL_STATS_REPORT;
	}
	media_say(r);
}

static void media_note(struct rig *r, const struct control_message *m)
{
	r->seen[m->type]++;
	if (m->type == CONTROL_PEER_ADD && r->add_count < 32) {
		strcpy(r->last_tag, m->u.peer_add.tag);
		r->adds[r->add_count++] = m->u.peer_add;
	} else if (m->type == CONTROL_PEER_UPDATE && m->u.peer_update.has_tag) {
		for (int i = 0; i < r->add_count; i++)
			if (!strcmp(r->adds[i].peer, m->u.peer_update.what.peer))
				strcpy(r->adds[i].tag, m->u.peer_update.what.tag);
	} else if (m->type == CONTROL_PEER_REMOVE) {
		for (int i = 0; i < r->add_count; i++)
			if (!strcmp(r->adds[i].peer, m->u.peer.peer))
				r->adds[i] = r->adds[--r->add_count];
	} else if (m->type == CONTROL_PEER_BLOCK) {
		r->block = m->u.peer_block;
	} else if (m->type == CONTROL_PEER_STATE) {
		r->state = m->u.peer_state;
	}
}

/* Read what was asked and answer it, until nothing is left. */
static void media_serve(struct rig *r)
{
	for (;;) {
		int fd;
		long n = fd_message_receive(r->media, r->bytes, CONTROL_MESSAGE_MAX, &fd);
		if (fd >= 0) {
			r->passed_fds++;
			close(fd);
		}
		if (n <= 0)
			return;
		if (!control_decode(r->m, r->bytes, (size_t)n)) {
			check("the media program understands every request", false);
			return;
		}
		media_note(r, r->m);
		if (!r->media_deaf)
			media_answer(r, r->m->type, r->m->id);
	}
}

static void media_event(struct rig *r, enum control_type type)
{
	memset(r->m, 0, sizeof *r->m);
	r->m->type = type;
}

static void media_start(struct rig *r, const char *epoch)
{
	int pair[2];

	if (r->media >= 0)
		close(r->media);
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
	r->media = pair[1];
	r->epoch = epoch;
	live_link_attach(r->live, pair[0]);
	media_serve(r);
}

/* -- connections ------------------------------------------------------------------------------------------------------------------- */

static void far_open(struct rig *r, struct far *f, int64_t account, const char *address)
{
	static const struct live_wire wire = { far_send, far_close };
	struct live_who who = { .account = account };

	snprintf(who.address, sizeof who.address, "%s", address);
	if (account) {
		snprintf(who.display, sizeof who.display, "Người %d", (int)account);
		who.session[0] = (uint8_t)account;
	}
	memset(f, 0, sizeof *f);
	f->next_id = 1;
	f->conn = live_on_open(r->live, &wire, f, &who);
}

static void far_gone(struct far *f)
{
	if (f->conn)
		live_on_close(f->conn);
	f->conn = NULL;
	for (int i = 0; i < f->count; i++)
		json_decref(f->lines[i]);
	f->count = f->seen = 0;
}

static void far_say(struct far *f, const char *text)
{
	live_on_message(f->conn, false, text, strlen(text));
}

/* The newest event or answer of this type; NULL: none. Borrowed. */
static const json_t *far_last(const struct far *f, const char *type)
{
	for (int i = f->count - 1; i >= 0; i--) {
		const char *t = json_string_value(json_object_get(f->lines[i], "t"));
		if (t && !strcmp(t, type))
			return f->lines[i];
	}
	return NULL;
}

static const json_t *far_answer(const struct far *f, uint64_t id)
{
	for (int i = f->count - 1; i >= 0; i--)
		if (json_integer_value(json_object_get(f->lines[i], "re")) == (json_int_t)id && json_object_get(f->lines[i], "re"))
			return f->lines[i];
	return NULL;
}

/* `t` of the answer, or its code if it is an error; "" if there is none. */
static const char *verdict_of(const json_t *answer)
{
	const char *t = json_string_value(json_object_get(answer, "t"));

	if (t && !strcmp(t, "error"))
		return json_string_value(json_object_get(answer, "code"));
	return t ? t : "";
}

/* Send the body of a request, `"t":…` on, let everybody have their turn, and tell what came of it. */
__attribute__((format(printf, 3, 4)))
static const char *ask(struct rig *r, struct far *f, const char *format, ...)
{
	static char text[301 * 1024], body[300 * 1024];
	uint64_t id = f->next_id++;
	va_list args;

	va_start(args, format);
	vsnprintf(body, sizeof body, format, args);
	va_end(args);
	snprintf(text, sizeof text, "{%s,\"id\":%llu}", body, (unsigned long long)id);
	far_say(f, text);
	rig_run_checks(r);
	media_serve(r);
	return verdict_of(far_answer(f, id));
}

static bool says(const char *verdict, const char *expected)
{
	if (strcmp(verdict, expected))
		printf("# said %s, not %s\n", verdict, expected);
	return !strcmp(verdict, expected);
}

#define SDP_TRANSPORT "a=ice-ufrag:abcd\\r\\na=ice-pwd:0123456789012345678901\\r\\na=setup:actpass\\r\\n" \
	"a=fingerprint:sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99\\r\\n"
#define SDP_OFFER "v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE 0 1 2\\r\\n" SDP_TRANSPORT \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\na=mid:0\\r\\na=sendonly\\r\\na=rtcp-mux\\r\\na=rtpmap:111 opus/48000/2\\r\\n" \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\na=mid:1\\r\\na=recvonly\\r\\na=rtcp-mux\\r\\na=rtpmap:111 opus/48000/2\\r\\n" \
	"m=video 9 UDP/TLS/RTP/SAVPF 96\\r\\na=mid:2\\r\\na=recvonly\\r\\na=rtcp-mux\\r\\na=rtpmap:96 VP8/90000\\r\\n"
#define SECTIONS "\"sections\":{\"mic\":\"0\",\"seats\":[{\"kind\":\"person\",\"audio\":\"1\",\"video\":\"2\"}]}"
#define STATE "\"state\":{\"mic\":true,\"camera\":false,\"screen\":false,\"screen_audio\":false}"
#define JOIN "\"t\":\"join\",\"sdp\":\"" SDP_OFFER "\"," STATE "," SECTIONS
#define OFFER_NEW "\"t\":\"offer\",\"new\":true,\"sdp\":\"" SDP_OFFER "\"," SECTIONS
#define ENTER(room) "\"t\":\"enter\",\"room\":\"" room "\",\"password\":\"" PASSWORD "\",\"name\":\"Lan\""

static void rig_open(struct rig *r)
{
	static const struct live_ops ops = { NULL, rig_now, rig_unix, rig_find, rig_password, rig_ask, rig_wrong, rig_right, rig_name, rig_watch,
		rig_device, rig_device_known };
	struct live_config config = { .hosts = { "192.0.2.10", "2001:db8::10" }, .hosts_n = 2, .port = 8443, .seats_max = 9, .seal_key = { 1 } };
	struct live_ops mine = ops;

	r->now_us += 1000000;
	r->media = -1;
	r->m = r->m ? r->m : calloc(1, sizeof *r->m);
	r->bytes = r->bytes ? r->bytes : malloc(CONTROL_MESSAGE_MAX);
	mine.ctx = r;
	check("rig: live is made", live_create(&r->live, &config, &mine) == 0);
}

/* With a media program, its recovery over. */
static void rig_start(struct rig *r)
{
	memset(r, 0, sizeof *r);
	rig_open(r);
	media_start(r, "one");
	media_event(r, CONTROL_SNAPSHOT_END);
	media_say(r);
}

static void rig_stop(struct rig *r)
{
	live_destroy(r->live);
	close(r->media);
	free(r->m);
	free(r->bytes);
}

static void rig_wait(struct rig *r, int64_t us)
{
	r->now_us += us;
	live_tick(r->live);
	media_serve(r);
}

/* Opened, entered and joined. */
static bool far_join(struct rig *r, struct far *f, int64_t account, const char *address)
{
	far_open(r, f, account, address);
	return says(ask(r, f, ENTER(ROOM)), "entered") && says(ask(r, f, JOIN), "joined");
}

static int64_t number_of(const struct far *f)
{
	const json_t *joined = far_last(f, "joined");

	return json_integer_value(json_object_get(joined ? joined : far_last(f, "resumed"), "number"));
}

#endif

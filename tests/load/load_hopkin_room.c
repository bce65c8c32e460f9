/* A whole Hopkin that runs already: people come through its WebSocket as guests of a room (signaling/PROTOCOL.md). For planning capacity. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_adaptor.h"
#include "tp_json.h"
#include "tp_sdp.h"
#include "tp_ws.h"

enum { PING_US = 15000000, HOST_ROOM = 256 };   /* the server closes after 30 s of silence */

struct address { char origin[HOST_ROOM + 32], socket[HOST_ROOM + 32], room[64]; };

struct whole {
	struct tp_loop *loop;
	const struct load_server *server;
	struct address addresses[LOAD_ADDRESSES];
};

struct guest {
	struct whole *whole;
	struct load_person *person;
	struct tp_ws *ws;
	struct tp_timer ping;
	struct tp_peer *model;          /* what the offer is written from and the answer read for */
	long next_id, enter_id, join_id;
};

/* -- addresses -- */

/* The WebSocket client takes numbers alone. */
static bool resolve(const char *host, char *out, size_t room)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char text[NI_MAXHOST];
	if (getaddrinfo(host, NULL, &hints, &found))
		return false;
	bool ok = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0;
	if (ok)
		snprintf(out, room, found->ai_family == AF_INET6 ? "[%s]" : "%s", text);
	freeaddrinfo(found);
	return ok;
}

static bool read_url(struct address *out, const char *url)
{
	char authority[HOST_ROOM], host[HOST_ROOM], number[HOST_ROOM], after;
	if (sscanf(url, "https://%255[^/]/r/%63[A-Za-z0-9_-]%c", authority, out->room, &after) != 2)
		return false;
	snprintf(out->origin, sizeof out->origin, "https://%s", authority);
	const char *bracket = strchr(authority, ']'), *colon = strchr(bracket ? bracket : authority, ':');
	int host_len = colon ? (int)(colon - authority) : (int)strlen(authority);
	if (bracket)
		snprintf(host, sizeof host, "%.*s", (int)(bracket - authority) - 1, authority + 1);
	else
		snprintf(host, sizeof host, "%.*s", host_len, authority);
	if (!resolve(host, number, sizeof number))
		return false;
	snprintf(out->socket, sizeof out->socket, "wss://%.200s:%.8s/ws", number, colon ? colon + 1 : "443");
	return true;
}

/* -- saying things -- */

static long say(struct guest *g, json_t *message)
{
	long id = ++g->next_id;
	json_object_set_new(message, "id", json_integer(id));
	char *text = json_dumps(message, JSON_COMPACT);
	if (text)
		tp_ws_send(g->ws, text, strlen(text), true);
	free(text);
	json_decref(message);
	return id;
}

static void on_ping_due(struct tp_timer *timer)
{
	struct guest *g = timer->owner;
	say(g, json_pack("{s:s}", "t", "ping"));
	tp_timer_at(g->whole->loop, timer, timer->due_us + PING_US);
}

static void enter(void *owner)
{
	struct guest *g = owner;
	const struct load_person *p = g->person;
	const char *password = g->whole->server->passwords[p->room];
	char name[32];
	snprintf(name, sizeof name, "Load %u", p->number);
	json_t *message = json_pack("{s:s, s:s, s:s}", "t", "enter", "room", g->whole->addresses[p->room].room, "name", name);
	if (password)
		json_object_set_new(message, "password", json_string(password));
	g->enter_id = say(g, message);
	g->ping = (struct tp_timer){ .owner = g, .on_due = on_ping_due };
	tp_timer_at(g->whole->loop, &g->ping, tp_now_us() + PING_US);
}

/* The test peer's SDP is written from a test peer; this one has only what that needs. */
static struct tp_peer *make_model(const struct load_person *person, const struct load_local *local, int seats)
{
	struct tp_peer *model = calloc(1, sizeof *model);
	if (!model)
		return NULL;
	struct tp_peer_config *c = &model->config;
	snprintf(c->name, sizeof c->name, "load-%u", person->number);
	c->pt = (struct tp_payloads){ local->numbers.opus, local->numbers.vp8, local->numbers.rtx };
	c->ids = (struct tp_ext_ids){ .mid = local->numbers.mid, .rid = local->numbers.rid, .level = local->numbers.level };
	c->sends[TP_MIC] = (struct tp_send_plan){ .on = person->sends_audio, .mid = "0", .layers = 1 };
	c->sends[TP_CAMERA] = (struct tp_send_plan){ .on = person->sends_layers > 0, .mid = "1", .layers = person->sends_layers };
	for (int i = 0, video = 0; i < local->send_count; i++)
		if (local->sends[i].codec == LOAD_OPUS)
			model->ssrcs[TP_MIC][0] = local->sends[i].ssrc;
		else
			model->ssrcs[TP_CAMERA][video++] = local->sends[i].ssrc;
	c->seat_count = person->view_count < seats ? person->view_count : seats;
	for (int i = 0; i < c->seat_count; i++) {
		c->seats[i].kind = TP_SEAT_PERSON;
		snprintf(c->seats[i].audio, sizeof c->seats[i].audio, "a%d", i);
		snprintf(c->seats[i].video, sizeof c->seats[i].video, "v%d", i);
	}
	snprintf(model->ufrag, sizeof model->ufrag, "%s", local->ufrag);
	snprintf(model->pwd, sizeof model->pwd, "%s", local->pwd);
	return model;
}

static void join_meeting(struct guest *g, int seats)
{
	struct load_person *p = g->person;
	struct load_peer *peer = load_peer_open(p, 0, p->sends_audio, p->sends_layers);
	g->model = peer ? make_model(p, load_peer_local(peer), seats) : NULL;
	char *sdp = g->model ? tp_sdp_offer(g->model) : NULL;
	if (!sdp) {
		load_person_failed(p, "no socket or no memory");
		return;
	}
	g->join_id = say(g, json_pack("{s:s, s:s, s:o, s:{s:b, s:b}}", "t", "join", "sdp", sdp, "sections", tp_sdp_sections(g->model),
		"state", "mic", p->sends_audio, "camera", p->sends_layers > 0));
	free(sdp);
}

static void say_view(struct guest *g)
{
	json_t *heights = json_array();
	for (int i = 0; i < g->model->config.seat_count; i++)
		json_array_append_new(heights, json_integer(g->person->views[i].height));
	say(g, json_pack("{s:s, s:[], s:[], s:o}", "t", "view", "pins", "wants", "heights", heights));
}

static void connect_media(struct guest *g, const char *sdp)
{
	struct tp_remote answer;
	struct load_remote remote = { .security = LOAD_ICE_DTLS };
	const char *wrong = tp_sdp_answer(&answer, g->model, sdp);
	int at = 0, family = load_peer_local(g->person->peers[0])->addr.ss_family;
	while (at < answer.candidate_count && (answer.candidates[at].tcp || answer.candidates[at].addr.ss_family != family))
		at++;
	if (wrong || at == answer.candidate_count) {
		load_person_failed(g->person, wrong ? wrong : "the server offers no UDP at that kind of address (--address)");
		return;
	}
	remote.addr = answer.candidates[at].addr;
	snprintf(remote.ufrag, sizeof remote.ufrag, "%s", answer.ufrag);
	snprintf(remote.pwd, sizeof remote.pwd, "%s", answer.pwd);
	snprintf(remote.fingerprint, sizeof remote.fingerprint, "%s", answer.fingerprint);
	load_peer_connect(g->person->peers[0], &remote);
	say_view(g);
}

/* -- what is said -- */

static void on_answer(struct guest *g, const json_t *message, const char *type, long re)
{
	if (strcmp(type, "error") == 0)
		load_person_failed(g->person, tp_json_text(message, "code", "error"));
	else if (re == g->enter_id)
		join_meeting(g, (int)tp_json_number(message, "seats", 1));
	else if (re == g->join_id)
		connect_media(g, tp_json_text(message, "sdp", ""));
}

static void on_message(void *owner, const char *text, size_t len, bool binary)
{
	struct guest *g = owner;
	json_t *message = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = tp_json_text(message, "t", "");
	if (json_object_get(message, "re"))
		on_answer(g, message, type, (long)tp_json_number(message, "re", 0));
	else if (strcmp(type, "media_lost") == 0 || strcmp(type, "removed") == 0 || strcmp(type, "ended") == 0)
		load_person_failed(g->person, type);
	json_decref(message);
}

static void on_closed(void *owner, int status, int code)
{
	struct guest *g = owner;
	char why[64];
	snprintf(why, sizeof why, status ? "the server answered with HTTP status %d" : "the WebSocket was closed with code %d", status ? status : code);
	load_person_failed(g->person, why);
}

/* -- the adaptor -- */

static int start(void **out, struct tp_loop *loop, const struct load_server *server, int rooms)
{
	struct whole *w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	*w = (struct whole){ .loop = loop, .server = server };
	if (server->room_count < rooms)
		fprintf(stderr, "hopkin-load: %d rooms need a --url each\n", rooms);
	for (int i = 0; i < rooms; i++)
		if (i >= server->room_count || !read_url(&w->addresses[i], server->rooms[i])) {
			fprintf(stderr, "hopkin-load: not the address of a room, or its host is not found: %s\n", i < server->room_count ? server->rooms[i] : "");
			free(w);
			return -EINVAL;
		}
	*out = w;
	return 0;
}

static void stop(void *adaptor)
{
	free(adaptor);
}

static pid_t no_pid(const void *adaptor)
{
	return 0;       /* it may be on another machine; --pid says where it is on this one */
}

static void join(void *adaptor, struct load_person *person)
{
	static const struct tp_ws_events events = { enter, on_message, on_closed };
	struct whole *w = adaptor;
	const struct address *address = &w->addresses[person->room];
	struct tp_ws_config config = { .url = address->socket, .origin = address->origin, .protocol = "hopkin.v1" };
	struct guest *g = calloc(1, sizeof *g);
	if (!g) {
		load_person_failed(person, "no memory");
		return;
	}
	*g = (struct guest){ .whole = w, .person = person };
	person->of_adaptor = g;
	int err = tp_ws_open(&g->ws, w->loop, &config, &events, g);
	if (err)
		load_person_failed(person, strerror(-err));
}

static void leave(void *adaptor, struct load_person *person)
{
	struct guest *g = person->of_adaptor;
	person->of_adaptor = NULL;
	if (!g)
		return;
	tp_timer_stop(g->whole->loop, &g->ping);
	if (g->ws && tp_ws_is_open(g->ws))
		say(g, json_pack("{s:s}", "t", "leave"));
	tp_ws_destroy(g->ws);
	free(g->model);
	free(g);
}

const struct load_adaptor load_hopkin_room = {
	.name = "room", .start = start, .stop = stop, .pid = no_pid, .join = join, .leave = leave,
};

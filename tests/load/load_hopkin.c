/* hopkin-media alone, over its control link (server/CONTROL.md): the packet path is measured, without signaling. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load_adaptor.h"
#include "tp_json.h"
#include "tp_rig.h"

enum { WAITING = 1 << 16, START_MS = 30000, STATS_MS = 2000, SEAT_SSRC = 1000 };

struct hopkin {
	struct tp_loop *loop;
	struct tp_rig *rig;
	struct sockaddr_storage addr;
	char fingerprint[128];
	struct load_person *waiting[WAITING];   /* by the id of their peer.add */
	struct load_person **people;            /* by their number, those who are in */
	size_t people_room;
	long stats_id;
	bool died, stats_came;
	uint64_t received, sent;
};

/* A person's transport, as the media program knows it. */
struct seat_taker {
	char id[32];
	long add_id;
	struct load_remote remote;
};

/* -- what the link says -- */

static void on_answer(struct hopkin *h, const json_t *message, const char *type)
{
	long re = (long)tp_json_number(message, "re", 0);
	struct load_person *person = re > 0 ? h->waiting[re % WAITING] : NULL;
	struct seat_taker *taker = person ? person->of_adaptor : NULL;
	if (!taker || taker->add_id != re)
		return;
	h->waiting[re % WAITING] = NULL;
	if (strcmp(type, "ok") == 0)
		load_peer_connect(person->peers[0], &taker->remote);
	else
		load_person_failed(person, tp_json_text(message, "code", "refused"));
}

static void on_stats(struct hopkin *h, const json_t *message)
{
	const json_t *counters = json_object_get(message, "counters");
	h->received = (uint64_t)tp_json_number(counters, "rx_packets", 0);
	h->sent = (uint64_t)tp_json_number(counters, "tx_packets", 0);
	h->stats_came = true;
}

static void on_closed(struct hopkin *h, const json_t *message)
{
	const char *id = tp_json_text(message, "peer", "");
	unsigned number = 0;
	struct load_person *person = sscanf(id, "p%u-", &number) == 1 && number < h->people_room ? h->people[number] : NULL;
	const struct seat_taker *taker = person ? person->of_adaptor : NULL;
	if (taker && strcmp(taker->id, id) == 0)
		load_person_failed(person, tp_json_text(message, "reason", "closed"));
}

static void on_message(void *owner, json_t *message)
{
	struct hopkin *h = owner;
	const char *type = tp_json_text(message, "t", "");
	if (strcmp(type, "welcome") == 0)
		snprintf(h->fingerprint, sizeof h->fingerprint, "%s", tp_json_text(message, "fingerprint", ""));
	else if (strcmp(type, "stats.report") == 0)
		on_stats(h, message);
	else if (strcmp(type, "peer.closed") == 0)
		on_closed(h, message);
	else
		on_answer(h, message, type);
}

static void on_died(void *owner, int status)
{
	struct hopkin *h = owner;
	h->died = true;
	fprintf(stderr, "hopkin-load: hopkin-media ended by itself (status %d)\n", status);
}

/* -- start and stop -- */

/* Beside this program in a build folder, or in libexec of an installation. */
static void find_program(char *out, size_t room)
{
	char own[4000] = "";
	static const char *const places[] = { "%s/hopkin-media", "%s/../libexec/hopkin/hopkin-media" };
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash = n > 0 ? strrchr(own, '/') : NULL;
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(out, room, places[i], own);
		if (access(out, X_OK) == 0)
			return;
	}
}

/* The server's log is the run's own: a line for each person who comes. It goes where --log says, by default nowhere. */
static int start_logging_to(struct hopkin *h, const struct tp_rig_config *config, const struct tp_rig_events *events, const char *log)
{
	int file = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (file < 0 || was < 0) {
		int err = -errno;
		close(file);
		close(was);
		return err;
	}
	dup2(file, STDERR_FILENO);
	close(file);
	int err = tp_rig_start(&h->rig, h->loop, config, events, h);
	dup2(was, STDERR_FILENO);
	close(was);
	return err;
}

static void wait_for(struct hopkin *h, const bool *come, const char *text, int ms)
{
	int64_t end = tp_now_us() + (int64_t)ms * 1000;
	while (!h->died && !(come ? *come : text[0]) && tp_now_us() < end)
		tp_loop_turn(h->loop, 10);
}

static void stop(void *adaptor)
{
	struct hopkin *h = adaptor;
	tp_rig_destroy(h->rig);
	free(h->people);
	free(h);
}

static void tell(struct hopkin *h, json_t *message)
{
	if (message)
		tp_rig_send(h->rig, message);
	json_decref(message);
}

static int start(void **out, struct tp_loop *loop, const struct load_server *server, int rooms)
{
	static const struct tp_rig_events events = { on_message, on_died };
	char program[4096], room[16];
	struct hopkin *h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	h->loop = loop;
	if (server->program)
		snprintf(program, sizeof program, "%s", server->program);
	else
		find_program(program, sizeof program);
	struct tp_rig_config config = { .program = program, .workers = server->workers, .port = server->port, .addresses = { server->address },
		.address_count = 1 };
	if (!tp_address(&h->addr, server->address, server->port)) {
		free(h);
		return -EINVAL;
	}
	int err = start_logging_to(h, &config, &events, server->log);
	if (err) {
		fprintf(stderr, "hopkin-load: %s on %s port %u: %s\n", program, server->address, server->port, strerror(-err));
		free(h);
		return err;
	}
	wait_for(h, NULL, h->fingerprint, START_MS);
	if (!h->fingerprint[0]) {
		fprintf(stderr, "hopkin-load: %s does not answer\n", program);
		stop(h);
		return -ENOENT;
	}
	for (int i = 0; i < rooms; i++) {
		snprintf(room, sizeof room, "r%d", i);
		tell(h, json_pack("{s:s, s:s}", "t", "room.open", "room", room));
	}
	*out = h;
	return 0;
}

static pid_t server_pid(const void *adaptor)
{
	const struct hopkin *h = adaptor;
	return h->died ? 0 : tp_rig_pid(h->rig);
}

/* -- people -- */

static json_t *sends_of(const struct load_local *local)
{
	json_t *list = json_array(), *rids = json_array(), *ssrcs = json_array();
	bool video = false;
	for (int i = 0; i < local->send_count; i++) {
		const struct load_send *s = &local->sends[i];
		if (s->codec == LOAD_OPUS)
			json_array_append_new(list, json_pack("{s:s, s:s, s:[i]}", "mid", s->mid, "source", "mic", "ssrcs", (int)s->ssrc));
		else if (s->rid[0])
			json_array_append_new(rids, json_string(s->rid));
		else
			json_array_append_new(ssrcs, json_integer(s->ssrc));
		video |= s->codec == LOAD_VP8;
	}
	if (video) {
		json_t *camera = json_pack("{s:s, s:s}", "mid", "1", "source", "camera");
		json_object_set(camera, json_array_size(rids) ? "rids" : "ssrcs", json_array_size(rids) ? rids : ssrcs);
		json_array_append_new(list, camera);
	}
	json_decref(rids);
	json_decref(ssrcs);
	return list;
}

/* A seat for each that is to be seen or heard; the server says who sits where. */
static json_t *seats_of(const struct load_person *person)
{
	json_t *list = json_array();
	for (int i = 0; i < person->view_count; i++) {
		char audio[16], video[16];
		snprintf(audio, sizeof audio, "a%d", i);
		snprintf(video, sizeof video, "v%d", i);
		int ssrc = SEAT_SSRC + i * 4;
		json_array_append_new(list, json_pack("{s:i, s:s, s:{s:s, s:i}, s:{s:s, s:i, s:i}}", "seat", i, "kind", "person",
			"audio", "mid", audio, "ssrc", ssrc, "video", "mid", video, "ssrc", ssrc + 1, "rtx", ssrc + 2));
	}
	return list;
}

static json_t *heights_of(const struct load_person *person)
{
	json_t *heights = json_array();
	for (int i = 0; i < person->view_count; i++)
		json_array_append_new(heights, json_integer(person->views[i].height));
	return heights;
}

static void name_remote(struct hopkin *h, struct load_remote *remote, const struct load_local *local)
{
	*remote = (struct load_remote){ .security = LOAD_ICE_DTLS, .addr = h->addr };
	snprintf(remote->ufrag, sizeof remote->ufrag, "s%s", local->ufrag);
	snprintf(remote->pwd, sizeof remote->pwd, "server%s", local->pwd);
	snprintf(remote->fingerprint, sizeof remote->fingerprint, "%s", h->fingerprint);
}

static json_t *peer_add(const struct load_person *person, const struct seat_taker *taker, const struct load_local *local)
{
	char room[16];
	const struct load_numbers *n = &local->numbers;
	snprintf(room, sizeof room, "r%d", person->room);
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:{s:s,s:s,s:s,s:s}, s:s, s:{s:i,s:i,s:i}, s:[{s:i,s:s,s:i},{s:i,s:s,s:i,s:i}], s:o, s:o}",
		"t", "peer.add", "room", room, "peer", taker->id, "number", (int)person->number, "tag", "bG9hZA",
		"ice", "ufrag", taker->remote.ufrag, "pwd", taker->remote.pwd, "remote_ufrag", local->ufrag, "remote_pwd", local->pwd,
		"fingerprint", local->fingerprint, "ext", "mid", n->mid, "rid", n->rid, "level", n->level,
		"payloads", "pt", n->opus, "codec", "opus", "clock", 48000, "pt", n->vp8, "codec", "vp8", "clock", 90000, "rtx", n->rtx,
		"sends", sends_of(local), "seats", seats_of(person));
}

static bool note_person(struct hopkin *h, struct load_person *person)
{
	if (person->number >= h->people_room) {
		size_t room = (size_t)person->number * 2 + 64;
		struct load_person **people = realloc(h->people, room * sizeof *people);
		if (!people)
			return false;
		memset(people + h->people_room, 0, (room - h->people_room) * sizeof *people);
		h->people = people;
		h->people_room = room;
	}
	h->people[person->number] = person;
	return true;
}

static void join(void *adaptor, struct load_person *person)
{
	static unsigned serial;
	struct hopkin *h = adaptor;
	struct load_peer *peer = load_peer_open(person, 0, person->sends_audio, person->sends_layers);
	struct seat_taker *taker = calloc(1, sizeof *taker);
	person->of_adaptor = taker;
	if (!peer || !taker || !note_person(h, person)) {
		load_person_failed(person, peer ? "no memory" : strerror(errno));
		return;
	}
	const struct load_local *local = load_peer_local(peer);
	snprintf(taker->id, sizeof taker->id, "p%u-%u", person->number, ++serial);
	name_remote(h, &taker->remote, local);
	json_t *add = peer_add(person, taker, local);
	taker->add_id = add ? tp_rig_send(h->rig, add) : -ENOMEM;
	json_decref(add);
	if (taker->add_id < 0) {
		load_person_failed(person, "the control link is full");
		return;
	}
	h->waiting[taker->add_id % WAITING] = person;
	tell(h, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "t", "peer.state", "peer", taker->id, "mic", person->sends_audio,
		"camera", person->sends_layers > 0, "screen", 0, "screen_audio", 0));
	tell(h, json_pack("{s:s, s:s, s:[], s:[], s:o}", "t", "peer.view", "peer", taker->id, "pins", "wants", "heights", heights_of(person)));
}

static void leave(void *adaptor, struct load_person *person)
{
	struct hopkin *h = adaptor;
	struct seat_taker *taker = person->of_adaptor;
	person->of_adaptor = NULL;
	if (!taker)
		return;
	if (person->number < h->people_room)
		h->people[person->number] = NULL;
	if (taker->add_id > 0) {
		if (h->waiting[taker->add_id % WAITING] == person)
			h->waiting[taker->add_id % WAITING] = NULL;
		tell(h, json_pack("{s:s, s:s}", "t", "peer.remove", "peer", taker->id));
	}
	free(taker);
}

static bool counts(void *adaptor, uint64_t *received, uint64_t *sent)
{
	struct hopkin *h = adaptor;
	h->stats_came = false;
	tell(h, json_pack("{s:s}", "t", "stats"));
	wait_for(h, &h->stats_came, NULL, STATS_MS);
	*received = h->received;
	*sent = h->sent;
	return h->stats_came;
}

const struct load_adaptor load_hopkin = {
	.name = "hopkin", .start = start, .stop = stop, .pid = server_pid, .join = join, .leave = leave, .counts = counts,
};

/*
 * Janus' VideoRoom as a server. Who sends has a handle that publishes, who receives one that subscribes: two transports, since Janus
 * offers the second. A subscription names feeds, and a feed exists when its media is up: so those who send as well subscribe when all
 * are in, and those who only receive as soon as all that they want to see is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load_adaptor.h"
#include "load_janus_process.h"
#include "load_janus_sdp.h"
#include "tp_json.h"

enum { MOST_PEOPLE = 4096, MESSAGE_ROOM = 256 * 1024, START_MS = 5000, ANSWER_MS = 5000, STARTS = 4 };

/* What was asked: a transaction is "PERSON.STEP", person 0 for what concerns nobody. */
enum step { SESSION, ROOM, ATTACH_SENDER, PUBLISH, ATTACH_RECEIVER, SUBSCRIBE, START, DETACH };

struct guest {
	struct load_person *person;     /* borrowed from the scene; NULL when they have left */
	json_int_t sender, receiver;    /* Janus' handles; 0: none yet */
	bool published, asked;          /* a feed exists; the subscription is on its way */
};

struct janus {
	struct tp_loop *loop;
	struct load_janus_process process;
	struct tp_watch watch;          /* the request socket */
	json_int_t session;
	int rooms_made;
	bool all_in, lost;
	int count;
	struct guest guests[MOST_PEOPLE + 1];   /* by number; 0 is nobody */
	char message[MESSAGE_ROOM], sdp[LOAD_JANUS_SDP_ROOM];
};

/* -- asking -- */

static void ask(struct janus *j, unsigned number, enum step step, json_t *message)
{
	char name[32];
	snprintf(name, sizeof name, "%u.%d", number, step);
	json_object_set_new(message, "transaction", json_string(name));
	if (j->session)
		json_object_set_new(message, "session_id", json_integer(j->session));
	char *text = json_dumps(message, JSON_COMPACT);
	if (!text || send(j->watch.fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		fprintf(stderr, "hopkin-load: Janus does not take a message: %s\n", strerror(errno));
	free(text);
	json_decref(message);
}

static void ask_plugin(struct janus *j, unsigned number, enum step step, json_int_t handle, json_t *body, const char *sdp_type)
{
	json_t *message = json_pack("{s:s, s:I, s:o}", "janus", "message", "handle_id", handle, "body", body);
	if (sdp_type)
		json_object_set_new(message, "jsep", json_pack("{s:s, s:s}", "type", sdp_type, "sdp", j->sdp));
	ask(j, number, step, message);
}

static void attach(struct janus *j, unsigned number, enum step step)
{
	ask(j, number, step, json_pack("{s:s, s:s}", "janus", "attach", "plugin", "janus.plugin.videoroom"));
}

static bool sends(const struct load_person *person)
{
	return person->sends_audio || person->sends_layers;
}

/* -- publishing -- */

static void publish(struct janus *j, struct guest *guest)
{
	struct load_person *person = guest->person;
	struct load_peer *peer = load_peer_open(person, 0, person->sends_audio, person->sends_layers);
	if (!peer || !load_janus_offer(j->sdp, sizeof j->sdp, load_peer_local(peer))) {
		load_person_failed(person, "no socket, or too large an offer");
		return;
	}
	ask_plugin(j, person->number, PUBLISH, guest->sender, json_pack("{s:s, s:s, s:i, s:i}", "request", "joinandconfigure", "ptype", "publisher",
		"room", person->room + 1, "id", (int)person->number), "offer");
}

static void on_published(struct janus *j, struct guest *guest, const char *sdp)
{
	struct load_remote remote;
	if (load_janus_remote(&remote, sdp) && guest->person->peers[0])
		load_peer_connect(guest->person->peers[0], &remote);
	else
		load_person_failed(guest->person, "Janus' answer cannot be used");
}

/* -- subscribing -- */

static bool all_published(const struct janus *j, const struct load_person *person)
{
	for (int i = 0; i < person->view_count; i++)
		if (!j->guests[person->views[i].of->number].published)
			return false;
	return true;
}

static void subscribe_who_can(struct janus *j)
{
	for (int i = 1; i <= j->count; i++) {
		struct guest *guest = &j->guests[i];
		struct load_person *person = guest->person;
		if (!person || guest->asked || !person->view_count || (sends(person) && !j->all_in) || !all_published(j, person))
			continue;
		guest->asked = true;
		attach(j, person->number, ATTACH_RECEIVER);
	}
}

static void subscribe(struct janus *j, struct guest *guest)
{
	json_t *streams = json_array();
	const struct load_person *person = guest->person;
	for (int i = 0; i < person->view_count; i++) {
		const struct load_view *view = &person->views[i];
		int feed = (int)view->of->number;
		if (view->audio)
			json_array_append_new(streams, json_pack("{s:i, s:s}", "feed", feed, "mid", "0"));
		if (view->height > 0)
			json_array_append_new(streams, json_pack("{s:i, s:s, s:i}", "feed", feed, "mid", "1", "substream", load_layer_for(view->height)));
	}
	ask_plugin(j, person->number, SUBSCRIBE, guest->receiver, json_pack("{s:s, s:s, s:i, s:o}", "request", "join", "ptype", "subscriber", "room",
		person->room + 1, "streams", streams), NULL);
}

static void on_offer(struct janus *j, struct guest *guest, const char *sdp)
{
	struct load_remote remote;
	struct load_peer *peer = load_peer_open(guest->person, 1, false, 0);
	if (!peer || !load_janus_remote(&remote, sdp)) {
		load_person_failed(guest->person, "no socket, or Janus' offer cannot be used");
		return;
	}
	struct load_local *local = load_peer_local(peer);
	load_janus_numbers(&local->numbers, sdp);
	if (!load_janus_answer(j->sdp, sizeof j->sdp, local, sdp)) {
		load_person_failed(guest->person, "too large an answer");
		return;
	}
	ask_plugin(j, guest->person->number, START, guest->receiver, json_pack("{s:s}", "request", "start"), "answer");
	load_peer_connect(peer, &remote);
}

/* -- what Janus says -- */

static void on_success(struct janus *j, struct guest *guest, enum step step, const json_t *message)
{
	json_int_t id = (json_int_t)tp_json_number(json_object_get(message, "data"), "id", 0);
	if (step == SESSION) {
		j->session = id;
	} else if (step == ROOM) {
		j->rooms_made++;
	} else if (step == ATTACH_SENDER) {
		guest->sender = id;
		if (guest->person)
			publish(j, guest);
	} else if (step == ATTACH_RECEIVER && guest->person) {
		guest->receiver = id;
		subscribe(j, guest);
	}
}

static void on_event(struct janus *j, struct guest *guest, enum step step, const json_t *message)
{
	const json_t *data = json_object_get(json_object_get(message, "plugindata"), "data");
	const char *sdp = tp_json_text(json_object_get(message, "jsep"), "sdp", NULL), *error = tp_json_text(data, "error", NULL);
	if (!guest->person)
		return;
	if (error)
		load_person_failed(guest->person, error);
	else if (step == PUBLISH && sdp)
		on_published(j, guest, sdp);
	else if (step == SUBSCRIBE && sdp)
		on_offer(j, guest, sdp);
}

static void on_media_up(struct janus *j, json_int_t handle)
{
	for (int i = 1; i <= j->count; i++)
		if (j->guests[i].sender == handle)
			j->guests[i].published = true;
	subscribe_who_can(j);
}

static void on_message(struct janus *j, const json_t *message)
{
	unsigned number = 0;
	int step = -1;
	const char *kind = tp_json_text(message, "janus", "");
	sscanf(tp_json_text(message, "transaction", ""), "%u.%d", &number, &step);
	struct guest *guest = &j->guests[number <= MOST_PEOPLE ? number : 0];
	if (strcmp(kind, "success") == 0)
		on_success(j, guest, (enum step)step, message);
	else if (strcmp(kind, "event") == 0)
		on_event(j, guest, (enum step)step, message);
	else if (strcmp(kind, "webrtcup") == 0)
		on_media_up(j, (json_int_t)tp_json_number(message, "sender", 0));
	else if (strcmp(kind, "error") == 0 && guest->person)
		load_person_failed(guest->person, tp_json_text(json_object_get(message, "error"), "reason", "refused"));
}

static void on_ready(struct tp_watch *watch, uint32_t events)
{
	struct janus *j = watch->owner;
	ssize_t got = recv(watch->fd, j->message, sizeof j->message, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return;
	json_t *message = got > 0 ? json_loadb(j->message, (size_t)got, 0, NULL) : NULL;
	if (message) {
		on_message(j, message);
	} else {
		fprintf(stderr, "hopkin-load: Janus %s\n", got > 0 ? "says what is not JSON" : "ended by itself");
		tp_watch_remove(j->loop, watch);
		j->lost = true;
	}
	json_decref(message);
}

/* -- start and stop -- */

static void stop(void *adaptor)
{
	struct janus *j = adaptor;
	if (j->watch.fd >= 0) {
		if (!j->lost)
			tp_watch_remove(j->loop, &j->watch);
		close(j->watch.fd);
	}
	load_janus_process_stop(&j->process);
	free(j);
}

static bool connect_to_it(struct janus *j)
{
	for (int64_t end = tp_now_us() + START_MS * 1000; j->watch.fd < 0 && tp_now_us() < end; tp_loop_turn(j->loop, 20))
		j->watch.fd = load_janus_process_connect(&j->process);
	j->watch.owner = j;
	j->watch.on_ready = on_ready;
	return j->watch.fd >= 0 && tp_watch_add(j->loop, &j->watch, EPOLLIN) == 0;
}

static void wait_for(struct janus *j, bool (*come)(const struct janus *, int), int rooms)
{
	for (int64_t end = tp_now_us() + ANSWER_MS * 1000; !come(j, rooms) && !j->lost && tp_now_us() < end; )
		tp_loop_turn(j->loop, 10);
}

static bool session_came(const struct janus *j, int rooms)
{
	return j->session != 0;
}

static bool handle_came(const struct janus *j, int rooms)
{
	return j->guests[0].sender != 0;
}

static bool rooms_came(const struct janus *j, int rooms)
{
	return j->rooms_made == rooms;
}

/* The handle that makes the rooms is nobody's. */
static bool make_rooms(struct janus *j, int rooms)
{
	ask(j, 0, SESSION, json_pack("{s:s}", "janus", "create"));
	wait_for(j, session_came, rooms);
	attach(j, 0, ATTACH_SENDER);
	wait_for(j, handle_came, rooms);
	for (int i = 1; i <= rooms; i++)
		ask_plugin(j, 0, ROOM, j->guests[0].sender, json_pack("{s:s, s:i, s:i, s:i, s:s, s:s, s:b, s:b}", "request", "create", "room", i,
			"publishers", MOST_PEOPLE, "bitrate", 0, "audiocodec", "opus", "videocodec", "vp8", "permanent", 0, "notify_joining", 0), NULL);
	wait_for(j, rooms_came, rooms);
	return rooms_came(j, rooms);
}

static struct janus *start_once(struct tp_loop *loop, const struct load_server *server, int rooms)
{
	struct janus *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->loop = loop;
	j->watch.fd = -1;
	if (load_janus_process_start(&j->process, server) == 0 && connect_to_it(j) && make_rooms(j, rooms))
		return j;
	fprintf(stderr, "hopkin-load: Janus does not start\n");
	load_janus_process_show_log(&j->process);
	stop(j);
	return NULL;
}

/* One start in ten still comes to nothing (load_janus_process.c says what is known): Janus runs, and its Unix socket never answers. */
static int start(void **out, struct tp_loop *loop, const struct load_server *server, int rooms)
{
	for (int i = 0; i < STARTS; i++) {
		*out = start_once(loop, server, rooms);
		if (*out)
			return 0;
	}
	return -ENOENT;
}

static pid_t server_pid(const void *adaptor)
{
	const struct janus *j = adaptor;
	return j->lost ? 0 : j->process.pid;
}

/* -- people -- */

static void join(void *adaptor, struct load_person *person)
{
	struct janus *j = adaptor;
	if (person->number > MOST_PEOPLE) {
		load_person_failed(person, "too many people");
		return;
	}
	struct guest *guest = &j->guests[person->number];
	*guest = (struct guest){ .person = person };
	if ((int)person->number > j->count)
		j->count = (int)person->number;
	if (sends(person))
		attach(j, person->number, ATTACH_SENDER);
	subscribe_who_can(j);
}

static void all_joined(void *adaptor)
{
	struct janus *j = adaptor;
	j->all_in = true;
	subscribe_who_can(j);
}

static void leave(void *adaptor, struct load_person *person)
{
	struct janus *j = adaptor;
	struct guest *guest = &j->guests[person->number <= MOST_PEOPLE ? person->number : 0];
	if (guest->person != person)
		return;
	json_int_t handles[] = { guest->sender, guest->receiver };
	for (int i = 0; i < 2; i++)
		if (handles[i] && !j->lost)
			ask(j, 0, DETACH, json_pack("{s:s, s:I}", "janus", "detach", "handle_id", handles[i]));
	*guest = (struct guest){ 0 };
}

const struct load_adaptor load_janus = {
	.name = "janus", .start = start, .stop = stop, .pid = server_pid, .join = join, .all_joined = all_joined, .leave = leave,
};

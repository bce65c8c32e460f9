/* Commands that drive hopkin-media over its control link, without signaling. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tp_json.h"
#include "tp_script.h"

static void on_seats(struct tp_script *script, const json_t *message)
{
	const char *id = tp_json_text(message, "peer", "");
	for (int a = 0; a < TP_SCRIPT_PEERS; a++) {
		struct tp_actor *actor = script->actors[a];
		if (!actor || !actor->peer || strcmp(actor->id, id) != 0)
			continue;
		size_t i;
		const json_t *seat;
		json_array_foreach(json_object_get(message, "seats"), i, seat) {
			long long at = tp_json_number(seat, "seat", -1);
			if (at >= 0 && at < TP_PEER_SEATS)
				actor->peer->seat_number[at] = (uint32_t)tp_json_number(seat, "number", 0);
		}
	}
}

static void on_added(struct tp_script *script, long id)
{
	for (int a = 0; a < TP_SCRIPT_PEERS; a++) {
		struct tp_actor *actor = script->actors[a];
		if (!actor || actor->add_id != id)
			continue;
		actor->add_id = 0;
		snprintf(actor->remote.fingerprint, sizeof actor->remote.fingerprint, "%s", script->fingerprint);
		int err = tp_peer_connect(actor->peer, &actor->remote);
		if (err)
			tp_script_emit(json_pack("{s:s, s:s, s:s}", "ev", "closed", "peer", actor->name, "reason", strerror(-err)));
	}
}

static void on_message(void *owner, json_t *message)
{
	struct tp_script *script = owner;
	const char *type = tp_json_text(message, "t", "");
	if (strcmp(type, "welcome") == 0)
		snprintf(script->fingerprint, sizeof script->fingerprint, "%s", tp_json_text(message, "fingerprint", ""));
	if (strcmp(type, "ok") == 0)
		on_added(script, (long)tp_json_number(message, "re", -1));
	if (strcmp(type, "seats") == 0)
		on_seats(script, message);
	tp_script_emit(json_pack("{s:s, s:O}", "ev", "link", "msg", message));
}

static void on_died(void *owner, int status)
{
	tp_script_emit(json_pack("{s:s, s:i, s:i}", "ev", "media.died", "exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		"signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

static json_t *start(struct tp_script *script, const json_t *command)
{
	static const struct tp_rig_events events = { on_message, on_died };
	struct tp_rig_config config = { .program = tp_json_text(command, "program", "build/release/hopkin-media"),
		.workers = (int)tp_json_number(command, "workers", 2), .port = (uint16_t)tp_json_number(command, "port", 9800) };
	size_t i;
	const json_t *value;
	json_array_foreach(json_object_get(command, "addresses"), i, value)
		if (config.address_count < 4 && json_is_string(value))
			config.addresses[config.address_count++] = json_string_value(value);
	if (!config.address_count)
		config.addresses[config.address_count++] = "127.0.0.1";
	tp_rig_destroy(script->rig);
	script->rig = NULL;
	int err = tp_rig_start(&script->rig, script->loop, &config, &events, script);
	if (err)
		return tp_script_error(strerror(-err));
	json_t *done = tp_script_done();
	json_object_set_new(done, "pid", json_integer(tp_rig_pid(script->rig)));
	return done;
}

/* -- peer.add from a peer's plan (server/CONTROL.md) -- */

static json_t *payloads(const struct tp_peer_config *c)
{
	return json_pack("[{s:i,s:s,s:i},{s:i,s:s,s:i,s:i}]", "pt", c->pt.opus, "codec", "opus", "clock", 48000,
		"pt", c->pt.vp8, "codec", "vp8", "clock", 90000, "rtx", c->pt.rtx);
}

static json_t *sends(const struct tp_peer *peer)
{
	json_t *list = json_array();
	for (int i = 0; i < TP_SOURCES; i++) {
		const struct tp_send_plan *plan = &peer->config.sends[i];
		if (!plan->on)
			continue;
		json_t *o = json_pack("{s:s, s:s}", "mid", plan->mid, "source", tp_source_names[i]);
		if (plan->layers > 1)
			json_object_set_new(o, "rids", json_pack("[s,s,s]", "q", "h", "f"));
		if (peer->config.declare_ssrcs || plan->layers == 1) {
			json_t *ssrcs = json_array(), *rtx = json_array();
			for (int k = 0; k < plan->layers; k++) {
				json_array_append_new(ssrcs, json_integer(peer->ssrcs[i][k]));
				json_array_append_new(rtx, json_integer(peer->rtx_ssrcs[i][k]));
			}
			json_object_set_new(o, "ssrcs", ssrcs);
			json_object_set_new(o, "rtx_ssrcs", rtx);
		}
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *seats(struct tp_actor *actor)
{
	json_t *list = json_array();
	const struct tp_peer_config *c = &actor->peer->config;
	for (int i = 0; i < c->seat_count; i++) {
		struct tp_remote_seat *seat = &actor->remote.seats[i];
		uint32_t base = 1000 + (uint32_t)i * 10;
		*seat = (struct tp_remote_seat){ .audio = base };
		json_t *o = json_pack("{s:i, s:s, s:{s:s, s:i}}", "seat", i, "kind", tp_seat_names[c->seats[i].kind],
			"audio", "mid", c->seats[i].audio, "ssrc", base);
		if (c->seats[i].kind != TP_SEAT_VOICE) {
			seat->video = base + 1;
			seat->rtx = base + 2;
			json_object_set_new(o, "video", json_pack("{s:s, s:i, s:i}", "mid", c->seats[i].video, "ssrc", seat->video,
				"rtx", seat->rtx));
		}
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *ext(const struct tp_ext_ids *ids)
{
	json_t *o = json_object();
	const struct { const char *name; uint8_t id; } all[] = { { "mid", ids->mid }, { "rid", ids->rid }, { "rrid", ids->rrid },
		{ "level", ids->level }, { "twcc", ids->twcc } };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].id)
			json_object_set_new(o, all[i].name, json_integer(all[i].id));
	return o;
}

static void candidates(struct tp_script *script, struct tp_remote *remote)
{
	const struct tp_rig_config *c = tp_rig_config(script->rig);
	remote->candidate_count = 0;
	for (int i = 0; i < c->address_count; i++)
		for (int tcp = 0; tcp < 2; tcp++) {
			struct tp_candidate *cand = &remote->candidates[remote->candidate_count++];
			tp_address(&cand->addr, c->addresses[i], c->port);
			cand->tcp = tcp;
		}
}

static json_t *add(struct tp_script *script, const json_t *command)
{
	static unsigned serial;
	struct tp_actor *actor = tp_script_actor(script, tp_json_text(command, "peer", ""));
	if (!actor || !script->rig)
		return tp_script_error("no such peer, or media not started");
	struct tp_peer *peer = actor->peer;
	memset(&actor->remote, 0, sizeof actor->remote);
	snprintf(actor->id, sizeof actor->id, "%s-%u", actor->name, ++serial);
	snprintf(actor->room, sizeof actor->room, "%s", tp_json_text(command, "room", "r"));
	snprintf(actor->remote.ufrag, sizeof actor->remote.ufrag, "srv%08x", (unsigned)random());
	snprintf(actor->remote.pwd, sizeof actor->remote.pwd, "%08x%08x%08x%08x", (unsigned)random(), (unsigned)random(),
		(unsigned)random(), (unsigned)random());
	candidates(script, &actor->remote);
	json_t *message = json_pack("{s:s, s:s, s:s, s:i, s:s, s:{s:s,s:s,s:s,s:s}, s:s, s:o, s:o, s:o, s:o}",
		"t", "peer.add", "room", actor->room, "peer", actor->id, "number", (int)peer->config.number, "tag", "dGVzdA",
		"ice", "ufrag", actor->remote.ufrag, "pwd", actor->remote.pwd, "remote_ufrag", peer->ufrag, "remote_pwd", peer->pwd,
		"fingerprint", tp_peer_fingerprint(peer), "ext", ext(&peer->config.ids), "payloads", payloads(&peer->config),
		"sends", sends(peer), "seats", seats(actor));
	if (!message)
		return tp_script_error("peer.add could not be built");
	long id = tp_rig_send(script->rig, message);
	json_decref(message);
	if (id < 0)
		return tp_script_error(strerror((int)-id));
	actor->add_id = id;
	json_t *state = json_pack("{s:s, s:s}", "t", "peer.state", "peer", actor->id);
	for (int i = 0; i < TP_SOURCES; i++)
		json_object_set_new(state, tp_source_names[i], json_boolean(peer->config.sends[i].on));
	tp_rig_send(script->rig, state);
	json_decref(state);
	json_t *done = tp_script_done();
	json_object_set_new(done, "id", json_string(actor->id));
	json_object_set_new(done, "re", json_integer(id));
	return done;
}

/* Any message; "$NAME" as `peer` stands for that peer's id on the link. */
static json_t *link_send(struct tp_script *script, const json_t *command)
{
	const char *raw = tp_json_text(command, "raw", NULL);
	if (raw)
		return tp_rig_send_raw(script->rig, raw, strlen(raw)) ? tp_script_error("send") : tp_script_done();
	json_t *message = json_deep_copy(json_object_get(command, "msg"));
	const char *peer = tp_json_text(message, "peer", "");
	struct tp_actor *actor = *peer == '$' ? tp_script_actor(script, peer + 1) : NULL;
	if (actor)
		json_object_set_new(message, "peer", json_string(actor->id));
	long id = message ? tp_rig_send(script->rig, message) : -EINVAL;
	json_decref(message);
	if (id < 0)
		return tp_script_error(strerror((int)-id));
	json_t *done = tp_script_done();
	json_object_set_new(done, "re", json_integer(id));
	return done;
}

static json_t *answer(int err)
{
	return err ? tp_script_error(strerror(-err)) : tp_script_done();
}

json_t *tp_run_rig(struct tp_script *script, const char *name, const json_t *command)
{
	if (strcmp(name, "media.start") == 0)
		return start(script, command);
	if (strcmp(name, "rig.add") == 0)
		return add(script, command);
	bool mine = strcmp(name, "link") == 0 || strcmp(name, "media.signal") == 0 || strcmp(name, "media.restart") == 0
		|| strcmp(name, "media.relink") == 0 || strcmp(name, "media.stop") == 0;
	if (!mine)
		return NULL;
	if (!script->rig)
		return tp_script_error("media not started");
	if (strcmp(name, "link") == 0)
		return link_send(script, command);
	if (strcmp(name, "media.signal") == 0)
		return answer(kill(tp_rig_pid(script->rig), (int)tp_json_number(command, "signal", SIGKILL)) ? -errno : 0);
	if (strcmp(name, "media.restart") == 0)
		return answer(tp_rig_restart(script->rig));
	if (strcmp(name, "media.relink") == 0)
		return answer(tp_rig_relink(script->rig));
	tp_rig_destroy(script->rig);
	script->rig = NULL;
	return tp_script_done();
}

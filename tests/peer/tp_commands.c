/* Commands about one peer: making it, what it publishes, what it counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_call.h"
#include "tp_json.h"
#include "tp_report.h"
#include "tp_script.h"

static void read_send(struct tp_send_plan *plan, const json_t *value, const char *kind, int *mid)
{
	if (!value || json_is_false(value))
		return;
	plan->on = true;
	plan->layers = (int)tp_json_number(value, "layers", 1);
	if (plan->layers < 1 || plan->layers > TP_LAYERS)
		plan->layers = 1;
	const json_t *kbps = json_object_get(value, "kbps");
	for (int i = 0; i < plan->layers; i++)
		plan->kbps[i] = (uint32_t)json_integer_value(json_array_get(kbps, (size_t)i));
	snprintf(plan->mid, sizeof plan->mid, "%d", (*mid)++);
}

static int read_seat(struct tp_seat_plan *seat, const json_t *value, int *mid)
{
	const char *kind = json_string_value(value);
	for (int k = 0; kind && k < 3; k++) {
		if (strcmp(kind, tp_seat_names[k]) != 0)
			continue;
		seat->kind = (enum tp_seat_kind)k;
		snprintf(seat->audio, sizeof seat->audio, "%d", (*mid)++);
		if (seat->kind != TP_SEAT_VOICE)
			snprintf(seat->video, sizeof seat->video, "%d", (*mid)++);
		return 0;
	}
	return -1;
}

static void read_ids(struct tp_peer_config *c, const json_t *command)
{
	const json_t *pt = json_object_get(command, "pt"), *ext = json_object_get(command, "ext");
	c->pt.opus = (uint8_t)tp_json_number(pt, "opus", 111);
	c->pt.vp8 = (uint8_t)tp_json_number(pt, "vp8", 96);
	c->pt.rtx = (uint8_t)tp_json_number(pt, "rtx", 97);
	c->ids.mid = (uint8_t)tp_json_number(ext, "mid", 4);
	c->ids.rid = (uint8_t)tp_json_number(ext, "rid", 10);
	c->ids.rrid = (uint8_t)tp_json_number(ext, "rrid", 11);
	c->ids.level = (uint8_t)tp_json_number(ext, "level", 1);
	c->ids.twcc = (uint8_t)tp_json_number(ext, "twcc", 3);
}

static const char *profiles_of(const char *name)
{
	if (strcmp(name, "gcm") == 0)
		return "SRTP_AEAD_AES_128_GCM";
	if (strcmp(name, "cm") == 0)
		return "SRTP_AES128_CM_SHA1_80";
	if (strcmp(name, "none") == 0)
		return NULL;
	return "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
}

int tp_script_config(struct tp_peer_config *c, const json_t *command)
{
	int mid = 0;
	memset(c, 0, sizeof *c);
	snprintf(c->name, sizeof c->name, "%s", tp_json_text(command, "peer", "peer"));
	c->number = (uint32_t)tp_json_number(command, "number", 0);
	read_ids(c, command);
	for (int i = 0; i < TP_SOURCES; i++)
		read_send(&c->sends[i], json_object_get(command, tp_source_names[i]), tp_source_names[i], &mid);
	size_t i;
	const json_t *value;
	json_array_foreach(json_object_get(command, "seats"), i, value) {
		if (c->seat_count == TP_PEER_SEATS || read_seat(&c->seats[c->seat_count], value, &mid))
			return -1;
		c->seat_count++;
	}
	c->profiles = profiles_of(tp_json_text(command, "profiles", "both"));
	c->dtls_mtu = (uint16_t)tp_json_number(command, "dtls_mtu", 0);
	c->wrong_fingerprint = tp_json_bool(command, "wrong_fingerprint", false);
	c->tcp = tp_json_bool(command, "tcp", false);
	c->ipv6 = tp_json_bool(command, "ipv6", false);
	c->temporal = tp_json_bool(command, "temporal", false);
	c->voice = tp_json_bool(command, "voice", false);
	c->quiet = tp_json_bool(command, "quiet", false);
	c->declare_ssrcs = tp_json_bool(command, "declare_ssrcs", false);
	c->fps = (uint16_t)tp_json_number(command, "fps", 30);
	c->first_seq = (uint16_t)tp_json_number(command, "first_seq", 0);
	return 0;
}

/* A peer of that name, new; an older one's transport is thrown away silently (its sockets close), its signaling stays. */
static json_t *make(struct tp_script *script, const json_t *command)
{
	struct tp_peer_config config;
	const char *name = tp_json_text(command, "peer", "");
	if (!*name || tp_script_config(&config, command))
		return tp_script_error("peer or seats");
	struct tp_actor *actor = tp_script_make_actor(script, name);
	if (!actor)
		return tp_script_error("too many peers");
	tp_peer_destroy(actor->peer);
	actor->peer = NULL;
	if (tp_peer_create(&actor->peer, script->loop, &config, &tp_script_peer_events, actor))
		return tp_script_error("no memory");
	const json_t *on = json_object_get(command, "publish");
	for (int i = 0; i < TP_SOURCES; i++)
		if (config.sends[i].on && !json_is_false(on))
			tp_peer_publish(actor->peer, (enum tp_kind)i, true);
	return tp_script_done();
}

static json_t *drop(struct tp_script *script, struct tp_actor *actor)
{
	for (int i = 0; i < TP_SCRIPT_PEERS; i++)
		if (script->actors[i] == actor)
			script->actors[i] = NULL;
	tp_call_destroy(actor->call);
	tp_peer_destroy(actor->peer);
	free(actor);
	return tp_script_done();
}

static json_t *publish(struct tp_actor *actor, const json_t *command)
{
	const char *source = tp_json_text(command, "source", "");
	for (int i = 0; i < TP_SOURCES; i++) {
		if (strcmp(source, tp_source_names[i]) != 0)
			continue;
		tp_peer_publish(actor->peer, (enum tp_kind)i, tp_json_bool(command, "on", true));
		return tp_script_done();
	}
	return tp_script_error("source");
}

static json_t *voice(struct tp_actor *actor, const json_t *command)
{
	actor->peer->config.voice = tp_json_bool(command, "on", true);
	for (int i = 0; i < TP_SOURCES; i++)
		if (actor->peer->sources[i])
			tp_source_voice(actor->peer->sources[i], actor->peer->config.voice);
	return tp_script_done();
}

static json_t *layers(struct tp_actor *actor, const json_t *command)
{
	if (!actor->peer->sources[TP_CAMERA])
		return tp_script_error("no camera");
	tp_source_enable_layers(actor->peer->sources[TP_CAMERA], (unsigned)tp_json_number(command, "mask", 7));
	return tp_script_done();
}

static json_t *lose(struct tp_actor *actor, const json_t *command)
{
	actor->peer->lose_one_in = (unsigned)tp_json_number(command, "one_in", 0);
	actor->peer->drop_all = tp_json_bool(command, "all", false);
	actor->peer->checks_stopped = tp_json_bool(command, "checks", actor->peer->checks_stopped);
	return tp_script_done();
}

static json_t *read_wire(struct tp_actor *actor, const json_t *command)
{
	if (!actor->peer->selected)
		return tp_script_error("no way");
	tp_wire_read(&actor->peer->selected->wire, tp_json_bool(command, "on", true));
	return tp_script_done();
}

static json_t *way_add(struct tp_actor *actor, const json_t *command)
{
	int way = tp_peer_add_way(actor->peer, tp_json_bool(command, "nominate", true), tp_json_bool(command, "silent", false),
		tp_json_bool(command, "tcp", actor->peer->config.tcp), (uint32_t)tp_json_number(command, "renomination", 0));
	if (way < 0)
		return tp_script_error(strerror(-way));
	json_t *done = tp_script_done();
	json_object_set_new(done, "way", json_integer(way));
	return done;
}

static json_t *way_close(struct tp_actor *actor, const json_t *command)
{
	int way = (int)tp_json_number(command, "way", -1);
	if (way < 0 || way >= TP_PEER_WAYS)
		return tp_script_error("way");
	tp_peer_close_way(actor->peer, way);
	return tp_script_done();
}

static json_t *report(struct tp_actor *actor)
{
	json_t *done = tp_script_done();
	json_object_set_new(done, "report", tp_report(actor->peer));
	return done;
}

json_t *tp_run_peer(struct tp_script *script, const char *name, const json_t *command)
{
	static const char *const own[] = { "drop", "publish", "voice", "layers", "lose", "read", "way.add", "way.close", "report",
		"hang_up" };
	if (strcmp(name, "peer") == 0)
		return make(script, command);
	bool mine = false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		mine |= strcmp(name, own[i]) == 0;
	if (!mine)
		return NULL;
	struct tp_actor *actor = tp_script_actor(script, tp_json_text(command, "peer", ""));
	if (!actor)
		return tp_script_error("no such peer");
	if (strcmp(name, "drop") == 0)
		return drop(script, actor);
	if (!actor->peer)
		return tp_script_error("a socket only, no peer");
	if (strcmp(name, "publish") == 0)
		return publish(actor, command);
	if (strcmp(name, "voice") == 0)
		return voice(actor, command);
	if (strcmp(name, "layers") == 0)
		return layers(actor, command);
	if (strcmp(name, "lose") == 0)
		return lose(actor, command);
	if (strcmp(name, "read") == 0)
		return read_wire(actor, command);
	if (strcmp(name, "way.add") == 0)
		return way_add(actor, command);
	if (strcmp(name, "way.close") == 0)
		return way_close(actor, command);
	if (strcmp(name, "hang_up") == 0) {
		tp_peer_hang_up(actor->peer);
		return tp_script_done();
	}
	return report(actor);
}

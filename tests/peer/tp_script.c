#include "tp_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tp_call.h"
#include "tp_json.h"
#include "tp_report.h"

void tp_script_emit(json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);
	if (text)
		puts(text);
	fflush(stdout);
	free(text);
	json_decref(event);
}

json_t *tp_script_done(void)
{
	return json_pack("{s:s}", "ev", "done");
}

json_t *tp_script_error(const char *why)
{
	return json_pack("{s:s, s:s}", "ev", "error", "why", why);
}

struct tp_actor *tp_script_actor(struct tp_script *script, const char *name)
{
	for (int i = 0; i < TP_SCRIPT_PEERS; i++)
		if (script->actors[i] && strcmp(script->actors[i]->name, name) == 0)
			return script->actors[i];
	return NULL;
}

struct tp_actor *tp_script_make_actor(struct tp_script *script, const char *name)
{
	struct tp_actor *actor = tp_script_actor(script, name);
	int at = 0;
	while (!actor && at < TP_SCRIPT_PEERS && script->actors[at])
		at++;
	if (actor || !*name || at == TP_SCRIPT_PEERS || !(actor = calloc(1, sizeof *actor)))
		return actor;
	actor->script = script;
	snprintf(actor->name, sizeof actor->name, "%s", name);
	script->actors[at] = actor;
	return actor;
}

json_t *tp_script_run(struct tp_script *script, const json_t *command)
{
	const char *name = tp_json_text(command, "cmd", "");
	json_t *answer = tp_run_peer(script, name, command);
	if (!answer)
		answer = tp_run_rig(script, name, command);
	if (!answer)
		answer = tp_run_call(script, name, command);
	if (!answer)
		answer = tp_run_attack(script, name, command);
	return answer ? answer : tp_script_error("no such command");
}

/* -- events of peers -- */

static json_t *about(const struct tp_actor *actor, const char *event)
{
	return json_pack("{s:s, s:s}", "ev", event, "peer", actor->name);
}

static void on_connected(void *owner, struct tp_peer *peer)
{
	json_t *e = about(owner, "connected");
	json_object_set_new(e, "times", tp_report_times(peer));
	tp_script_emit(e);
}

static void on_first_media(void *owner, struct tp_peer *peer)
{
	json_t *e = about(owner, "first_media");
	json_object_set_new(e, "times", tp_report_times(peer));
	tp_script_emit(e);
}

static void on_closed(void *owner, struct tp_peer *peer, const char *reason)
{
	json_t *e = about(owner, "closed");
	json_object_set_new(e, "reason", json_string(reason));
	tp_script_emit(e);
}

const struct tp_peer_events tp_script_peer_events = { on_connected, on_first_media, on_closed };

void tp_script_end(struct tp_script *script)
{
	for (int i = 0; i < TP_SCRIPT_PEERS; i++) {
		struct tp_actor *actor = script->actors[i];
		if (!actor)
			continue;
		tp_call_destroy(actor->call);
		tp_peer_destroy(actor->peer);
		free(actor);
		script->actors[i] = NULL;
	}
	for (int i = 0; i < TP_SCRIPT_STRAYS; i++)
		if (script->strays[i].used)
			tp_wire_close(&script->strays[i].wire);
	tp_rig_destroy(script->rig);
	script->rig = NULL;
}

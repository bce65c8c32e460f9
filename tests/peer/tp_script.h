/**
 * The test peer's language: one JSON object a line in, one a line out (tests/peer/README.md lists commands and events).
 *
 * Every command is answered by `{"ev":"done","ref":R,…}` or `{"ev":"error","ref":R,"why":…}`; all else is an event.
 */
#ifndef HOPKIN_PEER_TP_SCRIPT_H
#define HOPKIN_PEER_TP_SCRIPT_H

#include <jansson.h>

#include "tp_loop.h"
#include "tp_peer.h"
#include "tp_rig.h"

struct tp_call;         /* the signaling side of a peer: its WebSocket (tp_call.h) */

enum { TP_SCRIPT_PEERS = 2048, TP_SCRIPT_STRAYS = 64 };

/* One named peer of the script. */
struct tp_actor {
	struct tp_script *script;
	char name[64];
	struct tp_peer *peer;
	struct tp_call *call;
	char id[80];            /* `peer` on the control link */
	char room[64];
	struct tp_remote remote;
	long add_id;            /* request that waits for its answer */
	uint32_t number;        /* as signaling gave it */
};

/* A socket of a stranger: no credentials, only bytes. */
struct tp_stray {
	struct tp_script *script;
	struct tp_wire wire;
	char name[64];
	uint64_t bytes_sent, bytes_received;
	bool used;
};

struct tp_script {
	struct tp_loop *loop;
	struct tp_rig *rig;
	char fingerprint[128];  /* of the media server, from its welcome */
	struct tp_actor *actors[TP_SCRIPT_PEERS];
	struct tp_stray strays[TP_SCRIPT_STRAYS];
};

/** Runs one command; returns the answer, owned by the caller. */
json_t *tp_script_run(struct tp_script *script, const json_t *command);

/** Prints one event line; steals `event`. */
void tp_script_emit(json_t *event);

struct tp_actor *tp_script_actor(struct tp_script *script, const char *name);

/** The same, made where there is none yet; NULL: no name, or too many. */
struct tp_actor *tp_script_make_actor(struct tp_script *script, const char *name);
void tp_script_end(struct tp_script *script);

/** Answers, owned by the caller. */
json_t *tp_script_done(void);
json_t *tp_script_error(const char *why);

/* The commands, by file. */
json_t *tp_run_peer(struct tp_script *script, const char *name, const json_t *command);     /* tp_commands.c; NULL: not its own */
json_t *tp_run_attack(struct tp_script *script, const char *name, const json_t *command);   /* tp_attacks.c */
json_t *tp_run_rig(struct tp_script *script, const char *name, const json_t *command);      /* tp_rig_commands.c */
json_t *tp_run_call(struct tp_script *script, const char *name, const json_t *command);     /* tp_call.c */

/** A peer's plan from the fields of a `peer` command; -1: seats of an unknown kind, or too many. */
int tp_script_config(struct tp_peer_config *out, const json_t *command);
extern const struct tp_peer_events tp_script_peer_events;

#endif

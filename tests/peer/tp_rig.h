/**
 * `hopkin-media` without signaling: starts it on sockets bound here, with a parent socket and a control link, as the launcher would
 * (server/CONTROL.md), and hands its messages up.
 */
#ifndef HOPKIN_PEER_TP_RIG_H
#define HOPKIN_PEER_TP_RIG_H

#include <jansson.h>
#include <sys/types.h>

#include "tp_loop.h"
#include "tp_wire.h"

struct tp_rig;

struct tp_rig_config {
	const char *program;            /* path of hopkin-media */
	int workers;
	uint16_t port;                  /* UDP, and TCP for ICE-TCP */
	const char *addresses[4];
	int address_count;
};

struct tp_rig_events {
	/** Borrowed; every message of the link, answers and events alike. */
	void (*on_message)(void *owner, json_t *message);
	/** The process ended: exit status as waitpid gives it. */
	void (*on_died)(void *owner, int status);
};

/** Binds and starts; -errno. The first message that comes is the answer to `hello`. */
int tp_rig_start(struct tp_rig **out, struct tp_loop *loop, const struct tp_rig_config *config, const struct tp_rig_events *events,
	void *owner);

/** Starts the program anew on the same sockets, with a new link. */
int tp_rig_restart(struct tp_rig *rig);

/** Only a new link, as when signaling died. */
int tp_rig_relink(struct tp_rig *rig);
void tp_rig_destroy(struct tp_rig *rig);

/** Sends with an `id` of its own, which is returned; -errno. `message` is borrowed. */
long tp_rig_send(struct tp_rig *rig, json_t *message);

/** Sends the bytes as they are (a malformed message). */
int tp_rig_send_raw(struct tp_rig *rig, const char *bytes, size_t len);

pid_t tp_rig_pid(const struct tp_rig *rig);
const struct tp_rig_config *tp_rig_config(const struct tp_rig *rig);

#endif

/**
 * Janus started for a run: a configuration in a temporary folder, the VideoRoom alone, one Unix socket for requests.
 *
 * As fast as it can be had: `event_loops` instead of a thread for each of its handles, ICE-lite, nothing logged but errors.
 */
#ifndef HOPKIN_LOAD_JANUS_PROCESS_H
#define HOPKIN_LOAD_JANUS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "load_adaptor.h"

struct load_janus_process {
	pid_t pid;
	char folder[64];
};

/** 0 or -errno. It is ready when load_janus_process_connect() succeeds. */
int load_janus_process_start(struct load_janus_process *process, const struct load_server *server);

/** A descriptor of its request socket, one message a packet; -1 as long as there is none. */
int load_janus_process_connect(const struct load_janus_process *process);

/** The last of what it printed goes to stderr: for a start that failed. */
void load_janus_process_show_log(const struct load_janus_process *process);

/** Ends it, waits for that, and removes the folder. */
void load_janus_process_stop(struct load_janus_process *process);

#endif

/**
 * SDP as Janus' VideoRoom needs it: our offer to publish, its answer, and our answer to its offer of what we subscribed to.
 *
 * Credentials stand once, at session level: Janus' Unix socket takes no message beyond 8 kB. Pure: no I/O. One thread.
 */
#ifndef HOPKIN_LOAD_JANUS_SDP_H
#define HOPKIN_LOAD_JANUS_SDP_H

#include <stddef.h>

#include "load_adaptor.h"

enum { LOAD_JANUS_SDP_ROOM = 64 * 1024 };

/** Writes what `local` sends: at most one section of audio, one of video. False: more than `room` bytes. */
bool load_janus_offer(char *out, size_t room, const struct load_local *local);

/** The server's side, from its offer or answer. False: address, credentials or fingerprint are missing. */
bool load_janus_remote(struct load_remote *out, const char *sdp);

/** Takes the payload types from an offer (those of its first sections of each kind; Janus uses the same in all). */
void load_janus_numbers(struct load_numbers *numbers, const char *offer);

/** Accepts all that is offered, to receive. False: more than `room` bytes. */
bool load_janus_answer(char *out, size_t room, const struct load_local *local, const char *offer);

#endif

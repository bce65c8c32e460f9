/**
 * The control link as signaling sees it: requests out, answers and events in (server/CONTROL.md).
 *
 * A link end comes from the launcher (media_link_attach) and dies with either program. On a new end `hello` is said first; while the
 * media program is in the same life, requests that were not answered are sent again (they are idempotent); in another life they fail,
 * and all its peers are gone. Datagrams that the socket does not take are kept and sent when it can be written.
 *
 * Thread: the signaling thread. Nothing blocks.
 */
#ifndef HOPKIN_LIVE_MEDIA_LINK_H
#define HOPKIN_LIVE_MEDIA_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "control_message.h"
#include "list.h"

enum media_link_state { LINK_DOWN, LINK_GREETING, LINK_UP };

struct live;

struct media_link {
	int fd;                         /* owned; -1: none */
	enum media_link_state state;
	bool known_epoch;
	char epoch[CONTROL_NAME_MAX + 1];
	char fingerprint[CONTROL_FINGERPRINT_MAX + 1];
	uint32_t workers;
	uint64_t next_id;
	struct list outstanding;        /* struct link_request: sent or to be sent, not answered */
	struct list unsent;             /* struct link_datagram, in order */
	uint32_t unsent_count;
	struct control_message *in, *out;       /* owned scratch */
	char *bytes;                    /* owned scratch: CONTROL_MESSAGE_MAX */
	uint64_t requests, answers, events, bad, resent;
};

int media_link_init(struct media_link *link);
void media_link_destroy(struct media_link *link);

void media_link_attach(struct live *live, int fd);
void media_link_readable(struct live *live);
void media_link_writable(struct live *live);

/**
 * Send `link->out`, a request that the caller has filled in but for its id.
 *
 * @param peer  the peer that is told of the answer (peers_answered), or ""
 * @return      false: the link is down or memory is short; nothing was sent
 */
bool media_link_request(struct live *live, const char *peer);

/** Cleared scratch of this type, to fill in and send. */
struct control_message *media_link_prepare(struct live *live, enum control_type type);

/** Pass a descriptor; it stays the caller's. */
void media_link_pass(struct live *live, int fd);

#endif

/**
 * Browser transports at the media program: made by `join` and `offer`, replaced, lost; and what the media program tells of them.
 *
 * Only the client offers. A new peer stands beside the one it replaces until it is connected, 10 s at the longest. Secrets and SSRCs
 * of the server's side are derived from the peer's id and the seal key, so that the next life of this process knows them too.
 */
#ifndef HOPKIN_LIVE_PEERS_H
#define HOPKIN_LIVE_PEERS_H

#include "ice_fragment.h"
#include "live_state.h"

void peers_join(struct live_conn *conn, uint64_t id, const json_t *message);
/** The offer and plan in the scratch become the connection's participant; it may join. */
void peers_join_planned(struct live_conn *conn, uint64_t id, const bool state[CONTROL_SOURCES], const struct offer_sections *sections);
void peers_offer(struct live_conn *conn, uint64_t id, const json_t *message);

/** An ICE restart without an offer: the other side's new credentials. False: it could not be asked for, and nothing is answered. */
bool peers_restart(struct live_conn *conn, uint64_t id, const struct ice_fragment *fragment);
/** Is this the user fragment of the other side that stands? */
bool peers_knows_ufrag(const struct live_peer *peer, const char *ufrag);
/** The entity tag of a peer's ICE session: another after each restart. */
void peers_etag(const struct live *live, const struct live_peer *peer, char out[19]);

/** All peers of a participant; `tell`: the media program removes them at once. */
void peers_free_all(struct participant *p, bool tell);
/** A recovered peer of this participant, with the id that the media program says. NULL: no memory. */
struct live_peer *peers_recover(struct live *live, struct participant *p, const char *id);
/** Remove a peer that nobody knows. */
void peers_remove_stray(struct live *live, const char *id);
struct live_peer *peers_find(struct live *live, const char *id);
/** A replaced peer of the participant is taken away now. */
void peers_drop_old(struct participant *p);

/** What somebody who comes back must know: all seats, and whether the media connection stands. */
void peers_send_seats(struct participant *p);
void peers_tick(struct live *live, int64_t now_us);

/* Between peers.c and peer_events.c: */
/** One peer, out of every list; `tell`: the media program removes it. NULL is fine. */
void peers_free(struct live *live, struct live_peer *peer, bool tell);
/** The newest peer did not come to be: the one before, if there is one, goes on. */
void peers_undo(struct participant *p);
/** A join failed: the participant that was to be is not, the connection is where it was before it asked. */
void peers_undo_join(struct live_conn *conn, uint64_t id, const char *code, uint32_t retry_after_s);

/* Of the link. */
void peers_answered(struct live *live, const char *peer, enum control_type type, bool ok, enum control_code code);
void peers_all_gone(struct live *live);
void peers_connected(struct live *live, const char *peer, enum control_via via);
void peers_closed(struct live *live, const char *peer, enum control_close_reason reason);
void peers_stalled(struct live *live, const char *peer, bool stalled);
void peers_seats(struct live *live, const struct control_message *m);

/** Tell the media program what its owner has switched on, and what a host forbids. */
void peers_send_state(struct participant *p);
void peers_send_block(struct participant *p);

/** `state` of a message into p: only what it names. False: not as PROTOCOL.md says. */
bool peers_read_state(bool state[CONTROL_SOURCES], const json_t *json);

#endif

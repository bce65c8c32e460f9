/**
 * The signaling side of a test peer: `hopkin.v1` over a WebSocket (signaling/PROTOCOL.md).
 */
#ifndef HOPKIN_PEER_TP_CALL_H
#define HOPKIN_PEER_TP_CALL_H

struct tp_call;

/** Closes the socket without a word; NULL is fine. */
void tp_call_destroy(struct tp_call *call);

#endif

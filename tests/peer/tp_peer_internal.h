/**
 * What the files of a test peer ask of each other. tp_ice: a way's checks. tp_receive: what comes in, by its first byte. tp_send: what is
 * published, and RTCP. tp_peer: DTLS, ways, life.
 */
#ifndef HOPKIN_PEER_TP_PEER_INTERNAL_H
#define HOPKIN_PEER_TP_PEER_INTERNAL_H

#include "tp_peer.h"

enum { RTCP_US = 100000 };              /* between rounds of RTCP */

/* tp_ice.c */
void tp_way_check(struct tp_way *way);
void tp_way_on_due(struct tp_timer *timer);
void tp_way_stun(struct tp_way *way, const uint8_t *bytes, size_t len);

/* tp_receive.c */
void tp_peer_on_datagram(struct tp_wire *wire, uint8_t *bytes, size_t len);

/* tp_send.c */
void tp_peer_on_media_due(struct tp_timer *timer);
void tp_peer_on_rtcp_due(struct tp_timer *timer);
void tp_peer_send_twcc(struct tp_peer *peer);

/* tp_peer.c */
void tp_peer_closed(struct tp_peer *peer, const char *reason);          /* says it once */
void tp_peer_start_dtls(struct tp_peer *peer);
void tp_peer_after_dtls(struct tp_peer *peer);
uint32_t tp_random_u32(void);                                      /* never 0 */

#endif

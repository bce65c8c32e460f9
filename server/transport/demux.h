/**
 * What kind of protocol a datagram is, by its first bytes (RFC 7983 §7, RFC 5761 §4).
 *
 * Only looks, never trusts: a kind says which parser reads the bytes next. Too short for the kind's smallest message, or of a
 * range nobody here speaks (ZRTP, TURN channels, QUIC): DEMUX_BAD. Pure.
 */
#ifndef HOPKIN_TRANSPORT_DEMUX_H
#define HOPKIN_TRANSPORT_DEMUX_H

#include <stddef.h>
#include <stdint.h>

enum demux_kind { DEMUX_BAD, DEMUX_STUN, DEMUX_DTLS, DEMUX_RTP, DEMUX_RTCP };

enum demux_kind demux_classify(const uint8_t *bytes, size_t len);

#endif

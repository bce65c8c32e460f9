/**
 * Retransmission payloads (RFC 4588 §4): two bytes of original sequence number, then the original payload.
 */
#ifndef HOPKIN_RTP_RTX_H
#define HOPKIN_RTP_RTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp_header.h"

enum { RTX_OSN_LEN = 2 };       /* bytes */

/**
 * Turns a retransmission back into the packet it repeats, in place: SSRC, payload type and sequence number of the original, the OSN
 * taken out (header and extensions move forward by two bytes, so the packet begins at `packet + RTX_OSN_LEN`), padding cut off.
 *
 * @param h     as read from the packet; on true describes the original, its offsets counting from the new first byte
 * @return      false for a payload under two bytes (padding probes look so): nothing is changed
 */
bool rtx_unwrap(struct rtp_header *h, uint8_t *packet, uint32_t ssrc, uint8_t pt);

/** The OSN of a retransmission's payload; false if there is none. */
bool rtx_osn_read(uint16_t *out, const uint8_t *payload, size_t len);

#endif

/**
 * RFC 4571 framing, as ICE-TCP uses it (RFC 6544 §10.1): each packet behind two bytes of length. Bytes in, packets out.
 *
 * The reassembler has one fixed buffer. A frame longer than PACKET_ROOM can never be a packet of ours and breaks the stream
 * for good: close the connection. An empty frame is passed over.
 *
 *     uint8_t *into; size_t room = tcp_frames_space(&f, &into);       (read() at most `room` bytes there)
 *     tcp_frames_filled(&f, n);
 *     while (tcp_frames_next(&f, &packet, &len)) …                     (valid until the next tcp_frames_space)
 *     if (f.broken) close
 */
#ifndef HOPKIN_TRANSPORT_TCP_FRAME_H
#define HOPKIN_TRANSPORT_TCP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_FRAME_PREFIX = 2, TCP_FRAMES_ROOM = 8192 };

/* Zero it to start. */
struct tcp_frames {
	uint16_t start, end;            /* unread bytes are room[start..end) */
	bool broken;
	uint8_t room[TCP_FRAMES_ROOM];
};

size_t tcp_frames_space(struct tcp_frames *frames, uint8_t **into);
void tcp_frames_filled(struct tcp_frames *frames, size_t len);
bool tcp_frames_next(struct tcp_frames *frames, const uint8_t **packet, uint16_t *len);

/** The two bytes that go before a packet. */
static inline void tcp_frame_prefix(uint8_t out[TCP_FRAME_PREFIX], uint16_t len)
{
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
}

#endif

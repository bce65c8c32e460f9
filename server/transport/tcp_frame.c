#include "tcp_frame.h"

#include <assert.h>
#include <string.h>

#include "packet.h"

size_t tcp_frames_space(struct tcp_frames *frames, uint8_t **into)
{
	if (frames->start == frames->end) {
		frames->start = frames->end = 0;
	} else if (sizeof frames->room - frames->end < PACKET_ROOM + TCP_FRAME_PREFIX) {
		/* what is left is less than one frame when next() has been called until false, so there is always space */
		memmove(frames->room, frames->room + frames->start, (size_t)(frames->end - frames->start));
		frames->end = (uint16_t)(frames->end - frames->start);
		frames->start = 0;
	}
	*into = frames->room + frames->end;
	return frames->broken ? 0 : sizeof frames->room - frames->end;
}

void tcp_frames_filled(struct tcp_frames *frames, size_t len)
{
	assert(len <= sizeof frames->room - frames->end);
	frames->end = (uint16_t)(frames->end + len);
}

bool tcp_frames_next(struct tcp_frames *frames, const uint8_t **packet, uint16_t *len)
{
	while (!frames->broken && frames->end - frames->start >= TCP_FRAME_PREFIX) {
		const uint8_t *p = frames->room + frames->start;
		uint16_t length = (uint16_t)(p[0] << 8 | p[1]);
		if (length > PACKET_ROOM) {
			frames->broken = true;
			break;
		}
		if (frames->end - frames->start < TCP_FRAME_PREFIX + length)
			break;
		frames->start = (uint16_t)(frames->start + TCP_FRAME_PREFIX + length);
		if (!length)
			continue;
		*packet = p + TCP_FRAME_PREFIX;
		*len = length;
		return true;
	}
	return false;
}

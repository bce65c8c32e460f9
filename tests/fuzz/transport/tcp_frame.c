/* A stream of bytes in steps that the input itself chooses: whatever comes out, joined with its prefixes, is what went in. */
#include "tcp_frame.h"

#include <assert.h>
#include <string.h>

#include "packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct tcp_frames f;
	memset(&f, 0, offsetof(struct tcp_frames, room));
	size_t at = 0, read_at = 0;
	uint32_t step = len ? bytes[0] + 1u : 1;
	while (at < len && !f.broken) {
		uint8_t *into;
		size_t room = tcp_frames_space(&f, &into), n = len - at < step ? len - at : step;
		assert(room > PACKET_ROOM);
		n = n < room ? n : room;
		memcpy(into, bytes + at, n);
		tcp_frames_filled(&f, n);
		at += n;
		step = step * 7 % 9001 + 1;
		const uint8_t *packet;
		uint16_t got;
		while (tcp_frames_next(&f, &packet, &got)) {
			while (bytes[read_at] == 0 && bytes[read_at + 1] == 0)
				read_at += 2;
			assert(got > 0 && got <= PACKET_ROOM && (bytes[read_at] << 8 | bytes[read_at + 1]) == got);
			assert(memcmp(bytes + read_at + 2, packet, got) == 0);
			read_at += 2u + got;
			assert(read_at <= at);
		}
	}
	return 0;
}

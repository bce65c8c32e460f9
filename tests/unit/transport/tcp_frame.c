/* RFC 4571 frames, however the stream is cut. */
#include "tcp_frame.h"

#include <string.h>

#include "check.h"
#include "packet.h"

static size_t make_stream(uint8_t *out, const uint16_t *len, size_t count)
{
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		tcp_frame_prefix(out + at, len[i]);
		memset(out + at + 2, (int)(i + 1), len[i]);
		at += 2u + len[i];
	}
	return at;
}

static bool read_back(const uint8_t *stream, size_t total, size_t step, const uint16_t *len, size_t count)
{
	static struct tcp_frames f;
	memset(&f, 0, sizeof f);
	size_t at = 0, seen = 0;
	while (at < total) {
		uint8_t *into;
		size_t room = tcp_frames_space(&f, &into), n = step < total - at ? step : total - at;
		if (!room)
			return false;
		if (n > room)
			n = room;
		memcpy(into, stream + at, n);
		tcp_frames_filled(&f, n);
		at += n;
		const uint8_t *packet;
		uint16_t got;
		while (tcp_frames_next(&f, &packet, &got)) {
			while (seen < count && !len[seen])
				seen++;         /* empty frames are passed over */
			if (seen >= count || got != len[seen] || packet[0] != seen + 1 || packet[got - 1] != seen + 1)
				return false;
			seen++;
		}
	}
	while (seen < count && !len[seen])
		seen++;
	return seen == count && !f.broken;
}

int main(void)
{
	static const uint16_t len[] = { 1, 20, 0, PACKET_ROOM, 13, PACKET_ROOM, PACKET_ROOM, 0, 0, 700, PACKET_ROOM, 1200, 1200, 1200, 2 };
	static uint8_t stream[32768];
	size_t total = make_stream(stream, len, sizeof len / sizeof *len);
	static const size_t steps[] = { 1, 2, 3, 7, 100, 1499, 1502, 4096, 8192, 32768 };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		char name[64];
		snprintf(name, sizeof name, "frames read in steps of %zu", steps[i]);
		check(name, read_back(stream, total, steps[i], len, sizeof len / sizeof *len));
	}

	static struct tcp_frames f;
	uint8_t *into;
	const uint8_t *packet;
	uint16_t got;
	tcp_frames_space(&f, &into);
	tcp_frame_prefix(into, PACKET_ROOM + 1);
	tcp_frames_filled(&f, 2);
	check("a frame too long breaks the stream", !tcp_frames_next(&f, &packet, &got) && f.broken);
	check("...for good", tcp_frames_space(&f, &into) == 0 && !tcp_frames_next(&f, &packet, &got));
	return check_done();
}

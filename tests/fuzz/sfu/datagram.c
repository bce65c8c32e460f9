/*
 * Whatever a participant sends, sealed with the right keys or not at all, a worker stands it: bytes become RTP or RTCP of a peer
 * that is connected and has another one to be forwarded to, or datagrams of anybody.
 *
 * Input: records of kind (1 byte), length (2 bytes) and that many bytes. Kind 0: raw datagram; 1: RTP, sealed here; 2: RTCP, likewise;
 * 3: RTCP of the viewer; 4: time passes.
 */
#include "../../unit/sfu/fake_peer.h"

#include "packet_path.h"
#include "rtcp_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct stage stage;
static struct fake_peer *sender, *viewer;
static struct packet *packet;

static void start(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	media_keys_library_start();
	stage_open(&stage, 1);
	sender = fake_join(&stage, 1, 0);
	viewer = fake_join(&stage, 2, 0);
	packet = packet_pool_get(stage.workers[0]->pool);
}

/* As if opened: what follows the SRTP step is what is fuzzed, without paying for the seal. */
static void opened_rtp(struct worker *w, struct peer *peer)
{
	struct media_info info;
	struct track *track = publisher_take(peer->publisher, packet, &info, w->now_us);

	if (track)
		track_deliver(track, packet, &info, w->now_us);
}

static void one(struct worker *w, uint8_t kind, const uint8_t *bytes, size_t len)
{
	struct peer *from = map_get_u32(w->peers, sender->id), *to = map_get_u32(w->peers, viewer->id);

	packet->data = packet->room + PACKET_HEADROOM;
	memcpy(packet->data, bytes, len);
	packet->len = (uint16_t)len;
	packet->path = from->path;
	packet->arrival_us = w->now_us += 1000;
	switch (kind % 5) {
	case 0:
		packet_path_receive(w, packet);
		break;
	case 1:
		if (demux_classify(bytes, len) == DEMUX_RTP)
			opened_rtp(w, from);
		break;
	case 2:
		rtcp_path_take(from, bytes, len, w->now_us, w->now_us);
		break;
	case 3:
		rtcp_path_take(to, bytes, len, w->now_us, w->now_us);
		break;
	case 4:
		timers_run(&w->timers, w->now_us += 50000);
		break;
	}
	worker_flush(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(data, size);

	start();
	for (unsigned records = 0; rd_left(&r) >= 3 && records < 64; records++) {
		uint8_t kind = rd_u8(&r);
		size_t len = rd_u16(&r) % PACKET_ROOM;
		if (len > rd_left(&r))
			len = rd_left(&r);
		struct rd bytes = rd_sub(&r, len);
		one(stage.workers[0], kind, bytes.p, len);
	}
	/* Who is on the other end reads, so that the socket never fills. */
	uint8_t drop[2048];
	while (recv(viewer->fd, drop, sizeof drop, MSG_DONTWAIT) > 0 || recv(sender->fd, drop, sizeof drop, MSG_DONTWAIT) > 0)
		;
	return 0;
}

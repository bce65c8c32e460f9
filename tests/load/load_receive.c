/* What comes in: told apart by its first bytes, opened, counted. */
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "bytes.h"
#include "load_peer_internal.h"
#include "load_rtp_filter.h"
#include "tp_rtcp.h"

enum { IN_MESSAGES = 16, IN_ROOM = 65536 };     /* a whole train of packets comes as one message (UDP_GRO) */

struct load_receive_buffers {
	uint8_t bytes[IN_MESSAGES][IN_ROOM];
	union { struct cmsghdr head; char room[128]; } control[IN_MESSAGES];
	struct iovec iov[IN_MESSAGES];
	struct mmsghdr messages[IN_MESSAGES];
};

bool load_receive_open(struct load_engine *engine)
{
	struct load_receive_buffers *b = engine->receive = calloc(1, sizeof *b);
	for (int i = 0; b && i < IN_MESSAGES; i++) {
		b->iov[i] = (struct iovec){ b->bytes[i], IN_ROOM };
		b->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &b->iov[i], .msg_iovlen = 1, .msg_control = &b->control[i] };
	}
	return b != NULL;
}


static void on_pli(void *owner, uint32_t media, bool fir)
{
	struct load_peer *peer = owner;
	peer->engine->counts.plis++;
	for (int i = 0; i < peer->local.send_count; i++)
		if (peer->local.sends[i].ssrc == media)
			peer->streams[i].keyframe_wanted = true;
}

static void on_nack(void *owner, uint32_t media, uint16_t seq)
{
	struct load_peer *peer = owner;
	peer->engine->counts.nacks++;
}

static void on_rtcp(struct load_peer *peer, uint8_t *bytes, size_t len)
{
	static const struct tp_rtcp_events events = { .on_pli = on_pli, .on_nack = on_nack };
	if (peer->state != LOAD_PEER_UP)
		return;
	peer->engine->counts.rtcp_in++;
	if (load_srtcp_open(&peer->in, bytes, &len) && tp_rtcp_read(bytes, len, &events, peer))
		load_peer_forget_dtls(peer);
	else
		peer->engine->counts.forged++;
}

static struct load_sink *sink_of(struct load_peer *peer, uint32_t ssrc)
{
	for (int i = 0; i < peer->sink_count; i++)
		if (peer->sinks[i].ssrc == ssrc)
			return &peer->sinks[i];
	struct load_sink *sinks = realloc(peer->sinks, (size_t)(peer->sink_count + 1) * sizeof *sinks);
	if (!sinks)
		return NULL;
	peer->sinks = sinks;
	sinks[peer->sink_count] = (struct load_sink){ .ssrc = ssrc };
	return &sinks[peer->sink_count++];
}

/* Offset of the payload; 0: no RTP. */
static size_t rtp_head(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	uint8_t first = rd_u8(&r);
	rd_skip(&r, 11 + 4 * (size_t)(first & 15));
	if (first & 0x10) {
		rd_u16(&r);
		rd_skip(&r, 4 * (size_t)rd_u16(&r));
	}
	return r.ok && first >> 6 == 2 ? (size_t)(r.p - bytes) : 0;
}

static void count_order(struct load_counts *counts, struct load_sink *sink, const struct load_tag *tag)
{
	uint32_t gap;
	switch (load_sink_take(sink, tag, &gap)) {
	case LOAD_AFTER_GAP:
		counts->missing += gap;
		break;
	case LOAD_LATE:
		counts->late++;
		counts->missing_found++;
		break;
	case LOAD_TWICE:
		counts->twice++;
		break;
	default:
		break;
	}
}

static void count_payload(struct load_peer *peer, struct load_sink *sink, const uint8_t *payload, size_t len, uint8_t pt, int64_t arrived_ns)
{
	struct load_counts *counts = &peer->engine->counts;
	struct load_tag tag;
	bool vp8 = pt == peer->local.numbers.vp8;
	if (!vp8 && pt != peer->local.numbers.opus) {
		counts->unknown_kind++;
		return;
	}
	if (!len)
		return;         /* padding alone */
	switch (load_payload_read(&tag, payload, len, vp8)) {
	case LOAD_PAYLOAD_NOT_OURS:
		counts->foreign++;
		return;
	case LOAD_PAYLOAD_WRONG:
		counts->wrong++;
		return;
	case LOAD_PAYLOAD_RIGHT:
		break;
	}
	counts->received[peer->member->role]++;
	counts->received_bytes += len;
	load_histogram_add(&counts->latency_ns, arrived_ns - tag.sent_ns);
	count_order(counts, sink, &tag);
}

static void on_first_media(struct load_peer *peer)
{
	load_member_note(peer->member, LOAD_PART_MEDIA);
	load_peer_forget_dtls(peer);
	peer->filtered = !peer->member->sampled && load_rtp_filter_attach(peer->watch.fd) == 0;
}

static void on_rtp(struct load_peer *peer, uint8_t *bytes, size_t len, int64_t arrived_ns)
{
	struct load_counts *counts = &peer->engine->counts;
	size_t head = rtp_head(bytes, len);
	struct load_sink *sink = head ? sink_of(peer, (uint32_t)bytes[8] << 24 | (uint32_t)bytes[9] << 16 | (uint32_t)bytes[10] << 8 | bytes[11]) : NULL;
	if (!sink || peer->state != LOAD_PEER_UP || peer->filtered)
		return;         /* filtered: what was queued before the filter */
	uint64_t index = load_sink_index(sink, (uint16_t)(bytes[2] << 8 | bytes[3]));
	if (!load_srtp_open(&peer->in, bytes, head, &len, index)) {
		counts->forged++;
		return;
	}
	load_sink_opened(sink, index);
	size_t padding = bytes[0] & 0x20 && len > head ? bytes[len - 1] : 0;
	if (padding > len - head) {
		counts->wrong++;
		return;
	}
	if (!peer->member->part_noted[LOAD_PART_MEDIA] || !peer->member->sampled)
		on_first_media(peer);
	if (peer->member->sampled)
		count_payload(peer, sink, bytes + head, len - head - padding, bytes[1] & 127, arrived_ns);
}

static void on_datagram(struct load_peer *peer, uint8_t *bytes, size_t len, int64_t arrived_ns)
{
	if (len < 12)
		return;
	if (bytes[0] < 4)
		load_peer_on_stun(peer, bytes, len);
	else if (bytes[0] >= 20 && bytes[0] < 64)
		load_peer_on_dtls(peer, bytes, len);
	else if (bytes[0] >= 128 && bytes[0] < 192 && bytes[1] >= 192 && bytes[1] < 224)
		on_rtcp(peer, bytes, len);
	else if (bytes[0] >= 128 && bytes[0] < 192)
		on_rtp(peer, bytes, len, arrived_ns);
}

/* The kernel says when a message came (the tool's own slowness is then no latency), and into what sizes a train is to be cut. */
static void read_control(struct msghdr *message, int64_t *arrived_ns, size_t *each)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;
			memcpy(&t, CMSG_DATA(c), sizeof t);
			*arrived_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof size);
			*each = (size_t)size;
		}
	}
}

static void on_message(struct load_peer *peer, struct mmsghdr *message)
{
	uint8_t *bytes = message->msg_hdr.msg_iov->iov_base;
	size_t left = message->msg_len, each = left;
	int64_t arrived_ns = 0;
	read_control(&message->msg_hdr, &arrived_ns, &each);
	if (!arrived_ns)
		arrived_ns = load_wall_ns();
	while (left) {
		size_t n = left < each ? left : each;
		on_datagram(peer, bytes, n, arrived_ns);
		bytes += n;
		left -= n;
	}
}

void load_peer_on_ready(struct tp_watch *watch, uint32_t events)
{
	struct load_peer *peer = watch->owner;
	struct load_receive_buffers *b = peer->engine->receive;
	for (int i = 0; i < IN_MESSAGES; i++)
		b->messages[i].msg_hdr.msg_controllen = sizeof b->control[i];
	int n = recvmmsg(watch->fd, b->messages, IN_MESSAGES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		on_message(peer, &b->messages[i]);
}

/* What goes out: the recording's packets in trains, and reports. */
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"
#include "load_peer_internal.h"
#include "tp_rtcp.h"

enum {
	OUT_MESSAGES = 64, OUT_ROOM = 2048,
	TRAIN_MAX = 40,                 /* a message is less than 64 KiB */
	RTCP_US = 1000000,
};

struct load_send_buffers {
	uint8_t bytes[OUT_MESSAGES][OUT_ROOM];
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(uint16_t))]; } control[OUT_MESSAGES];
	struct iovec iov[OUT_MESSAGES];
	struct mmsghdr messages[OUT_MESSAGES];
	int count;
};

bool load_send_open(struct load_engine *engine)
{
	engine->send = calloc(1, sizeof *engine->send);
	for (int i = 0; engine->send && i < OUT_MESSAGES; i++)
		engine->send->iov[i].iov_base = engine->send->bytes[i];
	return engine->send != NULL;
}


/* Packets of one size in a row, and one shorter behind them, are one message that the kernel cuts up (UDP_SEGMENT). */
static int train_from(const struct load_send_buffers *b, int first)
{
	size_t each = b->iov[first].iov_len;
	int n = 1;
	while (first + n < b->count && n < TRAIN_MAX && b->iov[first + n].iov_len == each)
		n++;
	if (first + n < b->count && n < TRAIN_MAX && b->iov[first + n].iov_len < each)
		n++;
	return n;
}

static void write_segment_size(struct load_send_buffers *b, int at, size_t each)
{
	uint16_t size = (uint16_t)each;
	struct msghdr *m = &b->messages[at].msg_hdr;
	m->msg_control = &b->control[at];
	m->msg_controllen = sizeof b->control[at];
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(c), &size, sizeof size);
}

static int make_messages(struct load_send_buffers *b)
{
	int messages = 0;
	for (int first = 0; first < b->count; messages++) {
		int n = train_from(b, first);
		b->messages[messages].msg_hdr = (struct msghdr){ .msg_iov = &b->iov[first], .msg_iovlen = (size_t)n };
		if (n > 1)
			write_segment_size(b, messages, b->iov[first].iov_len);
		first += n;
	}
	return messages;
}

static void flush(struct load_peer *peer)
{
	struct load_send_buffers *b = peer->engine->send;
	int count = make_messages(b), done = 0;
	while (done < count) {
		int n = sendmmsg(peer->watch.fd, b->messages + done, (unsigned)(count - done), 0);
		if (n <= 0) {
			peer->engine->counts.send_failed += b->messages[done].msg_hdr.msg_iovlen;
			n = 1;          /* a full buffer or an ICMP answer: this one is lost, the next has its chance */
		}
		done += n;
	}
	b->count = 0;
}

void load_peer_send(struct load_peer *peer, const uint8_t *bytes, size_t len)
{
	if (send(peer->watch.fd, bytes, len, MSG_DONTWAIT) < 0)
		peer->engine->counts.send_failed++;
}

static bool lost_on_purpose(struct load_engine *engine)
{
	if (!engine->options.lose || ++engine->lose_at % (uint32_t)engine->options.lose)
		return false;
	engine->counts.dropped_on_purpose++;
	return true;
}

static void send_media(struct load_peer *peer, struct load_stream *stream, int64_t now_ns)
{
	struct load_send_buffers *b = peer->engine->send;
	uint8_t *out = b->bytes[b->count];
	struct load_out_packet p = load_stream_next(stream, out, now_ns);
	if (!load_srtp_seal(&peer->out, out, p.head, &p.len, p.index) || lost_on_purpose(peer->engine))
		return;
	peer->engine->counts.sent++;
	peer->engine->counts.sent_bytes += p.len;
	b->iov[b->count].iov_len = p.len;
	if (++b->count == OUT_MESSAGES)
		flush(peer);
}

static void on_media_due(struct tp_timer *timer)
{
	struct load_peer *peer = timer->owner;
	int64_t now = tp_now_us(), now_ns = load_wall_ns(), next = INT64_MAX;
	for (int i = 0; i < peer->local.send_count; i++) {
		while (load_stream_due_us(&peer->streams[i]) <= now)
			send_media(peer, &peer->streams[i], now_ns);
		if (load_stream_due_us(&peer->streams[i]) < next)
			next = load_stream_due_us(&peer->streams[i]);
	}
	flush(peer);
	tp_timer_at(peer->engine->loop, timer, next);
}

static void on_rtcp_due(struct tp_timer *timer)
{
	struct load_peer *peer = timer->owner;
	uint8_t out[512];
	struct wr w = wr_to(out, sizeof out - LOAD_SRTCP_TAIL);
	int64_t now = tp_now_us();
	for (int i = 0; i < peer->local.send_count; i++) {
		const struct load_stream *s = &peer->streams[i];
		tp_rtcp_write_sr(&w, s->send->ssrc, tp_ntp(now), s->last_ts, (uint32_t)s->packets, (uint32_t)s->octets);
	}
	uint32_t own = peer->local.send_count ? peer->local.sends[0].ssrc : (uint32_t)peer->tie_breaker | 1;
	if (!peer->local.send_count)
		tp_rtcp_write_rr(&w, own, NULL, 0);
	tp_rtcp_write_sdes(&w, own, peer->local.ufrag);
	size_t len = (size_t)(w.p - out);
	if (w.ok && load_srtcp_seal(&peer->out, out, &len))
		load_peer_send(peer, out, len);
	tp_timer_at(peer->engine->loop, timer, now + RTCP_US);
}

void load_peer_start_media(struct load_peer *peer)
{
	struct load_engine *engine = peer->engine;
	int64_t now = tp_now_us();
	uint32_t offset = (uint32_t)(peer->member->person.number * 2654435761u % engine->trace.length_us);
	for (int i = 0; i < peer->local.send_count; i++)
		load_stream_start(&peer->streams[i], &engine->trace, &peer->local.sends[i], &peer->local.numbers, peer->member->person.number, now,
			offset, peer->local.sends[i].ssrc ^ peer->member->lives << 24);
	peer->media_timer = (struct tp_timer){ .owner = peer, .on_due = on_media_due };
	peer->rtcp_timer = (struct tp_timer){ .owner = peer, .on_due = on_rtcp_due };
	if (peer->local.send_count)
		tp_timer_at(engine->loop, &peer->media_timer, now);
	tp_timer_at(engine->loop, &peer->rtcp_timer, now + RTCP_US / 2 + (int64_t)(peer->tie_breaker % RTCP_US));
}

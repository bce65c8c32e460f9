/* One transport: ICE checks, DTLS, then media out by the recording and media in to be counted. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "load_engine.h"
#include "load_rtp_filter.h"
#include "load_sink.h"
#include "load_srtp.h"
#include "load_stream.h"
#include "tp_dtls.h"
#include "tp_rtcp.h"
#include "tp_stun.h"
#include "tp_wire.h"

enum {
	IN_MESSAGES = 16, IN_ROOM = 65536,      /* a whole train of packets comes as one message (UDP_GRO) */
	OUT_MESSAGES = 64, OUT_ROOM = 2048, TRAIN_MAX = 40,     /* a message is less than 64 KiB */
	CHECK_FIRST_US = 50000, CHECK_LAST_US = 1600000, CONSENT_US = 5000000,  /* RFC 7675 §5.1 */
	RTCP_US = 1000000,
	DTLS_SLACK_US = 1000,
	SAMPLED_BUFFER = 4 << 20,
	PRIORITY = 110 << 24 | 65535 << 8 | 255,
};

struct load_receive_buffers {
	uint8_t bytes[IN_MESSAGES][IN_ROOM];
	union { struct cmsghdr head; char room[128]; } control[IN_MESSAGES];
	struct iovec iov[IN_MESSAGES];
	struct mmsghdr messages[IN_MESSAGES];
};

struct load_send_buffers {
	uint8_t bytes[OUT_MESSAGES][OUT_ROOM];
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(uint16_t))]; } control[OUT_MESSAGES];
	struct iovec iov[OUT_MESSAGES];
	struct mmsghdr messages[OUT_MESSAGES];
	int count;
};

enum state { OPEN, CHECKING, SHAKING, UP };

struct load_peer {
	struct load_engine *engine;
	struct load_member *member;
	int at;                         /* which of its person's peers */
	enum state state;
	struct tp_watch watch;
	struct load_local local;
	struct load_remote remote;
	uint8_t transaction[12];
	unsigned tries;
	uint64_t tie_breaker;
	struct tp_timer check_timer, dtls_timer, media_timer, rtcp_timer;
	struct tp_dtls *dtls;
	struct load_srtp in, out;
	struct load_stream streams[LOAD_SENDS];
	bool filtered;
	struct load_sink *sinks;
	int sink_count;
};

static int64_t wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void note_part(struct load_member *member, enum load_part part)
{
	if (member->part_noted[part])
		return;
	member->part_noted[part] = true;
	load_histogram_add(&member->engine->joins[part], tp_now_us() - member->join_us);
}

int load_layer_for(int height)
{
	return height > 360 ? 2 : height > 180 ? 1 : 0;
}

void load_person_failed(struct load_person *person, const char *why)
{
	struct load_member *member = load_member(person);
	if (member->failed)
		return;
	member->failed = true;
	member->engine->person_failed(member->engine, person, why);
}

/* -- buffers, one set for all -- */

int load_engine_open(struct load_engine *engine)
{
	engine->receive = calloc(1, sizeof *engine->receive);
	engine->send = calloc(1, sizeof *engine->send);
	if (!engine->receive || !engine->send)
		return -ENOMEM;
	for (int i = 0; i < IN_MESSAGES; i++) {
		engine->receive->iov[i] = (struct iovec){ engine->receive->bytes[i], IN_ROOM };
		engine->receive->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &engine->receive->iov[i], .msg_iovlen = 1,
			.msg_control = &engine->receive->control[i] };
	}
	for (int i = 0; i < OUT_MESSAGES; i++)
		engine->send->iov[i].iov_base = engine->send->bytes[i];
	return 0;
}

void load_engine_close(struct load_engine *engine)
{
	free(engine->receive);
	free(engine->send);
	load_trace_clear(&engine->trace);
}

/* -- sending -- */

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

static void send_one(struct load_peer *peer, const uint8_t *bytes, size_t len)
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
	int64_t now = tp_now_us(), now_ns = wall_ns(), next = INT64_MAX;
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
		send_one(peer, out, len);
	tp_timer_at(peer->engine->loop, timer, now + RTCP_US);
}

/* -- up: keys are there -- */

static bool all_up(const struct load_member *member)
{
	for (int i = 0; i < LOAD_PEERS; i++)
		if (member->person.peers[i] && member->person.peers[i]->state != UP)
			return false;
	return true;
}

static void start_media(struct load_peer *peer)
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

static void go_up(struct load_peer *peer, const struct load_key *to_server, const struct load_key *from_server)
{
	struct load_engine *engine = peer->engine;
	struct load_member *member = peer->member;
	load_srtp_init(&peer->out, to_server, true);
	load_srtp_init(&peer->in, from_server, false);
	peer->state = UP;
	start_media(peer);
	if (engine->adaptor->connected)
		engine->adaptor->connected(engine->of_adaptor, peer);
	if (!all_up(member) || member->up)
		return;
	member->up = true;
	note_part(member, LOAD_PART_SHAKEN);
	engine->person_up(engine, &member->person);
}

/* -- DTLS -- */

static void dtls_send(void *owner, const uint8_t *bytes, size_t len)
{
	send_one(owner, bytes, len);
}

static struct load_key key_of(const uint8_t bytes[28])
{
	struct load_key key;
	memcpy(key.key, bytes, sizeof key.key);
	memcpy(key.salt, bytes + sizeof key.key, sizeof key.salt);
	return key;
}

static void after_dtls(struct load_peer *peer)
{
	struct tp_srtp_keys keys;
	enum tp_dtls_state state = tp_dtls_state(peer->dtls);
	if (state == TP_DTLS_SHAKING) {
		int64_t wait = tp_dtls_wait_us(peer->dtls);
		if (wait >= 0)
			tp_timer_at(peer->engine->loop, &peer->dtls_timer, tp_now_us() + wait + DTLS_SLACK_US);
	} else if (state == TP_DTLS_DONE && peer->state == SHAKING) {
		tp_timer_stop(peer->engine->loop, &peer->dtls_timer);
		if (!tp_dtls_keys(peer->dtls, &keys) || keys.profile != TP_PROFILE_GCM128) {
			load_person_failed(&peer->member->person, "no AEAD_AES_128_GCM");
			return;
		}
		struct load_key ours = key_of(keys.client), theirs = key_of(keys.server);
		go_up(peer, &ours, &theirs);
	} else if (state == TP_DTLS_FAILED) {
		load_person_failed(&peer->member->person, tp_dtls_reason(peer->dtls));
	}
}

static void on_dtls_due(struct tp_timer *timer)
{
	struct load_peer *peer = timer->owner;
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

static void start_dtls(struct load_peer *peer)
{
	struct tp_dtls_config config = { .profiles = "SRTP_AEAD_AES_128_GCM", .fingerprint = peer->remote.fingerprint[0] ? peer->remote.fingerprint : NULL,
		.owner = peer, .send = dtls_send };
	peer->state = SHAKING;
	peer->dtls_timer = (struct tp_timer){ .owner = peer, .on_due = on_dtls_due };
	if (tp_dtls_create(&peer->dtls, &config)) {
		load_person_failed(&peer->member->person, "no DTLS");
		return;
	}
	tp_dtls_drive(peer->dtls);
	after_dtls(peer);
}

static void on_dtls(struct load_peer *peer, const uint8_t *bytes, size_t len)
{
	if (!peer->dtls)
		return;         /* the handshake is long over: close_notify, or a copy of its last flight */
	tp_dtls_input(peer->dtls, bytes, len);
	after_dtls(peer);
}

/* The SSL object is 72 KiB: it goes when the server has proved, by an authenticated packet, that it has the keys. */
static void forget_dtls(struct load_peer *peer)
{
	tp_dtls_destroy(peer->dtls);
	peer->dtls = NULL;
}

/* -- ICE -- */

static void send_check(struct load_peer *peer)
{
	char username[128];
	uint8_t out[TP_STUN_MAX];
	snprintf(username, sizeof username, "%s:%s", peer->remote.ufrag, peer->local.ufrag);
	struct tp_stun_request request = { .username = username, .password = peer->remote.pwd, .priority = PRIORITY, .tie_breaker = peer->tie_breaker,
		.controlled = peer->remote.controlling, .use_candidate = !peer->remote.controlling };
	if (peer->state != CHECKING || peer->tries == 0)
		RAND_bytes(peer->transaction, sizeof peer->transaction);
	memcpy(request.transaction, peer->transaction, sizeof request.transaction);
	send_one(peer, out, tp_stun_write_request(out, sizeof out, &request));
	int64_t wait = CONSENT_US * 8 / 10 + (int64_t)(peer->tie_breaker % (CONSENT_US * 4 / 10));
	if (peer->state == CHECKING) {
		wait = (int64_t)CHECK_FIRST_US << (peer->tries < 5 ? peer->tries : 5);
		peer->tries++;
	}
	tp_timer_at(peer->engine->loop, &peer->check_timer, tp_now_us() + wait);
}

static void on_check_due(struct tp_timer *timer)
{
	send_check(timer->owner);
}

static void on_stun(struct load_peer *peer, const uint8_t *bytes, size_t len)
{
	struct tp_stun_message message;
	uint8_t out[TP_STUN_MAX];
	if (!tp_stun_read(&message, bytes, len) || message.method != 1)
		return;
	if (message.class == TP_STUN_REQUEST && tp_stun_integrity_ok(&message, bytes, peer->local.pwd)) {
		send_one(peer, out, tp_stun_write_success(out, sizeof out, message.transaction, (const struct sockaddr *)&peer->remote.addr, peer->local.pwd));
		return;
	}
	if (message.class != TP_STUN_SUCCESS || peer->state != CHECKING || memcmp(message.transaction, peer->transaction, 12) != 0
	    || !tp_stun_integrity_ok(&message, bytes, peer->remote.pwd))
		return;
	note_part(peer->member, LOAD_PART_CHECKED);
	start_dtls(peer);
	tp_timer_at(peer->engine->loop, &peer->check_timer, tp_now_us() + CONSENT_US * 8 / 10);
}

/* -- received -- */

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
	if (peer->state != UP)
		return;
	peer->engine->counts.rtcp_in++;
	if (load_srtcp_open(&peer->in, bytes, &len) && tp_rtcp_read(bytes, len, &events, peer))
		forget_dtls(peer);
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
	note_part(peer->member, LOAD_PART_MEDIA);
	forget_dtls(peer);
	peer->filtered = !peer->member->sampled && load_rtp_filter_attach(peer->watch.fd) == 0;
}

static void on_rtp(struct load_peer *peer, uint8_t *bytes, size_t len, int64_t arrived_ns)
{
	struct load_counts *counts = &peer->engine->counts;
	size_t head = rtp_head(bytes, len);
	struct load_sink *sink = head ? sink_of(peer, (uint32_t)bytes[8] << 24 | (uint32_t)bytes[9] << 16 | (uint32_t)bytes[10] << 8 | bytes[11]) : NULL;
	if (!sink || peer->state != UP || peer->filtered)
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
		on_stun(peer, bytes, len);
	else if (bytes[0] >= 20 && bytes[0] < 64)
		on_dtls(peer, bytes, len);
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
		arrived_ns = wall_ns();
	while (left) {
		size_t n = left < each ? left : each;
		on_datagram(peer, bytes, n, arrived_ns);
		bytes += n;
		left -= n;
	}
}

static void on_ready(struct tp_watch *watch, uint32_t events)
{
	struct load_peer *peer = watch->owner;
	struct load_receive_buffers *b = peer->engine->receive;
	for (int i = 0; i < IN_MESSAGES; i++)
		b->messages[i].msg_hdr.msg_controllen = sizeof b->control[i];
	int n = recvmmsg(watch->fd, b->messages, IN_MESSAGES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		on_message(peer, &b->messages[i]);
}

/* -- opening and closing -- */

static int open_socket(struct load_peer *peer)
{
	int on = 1, size = SAMPLED_BUFFER;
	struct sockaddr_storage server;
	socklen_t len = sizeof peer->local.addr;
	const struct load_server *s = &peer->engine->options.server;
	if (!tp_address(&server, s->address, s->port))
		return -EINVAL;
	int fd = socket(server.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
	if (peer->member->sampled) {
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	}
	peer->watch = (struct tp_watch){ .fd = fd, .owner = peer, .on_ready = on_ready };
	if (connect(fd, (struct sockaddr *)&server, (socklen_t)tp_address_size(&server)) || getsockname(fd, (struct sockaddr *)&peer->local.addr, &len)
	    || tp_watch_add(peer->engine->loop, &peer->watch, EPOLLIN)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return 0;
}

static void name_streams(struct load_peer *peer, bool audio, int layers)
{
	static const char *const rids[LOAD_LAYERS] = { "q", "h", "f" };
	struct load_local *local = &peer->local;
	uint32_t ssrc;
	RAND_bytes((unsigned char *)&ssrc, sizeof ssrc);
	ssrc &= 0x7ffffff0;
	if (audio)
		local->sends[local->send_count++] = (struct load_send){ .codec = LOAD_OPUS, .layers = 1, .ssrc = ++ssrc, .mid = "0" };
	for (int i = 0; i < layers; i++) {
		struct load_send *send = &local->sends[local->send_count++];
		*send = (struct load_send){ .codec = LOAD_VP8, .layer = i, .layers = layers, .ssrc = ++ssrc, .mid = "1" };
		if (layers > 1)
			memcpy(send->rid, rids[i], 2);
	}
}

static void name_credentials(struct load_peer *peer)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	uint8_t random[40];
	RAND_bytes(random, sizeof random);
	for (int i = 0; i < 8; i++)
		peer->local.ufrag[i] = letters[random[i] % 32];
	for (int i = 0; i < 24; i++)
		peer->local.pwd[i] = letters[random[8 + i] % 32];
	memcpy(&peer->tie_breaker, random + 32, sizeof peer->tie_breaker);
	peer->local.fingerprint = tp_dtls_own_fingerprint();
	peer->local.numbers = (struct load_numbers){ .opus = 111, .vp8 = 96, .rtx = 97, .level = 1, .mid = 4, .rid = 10 };
}

struct load_peer *load_peer_open(struct load_person *person, int at, bool audio, int layers)
{
	struct load_peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	peer->member = load_member(person);
	peer->engine = peer->member->engine;
	peer->at = at;
	name_streams(peer, audio, layers);
	name_credentials(peer);
	int err = open_socket(peer);
	if (err) {
		free(peer);
		errno = -err;
		return NULL;
	}
	person->peers[at] = peer;
	return peer;
}

struct load_local *load_peer_local(struct load_peer *peer)
{
	return &peer->local;
}

struct load_person *load_peer_person(struct load_peer *peer)
{
	return &peer->member->person;
}

/* The socket looks to --address from the first; a server that turns out to be elsewhere is reached from another address of ours. */
static int look_to(struct load_peer *peer, const struct sockaddr_storage *server)
{
	struct sockaddr_storage now;
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	socklen_t len = sizeof now;
	const struct sockaddr_in *was = (const struct sockaddr_in *)&now, *is = (const struct sockaddr_in *)server;
	if (server->ss_family == AF_INET && getpeername(peer->watch.fd, (struct sockaddr *)&now, &len) == 0 && was->sin_addr.s_addr != is->sin_addr.s_addr)
		connect(peer->watch.fd, &nowhere, sizeof nowhere);
	len = sizeof peer->local.addr;
	return connect(peer->watch.fd, (const struct sockaddr *)server, (socklen_t)tp_address_size(server))
		|| getsockname(peer->watch.fd, (struct sockaddr *)&peer->local.addr, &len) ? -errno : 0;
}

void load_peer_connect(struct load_peer *peer, const struct load_remote *remote)
{
	peer->remote = *remote;
	note_part(peer->member, LOAD_PART_SIGNALED);
	int err = look_to(peer, &remote->addr);
	if (err) {
		load_person_failed(&peer->member->person, strerror(-err));
		return;
	}
	if (remote->security == LOAD_STATIC_KEYS) {
		go_up(peer, &remote->to_server, &remote->from_server);
		return;
	}
	peer->state = CHECKING;
	peer->check_timer = (struct tp_timer){ .owner = peer, .on_due = on_check_due };
	send_check(peer);
}

void load_peer_close(struct load_peer *peer)
{
	if (!peer)
		return;
	struct tp_timer *timers[] = { &peer->check_timer, &peer->dtls_timer, &peer->media_timer, &peer->rtcp_timer };
	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
		tp_timer_stop(peer->engine->loop, timers[i]);
	tp_watch_remove(peer->engine->loop, &peer->watch);
	close(peer->watch.fd);
	tp_dtls_destroy(peer->dtls);
	load_srtp_clear(&peer->in);
	load_srtp_clear(&peer->out);
	free(peer->sinks);
	if (peer->member->person.peers[peer->at] == peer)
		peer->member->person.peers[peer->at] = NULL;
	free(peer);
}

/* -- people -- */

void load_member_join(struct load_member *member)
{
	member->joined = true;
	member->up = member->failed = false;
	memset(member->part_noted, 0, sizeof member->part_noted);
	member->join_us = tp_now_us();
	member->lives++;
	member->engine->adaptor->join(member->engine->of_adaptor, &member->person);
}

void load_member_leave(struct load_member *member)
{
	if (!member->joined)
		return;
	member->engine->adaptor->leave(member->engine->of_adaptor, &member->person);
	for (int i = 0; i < LOAD_PEERS; i++)
		load_peer_close(member->person.peers[i]);
	member->joined = member->up = false;
}

int load_member_heard(struct load_member *member)
{
	int heard = 0;
	for (int i = 0; i < LOAD_PEERS; i++) {
		struct load_peer *peer = member->person.peers[i];
		for (int k = 0; peer && k < peer->sink_count; k++) {
			heard += peer->sinks[k].heard;
			peer->sinks[k].heard = false;
		}
	}
	return heard;
}

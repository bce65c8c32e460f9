/**
 * A browser of a few hundred lines for unit tests: a UDP socket on loopback, its own STUN and SRTP, packets made by hand.
 *
 * It drives real workers (server/sfu/worker.h) in the test's own thread, a turn at a time; keys are handed to the worker as the
 * handshake thread would. Whatever a fake peer receives it opens with the keys a browser would have: a second use of an index
 * shows as PKT_REPLAYED, and is counted.
 */
#ifndef HOPKIN_TESTS_FAKE_PEER_H
#define HOPKIN_TESTS_FAKE_PEER_H

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "demux.h"
#include "peer_config.h"
#include "rand.h"
#include "rtcp.h"
#include "rtp_ext.h"
#include "rtp_header.h"
#include "vp8_descriptor.h"
#include "worker.h"

enum {
	FAKE_SEATS = 3,                 /* two people and a voice */
	FAKE_EXT_MID = 4, FAKE_EXT_RID = 10, FAKE_EXT_RRID = 11, FAKE_EXT_LEVEL = 1, FAKE_EXT_TWCC = 3,
	FAKE_OPUS = 111, FAKE_VP8 = 96, FAKE_RTX = 97,
	FAKE_LOG = 8192,
};

/* The test's stage: workers without threads, one local address. */
struct stage {
	struct post post;
	struct worker *workers[4];
	uint16_t count;
	struct sockaddr_in address[4];  /* each worker's own port here: which one a packet meets is the test's choice */
	uint32_t room, next_id;
	uint16_t home;
};

struct fake_received {
	uint32_t ssrc, ts, csrc;
	uint16_t seq, osn;
	uint8_t pt;
	bool marker, has_level, vp8_key;
	uint8_t level, padding_len;
	uint16_t payload_len, picture_id, twcc;
	int64_t at_us;
};

struct fake_peer {
	struct stage *stage;
	uint16_t worker;
	int fd;
	uint32_t id, number;
	char ufrag[16], pwd[32], remote_ufrag[16], remote_pwd[32];
	struct media_key_material material;
	struct media_keys *keys;        /* a client's */
	uint16_t seq[16];
	uint16_t twcc;
	/* what came */
	size_t received;                /* RTP packets that opened */
	size_t replayed, forged;        /* ...and that did not: a used index, another key */
	struct fake_received log[FAKE_LOG];
	size_t srs, plis, nacks, rrs, twccs;
	uint32_t pli_ssrc;
	uint32_t sr_ssrc, sr_ts;
	uint64_t sr_ntp;
};

static inline void stage_open_with(struct stage *s, uint16_t workers, bool no_trains)
{
	memset(s, 0, sizeof *s);
	s->count = workers;
	s->room = 1;
	s->next_id = 1;
	assert(post_create(&s->post, workers) == 0);
	for (uint16_t i = 0; i < workers; i++) {
		struct worker_config c = { .index = i, .post = &s->post, .locals = 1, .packets = 4096, .no_trains = no_trains };
		socklen_t len = sizeof s->address[i];
		s->address[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		c.sockets[0] = socket(AF_INET, SOCK_DGRAM, 0);
		assert(bind(c.sockets[0], (void *)&s->address[i], len) == 0);
		getsockname(c.sockets[0], (void *)&s->address[i], &len);
		assert(worker_create(&s->workers[i], &c) == 0);
	}
}

static inline void stage_open(struct stage *s, uint16_t workers)
{
	stage_open_with(s, workers, false);
}

static inline void stage_close(struct stage *s)
{
	struct mail *mail;

	for (uint16_t i = 0; i < s->count; i++)
		worker_destroy(s->workers[i]);
	while ((mail = mailbox_next(s->post.events)))
		mailbox_done(s->post.events);
	post_destroy(&s->post);
}

static inline uint64_t stage_counter(const struct stage *s, enum counter which)
{
	uint64_t sum = 0;
	for (uint16_t i = 0; i < s->count; i++)
		sum += s->workers[i]->counters.v[which];
	return sum;
}

/* -- STUN ------------------------------------------------------------------------------------------------------------------ */

static inline uint32_t fake_crc32(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static inline size_t fake_stun(uint8_t *out, uint16_t type, const uint8_t tid[12], const char *username, bool nominate, const char *pwd)
{
	struct wr w = wr_to(out, 512);
	uint8_t digest[20];
	unsigned digest_len;

	wr_u16(&w, type);
	wr_u16(&w, 0);
	wr_u32(&w, 0x2112a442);
	wr_bytes(&w, tid, 12);
	if (username) {
		size_t len = strlen(username);
		wr_u16(&w, 0x0006);
		wr_u16(&w, (uint16_t)len);
		wr_bytes(&w, username, len);
		while ((w.p - out) % 4)
			wr_u8(&w, 0);
		wr_u16(&w, 0x0024);
		wr_u16(&w, 4);
		wr_u32(&w, 1853817087);
		wr_u16(&w, 0x802a);
		wr_u16(&w, 8);
		wr_u64(&w, 77);
		if (nominate) {
			wr_u16(&w, 0x0025);
			wr_u16(&w, 0);
		}
	}
	size_t len = (size_t)(w.p - out);
	out[2] = (uint8_t)((len - 20 + 24) >> 8);
	out[3] = (uint8_t)(len - 20 + 24);
	HMAC(EVP_sha1(), pwd, (int)strlen(pwd), out, len, digest, &digest_len);
	wr_u16(&w, 0x0008);
	wr_u16(&w, 20);
	wr_bytes(&w, digest, 20);
	len += 24;
	out[2] = (uint8_t)((len - 20 + 8) >> 8);
	out[3] = (uint8_t)(len - 20 + 8);
	uint32_t crc = fake_crc32(out, len) ^ 0x5354554e;
	wr_u16(&w, 0x8028);
	wr_u16(&w, 4);
	wr_u32(&w, crc);
	assert(w.ok);
	return (size_t)(w.p - out);
}

static inline void fake_send_raw(struct fake_peer *p, const void *bytes, size_t len)
{
	const struct sockaddr_in *to = &p->stage->address[p->worker];
	assert(sendto(p->fd, bytes, len, 0, (const void *)to, sizeof *to) == (ssize_t)len);
}

static inline void fake_check(struct fake_peer *p, bool nominate)
{
	uint8_t bytes[512], tid[12];
	char user[40];

	rand_bytes(tid, sizeof tid);
	snprintf(user, sizeof user, "%s:%s", p->ufrag, p->remote_ufrag);
	fake_send_raw(p, bytes, fake_stun(bytes, 0x0001, tid, user, nominate, p->pwd));
}

/* -- receiving --------------------------------------------------------------------------------------------------------------- */

static inline void fake_on_rtcp(struct fake_peer *p, const uint8_t *bytes, size_t len)
{
	struct rd r = rd_from(bytes, len);
	struct rtcp_packet k;
	struct rtcp_sr sr;
	struct rtcp_feedback fb;

	while (rtcp_next(&k, &r)) {
		if (k.type == RTCP_SR && rtcp_sr_read(&sr, &k)) {
			p->srs++;
			p->sr_ssrc = sr.ssrc;
			p->sr_ts = sr.ts;
			p->sr_ntp = sr.ntp;
		}
		p->rrs += k.type == RTCP_RR && k.count;
		p->nacks += k.type == RTCP_RTPFB && k.count == RTCP_FMT_NACK;
		p->twccs += k.type == RTCP_RTPFB && k.count == RTCP_FMT_TWCC;
		if (k.type == RTCP_PSFB && k.count == RTCP_FMT_PLI && rtcp_feedback_read(&fb, &k)) {
			p->plis++;
			p->pli_ssrc = fb.media;
		}
	}
}

static inline void fake_on_rtp(struct fake_peer *p, struct packet *packet)
{
	struct rtp_ext_ids ids = { 0 };
	struct rtp_header h;
	struct rtp_ext ext;
	struct vp8_descriptor vp8;

	assert(rtp_header_read(&h, packet->data, packet->len) == RTP_OK);
	rtp_ext_ids_set(&ids, RTP_EXT_LEVEL, FAKE_EXT_LEVEL);
	rtp_ext_ids_set(&ids, RTP_EXT_TWCC, FAKE_EXT_TWCC);
	rtp_ext_read(&ext, &ids, &h, packet->data);
	struct fake_received *r = &p->log[p->received++ % FAKE_LOG];
	const uint8_t *payload = packet->data + h.header_len;
	*r = (struct fake_received){ .ssrc = h.ssrc, .ts = h.ts, .csrc = h.csrc_count ? h.csrc[0] : 0, .seq = h.seq, .pt = h.pt,
		.marker = h.marker, .has_level = ext.has_level, .level = ext.level, .payload_len = h.payload_len,
		.padding_len = h.padding_len, .twcc = ext.twcc, .at_us = clock_now_us() };
	if (h.pt == FAKE_RTX) {
		r->osn = (uint16_t)(payload[0] << 8 | payload[1]);
		payload += 2;
	}
	if (h.pt != FAKE_OPUS && vp8_descriptor_read(&vp8, payload, h.payload_len)) {
		r->vp8_key = vp8.keyframe;
		r->picture_id = vp8.picture_id;
	}
}

static inline void fake_on_datagram(struct fake_peer *p, uint8_t *bytes, size_t len)
{
	struct packet packet;

	if (bytes[0] < 4) {
		uint8_t answer[512];
		if (bytes[0] == 0 && bytes[1] == 1)     /* the server checks us: it is answered, so the path becomes selected */
			fake_send_raw(p, answer, fake_stun(answer, 0x0101, bytes + 8, NULL, false, p->remote_pwd));
		return;
	}
	packet.data = packet.room + PACKET_HEADROOM;
	packet.len = (uint16_t)len;
	memcpy(packet.data, bytes, len);
	if (demux_classify(bytes, len) == DEMUX_RTCP) {
		if (media_unprotect_rtcp(p->keys, &packet) == PKT_OK)
			fake_on_rtcp(p, packet.data, packet.len);
		return;
	}
	enum pkt_verdict verdict = media_unprotect(p->keys, &packet);
	p->replayed += verdict == PKT_REPLAYED;
	p->forged += verdict == PKT_FORGED;
	if (verdict == PKT_OK)
		fake_on_rtp(p, &packet);
}

static inline void fake_drain(struct fake_peer *p)
{
	uint8_t bytes[2048];
	ssize_t n;

	while ((n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		fake_on_datagram(p, bytes, (size_t)n);
}

/* Every worker takes turns and every peer reads, until nothing happens any more. */
static inline void stage_settle(struct stage *s, struct fake_peer **peers, size_t count)
{
	for (int round = 0; round < 6; round++) {
		for (uint16_t i = 0; i < s->count; i++)
			worker_turn(s->workers[i], 0);
		for (size_t i = 0; i < count; i++)
			fake_drain(peers[i]);
	}
}

/* The same for a while of real time: timers fire. */
static inline void stage_run_ms(struct stage *s, struct fake_peer **peers, size_t count, int ms)
{
	int64_t end = clock_now_us() + ms * 1000;

	while (clock_now_us() < end) {
		for (uint16_t i = 0; i < s->count; i++)
			worker_turn(s->workers[i], clock_now_us() + 1000);
		for (size_t i = 0; i < count; i++)
			fake_drain(peers[i]);
	}
}

/* -- joining ------------------------------------------------------------------------------------------------------------------- */

static inline void fake_config(struct control_peer_add *add, const struct fake_peer *p, uint8_t seats)
{
	memset(add, 0, sizeof *add);
	add->number = p->number;
	strcpy(add->ice.ufrag, p->ufrag);
	strcpy(add->ice.pwd, p->pwd);
	strcpy(add->ice.remote_ufrag, p->remote_ufrag);
	strcpy(add->ice.remote_pwd, p->remote_pwd);
	add->ext = (struct control_ext){ FAKE_EXT_MID, FAKE_EXT_RID, FAKE_EXT_RRID, FAKE_EXT_LEVEL, FAKE_EXT_TWCC };
	add->payload_count = 2;
	add->payloads[0] = (struct control_payload){ .pt = FAKE_OPUS, .codec = CONTROL_OPUS, .clock = 48000 };
	add->payloads[1] = (struct control_payload){ .pt = FAKE_VP8, .rtx = FAKE_RTX, .codec = CONTROL_VP8, .clock = 90000 };
	add->send_count = 2;
	add->sends[0] = (struct control_send){ .mid = "0", .source = CONTROL_MIC };
	add->sends[1] = (struct control_send){ .mid = "1", .source = CONTROL_CAMERA, .rid_count = 2, .rids = { "q", "h" } };
	add->seat_count = seats;
	for (uint8_t i = 0; i < seats; i++) {
		struct control_seat *seat = &add->seats[i];
		bool voice = i == seats - 1;
		seat->seat = i;
		seat->kind = voice ? CONTROL_SEAT_VOICE : CONTROL_SEAT_PERSON;
		seat->audio = (struct control_seat_media){ .present = true, .ssrc = 1000u + i };
		snprintf(seat->audio.mid, sizeof seat->audio.mid, "a%u", i);
		if (voice)
			continue;
		seat->video = (struct control_seat_media){ .present = true, .ssrc = 2000u + i, .rtx = 3000u + i };
		snprintf(seat->video.mid, sizeof seat->video.mid, "v%u", i);
	}
}

static inline void stage_order(struct stage *s, enum order kind, const void *head, size_t len)
{
	for (uint16_t i = 0; i < s->count; i++)
		order_post(s->post.orders[i], kind, head, len);
}

static inline void fake_allow(struct fake_peer *p, uint8_t on, uint8_t blocked)
{
	const struct order_allowed head = { p->id, on, blocked };
	stage_order(p->stage, ORDER_PEER_ALLOWED, &head, sizeof head);
}

static inline void fake_remove(struct fake_peer *p)
{
	const struct order_peer head = { p->id, 0 };
	stage_order(p->stage, ORDER_PEER_REMOVE, &head, sizeof head);
}

static inline struct fake_peer *fake_create(struct stage *s, uint32_t number, uint16_t worker, uint8_t seats)
{
	static struct control_peer_add add;
	struct fake_peer *p = calloc(1, sizeof *p);
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	p->stage = s;
	p->worker = worker;
	p->number = number;
	p->id = ++s->next_id;
	p->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert(bind(p->fd, (void *)&any, sizeof any) == 0);
	snprintf(p->ufrag, sizeof p->ufrag, "srv%05u", p->id);
	strcpy(p->pwd, "serverpasswordserverpass");
	snprintf(p->remote_ufrag, sizeof p->remote_ufrag, "cli%05u", p->id);
	strcpy(p->remote_pwd, "clientpasswordclientpass");
	p->material.profile = MEDIA_AEAD_AES_128_GCM;
	rand_bytes(p->material.client_key, 4 * sizeof(uint32_t));
	rand_bytes(p->material.server_key, 4 * sizeof(uint32_t));
	assert(media_keys_create_client(&p->keys, &p->material, 64) == 0);
	fake_config(&add, p, seats);
	for (uint16_t i = 0; i < s->count; i++) {
		struct order_config head = { peer_config_create(&add, 0xff) };
		head.config->peer = p->id;
		head.config->number = number;
		head.config->room = s->room;
		head.config->home = s->home;
		order_post(s->post.orders[i], ORDER_PEER_ADD, &head, sizeof head);
	}
	fake_allow(p, 0x0f, 0);
	return p;
}

/* Checks, keys, and the word to the other workers: connected. */
static inline struct fake_peer *fake_join(struct stage *s, uint32_t number, uint16_t worker)
{
	struct fake_peer *p = fake_create(s, number, worker, FAKE_SEATS);
	struct order_keys keys = { .peer = p->id, .keys = p->material };
	const struct order_peer owner = { p->id, worker };
	struct sockaddr_in mine;
	socklen_t len = sizeof mine;

	getsockname(p->fd, (void *)&mine, &len);
	keys.path = (struct path){ .kind = PATH_UDP4, .port = ntohs(mine.sin_port) };
	memcpy(keys.path.ip, &mine.sin_addr, 4);
	stage_settle(s, &p, 1);
	fake_check(p, true);
	stage_settle(s, &p, 1);
	order_post(s->post.orders[worker], ORDER_KEYS, &keys, sizeof keys);
	for (uint16_t i = 0; i < s->count; i++) {
		if (i != worker)
			order_post(s->post.orders[i], ORDER_PEER_OWNER, &owner, sizeof owner);
	}
	stage_settle(s, &p, 1);
	return p;
}

static inline void fake_leave(struct fake_peer *p)
{
	media_keys_destroy(p->keys);
	close(p->fd);
	free(p);
}

/* -- sending -------------------------------------------------------------------------------------------------------------------- */

struct fake_rtp {
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t pt;
	bool marker;
	const char *mid, *rid;
	int level;                      /* below 0: no extension */
	const uint8_t *payload;
	size_t len;
};

static inline void fake_send_rtp(struct fake_peer *p, const struct fake_rtp *r)
{
	uint8_t bytes[1500], level = (uint8_t)(r->level | 0x80), twcc[2];
	struct wr w = wr_to(bytes, sizeof bytes - MEDIA_OVERHEAD);
	struct rtp_header h = { .marker = r->marker, .pt = r->pt, .seq = r->seq, .ts = r->ts, .ssrc = r->ssrc };
	struct rtp_ext_out ext[4];
	size_t n = 0;

	rtp_ext_put_twcc(twcc, p->twcc++);
	ext[n++] = (struct rtp_ext_out){ FAKE_EXT_TWCC, 2, twcc };
	if (r->mid)
		ext[n++] = (struct rtp_ext_out){ FAKE_EXT_MID, (uint8_t)strlen(r->mid), (const uint8_t *)r->mid };
	if (r->rid)
		ext[n++] = (struct rtp_ext_out){ FAKE_EXT_RID, (uint8_t)strlen(r->rid), (const uint8_t *)r->rid };
	if (r->level >= 0)
		ext[n++] = (struct rtp_ext_out){ FAKE_EXT_LEVEL, 1, &level };
	rtp_header_write(&w, &h, ext, n);
	wr_bytes(&w, r->payload, r->len);
	assert(w.ok);
	uint16_t len = (uint16_t)(w.p - bytes);
	assert(media_protect(p->keys, bytes, &len, sizeof bytes) == PKT_OK);
	fake_send_raw(p, bytes, len);
}

static inline void fake_send_audio(struct fake_peer *p, int level)
{
	static const uint8_t opus[40] = { 0x78, 1, 2, 3 };
	uint16_t seq = p->seq[0]++;
	fake_send_rtp(p, &(struct fake_rtp){ .ssrc = 10, .ts = seq * 960u, .seq = seq, .pt = FAKE_OPUS, .mid = "0", .level = level,
		.payload = opus, .len = sizeof opus });
}

/* One frame of one packet in a layer. */
static inline void fake_send_video(struct fake_peer *p, uint8_t layer, bool key)
{
	static const char *const rids[] = { "q", "h" };
	uint16_t seq = p->seq[1 + layer]++;
	uint8_t payload[200] = { 0 };
	struct vp8_descriptor d = { .start = true, .has_picture_id = true, .long_picture_id = true, .picture_id = seq & 0x7fff };
	struct wr w = wr_to(payload, sizeof payload);

	vp8_descriptor_write(&w, &d);
	const uint8_t frame[10] = { key ? 0x10 : 0x11, 2, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0 };
	wr_bytes(&w, frame, sizeof frame);
	fake_send_rtp(p, &(struct fake_rtp){ .ssrc = 20u + layer, .ts = seq * 3000u, .seq = seq, .pt = FAKE_VP8, .marker = true, .mid = "1",
		.rid = rids[layer], .level = -1, .payload = payload, .len = sizeof payload });
}

static inline void fake_send_rtcp(struct fake_peer *p, const uint8_t *bytes, size_t n)
{
	uint8_t sealed[1500];
	uint16_t len = (uint16_t)n;

	memcpy(sealed, bytes, n);
	assert(media_protect_rtcp(p->keys, sealed, &len, sizeof sealed) == PKT_OK);
	fake_send_raw(p, sealed, len);
}

/* -- looking ---------------------------------------------------------------------------------------------------------------------- */

static inline size_t fake_count(const struct fake_peer *p, uint32_t ssrc, uint32_t csrc)
{
	size_t n = 0;
	for (size_t i = 0; i < p->received && i < FAKE_LOG; i++)
		n += (!ssrc || p->log[i].ssrc == ssrc) && (!csrc || p->log[i].csrc == csrc);
	return n;
}

/* Whether the packets of `ssrc` came with one number after the other. */
static inline bool fake_unbroken(const struct fake_peer *p, uint32_t ssrc)
{
	bool any = false;
	uint16_t next = 0;

	for (size_t i = 0; i < p->received && i < FAKE_LOG; i++) {
		if (p->log[i].ssrc != ssrc)
			continue;
		if (any && p->log[i].seq != next)
			return false;
		any = true;
		next = (uint16_t)(p->log[i].seq + 1);
	}
	return any;
}

#endif

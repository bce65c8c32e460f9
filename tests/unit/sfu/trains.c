/* A frame's packets leave as a train: padded, numbered and sealed in order; and whoever vanishes in the middle takes nobody along. */
#include "fake_peer.h"

#include "check.h"
#include "packet_path.h"
#include "rtcp_nack.h"
#include "worker_mail.h"

/* A frame as a browser cuts it: pieces that differ by a few bytes, and one much shorter at the end. */
static const uint16_t pieces[] = { 1104, 1103, 1104, 1101, 1103, 400 };

enum { PIECES = sizeof pieces / sizeof *pieces };

static void send_piece(struct fake_peer *p, size_t i, bool key)
{
	uint16_t seq = p->seq[2]++;
	uint8_t payload[1200] = { 0 };
	struct vp8_descriptor d = { .start = i == 0, .has_picture_id = true, .long_picture_id = true,
		.picture_id = (uint16_t)(seq / PIECES) & 0x7fff };
	struct wr w = wr_to(payload, sizeof payload);

	vp8_descriptor_write(&w, &d);
	const uint8_t frame[10] = { key ? 0x10 : 0x11, 2, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0 };
	wr_bytes(&w, frame, sizeof frame);
	fake_send_rtp(p, &(struct fake_rtp){ .ssrc = 21, .ts = seq / PIECES * 3000u, .seq = seq, .pt = FAKE_VP8, .marker = i + 1 == PIECES,
		.mid = "1", .rid = "h", .level = -1, .payload = payload, .len = pieces[i] });
}

static void send_frame(struct fake_peer *p, bool key)
{
	for (size_t i = 0; i < PIECES; i++)
		send_piece(p, i, key);
}

/* Packets from `first` on in the log of p are one frame, each `padding` longer than it was sent. */
static bool is_frame(const struct fake_peer *p, size_t first, const uint8_t *padding)
{
	if (p->received < first + PIECES)
		return false;
	for (size_t i = 0; i < PIECES; i++) {
		const struct fake_received *r = &p->log[first + i];
		if (r->payload_len != pieces[i] || r->padding_len != padding[i] || r->marker != (i + 1 == PIECES) ||
		    r->seq != (uint16_t)(p->log[first].seq + i) || r->twcc != (uint16_t)(p->log[first].twcc + i))
			return false;
	}
	return true;
}

static const uint8_t padded[PIECES] = { 0, 1, 0, 3, 1, 0 }, plain[PIECES] = { 0 };

static void nack(struct fake_peer *p, const uint16_t *seqs, size_t n)
{
	uint8_t bytes[200];
	struct wr w = wr_to(bytes, sizeof bytes);

	rtcp_nack_write(&w, 1, 2000, seqs, n);
	fake_send_rtcp(p, bytes, (size_t)(w.p - bytes));
}

static void frames(uint16_t workers)
{
	struct stage s;
	char label[100];
#define SAY(text) (snprintf(label, sizeof label, "trains: %s (%u workers)", text, workers), label)

	stage_open(&s, workers);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, (uint16_t)(workers - 1)) };
	send_frame(p[0], true);
	stage_settle(&s, p, 2);
	send_frame(p[0], true);         /* with two workers, the first keyframe asked for the layer */
	stage_settle(&s, p, 2);
	size_t begun = p[1]->received;
	uint64_t trains = stage_counter(&s, COUNTER_tx_trains), bytes = stage_counter(&s, COUNTER_tx_padding_bytes);
	send_frame(p[0], false);
	stage_settle(&s, p, 2);
	check(SAY("all pieces come, padded to one length but the last"), is_frame(p[1], begun, padded));
	check(SAY("in one message"), stage_counter(&s, COUNTER_tx_trains) == trains + 1 &&
		stage_counter(&s, COUNTER_tx_padding_bytes) == bytes + 5);

	const struct fake_received *first = &p[1]->log[begun];
	const uint16_t missed[] = { first[0].seq, first[1].seq, first[3].seq };
	size_t before = p[1]->received;
	nack(p[1], missed, 3);
	stage_settle(&s, p, 2);
	const struct fake_received *again = &p[1]->log[before];
	check(SAY("what is sent again may be a train too"), p[1]->received == before + 3 && stage_counter(&s, COUNTER_tx_trains) == trains + 2 &&
		again[0].osn == missed[0] && again[1].osn == missed[1] && again[2].osn == missed[2] && again[1].padding_len == 1 &&
		again[1].payload_len == 2 + pieces[1] && again[2].payload_len == 2 + pieces[3] && again[0].pt == FAKE_RTX);
	check(SAY("no index is used twice"), p[1]->replayed == 0 && p[1]->forged == 0 && stage_counter(&s, COUNTER_srtp_index_refused) == 0);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

static void switched_off(void)
{
	struct stage s;

	stage_open_with(&s, 1, true);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	send_frame(p[0], true);
	stage_settle(&s, p, 2);
	check("trains: switched off, nothing is padded", is_frame(p[1], 0, plain) && stage_counter(&s, COUNTER_tx_trains) == 0);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

/* Sound and pictures of the same receive batches: each track is a train of its own, in the order of each. */
static void mixed(void)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[3] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0), fake_join(&s, 3, 0) };
	send_frame(p[0], true);
	stage_settle(&s, p, 3);
	for (int i = 0; i < 20; i++) {
		fake_send_audio(p[0], 30);
		for (size_t k = 0; k < PIECES; k++) {
			send_piece(p[0], k, false);
			if (k == 2)
				fake_send_audio(p[0], 30);
		}
		fake_send_audio(p[2], 30);
		worker_turn(s.workers[0], 0);
		for (size_t k = 0; k < 3; k++)
			fake_drain(p[k]);
	}
	stage_settle(&s, p, 3);
	check("trains: sound and pictures in one receive batch", fake_count(p[1], 2000, 1) == 21 * PIECES && fake_count(p[1], 0, 3) == 20 &&
		fake_unbroken(p[1], 2000) && fake_unbroken(p[1], 1000) && fake_unbroken(p[2], 2000));
	check("trains: everybody got all of it", fake_count(p[2], 0, 1) == 21 * PIECES + 40 && p[1]->replayed + p[2]->replayed == 0);
	for (size_t i = 0; i < 3; i++)
		fake_leave(p[i]);
	stage_close(&s);
}

/* One receive batch by hand: what happens between its packets is the test's choice. */
struct batch { struct packet *packets[UDP_BATCH]; unsigned count; };

static struct batch receive(struct worker *w)
{
	struct batch b;
	bool more;

	b.count = udp_socket_receive(w->udp[0], w->pool, w->now_us, &w->counters, b.packets, &more);
	return b;
}

static void work(struct worker *w, struct batch *b, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to && i < b->count; i++) {
		packet_path_receive(w, b->packets[i]);
		packet_unref(b->packets[i]);
	}
}

/* Who of the three vanishes while a frame of the first is half received. */
static void vanishes(size_t who, const char *name)
{
	struct stage s;
	bool right;

	stage_open(&s, 1);
	struct worker *w = s.workers[0];
	struct fake_peer *p[3] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0), fake_join(&s, 3, 0) };
	send_frame(p[0], true);
	stage_settle(&s, p, 3);
	size_t had[3] = { p[0]->received, p[1]->received, p[2]->received };
	send_frame(p[0], false);
	struct batch b = receive(w);
	work(w, &b, 0, PIECES / 2);
	fake_remove(p[who]);
	worker_take_orders(w);
	work(w, &b, PIECES / 2, PIECES);
	worker_flush(w);
	for (size_t i = 0; i < 3; i++)
		fake_drain(p[i]);
	if (who == 0)                   /* the publisher: what was under way is gone with it, and nothing of it is left behind */
		right = p[1]->received == had[1] && p[2]->received == had[2];
	else
		right = p[who]->received == had[who] && is_frame(p[3 - who], had[3 - who], padded);
	check(name, b.count == PIECES && right);
	send_frame(p[0], false);
	stage_settle(&s, p, 3);
	check("trains: ...and it goes on for the others", who == 0 || is_frame(p[3 - who], had[3 - who] + PIECES, padded));
	for (size_t i = 0; i < 3; i++) {
		if (i != who)
			fake_remove(p[i]);
		fake_leave(p[i]);
	}
	stage_settle(&s, p, 0);
	check("trains: every packet is back in the pool", w->pool->available + UDP_BATCH >= w->pool->count);
	stage_close(&s);
}

int main(void)
{
	assert(media_keys_library_start() == 0);
	frames(1);
	frames(2);
	switched_off();
	mixed();
	vanishes(1, "trains: a subscriber vanishes between two packets of a train");
	vanishes(2, "trains: the last subscriber does");
	vanishes(0, "trains: the publisher does");
	return check_done();
}

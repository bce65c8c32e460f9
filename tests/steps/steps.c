/*
 * What each step of a packet's way costs, in nanoseconds of CPU: a real worker in this thread, fake peers on loopback.
 *
 *	build/release/hopkin-steps [SUBSCRIBERS] [ROUNDS]
 *
 * Each figure is the median of the rounds, of this thread's CPU time, the kernel's part included. What is sent is dropped by a filter at the
 * receiving socket, so the loopback's way in counts as far as that filter. The bare forwarder opens, copies, seals and sends the same
 * packets to the same sockets and does nothing else: no decision, no numbers, no extension, no history. Compare figures of one run.
 */
#include <linux/filter.h>
#include <time.h>

#include "fake_peer.h"
#include "gcm_sender.h"

enum { PIECES = 8, PIECE = 1100, SOUND = 80, MOST = 400, MOST_ROUNDS = 2000, WARM = 20 };

static unsigned subscribers = 50, rounds = 200;
static struct stage stage;
static struct fake_peer *publisher, *viewers[MOST];
static int64_t sample[MOST_ROUNDS];

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The median of what `work` takes, over the `count` things that it does; `sends` says that these are packets sent. */
static double measure(void (*prepare)(void), void (*work)(void), unsigned count, bool sends)
{
	uint64_t before = stage_counter(&stage, COUNTER_tx_packets);

	for (unsigned i = 0; i < rounds + WARM; i++) {
		if (prepare)
			prepare();
		int64_t from = cpu_ns();
		work();
		if (i >= WARM)
			sample[i - WARM] = cpu_ns() - from;
	}
	uint64_t sent = stage_counter(&stage, COUNTER_tx_packets) - before;
	if (sends && sent < (uint64_t)count * (rounds + WARM)) {
		fprintf(stderr, "hopkin-steps: only %llu packets of %llu were sent\n", (unsigned long long)sent,
			(unsigned long long)count * (rounds + WARM));
		exit(1);
	}
	qsort(sample, rounds, sizeof *sample, by_size);
	return (double)sample[rounds / 2] / count;
}

/* -- what is received --------------------------------------------------------------------------------------------------------- */

static bool keyframe = true;

static void send_piece(unsigned i)
{
	uint16_t seq = publisher->seq[2]++;
	uint8_t payload[PIECE] = { 0 };
	struct vp8_descriptor d = { .start = i == 0, .has_picture_id = true, .long_picture_id = true, .picture_id = seq / PIECES & 0x7fff };
	struct wr w = wr_to(payload, sizeof payload);

	vp8_descriptor_write(&w, &d);
	const uint8_t frame[10] = { keyframe ? 0x10 : 0x11, 2, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0 };
	wr_bytes(&w, frame, sizeof frame);
	/* as Chromium cuts: by a byte more or less */
	fake_send_rtp(publisher, &(struct fake_rtp){ .ssrc = 21, .ts = seq / PIECES * 3000u, .seq = seq, .pt = FAKE_VP8, .marker = i + 1 == PIECES,
		.mid = seq < 50 ? "1" : NULL, .rid = seq < 50 ? "h" : NULL, .level = -1, .payload = payload, .len = PIECE - i % 2 });
}

static void send_frame(void)
{
	for (unsigned i = 0; i < PIECES; i++)
		send_piece(i);
}

static unsigned next_piece;

static void send_one(void)
{
	send_piece(next_piece++ % PIECES);
}

static void send_sound(void)
{
	static const uint8_t opus[SOUND] = { 0x78 };
	uint16_t seq = publisher->seq[0]++;

	fake_send_rtp(publisher, &(struct fake_rtp){ .ssrc = 10, .ts = seq * 960u, .seq = seq, .pt = FAKE_OPUS, .mid = seq < 50 ? "0" : NULL,
		.level = 30, .payload = opus, .len = sizeof opus });
}

static void turn(void)
{
	worker_turn(stage.workers[0], 0);
}

/* -- the same without deciding anything ------------------------------------------------------------------------------------------ */

static struct bare {
	struct gcm_sender *gcm[MOST];
	struct media_keys *keys;
	struct udp_batch *batch;
	struct packet *packets[UDP_BATCH];
	unsigned count;
	uint64_t index;
	bool trains;
} bare;

static void bare_open(void)
{
	struct worker *w = stage.workers[0];
	uint8_t key[GCM_KEY_BYTES] = { 1 }, salt[GCM_SALT_BYTES] = { 2 };

	for (unsigned i = 0; i < subscribers; i++) {
		key[1] = (uint8_t)i;
		assert(gcm_sender_create(&bare.gcm[i], key, salt) == 0);
	}
	assert(media_keys_create(&bare.keys, &publisher->material, 4) == 0);
	assert(udp_batch_create(&bare.batch, w->udp, 1, &w->counters) == 0);
}

static void bare_receive(void)
{
	struct worker *w = stage.workers[0];
	bool more;

	bare.count = udp_socket_receive(w->udp[0], w->pool, 0, &w->counters, bare.packets, &more);
}

static void bare_unprotect(void)
{
	for (unsigned i = 0; i < bare.count; i++)
		media_unprotect(bare.keys, bare.packets[i]);
}

static void bare_drop(void)
{
	for (unsigned i = 0; i < bare.count; i++)
		packet_unref(bare.packets[i]);
	bare.count = 0;
}

static void bare_send(unsigned to, const uint16_t *len, unsigned count)
{
	const struct path *path = &((const struct peer *)map_get_u32(stage.workers[0]->peers, viewers[to]->id))->path;

	if (bare.trains) {
		udp_batch_add_train(bare.batch, path, len, count);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		udp_batch_add(bare.batch, path, len[i]);
}

static void bare_forward(void)
{
	bare_receive();
	bare_unprotect();
	for (unsigned to = 0; to < subscribers; to++) {
		uint16_t len[UDP_BATCH];
		unsigned room;
		uint8_t *slots = udp_batch_slots(bare.batch, &room);
		assert(bare.count <= room);
		for (unsigned i = 0; i < bare.count; i++) {
			uint8_t *slot = slots + (size_t)i * UDP_SLOT_ROOM;
			memcpy(slot, bare.packets[i]->data, bare.packets[i]->len);
			gcm_sender_seal(bare.gcm[to], slot, 12 + 8, bare.packets[0]->len, bare.index + i);
			len[i] = (uint16_t)(bare.packets[0]->len + GCM_TAG_BYTES);
		}
		bare_send(to, len, bare.count);
	}
	udp_batch_send(bare.batch);
	bare.index += bare.count;
	bare_drop();
}

/* -- steps by themselves ------------------------------------------------------------------------------------------------------------- */

static uint16_t seal_len;
static uint8_t seal_bytes[UDP_SLOT_ROOM] = { 0x90, 96, [12] = 0xbe, 0xde, 0, 1 };

static void frame_and_drop(void)
{
	bare_drop();
	send_frame();
}

static void frame_received(void)
{
	bare_drop();
	send_frame();
	bare_receive();
}

static void seal_many(void)
{
	for (unsigned i = 0; i < 100; i++)
		gcm_sender_seal(bare.gcm[0], seal_bytes, 20, seal_len, bare.index++);
}

static void send_many(void)
{
	for (unsigned to = 0; to < subscribers; to++) {
		uint16_t len[PIECES];
		unsigned room;
		udp_batch_slots(bare.batch, &room);
		for (unsigned i = 0; i < PIECES; i++)
			len[i] = seal_len;
		bare_send(to, len, bare.trains ? PIECES : 1);
	}
	udp_batch_send(bare.batch);
}

/* -- all of it ------------------------------------------------------------------------------------------------------------------------ */

static void deaf(const struct fake_peer *p)
{
	struct sock_filter drop = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog program = { 1, &drop };

	assert(setsockopt(p->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
}

static void say(const char *what, double ns)
{
	printf("%8.0f ns  %s\n", ns, what);
}

static void begin(bool no_trains)
{
	stage_open_with(&stage, 1, no_trains);
	publisher = fake_join(&stage, 1, 0);
	for (unsigned i = 0; i < subscribers; i++)
		viewers[i] = fake_join(&stage, 2 + i, 0);
	for (unsigned i = 0; i < subscribers; i++)
		deaf(viewers[i]);
	keyframe = true;
	send_frame();
	send_sound();
	turn();
	keyframe = false;
	/* Every packet of the pool has been used once: the first touch of its memory is not what is measured. */
	for (unsigned i = 0; i < stage.workers[0]->pool->count; i += PIECES) {
		send_frame();
		turn();
	}
}

static void end(void)
{
	for (unsigned i = 0; i < subscribers; i++)
		fake_leave(viewers[i]);
	fake_leave(publisher);
	stage_close(&stage);
}

/* A frame to nobody is what it costs to receive, open and take it. */
static double take(void)
{
	unsigned all = subscribers;

	subscribers = 0;
	begin(false);
	double ns = measure(send_frame, turn, PIECES, false);
	end();
	subscribers = all;
	return ns;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		subscribers = (unsigned)atoi(argv[1]);
	if (argc > 2)
		rounds = (unsigned)atoi(argv[2]);
	if (!subscribers || subscribers > MOST || !rounds || rounds > MOST_ROUNDS) {
		fprintf(stderr, "usage: hopkin-steps [SUBSCRIBERS up to %d] [ROUNDS up to %d]\n", MOST, MOST_ROUNDS);
		return 2;
	}
	assert(media_keys_library_start() == 0);
	unsigned sent = subscribers;
	printf("one publisher, %u subscribers, frames of %u packets of %u bytes\n", subscribers, PIECES, PIECE);
	double taken = take();

	begin(false);
	double frame = measure(send_frame, turn, PIECES * sent, true);
	double lone = measure(send_one, turn, sent, true), sound = measure(send_sound, turn, sent, true);
	bare_open();
	bare.trains = true;
	double bare_frame = measure(send_frame, bare_forward, PIECES * sent, true);
	double receive = measure(frame_and_drop, bare_receive, PIECES, false), unprotect = measure(frame_received, bare_unprotect, PIECES, false);
	bare_drop();
	seal_len = PIECE + 20;
	double seal = measure(NULL, seal_many, 100, false), train = measure(NULL, send_many, PIECES * sent, true);
	bare.trains = false;
	double single = measure(NULL, send_many, sent, true);
	seal_len = SOUND + 24;
	double seal_sound = measure(NULL, seal_many, 100, false), single_sound = measure(NULL, send_many, sent, true);
	end();
	begin(true);
	double without = measure(send_frame, turn, PIECES * sent, true);
	end();

	say("packet of a frame received, opened, taken in, for nobody: all of it", taken);
	say("  of that: received", receive);
	say("  of that: opened", unprotect);
	say("forwarded packet of a frame: all of it", frame);
	say("  of that: sealed", seal);
	say("  of that: sent, in a train", train);
	say("  of that: decided, rewritten, written, its share of the receiving, timers", frame - seal - train);
	say("bare forwarder, the same frame", bare_frame);
	say("forwarded packet of a frame without trains", without);
	say("forwarded packet of a picture that comes alone", lone);
	say("  of that: sent", single);
	say("forwarded packet of sound that comes alone", sound);
	say("  of that: sealed", seal_sound);
	say("  of that: sent", single_sound);
	printf("%8.0f %%   of the bare forwarder's packets per CPU-second\n", 100 * bare_frame / frame);
	return 0;
}

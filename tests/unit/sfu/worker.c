/* Workers driven by hand with fake peers on loopback: what is forwarded, to whom, under which numbers, and what is not. */
#include "fake_peer.h"

#include <malloc.h>

#include "check.h"
#include "media_keys.h"
#include "rtcp_nack.h"
#include "rtcp_psfb.h"

enum { MIC = 1 << CONTROL_MIC, CAMERA = 1 << CONTROL_CAMERA };

static void sound_passes(void)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[3] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	for (int i = 0; i < 20; i++) {
		fake_send_audio(p[0], 30);
		stage_settle(&s, p, 2);
	}
	const struct fake_received *r = &p[1]->log[0];
	check("worker: sound reaches the other", fake_count(p[1], 1000, 1) == 20);
	check("worker: nobody hears themselves", p[0]->received == 0);
	check("worker: SSRC, payload type and CSRC are the seat's and the speaker's", r->ssrc == 1000 && r->pt == FAKE_OPUS && r->csrc == 1);
	check("worker: the level travels along", r->has_level && r->level == 30);
	check("worker: numbers follow each other", fake_unbroken(p[1], 1000));
	check("worker: transport feedback comes back", (stage_run_ms(&s, p, 2, 150), p[0]->twccs > 0));

	fake_allow(p[0], 0x0f, MIC);
	stage_settle(&s, p, 2);
	size_t before = p[1]->received;
	for (int i = 0; i < 10; i++)
		fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: a muted microphone is dropped here", p[1]->received == before && stage_counter(&s, COUNTER_rtp_blocked) == 10);
	fake_allow(p[0], 0x0f & ~MIC, 0);
	stage_settle(&s, p, 2);
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: so is one that is off", p[1]->received == before && stage_counter(&s, COUNTER_rtp_off) == 1);
	fake_allow(p[0], 0x0f, 0);
	stage_settle(&s, p, 2);
	for (int i = 0; i < 5; i++)
		fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: allowed again it goes on without a gap", p[1]->received == before + 5 && fake_unbroken(p[1], 1000));

	fake_remove(p[0]);
	stage_settle(&s, p, 2);
	before = p[1]->received;
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: removed, nothing of them passes", p[1]->received == before && stage_counter(&s, COUNTER_srtp_no_path) > 0);
	size_t gone = p[0]->received;
	fake_send_audio(p[1], 30);
	stage_settle(&s, p, 2);
	check("worker: and nothing comes to them", p[0]->received == gone);
	check("worker: no index was used twice", p[1]->replayed == 0 && p[1]->forged == 0);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

/* The first keyframe of somebody's first layer is shown, without another being asked for. */
static void first_keyframe(void)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	for (int i = 0; i < 4; i++) {
		fake_send_video(p[0], 0, i == 0);
		stage_settle(&s, p, 2);
	}
	check("worker: the very first keyframe is forwarded", fake_count(p[1], 2000, 1) == 4 && p[1]->log[0].vp8_key);
	check("worker: and no other is asked for", p[0]->plis == 0);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

static void send_pli(struct fake_peer *p, uint32_t ssrc)
{
	uint8_t bytes[64];
	struct wr w = wr_to(bytes, sizeof bytes);
	rtcp_pli_write(&w, 1, ssrc);
	fake_send_rtcp(p, bytes, (size_t)(w.p - bytes));
}

static void send_nack(struct fake_peer *p, uint32_t ssrc, const uint16_t *seqs, size_t n)
{
	uint8_t bytes[1400];
	struct wr w = wr_to(bytes, sizeof bytes);
	rtcp_nack_write(&w, 1, ssrc, seqs, n);
	fake_send_rtcp(p, bytes, (size_t)(w.p - bytes));
}

static void pictures_pass(uint16_t workers)
{
	struct stage s;
	char label[100];
#define SAY(text) (snprintf(label, sizeof label, "worker: %s (%u workers)", text, workers), label)

	stage_open(&s, workers);
	uint16_t other = (uint16_t)(workers - 1);
	struct fake_peer *p[3] = { fake_join(&s, 1, 0), fake_join(&s, 2, other), fake_join(&s, 3, 0) };

	fake_send_video(p[0], 1, false);
	stage_run_ms(&s, p, 3, 20);
	check(SAY("a picture does not begin without a keyframe"), fake_count(p[1], 2000, 0) == 0);
	fake_send_video(p[0], 1, false);
	stage_run_ms(&s, p, 3, 400);
	check(SAY("the publisher is asked for one"), p[0]->plis > 0 && p[0]->pli_ssrc == 21);
	for (int i = 0; i < 10; i++) {
		fake_send_video(p[0], 0, i == 0);
		fake_send_video(p[0], 1, i == 0);
		stage_settle(&s, p, 3);
	}
	check(SAY("then it flows, in one layer"), fake_count(p[1], 2000, 1) == 10 && fake_unbroken(p[1], 2000));
	check(SAY("to the third as well"), fake_count(p[2], 2000, 1) == 10);
	check(SAY("and begins with the keyframe"), p[1]->log[0].vp8_key);

	uint16_t seq = p[1]->log[5].seq;
	send_nack(p[1], 2000, &seq, 1);
	stage_settle(&s, p, 3);
	const struct fake_received *r = &p[1]->log[p[1]->received - 1];
	check(SAY("what is missed comes again in the RTX stream"), r->ssrc == 3000 && r->pt == FAKE_RTX && r->osn == seq &&
		r->ts == p[1]->log[5].ts && r->picture_id == p[1]->log[5].picture_id);

	uint16_t seqs[256];
	for (size_t i = 0; i < 256; i++)
		seqs[i] = (uint16_t)(p[1]->log[0].seq + i % 10);
	size_t before = p[1]->received;
	for (int i = 0; i < 40; i++) {
		send_nack(p[1], 2000, seqs, 256);
		stage_settle(&s, p, 3);
	}
	check(SAY("a flood of NACKs is bounded"), p[1]->received - before <= 250 && stage_counter(&s, COUNTER_rtx_limited) > 0);

	size_t plis = p[0]->plis;
	for (int i = 0; i < 200; i++)
		send_pli(p[1], 2000);
	stage_run_ms(&s, p, 3, 500);
	check(SAY("a flood of PLIs becomes a few"), p[0]->plis - plis <= 3 && p[0]->plis > plis);

	check(SAY("sender reports come, of what flows"), (stage_run_ms(&s, p, 3, 1100), p[1]->srs > 0));

	/* Seats change hands: two people, one seat for pictures here. */
	size_t switches = 0;
	for (int i = 0; i < 10; i++) {
		struct order_view view = { .peer = p[1]->id, .height_count = 3, .heights = { 360, 360, 0 }, .pin_count = 2 };
		view.pins[0] = i % 2 ? 1 : 3;
		view.pins[1] = i % 2 ? 3 : 1;
		order_post(s.post.orders[other], ORDER_PEER_VIEW, &view, sizeof view);
		stage_settle(&s, p, 3);
		for (int k = 0; k < 6; k++) {
			fake_send_video(p[0], 1, k == 2);
			fake_send_video(p[2], 1, k == 2);
			fake_send_audio(p[0], 40);
			fake_send_audio(p[2], 40);
			stage_settle(&s, p, 3);
		}
		switches++;
	}
	check(SAY("ten seat changes: no index is used twice"), switches == 10 && p[1]->replayed == 0 && p[1]->forged == 0);
	check(SAY("the worker never tried"), stage_counter(&s, COUNTER_srtp_index_refused) == 0);
	for (size_t i = 0; i < 3; i++)
		fake_leave(p[i]);
	stage_close(&s);
}

static void strangers_and_floods(void)
{
	struct stage s;
	uint8_t junk[100] = { 0x80, FAKE_OPUS };

	stage_open(&s, 1);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	struct fake_peer *stranger = fake_create(&s, 3, 0, FAKE_SEATS);

	stage_settle(&s, p, 2);
	fake_send_raw(stranger, junk, sizeof junk);
	junk[0] = 22;                   /* DTLS */
	junk[1] = 254;
	fake_send_raw(stranger, junk, sizeof junk);
	stage_settle(&s, p, 2);
	check("worker: RTP and DTLS from an address that no check validated: nothing", stage_counter(&s, COUNTER_srtp_no_path) == 1 &&
		stage_counter(&s, COUNTER_dtls_no_path) + stage_counter(&s, COUNTER_rx_unknown_kind) == 1 &&
		recv(stranger->fd, junk, sizeof junk, MSG_DONTWAIT) < 0);
	strcpy(stranger->pwd, "wrongwrongwrongwrongwrong");
	fake_check(stranger, true);
	stage_settle(&s, p, 2);
	check("worker: a check with a wrong password is not answered", recv(stranger->fd, junk, sizeof junk, MSG_DONTWAIT) < 0 &&
		stage_counter(&s, COUNTER_stun_bad_integrity) == 1);

	memset(junk, 0, sizeof junk);
	junk[0] = 0x80;
	junk[1] = FAKE_OPUS;
	for (int i = 0; i < 50; i++) {
		junk[3] = (uint8_t)i;
		fake_send_raw(p[0], junk, sizeof junk);
	}
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: forged packets change nothing: the next true one passes", stage_counter(&s, COUNTER_srtp_forged) == 50 && p[1]->received == 1);

	static const uint8_t opus[20] = { 0x78 };
	for (uint32_t i = 0; i < 40; i++) {
		fake_send_rtp(p[0], &(struct fake_rtp){ .ssrc = 5000 + i, .seq = 1, .pt = FAKE_OPUS, .mid = "0", .level = -1, .payload = opus, .len = 20 });
		stage_settle(&s, p, 2);
	}
	check("worker: at most twelve SSRCs a section", stage_counter(&s, COUNTER_rtp_ssrc_bound) == 12 &&
		stage_counter(&s, COUNTER_rtp_ssrc_limit) == 29);
	fake_send_rtp(p[0], &(struct fake_rtp){ .ssrc = 9000, .seq = 1, .pt = FAKE_OPUS, .level = -1, .payload = opus, .len = 20 });
	fake_send_rtp(p[0], &(struct fake_rtp){ .ssrc = 10, .seq = 999, .pt = FAKE_OPUS, .mid = "1", .level = -1, .payload = opus, .len = 20 });
	stage_settle(&s, p, 2);
	check("worker: an SSRC that says nothing of its section is dropped", stage_counter(&s, COUNTER_rtp_unknown_ssrc) == 1);
	check("worker: and one that claims another section", stage_counter(&s, COUNTER_rtp_ssrc_collision) == 1);
	fake_leave(stranger);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

static void replaced(void)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[3] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	p[2] = fake_join(&s, 1, 0);             /* the same person's new connection */
	fake_send_audio(p[2], 30);
	stage_settle(&s, p, 3);
	check("worker: a new connection of a participant is heard in the same seat", fake_count(p[1], 1000, 1) == 2 && fake_unbroken(p[1], 1000));
	fake_remove(p[0]);
	stage_settle(&s, p, 3);
	fake_send_audio(p[2], 30);
	stage_settle(&s, p, 3);
	check("worker: and stays when the old one goes", fake_count(p[1], 1000, 1) == 3 && p[1]->replayed == 0);
	for (size_t i = 0; i < 3; i++)
		fake_leave(p[i]);
	stage_close(&s);
}

static void landed_elsewhere(void)
{
	struct stage s;

	stage_open(&s, 2);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 1) };
	p[0]->worker = 1;               /* its packets meet the other worker from now on */
	fake_check(p[0], true);
	stage_settle(&s, p, 2);
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: what lands elsewhere is handed to the peer's own worker", fake_count(p[1], 1000, 1) == 1);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

/* A browser that nominates two paths sends on one of them: that one is answered on. */
static void media_shows_the_path(void)
{
	struct stage s;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	stage_open(&s, 1);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	int first = p[1]->fd, second = socket(AF_INET, SOCK_DGRAM, 0);
	assert(bind(second, (void *)&any, sizeof any) == 0);

	p[1]->fd = second;
	fake_check(p[1], true);
	stage_settle(&s, p, 2);
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: the newest nomination is sent to", p[1]->received == 1);
	p[1]->fd = first;
	fake_send_audio(p[1], 30);
	stage_run_ms(&s, p, 2, 600);
	fake_send_audio(p[1], 30);
	stage_settle(&s, p, 2);
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: until media comes from the other one alone", p[1]->received == 2);
	close(second);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

/* A participant who writes another's address on a check does not get that address's packets. */
static void stolen_path(void)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[2] = { fake_join(&s, 1, 0), fake_join(&s, 2, 0) };
	struct fake_peer *thief = fake_create(&s, 3, 0, FAKE_SEATS);
	int own = thief->fd;

	stage_settle(&s, &thief, 1);
	thief->fd = p[0]->fd;
	fake_check(thief, true);
	thief->fd = own;
	for (int i = 0; i < 3; i++)
		worker_turn(s.workers[0], 0);   /* nobody answers the server's check for the thief */
	fake_send_audio(p[0], 30);
	stage_settle(&s, p, 2);
	check("worker: a spoofed check does not take another's path away", fake_count(p[1], 1000, 1) == 1);
	fake_leave(thief);
	fake_leave(p[0]);
	fake_leave(p[1]);
	stage_close(&s);
}

static void memory(void)
{
	enum { PEOPLE = 40, SEATS = 13 };
	struct stage s;
	struct fake_peer *p[PEOPLE];

	stage_open(&s, 1);
	struct mallinfo2 before = mallinfo2();
	for (uint32_t i = 0; i < PEOPLE; i++)
		p[i] = fake_join(&s, i + 1, 0);
	stage_settle(&s, p, PEOPLE);
	size_t fakes = PEOPLE * sizeof(struct fake_peer);
	size_t each = (mallinfo2().uordblks - before.uordblks - fakes) / PEOPLE;
#ifdef HOPKIN_SANITIZED
	(void)each;                     /* another malloc: it does not say */
#else
	printf("# %zu bytes a participant, with %u seats and the fake peer's own SRTP context\n", each, FAKE_SEATS);
	check("worker: a participant costs less than 120 kB", each < 120000);
#endif
	for (uint32_t i = 0; i < PEOPLE; i++) {
		fake_remove(p[i]);
		stage_settle(&s, p, 0);
		fake_leave(p[i]);
	}
	check("worker: the room goes with the last of them", map_count(s.workers[0]->rooms) == 0 && map_count(s.workers[0]->paths) == 0);
	/* The socket keeps a batch ready to be read into. */
	check("worker: every packet is back in the pool", s.workers[0]->pool->available + UDP_BATCH >= s.workers[0]->pool->count);
	stage_close(&s);
}

int main(void)
{
	assert(media_keys_library_start() == 0);
	sound_passes();
	first_keyframe();
	pictures_pass(1);
	pictures_pass(2);
	strangers_and_floods();
	replaced();
	landed_elsewhere();
	stolen_path();
	media_shows_the_path();
	memory();
	return check_done();
}

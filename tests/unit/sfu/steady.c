/* Ten thousand packets forwarded, reported on and sent again by two workers without one allocation: theirs, libsrtp2's or OpenSSL's. */
#include "fake_peer.h"

#include <openssl/crypto.h>

#include "check.h"
#include "rtcp_nack.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

enum { VIEWERS = 4, PEOPLE = VIEWERS + 1, PIECES = 6, FRAMES = 600 };

static bool at_work;            /* a worker has its turn */
static unsigned allocations;

void *__wrap_malloc(size_t size)
{
	allocations += at_work;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations += at_work;
	return __real_calloc(count, size);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	return malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
	allocations += at_work;
	return realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
	free(old);
}

static void work(struct stage *s, struct fake_peer **p)
{
	at_work = true;
	for (uint16_t i = 0; i < s->count; i++)
		worker_turn(s->workers[i], 0);
	at_work = false;
	for (size_t i = 0; i < PEOPLE; i++)
		fake_drain(p[i]);
}

static void nack_newest(struct fake_peer *p)
{
	size_t at = p->received;
	uint8_t bytes[64];
	struct wr w = wr_to(bytes, sizeof bytes);

	while (at && p->log[(at - 1) % FAKE_LOG].ssrc != 2000)
		at--;
	if (!at)
		return;
	const struct fake_received *r = &p->log[(at - 1) % FAKE_LOG];
	rtcp_nack_write(&w, 1, 2000, &r->seq, 1);
	fake_send_rtcp(p, bytes, (size_t)(w.p - bytes));
}

/* One frame and 20 ms of sound of the first person, and a little feedback. */
static void scene(struct stage *s, struct fake_peer **p, unsigned frame)
{
	for (unsigned i = 0; i < PIECES; i++)
		fake_send_video(p[0], 1, i == 0 && frame % 20 == 0);
	fake_send_audio(p[0], 30);
	work(s, p);
	if (frame % 8 == 0)
		nack_newest(p[1 + frame / 8 % VIEWERS]);
	if (frame % 50 == 0)
		fake_check(p[frame / 50 % PEOPLE], false);
	work(s, p);
}

int main(void)
{
	struct stage s;
	struct fake_peer *p[PEOPLE];

	assert(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1);
	assert(media_keys_library_start() == 0);
	stage_open(&s, 2);
	at_work = true;
	for (uint16_t i = 0; i < PEOPLE; i++)
		p[i] = fake_join(&s, i + 1, i % 2);
	at_work = false;
	for (unsigned i = 0; i < 100; i++)
		scene(&s, p, i);
	stage_run_ms(&s, p, PEOPLE, 1300);      /* the first reports of each stream make its records */
	unsigned before = allocations;
	uint64_t sent = stage_counter(&s, COUNTER_fwd_sent), again = stage_counter(&s, COUNTER_rtx_sent);
	for (unsigned i = 1; i <= FRAMES; i++)
		scene(&s, p, i);
	sent = stage_counter(&s, COUNTER_fwd_sent) - sent;
	printf("# %llu packets forwarded, %llu sent again, %u allocations before that, %u meanwhile\n", (unsigned long long)sent,
		(unsigned long long)(stage_counter(&s, COUNTER_rtx_sent) - again), before, allocations - before);
	check("steady: all of it was forwarded, some of it twice", sent == (uint64_t)FRAMES * VIEWERS * (PIECES + 1) &&
		stage_counter(&s, COUNTER_rtx_sent) > again);
	check("steady: joining did allocate, and was seen to", before > 0);
	check("steady: nothing was allocated for it", allocations == before);
	for (size_t i = 0; i < PEOPLE; i++)
		fake_leave(p[i]);
	stage_close(&s);
	return check_done();
}

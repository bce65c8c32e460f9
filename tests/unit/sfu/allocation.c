/* Two people join, send and leave, with the nth allocation of their worker failing, for every n: nothing breaks, nothing leaks. */
#include "fake_peer.h"

#include "check.h"
#include "media_keys.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long left = -1;          /* allocations until one fails; negative: none does */

/* libsrtp's only allocator: srtp_create() of 2.5 crashes when one of its own fails half-way, so those are passed over. */
void *srtp_crypto_alloc(size_t size);

static bool fails(const void *caller)
{
	const char *srtp = (const char *)(uintptr_t)srtp_crypto_alloc;

	if ((const char *)caller >= srtp && (const char *)caller < srtp + 256)
		return false;
	return left > 0 && --left == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __real_calloc(count, size);
}

/* True: the allocation that was to fail did. */
static bool scene(long nth)
{
	struct stage s;

	stage_open(&s, 1);
	struct fake_peer *p[2] = { fake_create(&s, 1, 0, FAKE_SEATS), fake_create(&s, 2, 0, FAKE_SEATS) };
	struct order_keys keys[2] = { { .peer = p[0]->id, .keys = p[0]->material }, { .peer = p[1]->id, .keys = p[1]->material } };

	left = nth;
	stage_settle(&s, p, 2);
	for (int i = 0; i < 2; i++) {
		fake_check(p[i], true);
		keys[i].path = (struct path){ .kind = PATH_UDP4, .port = 9 };
		order_post(s.post.orders[0], ORDER_KEYS, &keys[i], sizeof keys[i]);
	}
	stage_settle(&s, p, 2);
	long was = left;
	left = -1;                      /* what the fake peer's own library needs is not the worker's */
	for (int i = 0; i < 3; i++) {
		fake_send_audio(p[0], 30);
		fake_send_video(p[0], 0, true);
	}
	left = was;
	for (int i = 0; i < 3; i++)
		worker_turn(s.workers[0], 0);
	bool failed = left == 0;
	left = -1;
	fake_drain(p[1]);
	for (int i = 0; i < 2; i++) {
		fake_remove(p[i]);
		fake_leave(p[i]);
	}
	stage_settle(&s, p, 0);
	stage_close(&s);
	return failed;
}

int main(void)
{
	long n = 1;

	assert(media_keys_library_start() == 0);
	while (n < 2000 && scene(n))
		n++;
	printf("# %ld allocations\n", n - 1);
	check("allocation: two people join and send, any one allocation failing", n > 10 && n < 2000);
	return check_done();
}

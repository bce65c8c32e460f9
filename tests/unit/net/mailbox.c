/* The ring between threads: order, bounds, sleep and waking, with many producers (run under TSan too). */
#include "mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "check.h"

enum { PRODUCERS = 6, EACH = 20000 };

struct note { uint32_t producer, number; };

static struct mailbox *box;

static void *produce(void *arg)
{
	struct note note = { .producer = (uint32_t)(uintptr_t)arg };
	uint8_t tail[64];
	while (note.number < EACH) {
		memset(tail, (int)(note.number + note.producer), sizeof tail);
		if (mailbox_post(box, note.producer, &note, sizeof note, tail, note.number % sizeof tail))
			note.number++;
		else
			sched_yield();
	}
	return NULL;
}

static void test_many_producers(void)
{
	pthread_t thread[PRODUCERS];
	uint32_t next[PRODUCERS] = { 0 };
	unsigned total = 0, wrong = 0, slept = 0;
	check("a box", mailbox_create(&box, 64, 128) == 0);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		pthread_create(&thread[i], NULL, produce, (void *)i);
	while (total < PRODUCERS * EACH) {
		struct mail *mail;
		while ((mail = mailbox_next(box))) {
			struct note note;
			memcpy(&note, mail->bytes, sizeof note);
			wrong += mail->kind != note.producer || note.number != next[note.producer]++ || mail->tail_len != note.number % 64;
			for (unsigned i = 0; i < mail->tail_len; i++)
				wrong += mail_tail(mail)[i] != (uint8_t)(note.number + note.producer);
			mailbox_done(box);
			total++;
		}
		if (total < PRODUCERS * EACH && mailbox_sleep(box)) {
			struct pollfd p = { .fd = mailbox_fd(box), .events = POLLIN };
			slept++;
			if (poll(&p, 1, 10000) == 0)
				wrong++;        /* a lost wake-up */
			mailbox_awake(box);
		}
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(thread[i], NULL);
	check("every message once, in its sender's order, whole, and no wake-up lost", wrong == 0 && total == PRODUCERS * EACH);
	check("nothing is left", mailbox_next(box) == NULL);
	mailbox_destroy(box);
}

static bool readable(void)
{
	struct pollfd p = { .fd = mailbox_fd(box), .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

static void test_bounds_and_sleep(void)
{
	static uint8_t big[1500];
	check("not a power of two", mailbox_create(&box, 6, 16) == -22);
	check("too small", mailbox_create(&box, 1, 16) == -22);
	check("too large", mailbox_create(&box, 4, 70000) == -22);
	mailbox_create(&box, 4, 1508);
	unsigned posted = 0;
	while (mailbox_post(box, posted, "abc", 3, big, sizeof big))
		posted++;
	check("full after its slots", posted == 4);
	check("awake: nobody is woken", !readable());
	struct mail *mail = mailbox_next(box);
	check("the first, aligned", mail && mail->kind == 0 && mail->head_len == 3 && !memcmp(mail->bytes, "abc", 3) &&
		mail_tail(mail) == mail->bytes + 8 && mail->tail_len == sizeof big);
	mailbox_done_wiped(box);
	check("wiped", mail->bytes[0] == 0 && mail->bytes[1] == 0);
	check("room again", mailbox_post(box, 4, NULL, 0, NULL, 0) && !mailbox_post(box, 5, NULL, 0, NULL, 0));
	check("it does not sleep on mail", !mailbox_sleep(box));
	bool order = true;
	for (uint32_t i = 1; i <= 4; i++) {
		order &= mailbox_next(box) && mailbox_next(box)->kind == i;
		mailbox_done(box);
	}
	check("in order", order);
	check("it sleeps when empty", mailbox_sleep(box) && !readable());
	mailbox_post(box, 1, NULL, 0, NULL, 0);
	check("a post wakes", readable());
	mailbox_post(box, 2, NULL, 0, NULL, 0);
	mailbox_awake(box);
	check("awake again", !readable());
	mailbox_destroy(box);
	mailbox_destroy(NULL);
}

int main(void)
{
	test_bounds_and_sleep();
	test_many_producers();
	return check_done();
}

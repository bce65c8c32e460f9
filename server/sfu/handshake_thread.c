#include "handshake_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "list.h"
#include "loop.h"
#include "mailbox.h"
#include "map.h"
#include "udp.h"

enum {
	HANDSHAKE_TIMEOUT_US = 30000000,        /* from the first datagram to the keys */
	UNPROVEN_TIMEOUT_US = 30000000,         /* from the keys to the first packet: then the SSL is freed anyway */
	REST_US = 1000000,                      /* looks at the deadlines at least this often */
};

enum mail_kind { MAIL_ADD, MAIL_DATAGRAM, MAIL_PROVED, MAIL_REMOVE, MAIL_STOP };

struct add_mail { uint64_t peer; char fingerprint[DTLS_FINGERPRINT_TEXT]; };
struct datagram_mail { uint64_t peer; struct path path; int32_t socket; uint16_t worker; };
struct peer_mail { uint64_t peer; };

/* A peer of ours. Waits without an SSL until its first datagram, and leaves when it has proven its keys. */
struct handshake {
	uint64_t peer;
	char fingerprint[DTLS_FINGERPRINT_TEXT];
	struct dtls *dtls;              /* owned; NULL until the first datagram */
	struct list in_open;            /* in thread->open while there is an SSL */
	bool done;                      /* keys are given out; only repeats are answered */
	int32_t socket;                 /* of the latest datagram: where answers go; -1: TCP */
	uint16_t worker;
	struct path path;
	int64_t next_us;                /* retransmission, or giving up */
	int64_t give_up_us;
};

struct handshake_thread {
	pthread_t thread;
	sem_t started;                          /* has a name, and asks the kernel for nothing new: the jail may close */
	struct handshake_callbacks callbacks;
	struct dtls_identity *identity;         /* owned */
	struct mailbox *box;                    /* owned */
	struct loop *loop;                      /* owned */
	struct loop_source wake;
	struct map *peers;                      /* owned; peer number (as 8 bytes) → struct handshake, owned */
	struct list open;                       /* those with an SSL */
	uint32_t open_count;
	int64_t next_us;                        /* no handshake's next_us is before this */
	bool stopping;
	struct handshake_stats stats;           /* written by the thread alone, by relaxed stores */
};

static void tally(uint64_t *which)
{
	__atomic_store_n(which, __atomic_load_n(which, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* -- peers -------------------------------------------------------------------------------------------------------------- */

static struct handshake *find(struct handshake_thread *t, uint64_t peer)
{
	return map_get_string(t->peers, (const char *)&peer, sizeof peer);
}

static void forget(struct handshake_thread *t, struct handshake *h)
{
	map_remove_string(t->peers, (const char *)&h->peer, sizeof h->peer);
	if (h->dtls) {
		list_remove(&h->in_open);
		t->open_count--;
	}
	dtls_destroy(h->dtls);
	free(h);
}

static void close_peer(struct handshake_thread *t, struct handshake *h, const char *reason)
{
	uint64_t peer = h->peer;
	forget(t, h);
	t->callbacks.closed(t->callbacks.owner, peer, reason);
}

static void send_output(struct handshake_thread *t, struct handshake *h)
{
	uint8_t bytes[DTLS_MTU];
	size_t len;
	while ((len = dtls_output(h->dtls, bytes)) > 0) {
		tally(&t->stats.sent);
		if (h->socket >= 0)
			udp_send_to(h->socket, &h->path, bytes, len);   /* not taken: lost, and repeated by the timer */
		else
			t->callbacks.send(t->callbacks.owner, h->peer, h->worker, &h->path, bytes, len);
	}
}

static void set_timer(struct handshake_thread *t, struct handshake *h, int64_t now_us)
{
	int64_t left_us = dtls_timeout_us(h->dtls);
	h->next_us = h->give_up_us;
	if (left_us < h->give_up_us - now_us)
		h->next_us = now_us + left_us;
	if (h->next_us < t->next_us)
		t->next_us = h->next_us;
}

static void give_keys(struct handshake_thread *t, struct handshake *h, int64_t now_us)
{
	struct media_key_material keys;
	if (dtls_export_keys(h->dtls, &keys)) {
		tally(&t->stats.failed);
		close_peer(t, h, "dtls");
		return;
	}
	h->done = true;
	h->give_up_us = now_us + UNPROVEN_TIMEOUT_US;
	set_timer(t, h, now_us);
	tally(&t->stats.done);
	t->callbacks.done(t->callbacks.owner, h->peer, h->worker, &h->path, &keys);
	media_key_material_wipe(&keys);
}

/* After every call into dtls: send what it wants sent, and see where it stands. May free `h`. */
static void settle(struct handshake_thread *t, struct handshake *h, int64_t now_us)
{
	send_output(t, h);
	switch (dtls_state(h->dtls)) {
	case DTLS_HANDSHAKING:
		set_timer(t, h, now_us);
		break;
	case DTLS_CONNECTED:
		if (!h->done)
			give_keys(t, h, now_us);
		break;
	case DTLS_FAILED:
		tally(&t->stats.failed);
		if (strcmp(dtls_reason(h->dtls), "fingerprint") == 0)
			tally(&t->stats.bad_fingerprint);
		close_peer(t, h, dtls_reason(h->dtls));
		break;
	case DTLS_CLOSED:
		close_peer(t, h, "gone");
		break;
	}
}

/* -- mail --------------------------------------------------------------------------------------------------------------- */

static void on_add(struct handshake_thread *t, const struct add_mail *mail)
{
	if (find(t, mail->peer))
		return;
	uint8_t unused[DTLS_FINGERPRINT_BYTES];
	struct handshake *h = NULL;
	const char *reason = "fingerprint";
	if (dtls_fingerprint_parse(unused, mail->fingerprint)) {
		reason = "dtls";
		h = calloc(1, sizeof *h);
	}
	if (h) {
		h->peer = mail->peer;
		memcpy(h->fingerprint, mail->fingerprint, sizeof h->fingerprint);
		list_init(&h->in_open);
		if (!map_put_string(t->peers, (const char *)&h->peer, sizeof h->peer, h))
			return;
	}
	free(h);
	t->callbacks.closed(t->callbacks.owner, mail->peer, reason);
}

static bool begin(struct handshake_thread *t, struct handshake *h, int64_t now_us)
{
	if (t->open_count >= HANDSHAKE_OPEN_MAX || dtls_create(&h->dtls, t->identity, h->fingerprint)) {
		tally(&t->stats.open_limit);
		return false;
	}
	list_add_tail(&t->open, &h->in_open);
	t->open_count++;
	h->give_up_us = now_us + HANDSHAKE_TIMEOUT_US;
	tally(&t->stats.started);
	return true;
}

static void on_datagram(struct handshake_thread *t, const struct datagram_mail *mail, const uint8_t *bytes, size_t len)
{
	int64_t now_us = clock_now_us();
	tally(&t->stats.datagrams);
	struct handshake *h = find(t, mail->peer);
	if (!h) {
		tally(&t->stats.unknown_peer);
		return;
	}
	if (!h->dtls && !begin(t, h, now_us))
		return;
	h->socket = mail->socket;
	h->worker = mail->worker;
	h->path = mail->path;
	dtls_receive(h->dtls, bytes, len);
	settle(t, h, now_us);
}

static void on_proved(struct handshake_thread *t, uint64_t peer)
{
	struct handshake *h = find(t, peer);
	if (h && h->done)
		forget(t, h);
}

static void on_remove(struct handshake_thread *t, uint64_t peer)
{
	struct handshake *h = find(t, peer);
	if (!h)
		return;
	if (h->dtls) {
		dtls_close(h->dtls);
		send_output(t, h);
	}
	forget(t, h);
}

static void on_mail(struct handshake_thread *t, const struct mail *mail)
{
	const void *head = mail->bytes;
	switch ((enum mail_kind)mail->kind) {
	case MAIL_ADD:
		on_add(t, head);
		break;
	case MAIL_DATAGRAM:
		on_datagram(t, head, mail_tail(mail), mail->tail_len);
		break;
	case MAIL_PROVED:
		on_proved(t, ((const struct peer_mail *)head)->peer);
		break;
	case MAIL_REMOVE:
		on_remove(t, ((const struct peer_mail *)head)->peer);
		break;
	case MAIL_STOP:
		t->stopping = true;
		break;
	}
}

/* -- timers ------------------------------------------------------------------------------------------------------------- */

static void on_time(struct handshake_thread *t, struct handshake *h, int64_t now_us)
{
	if (now_us < h->give_up_us) {
		dtls_tick(h->dtls);
		settle(t, h, now_us);
	} else if (h->done) {
		forget(t, h);
	} else {
		tally(&t->stats.timed_out);
		close_peer(t, h, "dtls");
	}
}

static void run_timers(struct handshake_thread *t, int64_t now_us)
{
	if (now_us < t->next_us)
		return;
	t->next_us = now_us + REST_US;
	list_each_safe(at, &t->open) {
		struct handshake *h = list_entry(at, struct handshake, in_open);
		if (h->next_us <= now_us)
			on_time(t, h, now_us);
		else if (h->next_us < t->next_us)
			t->next_us = h->next_us;
	}
}

/* -- the thread --------------------------------------------------------------------------------------------------------- */

static void woken(struct loop_source *source, unsigned events)
{
	/* the descriptor is read by mailbox_awake() */
}

static void *run(void *arg)
{
	struct handshake_thread *t = arg;
	pthread_setname_np(pthread_self(), "handshake");
	sem_post(&t->started);
	while (!t->stopping) {
		struct mail *mail;
		while (!t->stopping && (mail = mailbox_next(t->box))) {
			on_mail(t, mail);
			mailbox_done(t->box);
			run_timers(t, clock_now_us());
		}
		run_timers(t, clock_now_us());
		if (!t->stopping && mailbox_sleep(t->box)) {
			loop_run(t->loop, t->next_us);
			mailbox_awake(t->box);
		}
	}
	return NULL;
}

int handshake_thread_start(struct handshake_thread **out, const struct handshake_callbacks *callbacks)
{
	struct handshake_thread *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->callbacks = *callbacks;
	t->next_us = clock_now_us() + REST_US;
	list_init(&t->open);
	int err = dtls_identity_create(&t->identity);
	if (!err)
		err = map_create(&t->peers, MAP_BY_STRING, HANDSHAKE_PEERS_MAX, MAP_FIXED);
	if (!err)
		err = mailbox_create(&t->box, HANDSHAKE_QUEUE, sizeof(struct add_mail) + HANDSHAKE_DATAGRAM_MAX);
	if (!err)
		err = loop_create(&t->loop);
	if (!err) {
		t->wake = (struct loop_source){ .fd = mailbox_fd(t->box), .ready = woken };
		err = loop_add(t->loop, &t->wake, LOOP_IN);
	}
	sem_init(&t->started, 0, 0);
	if (!err)
		err = -pthread_create(&t->thread, NULL, run, t);
	if (err) {
		t->stopping = true;
		handshake_thread_stop(t);
		return err;
	}
	while (sem_wait(&t->started) != 0 && errno == EINTR)
		;
	*out = t;
	return 0;
}

static void join(struct handshake_thread *t)
{
	while (!mailbox_post(t->box, MAIL_STOP, NULL, 0, NULL, 0))
		sched_yield();          /* full: it is being emptied */
	pthread_join(t->thread, NULL);
}

void handshake_thread_stop(struct handshake_thread *t)
{
	if (!t)
		return;
	if (t->thread)
		join(t);
	if (t->peers) {
		struct map_walk walk = map_walk(t->peers);
		struct handshake *h;
		while ((h = map_next(t->peers, &walk))) {
			if (h->dtls) {
				dtls_close(h->dtls);
				send_output(t, h);
			}
			forget(t, h);
		}
	}
	map_destroy(t->peers);
	loop_destroy(t->loop);
	mailbox_destroy(t->box);
	dtls_identity_destroy(t->identity);
	free(t);
}

const char *handshake_fingerprint(const struct handshake_thread *thread)
{
	return dtls_identity_fingerprint(thread->identity);
}

void handshake_stats(const struct handshake_thread *thread, struct handshake_stats *out)
{
	const uint64_t *from = (const uint64_t *)&thread->stats;
	uint64_t *to = (uint64_t *)out;
	for (size_t i = 0; i < sizeof *out / sizeof *to; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/* -- posts -------------------------------------------------------------------------------------------------------------- */

bool handshake_add(struct handshake_thread *thread, uint64_t peer, const char *remote_fingerprint)
{
	struct add_mail mail = { .peer = peer };
	size_t len = remote_fingerprint ? strnlen(remote_fingerprint, sizeof mail.fingerprint) : 0;
	if (len < sizeof mail.fingerprint)      /* else it stays empty, which does not parse */
		memcpy(mail.fingerprint, remote_fingerprint, len);
	return mailbox_post(thread->box, MAIL_ADD, &mail, sizeof mail, NULL, 0);
}

bool handshake_datagram(struct handshake_thread *thread, uint64_t peer, uint16_t worker, int socket, const struct path *path,
		const uint8_t *bytes, size_t len)
{
	if (len > HANDSHAKE_DATAGRAM_MAX)
		return false;
	struct datagram_mail mail = { .peer = peer, .path = *path, .socket = socket, .worker = worker };
	return mailbox_post(thread->box, MAIL_DATAGRAM, &mail, sizeof mail, bytes, len);
}

bool handshake_proved(struct handshake_thread *thread, uint64_t peer)
{
	struct peer_mail mail = { .peer = peer };
	return mailbox_post(thread->box, MAIL_PROVED, &mail, sizeof mail, NULL, 0);
}

bool handshake_remove(struct handshake_thread *thread, uint64_t peer)
{
	struct peer_mail mail = { .peer = peer };
	return mailbox_post(thread->box, MAIL_REMOVE, &mail, sizeof mail, NULL, 0);
}

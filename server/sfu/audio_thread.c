#include "audio_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "audio_level.h"
#include "loop.h"
#include "mailbox.h"

enum mail_kind { MAIL_PAYLOAD, MAIL_STOP };

struct payload_head { uint32_t peer; uint16_t worker; };

struct stream {
	uint32_t peer;                  /* 0: free */
	uint64_t heard;                 /* the thread's packet count when it was last heard */
	struct audio_level *level;      /* owned; made at first use, then kept for whoever comes next */
};

struct audio_thread {
	pthread_t thread;
	sem_t started;                  /* runs: the jail may close */
	struct mailbox *box;
	struct loop *loop;
	struct loop_source wake;
	audio_level_fn *on_level;
	void *owner;
	uint64_t packets;
	bool stop;
	struct stream streams[AUDIO_STREAMS_MAX];
};

/* The peer's own stream, or the one longest unheard made new for it. */
static struct stream *stream_for(struct audio_thread *t, uint32_t peer)
{
	struct stream *oldest = &t->streams[0];
	for (size_t i = 0; i < AUDIO_STREAMS_MAX; i++) {
		struct stream *s = &t->streams[i];
		if (s->peer == peer)
			return s;
		if (s->heard < oldest->heard)
			oldest = s;
	}
	if (!oldest->level && audio_level_create(&oldest->level))
		return NULL;
	audio_level_reset(oldest->level);
	oldest->peer = peer;
	return oldest;
}

static void on_payload(struct audio_thread *t, const struct payload_head *head, const uint8_t *payload, size_t len)
{
	struct stream *s = stream_for(t, head->peer);
	if (!s)
		return;
	s->heard = ++t->packets;
	int level = audio_level_of(s->level, payload, len);
	if (level >= 0)
		t->on_level(t->owner, head->peer, head->worker, (uint8_t)level);
}

static void read_mail(struct audio_thread *t)
{
	struct mail *mail;
	while ((mail = mailbox_next(t->box))) {
		if (mail->kind == MAIL_STOP)
			t->stop = true;
		else
			on_payload(t, (const struct payload_head *)mail->bytes, mail_tail(mail), mail->tail_len);
		mailbox_done(t->box);
	}
}

static void on_wake(struct loop_source *source, unsigned events)
{
	/* mailbox_awake() reads the descriptor after every round */
}

static void *audio_main(void *arg)
{
	struct audio_thread *t = arg;
	sem_post(&t->started);
	while (!t->stop) {
		read_mail(t);
		if (!t->stop && mailbox_sleep(t->box))
			loop_run(t->loop, INT64_MAX);
		mailbox_awake(t->box);
	}
	return NULL;
}

static void audio_thread_free(struct audio_thread *t)
{
	for (size_t i = 0; i < AUDIO_STREAMS_MAX; i++)
		audio_level_destroy(t->streams[i].level);
	loop_destroy(t->loop);
	mailbox_destroy(t->box);
	free(t);
}

int audio_thread_start(struct audio_thread **out, audio_level_fn *on_level, void *owner)
{
	struct audio_thread *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->on_level = on_level;
	t->owner = owner;
	int err = mailbox_create(&t->box, AUDIO_QUEUE, sizeof(struct payload_head) + AUDIO_PAYLOAD_MAX);
	if (!err)
		err = loop_create(&t->loop);
	if (!err) {
		t->wake = (struct loop_source){ .fd = mailbox_fd(t->box), .ready = on_wake };
		err = loop_add(t->loop, &t->wake, LOOP_IN);
	}
	sem_init(&t->started, 0, 0);
	if (!err)
		err = -pthread_create(&t->thread, NULL, audio_main, t);
	if (err) {
		audio_thread_free(t);
		return err;
	}
	while (sem_wait(&t->started) != 0 && errno == EINTR)
		;
	*out = t;
	return 0;
}

void audio_thread_stop(struct audio_thread *t)
{
	if (!t)
		return;
	while (!mailbox_post(t->box, MAIL_STOP, NULL, 0, NULL, 0))
		sched_yield();
	pthread_join(t->thread, NULL);
	audio_thread_free(t);
}

bool audio_thread_post(struct audio_thread *t, uint32_t peer, uint16_t worker, const uint8_t *payload, size_t len)
{
	if (!len || len > AUDIO_PAYLOAD_MAX)
		return false;
	struct payload_head head = { peer, worker };
	return mailbox_post(t->box, MAIL_PAYLOAD, &head, sizeof head, payload, len);
}

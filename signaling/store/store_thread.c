#include "store_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	WAITING_MOST = 4096,            /* transactions */
	FOREIGN_CHECK_MS = 250,         /* how often another process' writes are looked for */
};

struct job {
	struct job *next;
	struct store_thread *thread;
	store_done_fn *done;
	void *arg;
	int err;
	int64_t added;
	size_t count;
	struct store_change changes[];
};

struct news {
	struct store_thread *thread;
	struct store_snapshot *snapshot;
};

struct store_thread {
	struct store *store;
	struct inbox *inbox;
	store_changed_fn *changed;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last;
	size_t waiting;
	bool stopping;
	int64_t version;                /* last foreign version; the store thread's */
};

/* -- on the signaling thread ------------------------------------------------------------------------------------------ */

static void deliver(void *arg)
{
	struct job *job = arg;
	if (job->done)
		job->done(job->arg, job->err, job->added);
	explicit_bzero(job->changes, job->count * sizeof *job->changes);
	free(job);
}

static void deliver_news(void *arg)
{
	struct news *news = arg;
	news->thread->changed(news->thread->arg, news->snapshot);
	free(news);
}

/* -- on the store thread ---------------------------------------------------------------------------------------------- */

static void look_for_news(struct store_thread *t)
{
	int64_t version = store_foreign_version(t->store);
	if (version == t->version || version < 0 || !t->changed)
		return;
	struct news *news = malloc(sizeof *news);
	if (!news)
		return;         /* next time: the version is remembered only after the news went out */
	*news = (struct news){ .thread = t };
	if (store_read(t->store, &news->snapshot)) {
		free(news);
		return;
	}
	if (inbox_post(t->inbox, deliver_news, news)) {
		store_snapshot_destroy(news->snapshot);
		free(news);
		return;
	}
	t->version = version;
}

static struct job *take(struct store_thread *t)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += FOREIGN_CHECK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;

	pthread_mutex_lock(&t->lock);
	while (!t->first && !t->stopping) {
		if (pthread_cond_timedwait(&t->wake, &t->lock, &until) == ETIMEDOUT)
			break;
	}
	struct job *job = t->first;
	if (job) {
		t->first = job->next;
		if (!t->first)
			t->last = &t->first;
		t->waiting--;
	}
	pthread_mutex_unlock(&t->lock);
	return job;
}

static bool ended(struct store_thread *t)
{
	pthread_mutex_lock(&t->lock);
	bool yes = t->stopping && !t->first;
	pthread_mutex_unlock(&t->lock);
	return yes;
}

static void *thread_main(void *arg)
{
	struct store_thread *t = arg;
	while (!ended(t)) {
		struct job *job = take(t);
		if (job && !job->count)         /* it asked for the news before its own answer */
			look_for_news(t);
		if (job) {
			job->err = !job->count ? 0 : store_apply(t->store, job->changes, job->count, &job->added);
			if (inbox_post(t->inbox, deliver, job))
				free(job);
		}
		look_for_news(t);
	}
	return NULL;
}

/* -- the interface ---------------------------------------------------------------------------------------------------- */

int store_thread_start(struct store_thread **out, struct store *store, struct inbox *inbox, store_changed_fn *changed, void *arg)
{
	struct store_thread *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	*t = (struct store_thread){ .store = store, .inbox = inbox, .changed = changed, .arg = arg };
	t->last = &t->first;
	t->version = INT64_MIN; /* one snapshot at once: the one we began with may be old already */
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);

	int err = pthread_create(&t->thread, NULL, thread_main, t);
	if (err) {
		pthread_cond_destroy(&t->wake);
		pthread_mutex_destroy(&t->lock);
		free(t);
		return -err;
	}
	*out = t;
	return 0;
}

void store_thread_stop(struct store_thread *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	inbox_drain(t->inbox);          /* what was committed is told; nothing in the inbox points here afterwards */
	store_close(t->store);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int store_thread_submit(struct store_thread *t, const struct store_change *changes, size_t count, store_done_fn *done, void *arg)
{
	struct job *job = malloc(sizeof *job + count * sizeof *changes);
	if (!job)
		return -ENOMEM;
	*job = (struct job){ .thread = t, .done = done, .arg = arg, .count = count };
	if (count)
		memcpy(job->changes, changes, count * sizeof *changes);

	pthread_mutex_lock(&t->lock);
	bool full = t->waiting >= WAITING_MOST || t->stopping;
	if (!full) {
		*t->last = job;
		t->last = &job->next;
		t->waiting++;
		pthread_cond_signal(&t->wake);
	}
	pthread_mutex_unlock(&t->lock);
	if (full) {
		free(job);
		return -EBUSY;
	}
	return 0;
}

int store_thread_catch_up(struct store_thread *t, store_done_fn *done, void *arg)
{
	return store_thread_submit(t, NULL, 0, done, arg);
}

#include "media_server.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_thread.h"
#include "worker.h"

struct worker_thread {
	struct media_server *server;
	struct worker *worker;          /* owned */
	pthread_t thread;
	bool running;
};

struct media_server {
	struct post post;
	uint16_t workers;
	struct worker_thread threads[WORKERS_MAX];
	const struct counters *counters[WORKERS_MAX];
	struct control_thread *control;
	struct audio_thread *audio;
	pthread_barrier_t barrier;      /* workers and the caller: passed twice, started and let go */
	bool barrier_made, let_go;
};

/* -- between threads -------------------------------------------------------------------------------------------------------------------- */

static void on_handshake_done(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const struct media_key_material *keys)
{
	struct media_server *s = owner;
	struct order_keys head = { (uint32_t)peer, *path, *keys };

	order_post(s->post.orders[worker], ORDER_KEYS, &head, sizeof head);
	media_key_material_wipe(&head.keys);
}

static enum control_close_reason reason_of(const char *reason)
{
	if (!strcmp(reason, "fingerprint"))
		return CONTROL_CLOSE_FINGERPRINT;
	return strcmp(reason, "gone") ? CONTROL_CLOSE_DTLS : CONTROL_CLOSE_GONE;
}

static void on_handshake_closed(void *owner, uint64_t peer, const char *reason)
{
	struct media_server *s = owner;
	const struct event_closed event = { (uint32_t)peer, (uint8_t)reason_of(reason) };

	mailbox_post(s->post.events, EVENT_CLOSED, &event, sizeof event, NULL, 0);
}

static void on_handshake_send(void *owner, uint64_t peer, uint16_t worker, const struct path *path, const uint8_t *bytes, size_t len)
{
	struct media_server *s = owner;
	const struct order_dtls_out head = { (uint32_t)peer, *path };

	mailbox_post(s->post.orders[worker], ORDER_DTLS_OUT, &head, sizeof head, bytes, len);   /* lost: DTLS repeats it */
}

static void on_level(void *owner, uint32_t peer, uint16_t worker, uint8_t level)
{
	struct media_server *s = owner;
	const struct order_level head = { peer, level };

	mailbox_post(s->post.orders[worker], ORDER_LEVEL, &head, sizeof head, NULL, 0);
}

/* -- threads --------------------------------------------------------------------------------------------------------------------------------- */

static void *worker_main(void *argument)
{
	struct worker_thread *t = argument;

	pthread_barrier_wait(&t->server->barrier);      /* started */
	pthread_barrier_wait(&t->server->barrier);      /* let go: the jail is closed */
	worker_run(t->worker);
	return NULL;
}

static int make_worker(struct media_server *s, uint16_t index, const struct media_plan *plan)
{
	struct worker_config config = { .index = index, .post = &s->post, .locals = plan->locals, .no_trains = plan->no_trains };

	for (uint16_t i = 0; i < plan->locals; i++)
		config.sockets[i] = plan->sockets[index * plan->locals + i];
	int err = worker_create(&s->threads[index].worker, &config);
	if (err)
		return err;
	s->threads[index].server = s;
	s->counters[index] = &s->threads[index].worker->counters;
	return 0;
}

/* A worker's sockets are its own once it was asked for; the rest are still ours to close. */
static int make_workers(struct media_server *s, const struct media_plan *plan)
{
	int err = 0;

	for (uint16_t i = 0; i < plan->workers; i++) {
		if (!err) {
			err = make_worker(s, i, plan);
			continue;
		}
		for (uint16_t k = 0; k < plan->locals; k++)
			close(plan->sockets[i * plan->locals + k]);
	}
	return err;
}

static int start_workers(struct media_server *s)
{
	int err = pthread_barrier_init(&s->barrier, NULL, s->workers + 1u);

	s->barrier_made = !err;
	for (uint16_t i = 0; i < s->workers && !err; i++) {
		err = pthread_create(&s->threads[i].thread, NULL, worker_main, &s->threads[i]);
		s->threads[i].running = !err;
	}
	if (!err)
		pthread_barrier_wait(&s->barrier);
	return -err;
}

static int start(struct media_server *s, const struct media_plan *plan)
{
	const struct handshake_callbacks callbacks = { s, on_handshake_done, on_handshake_closed, on_handshake_send };
	int err = make_workers(s, plan);

	if (!err)
		err = handshake_thread_start(&s->post.handshake, &callbacks);
	if (!err)
		err = audio_thread_start(&s->audio, on_level, s);
	s->post.audio = s->audio;
	const struct control_config control = { plan->parent, &s->post, s->counters, plan->workers };
	if (!err)
		err = control_thread_create(&s->control, &control);
	else
		close(plan->parent);
	return err ? err : start_workers(s);
}

int media_server_start(struct media_server **out, const struct media_plan *plan)
{
	struct media_server *s = calloc(1, sizeof *s);
	int err = s ? post_create(&s->post, plan->workers) : -ENOMEM;

	if (err) {
		for (unsigned i = 0; i < (unsigned)plan->workers * plan->locals; i++)
			close(plan->sockets[i]);
		close(plan->parent);
		free(s);
		return err;
	}
	s->workers = plan->workers;
	err = start(s, plan);
	if (err) {
		/* A worker thread that stands at a barrier which will never open cannot be joined: the program ends with it. */
		return err;
	}
	*out = s;
	return 0;
}

void media_server_run(struct media_server *s)
{
	pthread_barrier_wait(&s->barrier);
	s->let_go = true;
	control_thread_run(s->control);
}

void media_server_stop(struct media_server *s)
{
	if (!s)
		return;
	if (!s->let_go)
		pthread_barrier_wait(&s->barrier);
	for (uint16_t i = 0; i < s->workers; i++) {
		order_post(s->post.orders[i], ORDER_STOP, NULL, 0);
		pthread_join(s->threads[i].thread, NULL);
	}
	handshake_thread_stop(s->post.handshake);
	audio_thread_stop(s->audio);
	for (uint16_t i = 0; i < s->workers; i++)
		worker_destroy(s->threads[i].worker);
	control_thread_destroy(s->control);
	post_destroy(&s->post);
	pthread_barrier_destroy(&s->barrier);
	free(s);
}

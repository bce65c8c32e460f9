#include "hash_pool.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	HASHERS = 2,            /* threads */
	QUEUE_MOST = 128,       /* questions that wait in one queue: some 10 s of work on two cores */
	/* Argon2id: 64 MiB and three passes take 0.15-0.2 s on one core of 2020; OWASP's least is 19 MiB and two passes. */
#ifndef HOPKIN_SANITIZED
	OPSLIMIT = 3,
	MEMLIMIT = 64 * 1024 * 1024,
#else   /* sanitizers look for other faults: with the full cost their tests would do little else than hash */
	OPSLIMIT = 1,
	MEMLIMIT = 4 * 1024 * 1024,
#endif
	HASHER_NICE = 10,       /* a flood of wrong passwords gives way to people's calls */
};

struct question {
	struct question *next;
	char *password;
	char hash[crypto_pwhash_STRBYTES];
	bool verify;
	bool known;             /* verify: there is a hash to compare with */
	bool right;
	void (*verified)(void *arg, bool right);
	void (*made)(void *arg, const char *hash);
	void *arg;
};

struct hash_pool {
	struct inbox *inbox;
	pthread_t threads[HASHERS];
	int running;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue {
		struct question *first, **last;
		int waiting;
		uint64_t hashed;        /* operations, taken out to be done */
	} queues[HASH_QUEUES];
	int turn;               /* the queue that is looked at first */
	bool stopping;
	char dummy[crypto_pwhash_STRBYTES];     /* what an unknown account's password is compared with */
};

static void forget(struct question *q)
{
	if (!q)
		return;
	if (q->password) {
		sodium_memzero(q->password, strlen(q->password));
		free(q->password);
	}
	sodium_memzero(q, sizeof *q);
	free(q);
}

static void deliver(void *arg)
{
	struct question *q = arg;
	if (q->verify)
		q->verified(q->arg, q->right);
	else
		q->made(q->arg, q->hash);
	forget(q);
}

int password_hash_make(char out[128], const char *password)
{
	_Static_assert(crypto_pwhash_STRBYTES == 128, "the header and the store count on it");
	if (crypto_pwhash_str_alg(out, password, strlen(password), OPSLIMIT, MEMLIMIT, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return 0;
	out[0] = '\0';
	return -ENOMEM;
}

static void answer(struct hash_pool *pool, struct question *q)
{
	if (!q->verify) {
		password_hash_make(q->hash, q->password);
		return;
	}
	bool same = crypto_pwhash_str_verify(q->known ? q->hash : pool->dummy, q->password, strlen(q->password)) == 0;
	q->right = same && q->known;
}

/* The queues take turns. NULL: nothing waits. */
static struct question *next_question(struct hash_pool *pool)
{
	for (int i = 0; i < HASH_QUEUES; i++) {
		struct queue *queue = &pool->queues[(pool->turn + i) % HASH_QUEUES];
		struct question *q = queue->first;
		if (!q)
			continue;
		queue->first = q->next;
		if (!queue->first)
			queue->last = &queue->first;
		queue->waiting--;
		queue->hashed++;
		pool->turn = (pool->turn + i + 1) % HASH_QUEUES;
		return q;
	}
	return NULL;
}

static void *hasher(void *arg)
{
	struct hash_pool *pool = arg;
	setpriority(PRIO_PROCESS, (id_t)gettid(), HASHER_NICE);
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct question *q = NULL;
		while (!pool->stopping && !(q = next_question(pool)))
			pthread_cond_wait(&pool->wake, &pool->lock);
		if (!q)
			break;
		pthread_mutex_unlock(&pool->lock);

		answer(pool, q);
		if (inbox_post(pool->inbox, deliver, q))
			forget(q);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

int hash_pool_create(struct hash_pool **out, struct inbox *inbox)
{
	if (sodium_init() < 0)
		return -EIO;
	struct hash_pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		return -ENOMEM;
	pool->inbox = inbox;
	for (int i = 0; i < HASH_QUEUES; i++)
		pool->queues[i].last = &pool->queues[i].first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);

	char secret[33];
	randombytes_buf(secret, sizeof secret - 1);
	for (size_t i = 0; i + 1 < sizeof secret; i++)
		secret[i] = (char)('a' + (unsigned char)secret[i] % 26);
	secret[sizeof secret - 1] = '\0';
	int err = password_hash_make(pool->dummy, secret);
	sodium_memzero(secret, sizeof secret);
	while (!err && pool->running < HASHERS) {
		err = -pthread_create(&pool->threads[pool->running], NULL, hasher, pool);
		if (!err)
			pool->running++;
	}
	if (err) {
		hash_pool_destroy(pool);
		return err;
	}
	*out = pool;
	return 0;
}

void hash_pool_destroy(struct hash_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->running; i++)
		pthread_join(pool->threads[i], NULL);
	for (struct question *q; (q = next_question(pool));)
		forget(q);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static int ask(struct hash_pool *pool, struct queue *queue, struct question *q, const char *password)
{
	q->password = strdup(password);
	if (!q->password)
		return -EBUSY;
	pthread_mutex_lock(&pool->lock);
	bool full = queue->waiting >= QUEUE_MOST || pool->stopping;
	if (!full) {
		*queue->last = q;
		queue->last = &q->next;
		queue->waiting++;
		pthread_cond_signal(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return full ? -EBUSY : 0;
}

void hash_pool_counts(struct hash_pool *pool, uint64_t out[HASH_QUEUES])
{
	pthread_mutex_lock(&pool->lock);
	for (int i = 0; i < HASH_QUEUES; i++)
		out[i] = pool->queues[i].hashed;
	pthread_mutex_unlock(&pool->lock);
}

int hash_pool_verify(struct hash_pool *pool, enum hash_queue queue, const char *hash, const char *password,
	void (*done)(void *arg, bool right), void *arg)
{
	struct question *q = calloc(1, sizeof *q);
	if (!q)
		return -EBUSY;
	q->verify = true;
	q->verified = done;
	q->arg = arg;
	q->known = hash && hash[0] && strlen(hash) < sizeof q->hash;
	if (q->known)
		memcpy(q->hash, hash, strlen(hash) + 1);
	int err = ask(pool, &pool->queues[queue], q, password);
	if (err)
		forget(q);
	return err;
}

int hash_pool_make(struct hash_pool *pool, const char *password, void (*done)(void *arg, const char *hash), void *arg)
{
	struct question *q = calloc(1, sizeof *q);
	if (!q)
		return -EBUSY;
	q->made = done;
	q->arg = arg;
	int err = ask(pool, &pool->queues[HASH_ACCOUNTS], q, password);
	if (err)
		forget(q);
	return err;
}

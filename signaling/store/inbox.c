#include "inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct letter {
	struct letter *next;
	void (*run)(void *arg);
	void *arg;
};

struct inbox {
	pthread_mutex_t lock;
	struct letter *first, **last;
	int fd;
};

int inbox_create(struct inbox **out)
{
	struct inbox *inbox = calloc(1, sizeof *inbox);
	if (!inbox)
		return -ENOMEM;
	inbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inbox->fd < 0) {
		int err = -errno;
		free(inbox);
		return err;
	}
	pthread_mutex_init(&inbox->lock, NULL);
	inbox->last = &inbox->first;
	*out = inbox;
	return 0;
}

void inbox_destroy(struct inbox *inbox)
{
	if (!inbox)
		return;
	for (struct letter *l = inbox->first; l;) {
		struct letter *next = l->next;
		free(l);
		l = next;
	}
	close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

int inbox_post(struct inbox *inbox, void (*run)(void *arg), void *arg)
{
	struct letter *l = malloc(sizeof *l);
	if (!l)
		return -ENOMEM;
	*l = (struct letter){ .run = run, .arg = arg };

	pthread_mutex_lock(&inbox->lock);
	*inbox->last = l;
	inbox->last = &l->next;
	pthread_mutex_unlock(&inbox->lock);

	/* It fails only when the counter is full, and then the descriptor is readable already. */
	uint64_t one = 1;
	ssize_t n = write(inbox->fd, &one, sizeof one);
	(void)n;
	return 0;
}

void inbox_drain(struct inbox *inbox)
{
	uint64_t count;
	ssize_t n = read(inbox->fd, &count, sizeof count);
	(void)n;

	pthread_mutex_lock(&inbox->lock);
	struct letter *l = inbox->first;
	inbox->first = NULL;
	inbox->last = &inbox->first;
	pthread_mutex_unlock(&inbox->lock);

	while (l) {
		struct letter *next = l->next;
		l->run(l->arg);
		free(l);
		l = next;
	}
}

#include "control_thread.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "control_thread_internal.h"
#include "fd_message.h"
#include "log.h"
#include "rand.h"

#define FIRST_CHECK_US 60000000         /* a peer that was added and never came */
#define SCAN_US 1000000

enum { PARENT_MESSAGE_MAX = 1024 };     /* bytes: a word of the launcher's */

/* -- the launcher ------------------------------------------------------------------------------------------------------------- */

static void on_parent(struct loop_source *source, unsigned events)
{
	struct control_thread *c = list_entry(source, struct control_thread, parent);
	char bytes[PARENT_MESSAGE_MAX];
	int fd = -1;

	(void)events;
	long n = fd_message_receive(c->config.parent, bytes, sizeof bytes, &fd);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		log_info("parent.gone");
		c->stop = true;
		return;
	}
	json_t *root = json_loadb(bytes, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	const char *word = json_string_value(json_object_get(root, "t"));
	if (word && !strcmp(word, "link") && fd >= 0) {
		control_link_adopt(c->link, fd);
		fd = -1;
	} else if (word && !strcmp(word, "stop")) {
		c->stop = true;
	}
	json_decref(root);
	if (fd >= 0)
		close(fd);
}

/* -- rounds ------------------------------------------------------------------------------------------------------------------- */

static void on_mail(struct loop_source *source, unsigned events)
{
	(void)source;                   /* it only woke the loop: the next round takes the mail */
	(void)events;
}

/* Once a second: those who never came. */
static void scan(struct control_thread *c, int64_t now_us)
{
	struct map_walk walk = map_walk(c->registry.peers);
	struct known_peer *p;

	while ((p = map_next(c->registry.peers, &walk))) {
		if (p->connected || now_us - p->added_us < FIRST_CHECK_US)
			continue;
		control_say_closed(c, p, CONTROL_CLOSE_TIMEOUT);
		control_peer_forget(c, p);
	}
	figures_scan(&c->figures, now_us);
}

void control_thread_run(struct control_thread *c)
{
	while (!c->stop) {
		int64_t now_us = clock_now_us();
		control_take_events(c);
		if (now_us >= c->scan_us) {
			scan(c, now_us);
			c->scan_us = now_us + SCAN_US;
		}
		loop_run(c->loop, mailbox_sleep(c->config.post->events) ? c->scan_us : 0);
		mailbox_awake(c->config.post->events);
	}
}

/* -- life --------------------------------------------------------------------------------------------------------------------- */

static void make_epoch(struct control_thread *c)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[16];

	rand_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		c->epoch[2 * i] = digits[bytes[i] >> 4];
		c->epoch[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static void connect_figures(struct control_thread *c)
{
	size_t n = 0;

	for (; n < c->config.counters_count; n++)
		c->all_counters[n] = c->config.counters[n];
	c->all_counters[n++] = &c->counters;
	c->figures = (struct figures){
		.post = c->config.post, .link = c->link, .registry = &c->registry, .counters = c->all_counters, .counters_count = n,
	};
}

int control_thread_create(struct control_thread **out, const struct control_config *config)
{
	struct control_thread *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63);

	if (!c) {
		close(config->parent);
		return -ENOMEM;
	}
	memset(c, 0, sizeof *c);
	c->config = *config;
	make_epoch(c);
	control_link_never_block(config->parent);
	c->parent = (struct loop_source){ config->parent, on_parent };
	c->events = (struct loop_source){ mailbox_fd(config->post->events), on_mail };
	int err = registry_init(&c->registry);
	if (!err)
		err = loop_create(&c->loop);
	if (!err)
		err = control_link_create(&c->link, c->loop, &c->counters, control_on_request, c);
	connect_figures(c);
	if (!err)
		err = loop_add(c->loop, &c->parent, LOOP_IN);
	if (!err)
		err = loop_add(c->loop, &c->events, LOOP_IN);
	if (err) {
		control_thread_destroy(c);
		return err;
	}
	*out = c;
	return 0;
}

void control_thread_destroy(struct control_thread *c)
{
	struct mail *mail;

	if (!c)
		return;
	while ((mail = mailbox_next(c->config.post->events))) {
		if (mail->kind == EVENT_FIGURES)
			free(((const struct event_figures *)(const void *)mail->bytes)->peers);
		mailbox_done(c->config.post->events);
	}
	control_link_destroy(c->link);
	figures_free(&c->figures);
	registry_free(&c->registry);
	loop_destroy(c->loop);
	close(c->config.parent);
	free(c);
}

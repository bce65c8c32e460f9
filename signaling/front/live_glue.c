/* What the live layer asks of its surroundings (live.h, struct live_ops). */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "display_name.h"
#include "front.h"

static int64_t now_us(void *ctx)
{
	return front_now_us();
}

static int64_t unix_ms(void *ctx)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct room_question {
	struct front *front;
	uint64_t ticket;
	store_id id;
};

static void room_answer(struct front *front, uint64_t ticket, const char *id)
{
	const struct room_record *r = rooms_find(front->rooms, id);
	if (!r) {
		live_room_found(front->live, ticket, NULL);
		return;
	}
	struct live_room room = {
		.title = r->title,
		.banner = r->banner[0] ? r->banner : front->settings->banner,
		.contact = r->contact[0] ? r->contact : front->settings->contact,
		.password_hash = r->password_hash, .owner = r->owner, .max = r->max, .guests = r->guests, .closed = r->closed,
	};
	memcpy(room.id, r->id, sizeof room.id);
	/* An owner whose account was disabled has no room for others either. */
	const struct account_record *owner = auth_account(front->auth, r->owner);
	if (!owner || owner->disabled)
		room.closed = true;
	live_room_found(front->live, ticket, &room);
}

static void room_caught_up(void *arg, int err, int64_t added)
{
	struct room_question *q = arg;
	if (q->front->live)
		room_answer(q->front, q->ticket, q->id);
	free(q);
}

/* After the news of other processes: a room that the command line has just made can be entered at once. Rooms that exist and rooms
   that do not take the same way, so that time tells nobody which is which. */
static void room_find(void *ctx, uint64_t ticket, const char *id)
{
	struct front *front = ctx;
	struct room_question *q = malloc(sizeof *q);
	if (q) {
		*q = (struct room_question){ .front = front, .ticket = ticket };
		memcpy(q->id, id, strnlen(id, sizeof q->id - 1));
		if (store_thread_catch_up(front->store, room_caught_up, q) == 0)
			return;
		free(q);
	}
	room_answer(front, ticket, id);
}

struct password_question {
	struct front *front;
	uint64_t ticket;
};

static void password_checked(void *arg, bool right)
{
	struct password_question *q = arg;
	if (q->front->live)
		live_password_checked(q->front->live, q->ticket, right ? LIVE_PASSWORD_RIGHT : LIVE_PASSWORD_WRONG);
	free(q);
}

static void password_check(void *ctx, uint64_t ticket, const char *encoded, const char *password)
{
	struct front *front = ctx;
	struct password_question *q = malloc(sizeof *q);
	if (q) {
		*q = (struct password_question){ front, ticket };
		if (hash_pool_verify(front->pool, HASH_ROOMS, encoded, password, password_checked, q) == 0)
			return;
		free(q);
	}
	live_password_checked(front->live, ticket, LIVE_PASSWORD_BUSY);
}

static void address_from_text(struct client_address *out, const char *text)
{
	*out = (struct client_address){ .ip = { 0 } };
	if (inet_pton(AF_INET, text, out->ip + 12) == 1)
		out->ip[10] = out->ip[11] = 0xff;
	else
		inet_pton(AF_INET6, text, out->ip);
}

static enum live_guess guess_ask(void *ctx, const char *address, const char *room, uint32_t *retry_after_s)
{
	struct front *front = ctx;
	struct client_address from;
	address_from_text(&from, address);
	*retry_after_s = attempt_limiter_begin(front->room_limiter, room, &from, front_now_us());
	return *retry_after_s ? LIVE_GUESS_SLOW : LIVE_GUESS_ALLOWED;
}

static void guess_wrong(void *ctx, const char *address, const char *room)
{
	/* It was charged when it began. */
}

static void guess_right(void *ctx, const char *address, const char *room)
{
	struct front *front = ctx;
	struct client_address from;
	address_from_text(&from, address);
	attempt_limiter_passed(front->room_limiter, room, &from, front_now_us());
}

static bool name_clean(void *ctx, const char *name, char out[LIVE_NAME_ROOM])
{
	return display_name_normalise(out, LIVE_NAME_ROOM, name, DISPLAY_NAME_CHARS);
}

static void link_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct front *front = watcher->data;
	if (front->live && (events & EV_WRITE))
		live_link_writable(front->live);
	if (front->live && (events & EV_READ))
		live_link_readable(front->live);
}

static void link_watch(void *ctx, int fd, bool writing)
{
	struct front *front = ctx;
	ev_io_stop(front->loop, &front->link_ready);
	if (fd < 0)
		return;
	ev_io_init(&front->link_ready, link_ready, fd, writing ? EV_READ | EV_WRITE : EV_READ);
	front->link_ready.data = front;
	ev_io_start(front->loop, &front->link_ready);
}

int live_glue_create(struct front *front, const struct live_config *config)
{
	const struct live_ops ops = {
		.ctx = front, .now_us = now_us, .unix_ms = unix_ms, .room_find = room_find, .password_check = password_check,
		.guess_ask = guess_ask, .guess_wrong = guess_wrong, .guess_right = guess_right, .name_clean = name_clean,
		.link_watch = link_watch,
	};
	ev_init(&front->link_ready, link_ready);
	return live_create(&front->live, config, &ops);
}

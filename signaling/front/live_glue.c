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

/* NULL: there is no such room. */
static const struct room_record *describe_room(struct front *front, struct live_room *out, const char *id)
{
	const struct room_record *r = rooms_find(front->rooms, id);
	if (!r)
		return NULL;
	*out = (struct live_room){
		.title = r->title,
		.banner = r->banner[0] ? r->banner : front->settings->banner,
		.contact = r->contact[0] ? r->contact : front->settings->contact,
		.password_hash = r->password_hash, .owner = r->owner, .max = r->max, .guests = r->guests, .closed = r->closed,
	};
	memcpy(out->id, r->id, sizeof out->id);
	/* An owner whose account was disabled has no room for others either. */
	const struct account_record *owner = auth_account(front->auth, r->owner);
	if (!owner || owner->disabled)
		out->closed = true;
	return r;
}

static void room_answer(struct front *front, uint64_t ticket, const char *id)
{
	struct live_room room;
	live_room_found(front->live, ticket, describe_room(front, &room, id) ? &room : NULL);
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

/* -- devices ---------------------------------------------------------------------------------------------------------- */

struct device_question {
	struct front *front;
	uint64_t ticket;
	char token[64], room[64], address[LIVE_ADDRESS_ROOM];
	bool enters;
};

/* The right token is never held back by others' wrong ones; a wrong one is charged to the address that tries. */
static void device_answer(const struct device_question *q)
{
	struct front *front = q->front;
	const struct token_record *token = room_tokens_find(front->tokens, q->token, front_now_s());
	struct live_room room;
	if (!token || strcmp(token->room, q->room) != 0 || !describe_room(front, &room, q->room)) {
		struct client_address from;
		address_from_text(&from, q->address);
		live_device_found(front->live, q->ticket, NULL, NULL,
			attempt_limiter_begin(front->device_limiter, q->room, &from, front_now_us()));
		return;
	}
	struct live_device device = { .name = token->name, .publish = token->publish };
	memcpy(device.token, token->token_hash, sizeof device.token);
	uint32_t wait_s = room_tokens_charge(front->tokens, token, q->enters ? ROOM_TOKEN_COST_ENTER : ROOM_TOKEN_COST_OTHER, front_now_us());
	if (!wait_s && q->enters)
		room_tokens_used(front->tokens, token, front_now_s());
	live_device_found(front->live, q->ticket, &device, &room, wait_s);
}

static void device_caught_up(void *arg, int err, int64_t added)
{
	struct device_question *q = arg;
	if (q->front->live)
		device_answer(q);
	explicit_bzero(q, sizeof *q);
	free(q);
}

/* As with rooms: after the news of other processes, and the same way whatever is asked for. */
static void device_find(void *ctx, uint64_t ticket, const char *token, const char *room, const char *address, bool enters)
{
	struct front *front = ctx;
	struct device_question q = { .front = front, .ticket = ticket, .enters = enters };
	snprintf(q.token, sizeof q.token, "%s", token);
	snprintf(q.room, sizeof q.room, "%s", room);
	snprintf(q.address, sizeof q.address, "%s", address);
	struct device_question *copy = malloc(sizeof *copy);
	if (copy)
		*copy = q;
	if (!copy || store_thread_catch_up(front->store, device_caught_up, copy)) {
		free(copy);
		device_answer(&q);
	}
	explicit_bzero(&q, sizeof q);
}

static bool device_known(void *ctx, const uint8_t token[LIVE_SESSION_BYTES])
{
	return room_tokens_hash_known(((struct front *)ctx)->tokens, token, front_now_s());
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
		.link_watch = link_watch, .device_find = device_find, .device_known = device_known,
	};
	ev_init(&front->link_ready, link_ready);
	return live_create(&front->live, config, &ops);
}

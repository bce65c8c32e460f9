#include "live.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "entry.h"
#include "live_state.h"
#include "meeting.h"
#include "peers.h"
#include "rand.h"
#include "recovery.h"
#include "whip.h"

enum { STATS_EVERY_US = 5 * 1000000 };

static bool ops_complete(const struct live_ops *o)
{
	return o->now_us && o->unix_ms && o->room_find && o->password_check && o->guess_ask && o->guess_wrong && o->guess_right &&
	       o->name_clean && o->link_watch && o->device_find && o->device_known;
}

static bool config_sound(const struct live_config *c)
{
	return c->hosts_n >= 1 && c->hosts_n <= LIVE_HOSTS_MAX && c->port && c->seats_max >= 1 && c->seats_max <= CONTROL_SEATS_MAX;
}

static int fill(struct live *live)
{
	for (size_t i = 0; i < live->config.hosts_n; i++)
		if (!(live->hosts[i] = strdup(live->config.hosts[i])))
			return -ENOMEM;
	live->offer = malloc(sizeof *live->offer);
	live->plan = malloc(sizeof *live->plan);
	if (!live->offer || !live->plan || map_create(&live->meetings_by_id, MAP_BY_STRING, 64, MAP_GROWS) ||
	    map_create(&live->peers_by_id, MAP_BY_STRING, 256, MAP_GROWS))
		return -ENOMEM;
	rand_bytes(live->password_key, sizeof live->password_key);
	return media_link_init(&live->link);
}

int live_create(struct live **out, const struct live_config *config, const struct live_ops *ops)
{
	struct live *live;
	int err;

	if (!ops_complete(ops) || !config_sound(config) || sodium_init() < 0)
		return -EINVAL;
	live = calloc(1, sizeof *live);
	if (!live)
		return -ENOMEM;
	live->config = *config;
	live->ops = *ops;
	live->next_serial = live->next_ticket = 1;
	live->link.fd = -1;
	list_init(&live->conns);
	list_init(&live->meetings);
	list_init(&live->lookups);
	list_init(&live->retired);
	list_init(&live->exchanges);
	list_init(&live->link.outstanding);
	list_init(&live->link.unsent);
	live->recovering = true;
	live->recover_until_us = live_now_us(live) + LIVE_RECOVER_US;
	err = fill(live);
	if (err) {
		live_destroy(live);
		return err;
	}
	*out = live;
	return 0;
}

void live_destroy(struct live *live)
{
	if (!live)
		return;
	/* The caller's live_on_close may never come now: let go of everything here, and say goodbye. */
	live->link.state = LINK_DOWN;
	whip_destroy(live);
	list_each_safe(at, &live->conns) {
		struct live_conn *conn = list_entry(at, struct live_conn, in_live);
		client_close(conn, LIVE_CLOSE_GOING);
		list_remove(&conn->in_live);
		json_decref(conn->parked);
		free(conn);
	}
	list_each_safe(at, &live->meetings)
		meeting_free(list_entry(at, struct meeting, in_live));
	entry_destroy(live);
	if (live->link.fd >= 0)
		live->ops.link_watch(live->ops.ctx, -1, false);
	media_link_destroy(&live->link);
	map_destroy(live->meetings_by_id);
	map_destroy(live->peers_by_id);
	json_decref(live->media_stats);
	for (size_t i = 0; i < LIVE_HOSTS_MAX; i++)
		free(live->hosts[i]);
	free(live->offer);
	free(live->plan);
	sodium_memzero(live, sizeof *live);
	free(live);
}

void live_tick(struct live *live)
{
	int64_t now_us = live_now_us(live);

	recovery_tick(live, now_us);
	client_tick(live, now_us);
	peers_tick(live, now_us);
	whip_tick(live);
	meeting_tick(live, now_us);
	if (live->link.state == LINK_UP && now_us - live->stats_asked_us > STATS_EVERY_US) {
		live->stats_asked_us = now_us;
		media_link_prepare(live, CONTROL_STATS);
		media_link_request(live, "");
	}
}

void live_link_attach(struct live *live, int fd)
{
	media_link_attach(live, fd);
}

void live_link_readable(struct live *live)
{
	media_link_readable(live);
}

void live_link_writable(struct live *live)
{
	media_link_writable(live);
}

bool live_media_up(const struct live *live)
{
	return live->link.state == LINK_UP;
}

void live_tcp_adopt(struct live *live, int fd)
{
	media_link_pass(live, fd);
	close(fd);
}

void live_room_changed(struct live *live, const char *room_id)
{
	if (meeting_find(live, room_id))
		entry_refresh(live, room_id);
}

bool live_room_live(const struct live *live, const char *room_id, uint32_t *people)
{
	const struct meeting *meeting = meeting_find((struct live *)live, room_id);

	*people = meeting ? meeting->people : 0;
	return *people > 0;
}

static json_t *own_counters(const struct live *live)
{
	const struct { const char *name; uint64_t value; } list[] = {
		{ "connections_opened", live->counters.opened }, { "messages", live->counters.messages },
		{ "messages_refused", live->counters.refused }, { "messages_too_fast", live->counters.too_fast },
		{ "entered", live->counters.entered }, { "wrong_passwords", live->counters.wrong_passwords },
		{ "joined", live->counters.joined }, { "resumed", live->counters.resumed },
		{ "departed_lost", live->counters.departed_lost }, { "removed", live->counters.removed },
		{ "media_lost", live->counters.media_lost }, { "bad_sdp", live->counters.bad_sdp }, { "chat", live->counters.chat },
		{ "recovered", live->counters.recovered }, { "bad_tags", live->counters.bad_tags },
		{ "devices_entered", live->counters.devices_entered }, { "devices_refused", live->counters.devices_refused },
		{ "link_requests", live->link.requests }, { "link_answers", live->link.answers }, { "link_events", live->link.events },
		{ "link_bad", live->link.bad }, { "link_resent", live->link.resent }, { "link_errors", live->counters.link_errors },
	};
	json_t *counters = json_object();

	for (size_t i = 0; counters && i < sizeof list / sizeof *list; i++)
		json_object_set_new(counters, list[i].name, json_integer((json_int_t)list[i].value));
	return counters;
}

json_t *live_stats(struct live *live)
{
	json_int_t meetings = 0, people = 0;

	list_each(at, &live->meetings) {
		const struct meeting *meeting = list_entry(at, struct meeting, in_live);
		meetings += meeting->people > 0;
		people += meeting->people;
	}
	return json_pack("{sI, sI, sI, sb, so, sO*}", "meetings", meetings, "people", people, "connections", (json_int_t)live->conn_count,
		"media_up", live_media_up(live), "signaling", own_counters(live), "media", live->media_stats);
}

#include "recovery.h"

#include <sodium.h>
#include <string.h>

#include "client.h"
#include "entry.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "removal.h"
#include "sealed_tag.h"
#include "whip.h"

static struct participant *find_number(struct meeting *meeting, uint32_t number)
{
	list_each(at, &meeting->participants) {
		struct participant *p = list_entry(at, struct participant, in_meeting);
		if (p->number == number)
			return p;
	}
	return NULL;
}

/* The newest tag has the last word on lock and removals. */
static void take_meeting(struct meeting *meeting, const struct sealed_tag *tag)
{
	if (meeting->last_number < tag->last_number)
		meeting->last_number = tag->last_number;
	if (tag->revision <= meeting->revision)
		return;
	meeting->revision = tag->revision;
	meeting->locked = tag->locked;
	meeting->removal_count = 0;
	for (int i = 0; i < tag->removal_count; i++)
		removal_restore(meeting, &tag->removals[i]);
}

static void take_person(struct participant *p, const struct sealed_tag *tag, int64_t now_us)
{
	p->present = true;
	p->number = tag->number;
	memcpy(p->name, tag->name, sizeof p->name);
	p->guest = tag->guest;
	p->kind = tag->kind;
	memcpy(p->sends, tag->sends, sizeof tag->sends);
	p->account = tag->account;
	memcpy(p->session, tag->session, sizeof p->session);
	memcpy(p->resume_hash, tag->resume_hash, sizeof p->resume_hash);
	p->marks = tag->marks;
	p->since_s = tag->since_s;
	p->hand_s = tag->hand_s;
	memcpy(p->state, tag->state, sizeof p->state);
	memcpy(p->blocked, tag->blocked, sizeof p->blocked);
	p->away_since_us = now_us;
	p->recovered_revision = tag->revision;
}

static struct meeting *find_or_make(struct live *live, const char *room)
{
	struct meeting *meeting = meeting_find(live, room);
	struct live_room bare = { .owner = 0, .max = 1, .closed = true };
	struct room_info info;

	if (meeting)
		return meeting;
	memcpy(bare.id, room, strlen(room) + 1);
	if (!meeting_room_copy(&info, &bare))
		return NULL;
	meeting = meeting_get(live, &info);
	meeting_room_clear(&info);
	return meeting;
}

/* Two peers of one number: a replacement was under way; the one with the newer tag stays. */
static void take_peer(struct live *live, struct meeting *meeting, const struct sealed_tag *tag, const char *id, bool connected)
{
	struct participant *p = find_number(meeting, tag->number);

	take_meeting(meeting, tag);
	if (p && tag->revision <= p->recovered_revision) {
		peers_remove_stray(live, id);
		return;
	}
	if (!p) {
		uint32_t last_number = meeting->last_number;
		p = meeting_add(meeting);
		if (!p) {
			peers_remove_stray(live, id);
			return;
		}
		meeting->last_number = last_number;     /* the number is an old one */
		live->counters.recovered++;
	}
	take_person(p, tag, live_now_us(live));
	if (p->peer)
		peers_free_all(p, true);
	p->peer = peers_recover(live, p, id);
	if (p->peer) {
		p->peer->connected = connected;
		p->peer->generation = tag->generation;
		p->peer->ufrag_mark = tag->ufrag_mark;
		p->peer->seat_count = tag->seat_count;
	}
	meeting->opened = true;
	if (p->kind != LIVE_PERSON && !p->conn)
		whip_recover(p);        /* if not: it is away, and gone in a minute */
}

void recovery_peer(struct live *live, const struct control_message *m)
{
	struct sealed_tag tag;
	const char *id = m->u.snapshot_peer.peer;

	if (peers_find(live, id))
		return;
	if (!sealed_tag_read(&tag, live->config.seal_key, m->u.snapshot_peer.tag, id) || strcmp(tag.room, m->u.snapshot_peer.room) ||
	    tag.number != m->u.snapshot_peer.number) {
		live->counters.bad_tags++;
		log_warn("recovery.unknown_peer", log_str("room", m->u.snapshot_peer.room));
		peers_remove_stray(live, id);
		return;
	}
	if (tag.kind != LIVE_PERSON && !live->ops.device_known(live->ops.ctx, tag.session)) {
		peers_remove_stray(live, id);           /* revoked while this process was away */
		return;
	}
	struct meeting *meeting = find_or_make(live, tag.room);
	if (meeting) {
		take_peer(live, meeting, &tag, id, m->u.snapshot_peer.connected);
		meeting_maybe_free(meeting);
	}
	sodium_memzero(&tag, sizeof tag);
}

static void finish(struct live *live)
{
	if (!live->recovering)
		return;
	live->recovering = false;
	log_info("recovery.done", log_uint("people", live->counters.recovered));
	client_run_parked(live);
}

static bool rooms_known(struct live *live)
{
	list_each(at, &live->meetings)
		if (!list_entry(at, struct meeting, in_live)->room.owner)
			return false;
	return true;
}

void recovery_room_known(struct live *live)
{
	if (live->recovering && live->snapshot_read && rooms_known(live))
		finish(live);
}

void recovery_snapshot_end(struct live *live)
{
	live->snapshot_read = true;
	list_each_safe(at, &live->meetings) {
		struct meeting *meeting = list_entry(at, struct meeting, in_live);
		if (!meeting->room.owner)
			entry_refresh(live, meeting->room.id);
	}
	recovery_room_known(live);
}

void recovery_tick(struct live *live, int64_t now_us)
{
	if (live->recovering && now_us >= live->recover_until_us)
		finish(live);
}

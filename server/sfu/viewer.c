#include "viewer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "room.h"
#include "rtcp_nack.h"
#include "sr_clock.h"
#include "worker.h"

enum {
	REPORTS_ROOM = 1200,            /* bytes of one datagram of reports */
	REPORT_BYTES = 28 + 24,         /* a sender report without blocks, and its share of the SDES */
	HEIGHT_UNTOLD = 720,            /* pixels: until the browser has said what it shows */
};

#define REPORT_US 1000000
#define REPORT_SILENT_US 5000000        /* a stream that sends nothing is not reported any more */
#define AWAY_US 1000000                 /* after this long without a path, streams begin anew at a keyframe */

static void on_timer(struct timer *timer, int64_t now_us);

int viewer_create(struct viewer **out, struct peer *peer, int64_t now_us)
{
	struct viewer *v = calloc(1, sizeof *v);
	if (!v)
		return -ENOMEM;
	v->peer = peer;
	v->timer.fire = on_timer;
	v->rtt_us = -1;
	v->away_us = now_us;
	*out = v;
	return viewer_on_config(v, now_us);
}

static void seat_clear(struct seat *s)
{
	subscription_destroy(s->audio);
	subscription_destroy(s->video);
	*s = (struct seat){ 0 };
}

void viewer_destroy(struct viewer *v)
{
	if (!v)
		return;
	timer_cancel(&v->peer->worker->timers, &v->timer);
	for (size_t i = 0; i < SEATS_MAX; i++)
		seat_clear(&v->seats[i]);
	free(v);
}

/* -- seats ------------------------------------------------------------------------------------------------------------------ */

/* Takes the stream with this SSRC out of the old seats: its numbers go on where they were. */
static struct subscription *stream_kept(struct seat *old, const struct control_seat_media *media, bool video)
{
	for (size_t i = 0; i < SEATS_MAX; i++) {
		struct subscription **at = video ? &old[i].video : &old[i].audio;
		struct subscription *s = *at;
		if (!s || s->ssrc != media->ssrc)
			continue;
		*at = NULL;
		s->rtx_ssrc = media->rtx;
		return s;
	}
	return NULL;
}

static int stream_for(struct subscription **out, struct viewer *v, struct seat *old, const struct control_seat_media *media,
	bool video, int64_t now_us)
{
	*out = NULL;
	if (!media->present)
		return 0;
	*out = stream_kept(old, media, video);
	return *out ? 0 : subscription_create(out, v->peer, media, video, now_us);
}

int viewer_on_config(struct viewer *v, int64_t now_us)
{
	static const enum seat_kind kinds[CONTROL_SEAT_KINDS] = {
		[CONTROL_SEAT_PERSON] = SEAT_PERSON, [CONTROL_SEAT_SCREEN] = SEAT_SCREEN, [CONTROL_SEAT_VOICE] = SEAT_VOICE,
		[CONTROL_SEAT_STAGE] = SEAT_STAGE,
	};
	const struct peer_config *c = v->peer->config;
	struct seat *old = malloc(sizeof v->seats);
	int err = 0;

	if (!old)
		return -ENOMEM;
	memcpy(old, v->seats, sizeof v->seats);
	memset(v->seats, 0, sizeof v->seats);
	v->seat_count = c->seat_count;
	for (uint8_t i = 0; i < c->seat_count; i++) {
		const struct control_seat *from = &c->seats[i];
		struct seat *s = &v->seats[i];
		s->kind = v->kinds[i] = kinds[from->kind];
		s->number = old[i].kind == s->kind ? old[i].number : 0;
		if (stream_for(&s->audio, v, old, &from->audio, false, now_us) != 0 ||
		    stream_for(&s->video, v, old, &from->video, true, now_us) != 0)
			err = -ENOMEM;
	}
	for (size_t i = 0; i < SEATS_MAX; i++) {
		seat_clear(&old[i]);
		/* Payload types may have changed with the rest: looked up anew at the next packet. */
		if (v->seats[i].audio)
			v->seats[i].audio->codec = CODEC_NONE;
		if (v->seats[i].video)
			v->seats[i].video->codec = CODEC_NONE;
	}
	free(old);
	return err;
}

void viewer_on_view(struct viewer *v, const struct order_view *view)
{
	v->has_view = true;
	v->view = *view;
}

static bool open_now(const struct peer *p, enum control_source source)
{
	return p && p->tracks[source] && track_allowed(p->tracks[source]);
}

/* The two sources that a seat of this kind shows of its participant. A stage has the sound of a screen alone: voices have seats of their own. */
static void seat_show(struct seat *s, const struct room *room, int64_t now_us)
{
	const struct member *m = s->number ? room_member(room, s->number) : NULL;
	struct peer *p = m ? m->peer : NULL;
	bool screen = s->kind == SEAT_SCREEN || (s->kind == SEAT_STAGE && open_now(p, CONTROL_SCREEN));
	enum control_source audio = screen ? CONTROL_SCREEN_AUDIO : CONTROL_MIC, video = screen ? CONTROL_SCREEN : CONTROL_CAMERA;
	bool heard = screen || s->kind != SEAT_STAGE;

	if (s->audio)
		subscription_show(s->audio, heard && open_now(p, audio) ? p->tracks[audio] : NULL, now_us);
	if (s->video)
		subscription_show(s->video, open_now(p, video) ? p->tracks[video] : NULL, now_us);
}

static size_t people_of(struct seat_person *people, const struct room *room)
{
	size_t n = 0;

	for (size_t i = 0; i < room->member_count && n < SEATS_PEOPLE_MAX; i++) {
		const struct member *m = room->members[i];
		struct peer *const p = m->peer;
		if (!p)
			continue;
		people[n++] = (struct seat_person){
			.number = m->number, .mic = open_now(p, CONTROL_MIC), .camera = open_now(p, CONTROL_CAMERA),
			.screen = open_now(p, CONTROL_SCREEN), .screen_order = m->screen_order,
		};
	}
	return n;
}

static void tell_seats(struct viewer *v, const uint32_t *next)
{
	struct event_seats event = { .peer = v->peer->id };

	for (uint8_t i = 0; i < v->seat_count; i++) {
		if (v->seats[i].number == next[i])
			continue;
		event.seats[event.count].seat = i;
		event.seats[event.count++].number = next[i];
	}
	if (event.count)
		worker_tell(v->peer->worker, EVENT_SEATS, &event, sizeof event);
	count_add(&v->peer->worker->counters, COUNTER_seat_changes, event.count);
}

void viewer_settle_seats(struct viewer *v, int64_t now_us)
{
	const struct room *room = v->peer->room;
	uint32_t now[SEATS_MAX], next[SEATS_MAX];

	for (uint8_t i = 0; i < v->seat_count; i++)
		now[i] = v->seats[i].number;
	const struct seat_plan plan = {
		.viewer = v->peer->number, .kinds = v->kinds, .now = now, .seats_count = v->seat_count,
		.people = v->peer->worker->people, .people_count = people_of(v->peer->worker->people, room),
		.pins = v->view.pins, .pins_count = v->view.pin_count, .wants = v->view.wants, .wants_count = v->view.want_count,
		.spoke = room->said.order, .spoke_count = room->said.order_count,
	};
	seats_decide(next, &plan);
	tell_seats(v, next);
	for (uint8_t i = 0; i < v->seat_count; i++) {
		v->seats[i].number = next[i];
		seat_show(&v->seats[i], room, now_us);
	}
}

void viewer_settle_layers(struct viewer *v, int64_t now_us)
{
	for (uint8_t i = 0; i < v->seat_count; i++) {
		struct subscription *s = v->seats[i].video;
		if (!s)
			continue;
		s->height = !v->has_view ? HEIGHT_UNTOLD : i < v->view.height_count ? v->view.heights[i] : 0;
		subscription_choose_layer(s, now_us);
	}
}

void viewer_on_path(struct viewer *v, bool there, int64_t now_us)
{
	if (!there) {
		if (!v->away_us)
			v->away_us = now_us;
		return;
	}
	bool long_away = v->away_us && now_us - v->away_us > AWAY_US;
	v->away_us = 0;
	for (uint8_t i = 0; long_away && i < v->seat_count; i++) {
		if (v->seats[i].audio)
			subscription_begin_anew(v->seats[i].audio);
		if (v->seats[i].video)
			subscription_begin_anew(v->seats[i].video);
	}
	room_layers_changed(v->peer->room);
	timer_sooner(&v->peer->worker->timers, &v->timer, now_us + REPORT_US);
}

/* -- sender reports ------------------------------------------------------------------------------------------------------------ */

struct reports {
	uint8_t bytes[REPORTS_ROOM];
	struct wr w;
	struct rtcp_sdes sdes;
	uint8_t cname[RTCP_COUNT_MAX][3];
};

static void reports_begin(struct reports *r)
{
	r->w = wr_to(r->bytes, sizeof r->bytes);
	r->sdes.count = 0;
}

static void reports_send(struct reports *r, struct viewer *v)
{
	if (!r->sdes.count)
		return;
	rtcp_sdes_write(&r->w, &r->sdes);
	if (r->w.ok)
		peer_send_rtcp(v->peer, r->bytes, (size_t)(r->w.p - r->bytes));
	reports_begin(r);
}

static void report(struct reports *r, struct viewer *v, struct subscription *s, uint8_t seat, int64_t now_us)
{
	struct rtcp_sr sr = { .ssrc = s->ssrc, .ntp = sr_ntp(now_us), .packets = s->packets, .octets = s->octets };

	if (!subscription_report_ts(s, now_us, &sr.ts)) {
		s->report_us = now_us + REPORT_US / 5;
		return;
	}
	if (r->sdes.count == RTCP_COUNT_MAX || (size_t)(r->w.end - r->w.p) < (size_t)(r->sdes.count + 2) * REPORT_BYTES / 2 + 64)
		reports_send(r, v);
	rtcp_sr_write(&r->w, &sr);
	/* One canonical name for both streams of a seat: they share a clock (RFC 3550 §6.5.1). */
	uint8_t *name = r->cname[r->sdes.count];
	name[0] = 's';
	name[1] = (uint8_t)('0' + seat / 10);
	name[2] = (uint8_t)('0' + seat % 10);
	r->sdes.chunks[r->sdes.count++] = (struct rtcp_sdes_chunk){ s->ssrc, 3, name };
	s->report_us = now_us + REPORT_US;
	count(&v->peer->worker->counters, COUNTER_sr_sent);
}

static bool flows(const struct subscription *s, int64_t now_us)
{
	return s && s->packets && now_us - s->sent_us < REPORT_SILENT_US;
}

static void on_timer(struct timer *timer, int64_t now_us)
{
	struct viewer *v = list_entry(timer, struct viewer, timer);
	int64_t next = now_us + REPORT_US;
	struct reports r;

	reports_begin(&r);
	for (uint8_t i = 0; i < v->seat_count; i++) {
		struct subscription *both[2] = { v->seats[i].audio, v->seats[i].video };
		/* Both streams of a seat at one moment: a receiver compares them. */
		bool due = (flows(both[0], now_us) && both[0]->report_us <= now_us) ||
			(flows(both[1], now_us) && both[1]->report_us <= now_us);
		for (size_t k = 0; k < 2; k++) {
			if (!flows(both[k], now_us))
				continue;
			if (due)
				report(&r, v, both[k], i, now_us);
			if (both[k]->report_us < next)
				next = both[k]->report_us;
		}
	}
	reports_send(&r, v);
	timer_sooner(&v->peer->worker->timers, timer, next);
}

void viewer_report_soon(struct viewer *v, int64_t now_us)
{
	timer_sooner(&v->peer->worker->timers, &v->timer, now_us);
}

/* -- what the browser says ------------------------------------------------------------------------------------------------------ */

static struct subscription *stream_of(struct viewer *v, uint32_t ssrc)
{
	for (uint8_t i = 0; i < v->seat_count; i++) {
		if (v->seats[i].audio && v->seats[i].audio->ssrc == ssrc)
			return v->seats[i].audio;
		if (v->seats[i].video && v->seats[i].video->ssrc == ssrc)
			return v->seats[i].video;
	}
	count(&v->peer->worker->counters, COUNTER_rtcp_foreign_ssrc);
	return NULL;
}

void viewer_on_report(struct viewer *v, const struct rtcp_block *block, int64_t now_us)
{
	int64_t rtt_us = sr_rtt_us(block->lsr, block->dlsr, now_us);
	if (rtt_us >= 0)
		v->rtt_us = v->rtt_us < 0 ? rtt_us : (7 * v->rtt_us + rtt_us) / 8;
}

void viewer_on_nack(struct viewer *v, uint32_t ssrc, struct rd fci, unsigned *budget, int64_t now_us)
{
	struct counters *c = &v->peer->worker->counters;
	struct subscription *s = stream_of(v, ssrc);
	uint16_t seqs[RTCP_NACK_SEQS];
	struct rtcp_nack nack;

	while (s && rtcp_nack_read(&nack, &fci)) {
		size_t n = rtcp_nack_seqs(seqs, &nack);
		count_add(c, COUNTER_rtcp_nack_seqs, n);
		if (n > *budget) {
			count(c, COUNTER_rtcp_nack_limited);
			n = *budget;
		}
		*budget -= (unsigned)n;
		for (size_t i = 0; i < n; i++)
			subscription_resend(s, seqs[i], v->rtt_us > 0 ? v->rtt_us : 20000, now_us);
	}
	train_close(v->peer->worker);
}

void viewer_on_keyframe_request(struct viewer *v, uint32_t ssrc, int64_t now_us)
{
	struct subscription *s = stream_of(v, ssrc);
	if (s)
		subscription_ask_keyframe(s, now_us);
}

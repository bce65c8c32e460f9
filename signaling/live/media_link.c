#include "media_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd_message.h"
#include "live_state.h"
#include "log.h"
#include "meeting.h"
#include "peers.h"
#include "recovery.h"

enum {
	UNSENT_MAX = 20000,             /* datagrams; beyond that the media program is not reading: treated as lost */
};

struct link_request {
	struct list in_outstanding;
	uint64_t id;
	enum control_type type;
	char peer[LIVE_PEER_ID_ROOM];
	size_t len;
	char bytes[];
};

struct link_datagram {
	struct list in_unsent;
	int fd;                         /* owned copy to pass along, or -1 */
	size_t len;
	char bytes[];
};

int media_link_init(struct media_link *link)
{
	memset(link, 0, sizeof *link);
	link->fd = -1;
	link->next_id = 1;
	list_init(&link->outstanding);
	list_init(&link->unsent);
	link->in = calloc(1, sizeof *link->in);
	link->out = calloc(1, sizeof *link->out);
	link->bytes = malloc(CONTROL_MESSAGE_MAX);
	return link->in && link->out && link->bytes ? 0 : -ENOMEM;
}

static void forget_unsent(struct media_link *link)
{
	list_each_safe(at, &link->unsent) {
		struct link_datagram *d = list_entry(at, struct link_datagram, in_unsent);
		list_remove(&d->in_unsent);
		if (d->fd >= 0)
			close(d->fd);
		free(d);
	}
	link->unsent_count = 0;
}

void media_link_destroy(struct media_link *link)
{
	if (!link->bytes && !link->in && !link->out && !link->next_id)
		return;
	forget_unsent(link);
	list_each_safe(at, &link->outstanding) {
		struct link_request *r = list_entry(at, struct link_request, in_outstanding);
		list_remove(&r->in_outstanding);
		free(r);
	}
	if (link->fd >= 0)
		close(link->fd);
	free(link->in);
	free(link->out);
	free(link->bytes);
}

/* -- out ----------------------------------------------------------------------------------------------------------------- */

static void link_down(struct live *live)
{
	struct media_link *link = &live->link;

	if (link->fd < 0)
		return;
	live->ops.link_watch(live->ops.ctx, -1, false);
	close(link->fd);
	link->fd = -1;
	link->state = LINK_DOWN;
	forget_unsent(link);
	log_warn("link.down", log_str("epoch", link->epoch));
}

static void queue(struct live *live, const char *bytes, size_t len, int fd)
{
	struct media_link *link = &live->link;
	struct link_datagram *d = link->unsent_count < UNSENT_MAX ? malloc(sizeof *d + len) : NULL;

	if (!d) {
		link_down(live);
		return;
	}
	d->fd = fd >= 0 ? dup(fd) : -1;
	d->len = len;
	memcpy(d->bytes, bytes, len);
	list_add_tail(&link->unsent, &d->in_unsent);
	link->unsent_count++;
	live->ops.link_watch(live->ops.ctx, link->fd, true);
}

/* Now if the socket takes it, else later, in order. A datagram with a descriptor is like any other. */
static void send_bytes(struct live *live, const char *bytes, size_t len, int fd)
{
	struct media_link *link = &live->link;
	int err = list_empty(&link->unsent) ? fd_message_send(link->fd, bytes, len, fd) : -EAGAIN;

	if (err == -EAGAIN || err == -ENOBUFS)
		queue(live, bytes, len, fd);
	else if (err)
		link_down(live);
}

void media_link_writable(struct live *live)
{
	struct media_link *link = &live->link;

	while (link->fd >= 0 && !list_empty(&link->unsent)) {
		struct link_datagram *d = list_entry(list_first(&link->unsent), struct link_datagram, in_unsent);
		int err = fd_message_send(link->fd, d->bytes, d->len, d->fd);
		if (err == -EAGAIN || err == -ENOBUFS)
			return;
		if (err) {
			link_down(live);
			return;
		}
		list_remove(&d->in_unsent);
		link->unsent_count--;
		if (d->fd >= 0)
			close(d->fd);
		free(d);
	}
	if (link->fd >= 0)
		live->ops.link_watch(live->ops.ctx, link->fd, false);
}

struct control_message *media_link_prepare(struct live *live, enum control_type type)
{
	memset(live->link.out, 0, sizeof *live->link.out);
	live->link.out->type = type;
	return live->link.out;
}

/* Encode link->out under a fresh id and send it; remembered until answered unless it passes a descriptor. */
static bool request(struct live *live, const char *peer, int fd)
{
	struct media_link *link = &live->link;

	if (link->fd < 0)
		return false;
	link->out->id = link->next_id++;
	size_t len = control_encode(link->out, link->bytes, CONTROL_MESSAGE_MAX);
	struct link_request *r = len ? malloc(sizeof *r + len) : NULL;
	if (!r) {
		live->counters.link_errors++;
		return false;
	}
	r->id = link->out->id;
	r->type = link->out->type;
	strcpy(r->peer, peer);
	r->len = len;
	memcpy(r->bytes, link->bytes, len);
	list_add_tail(&link->outstanding, &r->in_outstanding);
	link->requests++;
	send_bytes(live, r->bytes, len, fd);
	return true;
}

bool media_link_request(struct live *live, const char *peer)
{
	return live->link.state == LINK_UP && request(live, peer, -1);
}

void media_link_pass(struct live *live, int fd)
{
	media_link_prepare(live, CONTROL_TCP);
	if (live->link.state == LINK_UP)
		request(live, "", fd);
}

/* -- a new end ----------------------------------------------------------------------------------------------------------- */

void media_link_attach(struct live *live, int fd)
{
	struct media_link *link = &live->link;

	link_down(live);
	/* What would be said again in the media program's next life must not be: greetings, questions and passed descriptors. */
	list_each_safe(at, &link->outstanding) {
		struct link_request *r = list_entry(at, struct link_request, in_outstanding);
		if (r->type == CONTROL_HELLO || r->type == CONTROL_STATS || r->type == CONTROL_SNAPSHOT || r->type == CONTROL_TCP) {
			list_remove(&r->in_outstanding);
			free(r);
		}
	}
	link->fd = fd;
	link->state = LINK_GREETING;
	live->ops.link_watch(live->ops.ctx, fd, false);
	media_link_prepare(live, CONTROL_HELLO)->u.hello.version = CONTROL_VERSION;
	request(live, "", -1);
}

static void resend_outstanding(struct live *live)
{
	struct media_link *link = &live->link;

	list_each(at, &link->outstanding) {
		struct link_request *r = list_entry(at, struct link_request, in_outstanding);
		link->resent++;
		send_bytes(live, r->bytes, r->len, -1);
		if (link->fd < 0)
			return;
	}
}

static void fail_outstanding(struct live *live)
{
	struct media_link *link = &live->link;

	while (!list_empty(&link->outstanding)) {
		struct link_request *r = list_entry(list_first(&link->outstanding), struct link_request, in_outstanding);
		list_remove(&r->in_outstanding);
		if (r->peer[0])
			peers_answered(live, r->peer, r->type, false, CONTROL_CODE_NO_MEMORY);
		free(r);
	}
}

/* The media program has said who it is. In another life than before, everything it knew is gone. */
static void on_welcome(struct live *live, const struct control_message *m)
{
	struct media_link *link = &live->link;
	bool first = !link->known_epoch;
	bool same = !first && !strcmp(link->epoch, m->u.welcome.epoch);

	strcpy(link->epoch, m->u.welcome.epoch);
	strcpy(link->fingerprint, m->u.welcome.fingerprint);
	link->workers = m->u.welcome.workers;
	link->known_epoch = true;
	link->state = LINK_UP;
	log_info("link.up", log_str("epoch", link->epoch), log_bool("first", first), log_bool("same", same));
	if (same) {
		resend_outstanding(live);
		return;
	}
	fail_outstanding(live);
	if (first) {
		media_link_prepare(live, CONTROL_SNAPSHOT);
		media_link_request(live, "");
	} else {
		peers_all_gone(live);
	}
}

/* -- in ------------------------------------------------------------------------------------------------------------------ */

static void on_stats(struct live *live, const struct control_message *m)
{
	json_t *counters = json_object();

	for (int i = 0; counters && i < m->u.stats_report.counter_count; i++)
		json_object_set_new(counters, m->u.stats_report.counters[i].name,
			json_integer((json_int_t)m->u.stats_report.counters[i].value));
	json_decref(live->media_stats);
	live->media_stats = counters;
}

static void on_answer(struct live *live, const struct control_message *m)
{
	struct media_link *link = &live->link;
	struct link_request *found = NULL;

	list_each(at, &link->outstanding) {
		struct link_request *r = list_entry(at, struct link_request, in_outstanding);
		if (r->id == m->id) {
			found = r;
			break;
		}
	}
	if (!found) {
		link->bad++;
		return;
	}
	list_remove(&found->in_outstanding);
	link->answers++;
	if (m->type == CONTROL_ERROR) {
		live->counters.link_errors++;
		log_warn("link.refused", log_str("request", control_type_name(found->type)), log_str("code", control_code_name(m->u.error.code)));
	}
	if (m->type == CONTROL_WELCOME && found->type == CONTROL_HELLO)
		on_welcome(live, m);
	else if (m->type == CONTROL_STATS_REPORT)
		on_stats(live, m);
	else if (found->peer[0])
		peers_answered(live, found->peer, found->type, m->type == CONTROL_OK,
			m->type == CONTROL_ERROR ? m->u.error.code : CONTROL_CODE_BAD_MESSAGE);
	free(found);
}

static void on_event(struct live *live, const struct control_message *m)
{
	live->link.events++;
	switch (m->type) {
	case CONTROL_PEER_CONNECTED:
		peers_connected(live, m->u.peer_connected.peer, m->u.peer_connected.via);
		break;
	case CONTROL_PEER_CLOSED:
		peers_closed(live, m->u.peer_closed.peer, m->u.peer_closed.reason);
		break;
	case CONTROL_PEER_STALLED:
		peers_stalled(live, m->u.peer_stalled.peer, m->u.peer_stalled.stalled);
		break;
	case CONTROL_SEATS:
		peers_seats(live, m);
		break;
	case CONTROL_SPEAKERS:
		meeting_speakers(live, m);
		break;
	case CONTROL_SNAPSHOT_PEER:
		recovery_peer(live, m);
		break;
	case CONTROL_SNAPSHOT_END:
		recovery_snapshot_end(live);
		break;
	default:
		live->link.bad++;
	}
}

void media_link_readable(struct live *live)
{
	struct media_link *link = &live->link;

	while (link->fd >= 0) {
		int passed = -1;
		long n = fd_message_receive(link->fd, link->bytes, CONTROL_MESSAGE_MAX, &passed);
		if (passed >= 0)
			close(passed);
		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n == -EMSGSIZE) {
			link->bad++;
			continue;
		}
		if (n <= 0) {
			link_down(live);
			return;
		}
		if (!control_decode(link->in, link->bytes, (size_t)n) || (link->in->type >= CONTROL_HELLO && link->in->type <= CONTROL_STATS))
			link->bad++;
		else if (link->in->id)
			on_answer(live, link->in);
		else
			on_event(live, link->in);
	}
}

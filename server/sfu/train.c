#include "train.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"
#include "peer.h"
#include "rtp_header.h"
#include "worker.h"

static uint8_t *slot_at(const struct train *t, unsigned place)
{
	return t->slots + (size_t)place * UDP_SLOT_ROOM;
}

static void open_train(struct worker *w, struct peer *peer)
{
	struct train *t = &w->train;

	t->peer = peer;
	t->slots = udp_batch_slots(w->batch, &t->room);
	t->shape.count = 0;
}

uint8_t *train_slot(struct worker *w, struct peer *peer)
{
	struct train *t = &w->train;

	if (t->peer && (t->peer != peer || t->shape.count == t->room || t->shape.count == UDP_TRAIN_MOST))
		train_close(w);
	if (!t->peer)
		open_train(w, peer);
	return slot_at(t, t->shape.count);
}

/* What is in the slot behind the open train does not fit it: it begins another, mostly right where it is. */
static void begin_with(struct worker *w, struct peer *peer, const uint8_t *packet, uint16_t len)
{
	train_close(w);
	open_train(w, peer);
	if (packet != w->train.slots)
		memcpy(w->train.slots, packet, len);    /* the batch was full and has been sent */
}

void train_add(struct worker *w, uint16_t len)
{
	struct train *t = &w->train;

	assert(t->peer && len <= TRAIN_PACKET_ROOM);
	if (!train_shape_take(&t->shape, len)) {
		begin_with(w, t->peer, slot_at(t, t->shape.count), len);
		train_shape_take(&t->shape, len);
	}
	t->len[t->shape.count - 1] = len;
	if (!udp_batch_trains(w->batch, &t->peer->path))
		train_close(w);
}

static void pad(struct worker *w, uint8_t *packet, uint16_t *len, uint8_t padding)
{
	struct wr out = wr_to(packet + *len, padding);

	if (!padding)
		return;
	rtp_padding_write(&out, padding);
	packet[0] |= RTP_PADDING_BIT;
	*len = (uint16_t)(*len + padding);
	count_add(&w->counters, COUNTER_tx_padding_bytes, padding);
}

/* The sealed length, or 0: it must not be sent. */
static uint16_t seal(struct worker *w, struct peer *p, uint8_t *packet, uint16_t len)
{
	switch (media_protect(p->keys, packet, &len, UDP_SLOT_ROOM)) {
	case PKT_OK:
		count(&w->counters, COUNTER_srtp_protected);
		return len;
	case PKT_USED_INDEX:
		count(&w->counters, COUNTER_srtp_index_refused);
		return 0;
	default:
		count(&w->counters, COUNTER_srtp_failed);
		return 0;
	}
}

void train_close(struct worker *w)
{
	struct train *t = &w->train;
	struct peer *p = t->peer;
	unsigned sent = 0;

	if (!p)
		return;
	t->peer = NULL;
	for (uint16_t i = 0; i < t->shape.count; i++) {
		pad(w, slot_at(t, i), &t->len[i], train_shape_padding(&t->shape, i, t->len[i]));
		t->len[i] = seal(w, p, slot_at(t, i), t->len[i]);
		p->viewer->tx_packets += t->len[i] > 0;
		p->viewer->tx_bytes += t->len[i];
		sent += t->len[i] > 0;
	}
	if (!sent)
		return;
	if (p->path.kind == PATH_TCP)
		worker_send(w, &p->path, t->slots, t->len[0]);
	else
		udp_batch_add_train(w->batch, &p->path, t->len, t->shape.count);
}

#include "fanout.h"

#include "packet_pool.h"
#include "subscription.h"
#include "track.h"
#include "train.h"
#include "worker.h"

void fanout_put(struct worker *w, struct track *track, struct packet *packet, const struct media_info *info)
{
	struct fanout *f = &w->fanout;

	if (f->count == FANOUT_MOST)
		fanout_run(w);
	f->entries[f->count++] = (struct fanout_entry){ track, packet_ref(packet), *info };
}

/* A track's packets, in the order in which they came. */
struct load {
	unsigned count;
	struct fanout_entry *entries[FANOUT_MOST];
};

static void load_take(struct load *load, struct fanout *f, unsigned from, const struct track *track)
{
	load->count = 0;
	for (unsigned i = from; i < f->count; i++) {
		if (f->entries[i].track == track)
			load->entries[load->count++] = &f->entries[i];
	}
}

static void offer(struct worker *w, struct subscription *s, struct track *t, const struct load *load)
{
	for (unsigned i = 0; i < load->count; i++)
		subscription_offer(s, t, load->entries[i]->packet, &load->entries[i]->info, w->now_us);
	train_close(w);
}

static void offer_all(struct worker *w, struct track *t, const struct load *load)
{
	list_each_safe(at, &t->watching)
		offer(w, list_entry(at, struct subscription, in_track), t, load);
	/* After those who watch: whoever switches here moves among them, and has had its packets. */
	list_each_safe(at, &t->waiting)
		offer(w, list_entry(at, struct subscription, in_next), t, load);
}

static void let_go(struct fanout_entry *e)
{
	e->track = NULL;
	packet_unref(e->packet);
}

void fanout_run(struct worker *w)
{
	struct fanout *f = &w->fanout;
	struct load load;

	for (unsigned i = 0; i < f->count; i++) {
		if (!f->entries[i].track)
			continue;
		load_take(&load, f, i, f->entries[i].track);
		offer_all(w, f->entries[i].track, &load);
		for (unsigned k = 0; k < load.count; k++)
			let_go(load.entries[k]);
	}
	f->count = 0;
}

void fanout_forget(struct worker *w, const struct track *track)
{
	struct fanout *f = &w->fanout;

	for (unsigned i = 0; i < f->count; i++) {
		if (f->entries[i].track == track)
			let_go(&f->entries[i]);
	}
}

#include "tp_report.h"

#include <string.h>

static void put(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static json_t *senders(const struct tp_sink *s)
{
	json_t *o = json_object();
	for (int i = 0; i < TP_SENDERS && s->senders[i].packets; i++) {
		char key[16];
		snprintf(key, sizeof key, "%u", s->senders[i].number);
		put(o, key, s->senders[i].packets);
	}
	return o;
}

/* The sum of all that must be zero in a sound server. */
static uint64_t wrong(const struct tp_sink *s)
{
	const struct tp_sink_counts *c = &s->counts;
	return c->wrong_pt + c->wrong_csrc + c->wrong_payload + c->wrong_mid + c->alien_ext + c->duplicates
		+ c->switch_without_keyframe + c->picture_id_jumps + c->tl0_jumps + c->ts_back + c->tag_back;
}

static json_t *sink(const struct tp_peer *peer, const struct tp_sink *s)
{
	const struct tp_sink_counts *c = &s->counts;
	json_t *o = json_object();
	put(o, "seat", (uint64_t)s->seat);
	json_object_set_new(o, "kind", json_string(s->video ? "video" : "audio"));
	put(o, "ssrc", s->ssrc);
	put(o, "number", s->last.number);
	json_object_set_new(o, "source", json_string(s->last.source < TP_SOURCES ? tp_source_names[s->last.source] : "?"));
	put(o, "layer", s->last.layer);
	put(o, "seated", peer->seat_number[s->seat]);
	put(o, "packets", c->packets);
	put(o, "bytes", c->bytes);
	put(o, "lost", tp_sink_lost(s));
	put(o, "recovered", c->recovered);
	put(o, "resent_again", c->resent_again);
	put(o, "frames", c->frames);
	put(o, "keyframes", c->keyframes);
	put(o, "switches", c->switches);
	put(o, "tag_gaps", c->tag_gaps);
	put(o, "sr", s->sr_count);
	put(o, "wrong", wrong(s));
	put(o, "wrong_pt", c->wrong_pt);
	put(o, "wrong_csrc", c->wrong_csrc);
	put(o, "wrong_payload", c->wrong_payload);
	put(o, "wrong_mid", c->wrong_mid);
	put(o, "alien_ext", c->alien_ext);
	put(o, "duplicates", c->duplicates);
	put(o, "no_level", c->no_level);
	put(o, "switch_without_keyframe", c->switch_without_keyframe);
	put(o, "picture_id_jumps", c->picture_id_jumps);
	put(o, "tl0_jumps", c->tl0_jumps);
	put(o, "ts_back", c->ts_back);
	put(o, "tag_back", c->tag_back);
	put(o, "latency_p50_us", (uint64_t)tp_sink_latency_us(s, 0.5));
	put(o, "latency_p99_us", (uint64_t)tp_sink_latency_us(s, 0.99));
	put(o, "latency_max_us", (uint64_t)s->latency_max_us);
	put(o, "quiet_us", s->last_arrival_us ? (uint64_t)(tp_now_us() - s->last_arrival_us) : 0);
	put(o, "seq", s->highest & 0xffff);
	json_object_set_new(o, "from", senders(s));
	return o;
}

static json_t *source(const struct tp_source *s, int layer)
{
	struct tp_layer_counts c = tp_source_counts(s, layer);
	json_t *o = json_object();
	json_object_set_new(o, "source", json_string(tp_source_names[tp_source_config(s)->kind]));
	put(o, "layer", (uint64_t)layer);
	put(o, "ssrc", c.ssrc);
	put(o, "packets", c.packets);
	put(o, "frames", c.frames);
	put(o, "keyframes", c.keyframes);
	put(o, "plis", c.plis);
	put(o, "nacks", c.nacks);
	put(o, "resent", c.resent);
	put(o, "not_kept", c.not_kept);
	return o;
}

static json_t *way(const struct tp_way *w)
{
	json_t *o = json_object();
	json_object_set_new(o, "used", json_boolean(w->used));
	json_object_set_new(o, "checked", json_boolean(w->checked));
	json_object_set_new(o, "nominated", json_boolean(w->nominated));
	put(o, "media", w->media);
	put(o, "server_checks", w->server_checks);
	put(o, "received", w->wire.received);
	put(o, "sent", w->wire.sent);
	put(o, "dropped", w->wire.dropped);
	put(o, "rtt_us", (uint64_t)w->rtt_us);
	put(o, "error", w->error);
	return o;
}

static json_t *counts(const struct tp_peer *peer)
{
	const struct tp_peer_counts *c = &peer->counts;
	json_t *o = json_object();
	put(o, "rx_rtp", c->rx_rtp);
	put(o, "rx_rtcp", c->rx_rtcp);
	put(o, "rx_dtls", c->rx_dtls);
	put(o, "rx_stun", c->rx_stun);
	put(o, "rx_other", c->rx_other);
	put(o, "rtp_before_keys", c->rtp_before_keys);
	put(o, "unknown_ssrc", c->unknown_ssrc);
	put(o, "bad_rtp", c->bad_rtp);
	put(o, "bad_rtcp", c->bad_rtcp);
	put(o, "checks_sent", c->checks_sent);
	put(o, "checks_answered", c->checks_answered);
	put(o, "check_errors", c->check_errors);
	put(o, "server_checks", c->server_checks);
	put(o, "server_checks_bad", c->server_checks_bad);
	put(o, "twcc_feedback", c->twcc_feedback);
	put(o, "twcc_reported", c->twcc_reported);
	put(o, "twcc_received", c->twcc_received);
	put(o, "twcc_gaps", c->twcc_gaps);
	put(o, "reports", c->reports);
	put(o, "remb", c->remb);
	put(o, "byes", c->byes);
	put(o, "unknown_plis", c->unknown_plis);
	put(o, "unknown_nacks", c->unknown_nacks);
	put(o, "sent_rtp", c->sent_rtp);
	put(o, "sent_rtcp", c->sent_rtcp);
	put(o, "nacks_sent", c->nacks_sent);
	return o;
}

static json_t *srtp_counts(const struct tp_peer *peer)
{
	static const struct tp_srtp_counts none;
	const struct tp_srtp_counts *c = peer->srtp ? tp_srtp_counts(peer->srtp) : &none;
	json_t *o = json_object();
	put(o, "opened", c->opened);
	put(o, "replayed", c->replayed);
	put(o, "forged", c->forged);
	put(o, "reused", c->reused);
	put(o, "repeated", c->repeated);
	return o;
}

static json_t *since(int64_t start, int64_t at)
{
	return json_integer(start && at ? at - start : -1);
}

json_t *tp_report_times(const struct tp_peer *peer)
{
	const struct tp_peer_times *t = &peer->times;
	json_t *o = json_object();
	json_object_set_new(o, "check_us", since(t->start_us, t->check_us));
	json_object_set_new(o, "dtls_us", since(t->start_us, t->dtls_us));
	json_object_set_new(o, "first_us", since(t->start_us, t->first_us));
	return o;
}

json_t *tp_report(const struct tp_peer *peer)
{
	json_t *o = json_object(), *sinks = json_array(), *sources = json_array(), *ways = json_array();
	for (int i = 0; i < peer->sink_count; i++)
		json_array_append_new(sinks, sink(peer, &peer->sinks[i]));
	for (int i = 0; i < TP_SOURCES; i++)
		for (int k = 0; peer->sources[i] && k < tp_source_config(peer->sources[i])->layers; k++)
			json_array_append_new(sources, source(peer->sources[i], k));
	for (int i = 0; i < TP_PEER_WAYS; i++)
		json_array_append_new(ways, way(&peer->ways[i]));
	put(o, "number", peer->config.number);
	json_object_set_new(o, "connected", json_boolean(peer->connected && !peer->closed));
	json_object_set_new(o, "reason", json_string(peer->reason));
	json_object_set_new(o, "times", tp_report_times(peer));
	json_object_set_new(o, "counts", counts(peer));
	json_object_set_new(o, "srtp", srtp_counts(peer));
	json_object_set_new(o, "ways", ways);
	json_object_set_new(o, "sends", sources);
	json_object_set_new(o, "seats", sinks);
	return o;
}

/*
 * The whole journey of a packet. Each step is one call into one module; a packet that goes no further has been counted there.
 *
 *	found (path) → opened (SRTP) → taken (stream, layer, gaps: publisher.c) → kept (track.c)
 *
 * and, when the receive batch has been worked through, for each subscriber
 *
 *	offered (fanout.c) → forwarded, held back or switched to, rewritten (subscription.c) → coupled, sealed (train.c) → sent (worker.c)
 */
#include "packet_path.h"

#include "demux.h"
#include "peer.h"
#include "publisher.h"
#include "rtcp_path.h"
#include "track.h"
#include "worker.h"
#include "worker_mail.h"

/* It landed here, but its peer lives with another worker. */
static void hand_over(struct worker *w, const struct peer *peer, const struct packet *packet)
{
	const struct traffic_datagram head = { peer->id, packet->path, packet->arrival_us, w->index };
	worker_post(w, peer->owner, TRAFFIC_DATAGRAM, &head, sizeof head, packet->data, packet->len);
}

/* Only a path that an authenticated check came over leads to a peer. */
static struct peer *found(struct worker *w, const struct packet *packet, enum counter nobody)
{
	struct peer *peer = map_get_path(w->paths, &packet->path);
	if (!peer)
		count(&w->counters, nobody);
	return peer;
}

static bool opened(struct worker *w, struct peer *peer, struct packet *packet)
{
	static const enum counter counted[PKT_VERDICTS] = {
		[PKT_OK] = COUNTER_srtp_opened, [PKT_SHORT] = COUNTER_srtp_short, [PKT_REPLAYED] = COUNTER_srtp_replayed,
		[PKT_FORGED] = COUNTER_srtp_forged, [PKT_SSRC_LIMIT] = COUNTER_rtp_ssrc_limit,
		[PKT_USED_INDEX] = COUNTER_srtp_failed, [PKT_NO_ROOM] = COUNTER_srtp_failed,
	};
	if (peer->home != PEER_HERE) {
		count(&w->counters, COUNTER_srtp_no_keys);
		return false;
	}
	enum pkt_verdict verdict = media_unprotect(peer->keys, packet);
	count(&w->counters, counted[verdict]);
	if (verdict != PKT_OK)
		return false;
	peer_on_heard(peer, &packet->path, w->now_us);
	return true;
}

static bool opened_rtcp(struct worker *w, struct peer *peer, struct packet *packet)
{
	if (peer->home != PEER_HERE) {
		count(&w->counters, COUNTER_srtp_no_keys);
		return false;
	}
	if (media_unprotect_rtcp(peer->keys, packet) != PKT_OK) {
		count(&w->counters, COUNTER_srtcp_failed);
		return false;
	}
	count(&w->counters, COUNTER_srtcp_opened);
	peer_on_heard(peer, &packet->path, w->now_us);
	return true;
}

static void on_rtp(struct worker *w, struct peer *peer, struct packet *packet)
{
	struct media_info info;
	struct track *track;

	if (!opened(w, peer, packet) || !(track = publisher_take(peer->publisher, packet, &info, w->now_us)))
		return;
	track_deliver(track, packet, &info, w->now_us);
	track_hand_over(track, packet, &info);
}

static void on_rtcp(struct worker *w, struct peer *peer, struct packet *packet)
{
	if (opened_rtcp(w, peer, packet))
		rtcp_path_take(peer, packet->data, packet->len, packet->arrival_us, w->now_us);
}

static void on_dtls(struct worker *w, struct peer *peer, const struct packet *packet)
{
	int socket = packet->path.kind == PATH_TCP ? -1 : udp_socket_fd(w->udp[packet->path.local]);

	count(&w->counters, COUNTER_dtls_rx);
	if (w->post->handshake && !handshake_datagram(w->post->handshake, peer->id, w->index, socket, &packet->path, packet->data,
	    packet->len))
		count(&w->counters, COUNTER_dtls_queue_full);
}

/* A request names its peer by our user fragment; an answer comes from a path that we asked. */
static struct peer *asked(struct worker *w, const struct packet *packet)
{
	struct ice_question q;

	count(&w->counters, COUNTER_stun_rx);
	if (!ice_peek(&q, packet->data, packet->len)) {
		count(&w->counters, COUNTER_stun_bad);
		return NULL;
	}
	if (q.kind == ICE_RESPONSE)
		return found(w, packet, COUNTER_stun_unknown_user);
	struct peer *peer = map_get_string(w->ufrags, q.local_ufrag, q.local_ufrag_len);
	if (!peer) {                    /* a browser may be quicker than the order that tells of it */
		worker_take_orders(w);
		peer = map_get_string(w->ufrags, q.local_ufrag, q.local_ufrag_len);
	}
	if (!peer)
		count(&w->counters, COUNTER_stun_unknown_user);
	return peer;
}

/* Whose it is, by what it looks like. */
static struct peer *peer_of(struct worker *w, const struct packet *packet, enum demux_kind kind)
{
	switch (kind) {
	case DEMUX_STUN:
		return asked(w, packet);
	case DEMUX_DTLS:
		return found(w, packet, COUNTER_dtls_no_path);
	case DEMUX_RTP:
	case DEMUX_RTCP:
		return found(w, packet, COUNTER_srtp_no_path);
	case DEMUX_BAD:
		break;
	}
	count(&w->counters, COUNTER_rx_unknown_kind);
	return NULL;
}

static void go(struct worker *w, struct peer *peer, struct packet *packet, enum demux_kind kind, uint16_t from)
{
	switch (kind) {
	case DEMUX_STUN:
		peer_on_stun(peer, packet, from, w->now_us);
		break;
	case DEMUX_DTLS:
		on_dtls(w, peer, packet);
		break;
	case DEMUX_RTP:
		on_rtp(w, peer, packet);
		break;
	case DEMUX_RTCP:
		on_rtcp(w, peer, packet);
		break;
	case DEMUX_BAD:
		break;
	}
}

void packet_path_receive(struct worker *w, struct packet *packet)
{
	enum demux_kind kind = demux_classify(packet->data, packet->len);
	struct peer *peer = peer_of(w, packet, kind);

	if (peer && peer->home == PEER_ELSEWHERE)
		hand_over(w, peer, packet);
	else if (peer)
		go(w, peer, packet, kind, w->index);
}

void packet_path_receive_handed(struct worker *w, struct packet *packet, const struct traffic_datagram *from)
{
	struct peer *peer = map_get_u32(w->peers, from->peer);

	if (peer && peer->home != PEER_ELSEWHERE)
		go(w, peer, packet, demux_classify(packet->data, packet->len), from->from);
}

void packet_path_receive_opened(struct worker *w, struct packet *packet, const struct traffic_packet *from)
{
	struct peer *peer = map_get_u32(w->peers, from->peer);
	struct track *track = peer ? peer->tracks[from->source] : NULL;

	if (track && from->info.layer < track->layer_count && peer->home == PEER_ELSEWHERE && track_allowed(track))
		track_deliver(track, packet, &from->info, w->now_us);
}

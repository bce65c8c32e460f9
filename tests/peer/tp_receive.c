#include <string.h>

#include "tp_peer_internal.h"

static struct tp_sink *sink_of(struct tp_peer *peer, uint32_t ssrc)
{
	for (int i = 0; i < peer->sink_count; i++)
		if (peer->sinks[i].ssrc == ssrc || (peer->sinks[i].rtx_ssrc && peer->sinks[i].rtx_ssrc == ssrc))
			return &peer->sinks[i];
	return NULL;
}

static void note_twcc(struct tp_peer *peer, const struct tp_rtp *rtp, int64_t now)
{
	if (!rtp->has_twcc)
		return;
	int16_t ahead = (int16_t)(rtp->twcc - peer->twcc_highest);
	if (!peer->twcc_started || ahead > 0) {
		if (peer->twcc_started && ahead > 1)
			peer->counts.twcc_gaps += (uint64_t)(ahead - 1);
		peer->twcc_started = true;
		peer->twcc_highest = rtp->twcc;
	}
	if (peer->arrival_count == sizeof peer->arrivals / sizeof *peer->arrivals)
		tp_peer_send_twcc(peer);
	peer->arrivals[peer->arrival_count++] = (struct tp_arrival){ rtp->twcc, now };
}

static void on_rtp(struct tp_way *way, uint8_t *bytes, size_t len)
{
	struct tp_peer *peer = way->peer;
	struct tp_rtp rtp;

	peer->counts.rx_rtp++;
	way->media++;
	if (!peer->srtp) {
		peer->counts.rtp_before_keys++;
		return;
	}
	if (tp_srtp_open(peer->srtp, bytes, &len) != TP_SRTP_OK)
		return;
	if (!tp_rtp_read(&rtp, bytes, len, &peer->config.ids)) {
		peer->counts.bad_rtp++;
		return;
	}
	int64_t now = tp_now_us();
	note_twcc(peer, &rtp, now);
	struct tp_sink *sink = sink_of(peer, rtp.ssrc);
	if (!sink) {
		peer->counts.unknown_ssrc++;
		return;
	}
	tp_sink_input(sink, &rtp, now);
	if (!peer->times.first_us && sink->counts.packets) {
		peer->times.first_us = now;
		if (peer->events.on_first_media)
			peer->events.on_first_media(peer->owner, peer);
	}
}

static void on_sr(void *owner, uint32_t ssrc, uint64_t ntp, uint32_t rtp, uint32_t packets)
{
	struct tp_sink *sink = sink_of(owner, ssrc);
	if (!sink)
		return;
	sink->sr_count++;
	sink->sr_ntp = ntp;
	sink->sr_rtp = rtp;
	sink->sr_arrival_us = tp_now_us();
}

static void on_report(void *owner, const struct tp_report_block *block)
{
	((struct tp_peer *)owner)->counts.reports++;
}

static void on_nack(void *owner, uint32_t media, uint16_t seq)
{
	struct tp_peer *peer = owner;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i] && tp_source_nack(peer->sources[i], media, seq))
			return;
	peer->counts.unknown_nacks++;
}

static void on_pli(void *owner, uint32_t media, bool fir)
{
	struct tp_peer *peer = owner;
	for (int i = 0; i < TP_SOURCES; i++)
		if (peer->sources[i] && tp_source_pli(peer->sources[i], media))
			return;
	peer->counts.unknown_plis++;
}

static void on_twcc(void *owner, uint16_t base, uint16_t count, uint16_t received)
{
	struct tp_peer *peer = owner;
	peer->counts.twcc_feedback++;
	peer->counts.twcc_reported += count;
	peer->counts.twcc_received += received;
}

static void on_remb(void *owner, uint64_t bps)
{
	((struct tp_peer *)owner)->counts.remb++;
}

static void on_bye(void *owner, uint32_t ssrc)
{
	((struct tp_peer *)owner)->counts.byes++;
}

static void on_rtcp(struct tp_peer *peer, uint8_t *bytes, size_t len)
{
	static const struct tp_rtcp_events events = { on_sr, on_report, on_nack, on_pli, on_twcc, on_remb, on_bye, NULL };
	peer->counts.rx_rtcp++;
	if (!peer->srtp || tp_srtp_open_rtcp(peer->srtp, bytes, &len) != TP_SRTP_OK)
		return;
	if (!tp_rtcp_read(bytes, len, &events, peer))
		peer->counts.bad_rtcp++;
}

/* RFC 7983: the first byte tells; RFC 5761 §4: RTCP by its packet type. */
void tp_peer_on_datagram(struct tp_wire *wire, uint8_t *bytes, size_t len)
{
	struct tp_way *way = wire->owner;
	struct tp_peer *peer = way->peer;
	if (!len || peer->drop_all)
		return;
	if (bytes[0] < 4) {
		tp_way_stun(way, bytes, len);
	} else if (bytes[0] >= 20 && bytes[0] < 64) {
		peer->counts.rx_dtls++;
		if (peer->dtls) {
			tp_dtls_input(peer->dtls, bytes, len);
			tp_peer_after_dtls(peer);
		}
	} else if (bytes[0] >= 128 && bytes[0] < 192 && len >= 8) {
		peer->lose_state = peer->lose_state * 1664525u + 1013904223u;
		if (peer->lose_one_in && (peer->lose_state >> 8) % peer->lose_one_in == 0)
			return;
		if (bytes[1] >= 192 && bytes[1] <= 223)
			on_rtcp(peer, bytes, len);
		else
			on_rtp(way, bytes, len);
	} else {
		peer->counts.rx_other++;
	}
}

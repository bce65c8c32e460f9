/**
 * Everything that can happen per packet, counted by name. One table; add a row where it belongs.
 *
 * Each thread that counts owns one `struct counters` and alone writes it (`count`, `count_add`); the control thread reads all of
 * them with `counters_sum`. Plain 64-bit stores, relaxed: no bus lock, and a reader may see one counter a little before another.
 * A counter only grows, for the life of the process.
 */
#ifndef HOPKIN_BASE_COUNTERS_H
#define HOPKIN_BASE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#define COUNTERS(X) \
	/* the sockets */ \
	X(rx_packets)           X(rx_bytes)             X(tx_packets)           X(tx_bytes) \
	X(rx_batches)           X(tx_batches)           X(tx_calls)             X(rx_truncated) \
	X(tx_would_block)       X(tx_errors)            X(rx_unknown_kind)      X(pool_exhausted) \
	X(tx_trains)            X(tx_trains_refused)    X(tx_padding_bytes) \
	X(mailbox_posted)       X(mailbox_full)         X(mailbox_taken)        X(batch_full) \
	/* TCP */ \
	X(tcp_accepted)         X(tcp_closed)           X(tcp_bad_frame)        X(tcp_queue_full) \
	X(tcp_refused)          X(tcp_rx_frames)        X(tcp_tx_frames)        X(tcp_idle_closed) \
	/* STUN and ICE */ \
	X(stun_rx)              X(stun_bad)             X(stun_unknown_user)    X(stun_bad_integrity) \
	X(stun_answered)        X(stun_errors_sent)     X(stun_not_request)     X(stun_rate_limited) \
	X(ice_nominated)        X(ice_path_unverified)  X(ice_path_changed)     X(ice_restarts) \
	X(ice_consent_sent)     X(ice_consent_ok)       X(ice_consent_lost)     X(ice_paths_full) \
	/* DTLS */ \
	X(dtls_rx)              X(dtls_no_path)         X(dtls_bad)             X(dtls_queue_full) \
	X(dtls_started)         X(dtls_done)            X(dtls_failed)          X(dtls_bad_fingerprint) \
	X(dtls_timeout)         X(dtls_tx) \
	/* SRTP */ \
	X(srtp_no_path)         X(srtp_no_keys)         X(srtp_short)           X(srtp_replayed) \
	X(srtp_forged)          X(srtp_opened)          X(srtp_protected)       X(srtp_index_refused) \
	X(srtcp_opened)         X(srtcp_failed)         X(srtcp_protected)      X(srtp_failed) \
	/* RTP in */ \
	X(rtp_rx)               X(rtp_bad)              X(rtp_unknown_ssrc)     X(rtp_ssrc_bound) \
	X(rtp_ssrc_limit)       X(rtp_unknown_pt)       X(rtp_blocked)          X(rtp_off) \
	X(rtp_duplicate)        X(rtp_too_old)          X(rtp_rtx)              X(rtp_rtx_bad) \
	X(rtp_rtx_unknown)      X(rtp_padding_only)     X(rtp_keyframes)        X(rtp_bad_payload) \
	X(rtp_late)             X(rtp_lost)             X(rtp_recovered)        X(rtp_ssrc_collision) \
	/* RTCP in */ \
	X(rtcp_rx)              X(rtcp_bad)             X(rtcp_unknown)         X(rtcp_sr) \
	X(rtcp_rr)              X(rtcp_nack)            X(rtcp_nack_seqs)       X(rtcp_nack_limited) \
	X(rtcp_pli)             X(rtcp_fir)             X(rtcp_remb)            X(rtcp_twcc) \
	X(rtcp_bye)             X(rtcp_foreign_ssrc)    X(rtcp_xr)              X(rtcp_work_limited) \
	/* forwarding */ \
	X(fwd_offered)          X(fwd_sent)             X(fwd_dropped_layer)    X(fwd_wait_keyframe) \
	X(fwd_switched)         X(fwd_refused)          X(fwd_no_codec)         X(fwd_too_old) \
	X(fwd_remote)           X(fwd_no_seat)          X(fwd_no_path)          X(fwd_paused) \
	X(rtx_sent)             X(rtx_not_found)        X(rtx_repeated)         X(rtx_limited) \
	X(history_kept)         X(history_evicted)      X(history_full) \
	/* RTCP out */ \
	X(sr_sent)              X(rr_sent)              X(pli_sent)             X(pli_throttled) \
	X(nack_sent)            X(nack_seqs_sent)       X(nack_given_up)        X(twcc_sent) \
	X(remb_sent) \
	/* seats, speakers */ \
	X(seat_changes)         X(speaker_changes)      X(level_header)         X(level_decoded) \
	/* peers and the link */ \
	X(peers_added)          X(peers_connected)      X(peers_closed)         X(peers_stalled) \
	X(link_messages)        X(link_bad)             X(link_events)          X(link_event_dropped)

#define COUNTER_ID_(name) COUNTER_##name,
enum counter { COUNTERS(COUNTER_ID_) COUNTER_COUNT };
#undef COUNTER_ID_

struct counters {
	_Alignas(64) uint64_t v[COUNTER_COUNT]; /* its own cache lines: no two threads share one */
};

static inline void count_add(struct counters *c, enum counter which, uint64_t n)
{
	__atomic_store_n(&c->v[which], __atomic_load_n(&c->v[which], __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void count(struct counters *c, enum counter which)
{
	count_add(c, which, 1);
}

/** The counter's name as in the table: "rtp_unknown_ssrc". */
const char *counter_name(enum counter which);
/** `out[COUNTER_COUNT]` becomes the sum over `blocks`. Thread: any. */
void counters_sum(uint64_t *out, const struct counters *const *blocks, size_t count_blocks);

#endif

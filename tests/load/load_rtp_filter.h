/**
 * RTP that nobody will look at is dropped in the kernel, before it costs the load tool anything; STUN, DTLS and RTCP pass (RFC 7983, RFC 5761).
 */
#ifndef HOPKIN_LOAD_RTP_FILTER_H
#define HOPKIN_LOAD_RTP_FILTER_H

/** 0 or -errno. */
int load_rtp_filter_attach(int udp_socket);

#endif

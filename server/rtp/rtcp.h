/**
 * RTCP (RFC 3550 §6): walking a compound packet, and sender reports, receiver reports, SDES and BYE.
 *
 *	struct rd r = rd_from(bytes, len);
 *	struct rtcp_packet p;
 *	while (rtcp_next(&p, &r)) switch (p.type) { case RTCP_SR: rtcp_sr_read(&sr, &p); … }
 *	if (!r.ok) count(c, COUNTER_rtcp_bad);
 *
 * `rtcp_check` tells beforehand whether the whole datagram is sound. Reduced-size packets (RFC 5506) are taken. Readers return false
 * for what is cut or does not fit; the `struct rd` in `struct rtcp_packet` is by value, so reading twice is fine. Writers append to
 * a `struct wr` one packet, and poison it if it does not fit. No allocation, no clock. Thread: any.
 */
#ifndef HOPKIN_RTP_RTCP_H
#define HOPKIN_RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum rtcp_type {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205,       /* RFC 4585 §6.2; count is the FMT */
	RTCP_PSFB = 206,        /* RFC 4585 §6.3 */
	RTCP_XR = 207,
};

enum rtcp_rtpfb { RTCP_FMT_NACK = 1, RTCP_FMT_TWCC = 15 };
enum rtcp_psfb { RTCP_FMT_PLI = 1, RTCP_FMT_FIR = 4, RTCP_FMT_ALFB = 15 };      /* ALFB carries REMB */
enum { RTCP_COUNT_MAX = 31, RTCP_CNAME_MAX = 255 };

struct rtcp_packet {
	uint8_t type;           /* enum rtcp_type or another */
	uint8_t count;          /* RC, SC or FMT: 0…31 */
	struct rd body;         /* after the four header bytes, without padding */
};

/** The next packet of a compound. False at the end, or when the rest is broken: then `r->ok` is false. */
bool rtcp_next(struct rtcp_packet *out, struct rd *r);
/** Whether `bytes` is a whole number of sound RTCP packets, at least one, padding on the last only. */
bool rtcp_check(const uint8_t *bytes, size_t len);

struct rtcp_block {
	uint32_t ssrc;
	uint8_t fraction_lost;  /* of 256, since the report before */
	int32_t lost;           /* packets since the start; 24 bits, signed */
	uint32_t highest_seq;   /* extended: cycles in the upper half */
	uint32_t jitter;        /* ticks of the stream's clock */
	uint32_t lsr;           /* middle 32 bits of the last SR's NTP time; 0: none */
	uint32_t dlsr;          /* 1/65536 s from its arrival to this report */
};

struct rtcp_sr {
	uint32_t ssrc;
	uint64_t ntp;           /* 32.32 fixed point seconds */
	uint32_t ts;
	uint32_t packets, octets;
	uint8_t count;
	struct rtcp_block blocks[RTCP_COUNT_MAX];
};

struct rtcp_rr {
	uint32_t ssrc;
	uint8_t count;
	struct rtcp_block blocks[RTCP_COUNT_MAX];
};

/** SDES chunks with their CNAME; other items are skipped when read. */
struct rtcp_sdes_chunk {
	uint32_t ssrc;
	uint8_t len;            /* bytes of the CNAME; 0: it had none */
	const uint8_t *cname;   /* into the packet, or borrowed from the writer's caller */
};

struct rtcp_sdes {
	uint8_t count;
	struct rtcp_sdes_chunk chunks[RTCP_COUNT_MAX];
};

struct rtcp_bye {
	uint8_t count;
	uint32_t ssrcs[RTCP_COUNT_MAX];
};

bool rtcp_sr_read(struct rtcp_sr *out, const struct rtcp_packet *p);
bool rtcp_rr_read(struct rtcp_rr *out, const struct rtcp_packet *p);
bool rtcp_sdes_read(struct rtcp_sdes *out, const struct rtcp_packet *p);
bool rtcp_bye_read(struct rtcp_bye *out, const struct rtcp_packet *p);

void rtcp_sr_write(struct wr *w, const struct rtcp_sr *sr);
void rtcp_rr_write(struct wr *w, const struct rtcp_rr *rr);
void rtcp_sdes_write(struct wr *w, const struct rtcp_sdes *sdes);
void rtcp_bye_write(struct wr *w, const struct rtcp_bye *bye);

/** The two SSRCs that begin every feedback message (RFC 4585 §6.1); the FCI is what is left in `fci`. */
struct rtcp_feedback {
	uint32_t sender, media;
	struct rd fci;
};

bool rtcp_feedback_read(struct rtcp_feedback *out, const struct rtcp_packet *p);

/** For writers of other packets: begin one, end it (fills in the length; pads with zeros to 32 bits). */
struct rtcp_mark { uint8_t *start; };
struct rtcp_mark rtcp_begin(struct wr *w, enum rtcp_type type, uint8_t count);
void rtcp_end(struct wr *w, struct rtcp_mark mark);

#endif

/**
 * The RTP header (RFC 3550 §5.1) with its extensions (RFC 8285), read into plain data and written from it.
 *
 * Reading checks every length against the packet; what it gives are offsets inside the packet, so the bytes stay where they are.
 * Both the one-byte form (0xBEDE) and the two-byte form (0x100X) are read; another profile is carried as no elements. Elements past
 * RTP_EXT_MAX and of id 0 are skipped. No allocation, no clock. Thread: any.
 */
#ifndef HOPKIN_RTP_RTP_HEADER_H
#define HOPKIN_RTP_RTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum {
	RTP_FIXED_LEN = 12,     /* bytes */
	RTP_PADDING_BIT = 0x20, /* of the first */
	RTP_CSRC_MAX = 15,
	RTP_EXT_MAX = 16,
};

enum rtp_verdict {
	RTP_OK,
	RTP_SHORT,              /* cut: a length leads past the end */
	RTP_VERSION,            /* not version 2 */
	RTP_PADDING,            /* the padding count is 0 or more than there is */
};

/** One extension element, inside the packet it was read from. */
struct rtp_ext_at {
	uint8_t id;             /* 1…14 in the one-byte form, 1…255 in the two-byte form */
	uint8_t len;            /* bytes */
	uint16_t at;            /* offset of its data from the packet's first byte */
};

struct rtp_header {
	bool marker;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts;
	uint32_t ssrc;
	uint16_t header_len;    /* bytes before the payload */
	uint16_t payload_len;   /* bytes, without padding */
	uint8_t padding_len;    /* bytes, with the count byte itself */
	uint8_t csrc_count;
	uint8_t ext_count;
	uint32_t csrc[RTP_CSRC_MAX];            /* the first csrc_count are set */
	struct rtp_ext_at ext[RTP_EXT_MAX];     /* the first ext_count are set */
};

/** Reads a whole packet in clear. Only RTP_OK fills `out` wholly. `len` above 65535 is RTP_SHORT. */
enum rtp_verdict rtp_header_read(struct rtp_header *out, const uint8_t *packet, size_t len);

/** The element with this id, or NULL. */
const struct rtp_ext_at *rtp_header_ext(const struct rtp_header *h, uint8_t id);

/** One element to write; `data` is borrowed for the call. Id 0 leaves it out. */
struct rtp_ext_out {
	uint8_t id;
	uint8_t len;
	const uint8_t *data;
};

/**
 * Writes the header with its CSRCs (`h->csrc`) and the given elements; `h->ext` is ignored, the padding bit follows
 * `h->padding_len` (the caller writes the padding itself, see `rtp_padding_write`). The one-byte form is taken where every id is 1…14 and every
 * length 1…16, else the two-byte form. No room: `w->ok` is false.
 */
void rtp_header_write(struct wr *w, const struct rtp_header *h, const struct rtp_ext_out *ext, size_t ext_count);

/** `len` bytes of padding: zeros, then the count (1…255). */
void rtp_padding_write(struct wr *w, uint8_t len);

/** Looks at raw bytes: version 2 and long enough for a fixed header, and not RTCP (RFC 5761: second byte 192…223). */
static inline bool rtp_looks_like_rtp(const uint8_t *packet, size_t len)
{
	return len >= RTP_FIXED_LEN && packet[0] >> 6 == 2 && !(packet[1] >= 192 && packet[1] <= 223);
}

#endif

/**
 * What an H.264 payload carries (RFC 6184 §5): whether a keyframe begins here. Single NAL units, STAP-A and FU-A, as browsers send.
 */
#ifndef HOPKIN_RTP_H264_DESCRIPTOR_H
#define HOPKIN_RTP_H264_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h264_descriptor {
	bool start;             /* not in the middle of a fragmented NAL unit */
	bool keyframe;          /* an SPS, or the beginning of an IDR slice */
	bool has_sps, has_idr;
	bool disposable;        /* nal_ref_idc 0: no other picture needs it */
};

/** False: cut, or a NAL unit type of the packetization modes that browsers do not use (STAP-B, MTAP, FU-B). */
bool h264_descriptor_read(struct h264_descriptor *out, const uint8_t *payload, size_t len);

#endif

/**
 * The AV1 aggregation header (AV1 RTP specification §4.4): its N bit begins a new coded video sequence, that is, a keyframe.
 */
#ifndef HOPKIN_RTP_AV1_DESCRIPTOR_H
#define HOPKIN_RTP_AV1_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct av1_descriptor {
	bool continues;         /* Z: the first OBU continues the packet before */
	bool continued;         /* Y: the last OBU goes on in the next packet */
	uint8_t obu_count;      /* W: 1…3, 0: not told */
	bool keyframe;          /* N */
};

/** False: nothing behind the header, or N with Z (forbidden). */
bool av1_descriptor_read(struct av1_descriptor *out, const uint8_t *payload, size_t len);

#endif

#include "av1_descriptor.h"

bool av1_descriptor_read(struct av1_descriptor *out, const uint8_t *payload, size_t len)
{
	if (len < 2)
		return false;
	*out = (struct av1_descriptor){
		.continues = payload[0] & 0x80,
		.continued = payload[0] & 0x40,
		.obu_count = payload[0] >> 4 & 3,
		.keyframe = payload[0] & 0x08,
	};
	return !(out->continues && out->keyframe);
}

#include "bytes.h"
#include "h264_descriptor.h"

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_LAST_SINGLE = 23, NAL_STAP_A = 24, NAL_FU_A = 28 };

static void take_type(struct h264_descriptor *d, uint8_t type)
{
	d->has_sps = d->has_sps || type == NAL_SPS;
	d->has_idr = d->has_idr || type == NAL_IDR;
}

/* Several whole NAL units, each behind its length (RFC 6184 §5.7.1). */
static bool stap_a_read(struct h264_descriptor *d, struct rd r)
{
	bool any = false;

	d->start = true;
	while (rd_left(&r)) {
		struct rd nal = rd_sub(&r, rd_u16(&r));
		uint8_t header = rd_u8(&nal);
		if (!r.ok || !nal.ok)
			return false;
		take_type(d, header & 31);
		any = true;
	}
	return any && r.ok;
}

/* One fragment (§5.8): the FU header tells the type of the whole. Only its beginning counts. */
static bool fu_a_read(struct h264_descriptor *d, struct rd r)
{
	uint8_t header = rd_u8(&r);
	bool start = header & 0x80, end = header & 0x40;

	if (!rd_left(&r) || (start && end))
		return false;
	d->start = start;
	if (start)
		take_type(d, header & 31);
	return true;
}

bool h264_descriptor_read(struct h264_descriptor *out, const uint8_t *payload, size_t len)
{
	struct rd r = rd_from(payload, len);
	uint8_t header = rd_u8(&r), type = header & 31;
	bool sound;

	*out = (struct h264_descriptor){ .disposable = !(header & 0x60) };
	if (!r.ok || header & 0x80)     /* F: the sender itself says it is damaged */
		return false;
	if (type >= 1 && type <= NAL_LAST_SINGLE) {
		out->start = true;
		take_type(out, type);
		sound = true;
	} else if (type == NAL_STAP_A) {
		sound = stap_a_read(out, r);
	} else if (type == NAL_FU_A) {
		sound = fu_a_read(out, r);
	} else {
		sound = false;
	}
	out->keyframe = out->has_sps || out->has_idr;
	return sound;
}

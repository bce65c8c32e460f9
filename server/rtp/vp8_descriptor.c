#include "vp8_descriptor.h"

/* The frame tag (RFC 6386 §9.1): bit 0 of the first byte is 0 in a keyframe; then 9d 01 2a and the sizes follow. */
static void frame_read(struct vp8_descriptor *d, const uint8_t *frame, size_t len)
{
	d->keyframe = d->frame_start && !(frame[0] & 1);
	if (!d->keyframe || len < 10 || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a)
		return;
	d->width = (uint16_t)((frame[6] | frame[7] << 8) & 0x3fff);
	d->height = (uint16_t)((frame[8] | frame[9] << 8) & 0x3fff);
}

static void picture_id_read(struct vp8_descriptor *d, struct rd *r, const uint8_t *payload)
{
	d->picture_id_at = (uint8_t)(r->p - payload);
	d->picture_id = rd_u8(r);
	d->long_picture_id = d->picture_id & 0x80;
	if (d->long_picture_id)
		d->picture_id = (uint16_t)((d->picture_id & 0x7f) << 8 | rd_u8(r));
}

bool vp8_descriptor_read(struct vp8_descriptor *out, const uint8_t *payload, size_t len)
{
	struct rd r = rd_from(payload, len);
	uint8_t first = rd_u8(&r);
	uint8_t extension = first & 0x80 ? rd_u8(&r) : 0;

	*out = (struct vp8_descriptor){
		.non_reference = first & 0x20,
		.start = first & 0x10,
		.partition = first & 7,
		.has_picture_id = extension & 0x80,
		.has_tl0picidx = extension & 0x40,
		.has_tid = extension & 0x20,
		.has_keyidx = extension & 0x10,
	};
	if (out->has_picture_id)
		picture_id_read(out, &r, payload);
	if (out->has_tl0picidx) {
		out->tl0picidx_at = (uint8_t)(r.p - payload);
		out->tl0picidx = rd_u8(&r);
	}
	if (out->has_tid || out->has_keyidx) {
		uint8_t b = rd_u8(&r);
		out->tid = out->has_tid ? b >> 6 : 0;
		out->layer_sync = out->has_tid && b & 0x20;
		out->keyidx = out->has_keyidx ? b & 31 : 0;
	}
	if (!rd_left(&r))
		return false;
	out->len = (uint8_t)(r.p - payload);
	out->frame_start = out->start && out->partition == 0;
	frame_read(out, r.p, rd_left(&r));
	return true;
}

void vp8_descriptor_patch(uint8_t *payload, const struct vp8_descriptor *d, uint16_t picture_id, uint8_t tl0picidx)
{
	if (d->has_picture_id && d->long_picture_id) {
		payload[d->picture_id_at] = (uint8_t)(0x80 | (picture_id >> 8 & 0x7f));
		payload[d->picture_id_at + 1] = (uint8_t)picture_id;
	} else if (d->has_picture_id) {
		payload[d->picture_id_at] = picture_id & 0x7f;
	}
	if (d->has_tl0picidx)
		payload[d->tl0picidx_at] = tl0picidx;
}

void vp8_descriptor_write(struct wr *w, const struct vp8_descriptor *d)
{
	uint8_t extension = (uint8_t)((d->has_picture_id ? 0x80 : 0) | (d->has_tl0picidx ? 0x40 : 0) | (d->has_tid ? 0x20 : 0) |
		(d->has_keyidx ? 0x10 : 0));

	wr_u8(w, (uint8_t)((extension ? 0x80 : 0) | (d->non_reference ? 0x20 : 0) | (d->start ? 0x10 : 0) | (d->partition & 7)));
	if (!extension)
		return;
	wr_u8(w, extension);
	if (d->has_picture_id && d->long_picture_id)
		wr_u16(w, (uint16_t)(0x8000 | d->picture_id));
	else if (d->has_picture_id)
		wr_u8(w, d->picture_id & 0x7f);
	if (d->has_tl0picidx)
		wr_u8(w, d->tl0picidx);
	if (d->has_tid || d->has_keyidx)
		wr_u8(w, (uint8_t)((d->tid & 3) << 6 | (d->layer_sync ? 0x20 : 0) | (d->keyidx & 31)));
}

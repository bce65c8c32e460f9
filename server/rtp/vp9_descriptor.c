#include "bytes.h"
#include "vp9_descriptor.h"

static void picture_id_read(struct vp9_descriptor *d, struct rd *r)
{
	d->picture_id = rd_u8(r);
	d->long_picture_id = d->picture_id & 0x80;
	if (d->long_picture_id)
		d->picture_id = (uint16_t)((d->picture_id & 0x7f) << 8 | rd_u8(r));
}

static void layers_read(struct vp9_descriptor *d, struct rd *r)
{
	uint8_t b = rd_u8(r);

	d->tid = b >> 5;
	d->switching_up = b & 0x10;
	d->sid = b >> 1 & 7;
	d->inter_layer = b & 1;
	if (!d->flexible)
		d->tl0picidx = rd_u8(r);
}

/* Flexible mode: up to three P_DIFF, each followed by another while its N bit is set. */
static bool references_read(struct vp9_descriptor *d, struct rd *r)
{
	uint8_t b;

	do {
		if (d->reference_count == VP9_REFERENCES_MAX)
			return false;
		b = rd_u8(r);
		d->references[d->reference_count++] = b >> 1;
	} while (b & 1);
	return r->ok;
}

/* The scalability structure (§4.2.1): sizes of the spatial layers, then the picture group, which is skipped. */
static void structure_read(struct vp9_descriptor *d, struct rd *r)
{
	uint8_t b = rd_u8(r);

	d->spatial_count = (uint8_t)((b >> 5) + 1);
	if (b & 0x10) {
		for (uint8_t i = 0; i < d->spatial_count; i++) {
			d->widths[i] = rd_u16(r);
			d->heights[i] = rd_u16(r);
		}
	}
	if (!(b & 0x08))
		return;
	uint8_t pictures = rd_u8(r);
	for (uint8_t i = 0; i < pictures && r->ok; i++)
		rd_skip(r, rd_u8(r) >> 2 & 3);
}

bool vp9_descriptor_read(struct vp9_descriptor *out, const uint8_t *payload, size_t len)
{
	struct rd r = rd_from(payload, len);
	uint8_t b = rd_u8(&r);

	*out = (struct vp9_descriptor){
		.has_picture_id = b & 0x80,
		.inter_predicted = b & 0x40,
		.has_layers = b & 0x20,
		.flexible = b & 0x10,
		.start = b & 0x08,
		.end = b & 0x04,
		.has_structure = b & 0x02,
		.not_reference = b & 0x01,
	};
	if (out->has_picture_id)
		picture_id_read(out, &r);
	if (out->has_layers)
		layers_read(out, &r);
	if (out->flexible && out->inter_predicted && !references_read(out, &r))
		return false;
	if (out->has_structure)
		structure_read(out, &r);
	if (!rd_left(&r) || r.p - payload > UINT8_MAX)
		return false;
	out->len = (uint8_t)(r.p - payload);
	out->keyframe = out->start && !out->inter_predicted && !(out->has_layers && (out->sid || out->inter_layer));
	return true;
}

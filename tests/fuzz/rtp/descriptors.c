/* Any payload as every codec's: the first byte chooses. What has a writer is written and read again. */
#include <assert.h>
#include <string.h>

#include "av1_descriptor.h"
#include "frame_marks.h"
#include "h264_descriptor.h"
#include "opus_packet.h"
#include "red.h"
#include "vp8_descriptor.h"
#include "vp9_descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void vp8(const uint8_t *payload, size_t len)
{
	struct vp8_descriptor d, back;
	uint8_t copy[2000];

	if (!vp8_descriptor_read(&d, payload, len))
		return;
	assert(d.len < len && d.len <= 6);
	struct wr w = wr_to(copy, sizeof copy);
	vp8_descriptor_write(&w, &d);
	wr_bytes(&w, payload + d.len, len - d.len);
	assert(w.ok && (size_t)(w.p - copy) <= len && vp8_descriptor_read(&back, copy, (size_t)(w.p - copy)));
	assert(back.picture_id == d.picture_id && back.tl0picidx == d.tl0picidx && back.tid == d.tid && back.keyframe == d.keyframe &&
		back.keyidx == d.keyidx && back.layer_sync == d.layer_sync && back.height == d.height && back.frame_start == d.frame_start);

	memcpy(copy, payload, len);
	vp8_descriptor_patch(copy, &d, 0x1234, 0x56);
	assert(vp8_descriptor_read(&back, copy, len) && back.len == d.len && back.keyframe == d.keyframe && back.tid == d.tid);
	assert(!d.has_picture_id || back.picture_id == (d.long_picture_id ? 0x1234 : 0x34));
	assert(!d.has_tl0picidx || back.tl0picidx == 0x56);
	assert(!memcmp(copy + d.len, payload + d.len, len - d.len));
}

static void red(const uint8_t *payload, size_t len)
{
	struct red a, b;
	uint8_t copy[2000];

	if (!red_read(&a, payload, len))
		return;
	for (uint8_t i = 0; i < a.count; i++)
		assert(a.blocks[i].data >= payload && a.blocks[i].data + a.blocks[i].len <= payload + len);
	struct wr w = wr_to(copy, sizeof copy);
	red_write(&w, &a);
	assert(w.ok && (size_t)(w.p - copy) == len && red_read(&b, copy, len) && a.count == b.count && !memcmp(copy, payload, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct frame_marks f;

	if (len < 1 || len > 1900)
		return 0;
	enum rtp_codec codec = (enum rtp_codec)(bytes[0] % (CODEC_AV1 + 1));
	const uint8_t *payload = bytes + 1;
	len--;
	if (frame_marks_read(&f, codec, payload, len, bytes[0] & 0x80)) {
		assert(len > 0 && f.end == (rtp_codec_is_video(codec) ? !!(bytes[0] & 0x80) : true));
		assert(f.layer.temporal <= 7 && f.layer.spatial == 0 && (!f.keyframe || f.start));
	}
	if (codec == CODEC_VP8)
		vp8(payload, len);
	if (codec == CODEC_RED)
		red(payload, len);
	if (codec == CODEC_OPUS) {
		struct opus_packet o;
		assert(!opus_packet_read(&o, payload, len) || (opus_packet_us(&o) >= 2500 && opus_packet_us(&o) <= 120000));
	}
	return 0;
}

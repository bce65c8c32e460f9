#include "av1_descriptor.h"
#include "frame_marks.h"
#include "h264_descriptor.h"
#include "opus_packet.h"
#include "red.h"
#include "vp9_descriptor.h"

static const char *const codec_names[] = { "none", "opus", "red", "vp8", "vp9", "h264", "av1" };

enum rtp_codec rtp_codec_from_name(const char *name)
{
	for (int i = CODEC_OPUS; i <= CODEC_AV1; i++)
		if (strcmp(name, codec_names[i]) == 0)
			return (enum rtp_codec)i;
	return CODEC_NONE;
}

const char *rtp_codec_name(enum rtp_codec codec)
{
	return codec <= CODEC_AV1 ? codec_names[codec] : codec_names[CODEC_NONE];
}

static bool vp8_marks(struct frame_marks *out, const uint8_t *payload, size_t len)
{
	struct vp8_descriptor *d = &out->vp8;

	if (!vp8_descriptor_read(d, payload, len))
		return false;
	out->start = d->frame_start;
	out->keyframe = d->keyframe;
	out->layer.temporal = d->tid;
	out->sync = d->keyframe || d->layer_sync || d->tid == 0;
	out->disposable = d->non_reference;
	out->height = d->height;
	return true;
}

static bool vp9_marks(struct frame_marks *out, const uint8_t *payload, size_t len)
{
	struct vp9_descriptor d;

	if (!vp9_descriptor_read(&d, payload, len))
		return false;
	out->start = d.start;
	out->keyframe = d.keyframe;
	out->layer.temporal = d.tid;
	out->sync = d.keyframe || d.switching_up || d.tid == 0;
	if (d.has_structure)
		out->height = d.heights[d.spatial_count - 1];
	return true;
}

static bool h264_marks(struct frame_marks *out, const uint8_t *payload, size_t len)
{
	struct h264_descriptor d;

	if (!h264_descriptor_read(&d, payload, len))
		return false;
	out->start = d.start;
	out->keyframe = d.keyframe;
	out->sync = true;
	out->disposable = d.disposable;
	return true;
}

static bool av1_marks(struct frame_marks *out, const uint8_t *payload, size_t len)
{
	struct av1_descriptor d;

	if (!av1_descriptor_read(&d, payload, len))
		return false;
	out->start = !d.continues;
	out->keyframe = d.keyframe;
	out->sync = true;
	return true;
}

static bool audio_marks(struct frame_marks *out, enum rtp_codec codec, const uint8_t *payload, size_t len)
{
	struct opus_packet opus;
	struct red red;

	if (!(codec == CODEC_OPUS ? opus_packet_read(&opus, payload, len) : red_read(&red, payload, len)))
		return false;
	out->start = out->end = out->sync = true;
	return true;
}

bool frame_marks_read(struct frame_marks *out, enum rtp_codec codec, const uint8_t *payload, size_t len, bool marker)
{
	*out = (struct frame_marks){ .end = marker };
	switch (codec) {
	case CODEC_VP8: return vp8_marks(out, payload, len);
	case CODEC_VP9: return vp9_marks(out, payload, len);
	case CODEC_H264: return h264_marks(out, payload, len);
	case CODEC_AV1: return av1_marks(out, payload, len);
	case CODEC_OPUS:
	case CODEC_RED: return audio_marks(out, codec, payload, len);
	case CODEC_NONE: return false;
	}
	return false;
}

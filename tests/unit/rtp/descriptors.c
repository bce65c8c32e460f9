/* The payload descriptors: VP8, VP9, H264, AV1, Opus, RED, and what frame_marks makes of them. */
#include "av1_descriptor.h"
#include "check.h"
#include "frame_marks.h"
#include "h264_descriptor.h"
#include "hex.h"
#include "opus_packet.h"
#include "red.h"
#include "vp8_descriptor.h"
#include "vp9_descriptor.h"

/* k keyframe, s frame start, n non-reference, y layer sync; picture id -1: none. */
static const struct { const char *name, *bytes, *marks; bool read; int picture_id, tl0, tid, len; uint16_t height; } vp8s[] = {
	{ "VP8 keyframe, one byte of descriptor", "10 50 42 00 9d012a 8002 6801", "sk", true, -1, -1, 0, 1, 360 },
	{ "VP8 keyframe, scaled sizes", "10 50 42 00 9d012a 8042 68c1", "sk", true, -1, -1, 0, 1, 360 },
	{ "VP8 interframe", "10 51", "s", true, -1, -1, 0, 1, 0 },
	{ "VP8 keyframe cut after its first byte", "10 50", "sk", true, -1, -1, 0, 1, 0 },
	{ "VP8 keyframe with a wrong start code", "10 50 42 00 9d012b 8002 6801", "sk", true, -1, -1, 0, 1, 0 },
	{ "VP8 later packet", "00 50", "", true, -1, -1, 0, 1, 0 },
	{ "VP8 later partition", "11 50", "", true, -1, -1, 0, 1, 0 },
	{ "VP8 non-reference", "30 51", "sn", true, -1, -1, 0, 1, 0 },
	{ "VP8 picture id of 7 bits", "90 80 7f 51", "s", true, 127, -1, 0, 3, 0 },
	{ "VP8 picture id of 15 bits", "90 80 92 34 51", "s", true, 0x1234, -1, 0, 4, 0 },
	{ "VP8 all of it", "90 f0 92 34 56 b1 51", "sy", true, 0x1234, 0x56, 2, 6, 0 },
	{ "VP8 TL0PICIDX without picture id", "90 60 56 40 51", "s", true, -1, 0x56, 1, 4, 0 },
	{ "VP8 key index alone", "90 10 11 51", "s", true, -1, -1, 0, 3, 0 },
	{ "VP8 empty", "", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 nothing behind the descriptor", "10", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 nothing behind the extension", "90 80 7f", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 cut in the picture id", "90 80 92", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 cut before TL0PICIDX", "90 c0 92 34", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 cut before TID", "90 f0 92 34 56", "", false, 0, 0, 0, 0, 0 },
	{ "VP8 cut before the extension", "90", "", false, 0, 0, 0, 0, 0 },
};

static void vp8_table(void)
{
	for (size_t i = 0; i < sizeof vp8s / sizeof vp8s[0]; i++) {
		uint8_t raw[50];
		size_t len = hex(raw, vp8s[i].bytes);
		uint8_t *payload = exactly(raw, len);
		struct vp8_descriptor d, back;
		bool good = vp8_descriptor_read(&d, payload, len) == vp8s[i].read;
		if (good && vp8s[i].read) {
			const char *m = vp8s[i].marks;
			good = d.frame_start == !!strchr(m, 's') && d.keyframe == !!strchr(m, 'k') && d.non_reference == !!strchr(m, 'n') &&
				d.layer_sync == !!strchr(m, 'y') && d.has_picture_id == (vp8s[i].picture_id >= 0) && d.has_tl0picidx == (vp8s[i].tl0 >= 0) &&
				(!d.has_picture_id || d.picture_id == vp8s[i].picture_id) && (!d.has_tl0picidx || d.tl0picidx == vp8s[i].tl0) &&
				d.tid == vp8s[i].tid && d.len == vp8s[i].len && d.height == vp8s[i].height && (!d.height || d.width == 640);
			uint8_t written[20];
			struct wr w = wr_to(written, sizeof written);
			vp8_descriptor_write(&w, &d);
			good = good && w.p - written == d.len && memcmp(written, payload, d.len) == 0;
			vp8_descriptor_patch(payload, &d, 0x7fab, 0xcd);
			good = good && vp8_descriptor_read(&back, payload, len) && back.len == d.len && back.keyframe == d.keyframe &&
				(!d.has_picture_id || back.picture_id == (d.long_picture_id ? 0x7fab : 0x2b)) && (!d.has_tl0picidx || back.tl0picidx == 0xcd) &&
				back.tid == d.tid && memcmp(payload + d.len, raw + d.len, len - d.len) == 0;
		}
		free(payload);
		check(vp8s[i].name, good);
	}
}

/* k keyframe, b start, e end, u switching up. */
static const struct { const char *name, *bytes, *marks; bool read; int tid, sid, len; uint16_t height; } vp9s[] = {
	{ "VP9 keyframe", "08 00", "bk", true, 0, 0, 1, 0 },
	{ "VP9 interframe", "48 00", "b", true, 0, 0, 1, 0 },
	{ "VP9 later packet of a keyframe", "04 00", "e", true, 0, 0, 1, 0 },
	{ "VP9 picture id of 15 bits and layers", "a8 9234 32 07 00", "buk", true, 1, 1, 5, 0 },
	{ "VP9 base layer", "a8 9234 30 07 00", "buk", true, 1, 0, 5, 0 },
	{ "VP9 flexible with references", "f8 12 00 03 05 08 00", "b", true, 0, 0, 6, 0 },
	{ "VP9 four references", "f8 12 00 03 05 07 09 00", "", false, 0, 0, 0, 0 },
	{ "VP9 structure with sizes", "0a 38 0280 0168 0500 02d0 02 00 04 01 00", "bk", true, 0, 0, 0, 720 },
	{ "VP9 cut in the structure", "0a 38 0280 0168 0500 02", "", false, 0, 0, 0, 0 },
	{ "VP9 cut in the picture group", "0a 08 05 04 01", "", false, 0, 0, 0, 0 },
	{ "VP9 nothing behind it", "08", "", false, 0, 0, 0, 0 },
	{ "VP9 cut in the picture id", "88 92", "", false, 0, 0, 0, 0 },
	{ "VP9 cut in the layers", "28 30", "", false, 0, 0, 0, 0 },
	{ "VP9 cut in the references", "58 03", "", false, 0, 0, 0, 0 },
	{ "VP9 empty", "", "", false, 0, 0, 0, 0 },
};

static void vp9_table(void)
{
	for (size_t i = 0; i < sizeof vp9s / sizeof vp9s[0]; i++) {
		uint8_t raw[50];
		size_t len = hex(raw, vp9s[i].bytes);
		uint8_t *payload = exactly(raw, len);
		struct vp9_descriptor d;
		const char *m = vp9s[i].marks;
		bool good = vp9_descriptor_read(&d, payload, len) == vp9s[i].read;
		if (good && vp9s[i].read)
			good = d.start == !!strchr(m, 'b') && d.end == !!strchr(m, 'e') && d.switching_up == !!strchr(m, 'u') && d.tid == vp9s[i].tid &&
				d.sid == vp9s[i].sid && (!vp9s[i].len || d.len == vp9s[i].len) && (!d.has_structure || d.heights[d.spatial_count - 1] == vp9s[i].height) &&
				d.keyframe == (strchr(m, 'k') && d.sid == 0);
		free(payload);
		check(vp9s[i].name, good);
	}
}

static const struct { const char *name, *bytes, *marks; bool read; } h264s[] = {
	{ "H264 IDR slice", "65 88", "ski", true },
	{ "H264 SPS", "67 42", "skp", true },
	{ "H264 PPS alone", "68 42", "s", true },
	{ "H264 slice", "41 9a", "s", true },
	{ "H264 disposable slice", "01 9a", "sd", true },
	{ "H264 STAP-A of SPS, PPS, IDR", "78 0002 6742 0001 68 0002 6588", "skpi", true },
	{ "H264 STAP-A of slices", "78 0002 419a 0001 06", "s", true },
	{ "H264 STAP-A past its end", "78 0003 6742", "", false },
	{ "H264 STAP-A with an empty unit", "78 0000", "", false },
	{ "H264 STAP-A of nothing", "78", "", false },
	{ "H264 STAP-A cut in a length", "78 00", "", false },
	{ "H264 FU-A start of IDR", "7c 85 88", "ski", true },
	{ "H264 FU-A middle of IDR", "7c 05 88", "", true },
	{ "H264 FU-A end", "7c 45 88", "", true },
	{ "H264 FU-A start and end", "7c c5 88", "", false },
	{ "H264 FU-A of nothing", "7c 85", "", false },
	{ "H264 FU-A without a header", "7c", "", false },
	{ "H264 FU-B", "7d 85 0000 88", "", false },
	{ "H264 type 0", "60 01", "", false },
	{ "H264 type 31", "7f 01", "", false },
	{ "H264 forbidden bit", "e5 88", "", false },
	{ "H264 empty", "", "", false },
};

static void h264_table(void)
{
	for (size_t i = 0; i < sizeof h264s / sizeof h264s[0]; i++) {
		uint8_t raw[50];
		size_t len = hex(raw, h264s[i].bytes);
		uint8_t *payload = exactly(raw, len);
		struct h264_descriptor d;
		const char *m = h264s[i].marks;
		bool good = h264_descriptor_read(&d, payload, len) == h264s[i].read;
		if (good && h264s[i].read)
			good = d.start == !!strchr(m, 's') && d.keyframe == !!strchr(m, 'k') && d.has_sps == !!strchr(m, 'p') &&
				d.has_idr == !!strchr(m, 'i') && d.disposable == !!strchr(m, 'd');
		free(payload);
		check(h264s[i].name, good);
	}
}

static void av1_and_opus(void)
{
	struct av1_descriptor a;
	check("AV1 new sequence", av1_descriptor_read(&a, (const uint8_t *)"\x18\x0a", 2) && a.keyframe && a.obu_count == 1 && !a.continues);
	check("AV1 continued", av1_descriptor_read(&a, (const uint8_t *)"\xc0\x0a", 2) && !a.keyframe && a.continues && a.continued);
	check("AV1 new and continued", !av1_descriptor_read(&a, (const uint8_t *)"\x88\x0a", 2));
	check("AV1 nothing", !av1_descriptor_read(&a, (const uint8_t *)"\x18", 1) && !av1_descriptor_read(&a, (const uint8_t *)"", 0));

	static const struct { const char *name, *bytes; bool read; uint32_t us; bool stereo, dtx; } opuses[] = {
		{ "Opus CELT 20 ms stereo", "fc ffff", true, 20000, true, false },
		{ "Opus CELT 2.5 ms", "e0 ffff", true, 2500, false, false },
		{ "Opus SILK 60 ms", "18 ffff", true, 60000, false, false },
		{ "Opus SILK 10 ms", "40 ffff", true, 10000, false, false },
		{ "Opus hybrid 20 ms", "78 ffff", true, 20000, false, false },
		{ "Opus two frames", "f9 ffff", true, 40000, false, false },
		{ "Opus two frames of their own size", "fa 01ffff", true, 40000, false, false },
		{ "Opus six frames", "fb 06ff", true, 120000, false, false },
		{ "Opus seven frames", "fb 07ff", false, 0, false, false },
		{ "Opus no frames", "fb 00ff", false, 0, false, false },
		{ "Opus a count that is cut", "fb", false, 0, false, false },
		{ "Opus silence", "f8", true, 20000, false, true },
		{ "Opus silence of two bytes", "f8ff", true, 20000, false, true },
		{ "Opus 48 frames of 2.5 ms", "e3 30ff", true, 120000, false, false },
		{ "Opus empty", "", false, 0, false, false },
	};
	for (size_t i = 0; i < sizeof opuses / sizeof opuses[0]; i++) {
		uint8_t raw[20];
		size_t len = hex(raw, opuses[i].bytes);
		uint8_t *payload = exactly(raw, len);
		struct opus_packet o;
		bool read = opus_packet_read(&o, payload, len);
		check(opuses[i].name, read == opuses[i].read && (!read || (opus_packet_us(&o) == opuses[i].us && o.stereo == opuses[i].stereo && o.dtx == opuses[i].dtx)));
		free(payload);
	}
}

static void reds(void)
{
	uint8_t raw[100], written[100];
	struct red r;
	size_t len = hex(raw, "ef 0f0003 ef 078002 6f 010203 0405 060708");

	check("RED of three", red_read(&r, raw, len) && r.count == 3 && r.blocks[0].pt == 111 && r.blocks[0].ts_offset == 960 && r.blocks[0].len == 3 &&
		r.blocks[1].ts_offset == 480 && r.blocks[1].len == 2 && r.blocks[1].data[0] == 4 && r.blocks[2].len == 3 && r.blocks[2].data[2] == 8);
	struct wr w = wr_to(written, sizeof written);
	red_write(&w, &r);
	check("RED written alike", w.ok && (size_t)(w.p - written) == len && memcmp(written, raw, len) == 0);
	bool cut = true;
	for (size_t n = 0; n < 14; n++) {       /* the primary may be empty, the others may not be cut */
		uint8_t *payload = exactly(raw, n);
		cut = cut && !red_read(&r, payload, n);
		free(payload);
	}
	check("RED cut", cut);
	len = hex(raw, "6f 01");
	check("RED of one", red_read(&r, raw, len) && r.count == 1 && r.blocks[0].len == 1);
	memset(raw, 0x80, sizeof raw);
	check("RED without an end", !red_read(&r, raw, sizeof raw));
	r = (struct red){ 2, { { 1, 16384, 1, raw }, { 1, 0, 1, raw } } };
	w = wr_to(written, sizeof written);
	red_write(&w, &r);
	check("RED offset too large to write", !w.ok);
}

static void marks(void)
{
	uint8_t raw[50];
	struct frame_marks f;
	size_t len = hex(raw, "90 f0 9234 56 b1 51");

	check("marks of VP8", frame_marks_read(&f, CODEC_VP8, raw, len, true) && f.start && f.end && !f.keyframe && f.sync && f.layer.temporal == 2 &&
		f.vp8.picture_id == 0x1234);
	len = hex(raw, "90 f0 9234 56 91 51");
	check("marks of VP8 that does not sync", frame_marks_read(&f, CODEC_VP8, raw, len, false) && !f.sync && !f.end);
	len = hex(raw, "0a 38 0280 0168 0500 02d0 02 00 04 01 00");
	check("marks of VP9", frame_marks_read(&f, CODEC_VP9, raw, len, false) && f.keyframe && f.start && f.height == 720);
	check("marks of H264", frame_marks_read(&f, CODEC_H264, (const uint8_t *)"\x65\x88", 2, true) && f.keyframe && f.start);
	check("marks of AV1", frame_marks_read(&f, CODEC_AV1, (const uint8_t *)"\x18\x0a", 2, true) && f.keyframe && f.start);
	check("marks of audio", frame_marks_read(&f, CODEC_OPUS, (const uint8_t *)"\xf8", 1, false) && f.start && f.end && !f.keyframe &&
		frame_marks_read(&f, CODEC_RED, (const uint8_t *)"\x6f\x01", 2, false));
	check("marks of nothing", !frame_marks_read(&f, CODEC_VP8, raw, 0, true) && !frame_marks_read(&f, CODEC_NONE, raw, 5, true));
	bool names = true;
	for (int c = CODEC_OPUS; c <= CODEC_AV1; c++)
		names = names && rtp_codec_from_name(rtp_codec_name((enum rtp_codec)c)) == (enum rtp_codec)c;
	check("names of codecs", names && rtp_codec_from_name("theora") == CODEC_NONE && rtp_codec_is_video(CODEC_VP8) && !rtp_codec_is_video(CODEC_RED));
}

int main(void)
{
	vp8_table();
	vp9_table();
	h264_table();
	av1_and_opus();
	reds();
	marks();
	return check_done();
}

#include "control_internal.h"

static const char *const type_names[CONTROL_TYPES] = {
	[CONTROL_BAD] = "",
	[CONTROL_HELLO] = "hello",
	[CONTROL_SNAPSHOT] = "snapshot",
	[CONTROL_ROOM_OPEN] = "room.open",
	[CONTROL_ROOM_CLOSE] = "room.close",
	[CONTROL_PEER_ADD] = "peer.add",
	[CONTROL_PEER_UPDATE] = "peer.update",
	[CONTROL_PEER_REMOVE] = "peer.remove",
	[CONTROL_PEER_VIEW] = "peer.view",
	[CONTROL_PEER_STATE] = "peer.state",
	[CONTROL_PEER_BLOCK] = "peer.block",
	[CONTROL_TCP] = "tcp",
	[CONTROL_STATS] = "stats",
	[CONTROL_OK] = "ok",
	[CONTROL_ERROR] = "error",
	[CONTROL_WELCOME] = "welcome",
	[CONTROL_STATS_REPORT] = "stats.report",
	[CONTROL_PEER_CONNECTED] = "peer.connected",
	[CONTROL_PEER_CLOSED] = "peer.closed",
	[CONTROL_PEER_STALLED] = "peer.stalled",
	[CONTROL_SEATS] = "seats",
	[CONTROL_SPEAKERS] = "speakers",
	[CONTROL_SNAPSHOT_PEER] = "snapshot.peer",
	[CONTROL_SNAPSHOT_END] = "snapshot.end",
};

static const char *const code_names[CONTROL_CODES] = {
	"bad_message", "no_room", "no_peer", "too_many", "no_memory", "bad_version",
};
static const char *const codec_names[CONTROL_CODEC_COUNT] = { "opus", "red", "vp8", "vp9", "h264", "av1" };
static const char *const source_names[CONTROL_SOURCES] = { "mic", "camera", "screen", "screen_audio" };
static const char *const seat_kind_names[CONTROL_SEAT_KINDS] = { "person", "screen", "voice", "stage" };
static const char *const close_reason_names[CONTROL_CLOSE_REASONS] = { "timeout", "consent", "dtls", "fingerprint", "gone" };
static const char *const via_names[CONTROL_VIAS] = { "udp4", "udp6", "tcp" };

/* For each enum: its word, and the field that holds it. */
#define WORDS(enumeration, field, words, count) \
	const char *control_##enumeration##_name(enum control_##enumeration value) \
	{ \
		return words[value]; \
	} \
	void field_##enumeration(struct fields *f, enum control_##enumeration *at) \
	{ \
		int index = field_word(f, field, (int)*at, words, count); \
		if (f->reading) \
			*at = (enum control_##enumeration)index; \
	}

WORDS(type, "t", type_names, CONTROL_TYPES)
WORDS(code, "code", code_names, CONTROL_CODES)
WORDS(codec, "codec", codec_names, CONTROL_CODEC_COUNT)
WORDS(source, "source", source_names, CONTROL_SOURCES)
WORDS(seat_kind, "kind", seat_kind_names, CONTROL_SEAT_KINDS)
WORDS(close_reason, "reason", close_reason_names, CONTROL_CLOSE_REASONS)
WORDS(via, "via", via_names, CONTROL_VIAS)

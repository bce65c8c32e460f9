#include "device_offer.h"

#include <string.h>

static bool used(const struct sdp_section *s, bool publish)
{
	enum sdp_direction wanted = publish ? SDP_SENDONLY : SDP_RECVONLY;

	return s->kind != SDP_OTHER && !s->rejected && (s->direction == SDP_SENDRECV || s->direction == wanted);
}

/* The used sections of a kind, in their order; more than `most`: false. */
static bool find(const struct sdp_offer *offer, bool publish, enum sdp_kind kind, int *out, int most, int *count)
{
	*count = 0;
	for (int i = 0; i < offer->section_count; i++) {
		if (offer->sections[i].kind != kind || !used(&offer->sections[i], publish))
			continue;
		if (*count == most)
			return false;
		out[(*count)++] = i;
	}
	return true;
}

static void add_seat(struct offer_sections *out, enum control_seat_kind kind, const char *audio, const char *video)
{
	struct offer_seat *seat = &out->seats[out->seat_count++];

	seat->kind = kind;
	strcpy(seat->audio, audio);
	strcpy(seat->video, video);
}

static void fill_viewer(struct offer_sections *out, const struct sdp_offer *offer, const int *audios, int audio_count, const int *videos,
                        int video_count)
{
	bool screen_sound = video_count && audio_count > 1;

	if (video_count)
		add_seat(out, CONTROL_SEAT_STAGE, screen_sound ? offer->sections[audios[audio_count - 1]].mid : "", offer->sections[videos[0]].mid);
	for (int i = 0; i < audio_count - screen_sound; i++)
		add_seat(out, CONTROL_SEAT_VOICE, offer->sections[audios[i]].mid, "");
}

/* One section needs no group to be one transport; two without a group would be two. */
static void stand_alone(struct sdp_offer *offer, int index)
{
	offer->alone = true;
	offer->bundle_first = (int16_t)index;
	offer->sections[index].bundled = true;
}

static bool role_fits(const struct sdp_offer *offer)
{
	const struct sdp_section *first = &offer->sections[offer->bundle_first];

	return !offer->ice_lite && first->setup != SDP_SETUP_PASSIVE;
}

enum device_offer device_offer_plan(struct offer_sections *sections, struct offer_plan *plan, struct sdp_offer *offer, bool publish)
{
	int audios[DEVICE_VOICES_MAX], videos[1], audio_count, video_count;

	memset(sections, 0, sizeof *sections);
	if (!find(offer, publish, SDP_AUDIO, audios, publish ? 1 : DEVICE_VOICES_MAX, &audio_count) ||
	    !find(offer, publish, SDP_VIDEO, videos, 1, &video_count) || audio_count + video_count == 0)
		return DEVICE_OFFER_NOT_ACCEPTABLE;
	if (offer->bundle_first < 0 && audio_count + video_count == 1)
		stand_alone(offer, audio_count ? audios[0] : videos[0]);
	if (offer->bundle_first < 0)
		return DEVICE_OFFER_NOT_ACCEPTABLE;
	if (!role_fits(offer))
		return DEVICE_OFFER_WRONG_ROLE;
	if (!publish)
		fill_viewer(sections, offer, audios, audio_count, videos, video_count);
	if (publish && audio_count)
		strcpy(sections->sources[CONTROL_MIC], offer->sections[audios[0]].mid);
	if (publish && video_count)
		strcpy(sections->sources[CONTROL_CAMERA], offer->sections[videos[0]].mid);
	return offer_plan_make(plan, offer, sections, 1) ? DEVICE_OFFER_TAKEN : DEVICE_OFFER_NOT_ACCEPTABLE;
}

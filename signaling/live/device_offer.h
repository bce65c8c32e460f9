/**
 * What the m-sections of a device's offer are for: WHIP and WHEP name no sections, so direction and kind must tell.
 *
 * A publisher's one audio is its microphone, its one video its camera. A viewer's one video is a stage; its audios are voices, each a track, so
 * that with a single one the latest speaker is heard; of two or more beside a video the last is for the sound of a shared screen.
 * RFC 9725 §4.4.2, §4.4.3: what cannot be taken whole is not taken in part. Pure.
 */
#ifndef HOPKIN_LIVE_DEVICE_OFFER_H
#define HOPKIN_LIVE_DEVICE_OFFER_H

#include "offer_plan.h"

enum { DEVICE_VOICES_MAX = 16 };

enum device_offer {
	DEVICE_OFFER_TAKEN,
	DEVICE_OFFER_NOT_ACCEPTABLE,    /* nothing to send or to show, more of a kind than can be taken, no codec in common, no bundle */
	DEVICE_OFFER_WRONG_ROLE,        /* it would be the passive side of DTLS, or ICE-lite like the server: the two would wait for each other */
};

/**
 * @param offer     as parsed; a single section that no BUNDLE group names becomes a transport of its own (`offer->alone`)
 * @param sections  and plan: filled, as if the client had said what its sections are for
 */
enum device_offer device_offer_plan(struct offer_sections *sections, struct offer_plan *plan, struct sdp_offer *offer, bool publish);

#endif

/**
 * A request to WHIP (RFC 9725) or WHEP, judged by its form: pure, and the same whatever rooms and tokens there are.
 */
#ifndef HOPKIN_LIVE_WHIP_REQUEST_H
#define HOPKIN_LIVE_WHIP_REQUEST_H

#include <stdbool.h>

#include "ice_fragment.h"
#include "live.h"
#include "live_state.h"

extern const char whip_offer_type[], whip_fragment_type[];

enum whip_method { WHIP_POST, WHIP_PATCH, WHIP_DELETE };

/* What a request is for, as far as it can be told without looking anything up. */
struct whip_target {
	enum whip_method method;
	bool publish;                   /* /whip, not /whep */
	char room[LIVE_ROOM_ID_ROOM];
	char session[44];               /* "": the endpoint itself */
	char token[64];                 /* as given; "": none, or none that could be one */
};

/**
 * Judge a request by its form alone: no answer here depends on which rooms and tokens there are.
 *
 * @param answer  filled if true is returned
 * @return        true: it is answered; false: `out` is to be looked up
 */
bool whip_judge(struct whip_target *out, struct live_whip_answer *answer, const struct live_whip_request *request);

/** What a PATCH asks for (RFC 9725 §4.3): 204 candidates, 200 a restart, or 428, 412, 400. `etag`: of the ICE session that stands. */
int whip_patch_status(const struct ice_fragment *fragment, bool credentials_stand, const char *if_match, const char *etag);

/** Refused, with a code of API.md; nothing else in the answer. */
struct live_whip_answer whip_refusal(int status, const char *code);

#endif

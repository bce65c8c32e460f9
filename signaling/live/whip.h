/**
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): devices that take part over plain HTTP.
 *
 * A device is a connection without a WebSocket: `POST` makes one that enters and joins at once, by the same offer plan, peers and answers as
 * any other, and its place is its media connection: when that is gone, so is the device. What people are told is not told to devices. One
 * token is one device: entering again with it takes the place of who stood there. The session in the address of a device's resource is its
 * participant's resume token, so that it is known again after this process's death.
 *
 * Thread: signaling. live.h has the entrance (live_whip, live_device_found, live_end_device).
 */
#ifndef HOPKIN_LIVE_WHIP_H
#define HOPKIN_LIVE_WHIP_H

#include "live_state.h"
#include "whip_request.h"

enum { WHIP_ETAG_ROOM = 19 };           /* 16 hexadecimal digits in quotes, and a zero */

/* Of peers and messages: what a device waits for has come, or will not. */
/** `session` NULL: the answer of an ICE restart, else of joining. */
void whip_answered(struct live_conn *conn, const char *sdp, const char *session);
void whip_refused(struct live_conn *conn, const char *code, uint32_t retry_after_s);

/** A device that was found at the media program after this process's death stands again. False: no memory. */
bool whip_recover(struct participant *p);

/** Devices whose media is gone go; connections that have no more use are freed. */
void whip_tick(struct live *live);
/** All that wait are told that the server stops. */
void whip_destroy(struct live *live);

#endif

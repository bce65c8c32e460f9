/**
 * What a browser says over RTCP: of what it sends (sender reports) and of what it receives (reports, NACK, PLI, FIR, REMB, transport-cc).
 *
 * One datagram is bounded work, whatever is written in it. Thread: the worker's.
 */
#ifndef HOPKIN_SFU_RTCP_PATH_H
#define HOPKIN_SFU_RTCP_PATH_H

#include <stddef.h>
#include <stdint.h>

struct peer;

enum {
	RTCP_WORK_PACKETS = 64,         /* of one datagram; a browser's has 2 to 10 */
	RTCP_WORK_NACKS = 256,          /* sequence numbers */
	RTCP_WORK_KEYFRAMES = 32,       /* PLI and FIR entries */
};

/** One opened datagram of a peer that lives here. */
void rtcp_path_take(struct peer *peer, const uint8_t *bytes, size_t len, int64_t arrival_us, int64_t now_us);

#endif

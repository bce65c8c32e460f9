/** What a test peer counted, as JSON for the script's reader. The caller owns the result. */
#ifndef HOPKIN_PEER_TP_REPORT_H
#define HOPKIN_PEER_TP_REPORT_H

#include <jansson.h>

#include "tp_peer.h"

json_t *tp_report(const struct tp_peer *peer);

/** The times from `start` to check answered, DTLS done and first media, in microseconds; -1: not yet. */
json_t *tp_report_times(const struct tp_peer *peer);

#endif

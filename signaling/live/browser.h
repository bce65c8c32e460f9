/**
 * The browser cookie: a random name that a browser is given with its first page and shows from then on, with the time at which it was given.
 *
 * It proves nothing about a person. It lets a removal mean one browser among those behind one address: whoever shows a cookie that is
 * older than the removal, and is not the removed one's, is somebody else. Text of id, time and a keyed hash of both, so that neither can
 * be made up; nothing about it is kept here. Pure.
 */
#ifndef HOPKIN_LIVE_BROWSER_H
#define HOPKIN_LIVE_BROWSER_H

#include <stdbool.h>
#include <stdint.h>

#include "live.h"

enum { BROWSER_ID_BYTES = 16 };

struct browser {
	uint8_t id[BROWSER_ID_BYTES];
	int64_t since_s;                /* Unix seconds */
};

void browser_make(char out[LIVE_BROWSER_ROOM], const uint8_t key[LIVE_SEAL_KEY_BYTES], int64_t now_s);

/** False: not one of ours. */
bool browser_read(struct browser *out, const char *text, const uint8_t key[LIVE_SEAL_KEY_BYTES]);

#endif

/**
 * Who was removed from a meeting and may not come back into it, under whatever name.
 *
 * An account is known by itself, a device by its token. A guest is known by the browser cookie, and by the address: from there nobody comes in who has no cookie,
 * or one given after the removal (a private window of the removed person's looks just so). Others behind the same address, whose
 * cookies are older, come and go as before. Only marks are kept: keyed hashes, from which no address or account can be read.
 */
#ifndef HOPKIN_LIVE_REMOVAL_H
#define HOPKIN_LIVE_REMOVAL_H

#include "live_state.h"

/** By what this person would be known. */
void removal_marks(struct removal_marks *out, const struct live *live, const struct live_who *who);

/** Keep them out from `now_s` on. False: no memory, nothing has changed. */
bool removal_add(struct meeting *meeting, const struct removal_marks *marks, int64_t now_s);

/** One kept removal, after a restart. */
bool removal_restore(struct meeting *meeting, const struct removal *removal);

bool removal_applies(const struct meeting *meeting, const struct live_who *who);

#endif

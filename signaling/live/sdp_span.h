/**
 * A piece of SDP text: lines and words are cut from it, never past its end. Borrows the text; pure.
 */
#ifndef HOPKIN_LIVE_SDP_SPAN_H
#define HOPKIN_LIVE_SDP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span { const char *p; size_t len; };

bool span_is(struct span s, const char *word);
bool span_is_nocase(struct span s, const char *word);

/** Cut up to the next `c`, which goes too; what follows it stays in `s`. */
struct span span_cut(struct span *s, char c);

/** The next word between spaces; empty at the end. */
struct span span_word(struct span *s);

/** Up to ten digits and nothing else, at most `max`. */
bool span_number(struct span s, uint64_t max, uint64_t *out);

/** Not empty, and all of it such characters. */
bool span_all(struct span s, bool (*allowed)(char));
bool span_alnum(char c);
bool span_token(char c);                  /* RFC 8866 */

/** With a terminating zero; false: empty, or no room. */
bool span_copy(struct span s, char *out, size_t room);

#endif

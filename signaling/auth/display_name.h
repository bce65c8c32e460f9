/**
 * Names and titles that people read: normalised, and without characters that lie about what is shown.
 */
#ifndef HOPKIN_AUTH_DISPLAY_NAME_H
#define HOPKIN_AUTH_DISPLAY_NAME_H

#include <stdbool.h>
#include <stddef.h>

/**
 * One line of text for people: Unicode NFC, outer spaces dropped, inner runs of spaces made one.
 *
 * Refused: malformed UTF-8, control characters and line breaks, direction-changing and invisible format characters
 * (Unicode Cc, Cf but a ZWJ or ZWNJ between letters, Zl, Zp, Cs, Co, Cn), invisible letters, more than four combining marks in a row, nothing
 * left, more than `max_chars` code points.
 *
 * @param out        the result, ended with NUL; at least max_chars * 4 + 1 bytes
 * @param max_chars  after normalisation; 64 for a person's name (DISPLAY_NAME_CHARS)
 * @return false: refused, `out` is ""
 */
bool display_name_normalise(char *out, size_t room, const char *in, size_t max_chars);

/** The same for a text of several lines: line feeds are kept; empty is allowed. */
bool display_text_normalise(char *out, size_t room, const char *in, size_t max_chars);

/** An account's name: 2…32 of a-z 0-9 . _ -, beginning with a letter or digit. */
bool account_name_valid(const char *name);

enum { DISPLAY_NAME_CHARS = 64 };

#endif

/* Bytes from hexadecimal text, spaces allowed: tables of packets stay readable. */
#ifndef HOPKIN_TESTS_UNIT_RTP_HEX_H
#define HOPKIN_TESTS_UNIT_RTP_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline size_t hex(uint8_t *out, const char *text)
{
	size_t n = 0;

	for (unsigned byte; *text; text += 2) {
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		sscanf(text, "%2x", &byte);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

/* The bytes in a block of exactly their size, so that a sanitizer sees one read too many. */
static inline uint8_t *exactly(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	return copy;
}

#endif

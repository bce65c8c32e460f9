/**
 * Where a packet came from and where an answer goes: a local socket and a remote address, or one TCP connection.
 *
 * Plain data, compared and hashed by value. IPv4 is kept as IPv4: a v4-mapped IPv6 address is converted on the way in
 * (XOR-MAPPED-ADDRESS must not show one).
 */
#ifndef HOPKIN_BASE_PATH_H
#define HOPKIN_BASE_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum path_kind { PATH_NONE, PATH_UDP4, PATH_UDP6, PATH_TCP };

struct path {
	uint8_t kind;           /* enum path_kind */
	uint8_t local;          /* index of the local address; the same in every worker */
	uint16_t port;          /* remote, host order */
	uint32_t conn;          /* PATH_TCP: the connection's id, unique in this process; else 0 */
	uint8_t ip[16];         /* remote; IPv4 in the first four bytes, the rest zero */
};

_Static_assert(sizeof(struct path) == 24, "a path has no padding: it is hashed as bytes");

static inline bool path_equal(const struct path *a, const struct path *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

#endif

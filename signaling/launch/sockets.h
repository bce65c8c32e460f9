/**
 * Every socket that Hopkin ever listens on, bound once by the launcher and inherited by the two programs.
 */
#ifndef HOPKIN_LAUNCH_SOCKETS_H
#define HOPKIN_LAUNCH_SOCKETS_H

#include <stddef.h>

#include "launcher.h"
#include "settings.h"

struct sockets {
	size_t locals;                                          /* local addresses people connect to */
	char address[LAUNCHER_LOCALS_MAX][64];                  /* their text, in the order of the descriptors */
	int tcp[LAUNCHER_LOCALS_MAX];                           /* listening */
	size_t workers;
	int udp[LAUNCHER_WORKERS_MAX * LAUNCHER_LOCALS_MAX];    /* worker-major */
	size_t admins;
	int admin[SETTINGS_LIST_MAX];                           /* listening */
};

/**
 * Binds them all, close-on-exec. An address of the administration list that this machine lacks (::1 without IPv6) is left out if it
 * is one of the defaults.
 *
 * @param error  one line for a person when the result is not 0
 * @return       0 or -errno; sockets_close in either case
 */
int sockets_bind(struct sockets *out, const struct settings *settings, char error[SETTINGS_ERROR_MAX]);
void sockets_close(struct sockets *sockets);

#endif

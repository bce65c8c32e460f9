/**
 * `hopkin serve`: binds every socket, starts the two programs, and starts again whichever of them dies.
 *
 * It parses nothing from the network. Sockets are bound once and inherited, so a program that comes back meets the same ones. Each
 * child has a parent socket (SOCK_SEQPACKET, JSON): `{"t":"link"}` with one end of a new control link, after either child has
 * started, and `{"t":"stop"}`; end of file means stop, and the kernel ends the children if this process dies.
 *
 *	hopkin-media       --parent FD --udp FD,… --locals N --workers W --log-level L
 *	hopkin signaling   --parent FD --listen-fds FD,… --admin-fds FD,… --addresses IP,… --announce yes|no, and the flags serve was given
 *
 * `--udp` is worker-major: worker 0's N local addresses, then worker 1's. `--addresses` names the N local addresses in that order.
 * `--announce yes` comes with the first start alone: print addresses and the one-time link. A child that ends with status
 * LAUNCHER_GIVE_UP says that starting it again is no use: everything stops with that status.
 */
#ifndef HOPKIN_LAUNCH_LAUNCHER_H
#define HOPKIN_LAUNCH_LAUNCHER_H

#include "settings.h"

enum {
	LAUNCHER_GIVE_UP = 78,          /* EX_CONFIG of sysexits.h */
	LAUNCHER_LOCALS_MAX = 32,       /* local addresses */
	LAUNCHER_WORKERS_MAX = 64,
};

/**
 * Runs until SIGINT or SIGTERM; SIGHUP goes on to signaling (certificate reload).
 *
 * @param argc, argv  the flags that `settings` came from: handed to signaling
 * @return            exit status: 0 after an orderly stop, 1 if a socket cannot be had (said on standard error), LAUNCHER_GIVE_UP
 */
int launcher_run(const struct settings *settings, int argc, char *const argv[]);

/** Where `name` is, beside this program or in ../libexec/hopkin; NULL: nowhere. The caller frees it. */
char *launcher_find_program(const char *name);

#endif

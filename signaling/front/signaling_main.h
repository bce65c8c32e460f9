/**
 * `hopkin signaling`: the process that browsers talk to. Started by the launcher (launcher.h says with what), never by people.
 *
 * One thread runs libwebsockets on libev, owns accounts, rooms and meetings, and never blocks; the store thread commits, two
 * threads hash, one accepts.
 */
#ifndef HOPKIN_FRONT_SIGNALING_MAIN_H
#define HOPKIN_FRONT_SIGNALING_MAIN_H

/** @param argc, argv  what follows the word `signaling`. @return exit status: 0, 1 or LAUNCHER_GIVE_UP */
int signaling_main(int argc, char **argv);

#endif

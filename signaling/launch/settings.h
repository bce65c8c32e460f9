/**
 * What an administrator can set: one table of keys, read from one file and from flags.
 *
 * The file is DATA/hopkin.conf (or --config FILE) in libconfig's syntax: `port = 8443;`. Every key `a_b` is also the flag `--a-b VALUE`,
 * which wins over the file; a list's flag may be given several times. An unknown key or a bad value stops the start and says file,
 * line and what was expected. signaling/hopkin.conf.example shows every key with its default and unit; a test holds it to the table.
 * Thread: main, before any other is started. Afterwards read-only.
 */
#ifndef HOPKIN_LAUNCH_SETTINGS_H
#define HOPKIN_LAUNCH_SETTINGS_H

#include <stddef.h>
#include <stdio.h>

enum { SETTINGS_LIST_MAX = 16, SETTINGS_ERROR_MAX = 8192 };

struct settings_list {
	size_t count;
	char *items[SETTINGS_LIST_MAX];
};

struct settings {
	char *data;                             /* the data folder; from --data alone */
	char *file;                             /* the file that was read, or NULL: there was none */
	struct settings_list listen;            /* IP addresses; empty: every address of this machine */
	long port;
	struct settings_list admin_listen;
	long admin_port;
	struct settings_list public_address;    /* what a NAT in front shows, as further ICE candidates */
	char *host_name;                        /* "": this machine's name */
	char *certificate, *key;                /* absolute after settings_load */
	char *web;                              /* "": beside the program */
	char *media;                            /* "": beside the program */
	long workers;                           /* 0: one a core */
	char *packet_trains;                    /* "on" or "off" */
	char *banner, *contact;
	long seats;                             /* person seats a browser may ask for */
	long connections, connections_per_address;
	char *device_origin;                    /* "": none */
	char *log_level;
};

/**
 * Defaults, then the file, then flags.
 *
 * @param argc, argv  the flags alone, without program and subcommand
 * @param error       what is wrong, one line for a person, when the result is not 0
 * @return            0; -EINVAL: a bad flag, key or value; -ENOENT: the file named by --config is not there; -ENOMEM. Free with settings_free in every case
 */
int settings_load(struct settings *out, int argc, char *const argv[], char error[SETTINGS_ERROR_MAX]);
void settings_free(struct settings *settings);

/** "https://HOST[:PORT]" of the main listener, no slash at the end: host_name, else the first of `listen`, else this machine's name. */
void settings_main_url(const struct settings *settings, char *out, size_t room);

/** The documented file, every key commented out with its default: what hopkin.conf.example contains. */
void settings_print_example(FILE *out);
/** One line a flag, for --help. */
void settings_print_flags(FILE *out);

#endif

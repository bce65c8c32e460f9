/**
 * The command line beside `serve`: accounts, rooms, the check of an installation. People script against it, so words, codes and
 * JSON fields stay.
 *
 * Every command takes --data DIR, --config FILE and --json. Passwords come from standard input or a terminal, never from arguments.
 * The database is shared with a running server, which takes changes over within a second.
 */
#ifndef HOPKIN_CLI_CLI_H
#define HOPKIN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "settings.h"
#include "store.h"

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1,         /* said on standard error; check: something is wrong */
	CLI_USAGE = 2,          /* unknown word, missing or bad value */
	CLI_NOT_FOUND = 3,      /* no such person or room */
	CLI_CONFLICT = 4,       /* exists already, or no administrator would remain */
};

struct cli_option {
	const char *name;       /* "--role" */
	const char **value;     /* set to the word after it; NULL: a switch */
	bool *given;            /* set for a switch */
};

/* One command as it runs. */
struct cli {
	struct settings settings;
	struct store *store;            /* open after cli_open_store */
	bool json;
	const char *words[8];           /* what is no option */
	size_t word_count;
};

/** Read the command's words; `options` ends with a row without name. CLI_OK or CLI_USAGE, then said. Always cli_end. */
int cli_begin(struct cli *cli, int argc, char *const argv[], const struct cli_option *options);
/** Makes the data folder (mode 0700) and database if need be. CLI_OK or CLI_FAILED, then said. */
int cli_open_store(struct cli *cli);
/** Opens it and reads everything; store_snapshot_destroy(*out) in either case (NULL is fine). */
int cli_read_store(struct cli *cli, struct store_snapshot **out);
void cli_end(struct cli *cli);

/**
 * A whole command that lists: with --json {"NAME":[…]}, else a line each. `row` adds the i-th to `rows` and, without --json, prints it;
 * false: there is no such row.
 */
int cli_list(int argc, char *const argv[], const char *name,
	bool (*row)(const struct cli *cli, const struct store_snapshot *all, size_t i, json_t *rows));

/** Prints `json` with --json, else `text`; takes the JSON. Returns CLI_OK. */
int cli_say(const struct cli *cli, json_t *json, const char *text, ...) __attribute__((format(printf, 3, 4)));
/** On standard error, and as {"error":{"code":…}} on standard output with --json. Returns `status`. */
int cli_fail(const struct cli *cli, int status, const char *code, const char *text, ...) __attribute__((format(printf, 4, 5)));

/** From standard input (first line) or asked for twice on a terminal. False: none, or the two differ; then said. */
bool cli_read_password(const struct cli *cli, bool from_stdin, char *out, size_t room);

int cli_user(int argc, char *const argv[]);
int cli_room(int argc, char *const argv[]);
int cli_room_token(int argc, char *const argv[]);        /* of cli_room */
int cli_check(int argc, char *const argv[]);

#endif

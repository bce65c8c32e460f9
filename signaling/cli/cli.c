#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* -- words ----------------------------------------------------------------------------------------------------------- */

static const struct cli_option *find_option(const struct cli_option *options, const char *word)
{
	for (; options->name; options++)
		if (!strcmp(options->name, word))
			return options;
	return NULL;
}

static int take_word(struct cli *cli, const char *word)
{
	if (cli->word_count == sizeof cli->words / sizeof *cli->words)
		return cli_fail(cli, CLI_USAGE, "usage", "%s: one word too many", word);
	cli->words[cli->word_count++] = word;
	return CLI_OK;
}

int cli_begin(struct cli *cli, int argc, char *const argv[], const struct cli_option *options)
{
	*cli = (struct cli){ 0 };
	char *settings_words[4];
	int settings_count = 0, status = CLI_OK;
	for (int i = 0; i < argc; i++)
		cli->json |= !strcmp(argv[i], "--json");
	for (int i = 0; i < argc && !status; i++) {
		const struct cli_option *option = find_option(options, argv[i]);
		bool folder = !strcmp(argv[i], "--data") || !strcmp(argv[i], "--config");
		if (!strcmp(argv[i], "--json"))
			continue;
		if (option && option->given)
			*option->given = true;
		else if ((option || folder) && i + 1 == argc)
			status = cli_fail(cli, CLI_USAGE, "usage", "%s: expected a value after it", argv[i]);
		else if (option)
			*option->value = argv[++i];
		else if (folder && settings_count < 4)
			settings_words[settings_count++] = argv[i], settings_words[settings_count++] = argv[++i];
		else if (!strncmp(argv[i], "--", 2))
			status = cli_fail(cli, CLI_USAGE, "usage", "%s: unknown option (see hopkin help)", argv[i]);
		else
			status = take_word(cli, argv[i]);
	}
	char error[SETTINGS_ERROR_MAX];
	if (!status && settings_load(&cli->settings, settings_count, settings_words, error))
		status = cli_fail(cli, CLI_USAGE, "bad_settings", "%s", error);
	return status;
}

int cli_open_store(struct cli *cli)
{
	char path[PATH_MAX];
	if (mkdir(cli->settings.data, 0700) && errno != EEXIST)
		return cli_fail(cli, CLI_FAILED, "no_data_folder", "%s cannot be made: %s", cli->settings.data, strerror(errno));
	snprintf(path, sizeof path, "%s/hopkin.db", cli->settings.data);
	int err = store_open(&cli->store, path);
	if (err == -EPROTO)
		return cli_fail(cli, CLI_FAILED, "newer_database", "%s was made by a newer Hopkin", path);
	if (err)
		return cli_fail(cli, CLI_FAILED, "no_database", "%s cannot be opened: %s", path, strerror(-err));
	return CLI_OK;
}

int cli_read_store(struct cli *cli, struct store_snapshot **out)
{
	*out = NULL;
	int status = cli_open_store(cli);
	int err = status ? 0 : store_read(cli->store, out);
	if (err)
		return cli_fail(cli, CLI_FAILED, "no_database", "the database cannot be read: %s", strerror(-err));
	return status;
}

void cli_end(struct cli *cli)
{
	store_close(cli->store);
	settings_free(&cli->settings);
}

int cli_list(int argc, char *const argv[], const char *name,
	bool (*row)(const struct cli *cli, const struct store_snapshot *all, size_t i, json_t *rows))
{
	static const struct cli_option none[] = { { 0 } };
	struct cli cli;
	struct store_snapshot *all = NULL;
	json_t *rows = json_array();
	int status = cli_begin(&cli, argc, argv, none);
	if (!status)
		status = cli_read_store(&cli, &all);
	for (size_t i = 0; !status && row(&cli, all, i, rows); i++)
		;
	if (!status && cli.json)
		cli_say(&cli, json_pack("{s:O}", name, rows), "%s", "");
	json_decref(rows);
	store_snapshot_destroy(all);
	cli_end(&cli);
	return status;
}

/* -- answers --------------------------------------------------------------------------------------------------------- */

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
}

int cli_say(const struct cli *cli, json_t *json, const char *text, ...)
{
	if (cli->json) {
		print_json(json);
	} else {
		va_list list;
		va_start(list, text);
		vprintf(text, list);
		va_end(list);
	}
	json_decref(json);
	return CLI_OK;
}

int cli_fail(const struct cli *cli, int status, const char *code, const char *text, ...)
{
	char message[SETTINGS_ERROR_MAX + 64];
	va_list list;
	va_start(list, text);
	vsnprintf(message, sizeof message, text, list);
	va_end(list);
	fprintf(stderr, "hopkin: %s\n", message);
	if (cli->json) {
		json_t *json = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message);
		print_json(json);
		json_decref(json);
	}
	return status;
}

/* -- passwords ------------------------------------------------------------------------------------------------------- */

static bool read_line(FILE *from, char *out, size_t room)
{
	if (!fgets(out, (int)room, from))
		return false;
	size_t len = strcspn(out, "\r\n");
	bool whole = out[len] || feof(from);
	out[len] = 0;
	return whole && len;
}

static bool ask(const char *prompt, char *out, size_t room)
{
	struct termios before, silent;
	fputs(prompt, stderr);
	if (tcgetattr(STDIN_FILENO, &before))
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	bool got = read_line(stdin, out, room);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return got;
}

bool cli_read_password(const struct cli *cli, bool from_stdin, char *out, size_t room)
{
	if (from_stdin) {
		if (!read_line(stdin, out, room))
			cli_fail(cli, CLI_USAGE, "no_password", "expected a password as the first line of standard input");
		return *out;
	}
	if (!isatty(STDIN_FILENO)) {
		cli_fail(cli, CLI_USAGE, "no_password", "no terminal to ask for a password: use --password-stdin");
		return false;
	}
	char again[1100];
	bool same = ask("Password: ", out, room) && ask("Once more: ", again, sizeof again) && !strcmp(out, again);
	explicit_bzero(again, sizeof again);
	if (!same)
		cli_fail(cli, CLI_USAGE, "no_password", "the two passwords differ, or there was none");
	return same;
}

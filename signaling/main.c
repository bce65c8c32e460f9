/* hopkin: one program for people, scripts and the launcher. What each word does is elsewhere; here they are told apart. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "launcher.h"
#include "log.h"
#include "settings.h"
#include "signaling_main.h"

static void print_help(FILE *out)
{
	fputs("hopkin: a closed meeting server\n\n"
	      "  hopkin serve [FLAG …]                           run the server (hopkin serve --help: the flags)\n"
	      "  hopkin user add NAME [--role admin|host|member] [--display TEXT] [--password-stdin]\n"
	      "  hopkin user list\n"
	      "  hopkin user disable NAME                        signs out, keeps the account\n"
	      "  hopkin user enable NAME\n"
	      "  hopkin user reset NAME [--password-stdin]       prints a one-time link, or sets the password\n"
	      "  hopkin room add TITLE [--owner NAME] [--guests] [--max N] [--password-stdin]\n"
	      "  hopkin room list\n"
	      "  hopkin room remove ID\n"
	      "  hopkin room token ROOM --publish|--view [--name NAME] [--days N]   for a device: WHIP, WHEP\n"
	      "  hopkin room token ROOM --list | --revoke TOKEN-ID\n"
	      "  hopkin check [--running]                        settings, certificate, ports, files; --running: it must answer\n"
	      "  hopkin version\n\n"
	      "Each takes --data DIR (default /var/lib/hopkin), --config FILE and --json.\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage or value, 3 no such person or room, 4 exists already or last administrator.\n", out);
}

static int serve(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help")) {
			puts("hopkin serve [FLAG …]\n");
			settings_print_flags(stdout);
			return CLI_OK;
		}
	struct settings settings;
	char error[SETTINGS_ERROR_MAX];
	int status = CLI_USAGE;
	if (settings_load(&settings, argc, argv, error)) {
		fprintf(stderr, "hopkin: %s\n", error);
	} else {
		enum log_level level = LOG_LEVEL_INFO;
		log_level_from_name(&level, settings.log_level);
		log_set_level(level);
		status = launcher_run(&settings, argc, argv);
	}
	settings_free(&settings);
	return status;
}

static int version(int argc, char **argv)
{
	bool json = argc && !strcmp(argv[0], "--json");
	printf(json ? "{\"version\":\"%s\"}\n" : "hopkin %s\n", HOPKIN_VERSION);
	return CLI_OK;
}

static int help(int argc, char **argv)
{
	print_help(stdout);
	return CLI_OK;
}

static int user(int argc, char **argv)
{
	return cli_user(argc, argv);
}

static int room(int argc, char **argv)
{
	return cli_room(argc, argv);
}

static int check(int argc, char **argv)
{
	return cli_check(argc, argv);
}

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "serve", serve }, { "user", user }, { "room", room }, { "check", check }, { "version", version }, { "--version", version },
	{ "help", help }, { "--help", help },
	{ "signaling", signaling_main },        /* the launcher's child; not for people */
};

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].word, word))
			return commands[i].run(argc - 2, argv + 2);
	print_help(stderr);
	return CLI_USAGE;
}

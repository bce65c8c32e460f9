#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { KIND_NUMBER, KIND_TEXT, KIND_PATH, KIND_CHOICE, KIND_ADDRESSES };

struct row {
	const char *key;
	enum kind kind;
	size_t offset;                  /* in struct settings */
	const char *preset;             /* as it would stand in the file, without quotes; a list: comma-separated */
	long least, most;               /* numbers; texts: the most bytes */
	const char *choices;            /* KIND_CHOICE: separated by blanks */
	const char *unit;               /* for the help, or NULL */
	const char *help;               /* one or more lines */
};

#define AT(member) offsetof(struct settings, member)

static const struct row rows[] = {
	{ "listen", KIND_ADDRESSES, AT(listen), "", 0, 0, NULL, "IP addresses",
	  "Where people connect, by HTTPS and with media. Empty: every address that this machine has at the start." },
	{ "port", KIND_NUMBER, AT(port), "8443", 1, 65535, NULL, "port number",
	  "One number for both: TCP for pages, WebSocket and ICE-TCP, UDP for media. 443 needs\n"
	  "net.ipv4.ip_unprivileged_port_start=443 on the machine." },
	{ "public_address", KIND_ADDRESSES, AT(public_address), "", 0, 0, NULL, "IP addresses",
	  "What people outside see when a router translates addresses (it must forward TCP and UDP on the same port)." },
	{ "host_name", KIND_TEXT, AT(host_name), "", 0, 253, NULL, NULL,
	  "The name in the addresses that are printed and copied. Empty: this machine's own name." },
	{ "admin_listen", KIND_ADDRESSES, AT(admin_listen), "127.0.0.1,::1", 0, 0, NULL, "IP addresses",
	  "Where administration answers: People, one-time links, figures. Nowhere else." },
	{ "admin_port", KIND_NUMBER, AT(admin_port), "8444", 1, 65535, NULL, "port number",
	  "TCP, for administration." },
	{ "certificate", KIND_PATH, AT(certificate), "certs/server.pem", 0, PATH_MAX - 1, NULL, "file",
	  "PEM: the server's certificate and the chain above it. A relative path is under the data folder. Read again on SIGHUP\n"
	  "and when it changes." },
	{ "key", KIND_PATH, AT(key), "certs/server.key", 0, PATH_MAX - 1, NULL, "file",
	  "PEM: its private key." },
	{ "web", KIND_TEXT, AT(web), "", 0, PATH_MAX - 1, NULL, "folder",
	  "The pages. Empty: ../share/hopkin/web beside the program." },
	{ "media", KIND_TEXT, AT(media), "", 0, PATH_MAX - 1, NULL, "file",
	  "The media program. Empty: hopkin-media beside the program or in ../libexec/hopkin." },
	{ "workers", KIND_NUMBER, AT(workers), "0", 0, 64, NULL, "threads",
	  "Threads that forward media. 0: one for each core." },
	{ "packet_trains", KIND_CHOICE, AT(packet_trains), "on", 0, 0, "on off", NULL,
	  "on: a frame's packets for one browser are padded to one length (by a few bytes) and given to the kernel together, which\n"
	  "costs a quarter of giving them one by one. off: for a network card or a path that cannot bear it." },
	{ "banner", KIND_TEXT, AT(banner), "Không trao đổi bí mật nhà nước, dữ liệu nội bộ ngoài phạm vi cho phép.", 0, 500, NULL, NULL,
	  "Shown where people join. A room may have its own." },
	{ "contact", KIND_TEXT, AT(contact), "", 0, 200, NULL, NULL,
	  "Whom to call after an incident; shown where people join. A room may have its own." },
	{ "seats", KIND_NUMBER, AT(seats), "9", 1, 25, NULL, "people",
	  "How many other people one browser may receive pictures of at once." },
	{ "connections", KIND_NUMBER, AT(connections), "10000", 16, 60000, NULL, "connections",
	  "Most TCP connections at once." },
	{ "connections_per_address", KIND_NUMBER, AT(connections_per_address), "1500", 4, 60000, NULL, "connections",
	  "Most of them from one IP address. An agency behind one router has one address." },
	{ "device_origin", KIND_TEXT, AT(device_origin), "", 0, 253, NULL, NULL,
	  "Pages of this other origin (https://player.example.vn; *: of any) may bring devices in by WHIP and WHEP, with a token.\n"
	  "Empty: this server's own pages alone. Programs that are no browsers need no such leave." },
	{ "log_level", KIND_CHOICE, AT(log_level), "info", 0, 0, "debug info warn error", NULL,
	  "debug, info, warn or error." },
};

enum { ROWS = sizeof rows / sizeof *rows };

static int refuse(char *error, const char *where, const char *name, const char *expected, const char *got)
{
	snprintf(error, SETTINGS_ERROR_MAX, "%s%s: expected %s%s%s%s", where, name, expected, got ? ", got \"" : "", got ? got : "", got ? "\"" : "");
	return -EINVAL;
}

static const struct row *find_row(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *p = choices; len && (p = strstr(p, text)); p += len)
		if ((p == choices || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

/* Multi-line texts would break the pages and the log lines that show them. */
static bool is_plain(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

static void list_clear(struct settings_list *list)
{
	while (list->count)
		free(list->items[--list->count]);
}

static void *member(struct settings *s, const struct row *row)
{
	return (char *)s + row->offset;
}

static int set_text(struct settings *s, const struct row *row, const char *value)
{
	char *copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	char **slot = member(s, row);
	free(*slot);
	*slot = copy;
	return 0;
}

static int add_address(struct settings *s, const struct row *row, const char *value)
{
	struct settings_list *list = member(s, row);
	char *copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	list->items[list->count++] = copy;
	return 0;
}

/* -- one value, wherever it came from: checked against its row, then taken ------------------------------------------- */

static int take_number(struct settings *s, const struct row *row, const char *where, const char *name, long long value, const char *got, char *error)
{
	if (got || value < row->least || value > row->most) {
		char expected[96], number[32];
		snprintf(expected, sizeof expected, "a number from %ld to %ld", row->least, row->most);
		snprintf(number, sizeof number, "%lld", value);
		return refuse(error, where, name, expected, got ? got : number);
	}
	*(long *)member(s, row) = (long)value;
	return 0;
}

static int take_text(struct settings *s, const struct row *row, const char *where, const char *name, const char *value, char *error)
{
	if (row->kind == KIND_ADDRESSES) {
		struct settings_list *list = member(s, row);
		if (!is_address(value))
			return refuse(error, where, name, "an IPv4 or IPv6 address", value);
		if (list->count == SETTINGS_LIST_MAX)
			return refuse(error, where, name, "at most 16 addresses", NULL);
		return add_address(s, row, value);
	}
	if (row->kind == KIND_CHOICE && !is_choice(row->choices, value))
		return refuse(error, where, name, row->help, value);
	if (row->kind != KIND_CHOICE && strlen(value) > (size_t)row->most) {
		char expected[64];
		snprintf(expected, sizeof expected, "at most %ld bytes", row->most);
		return refuse(error, where, name, expected, NULL);
	}
	if (!is_plain(value))
		return refuse(error, where, name, "one line without control characters", NULL);
	return set_text(s, row, value);
}

static int take_words(struct settings *s, const struct row *row, const char *where, const char *name, const char *value, char *error)
{
	if (row->kind != KIND_NUMBER)
		return take_text(s, row, where, name, value, error);
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	bool bad = errno || end == value || *end;
	return take_number(s, row, where, name, number, bad ? value : NULL, error);
}

static int take_presets(struct settings *s, char *error)
{
	for (size_t i = 0; i < ROWS; i++) {
		char copy[512];
		snprintf(copy, sizeof copy, "%s", rows[i].preset);
		if (rows[i].kind != KIND_ADDRESSES) {
			int err = take_words(s, &rows[i], "", rows[i].key, copy, error);
			if (err)
				return err;
			continue;
		}
		for (char *rest = copy, *item; (item = strsep(&rest, ","));)
			if (*item && add_address(s, &rows[i], item))
				return -ENOMEM;
	}
	return 0;
}

/* -- the file -------------------------------------------------------------------------------------------------------- */

static int take_list(struct settings *s, const struct row *row, config_setting_t *setting, const char *where, char *error)
{
	list_clear(member(s, row));
	if (config_setting_type(setting) == CONFIG_TYPE_STRING)
		return take_text(s, row, where, row->key, config_setting_get_string(setting), error);
	if (!config_setting_is_aggregate(setting) || config_setting_is_group(setting))
		return refuse(error, where, row->key, "a list of addresses: [\"192.0.2.1\", \"2001:db8::1\"]", NULL);
	for (int i = 0; i < config_setting_length(setting); i++) {
		config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
		if (config_setting_type(item) != CONFIG_TYPE_STRING)
			return refuse(error, where, row->key, "addresses in quotes", NULL);
		int err = take_text(s, row, where, row->key, config_setting_get_string(item), error);
		if (err)
			return err;
	}
	return 0;
}

static int take_setting(struct settings *s, const char *file, config_setting_t *setting, char *error)
{
	const char *key = config_setting_name(setting);
	char where[PATH_MAX + 32];
	const char *source = config_setting_source_file(setting);
	snprintf(where, sizeof where, "%s:%u: ", source ? source : file, config_setting_source_line(setting));
	const struct row *row = find_row(key);
	if (!row) {
		snprintf(error, SETTINGS_ERROR_MAX, "%s%s: unknown key (hopkin.conf.example lists them all)", where, key);
		return -EINVAL;
	}
	int type = config_setting_type(setting);
	if (row->kind == KIND_ADDRESSES)
		return take_list(s, row, setting, where, error);
	if (row->kind == KIND_NUMBER) {
		if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
			return take_number(s, row, where, key, 0, type == CONFIG_TYPE_STRING ? config_setting_get_string(setting) : "something else", error);
		long long value = type == CONFIG_TYPE_INT ? config_setting_get_int(setting) : config_setting_get_int64(setting);
		return take_number(s, row, where, key, value, NULL, error);
	}
	if (type != CONFIG_TYPE_STRING)
		return refuse(error, where, key, "a text in quotes", NULL);
	return take_text(s, row, where, key, config_setting_get_string(setting), error);
}

/* libconfig's own words are for programmers; keep file and line and say it our way. */
static int read_file(struct settings *s, const char *path, bool asked_for, char *error)
{
	if (access(path, R_OK)) {
		if (errno == ENOENT && !asked_for)
			return 0;
		snprintf(error, SETTINGS_ERROR_MAX, "%s: cannot be read: %s", path, strerror(errno));
		return -ENOENT;
	}
	config_t config;
	config_init(&config);
	int err = 0;
	if (!config_read_file(&config, path)) {
		const char *file = config_error_file(&config);
		snprintf(error, SETTINGS_ERROR_MAX, "%s:%d: expected `key = value;` (%s)", file ? file : path, config_error_line(&config),
			config_error_text(&config));
		err = -EINVAL;
	}
	config_setting_t *root = config_root_setting(&config);
	for (int i = 0; !err && i < config_setting_length(root); i++)
		err = take_setting(s, path, config_setting_get_elem(root, (unsigned)i), error);
	config_destroy(&config);
	if (!err && !(s->file = strdup(path)))
		err = -ENOMEM;
	return err;
}

/* -- flags ----------------------------------------------------------------------------------------------------------- */

/* `--a-b` or `--a-b=VALUE` is the key a_b. */
static const char *flag_key(const char *flag, char *key, size_t room)
{
	size_t len = strcspn(flag, "=");
	if (strncmp(flag, "--", 2) || len - 2 >= room)
		return NULL;
	for (size_t i = 2; i < len; i++)
		key[i - 2] = flag[i] == '-' ? '_' : flag[i];
	key[len - 2] = 0;
	return flag[len] == '=' ? flag + len + 1 : NULL;
}

struct flag {
	char key[64];
	const char *value;
	bool own;               /* --data, --config: not a row */
};

static int next_flag(struct flag *out, int argc, char *const argv[], int *i, char *error)
{
	const char *word = argv[(*i)++];
	out->key[0] = 0;
	out->value = flag_key(word, out->key, sizeof out->key);
	out->own = !strcmp(out->key, "data") || !strcmp(out->key, "config");
	if (strncmp(word, "--", 2) || (!out->own && !find_row(out->key))) {
		snprintf(error, SETTINGS_ERROR_MAX, "%s: unknown flag (hopkin serve --help lists them all)", word);
		return -EINVAL;
	}
	if (!out->value && *i < argc)
		out->value = argv[(*i)++];
	return out->value ? 0 : refuse(error, "", word, "a value after it", NULL);
}

static int take_flags(struct settings *s, int argc, char *const argv[], char *error)
{
	bool cleared[ROWS] = { false };
	for (int i = 0; i < argc;) {
		struct flag flag;
		int err = next_flag(&flag, argc, argv, &i, error);
		if (err)
			return err;
		if (flag.own)
			continue;
		const struct row *row = find_row(flag.key);
		/* the first flag of a list replaces what the file or the default said, further ones add */
		if (row->kind == KIND_ADDRESSES && !cleared[row - rows])
			list_clear(member(s, row));
		cleared[row - rows] = true;
		char name[80];
		snprintf(name, sizeof name, "--%s", flag.key);
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : *p;
		err = take_words(s, row, "", name, flag.value, error);
		if (err)
			return err;
	}
	return 0;
}

/* --data and --config decide which file is read, so they are looked for before it. */
static int find_folders(int argc, char *const argv[], const char **data, const char **file, char *error)
{
	for (int i = 0; i < argc;) {
		struct flag flag;
		int err = next_flag(&flag, argc, argv, &i, error);
		if (err)
			return err;
		if (!strcmp(flag.key, "data"))
			*data = flag.value;
		if (!strcmp(flag.key, "config"))
			*file = flag.value;
	}
	return 0;
}

static int make_absolute(struct settings *s, char **path)
{
	if (**path == '/')
		return 0;
	char *whole;
	if (asprintf(&whole, "%s/%s", s->data, *path) < 0)
		return -ENOMEM;
	free(*path);
	*path = whole;
	return 0;
}

int settings_load(struct settings *out, int argc, char *const argv[], char error[SETTINGS_ERROR_MAX])
{
	*out = (struct settings){ 0 };
	snprintf(error, SETTINGS_ERROR_MAX, "out of memory");
	const char *data = "/var/lib/hopkin", *file = NULL;
	int err = find_folders(argc, argv, &data, &file, error);
	if (err)
		return err;
	char usual[PATH_MAX];
	snprintf(usual, sizeof usual, "%s/hopkin.conf", data);
	out->data = strdup(data);
	err = out->data ? take_presets(out, error) : -ENOMEM;
	if (!err)
		err = read_file(out, file ? file : usual, file, error);
	if (!err)
		err = take_flags(out, argc, argv, error);
	if (!err)
		err = make_absolute(out, &out->certificate);
	if (!err)
		err = make_absolute(out, &out->key);
	return err;
}

void settings_free(struct settings *s)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].kind == KIND_ADDRESSES)
			list_clear(member(s, &rows[i]));
		else if (rows[i].kind != KIND_NUMBER)
			free(*(char **)member(s, &rows[i]));
	}
	free(s->data);
	free(s->file);
	*s = (struct settings){ 0 };
}

void settings_main_url(const struct settings *s, char *out, size_t room)
{
	char machine[256] = "localhost";
	const char *host = s->host_name;
	if (!*host && s->listen.count)
		host = s->listen.items[0];
	if (!*host && !gethostname(machine, sizeof machine - 1))
		host = machine;
	bool v6 = strchr(host, ':');
	int len = snprintf(out, room, "https://%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
	if (s->port != 443 && len > 0 && (size_t)len < room)
		snprintf(out + len, room - (size_t)len, ":%ld", s->port);
}

/* -- words for people ------------------------------------------------------------------------------------------------ */

static void print_value(FILE *out, const struct row *row)
{
	if (row->kind == KIND_NUMBER) {
		fputs(row->preset, out);
		return;
	}
	if (row->kind != KIND_ADDRESSES) {
		fprintf(out, "\"%s\"", row->preset);
		return;
	}
	char copy[512];
	snprintf(copy, sizeof copy, "%s", row->preset);
	fputs("[", out);
	const char *comma = "";
	for (char *rest = copy, *item; (item = strsep(&rest, ","));)
		if (*item) {
			fprintf(out, "%s\"%s\"", comma, item);
			comma = ", ";
		}
	fputs("]", out);
}

static void print_help(FILE *out, const char *help, const char *before)
{
	for (const char *line = help; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		fprintf(out, "%s%.*s\n", before, (int)strcspn(line, "\n"), line);
}

void settings_print_example(FILE *out)
{
	fputs("# Hopkin's settings. Put this file into the data folder as hopkin.conf, or name it with --config.\n"
	      "# What stands behind each # is the default. A key a_b is also a flag: hopkin serve --a-b VALUE.\n"
	      "# An unknown key or a bad value stops the start and is named with its line.\n", out);
	for (size_t i = 0; i < ROWS; i++) {
		fputs("\n", out);
		print_help(out, rows[i].help, "# ");
		if (rows[i].kind == KIND_NUMBER)
			fprintf(out, "# Unit: %s, from %ld to %ld.\n", rows[i].unit, rows[i].least, rows[i].most);
		else if (rows[i].unit)
			fprintf(out, "# Unit: %s.\n", rows[i].unit);
		fprintf(out, "#%s = ", rows[i].key);
		print_value(out, &rows[i]);
		fputs(";\n", out);
	}
}

void settings_print_flags(FILE *out)
{
	fputs("  --data DIR\n      The data folder. Default: /var/lib/hopkin.\n"
	      "  --config FILE\n      The settings file. Default: hopkin.conf in the data folder, if there is one.\n", out);
	for (size_t i = 0; i < ROWS; i++) {
		char name[64];
		snprintf(name, sizeof name, "%s", rows[i].key);
		for (char *p = name; *p; p++)
			*p = *p == '_' ? '-' : *p;
		fprintf(out, "  --%s VALUE%s\n", name, rows[i].kind == KIND_ADDRESSES ? " (may be given several times)" : "");
		print_help(out, rows[i].help, "      ");
		if (*rows[i].preset)
			fprintf(out, "      Default: %s%s%s.\n", rows[i].preset, rows[i].kind == KIND_NUMBER ? " " : "",
				rows[i].kind == KIND_NUMBER ? rows[i].unit : "");
	}
}

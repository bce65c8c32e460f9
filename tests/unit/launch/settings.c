/* Settings: the file's and the flags' good and bad values, with the line that is named; and that the example file is the table's. */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/settings.XXXXXX", path[64];

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void good_file(void)
{
	write_file("port = 9000;\nlisten = [\"192.0.2.1\", \"2001:db8::1\"];\n# a remark\nadmin_listen = \"10.0.0.1\";\n"
		   "banner = \"Chỉ trao đổi việc chung\";\ncertificate = \"/etc/x.pem\";\nlog_level = \"warn\";\n");
	char *argv[] = { "--data", folder, "--admin-port", "9001", "--public-address=198.51.100.7" };
	char error[SETTINGS_ERROR_MAX];
	struct settings s;
	check("a good file is read", settings_load(&s, 5, argv, error) == 0);
	check("a number from the file", s.port == 9000);
	check("a list", s.listen.count == 2 && !strcmp(s.listen.items[1], "2001:db8::1"));
	check("one address without brackets replaces the default", s.admin_listen.count == 1 && !strcmp(s.admin_listen.items[0], "10.0.0.1"));
	check("UTF-8 passes", !strcmp(s.banner, "Chỉ trao đổi việc chung"));
	check("an absolute path stays", !strcmp(s.certificate, "/etc/x.pem"));
	check("a relative one is under the data folder", !strncmp(s.key, folder, strlen(folder)) && strstr(s.key, "/certs/server.key"));
	check("a flag with a blank", s.admin_port == 9001);
	check("a flag with =", s.public_address.count == 1);
	check("what nobody set is the default", s.seats == 9 && s.workers == 0);
	check("the file is named", s.file && !strcmp(s.file, path));
	settings_free(&s);
}

static const struct { const char *name, *flag, *value, *port, *url; } urls[] = {
	{ "a name", "--host-name", "hop.tinh.gov.vn", "8443", "https://hop.tinh.gov.vn:8443" },
	{ "the usual port is not said", "--host-name", "hop.tinh.gov.vn", "443", "https://hop.tinh.gov.vn" },
	{ "an address", "--listen", "192.0.2.1", "8443", "https://192.0.2.1:8443" },
	{ "an IPv6 address in brackets", "--listen", "2001:db8::1", "443", "https://[2001:db8::1]" },
};

static void url_cases(void)
{
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		char *argv[] = { "--data", folder, (char *)urls[i].flag, (char *)urls[i].value, "--port", (char *)urls[i].port };
		char error[SETTINGS_ERROR_MAX], url[300];
		struct settings s;
		int err = settings_load(&s, 6, argv, error);
		settings_main_url(&s, url, sizeof url);
		check(urls[i].name, !err && !strcmp(url, urls[i].url));
		settings_free(&s);
	}
}

static const struct { const char *name, *text, *says; } bad_files[] = {
	{ "unknown key", "port = 1;\nprot = 2;\n", ":2: prot: unknown key" },
	{ "text for a number", "\n\nport = \"abc\";\n", ":3: port: expected a number from 1 to 65535, got \"abc\"" },
	{ "number out of range", "port = 65536;\n", ":1: port: expected a number from 1 to 65535, got \"65536\"" },
	{ "number beyond 32 bits", "port = 4294967297L;\n", ":1: port: expected a number" },
	{ "yes for a number", "workers = true;\n", ":1: workers: expected a number" },
	{ "number for a text", "banner = 5;\n", ":1: banner: expected a text in quotes" },
	{ "no address", "listen = [\"192.0.2.1\", \"nowhere\"];\n", ":1: listen: expected an IPv4 or IPv6 address, got \"nowhere\"" },
	{ "numbers in a list", "listen = [1, 2];\n", ":1: listen: expected addresses in quotes" },
	{ "a group for a list", "listen : { a = 1; };\n", ":1: listen: expected a list" },
	{ "no such level", "log_level = \"loud\";\n", ":1: log_level: expected debug, info, warn or error., got \"loud\"" },
	{ "part of a choice", "log_level = \"inf\";\n", ":1: log_level: expected" },
	{ "broken syntax", "port = 1;\nport 2\n", ":2: expected `key = value;`" },
	{ "twice", "port = 1;\nport = 2;\n", ":2: expected `key = value;`" },
	{ "control characters", "contact = \"a\\nb\";\n", ":1: contact: expected one line" },
};

static void bad_file_cases(void)
{
	for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
		write_file(bad_files[i].text);
		char *argv[] = { "--data", folder };
		char error[SETTINGS_ERROR_MAX];
		struct settings s;
		int err = settings_load(&s, 2, argv, error);
		if (!check(bad_files[i].name, err == -EINVAL && strstr(error, bad_files[i].says) && !strncmp(error, path, strlen(path))))
			printf("# %d %s\n", err, error);
		settings_free(&s);
	}
	unlink(path);
}

static const struct { const char *name; int argc; char *argv[4]; int err; const char *says; } flags[] = {
	{ "unknown flag", 2, { "--prot", "1" }, -EINVAL, "--prot: unknown flag" },
	{ "no flag at all", 1, { "prot" }, -EINVAL, "prot: unknown flag" },
	{ "value missing", 1, { "--port" }, -EINVAL, "--port: expected a value" },
	{ "bad number", 2, { "--port", "12x" }, -EINVAL, "--port: expected a number from 1 to 65535, got \"12x\"" },
	{ "empty number", 1, { "--port=" }, -EINVAL, "--port: expected a number" },
	{ "file that is not there", 2, { "--config", "/nowhere/hopkin.conf" }, -ENOENT, "/nowhere/hopkin.conf: cannot be read" },
	{ "bad address", 2, { "--listen", "::g" }, -EINVAL, "--listen: expected an IPv4" },
};

static void flag_cases(void)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		char error[SETTINGS_ERROR_MAX];
		struct settings s;
		int err = settings_load(&s, flags[i].argc, flags[i].argv, error);
		if (!check(flags[i].name, err == flags[i].err && strstr(error, flags[i].says)))
			printf("# %d %s\n", err, error);
		settings_free(&s);
	}
	char *two[] = { "--admin-listen", "10.0.0.1", "--admin-listen", "10.0.0.2", "--data", folder };
	char error[SETTINGS_ERROR_MAX];
	struct settings s;
	check("a list's flag twice adds", settings_load(&s, 6, two, error) == 0 && s.admin_listen.count == 2);
	settings_free(&s);
}

/* tests/run starts the tests in the project's folder. */
static void example(void)
{
	char *made = NULL;
	size_t made_len = 0;
	FILE *memory = open_memstream(&made, &made_len);
	settings_print_example(memory);
	fclose(memory);
	FILE *f = fopen("signaling/hopkin.conf.example", "r");
	char text[32768];
	size_t len = f ? fread(text, 1, sizeof text, f) : 0;
	check("hopkin.conf.example is the table's", len == made_len && !memcmp(text, made, len));
	if (f)
		fclose(f);
	/* uncommented it must be a good file */
	for (char *p = made; *p; p++)
		if (*p == '#' && p[1] != ' ' && (p == made || p[-1] == '\n'))
			*p = ' ';
	write_file(made);
	char *argv[] = { "--data", folder };
	char error[SETTINGS_ERROR_MAX];
	struct settings s;
	check("with its # taken away it is read", settings_load(&s, 2, argv, error) == 0);
	settings_free(&s);
	free(made);
	unlink(path);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--print-example")) {
		settings_print_example(stdout);
		return 0;
	}
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/hopkin.conf", folder);
	good_file();
	bad_file_cases();
	flag_cases();
	url_cases();
	example();
	rmdir(folder);
	return check_done();
}

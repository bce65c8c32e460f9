/* hopkin check: is this installation sound? One row a question; every row is asked even if an earlier one failed. */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"
#include "launcher.h"
#include "sockets.h"

enum { DAYS_LEFT_WARN = 30, HEALTH_TIMEOUT_S = 5 };

struct report {
	struct cli *cli;
	json_t *rows;
	bool good;
};

static void row(struct report *r, const char *name, bool good, const char *text, ...) __attribute__((format(printf, 4, 5)));

static void row(struct report *r, const char *name, bool good, const char *text, ...)
{
	char detail[SETTINGS_ERROR_MAX];
	va_list list;
	va_start(list, text);
	vsnprintf(detail, sizeof detail, text, list);
	va_end(list);
	r->good &= good;
	json_array_append_new(r->rows, json_pack("{s:s, s:b, s:s}", "name", name, "ok", good, "detail", detail));
	if (!r->cli->json)
		printf("%-8s %-12s %s\n", good ? "ok" : "PROBLEM", name, detail);
}

/* -- the certificate -------------------------------------------------------------------------------------------------- */

static X509 *read_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *certificate = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	return certificate;
}

static bool key_belongs(X509 *certificate, const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	bool belongs = key && X509_check_private_key(certificate, key) == 1;
	EVP_PKEY_free(key);
	return belongs;
}

static void check_certificate(struct report *r)
{
	const struct settings *s = &r->cli->settings;
	X509 *certificate = read_certificate(s->certificate);
	if (!certificate) {
		row(r, "certificate", false, "%s cannot be read as a PEM certificate", s->certificate);
		return;
	}
	int days = 0, seconds = 0;
	bool dated = ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) == 1;
	bool begun = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0;
	if (!begun)
		row(r, "certificate", false, "%s is not valid yet: is this machine's clock right?", s->certificate);
	else if (!dated || days < 0 || (days == 0 && seconds <= 0))
		row(r, "certificate", false, "%s has expired %d days ago", s->certificate, -days);
	else
		row(r, "certificate", true, "valid for %d days%s", days, days < DAYS_LEFT_WARN ? ": renew it soon" : "");
	row(r, "key", key_belongs(certificate, s->key), "%s belongs to the certificate", s->key);
	X509_free(certificate);
}

/* -- the running server ----------------------------------------------------------------------------------------------- */

/* A connected socket that gives up after HEALTH_TIMEOUT_S, or -1. Numeric only: looking names up needs a network that may not be there. */
static int connect_to(const char *address, long port)
{
	char service[16];
	snprintf(service, sizeof service, "%ld", port);
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	if (getaddrinfo(address, service, &hints, &found))
		return -1;
	const struct timeval limit = { .tv_sec = HEALTH_TIMEOUT_S };
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
		if (connect(fd, found->ai_addr, found->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

static size_t ask_over(SSL *tls, const char *address, char *answer, size_t room)
{
	char question[160];
	bool v6 = strchr(address, ':');
	int len = snprintf(question, sizeof question, "GET /api/v1/health HTTP/1.1\r\nHost: %s%s%s\r\nConnection: close\r\n\r\n",
		v6 ? "[" : "", address, v6 ? "]" : "");
	size_t got = 0;
	if (SSL_connect(tls) == 1 && SSL_write(tls, question, len) == len)
		for (int n; got < room && (n = SSL_read(tls, answer + got, (int)(room - got))) > 0;)
			got += (size_t)n;
	return got;
}

/* GET /api/v1/health over TLS, whatever the certificate: this asks whether it answers, not who it is. */
static bool ask_health(const char *address, long port, char *answer, size_t room)
{
	int fd = connect_to(address, port);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *tls = context ? SSL_new(context) : NULL;
	size_t len = fd >= 0 && tls && SSL_set_fd(tls, fd) ? ask_over(tls, address, answer, room - 1) : 0;
	answer[len] = 0;
	SSL_free(tls);
	SSL_CTX_free(context);
	ERR_clear_error();
	if (fd >= 0)
		close(fd);
	return strstr(answer, " 200") && strstr(answer, "\"ok\":true");
}

static void check_running(struct report *r, const char *address)
{
	char answer[4096];
	bool answers = ask_health(address, r->cli->settings.port, answer, sizeof answer);
	row(r, "server", answers, answers ? "Hopkin answers on %s" : "no Hopkin answers on %s", address);
	if (answers)
		row(r, "media", strstr(answer, "\"media\":true"), "the media program is connected");
}

static void check_ports(struct report *r, bool must_run)
{
	struct sockets sockets;
	char error[SETTINGS_ERROR_MAX], address[64];
	int err = sockets_bind(&sockets, &r->cli->settings, error);
	snprintf(address, sizeof address, "%s", sockets.address[0]);
	size_t locals = sockets.locals;
	sockets_close(&sockets);
	if (!err && !must_run)
		row(r, "ports", true, "%ld (TCP and UDP) and %ld (TCP) are free on %zu addresses; Hopkin is not running",
			r->cli->settings.port, r->cli->settings.admin_port, locals);
	else if (!err)
		row(r, "server", false, "Hopkin is not running: its ports are free");
	else if (err == -EADDRINUSE && locals)
		check_running(r, address);
	else
		row(r, "ports", false, "%s", error);
}

/* -- files ------------------------------------------------------------------------------------------------------------ */

static void check_files(struct report *r)
{
	const struct settings *s = &r->cli->settings;
	struct stat st;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/hopkin.db", s->data);
	if (stat(path, &st)) {
		row(r, "database", true, "%s is not there yet: the first start makes it", path);
	} else {
		bool opens = !cli_open_store(r->cli);
		row(r, "database", opens, "%s %s", path, opens ? "opens" : "does not open");
		row(r, "privacy", !(st.st_mode & 077), "%s is %s", path, st.st_mode & 077 ? "open to others: chmod 600" : "this user's alone");
	}
	char *media = *s->media ? strdup(s->media) : launcher_find_program("hopkin-media");
	row(r, "media file", media && !access(media, X_OK), "%s", media ? media : "hopkin-media is not beside the program");
	free(media);
}

int cli_check(int argc, char *const argv[])
{
	bool running = false;
	const struct cli_option options[] = { { "--running", NULL, &running }, { 0 } };
	struct cli cli;
	int status = cli_begin(&cli, argc, argv, options);
	if (!status && cli.word_count)
		status = cli_fail(&cli, CLI_USAGE, "usage", "%s: one word too many", cli.words[0]);
	if (!status) {
		struct report report = { &cli, json_array(), true };
		row(&report, "settings", true, "%s", cli.settings.file ? cli.settings.file : "all defaults: there is no settings file");
		check_certificate(&report);
		check_ports(&report, running);
		check_files(&report);
		if (cli.json)
			cli_say(&cli, json_pack("{s:b, s:O}", "ok", report.good, "checks", report.rows), "%s", "");
		json_decref(report.rows);
		status = report.good ? CLI_OK : CLI_FAILED;
	}
	cli_end(&cli);
	return status;
}

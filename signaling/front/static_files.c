#include "static_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 512, FILE_MOST = 4 * 1024 * 1024, DEPTH_MOST = 4, ROOM_ID_CHARS = 22 };

struct blob { void *bytes; size_t len; };

struct entry {
	char *path;                     /* "/assets/app-X.js" */
	const char *mime;
	struct blob plain, gzip, br;    /* bytes NULL: no such form */
};

struct static_files {
	size_t count;
	struct entry entries[FILES_MOST];
};

static const struct { const char *ending, *mime; } mimes[] = {
	{ ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" }, { ".png", "image/png" }, { ".ico", "image/x-icon" }, { ".woff2", "font/woff2" },
	{ ".json", "application/json" }, { ".webmanifest", "application/manifest+json" }, { ".txt", "text/plain; charset=utf-8" },
	{ ".wasm", "application/wasm" },
};

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), end = strlen(ending);
	return len > end && !strcmp(text + len - end, ending);
}

static const char *mime_of(const char *path)
{
	for (size_t i = 0; i < sizeof mimes / sizeof *mimes; i++)
		if (ends_with(path, mimes[i].ending))
			return mimes[i].mime;
	return "application/octet-stream";
}

/* -- loading ---------------------------------------------------------------------------------------------------------- */

static int read_blob(struct blob *out, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	if (fd < 0 || fstat(fd, &st)) {
		int err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	int err = st.st_size > FILE_MOST ? -EFBIG : 0;
	out->bytes = err ? NULL : malloc(st.st_size ? (size_t)st.st_size : 1);
	while (out->bytes && out->len < (size_t)st.st_size) {
		ssize_t got = read(fd, (char *)out->bytes + out->len, (size_t)st.st_size - out->len);
		if (got <= 0) {
			err = got ? -errno : -EIO;
			break;
		}
		out->len += (size_t)got;
	}
	close(fd);
	return err ? err : out->bytes ? 0 : -ENOMEM;
}

static struct entry *entry_for(struct static_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->entries[i].path, path))
			return &files->entries[i];
	if (files->count == FILES_MOST)
		return NULL;
	struct entry *e = &files->entries[files->count];
	e->path = strdup(path);
	if (!e->path)
		return NULL;
	e->mime = mime_of(path);
	files->count++;
	return e;
}

static int load_file(struct static_files *files, int folder, const char *prefix, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", prefix, name);
	bool gzip = ends_with(path, ".gz"), br = ends_with(path, ".br");
	if (gzip || br)
		path[strlen(path) - 3] = 0;
	struct entry *e = entry_for(files, path);
	if (!e)
		return -EFBIG;
	return read_blob(gzip ? &e->gzip : br ? &e->br : &e->plain, folder, name);
}

static int load_folder(struct static_files *files, int fd, const char *prefix, int depth)
{
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -errno;
	}
	int err = 0;
	for (struct dirent *d; !err && (d = readdir(dir));) {
		struct stat st;
		if (*d->d_name == '.' || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode)) {
			err = load_file(files, dirfd(dir), prefix, d->d_name);
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST) {
			char below[PATH_MAX];
			snprintf(below, sizeof below, "%s/%s", prefix, d->d_name);
			int child = openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
			err = child < 0 ? -errno : load_folder(files, child, below, depth + 1);
		}
	}
	closedir(dir);
	return err;
}

static const struct entry *find_entry(const struct static_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->entries[i].path, path) && files->entries[i].plain.bytes)
			return &files->entries[i];
	return NULL;
}

int static_files_load(struct static_files **out, const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct static_files *files = calloc(1, sizeof *files);
	if (!files) {
		close(fd);
		return -ENOMEM;
	}
	int err = load_folder(files, fd, "", 0);
	if (!err && !find_entry(files, "/index.html"))
		err = -ENOENT;
	if (err) {
		static_files_destroy(files);
		return err;
	}
	*out = files;
	return 0;
}

void static_files_destroy(struct static_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].path);
		free(files->entries[i].plain.bytes);
		free(files->entries[i].gzip.bytes);
		free(files->entries[i].br.bytes);
	}
	free(files);
}

/* -- answering -------------------------------------------------------------------------------------------------------- */

/* Is `coding` named in Accept-Encoding, and not with q=0 (RFC 9110 §12.5.3)? */
static bool accepts(const char *accept, const char *coding)
{
	size_t len = strlen(coding);
	for (const char *p = accept; *p;) {
		p += strspn(p, " \t,");
		size_t item = strcspn(p, ",");
		size_t name = strcspn(p, " \t;,");
		if (name == len && !strncasecmp(p, coding, len)) {
			const char *q = memchr(p, '=', item);
			return !q || strtod(q + 1, NULL) > 0;
		}
		p += item;
	}
	return false;
}

static bool is_room_page(const char *path)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return !strncmp(path, "/r/", 3) && strlen(path) == 3 + ROOM_ID_CHARS && strspn(path + 3, alphabet) == ROOM_ID_CHARS;
}

/* A room that is not there gets the same page as one that is. */
static bool is_page(const char *path)
{
	return !strcmp(path, "/") || !strcmp(path, "/l") || !strcmp(path, "/people") || is_room_page(path);
}

bool static_files_find(const struct static_files *files, const char *path, const char *accept, struct static_answer *out)
{
	const struct entry *e = find_entry(files, is_page(path) ? "/index.html" : path);
	if (!e)
		return false;
	bool br = e->br.bytes && accepts(accept, "br"), gzip = !br && e->gzip.bytes && accepts(accept, "gzip");
	const struct blob *blob = br ? &e->br : gzip ? &e->gzip : &e->plain;
	*out = (struct static_answer){
		.bytes = blob->bytes,
		.len = blob->len,
		.mime = e->mime,
		.encoding = br ? "br" : gzip ? "gzip" : NULL,
		.cache = !strncmp(e->path, "/assets/", 8) ? "public, max-age=31536000, immutable" : "no-cache",
	};
	return true;
}

/* -- headers ---------------------------------------------------------------------------------------------------------- */

static void add(struct security_headers *h, const char *name, const char *value)
{
	h->names[h->count] = name;
	h->values[h->count++] = value;
}

void security_headers_fill(struct security_headers *out, const char *host, bool hsts)
{
	out->count = 0;
	snprintf(out->csp, sizeof out->csp,
		"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
		"media-src 'self' blob: mediastream:; connect-src 'self' wss://%s; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", host);
	add(out, "content-security-policy:", out->csp);
	add(out, "cross-origin-opener-policy:", "same-origin");
	add(out, "cross-origin-embedder-policy:", "require-corp");
	add(out, "cross-origin-resource-policy:", "same-origin");
	add(out, "permissions-policy:", "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), speaker-selection=(self), "
		"autoplay=(self), screen-wake-lock=(self), clipboard-write=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), "
		"bluetooth=(), midi=(), accelerometer=(), gyroscope=(), magnetometer=(), publickey-credentials-get=()");
	add(out, "referrer-policy:", "no-referrer");
	add(out, "x-content-type-options:", "nosniff");
	add(out, "x-frame-options:", "DENY");
	add(out, "origin-agent-cluster:", "?1");
	if (hsts)
		add(out, "strict-transport-security:", "max-age=31536000");
}

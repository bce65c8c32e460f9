#include "web_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 2000, BYTES_MOST = 64 * 1024 * 1024, DEPTH_MOST = 6, LOOK_EVERY_US = 1000000 };

struct web_files {
	unsigned refs;
	char *folder;
	struct web_file *list;  /* by path */
	size_t count;
	size_t bytes;
	struct timespec page_changed;
	long long looked_us;
};

static const struct { const char *end, *type; } types[] = {
	{ ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" }, { ".woff2", "font/woff2" }, { ".png", "image/png" }, { ".ico", "image/x-icon" },
	{ ".json", "application/json" }, { ".webmanifest", "application/manifest+json" }, { ".txt", "text/plain; charset=utf-8" },
	{ ".wasm", "application/wasm" }, { ".mp3", "audio/mpeg" }, { ".ogg", "audio/ogg" }, { ".wav", "audio/wav" },
};

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (ends(path, types[i].end))
			return types[i].type;
	}
	return "application/octet-stream";
}

static int read_all(struct web_files *files, int fd, size_t len, struct web_bytes *out)
{
	if (files->bytes + len > BYTES_MOST)
		return -EFBIG;
	out->at = malloc(len + 1);
	if (!out->at)
		return -ENOMEM;
	size_t at = 0;
	while (at < len) {
		ssize_t n = read(fd, out->at + at, len - at);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (size_t)n;
	}
	out->len = len;
	files->bytes += len;
	return 0;
}

static int add(struct web_files *files, const char *path, int fd, size_t len)
{
	if (files->count == FILES_MOST)
		return -EFBIG;
	struct web_file *list = reallocarray(files->list, files->count + 1, sizeof *list);
	if (!list)
		return -ENOMEM;
	files->list = list;
	struct web_file *f = &list[files->count++];
	*f = (struct web_file){ .path = strdup(path), .type = type_of(path), .immutable = strncmp(path, "/assets/", 8) == 0 };
	return f->path ? read_all(files, fd, len, &f->plain) : -ENOMEM;
}

static int read_folder(struct web_files *files, int at, const char *under, int depth);

static int read_entry(struct web_files *files, int folder, const char *under, const char *name, int depth)
{
	char path[PATH_MAX];
	if (name[0] == '.' || snprintf(path, sizeof path, "%s/%s", under, name) >= (int)sizeof path)
		return 0;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP ? 0 : -errno;
	struct stat st;
	int err = fstat(fd, &st) ? -errno : 0;
	if (!err && S_ISDIR(st.st_mode)) {
		if (depth < DEPTH_MOST)
			return read_folder(files, fd, path, depth + 1);         /* takes the descriptor over */
	} else if (!err && S_ISREG(st.st_mode)) {
		err = add(files, path, fd, (size_t)st.st_size);
	}
	close(fd);
	return err;
}

static int read_folder(struct web_files *files, int at, const char *under, int depth)
{
	DIR *dir = fdopendir(at);
	if (!dir) {
		int err = -errno;
		close(at);
		return err;
	}
	int err = 0;
	for (struct dirent *e; !err && (e = readdir(dir));)
		err = read_entry(files, at, under, e->d_name, depth);
	closedir(dir);
	return err;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct web_file *)a)->path, ((const struct web_file *)b)->path);
}

static struct web_file *find(const struct web_files *files, const char *path)
{
	if (!files->count)
		return NULL;
	struct web_file key = { .path = (char *)path };
	return bsearch(&key, files->list, files->count, sizeof key, by_path);
}

static void attach(struct web_files *files, const struct web_file *plain, const char *end, struct web_bytes *form)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s%s", plain->path, end) >= (int)sizeof path)
		return;
	const struct web_file *f = find(files, path);
	if (f && f->plain.len)
		*form = f->plain;       /* shared; freed with the file it came from */
}

static void finish(struct web_files *files)
{
	if (files->count)
		qsort(files->list, files->count, sizeof *files->list, by_path);
	for (size_t i = 0; i < files->count; i++) {
		struct web_file *f = &files->list[i];
		uint8_t hash[16];
		char hex[33];
		crypto_generichash(hash, sizeof hash, (const uint8_t *)f->plain.at, f->plain.len, NULL, 0);
		sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
		snprintf(f->etag, sizeof f->etag, "\"%s\"", hex);
		attach(files, f, ".gz", &f->gzip);
		attach(files, f, ".br", &f->brotli);
	}
}

static bool page_time(const char *folder, struct timespec *out)
{
	char path[PATH_MAX];
	struct stat st;
	if (snprintf(path, sizeof path, "%s/index.html", folder) >= (int)sizeof path || stat(path, &st))
		return false;
	*out = st.st_mtim;
	return true;
}

int web_files_load(struct web_files **out, const char *folder)
{
	struct web_files *files = calloc(1, sizeof *files);
	if (!files)
		return -ENOMEM;
	files->refs = 1;
	files->folder = strdup(folder);
	page_time(folder, &files->page_changed);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = !files->folder ? -ENOMEM : fd < 0 ? -errno : 0;
	if (!err)
		err = read_folder(files, fd, "", 0);
	else if (fd >= 0)
		close(fd);
	if (err) {
		web_files_unref(files);
		return err;
	}
	finish(files);
	*out = files;
	return 0;
}

struct web_files *web_files_ref(struct web_files *files)
{
	files->refs++;
	return files;
}

void web_files_unref(struct web_files *files)
{
	if (!files || --files->refs)
		return;
	for (size_t i = 0; i < files->count; i++) {
		free(files->list[i].path);
		free(files->list[i].plain.at);
	}
	free(files->list);
	free(files->folder);
	free(files);
}

static bool is_page(const char *path)
{
	return strcmp(path, "/") == 0 || strcmp(path, "/l") == 0 || strcmp(path, "/people") == 0 ||
		(strncmp(path, "/r/", 3) == 0 && !strchr(path + 3, '/'));
}

const struct web_file *web_files_find(const struct web_files *files, const char *path)
{
	return find(files, is_page(path) ? "/index.html" : path);
}

bool web_files_stale(struct web_files *files, long long now_us)
{
	if (now_us - files->looked_us < LOOK_EVERY_US)
		return false;
	files->looked_us = now_us;
	struct timespec now;
	return page_time(files->folder, &now) &&
		(now.tv_sec != files->page_changed.tv_sec || now.tv_nsec != files->page_changed.tv_nsec);
}

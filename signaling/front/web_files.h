/**
 * The web client's files, all in memory: found by path, with their compressed forms.
 *
 * A set is read whole, is never changed and is counted: an answer under way keeps the set it began with.
 * Thread: signaling.
 */
#ifndef HOPKIN_FRONT_WEB_FILES_H
#define HOPKIN_FRONT_WEB_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct web_bytes {
	char *at;
	size_t len;             /* 0: there is no such form */
};

struct web_file {
	char *path;             /* "/assets/app-3f2a.js" */
	const char *type;       /* media type */
	bool immutable;         /* its name holds a hash of it */
	struct web_bytes plain, gzip, brotli;
	char etag[36];          /* with its quotes */
};

struct web_files;

/** Read a folder: at most 2000 files and 64 MiB; names that begin with a dot, and links, are left out. @return 0 or -Exxx */
int web_files_load(struct web_files **out, const char *folder);
struct web_files *web_files_ref(struct web_files *files);
void web_files_unref(struct web_files *files);

/** Borrowed from the set. "/", "/r/…", "/l" and "/people" are the page itself. NULL: there is no such thing. */
const struct web_file *web_files_find(const struct web_files *files, const char *path);

/** Has the folder's page changed since it was read? Asks the disk at most once a second of `now_us`. */
bool web_files_stale(struct web_files *files, long long now_us);

#endif

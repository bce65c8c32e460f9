/**
 * The pages, read into memory once: a request names an entry of a table and never a file, so no path can lead elsewhere.
 *
 * `NAME.gz` and `NAME.br` beside NAME are its compressed forms. Everything under /assets/ has a name that changes with its
 * content and may be kept for ever; the rest is asked for again each time. Addresses of the web client's own (/, /r/ID, /l, /people) get
 * index.html. Thread: any, after static_files_load.
 */
#ifndef HOPKIN_FRONT_STATIC_FILES_H
#define HOPKIN_FRONT_STATIC_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct static_files;

struct static_answer {
	const void *bytes;              /* borrowed, live as long as the files */
	size_t len;
	const char *mime;
	const char *encoding;           /* "br", "gzip", or NULL: as it is */
	const char *cache;              /* value of Cache-Control */
};

/**
 * @param folder  at most 512 files of 4 MiB; links and dot files are left out
 * @return        0; -ENOENT: no index.html in it; -EFBIG, -ENOMEM, -errno
 */
int static_files_load(struct static_files **out, const char *folder);
void static_files_destroy(struct static_files *files);  /* NULL is fine */

/**
 * @param path    of the request, as it came, without query
 * @param accept  value of Accept-Encoding, "" if there is none
 * @return        false: nothing of that name
 */
bool static_files_find(const struct static_files *files, const char *path, const char *accept, struct static_answer *out);

/**
 * Headers that every page and file carries, as name and value in turn, ended by NULL. `host` is the checked Host header, for the
 * WebSocket source that older Safari wants spelled out. `hsts`: not with a trial certificate.
 */
enum { SECURITY_HEADERS_MAX = 12, SECURITY_CSP_ROOM = 768 };
struct security_headers {
	const char *names[SECURITY_HEADERS_MAX], *values[SECURITY_HEADERS_MAX];
	size_t count;
	char csp[SECURITY_CSP_ROOM];
};
void security_headers_fill(struct security_headers *out, const char *host, bool hsts);

#endif

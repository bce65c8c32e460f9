/* The table of pages: forms, endings, the client's own addresses, and every way out of the folder that was ever tried. */
#include "static_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/static.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static const struct { const char *name, *path, *accept, *bytes, *encoding, *mime; bool kept; } found[] = {
	{ "the first page", "/", "", "index", NULL, "text/html; charset=utf-8", false },
	{ "a room's page", "/r/3q2-7wAAAAAAAAAAAAAAAA", "", "index", NULL, "text/html; charset=utf-8", false },
	{ "a link's page", "/l", "", "index", NULL, "text/html; charset=utf-8", false },
	{ "people", "/people", "gzip", "index", NULL, "text/html; charset=utf-8", false },
	{ "a script as it is", "/assets/a.js", "", "script", NULL, "text/javascript; charset=utf-8", true },
	{ "a script for a modern browser", "/assets/a.js", "gzip, deflate, br, zstd", "script br", "br", "text/javascript; charset=utf-8", true },
	{ "for an older one", "/assets/a.js", "gzip", "script gz", "gzip", "text/javascript; charset=utf-8", true },
	{ "one that says no to br", "/assets/a.js", "br;q=0, gzip;q=0.5", "script gz", "gzip", "text/javascript; charset=utf-8", true },
	{ "one that means another coding", "/assets/a.js", "brx, xgzip", "script", NULL, "text/javascript; charset=utf-8", true },
	{ "capital letters", "/assets/a.js", "GZIP", "script gz", "gzip", "text/javascript; charset=utf-8", true },
	{ "a font", "/assets/f.woff2", "br", "font", NULL, "font/woff2", true },
	{ "an icon asked for each time", "/icon.svg", "", "icon", NULL, "image/svg+xml", false },
};

static const char *const missing[] = {
	"", "assets/a.js", "/assets", "/assets/", "/assets/b.js", "/../secret", "/assets/../../secret", "/%2e%2e/secret", "/assets/%2e%2e/index.html",
	"//index.html", "/.hidden", "/link", "/assets/a.js/", "/assets/a.js.gz", "/r/", "/r/short", "/r/3q2-7wAAAAAAAAAAAAAAA/", "/r/3q2-7wAAAAAAAAAAAAAAAAA",
	"/r/3q2.7wAAAAAAAAAAAAAAAA", "/people/", "/etc/passwd", "/only",
};

static void table(const struct static_files *files)
{
	struct static_answer a;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		bool there = static_files_find(files, found[i].path, found[i].accept, &a);
		check(found[i].name, there && a.len == strlen(found[i].bytes) && !memcmp(a.bytes, found[i].bytes, a.len) && !strcmp(a.mime, found[i].mime) &&
			(a.encoding ? found[i].encoding && !strcmp(a.encoding, found[i].encoding) : !found[i].encoding) &&
			!strcmp(a.cache, "no-cache") == !found[i].kept);
	}
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		char name[128];
		snprintf(name, sizeof name, "nothing at \"%s\"", missing[i]);
		check(name, !static_files_find(files, missing[i], "br, gzip", &a));
	}
}

static void headers(void)
{
	struct security_headers h;
	security_headers_fill(&h, "meet.test:8443", false);
	check("no inline, no eval, nothing from elsewhere", strstr(h.csp, "default-src 'none'") && !strstr(h.csp, "unsafe") && !strstr(h.csp, "*") &&
		strstr(h.csp, "wss://meet.test:8443;") && strstr(h.csp, "require-trusted-types-for 'script'"));
	bool hsts = false;
	for (size_t i = 0; i < h.count; i++)
		hsts |= !strcmp(h.names[i], "strict-transport-security:");
	check("a trial certificate is not pinned", !hsts && h.count < SECURITY_HEADERS_MAX);
	security_headers_fill(&h, "meet.test", true);
	check("a real one is", !strcmp(h.names[h.count - 1], "strict-transport-security:"));
}

int main(void)
{
	struct static_files *files;
	if (!mkdtemp(folder))
		return 1;
	check("a folder without a first page is refused", static_files_load(&files, folder) == -ENOENT);
	check("no folder is refused", static_files_load(&files, "/nowhere") == -ENOENT);
	char path[128], target[128];
	snprintf(path, sizeof path, "%s/assets", folder);
	mkdir(path, 0700);
	put("index.html", "index");
	put("icon.svg", "icon");
	put(".hidden", "hidden");
	put("only.gz", "a compressed form alone");
	put("assets/a.js", "script");
	put("assets/a.js.gz", "script gz");
	put("assets/a.js.br", "script br");
	put("assets/f.woff2", "font");
	snprintf(path, sizeof path, "%s/link", folder);
	snprintf(target, sizeof target, "/etc/passwd");
	check("a link is made", symlink(target, path) == 0);
	if (check("a good folder is read", static_files_load(&files, folder) == 0)) {
		table(files);
		static_files_destroy(files);
	}
	static_files_destroy(NULL);
	headers();
	char command[160];
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) ? 1 : check_done();
}

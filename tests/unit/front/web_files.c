/* The pages in memory: forms, types, the client's own addresses, and every way out of the folder that was ever tried. */
#include "web_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/web_files.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static const struct { const char *name, *path, *plain, *gzip, *brotli, *type; bool immutable; } found[] = {
	{ "the first page", "/", "index", "", "", "text/html", false },
	{ "a room's page", "/r/3q2-7wAAAAAAAAAAAAAAAA", "index", "", "", "text/html", false },
	{ "a link's page", "/l", "index", "", "", "text/html", false },
	{ "people", "/people", "index", "", "", "text/html", false },
	{ "a script in three forms", "/assets/a.js", "script", "script gz", "script br", "text/javascript", true },
	{ "a font", "/assets/f.woff2", "font", "", "", "font/woff2", true },
	{ "an icon", "/icon.svg", "icon", "", "", "image/svg+xml", false },
};

static const char *const missing[] = {
	"", "assets/a.js", "/assets", "/assets/", "/assets/b.js", "/../secret", "/assets/../../secret", "/%2e%2e/secret", "/assets/%2e%2e/index.html",
	"//index.html", "/.hidden", "/link", "/assets/a.js/", "/people/", "/etc/passwd", "/only",
};

static bool same(const struct web_bytes *bytes, const char *text)
{
	return bytes->len == strlen(text) && !memcmp(bytes->at ? bytes->at : "", text, bytes->len);
}

static void table(const struct web_files *files)
{
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		const struct web_file *f = web_files_find(files, found[i].path);
		check(found[i].name, f && same(&f->plain, found[i].plain) && same(&f->gzip, found[i].gzip) && same(&f->brotli, found[i].brotli) &&
			!strncmp(f->type, found[i].type, strlen(found[i].type)) && f->immutable == found[i].immutable && f->etag[0] == '"');
	}
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		char name[128];
		snprintf(name, sizeof name, "nothing at \"%s\"", missing[i]);
		check(name, !web_files_find(files, missing[i]));
	}
}

int main(void)
{
	struct web_files *files;
	if (!mkdtemp(folder))
		return 1;
	check("no folder is refused", web_files_load(&files, "/nowhere") == -ENOENT);
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
	if (check("a good folder is read", web_files_load(&files, folder) == 0)) {
		table(files);
		web_files_unref(files);
	}
	char command[160];
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) ? 1 : check_done();
}

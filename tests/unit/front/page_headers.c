/* The policy of every page: what it must hold, what it must never hold, whatever Host was asked for. */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "page_headers.h"

static const struct { const char *name, *host, *socket; } hosts[] = {
	{ "a name", "meet.test", "connect-src 'self' wss://meet.test;" },
	{ "a name and a port", "meet.test:8443", "connect-src 'self' wss://meet.test:8443;" },
	{ "an IPv6 address", "[2001:db8::1]:8443", "connect-src 'self' wss://[2001:db8::1]:8443;" },
	{ "no host", "", "connect-src 'self';" },
	{ "a host with a semicolon", "a; script-src *", "connect-src 'self';" },
	{ "a host with a space", "a wss://evil.example", "connect-src 'self';" },
	{ "a host with a quote", "a'unsafe-inline'", "connect-src 'self';" },
	{ "a host with a line feed", "a\r\nset-cookie: x", "connect-src 'self';" },
	{ "a star", "*", "connect-src 'self';" },
};

static const char *header(const char *name)
{
	for (const struct page_header *h = page_headers; h->name; h++) {
		if (!strcmp(h->name, name))
			return h->value;
	}
	return "";
}

int main(void)
{
	char csp[PAGE_CSP_ROOM];
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		page_csp(csp, hosts[i].host);
		check(hosts[i].name, strstr(csp, hosts[i].socket) && !strstr(csp, "evil") && !strstr(csp, "unsafe") && !strchr(csp, '\n') && !strchr(csp, '*'));
	}
	check("it begins from nothing", !strncmp(csp, "default-src 'none'; ", 20));
	check("nobody may frame it", strstr(csp, "frame-ancestors 'none'") && !strcmp(header("x-frame-options:"), "DENY"));
	check("scripts are trusted or none", strstr(csp, "require-trusted-types-for 'script'") && strstr(csp, "trusted-types 'none'"));
	char longest[256];
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	page_csp(csp, longest);
	check("the longest host fits", strstr(csp, "trusted-types 'none'") != NULL);
	page_csp(csp, NULL);
	check("what is no page may do nothing", !strstr(csp, "self") && strstr(csp, "sandbox"));
	check("camera and microphone for this page alone", strstr(header("permissions-policy:"), "camera=(self), microphone=(self), display-capture=(self)"));
	check("no referrer", !strcmp(header("referrer-policy:"), "no-referrer"));
	check("no guessing of types", !strcmp(header("x-content-type-options:"), "nosniff"));
	check("apart from other pages", !strcmp(header("cross-origin-opener-policy:"), "same-origin") &&
		!strcmp(header("cross-origin-embedder-policy:"), "require-corp") && !strcmp(header("cross-origin-resource-policy:"), "same-origin"));
	return check_done();
}

#include "page_headers.h"

#include <stdio.h>

#include "rest.h"

const struct page_header page_headers[] = {
	{ "x-content-type-options:", "nosniff" },
	{ "x-frame-options:", "DENY" },                 /* for what does not read frame-ancestors */
	{ "referrer-policy:", "no-referrer" },
	{ "cross-origin-opener-policy:", "same-origin" },
	{ "cross-origin-embedder-policy:", "require-corp" },
	{ "cross-origin-resource-policy:", "same-origin" },
	{ "x-permitted-cross-domain-policies:", "none" },
	{ "permissions-policy:", "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), speaker-selection=(self), "
		"autoplay=(self), screen-wake-lock=(self), clipboard-write=(self), accelerometer=(), clipboard-read=(), "
		"encrypted-media=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), magnetometer=(), "
		"midi=(), otp-credentials=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), serial=(), usb=(), "
		"xr-spatial-tracking=()" },
	{ 0 },
};

void page_csp(char out[PAGE_CSP_ROOM], const char *host)
{
	if (!host) {
		snprintf(out, PAGE_CSP_ROOM, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox");
		return;
	}
	/* Safari before 17 does not count wss: of the same host as 'self'. A Host that is no host gets no socket. */
	bool known = rest_host_valid(host);
	snprintf(out, PAGE_CSP_ROOM, "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
		"media-src 'self' blob: mediastream:; connect-src 'self'%s%s; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'", known ? " wss://" : "",
		known ? host : "");
}

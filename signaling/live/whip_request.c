#include "whip_request.h"

#include <string.h>
#include <strings.h>

#include "resume.h"

const char whip_offer_type[] = "application/sdp";
const char whip_fragment_type[] = "application/trickle-ice-sdpfrag";

/* One part of a path: base64url of exactly `len` characters, up to the next slash or the end. */
static bool take_part(const char **at, char *out, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (strspn(*at, digits) != len)
		return false;
	memcpy(out, *at, len);
	out[len] = 0;
	*at += len;
	return true;
}

/* /whip/ROOM, /whep/ROOM, and either with /SESSION. */
static bool read_path(struct whip_target *out, const char *path)
{
	if (strncmp(path, "/whip/", 6) && strncmp(path, "/whep/", 6))
		return false;
	out->publish = path[3] == 'i';
	path += 6;
	if (!take_part(&path, out->room, LIVE_ROOM_ID_ROOM - 1))
		return false;
	if (*path == '/' && path[1]) {
		path++;
		if (!take_part(&path, out->session, RESUME_TOKEN_ROOM - 1))
			return false;
	}
	return !*path;
}

static bool read_method(struct whip_target *out, const char *method)
{
	static const char *const names[] = { [WHIP_POST] = "POST", [WHIP_PATCH] = "PATCH", [WHIP_DELETE] = "DELETE" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(method, names[i])) {
			out->method = (enum whip_method)i;
			return (i == WHIP_POST) == !out->session[0];
		}
	}
	return false;
}

/* Parameters behind a semicolon are nobody's business here. */
static bool is_type(const char *header, const char *type)
{
	size_t len = strlen(type);

	return !strncasecmp(header, type, len) && (!header[len] || header[len] == ';' || header[len] == ' ');
}

/* A client that names what it takes must take what it gets. */
static bool accepts(const char *header)
{
	return !*header || strstr(header, "*/*") || strcasestr(header, "application/*") || strcasestr(header, whip_offer_type);
}

/* RFC 6750 §2.1. What is no token is looked up like one: nothing tells the two apart. */
static void read_token(struct whip_target *out, const char *header)
{
	if (strncasecmp(header, "Bearer ", 7))
		return;
	header += 7;
	while (*header == ' ')
		header++;
	if (strlen(header) < sizeof out->token)
		strcpy(out->token, header);
}

struct live_whip_answer whip_refusal(int status, const char *code)
{
	return (struct live_whip_answer){ .status = status, .code = code };
}

bool whip_judge(struct whip_target *out, struct live_whip_answer *answer, const struct live_whip_request *r)
{
	memset(out, 0, sizeof *out);
	if (!read_path(out, r->path)) {
		*answer = whip_refusal(404, "not_found");
		return true;
	}
	const char *allow = out->session[0] ? "OPTIONS, PATCH, DELETE" : "OPTIONS, POST";
	if (!strcmp(r->method, "OPTIONS")) {
		*answer = (struct live_whip_answer){ .status = 200, .allow = allow, .accept_post = out->session[0] ? NULL : whip_offer_type,
			.accept_patch = out->session[0] ? whip_fragment_type : NULL };
		return true;
	}
	if (!read_method(out, r->method)) {
		*answer = whip_refusal(405, "method_not_allowed");
		answer->allow = allow;
		return true;
	}
	if (out->method != WHIP_DELETE && !is_type(r->content_type, out->method == WHIP_POST ? whip_offer_type : whip_fragment_type)) {
		*answer = whip_refusal(415, "unsupported_media_type");
		return true;
	}
	if (out->method == WHIP_POST && !accepts(r->accept)) {
		*answer = whip_refusal(406, "not_acceptable");
		return true;
	}
	read_token(out, r->authorization);
	return false;
}

/* If-Match: `*`, or a list of entity tags, compared strongly (RFC 9110 §13.1.1). The star is met with quotes around it, too. */
static bool matches_any(const char *if_match)
{
	return !strcmp(if_match, "*") || !strcmp(if_match, "\"*\"");
}

static bool matches(const char *if_match, const char *etag)
{
	const char *at = strstr(if_match, etag);

	return at && (at == if_match || at[-1] == ' ' || at[-1] == ',');
}

int whip_patch_status(const struct ice_fragment *fragment, bool credentials_stand, const char *if_match, const char *etag)
{
	bool named = fragment->ufrag[0] || fragment->pwd[0];

	if (!*if_match)
		return 428;
	if (!matches_any(if_match) && !matches(if_match, etag))
		return 412;
	if (!named || (fragment->ufrag[0] && credentials_stand))
		return 204;
	return fragment->ufrag[0] && fragment->pwd[0] ? 200 : 400;
}

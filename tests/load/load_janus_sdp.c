#include "load_janus_sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tp_wire.h"

struct text { char *bytes; size_t room, len; bool ok; };

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->bytes + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room - t->len)
		t->ok = false;
	else
		t->len += (size_t)n;
}

/* The line that begins at `line`, without its end; NULL after the last. */
static const char *next_line(const char *line, char *out, size_t room)
{
	size_t len = strcspn(line, "\r\n");
	snprintf(out, room, "%.*s", (int)len, line);
	line += len;
	return line + strspn(line, "\r\n");
}

/* -- our offer -- */

/* DTLS begins with us, whoever offers: Janus, given the choice, would begin itself. */
static void add_session(struct text *t, const struct load_local *local)
{
	add(t, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:%s\r\na=setup:active\r\n", local->ufrag,
		local->pwd, local->fingerprint);
}

static void add_section(struct text *t, const struct load_local *local, const struct load_send *send)
{
	const struct load_numbers *n = &local->numbers;
	if (send->codec == LOAD_OPUS)
		add(t, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:%d opus/48000/2\r\na=rtcp-fb:%d transport-cc\r\n"
			"a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", n->opus, n->opus, n->opus, n->level);
	else
		add(t, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:%d VP8/90000\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack pli\r\n"
			"a=rtcp-fb:%d ccm fir\r\na=rtcp-fb:%d transport-cc\r\na=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", n->vp8, n->rtx, n->vp8, n->vp8,
			n->vp8, n->vp8, n->vp8, n->rtx, n->rtx, n->vp8);
	add(t, "a=mid:%s\r\na=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\na=rtcp-mux\r\n", send->mid, n->mid);
}

/* Janus wants the largest layer first. */
static void add_layers(struct text *t, const struct load_local *local)
{
	char rids[64] = "";
	add(t, "a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n", local->numbers.rid);
	for (int i = local->send_count - 1; i >= 0; i--) {
		if (local->sends[i].layers == 1)
			continue;
		add(t, "a=rid:%s send\r\n", local->sends[i].rid);
		snprintf(rids + strlen(rids), sizeof rids - strlen(rids), "%s%s", rids[0] ? ";" : "", local->sends[i].rid);
	}
	add(t, "a=simulcast:send %s\r\n", rids);
}

bool load_janus_offer(char *out, size_t room, const struct load_local *local)
{
	struct text t = { out, room, 0, true };
	add_session(&t, local);
	add(&t, "a=group:BUNDLE");
	for (int i = 0; i < local->send_count; i++)
		if (local->sends[i].layer == 0)
			add(&t, " %s", local->sends[i].mid);
	add(&t, "\r\n");
	for (int i = 0; i < local->send_count; i++) {
		const struct load_send *send = &local->sends[i];
		if (send->layer)
			continue;
		add_section(&t, local, send);
		if (send->layers > 1)
			add_layers(&t, local);
		else
			add(&t, "a=ssrc:%u cname:load\r\n", send->ssrc);
	}
	return t.ok;
}

/* -- what Janus says -- */

static void read_candidate(struct load_remote *out, const char *line)
{
	char host[64];
	unsigned port;
	if (!out->addr.ss_family && sscanf(line, "a=candidate:%*s 1 %*s %*u %63s %u typ host", host, &port) == 2)
		tp_address(&out->addr, host, (uint16_t)port);
}

bool load_janus_remote(struct load_remote *out, const char *sdp)
{
	char line[512];
	bool lite = false;
	*out = (struct load_remote){ .security = LOAD_ICE_DTLS };
	while (*sdp) {
		sdp = next_line(sdp, line, sizeof line);
		sscanf(line, "a=ice-ufrag:%63s", out->ufrag);
		sscanf(line, "a=ice-pwd:%127s", out->pwd);
		sscanf(line, "a=fingerprint:%127[^\n]", out->fingerprint);
		lite |= strcmp(line, "a=ice-lite") == 0;
		read_candidate(out, line);
	}
	out->controlling = !lite;       /* a lite server never controls, though it offers (RFC 8445 §6.1.1) */
	return out->addr.ss_family && out->ufrag[0] && out->pwd[0] && out->fingerprint[0];
}

void load_janus_numbers(struct load_numbers *numbers, const char *offer)
{
	char line[512], codec[16];
	unsigned pt, apt;
	*numbers = (struct load_numbers){ 0 };
	while (*offer) {
		offer = next_line(offer, line, sizeof line);
		if (sscanf(line, "a=rtpmap:%u %15[A-Za-z0-9]", &pt, codec) == 2) {
			if (strcmp(codec, "opus") == 0)
				numbers->opus = (uint8_t)pt;
			else if (strcmp(codec, "VP8") == 0)
				numbers->vp8 = (uint8_t)pt;
		} else if (sscanf(line, "a=fmtp:%u apt=%u", &pt, &apt) == 2) {
			numbers->rtx = (uint8_t)pt;
		}
	}
}

/* -- our answer -- */

static bool is_kept(const char *line)
{
	static const char *const kept[] = { "m=", "c=", "a=group:", "a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:", "a=rtcp-mux" };
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (strncmp(line, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

bool load_janus_answer(char *out, size_t room, const struct load_local *local, const char *offer)
{
	struct text t = { out, room, 0, true };
	char line[512];
	add_session(&t, local);
	while (*offer) {
		offer = next_line(offer, line, sizeof line);
		if (is_kept(line))
			add(&t, "%s\r\n", line);
		if (strncmp(line, "a=mid:", 6) == 0)
			add(&t, "a=recvonly\r\n");
	}
	return t.ok;
}

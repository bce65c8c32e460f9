/* SDP fragments of PATCH: what is read, what is refused. */
#include "check.h"

#include <string.h>

#include "ice_fragment.h"

#define PWD "P2uYro0UCOQ4zxjKXaWCBui1"
#define CREDENTIALS "a=ice-ufrag:EsAw\r\na=ice-pwd:" PWD "\r\n"
#define CANDIDATE "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"

static const struct { const char *name, *text; bool read; const char *ufrag, *pwd, *mid; unsigned candidates; bool video; } rows[] = {
	{ "trickle, as in RFC 9725", CREDENTIALS "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n" CANDIDATE
	  "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0\r\na=end-of-candidates\r\n",
	  true, "EsAw", PWD, "0", 2, false },
	{ "a restart, as in RFC 9725", "a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n", true, "ysXw", "vw5LmwG4y/e6dPP/zAP9Gp5k", "", 0, false },
	{ "credentials in the section, a group, options", "a=group:BUNDLE v a\r\na=ice-options:trickle\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n" CREDENTIALS
	  CANDIDATE, true, "EsAw", PWD, "v", 1, true },
	{ "two sections that say the same", "m=audio 9 RTP/AVP 0\r\na=mid:a\r\n" CREDENTIALS "m=video 9 RTP/AVP 0\r\na=mid:v\r\n" CREDENTIALS, true,
	  "EsAw", PWD, "a", 0, false },
	{ "a section without a mid", "m=audio 9 RTP/AVP 0\r\nm=video 9 RTP/AVP 0\r\na=mid:v\r\n", true, "", "", "", 0, false },
	{ "line feeds alone", "a=ice-ufrag:EsAw\na=ice-pwd:" PWD "\n", true, "EsAw", PWD, "", 0, false },
	{ "no end of the last line", "a=end-of-candidates", true, "", "", "", 0, false },
	{ "a name for an address", "a=candidate:1 1 UDP 1 4e3f.local 9 typ host\r\n", true, "", "", "", 1, false },
	{ "nothing", "", false, "", "", "", 0, false },
	{ "no SDP", "{\"candidate\":\"\"}", false, "", "", "", 0, false },
	{ "an empty line inside", CREDENTIALS "\r\n" CANDIDATE, false, "", "", "", 0, false },
	{ "two user fragments", CREDENTIALS "a=ice-ufrag:EsAx\r\n", false, "", "", "", 0, false },
	{ "a user fragment that begins another", CREDENTIALS "a=ice-ufrag:EsAwx\r\n", false, "", "", "", 0, false },
	{ "a short user fragment", "a=ice-ufrag:EsA\r\n", false, "", "", "", 0, false },
	{ "a short password", "a=ice-pwd:short\r\n", false, "", "", "", 0, false },
	{ "a password with a blank", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWC ui1\r\n", false, "", "", "", 0, false },
	{ "a candidate cut short", "a=candidate:1 1 udp 1 192.0.2.1 9 typ\r\n", false, "", "", "", 1, false },
	{ "a candidate with a word for a port", "a=candidate:1 1 udp 1 192.0.2.1 nine typ host\r\n", false, "", "", "", 1, false },
	{ "a bell in a candidate", "a=candidate:1 1 udp 1 192\a0.2.1 9 typ host\r\n", false, "", "", "", 1, false },
	{ "two mids in a section", "m=audio 9 RTP/AVP 0\r\na=mid:a\r\na=mid:b\r\n", false, "", "", "", 0, false },
	{ "a mid that is too long", "m=audio 9 RTP/AVP 0\r\na=mid:0123456789012345678901234567890123456789\r\n", false, "", "", "", 0, false },
	{ "an m-line of one word", "m=audio\r\n", false, "", "", "", 0, false },
};

int main(void)
{
	struct ice_fragment f;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool read = ice_fragment_read(&f, rows[i].text, strlen(rows[i].text));
		bool right = read == rows[i].read && (!read || (!strcmp(f.ufrag, rows[i].ufrag) && !strcmp(f.pwd, rows[i].pwd) &&
			!strcmp(f.mid, rows[i].mid) && f.candidates == rows[i].candidates && f.video == rows[i].video));
		check(rows[i].name, right);
	}
	/* cut anywhere: never past the end (ASan), and never more than was there */
	static const char whole[] = CREDENTIALS "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n" CANDIDATE;
	bool sound = true;
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		char cut[sizeof whole];
		memcpy(cut, whole, n);
		memset(cut + n, 'x', sizeof cut - n);
		if (ice_fragment_read(&f, cut, n))
			sound = sound && f.candidates <= 1 && (!f.ufrag[0] || !strncmp("EsAw", f.ufrag, strlen(f.ufrag)));
	}
	check("cut short anywhere", sound);
	check("a zero byte", !ice_fragment_read(&f, "a=x\0y\r\n", 7));
	return check_done();
}

/*
 * Bytes into the receive context: the input is a list of packets (a byte: how; a byte: length). None may open unless it was sealed here
 * (bit 7: sealed with the true keys, of fuzzed contents); after each forgery the next true packet must open. Both suites, RTP and RTCP.
 */
#include "media_keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct packet pkt;
	static int started;
	if (!started) {
		media_keys_library_start();
		started = 1;
	}
	if (!len)
		return 0;
	struct media_key_material material = { .profile = bytes[0] & 1 ? MEDIA_AEAD_AES_128_GCM : MEDIA_AES128_CM_SHA1_80,
		.client_key = "0123456789abcde", .server_key = "zyxwvutsrqponml" };
	struct media_keys *server, *client;
	media_keys_create(&server, &material, 8);
	media_keys_create_client(&client, &material, 8);
	uint16_t seq = (uint16_t)(bytes[0] << 8);
	bytes++;
	len--;
	while (len >= 2) {
		uint8_t how = bytes[0];
		uint16_t n = (uint16_t)(bytes[1] < len - 2 ? bytes[1] : len - 2);
		pkt.data = pkt.room + PACKET_HEADROOM;
		memcpy(pkt.data, bytes + 2, n);
		pkt.len = n;
		if (how & 0x80) {
			uint16_t sealed = n;
			if ((how & 1 ? media_protect_rtcp : media_protect)(client, pkt.data, &sealed, PACKET_ROOM) == PKT_OK) {
				pkt.len = sealed;
				enum pkt_verdict v = (how & 1 ? media_unprotect_rtcp : media_unprotect)(server, &pkt);
				assert(v != PKT_OK || (pkt.len == n && memcmp(pkt.data, bytes + 2, n) == 0));
			}
		} else {
			assert((how & 1 ? media_unprotect_rtcp : media_unprotect)(server, &pkt) != PKT_OK);
		}
		uint8_t rtp[64] = { 0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0, 0x5a, 0xa5, 1, 2 };
		uint16_t rtp_len = 40;
		enum pkt_verdict v = media_protect(client, rtp, &rtp_len, sizeof rtp);
		memcpy(pkt.data, rtp, rtp_len);
		pkt.len = rtp_len;
		if (v == PKT_OK) {
			v = media_unprotect(server, &pkt);
			assert(v == PKT_OK || v == PKT_SSRC_LIMIT || v == PKT_REPLAYED);
		}
		seq++;
		bytes += 2 + n;
		len -= 2 + n;
	}
	media_keys_destroy(server);
	media_keys_destroy(client);
	return 0;
}

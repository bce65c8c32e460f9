/* Any bytes: a kind, and for each kind at least its smallest header. */
#include "demux.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum demux_kind kind = demux_classify(bytes, len);
	static const size_t least[] = { [DEMUX_BAD] = 0, [DEMUX_STUN] = 20, [DEMUX_DTLS] = 13, [DEMUX_RTP] = 12, [DEMUX_RTCP] = 8 };
	assert(len >= least[kind]);
	assert(kind != DEMUX_STUN || bytes[0] < 4);
	assert((kind != DEMUX_RTP && kind != DEMUX_RTCP) || bytes[0] >> 6 == 2);
	return 0;
}

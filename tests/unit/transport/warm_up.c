/* Every library does one whole operation: if this fails, nothing else of transport can work. */
#include "warm_up.h"

#include "check.h"
#include "media_keys.h"

int main(void)
{
	const char *failed = NULL;
	check("libsrtp2 starts", media_keys_library_start() == 0);
	check("warm-up of DTLS, STUN and SRTP", transport_warm_up(&failed) == 0);
	if (failed)
		printf("# failed: %s\n", failed);
	check("twice does no harm", transport_warm_up(&failed) == 0);
	return check_done();
}

#include "resend_limit.h"

void resend_limit_init(struct resend_limit *l, uint32_t per_second, int64_t now_us)
{
	*l = (struct resend_limit){ .per_second = per_second, .tokens_x1000 = per_second * 500, .refilled_us = now_us };
	for (int i = 0; i < RESEND_MEMORY; i++)
		l->resent_us[i] = INT64_MIN;
}

static void refill(struct resend_limit *l, int64_t now_us)
{
	int64_t elapsed_us = now_us - l->refilled_us;
	int64_t earned = elapsed_us * l->per_second / 1000, most = (int64_t)l->per_second * 500;

	if (elapsed_us <= 0)
		return;
	if (elapsed_us > 1000000)
		earned = most;
	if (!earned)
		return;         /* the clock stays where it is until something is earned */
	l->refilled_us = now_us;
	int64_t tokens = l->tokens_x1000 + earned;
	l->tokens_x1000 = (uint32_t)(tokens < most ? tokens : most);
}

bool resend_limit_take(struct resend_limit *l, uint16_t seq, int64_t gap_us, int64_t now_us)
{
	unsigned place = seq % RESEND_MEMORY;

	refill(l, now_us);
	if (l->seqs[place] == seq && l->resent_us[place] != INT64_MIN && now_us - l->resent_us[place] < gap_us)
		return false;
	if (l->tokens_x1000 < 1000)
		return false;
	l->tokens_x1000 -= 1000;
	l->seqs[place] = seq;
	l->resent_us[place] = now_us;
	return true;
}

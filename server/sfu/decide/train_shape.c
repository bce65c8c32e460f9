#include "train_shape.h"

static bool may_grow(uint16_t len, uint16_t to)
{
	unsigned by = to - len;
	return by <= len / TRAIN_GROWTH && by <= TRAIN_PADDING_MOST;
}

bool train_shape_take(struct train_shape *s, uint16_t len)
{
	if (!s->count) {
		*s = (struct train_shape){ 1, len, len, false };
		return true;
	}
	if (s->ended)
		return false;
	if (len > s->longest) {
		if (!may_grow(s->shortest, len))
			return false;
		s->longest = len;
	} else if (!may_grow(len, s->longest)) {
		s->ended = true;        /* a train's end may be shorter as it is */
	} else if (len < s->shortest) {
		s->shortest = len;
	}
	s->count++;
	return true;
}

uint8_t train_shape_padding(const struct train_shape *s, uint16_t place, uint16_t len)
{
	return place + 1 < s->count ? (uint8_t)(s->longest - len) : 0;
}

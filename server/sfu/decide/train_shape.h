/**
 * Which packets for one destination may leave as a train: one message for the kernel, in which all but the last have one length.
 *
 * A shorter packet grows to the length of the longest by RTP padding (RFC 3550 §5.1), which is outside of the payload, so that neither RTX nor
 * end-to-end encryption sees it. A browser cuts a frame into packets that differ by a few bytes; what differs by more is not worth the
 * bytes: no packet grows by more than a thirty-second of itself.
 *
 * Plain data, no clock. Thread: the worker.
 */
#ifndef HOPKIN_DECIDE_TRAIN_SHAPE_H
#define HOPKIN_DECIDE_TRAIN_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TRAIN_GROWTH = 32,              /* a packet grows by at most its length divided by this */
	TRAIN_PADDING_MOST = 255,       /* bytes: what one packet can say of itself */
};

struct train_shape {
	uint16_t count;
	uint16_t shortest, longest;     /* bytes, without the last packet if `ended` */
	bool ended;                     /* its last packet stays shorter: none may follow */
};

/** Takes a packet of `len` bytes in; false: it must begin a train of its own, and `shape` is as before. The first is always taken. */
bool train_shape_take(struct train_shape *shape, uint16_t len);

/** Bytes of padding for the packet at `place`, which is `len` long, of the complete train; the last needs none. */
uint8_t train_shape_padding(const struct train_shape *shape, uint16_t place, uint16_t len);

#endif

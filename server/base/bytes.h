/**
 * Cursors over bytes from the network, all big-endian.
 *
 * A reader cannot pass its end: a short read gives zero and poisons it (`ok` stays false). A writer likewise. Check `ok` once, at the end.
 */
#ifndef HOPKIN_BASE_BYTES_H
#define HOPKIN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd { const uint8_t *p, *end; bool ok; };
struct wr { uint8_t *p, *end; bool ok; };

static inline struct rd rd_from(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	return (struct rd){ p, p + len, true };
}

static inline size_t rd_left(const struct rd *r)
{
	return r->ok ? (size_t)(r->end - r->p) : 0;
}

static inline bool rd_has(struct rd *r, size_t n)
{
	if (!r->ok || (size_t)(r->end - r->p) < n)
		r->ok = false;
	return r->ok;
}

static inline uint8_t rd_u8(struct rd *r)
{
	return rd_has(r, 1) ? *r->p++ : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	if (!rd_has(r, 2))
		return 0;
	uint16_t v = (uint16_t)(r->p[0] << 8 | r->p[1]);
	r->p += 2;
	return v;
}

static inline uint32_t rd_u24(struct rd *r)
{
	if (!rd_has(r, 3))
		return 0;
	uint32_t v = (uint32_t)r->p[0] << 16 | (uint32_t)r->p[1] << 8 | r->p[2];
	r->p += 3;
	return v;
}

static inline uint32_t rd_u32(struct rd *r)
{
	if (!rd_has(r, 4))
		return 0;
	uint32_t v = (uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 | r->p[3];
	r->p += 4;
	return v;
}

static inline uint64_t rd_u64(struct rd *r)
{
	if (!rd_has(r, 8))
		return 0;
	uint64_t high = rd_u32(r);
	return high << 32 | rd_u32(r);
}

static inline void rd_skip(struct rd *r, size_t n)
{
	if (rd_has(r, n))
		r->p += n;
}

/** A chunk through its own cursor: it cannot leave its chunk. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	if (!rd_has(r, n))
		return (struct rd){ .ok = false };
	r->p += n;
	return (struct rd){ r->p - n, r->p, true };
}

static inline struct wr wr_to(void *bytes, size_t room)
{
	uint8_t *p = bytes;
	return (struct wr){ p, p + room, true };
}

static inline bool wr_has(struct wr *w, size_t n)
{
	if (!w->ok || (size_t)(w->end - w->p) < n)
		w->ok = false;
	return w->ok;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	if (wr_has(w, 1))
		*w->p++ = v;
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	if (!wr_has(w, 2))
		return;
	w->p[0] = (uint8_t)(v >> 8);
	w->p[1] = (uint8_t)v;
	w->p += 2;
}

static inline void wr_u24(struct wr *w, uint32_t v)
{
	if (!wr_has(w, 3))
		return;
	w->p[0] = (uint8_t)(v >> 16);
	w->p[1] = (uint8_t)(v >> 8);
	w->p[2] = (uint8_t)v;
	w->p += 3;
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	if (!wr_has(w, 4))
		return;
	wr_u16(w, (uint16_t)(v >> 16));
	wr_u16(w, (uint16_t)v);
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
	if (!wr_has(w, 8))
		return;
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}

static inline void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	if (!wr_has(w, n) || !n)
		return;
	memcpy(w->p, bytes, n);
	w->p += n;
}

#endif

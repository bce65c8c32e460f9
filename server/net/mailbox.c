#include "mailbox.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * A ring of slots, each with a turn number (the bounded queue that D. Vyukov described). A slot is free for the writer of position p
 * when turn == p, full for the reader when turn == p + 1, and the reader gives it back with turn = p + slots. Writers race for a
 * position with one compare-and-swap; nobody waits for anybody, except that the reader sees a slot only when its writer is done.
 */
struct slot {
	_Atomic uint32_t turn;
	_Alignas(8) struct mail mail;
};

struct mailbox {
	uint32_t slots, stride;                         /* a power of two; bytes from slot to slot */
	int event_fd;
	uint8_t *room;                                  /* owned */
	_Alignas(64) _Atomic uint32_t write_at;         /* next position to be written */
	_Alignas(64) uint32_t read_at;                  /* the reader's alone */
	_Alignas(64) atomic_bool asleep;                /* the reader waits on event_fd */
};

static struct slot *slot_at(struct mailbox *box, uint32_t position)
{
	return (struct slot *)(void *)(box->room + (size_t)(position & (box->slots - 1)) * box->stride);
}

int mailbox_create(struct mailbox **out, uint32_t slots, uint32_t slot_bytes)
{
	if (slots < 2 || slots > 65536 || (slots & (slots - 1)) || slot_bytes > 65528)
		return -EINVAL;
	struct mailbox *box = aligned_alloc(64, sizeof *box);
	if (!box)
		return -ENOMEM;
	memset(box, 0, sizeof *box);
	box->slots = slots;
	box->stride = (uint32_t)(sizeof(struct slot) + slot_bytes + 63) & ~63u;
	box->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	box->room = aligned_alloc(64, (size_t)slots * box->stride);
	if (box->event_fd < 0 || !box->room) {
		int err = box->event_fd < 0 ? -errno : -ENOMEM;
		mailbox_destroy(box);
		return err;
	}
	memset(box->room, 0, (size_t)slots * box->stride);      /* touched now: no page fault later */
	for (uint32_t i = 0; i < slots; i++)
		atomic_init(&slot_at(box, i)->turn, i);
	*out = box;
	return 0;
}

void mailbox_destroy(struct mailbox *box)
{
	if (!box)
		return;
	if (box->room)
		explicit_bzero(box->room, (size_t)box->slots * box->stride);
	if (box->event_fd >= 0)
		close(box->event_fd);
	free(box->room);
	free(box);
}

/* A position that is this writer's alone, or NULL: full. */
static struct slot *claim(struct mailbox *box, uint32_t *position)
{
	uint32_t at = atomic_load_explicit(&box->write_at, memory_order_relaxed);
	for (;;) {
		struct slot *slot = slot_at(box, at);
		int32_t ahead = (int32_t)(atomic_load_explicit(&slot->turn, memory_order_acquire) - at);
		if (ahead < 0)
			return NULL;
		if (ahead > 0) {        /* another writer was faster */
			at = atomic_load_explicit(&box->write_at, memory_order_relaxed);
			continue;
		}
		if (atomic_compare_exchange_weak_explicit(&box->write_at, &at, at + 1, memory_order_relaxed, memory_order_relaxed)) {
			*position = at;
			return slot;
		}
	}
}

static void wake(struct mailbox *box)
{
	/* The order is: publish, then look whether the reader sleeps; the reader's is: say so, then look for mail. Both are sequentially
	   consistent, so at least one sees the other. */
	if (atomic_load(&box->asleep) && atomic_exchange(&box->asleep, false)) {
		uint64_t one = 1;
		ssize_t ignored = write(box->event_fd, &one, sizeof one);
		(void)ignored;  /* EAGAIN: the counter is at its end, so it is readable */
	}
}

bool mailbox_post(struct mailbox *box, uint32_t kind, const void *head, size_t head_len, const void *tail, size_t tail_len)
{
	size_t padded = (head_len + 7) & ~(size_t)7;
	assert(padded + tail_len <= box->stride - sizeof(struct slot));
	if (padded + tail_len > box->stride - sizeof(struct slot))
		return false;

	uint32_t position;
	struct slot *slot = claim(box, &position);
	if (!slot)
		return false;
	slot->mail.kind = kind;
	slot->mail.head_len = (uint16_t)head_len;
	slot->mail.tail_len = (uint16_t)tail_len;
	if (head_len)
		memcpy(slot->mail.bytes, head, head_len);
	if (tail_len)
		memcpy(slot->mail.bytes + padded, tail, tail_len);
	atomic_store(&slot->turn, position + 1);
	wake(box);
	return true;
}

struct mail *mailbox_next(struct mailbox *box)
{
	struct slot *slot = slot_at(box, box->read_at);
	return atomic_load(&slot->turn) == box->read_at + 1 ? &slot->mail : NULL;
}

void mailbox_done(struct mailbox *box)
{
	struct slot *slot = slot_at(box, box->read_at);
	assert(atomic_load_explicit(&slot->turn, memory_order_relaxed) == box->read_at + 1);
	atomic_store_explicit(&slot->turn, box->read_at + box->slots, memory_order_release);
	box->read_at++;
}

void mailbox_done_wiped(struct mailbox *box)
{
	struct slot *slot = slot_at(box, box->read_at);
	explicit_bzero(slot->mail.bytes, box->stride - sizeof *slot);
	mailbox_done(box);
}

int mailbox_fd(const struct mailbox *box)
{
	return box->event_fd;
}

bool mailbox_sleep(struct mailbox *box)
{
	atomic_store(&box->asleep, true);
	if (!mailbox_next(box))
		return true;
	atomic_store(&box->asleep, false);
	return false;
}

void mailbox_awake(struct mailbox *box)
{
	/* Whoever has cleared the flag has written, or is about to write, the descriptor. A late write only wakes the reader once in vain. */
	if (!atomic_exchange(&box->asleep, false)) {
		uint64_t ignored;
		ssize_t got = read(box->event_fd, &ignored, sizeof ignored);
		(void)got;
	}
}

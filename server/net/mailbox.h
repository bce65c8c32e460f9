/**
 * A bounded ring of messages from many threads to one, without locks, with an eventfd that is written only when the reader sleeps.
 *
 * A message is a number and up to two pieces of bytes, copied in whole (no pointer crosses threads, unless its owner says so and
 * puts it in the bytes). Full: the post fails, and the caller counts and drops or tries later. Messages of one thread arrive in
 * their order.
 *
 * Reader:
 *     for (;;) {
 *             while ((mail = mailbox_next(box))) { handle; mailbox_done(box); }
 *             if (mailbox_sleep(box)) loop_run(...)    (false: something came meanwhile; look again)
 *             mailbox_awake(box);
 *     }
 */
#ifndef HOPKIN_NET_MAILBOX_H
#define HOPKIN_NET_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox;

struct mail {
	uint32_t kind;          /* the sender's and reader's own enum */
	uint16_t head_len;      /* bytes[0..head_len): the first piece, a struct as a rule; aligned to 8 */
	uint16_t tail_len;      /* mail_tail(): the second, a packet as a rule */
	_Alignas(8) uint8_t bytes[];
};

static inline const uint8_t *mail_tail(const struct mail *mail)
{
	return mail->bytes + ((mail->head_len + 7u) & ~7u);
}

/**
 * @param slots       a power of two, 2…65536
 * @param slot_bytes  room for both pieces of one message (the first counted up to a multiple of 8), at most 65528
 * @return            0, -EINVAL, -ENOMEM or what eventfd() said
 */
int mailbox_create(struct mailbox **out, uint32_t slots, uint32_t slot_bytes);
void mailbox_destroy(struct mailbox *box);              /* no thread may use it any more; unread slots are wiped; NULL is fine */

/** Any thread. False: full, or pieces that do not fit (a bug, asserted). */
bool mailbox_post(struct mailbox *box, uint32_t kind, const void *head, size_t head_len, const void *tail, size_t tail_len);

/** The reader's: the oldest message, in place, valid until mailbox_done(); NULL: none. */
struct mail *mailbox_next(struct mailbox *box);
void mailbox_done(struct mailbox *box);
/** The same, with the bytes wiped first: for messages that carry keys. */
void mailbox_done_wiped(struct mailbox *box);

int mailbox_fd(const struct mailbox *box);              /* readable when woken: for loop_add; mailbox_awake() reads it */
bool mailbox_sleep(struct mailbox *box);                /* true: nothing there, posts will wake the descriptor */
void mailbox_awake(struct mailbox *box);

#endif

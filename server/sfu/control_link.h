/**
 * The media program's end of the control link as a stream of messages: decoded in, encoded and queued out.
 *
 * The link is handed over whole (control_link_adopt) and may be gone at any moment; what is sent then is lost, since a new one
 * begins with a snapshot. A reader that is slow has its events kept up to a bound, then dropped and counted.
 * Thread: control.
 */
#ifndef HOPKIN_SFU_CONTROL_LINK_H
#define HOPKIN_SFU_CONTROL_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "control_message.h"
#include "counters.h"
#include "loop.h"

struct control_link;

/**
 * One message that came. @param fd  the descriptor beside it, or -1
 * @return  true: the descriptor is yours now; else it is closed
 */
typedef bool control_link_fn(void *owner, const struct control_message *message, int fd);

/** `loop` and `counters` are borrowed. 0 or -ENOMEM. */
int control_link_create(struct control_link **out, struct loop *loop, struct counters *counters, control_link_fn *on_message, void *owner);
void control_link_destroy(struct control_link *link);           /* NULL is fine */

/** A new link in place of the old; `fd` is taken over. Nobody has said hello on it yet. */
void control_link_adopt(struct control_link *link, int fd);
/** The other side greeted: from now on it gets events. */
void control_link_greeted(struct control_link *link);
bool control_link_listens(const struct control_link *link);

/** The one message to fill and send; its contents are lost at the next call of anything here. */
struct control_message *control_link_out(struct control_link *link);
void control_link_send(struct control_link *link);

/** Short answers. */
void control_link_ok(struct control_link *link, uint64_t id);
void control_link_error(struct control_link *link, uint64_t id, enum control_code code);

/** A descriptor that never blocks, whoever made it. */
void control_link_never_block(int fd);

#endif

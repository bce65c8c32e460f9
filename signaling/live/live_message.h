/**
 * Messages of the meeting protocol (PROTOCOL.md): read, checked against one table and handed to their handler; answers and events written.
 *
 * The table has one row for each type: its handler, in which states, who may, how often, which fields. A handler is called only with a
 * message whose fields are all of the right type and within bounds.
 */
#ifndef HOPKIN_LIVE_LIVE_MESSAGE_H
#define HOPKIN_LIVE_LIVE_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live;
struct live_conn;

enum message_read { MESSAGE_READ, MESSAGE_BAD, MESSAGE_TOO_LARGE };

enum {
	MESSAGE_INFLATED_MAX = 256 * 1024,      /* bytes */
	MESSAGE_DEPTH_MAX = 8,
};

/** Bytes of a frame → a JSON object (new reference). Strict: no duplicate keys, no trailing bytes, bounded depth and size. */
enum message_read message_read(json_t **out, bool deflated, const void *bytes, size_t len);

/** Read, check, answer or refuse. */
void message_dispatch(struct live_conn *conn, bool deflated, const void *bytes, size_t len);

/** Run a checked message again that had been put aside. */
void message_rerun(struct live_conn *conn, uint64_t id, json_t *message);

/** `{"re":re,"t":"ok"}` */
void message_ok(struct live_conn *conn, uint64_t re);
/** `retry_after` 0: not said. */
void message_error(struct live_conn *conn, uint64_t re, const char *code, uint32_t retry_after_s);
/** Answer with `body` (stolen; NULL: no memory, the connection is closed); `re` and `t` are added. */
void message_answer(struct live_conn *conn, uint64_t re, const char *type, json_t *body);
/** Send an event (stolen). */
void message_event(struct live_conn *conn, json_t *event);
/** A refused message counts against the connection's budget; the tenth in a minute closes it. */
void message_refuse(struct live_conn *conn, uint64_t re, const char *code);

#endif

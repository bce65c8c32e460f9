/**
 * The fields of a JSON object, read or written by one and the same description.
 *
 * A message is described once, as a run of `field_*` calls on the struct that holds it. With `reading` each call takes its field out
 * of the object and stores it; otherwise it adds the stored value. So what is written cannot drift from what is read:
 *
 *     field_text(f, "mid", m->mid, sizeof m->mid, 1);
 *     field_u32(f, "ssrc", &m->ssrc, 1, UINT32_MAX);
 *
 * Reading is strict: a missing field, a wrong type, a number out of range, a list too long or (at field_close) a field that no call
 * took makes it not ok. Writing stores nothing in the struct and trusts it: only what cannot be said (no memory, no UTF-8) is not ok.
 *
 * Objects and lists are borrowed from the root, which the caller owns. Allocates while writing (jansson). Any thread, one at a time.
 */
#ifndef HOPKIN_CONTROL_FIELDS_H
#define HOPKIN_CONTROL_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fields {
	json_t *object;
	bool reading, ok;
	size_t taken;           /* reading: how many of the object's fields */
};

struct fields fields_read(json_t *object);
struct fields fields_write(json_t *object);     /* an empty object; NULL (no memory) makes it not ok */

/** Reading: whether all went well and no field is left. Writing: whether all went well. */
bool fields_done(const struct fields *f);

/** A rule beyond a field's own range: holds for what is read; what is written is trusted. */
void field_rule(struct fields *f, bool kept);

/** Reading: sets `*there` to whether the field is. Writing: leaves it. Either way the answer is `*there`. */
bool field_there(struct fields *f, const char *name, bool *there);

/* -- one value; `size` counts the terminating zero, `least` does not -------------------------------------------------------- */

void field_text(struct fields *f, const char *name, char *at, size_t size, size_t least);
void field_text_or_none(struct fields *f, const char *name, char *at, size_t size);     /* "": not there */
void field_bool(struct fields *f, const char *name, bool *at);
void field_u8(struct fields *f, const char *name, uint8_t *at, uint64_t least, uint64_t most);
void field_u16(struct fields *f, const char *name, uint16_t *at, uint64_t least, uint64_t most);
void field_u32(struct fields *f, const char *name, uint32_t *at, uint64_t least, uint64_t most);
void field_u64(struct fields *f, const char *name, uint64_t *at, uint64_t least, uint64_t most);
void field_u8_or_none(struct fields *f, const char *name, uint8_t *at, uint64_t least, uint64_t most);  /* 0: not there */
void field_u32_or_none(struct fields *f, const char *name, uint32_t *at, uint64_t least, uint64_t most);

/** One of `words`; `index` is given and returned (0 when not ok). */
int field_word(struct fields *f, const char *name, int index, const char *const *words, int count);

/* -- objects and lists within --------------------------------------------------------------------------------------------------- */

struct fields field_object(struct fields *f, const char *name);

/** Ends what field_object or field_item began. */
void field_close(struct fields *f, const struct fields *inner);

/** The list itself, or NULL. `*count` is set by reading (0 when not ok), at most `most`. */
json_t *field_list(struct fields *f, const char *name, uint16_t *count, size_t most);

/** The object at `i`, in order. */
struct fields field_item(struct fields *f, json_t *list, size_t i);

void field_u32_list(struct fields *f, const char *name, uint32_t *at, uint8_t *count, size_t most, uint64_t least, uint64_t greatest);

/** Strings of 1 … size-1 bytes, `size` apart from each other. */
void field_text_list(struct fields *f, const char *name, char *at, size_t size, uint8_t *count, size_t most);

#endif

#include "fields.h"

#include <string.h>

struct fields fields_read(json_t *object)
{
	return (struct fields){ .object = object, .reading = true, .ok = json_is_object(object) };
}

struct fields fields_write(json_t *object)
{
	return (struct fields){ .object = object, .ok = object != NULL };
}

bool fields_done(const struct fields *f)
{
	return f->ok && (!f->reading || f->taken == json_object_size(f->object));
}

void field_rule(struct fields *f, bool kept)
{
	if (f->reading && !kept)
		f->ok = false;
}

/* NULL if it is not there. */
static json_t *take(struct fields *f, const char *name)
{
	json_t *v = f->ok ? json_object_get(f->object, name) : NULL;
	if (v)
		f->taken++;
	return v;
}

static json_t *need(struct fields *f, const char *name)
{
	json_t *v = take(f, name);
	if (!v)
		f->ok = false;
	return v;
}

static void put(struct fields *f, const char *name, json_t *v)
{
	if (json_object_set_new(f->object, name, v) != 0)
		f->ok = false;
}

static void append(struct fields *f, json_t *list, json_t *v)
{
	if (json_array_append_new(list, v) != 0)
		f->ok = false;
}

bool field_there(struct fields *f, const char *name, bool *there)
{
	if (f->reading)
		*there = f->ok && json_object_get(f->object, name);
	return *there;
}

/* -- one value ------------------------------------------------------------------------------------------------------------------- */

static void copy_text(struct fields *f, json_t *v, char *at, size_t size, size_t least)
{
	size_t len = json_is_string(v) ? json_string_length(v) : SIZE_MAX;

	if (len < least || len >= size)
		f->ok = false;
	else
		memcpy(at, json_string_value(v), len + 1);
}

void field_text(struct fields *f, const char *name, char *at, size_t size, size_t least)
{
	if (f->reading)
		copy_text(f, need(f, name), at, size, least);
	else
		put(f, name, json_string(at));
}

void field_text_or_none(struct fields *f, const char *name, char *at, size_t size)
{
	bool there = *at;

	if (field_there(f, name, &there))
		field_text(f, name, at, size, 1);
	else if (f->reading)
		*at = '\0';
}

void field_bool(struct fields *f, const char *name, bool *at)
{
	if (!f->reading) {
		put(f, name, json_boolean(*at));
		return;
	}
	json_t *v = need(f, name);
	f->ok &= json_is_boolean(v);
	*at = json_is_true(v);
}

/* `least` when it is none: the caller's variable is then within its range, whatever came. */
static uint64_t number_in(struct fields *f, json_t *v, uint64_t least, uint64_t most)
{
	if (json_is_integer(v) && json_integer_value(v) >= 0 && (uint64_t)json_integer_value(v) >= least &&
	    (uint64_t)json_integer_value(v) <= most)
		return (uint64_t)json_integer_value(v);
	f->ok = false;
	return least;
}

static uint64_t number(struct fields *f, const char *name, uint64_t value, uint64_t least, uint64_t most)
{
	if (f->reading)
		return number_in(f, need(f, name), least, most);
	put(f, name, json_integer((json_int_t)value));
	return value;
}

static uint64_t number_or_none(struct fields *f, const char *name, uint64_t value, uint64_t least, uint64_t most)
{
	bool there = value != 0;
	return field_there(f, name, &there) ? number(f, name, value, least, most) : 0;
}

#define STORE(f, at, type, value) do { \
		type stored = (type)(value); \
		if ((f)->reading) \
			*(at) = stored; \
	} while (0)

void field_u8(struct fields *f, const char *name, uint8_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint8_t, number(f, name, *at, least, most));
}

void field_u16(struct fields *f, const char *name, uint16_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint16_t, number(f, name, *at, least, most));
}

void field_u32(struct fields *f, const char *name, uint32_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint32_t, number(f, name, *at, least, most));
}

void field_u64(struct fields *f, const char *name, uint64_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint64_t, number(f, name, *at, least, most));
}

void field_u8_or_none(struct fields *f, const char *name, uint8_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint8_t, number_or_none(f, name, *at, least, most));
}

void field_u32_or_none(struct fields *f, const char *name, uint32_t *at, uint64_t least, uint64_t most)
{
	STORE(f, at, uint32_t, number_or_none(f, name, *at, least, most));
}

int field_word(struct fields *f, const char *name, int index, const char *const *words, int count)
{
	if (!f->reading) {
		put(f, name, json_string(words[index]));
		return index;
	}
	const char *word = json_string_value(need(f, name));
	for (int i = 0; word && i < count; i++) {
		if (!strcmp(word, words[i]))
			return i;
	}
	f->ok = false;
	return 0;
}

/* -- objects and lists within ------------------------------------------------------------------------------------------------------- */

static json_t *nested(struct fields *f, const char *name, json_t *made)
{
	put(f, name, made);
	return f->ok ? made : NULL;
}

struct fields field_object(struct fields *f, const char *name)
{
	return f->reading ? fields_read(need(f, name)) : fields_write(nested(f, name, json_object()));
}

void field_close(struct fields *f, const struct fields *inner)
{
	f->ok &= fields_done(inner);
}

json_t *field_list(struct fields *f, const char *name, uint16_t *count, size_t most)
{
	if (!f->reading)
		return nested(f, name, json_array());
	json_t *list = need(f, name);
	f->ok &= json_is_array(list) && json_array_size(list) <= most;
	*count = f->ok ? (uint16_t)json_array_size(list) : 0;
	return list;
}

struct fields field_item(struct fields *f, json_t *list, size_t i)
{
	if (f->reading)
		return fields_read(json_array_get(list, i));
	json_t *made = json_object();
	append(f, list, made);
	return fields_write(f->ok ? made : NULL);
}

void field_u32_list(struct fields *f, const char *name, uint32_t *at, uint8_t *count, size_t most, uint64_t least, uint64_t greatest)
{
	uint16_t n = *count;
	json_t *list = field_list(f, name, &n, most);

	for (size_t i = 0; i < n; i++) {
		if (f->reading)
			at[i] = (uint32_t)number_in(f, json_array_get(list, i), least, greatest);
		else
			append(f, list, json_integer(at[i]));
	}
	STORE(f, count, uint8_t, n);
}

void field_text_list(struct fields *f, const char *name, char *at, size_t size, uint8_t *count, size_t most)
{
	uint16_t n = *count;
	json_t *list = field_list(f, name, &n, most);

	for (size_t i = 0; i < n; i++) {
		if (f->reading)
			copy_text(f, json_array_get(list, i), at + i * size, size, 1);
		else
			append(f, list, json_string(at + i * size));
	}
	STORE(f, count, uint8_t, n);
}

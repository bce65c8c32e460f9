#include "strict_json.h"

#include <string.h>

enum { DEPTH_MOST = 4 };        /* a body is a flat object; this is only about not recursing for a hostile one */

static bool shallow(const char *s, size_t len)
{
	unsigned depth = 0;
	bool text = false;
	for (size_t i = 0; i < len; i++) {
		if (text && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			text = !text;
		else if (!text && (s[i] == '{' || s[i] == '[') && ++depth > DEPTH_MOST)
			return false;
		else if (!text && (s[i] == '}' || s[i] == ']') && depth)
			depth--;
	}
	return true;
}

static bool take(struct json_field *f, const json_t *value)
{
	f->given = true;
	switch (f->type) {
	case FIELD_TEXT:
		f->text = json_string_value(value);
		return f->text != NULL;
	case FIELD_BOOL:
		f->flag = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_NUMBER:
		f->number = json_integer_value(value);
		return json_is_integer(value);
	}
	return false;
}

static bool take_all(json_t *object, struct json_field *fields, size_t count, const char **bad)
{
	json_t *value;
	size_t taken = 0;
	for (size_t i = 0; i < count; i++) {
		fields[i].given = false;
		fields[i].text = NULL;
		value = json_object_get(object, fields[i].name);
		if (value) {
			taken++;
			if (!take(&fields[i], value)) {
				*bad = fields[i].name;
				return false;
			}
		} else if (fields[i].required) {
			*bad = fields[i].name;
			return false;
		}
	}
	if (taken == json_object_size(object))
		return true;
	*bad = "";
	return false;
}

json_t *strict_json_read(const char *bytes, size_t len, struct json_field *fields, size_t count, const char **bad)
{
	*bad = NULL;
	/* jansson passes over a zero byte behind a number. */
	if (memchr(bytes, '\0', len) || !shallow(bytes, len))
		return NULL;
	json_t *object = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object) && take_all(object, fields, count, bad))
		return object;
	json_decref(object);
	return NULL;
}

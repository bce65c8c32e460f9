/**
 * Request bodies, read strictly: one flat object with exactly the fields that are asked for.
 */
#ifndef HOPKIN_ADMIN_STRICT_JSON_H
#define HOPKIN_ADMIN_STRICT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum field_type { FIELD_TEXT, FIELD_BOOL, FIELD_NUMBER };

struct json_field {
	const char *name;
	enum field_type type;
	bool required;
	/* What was found; text is borrowed from the object. `given` false: it was left out. */
	bool given;
	const char *text;
	bool flag;
	json_int_t number;
};

/**
 * @param fields  filled in
 * @param bad     set to the field at fault, "" for one that is not known, or NULL when the whole is (not JSON, not an object, a key twice)
 * @return        the object that the texts are borrowed from (json_decref it), or NULL: refused
 */
json_t *strict_json_read(const char *bytes, size_t len, struct json_field *fields, size_t count, const char **bad);

#endif

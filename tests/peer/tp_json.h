/** Small readers for the script's JSON: a missing or wrong-typed field gives the default. */
#ifndef HOPKIN_PEER_TP_JSON_H
#define HOPKIN_PEER_TP_JSON_H

#include <jansson.h>
#include <stdbool.h>

static inline const char *tp_json_text(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : otherwise;
}

static inline long long tp_json_number(const json_t *o, const char *key, long long otherwise)
{
	const json_t *v = json_object_get(o, key);
	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static inline bool tp_json_bool(const json_t *o, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(o, key);
	return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

#endif

/* Bodies: what is read, and every way in which one is refused. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "strict_json.h"

static const struct {
	const char *name, *body;
	bool good;
	const char *bad;        /* the field named; NULL: none */
} table[] = {
	{ "all fields", "{\"text\":\"a\",\"flag\":true,\"number\":7}", true, NULL },
	{ "the required one alone", "{\"text\":\"\"}", true, NULL },
	{ "spaces and order", " { \"number\" : -1 , \"text\" : \"\\u1ea3\" } ", true, NULL },
	{ "a required one is missing", "{\"flag\":true}", false, "text" },
	{ "nothing", "{}", false, "text" },
	{ "text is a number", "{\"text\":1}", false, "text" },
	{ "text is null", "{\"text\":null}", false, "text" },
	{ "text is a list", "{\"text\":[\"a\"]}", false, "text" },
	{ "flag is a text", "{\"text\":\"a\",\"flag\":\"true\"}", false, "flag" },
	{ "flag is 1", "{\"text\":\"a\",\"flag\":1}", false, "flag" },
	{ "number is a fraction", "{\"text\":\"a\",\"number\":1.5}", false, "number" },
	{ "number is 1.0", "{\"text\":\"a\",\"number\":1.0}", false, "number" },
	{ "number is too large", "{\"text\":\"a\",\"number\":99999999999999999999}", false, NULL },
	{ "an unknown field", "{\"text\":\"a\",\"role\":\"admin\"}", false, "" },
	{ "a name that differs in case", "{\"Text\":\"a\"}", false, "text" },
	{ "a key twice", "{\"text\":\"a\",\"text\":\"b\"}", false, NULL },
	{ "a key twice, once escaped", "{\"text\":\"a\",\"te\\u0078t\":\"b\"}", false, NULL },
	{ "a list", "[{\"text\":\"a\"}]", false, NULL },
	{ "a text", "\"text\"", false, NULL },
	{ "empty", "", false, NULL },
	{ "cut short", "{\"text\":\"a\"", false, NULL },
	{ "something after it", "{\"text\":\"a\"}{}", false, NULL },
	{ "a comma too many", "{\"text\":\"a\",}", false, NULL },
	{ "single quotes", "{'text':'a'}", false, NULL },
	{ "a comment", "{\"text\":\"a\"/**/}", false, NULL },
	{ "broken UTF-8", "{\"text\":\"\xc3\"}", false, NULL },
	{ "a zero inside a text", "{\"text\":\"a\\u0000b\"}", false, NULL },
	{ "half a surrogate", "{\"text\":\"\\ud800\"}", false, NULL },
	{ "a line feed inside a text", "{\"text\":\"a\nb\"}", false, NULL },
	{ "a byte order mark", "\xef\xbb\xbf{\"text\":\"a\"}", false, NULL },
	{ "too deep", "{\"text\":[[[[[[[[\"a\"]]]]]]]]}", false, NULL },
};

int main(void)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct json_field f[] = { { "text", FIELD_TEXT, true }, { "flag", FIELD_BOOL, false }, { "number", FIELD_NUMBER, false } };
		const char *bad = "unset";
		json_t *body = strict_json_read(table[i].body, strlen(table[i].body), f, 3, &bad);
		bool same = bad == table[i].bad || (bad && table[i].bad && !strcmp(bad, table[i].bad));
		check(table[i].name, (body != NULL) == table[i].good && same);
		json_decref(body);
	}
	char deep[16000];
	memset(deep, '[', sizeof deep);
	const char *bad;
	check("sixteen thousand brackets", !strict_json_read(deep, sizeof deep, NULL, 0, &bad));
	struct json_field n[] = { { "a", FIELD_NUMBER, true } };
	check("a zero byte behind a number", !strict_json_read("{\"a\":1\0}", 8, n, 1, &bad));
	check("a zero byte is no end", !strict_json_read("{}\0{}", 5, NULL, 0, &bad));
	return check_done();
}

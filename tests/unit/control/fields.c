/* One description in both directions: each kind of field there and back, and each way in which it can be wrong. */
#include "fields.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static const char *const words[] = { "red", "green" };

struct sample {
	char text[8], maybe[8];
	bool yes;
	uint8_t u8, none8;
	uint16_t u16;
	uint32_t u32, none32;
	uint64_t u64;
	int word;
	uint8_t number_count, name_count;
	uint32_t numbers[3];
	char names[2][4];
	uint16_t item_count;
	uint8_t items[2];
	bool has_part;
	uint8_t part;
};

static void describe(struct fields *f, struct sample *s)
{
	field_text(f, "text", s->text, sizeof s->text, 2);
	field_text_or_none(f, "maybe", s->maybe, sizeof s->maybe);
	field_bool(f, "yes", &s->yes);
	field_u8(f, "u8", &s->u8, 1, 200);
	field_u8_or_none(f, "none8", &s->none8, 1, 14);
	field_u16(f, "u16", &s->u16, 0, 60000);
	field_u32(f, "u32", &s->u32, 0, UINT32_MAX);
	field_u32_or_none(f, "none32", &s->none32, 1, UINT32_MAX);
	field_u64(f, "u64", &s->u64, 0, UINT64_C(1) << 53);
	int word = field_word(f, "word", s->word, words, 2);
	if (f->reading)
		s->word = word;
	field_u32_list(f, "numbers", s->numbers, &s->number_count, 3, 1, 9);
	field_text_list(f, "names", s->names[0], sizeof s->names[0], &s->name_count, 2);
	json_t *list = field_list(f, "items", &s->item_count, 2);
	for (size_t i = 0; i < s->item_count; i++) {
		struct fields item = field_item(f, list, i);
		field_u8(&item, "x", &s->items[i], 0, 9);
		field_close(f, &item);
	}
	if (field_there(f, "part", &s->has_part)) {
		struct fields part = field_object(f, "part");
		field_u8(&part, "y", &s->part, 0, 9);
		field_close(f, &part);
	}
	field_rule(f, s->u8 != 13);
}

#define REST "\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"green\",\"numbers\":[1,9],\"names\":[\"a\",\"bcd\"],\"items\":[{\"x\":5}]"
#define WITH(text, u8) "{\"text\":" text ",\"yes\":true,\"u8\":" u8 "," REST "}"
#define INSTEAD(rest) "{\"text\":\"ab\",\"yes\":true,\"u8\":1," rest "}"

static const struct { const char *name, *json; bool good; } cases[] = {
	{ "all but what may be missing", WITH("\"ab\"", "1"), true },
	{ "what may be missing", "{\"maybe\":\"m\",\"none8\":14,\"none32\":7,\"part\":{\"y\":9},\"text\":\"ab\",\"yes\":false,\"u8\":200," REST "}", true },
	{ "no object", "[]", false },
	{ "nothing", "{}", false },
	{ "text too short", WITH("\"a\"", "1"), false },
	{ "text too long", WITH("\"abcdefgh\"", "1"), false },
	{ "text a number", WITH("1", "1"), false },
	{ "below its range", WITH("\"ab\"", "0"), false },
	{ "above its range", WITH("\"ab\"", "201"), false },
	{ "negative", WITH("\"ab\"", "-1"), false },
	{ "real", WITH("\"ab\"", "1.0"), false },
	{ "against a rule", WITH("\"ab\"", "13"), false },
	{ "a field too many", "{\"z\":1,\"text\":\"ab\",\"yes\":true,\"u8\":1," REST "}", false },
	{ "there and empty", "{\"maybe\":\"\",\"text\":\"ab\",\"yes\":true,\"u8\":1," REST "}", false },
	{ "there and zero", "{\"none8\":0,\"text\":\"ab\",\"yes\":true,\"u8\":1," REST "}", false },
	{ "a field too many in a part", "{\"part\":{\"y\":1,\"z\":1},\"text\":\"ab\",\"yes\":true,\"u8\":1," REST "}", false },
	{ "a part that is none", "{\"part\":1,\"text\":\"ab\",\"yes\":true,\"u8\":1," REST "}", false },
	{ "unknown word", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"blue\",\"numbers\":[],\"names\":[],\"items\":[]"), false },
	{ "list too long", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"red\",\"numbers\":[1,1,1,1],\"names\":[],\"items\":[]"), false },
	{ "number of a list out of range", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"red\",\"numbers\":[10],\"names\":[],\"items\":[]"), false },
	{ "empty name in a list", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"red\",\"numbers\":[],\"names\":[\"\"],\"items\":[]"), false },
	{ "item that is no object", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"red\",\"numbers\":[],\"names\":[],\"items\":[5]"), false },
	{ "list that is none", INSTEAD("\"u16\":2,\"u32\":3,\"u64\":4,\"word\":\"red\",\"numbers\":{},\"names\":[],\"items\":[]"), false },
};

static bool read_sample(struct sample *s, const char *json)
{
	json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	struct fields f = fields_read(root);

	memset(s, 0, sizeof *s);
	describe(&f, s);
	bool good = fields_done(&f);
	json_decref(root);
	return good;
}

static char *write_sample(const struct sample *s)
{
	json_t *root = json_object();
	struct fields f = fields_write(root);
	struct sample copy;

	memcpy(&copy, s, sizeof copy);          /* padding too: it is compared below */
	describe(&f, &copy);
	char *text = fields_done(&f) && !memcmp(&copy, s, sizeof copy) ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

int main(void)
{
	struct sample s, again;
	char label[96];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(label, sizeof label, "fields: %s, %s", cases[i].name, cases[i].good ? "there and back" : "refused");
		bool good = read_sample(&s, cases[i].json);
		char *text = good ? write_sample(&s) : NULL;
		bool same = text && read_sample(&again, text) && !memcmp(&s, &again, sizeof s);
		check(label, good == cases[i].good && same == cases[i].good);
		free(text);
	}
	memset(&s, 0, sizeof s);
	strcpy(s.text, "\xff");
	check("fields: what is not UTF-8 cannot be written", !write_sample(&s));
	struct fields none = fields_write(NULL);
	describe(&none, &s);
	check("fields: without memory for the object nothing is written", !fields_done(&none));
	return check_done();
}

/* Names: a table of what people are called and of what must not pass for a name. */
#include <string.h>

#include "check.h"
#include "display_name.h"

static const struct {
	const char *name, *in;
	size_t max;
	bool good;
	const char *out;
} names[] = {
	{ "plain", "Lan Anh", 64, true, "Lan Anh" },
	{ "Vietnamese, composed", "Nguyễn Thị Hồng Nhung", 64, true, "Nguyễn Thị Hồng Nhung" },
	{ "Vietnamese, taken apart, is put together", "Nguye\xcc\x82\xcc\x83n", 64, true, "Nguy\xe1\xbb\x85n" },
	{ "one letter", "A", 64, true, "A" },
	{ "outer and double spaces go", "  Lan \xc2\xa0\xe2\x80\x83 Anh  ", 64, true, "Lan Anh" },
	{ "figures and signs", "P. Kế hoạch (tầng 3)", 64, true, "P. Kế hoạch (tầng 3)" },
	{ "markup is text", "<b>Lan</b>", 64, true, "<b>Lan</b>" },
	{ "emoji with joiners", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 64, true, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" },
	{ "Thai", "สมชาย", 64, true, "สมชาย" },
	{ "Hebrew without marks of direction", "דנה", 64, true, "דנה" },
	{ "empty", "", 64, false, "" },
	{ "spaces alone", " \xe2\x80\x83 ", 64, false, "" },
	{ "line feed", "Lan\nAnh", 64, false, "" },
	{ "carriage return", "Lan\rAnh", 64, false, "" },
	{ "tab", "Lan\tAnh", 64, false, "" },
	{ "escape", "\x1b[31mLan", 64, false, "" },
	{ "delete", "Lan\x7f", 64, false, "" },
	{ "C1 control", "Lan\xc2\x85", 64, false, "" },
	{ "right-to-left override", "Lan\xe2\x80\xae" "nhna", 64, false, "" },
	{ "left-to-right mark", "Lan\xe2\x80\x8e", 64, false, "" },
	{ "isolate", "\xe2\x81\xa6Lan\xe2\x81\xa9", 64, false, "" },
	{ "Arabic letter mark", "Lan\xd8\x9c", 64, false, "" },
	{ "zero width space", "L\xe2\x80\x8b" "an", 64, false, "" },
	{ "word joiner", "L\xe2\x81\xa0" "an", 64, false, "" },
	{ "soft hyphen", "L\xc2\xad" "an", 64, false, "" },
	{ "byte order mark", "\xef\xbb\xbfLan", 64, false, "" },
	{ "joiner at the start", "\xe2\x80\x8dLan", 64, false, "" },
	{ "joiner at the end", "Lan\xe2\x80\x8d", 64, false, "" },
	{ "two joiners", "a\xe2\x80\x8d\xe2\x80\x8d" "b", 64, false, "" },
	{ "joiner after a space", "a \xe2\x80\x8d" "b", 64, false, "" },
	{ "Hangul filler", "\xe3\x85\xa4", 64, false, "" },
	{ "braille blank", "\xe2\xa0\x80", 64, false, "" },
	{ "tag characters", "Lan\xf3\xa0\x81\x81", 64, false, "" },
	{ "variation selector of the supplement", "Lan\xf3\xa0\x84\x80", 64, false, "" },
	{ "private use", "\xee\x80\x80", 64, false, "" },
	{ "not assigned", "\xcd\xb8", 64, false, "" },
	{ "line separator", "a\xe2\x80\xa8" "b", 64, false, "" },
	{ "a tower of marks", "a\xcc\x80\xcc\x81\xcc\x83\xcc\x84\xcc\x85\xcc\x86", 64, false, "" },
	{ "a mark on nothing", "\xcc\x80" "a", 64, false, "" },
	{ "a mark on a space", "a \xcc\x80", 64, false, "" },
	{ "broken UTF-8", "Lan\xc3", 64, false, "" },
	{ "overlong", "\xc0\xae", 64, false, "" },
	{ "a surrogate", "\xed\xa0\x80", 64, false, "" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", 64, false, "" },
	{ "as long as allowed", "abcd", 4, true, "abcd" },
	{ "one too long", "abcde", 4, false, "" },
	{ "counted after normalising", "e\xcc\x82\xcc\x83" "e\xcc\x82\xcc\x83", 2, true, "\xe1\xbb\x85\xe1\xbb\x85" },
};

static const struct { const char *name; bool good; } accounts[] = {
	{ "lan", true }, { "nguyen.thi-lan_2", true }, { "a1", true }, { "1a", true }, { "a", false }, { "", false }, { "Lan", false },
	{ "lan anh", false }, { "lan@vd", false }, { "-lan", false }, { ".lan", false }, { "l\xc3\xa1n", false }, { "lan\n", false },
	{ "abcdefghijklmnopqrstuvwxyz012345", true }, { "abcdefghijklmnopqrstuvwxyz0123456", false },
};

int main(void)
{
	char out[257], small[5];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		bool good = display_name_normalise(out, sizeof out, names[i].in, names[i].max);
		check(names[i].name, good == names[i].good && strcmp(out, names[i].out) == 0);
	}
	check("never more than there is room for", !display_name_normalise(small, sizeof small, "abcde", 64) && !*small);
	check("a text keeps its lines", display_text_normalise(out, sizeof out, "  một \n\n hai\n", 64) && !strcmp(out, "một\n\nhai"));
	check("a text may be empty", display_text_normalise(out, sizeof out, " ", 64) && !*out);
	check("a text has no other controls", !display_text_normalise(out, sizeof out, "a\r\nb", 64));
	for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++) {
		char what[64];
		snprintf(what, sizeof what, "account %s \"%.32s\"", accounts[i].good ? "may be" : "is not", accounts[i].name[0] == 'l' && accounts[i].name[3] == '\n' ? "lan\\n" : accounts[i].name);
		check(what, account_name_valid(accounts[i].name) == accounts[i].good);
	}
	return check_done();
}

/* Which packets make a train and how much each is padded: tables, and any lengths at all against what the kernel demands. */
#include "train_shape.h"

#include <stdlib.h>

#include "check.h"

enum { MOST = 8 };

static void test_tables(void)
{
	static const struct {
		const char *name;
		uint16_t len[MOST], taken;      /* how many of `len` (up to the first 0) the first train takes */
		uint8_t padding[MOST];
	} rows[] = {
		{ "one", { 1100 }, 1, { 0 } },
		{ "two equal", { 1100, 1100 }, 2, { 0, 0 } },
		{ "a browser's frame: by a byte each", { 1101, 1100, 1101, 1100 }, 4, { 0, 1, 0, 0 } },
		{ "a longer one later: those before grow", { 1100, 1101, 1104 }, 3, { 4, 3, 0 } },
		{ "the last is a little longer", { 1100, 1100, 1104 }, 3, { 4, 4, 0 } },
		{ "the last stays as short as it is", { 1100, 1100, 300 }, 3, { 0, 0, 0 } },
		{ "...and ends the train", { 1100, 300, 300 }, 2, { 0, 0 } },
		{ "a longer one after the end", { 1100, 300, 1100 }, 2, { 0, 0 } },
		{ "nearly as long, at the end: not padded", { 1100, 1099 }, 2, { 0, 0 } },
		{ "a thirty-second more", { 320, 330 }, 2, { 10, 0 } },
		{ "one byte above that", { 320, 331 }, 1, { 0 } },
		{ "a thirty-second less, then one more", { 330, 320, 330 }, 3, { 0, 10, 0 } },
		{ "the shortest decides, not the last", { 1000, 1031, 1032 }, 2, { 31, 0 } },
		{ "small ones are never padded", { 31, 32 }, 1, { 0 } },
		{ "small and equal", { 31, 31, 31 }, 3, { 0, 0, 0 } },
		{ "no more than padding can say", { 65000, 65255, 65256 }, 2, { 255, 0 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct train_shape shape = { 0 };
		uint16_t taken = 0;
		while (taken < MOST && rows[i].len[taken] && train_shape_take(&shape, rows[i].len[taken]))
			taken++;
		bool right = taken == rows[i].taken && shape.count == taken;
		for (uint16_t k = 0; k < taken; k++)
			right = right && train_shape_padding(&shape, k, rows[i].len[k]) == rows[i].padding[k];
		check(rows[i].name, right);
	}
}

/* Whatever comes: all but the last end up with one length, the last with no more, and nothing grows beyond its bound. */
static void test_any(void)
{
	unsigned wrong = 0, joined = 0;

	srand(5);
	for (unsigned round = 0; round < 200000; round++) {
		struct train_shape shape = { 0 };
		uint16_t len[MOST], n = 0, base = (uint16_t)(20 + rand() % 1400), spread = (uint16_t)(1 + rand() % 60);
		for (; n < MOST; n++) {
			len[n] = (uint16_t)(base + rand() % spread);
			if (!train_shape_take(&shape, len[n]))
				break;
		}
		uint16_t whole = (uint16_t)(len[0] + train_shape_padding(&shape, 0, len[0]));
		for (uint16_t k = 0; k < n; k++) {
			uint16_t padding = train_shape_padding(&shape, k, len[k]), padded = (uint16_t)(len[k] + padding);
			wrong += k + 1 < n ? padded != whole : padded > whole;
			wrong += padding > len[k] / TRAIN_GROWTH;
		}
		joined += n > 1;
	}
	check("any lengths: what leaves is a train", wrong == 0 && joined > 1000);
}

int main(void)
{
	test_tables();
	test_any();
	return check_done();
}

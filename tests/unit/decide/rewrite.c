/* rewrite: a table of small scenes, then a million random packets through one outgoing stream. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rewrite.h"

static struct rewrite_in packet(uint32_t source, uint64_t index, uint16_t picture)
{
	return (struct rewrite_in){ .source = source, .index = index, .ts = (uint32_t)index * 10, .has_picture_id = true,
		.long_picture_id = true, .picture_id = picture, .tl0picidx = (uint8_t)picture };
}

static void start(struct rewrite *rw, const struct rewrite_in *first)
{
	rewrite_init(rw, 77, 90000, 1001, 5000, 1);
	rewrite_switch(rw, first, rewrite_ts_at(rw, 0));
}

/* A scene is a list of steps on source 1 (index 100 on) and source 2: what is done, and what comes out. */
struct step {
	char what;              /* f forward, d drop, s switch and forward */
	uint32_t source;
	uint16_t index, picture;
	enum rewrite_verdict verdict;
	uint16_t seq, out_picture;
};

struct scene { const char *name; struct step steps[12]; };

static const struct scene scenes[] = {
	{ "in order", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 101, 7, REWRITE_SEND, 1002, 1 }, { 'f', 1, 102, 8, REWRITE_SEND, 1003, 2 } } },
	{ "a loss keeps its gap, and fills it late", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 102, 8, REWRITE_SEND, 1003, 2 },
		{ 'f', 1, 101, 7, REWRITE_SEND, 1002, 1 }, { 'f', 1, 101, 7, REWRITE_USED } } },
	{ "a drop closes its gap and takes its picture id along", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'd', 1, 101, 8 },
		{ 'd', 1, 102, 8 }, { 'f', 1, 103, 9, REWRITE_SEND, 1002, 2 }, { 'f', 1, 101, 8, REWRITE_OLD }, { 'f', 1, 102, 8, REWRITE_OLD } } },
	{ "a drop after a loss leaves the loss its place", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'd', 1, 102, 8 },
		{ 'f', 1, 103, 9, REWRITE_SEND, 1003, 2 }, { 'f', 1, 101, 7, REWRITE_SEND, 1002, 1 } } },
	{ "a loss between two drops", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'd', 1, 101, 8 }, { 'd', 1, 103, 10 },
		{ 'f', 1, 104, 11, REWRITE_SEND, 1003, 3 }, { 'f', 1, 102, 9, REWRITE_SEND, 1002, 2 }, { 'f', 1, 103, 10, REWRITE_OLD } } },
	{ "a late drop changes nothing", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 102, 8, REWRITE_SEND, 1003, 2 },
		{ 'd', 1, 101, 8 }, { 'f', 1, 103, 8, REWRITE_SEND, 1004, 2 } } },
	{ "a switch goes on where it was", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 's', 2, 60000, 900, REWRITE_SEND, 1002, 2 },
		{ 'f', 2, 60001, 900, REWRITE_SEND, 1003, 2 }, { 'f', 1, 101, 7, REWRITE_OLD }, { 'f', 1, 100, 7, REWRITE_USED } } },
	{ "a late one from before a switch still fits", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 102, 8, REWRITE_SEND, 1003, 2 },
		{ 's', 2, 5, 90, REWRITE_SEND, 1004, 3 }, { 'f', 1, 101, 7, REWRITE_SEND, 1002, 1 }, { 'f', 1, 103, 8, REWRITE_OLD } } },
	{ "a switch right after a drop with a loss before it", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'd', 1, 102, 8 },
		{ 's', 2, 5, 90, REWRITE_SEND, 1002, 2 }, { 'f', 1, 101, 7, REWRITE_OLD }, { 'f', 2, 6, 90, REWRITE_SEND, 1003, 2 } } },
	{ "away and back", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 's', 2, 5, 90, REWRITE_SEND, 1002, 2 }, { 's', 1, 140, 20, REWRITE_SEND, 1003, 3 },
		{ 'f', 1, 139, 19, REWRITE_OLD }, { 'f', 1, 141, 20, REWRITE_SEND, 1004, 3 }, { 'f', 2, 6, 90, REWRITE_OLD } } },
	{ "a stranger", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 3, 100, 7, REWRITE_FOREIGN } } },
	{ "too far ahead", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 32869, 8, REWRITE_AHEAD }, { 'f', 1, 101, 7, REWRITE_SEND, 1002, 1 } } },
	{ "before the first", { { 's', 1, 100, 7, REWRITE_SEND, 1001, 1 }, { 'f', 1, 99, 6, REWRITE_OLD } } },
};

static bool play(const struct scene *scene)
{
	struct rewrite rw;
	bool good = true;

	rewrite_init(&rw, 77, 90000, 1001, 5000, 1);
	for (size_t i = 0; i < 12 && scene->steps[i].what; i++) {
		const struct step *s = &scene->steps[i];
		struct rewrite_in in = packet(s->source, s->index + 0x100000000ull, s->picture);
		struct rewrite_out out = { 0 };
		if (s->what == 'd') {
			rewrite_drop(&rw, &in);
			continue;
		}
		if (s->what == 's')
			rewrite_switch(&rw, &in, rewrite_ts_at(&rw, (int64_t)i * 1000));
		enum rewrite_verdict verdict = rewrite_forward(&rw, &in, &out, (int64_t)i * 1000);
		bool fits = verdict == s->verdict && (verdict != REWRITE_SEND || (out.seq == s->seq && out.picture_id == s->out_picture));
		if (!fits)
			printf("# step %zu: verdict %d seq %u picture %u\n", i, verdict, out.seq, out.picture_id);
		good = good && fits;
	}
	return good;
}

static void numbers_of_a_nack(void)
{
	struct rewrite rw;
	struct rewrite_in in = packet(1, 100, 7);
	struct rewrite_out out, again;
	uint32_t source;
	uint64_t index;

	start(&rw, &in);
	rewrite_forward(&rw, &in, &out, 0);
	in = packet(1, 103, 9);
	rewrite_forward(&rw, &in, &out, 0);
	check("find what went out", rewrite_find(&rw, 1004, &source, &index) && source == 1 && index == 103);
	check("the same numbers again", rewrite_again(&rw, &in, &again) && again.index == out.index && again.seq == out.seq &&
		again.picture_id == out.picture_id && again.tl0picidx == out.tl0picidx && again.ts == out.ts);
	in = packet(1, 101, 7);
	check("find what has not come yet", rewrite_find(&rw, 1002, &source, &index) && source == 1 && index == 101);
	check("but it has no numbers to repeat", !rewrite_again(&rw, &in, &again));
	check("nothing above what was sent", !rewrite_find(&rw, 1005, &source, &index));
	check("nothing before the first", !rewrite_find(&rw, 1000, &source, &index));
	in = packet(2, 5, 1);
	rewrite_switch(&rw, &in, rewrite_ts_at(&rw, 0));
	rewrite_forward(&rw, &in, &out, 0);
	check("over a switch", rewrite_find(&rw, 1004, &source, &index) && source == 1 && index == 103 &&
		rewrite_find(&rw, 1005, &source, &index) && source == 2 && index == 5);
	check("the RTX stream counts for itself", rewrite_next_rtx(&rw) == 1 && rewrite_next_rtx(&rw) == 2);
}

static void timestamps(void)
{
	struct rewrite rw;
	struct rewrite_in in = packet(1, 100, 7);
	struct rewrite_out out;
	uint32_t ts;

	start(&rw, &in);
	check("the first timestamp is the chosen one", rewrite_forward(&rw, &in, &out, 1000000) == REWRITE_SEND && out.ts == 5000);
	check("a second later", rewrite_ts_at(&rw, 2000000) == 95000);
	check("at once is a tick later", rewrite_ts_at(&rw, 1000000) == 5001);
	check("earlier too", rewrite_ts_at(&rw, 0) == 5001);
	check("a day later is still ahead", (int32_t)(rewrite_ts_at(&rw, 86400000000) - 5000) > 0);
	check("map a source timestamp", rewrite_map_ts(&rw, 1000 + 90, &ts) && ts == 5090);
}

static void descriptor_widths(void)
{
	struct rewrite rw;
	struct rewrite_in in = packet(1, 100, 127);
	struct rewrite_out out;

	in.long_picture_id = false;
	start(&rw, &in);
	rewrite_forward(&rw, &in, &out, 0);
	uint16_t before = out.picture_id & 0x7f;
	in = packet(1, 101, 0);
	in.long_picture_id = false;
	rewrite_forward(&rw, &in, &out, 0);
	check("seven bits wrap evenly", (out.picture_id & 0x7f) == ((before + 1) & 0x7f));
	in = packet(1, 102, 0);
	in.has_picture_id = false;
	check("none at all", rewrite_forward(&rw, &in, &out, 0) == REWRITE_SEND);
}

/* -- a million packets ----------------------------------------------------------------------------------------------- */

enum { PACKETS = 1000000, SOURCES = 6, DELAYED = 64, RECENT = 8192 };

static uint64_t random_state = 88172645463325252ull;

static uint32_t dice(uint32_t sides)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % sides;
}

static uint8_t *sent;           /* one bit per outgoing index */
static uint64_t sent_from;

static bool first_use(uint64_t index)
{
	uint64_t at = index - sent_from;
	uint8_t bit = (uint8_t)(1u << at % 8);
	bool fresh = !(sent[at / 8] & bit);

	sent[at / 8] |= bit;
	return fresh;
}

static void million(void)
{
	struct rewrite rw, moved;
	uint64_t next[SOURCES];
	struct rewrite_in delayed[DELAYED] = { 0 };
	struct { uint64_t index, out; uint32_t source; } recent[RECENT] = { { 0 } };
	uint32_t current = 0;
	bool unique = true, monotone = true, inverse = true, low_half = true;
	uint64_t sends = 0, uses = 0;

	rewrite_init(&rw, 1, 90000, 0x7ff0, 1, 1);
	sent_from = 0;
	sent = calloc(1, (size_t)PACKETS / 2);
	for (int i = 0; i < SOURCES; i++)
		next[i] = 0x100000000ull + dice(65536);
	for (int n = 0; n < PACKETS; n++) {
		struct rewrite_in in = packet(current, next[current]++, (uint16_t)(n / 4 & 0x7fff));
		struct rewrite_out out;
		uint32_t luck = dice(100);
		bool is_switch = n == 0 || luck == 0;
		if (is_switch) {
			if (dice(4))
				current = dice(SOURCES);
			next[current] += dice(20);
			in = packet(current, next[current]++, (uint16_t)dice(0x8000));
			rewrite_switch(&rw, &in, rewrite_ts_at(&rw, n * 100));
		} else if (luck < 4) {
			next[current] += dice(8);               /* lost */
		} else if (luck < 12) {
			delayed[dice(DELAYED)] = in;            /* comes later, perhaps twice, perhaps never */
			continue;
		} else if (luck < 40) {
			in = delayed[dice(DELAYED)];
		} else if (luck < 60) {
			rewrite_drop(&rw, &in);
			continue;
		}
		if (luck == 61) {
			moved = rw;                             /* to another worker */
			memset(&rw, 0xa5, sizeof rw);
			rw = moved;
		}
		uint64_t highest = rw.highest;
		enum rewrite_verdict verdict = rewrite_forward(&rw, &in, &out, n * 100);
		uses += verdict == REWRITE_USED;
		if (verdict != REWRITE_SEND)
			continue;
		sends++;
		unique = unique && first_use(out.index);
		low_half = low_half && out.seq == (uint16_t)out.index;
		/* Two packets of one source, of which the later one went out recently, keep their order. */
		for (int i = 0; i < 32; i++) {
			size_t at = (size_t)(out.index - 1 - (uint64_t)i) % RECENT;
			if (out.index > highest && recent[at].source == in.source && recent[at].out == out.index - 1 - (uint64_t)i)
				monotone = monotone && recent[at].index < in.index;
		}
		recent[out.index % RECENT].index = in.index;
		recent[out.index % RECENT].source = in.source;
		recent[out.index % RECENT].out = out.index;
		/* The inverse, for one of the last few hundred. */
		uint64_t back = out.index - dice(300);
		uint32_t source;
		uint64_t index;
		if (recent[back % RECENT].out == back && rewrite_find(&rw, (uint16_t)back, &source, &index))
			inverse = inverse && source == recent[back % RECENT].source && index == recent[back % RECENT].index;
	}
	free(sent);
	printf("# %llu sent, %llu second uses refused, highest index %llu\n", (unsigned long long)sends, (unsigned long long)uses,
		(unsigned long long)rw.highest);
	check("a million packets: no index twice", unique);
	check("a million packets: a source keeps its order", monotone);
	check("a million packets: NACKs lead back to their packet", inverse);
	check("a million packets: seq is the index's low half", low_half);
	check("a million packets: over the wrap, and many refused", rw.highest > 4 * 65536 && uses > 1000 && sends > 400000);
}

int main(void)
{
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
		check(scenes[i].name, play(&scenes[i]));
	numbers_of_a_nack();
	timestamps();
	descriptor_widths();
	million();
	return check_done();
}

/* reception: indexes, duplicates, restarts, and the figures of receiver reports. */
#include "check.h"
#include "reception.h"

static struct reception r;
static uint64_t at;

static enum reception_verdict feed(uint16_t seq)
{
	return reception_on_packet(&r, seq, seq * 3000u, 1000, false, 1000000 + seq * 33333ll, &at);
}

static void order(void)
{
	reception_init(&r, 9, 90000);
	struct rtcp_block b;
	check("no report of nothing", !reception_report(&r, &b, 0) && reception_lost(&r) == 0);
	check("the first", feed(65530) == RECEPTION_OK && at == 0x100000000ull + 65530);
	check("the same again", feed(65530) == RECEPTION_DUPLICATE);
	check("over the wrap", feed(3) == RECEPTION_OK && at == 0x100000000ull + 65539);
	check("eight are missing", reception_lost(&r) == 8);
	check("late", feed(65535) == RECEPTION_OK && at == 0x100000000ull + 65535 && reception_lost(&r) == 7);
	check("late again", feed(65535) == RECEPTION_DUPLICATE);
	check("before the first", feed(65520) == RECEPTION_OK && r.first == 0x100000000ull + 65520);
}

static void jumps(void)
{
	reception_init(&r, 9, 90000);
	feed(1000);
	check("a hole within reason", feed(3999) == RECEPTION_OK);
	uint64_t before = at;
	check("a jump is not believed", feed(20000) == RECEPTION_OLD);
	check("the stream goes on", feed(4000) == RECEPTION_OK && at == before + 1);
	check("a jump that goes on", feed(30000) == RECEPTION_OLD && feed(30001) == RECEPTION_RESTART);
	check("its index is far above", at > before + 32768 && (uint16_t)at == 30001 && reception_lost(&r) == 0);
	before = at;
	check("and onwards", feed(30002) == RECEPTION_OK && at == before + 1);
	check("a jump back", feed(5) == RECEPTION_OLD && feed(6) == RECEPTION_RESTART && at > before && (uint16_t)at == 6);
	check("a resent packet proves no jump", reception_on_packet(&r, 40000, 0, 1, true, 0, &at) == RECEPTION_OLD &&
		reception_on_packet(&r, 40001, 0, 1, true, 0, &at) == RECEPTION_OLD);
}

static void reports(void)
{
	struct rtcp_block b;

	reception_init(&r, 9, 90000);
	for (uint16_t seq = 100; seq < 200; seq++)
		if (seq % 4)
			feed(seq);
	check("a quarter lost", reception_report(&r, &b, 0) && b.ssrc == 9 && b.fraction_lost >= 62 && b.fraction_lost <= 64 && b.lost == 24 &&
		b.highest_seq == 199 && b.lsr == 0 && b.dlsr == 0);
	for (uint16_t seq = 200; seq < 300; seq++)
		feed(seq);
	check("none since", reception_report(&r, &b, 0) && b.fraction_lost == 0 && b.lost == 24);
	check("and no packets since", reception_report(&r, &b, 0) && b.fraction_lost == 0);
	reception_on_sr(&r, 0x0123456789abcdefull, 5000000);
	check("LSR and DLSR", reception_report(&r, &b, 5500000) && b.lsr == 0x456789ab && b.dlsr == 32768);
	check("even pace has no jitter", b.jitter <= 3);

	reception_init(&r, 9, 90000);
	for (uint16_t seq = 0; seq < 400; seq++)
		reception_on_packet(&r, seq, seq * 3000u, 1, false, 1000000 + seq * 33333ll + (seq % 2) * 10000, &at);
	reception_report(&r, &b, 0);
	check("10 ms of sway are 10 ms of jitter", b.jitter > 800 && b.jitter < 1000);
	for (uint16_t seq = 400; seq < 410; seq++)
		reception_on_packet(&r, seq, 0x80000000u + seq * 3000u, 1, false, 1000000 + seq * 33333ll, &at);
	reception_report(&r, &b, 0);
	check("timestamps that jump are no jitter", b.jitter < 1000);
}

/* Random streams: an index is never given twice, and its low half is the sequence number. */
static void random_streams(void)
{
	static uint8_t seen[1 << 21];
	uint64_t seed = 12345, base = 0;
	uint16_t seq = 65000;
	bool unique = true, low = true;

	reception_init(&r, 1, 90000);
	for (int i = 0; i < 500000; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		uint32_t dice = (uint32_t)(seed >> 40) % 100;
		uint16_t this_one = dice < 80 ? seq++ : dice < 90 ? (uint16_t)(seq - (seed >> 50) % 300) : (seq = (uint16_t)(seq + dice % 7));
		enum reception_verdict v = reception_on_packet(&r, this_one, 0, 1, false, i, &at);
		if (v == RECEPTION_DUPLICATE || v == RECEPTION_OLD)
			continue;
		base = base ? base : at - 1000;
		low = low && (uint16_t)at == this_one;
		unique = unique && at - base < sizeof seen && !seen[at - base]++;
	}
	check("half a million packets: no index twice", unique);
	check("half a million packets: the low half is the number", low);
}

int main(void)
{
	order();
	jumps();
	reports();
	random_streams();
	return check_done();
}

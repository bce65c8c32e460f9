/* keyframe_gate, nack_generator, resend_limit: what is asked, when, and how often, in virtual time. */
#include <string.h>

#include "check.h"
#include "keyframe_gate.h"
#include "nack_generator.h"
#include "resend_limit.h"

#define MS 1000

static void keyframes(void)
{
	struct keyframe_gate g;
	int64_t now = 10000 * MS;

	keyframe_gate_init(&g);
	check("gate: nothing to do", !keyframe_gate_due(&g, now) && keyframe_gate_deadline_us(&g) == INT64_MAX);
	check("gate: the first wish goes at once", keyframe_gate_ask(&g, now) && keyframe_gate_due(&g, now) && !keyframe_gate_due(&g, now));
	check("gate: others join it", !keyframe_gate_ask(&g, now + 1) && !keyframe_gate_due(&g, now + 100 * MS));
	check("gate: repeated when nothing comes", keyframe_gate_deadline_us(&g) == now + 300 * MS && keyframe_gate_due(&g, now + 300 * MS));
	keyframe_gate_on_keyframe(&g);
	check("gate: met", keyframe_gate_deadline_us(&g) == INT64_MAX && !keyframe_gate_due(&g, now + 9000 * MS));
	check("gate: the next wish keeps its distance", keyframe_gate_ask(&g, now + 400 * MS) && !keyframe_gate_due(&g, now + 400 * MS) &&
		keyframe_gate_deadline_us(&g) == now + 600 * MS && keyframe_gate_due(&g, now + 600 * MS));
	int sent = 1;
	for (int64_t t = now + 600 * MS; t < now + 120000 * MS; t += 10 * MS)
		sent += keyframe_gate_due(&g, t);
	check("gate: given up after a while", sent == KEYFRAME_TRIES && keyframe_gate_deadline_us(&g) == INT64_MAX);

	keyframe_gate_init(&g);
	sent = 0;
	for (int64_t t = now; t < now + 10000 * MS; t += MS) {          /* a flood of wishes, each met at once */
		keyframe_gate_ask(&g, t);
		if (keyframe_gate_due(&g, t)) {
			sent++;
			keyframe_gate_on_keyframe(&g);
		}
	}
	check("gate: a flood asks three times a second", sent >= 33 && sent <= 34);
}

static size_t due(struct nack_generator *g, int64_t now, uint16_t *seqs)
{
	return nack_generator_due(g, now, seqs, 64);
}

static void nacks(void)
{
	static struct nack_generator g;
	uint16_t seqs[64];
	uint64_t base = 0x10000ffe0;
	int64_t now = 10000 * MS;

	memset(&g, 0, sizeof g);
	nack_generator_init(&g);
	nack_generator_on_packet(&g, base, now);
	nack_generator_on_packet(&g, base + 2, now);
	check("nack: reordering is waited for", due(&g, now, seqs) == 0 && nack_generator_deadline_us(&g) == now + NACK_WAIT_US);
	check("nack: it came", nack_generator_on_packet(&g, base + 1, now + MS) == NACK_RECOVERED && nack_generator_deadline_us(&g) == INT64_MAX);
	nack_generator_on_packet(&g, base + 4, now);
	check("nack: asked after the wait", due(&g, now + 10 * MS, seqs) == 1 && seqs[0] == (uint16_t)(base + 3));
	check("nack: not again at once", due(&g, now + 11 * MS, seqs) == 0 && nack_generator_deadline_us(&g) == now + 110 * MS);
	check("nack: again after an RTT", due(&g, now + 110 * MS, seqs) == 1);
	check("nack: later each time", due(&g, now + 210 * MS, seqs) == 0 && due(&g, now + 260 * MS, seqs) == 1);
	check("nack: resent packet ends it", nack_generator_on_packet(&g, base + 3, now + 300 * MS) == NACK_RECOVERED &&
		nack_generator_deadline_us(&g) == INT64_MAX);
	nack_generator_on_packet(&g, base + 8, now);
	check("nack: what lies three back is asked for at once", due(&g, now, seqs) == 1 && seqs[0] == (uint16_t)(base + 5));
	check("nack: old and known ones are nothing", nack_generator_on_packet(&g, base + 1, now) == NACK_OK);

	nack_generator_init(&g);
	nack_generator_set_rtt(&g, 1);
	nack_generator_on_packet(&g, base, now);
	nack_generator_on_packet(&g, base + 40, now);
	size_t asked = nack_generator_due(&g, now, seqs, 10);
	check("nack: no more than fit, in order, over the wrap", asked == 10 && seqs[0] == (uint16_t)(base + 1) && seqs[9] == (uint16_t)(base + 10));
	check("nack: the rest stays due", nack_generator_deadline_us(&g) <= now && nack_generator_due(&g, now, seqs, 64) == 27);
	size_t total = 0;
	int64_t t = now;
	while (nack_generator_deadline_us(&g) != INT64_MAX) {
		t = nack_generator_deadline_us(&g);
		total += due(&g, t, seqs);
	}
	check("nack: given up", nack_generator_take_given_up(&g) == 39 && nack_generator_take_given_up(&g) == 0 && t <= now + NACK_AGE_US);
	check("nack: bounded number of askings", total <= 39 * NACK_TRIES);
	check("nack: a hole too large", nack_generator_on_packet(&g, base + 40 + NACK_LIST + 2, t) == NACK_TOO_MANY &&
		nack_generator_deadline_us(&g) == INT64_MAX);
	check("nack: goes on from there", nack_generator_on_packet(&g, base + 40 + NACK_LIST + 4, t) == NACK_OK && due(&g, t + 10 * MS, seqs) == 1);
}

static void resends(void)
{
	static struct resend_limit l;
	int64_t now = 10000 * MS;
	int given = 0;

	resend_limit_init(&l, 100, now);
	check("resend: one", resend_limit_take(&l, 7, 20 * MS, now));
	check("resend: not again within the gap", !resend_limit_take(&l, 7, 20 * MS, now + 19 * MS));
	check("resend: after it", resend_limit_take(&l, 7, 20 * MS, now + 20 * MS));
	for (int i = 0; i < 1000; i++)
		given += resend_limit_take(&l, (uint16_t)(1000 + i), 0, now + 20 * MS);
	check("resend: half a second's worth is saved up", given >= 48 && given <= 50);
	given = 0;
	for (int i = 0; i < 10000; i++)
		given += resend_limit_take(&l, (uint16_t)i, 0, now + 20 * MS + i * 100);
	check("resend: a flood gets its share a second", given >= 98 && given <= 101);
	given = 0;
	for (int i = 0; i < 1000; i++)
		given += resend_limit_take(&l, (uint16_t)i, 0, now + 3600000ll * MS);
	check("resend: after an hour no more than the share saved", given == 50);
}

int main(void)
{
	keyframes();
	nacks();
	resends();
	return check_done();
}

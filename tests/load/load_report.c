#include "load_report.h"

#include <jansson.h>
#include <stdlib.h>

enum { OWN_LIMIT_PERCENT = 70 };        /* of a core: beyond it the tool, not the server, may be what is measured */

static const char *const part_names[LOAD_PARTS] = { "signaled", "ice_checked", "dtls_done", "first_media" };

/* What is worked out from a result, for both forms. */
struct figures {
	double seconds, sent_rate, delivered_rate, loss_percent, server_cores, own_cores, server_us, own_us, per_cpu_second, kb_a_person;
	double server_in_rate, server_out_rate, people_a_core, own_kb_a_person;
	uint64_t received, missing;
};

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static struct figures work_out(const struct load_result *r)
{
	struct figures f = { .seconds = (double)(r->after.at_us - r->before.at_us) / 1e6 };
	double cpu_s = (double)(r->after.cpu_ns - r->before.cpu_ns) / 1e9, own_s = (double)(r->after.own_cpu_ns - r->before.own_cpu_ns) / 1e9;
	for (int i = 0; i < LOAD_ROLES; i++)
		f.received += r->counts.received[i];
	f.missing = r->counts.missing > r->counts.missing_found ? r->counts.missing - r->counts.missing_found : 0;
	f.loss_percent = 100 * share((double)f.missing, (double)(f.missing + f.received));
	f.sent_rate = share((double)r->counts.sent, f.seconds);
	f.delivered_rate = share(r->delivered, f.seconds);
	f.server_cores = share(cpu_s, f.seconds);
	f.own_cores = share(own_s, f.seconds);
	f.server_us = share(cpu_s * 1e6, r->delivered);
	f.own_us = share(own_s * 1e6, (double)(r->counts.sent + f.received));
	f.per_cpu_second = share(r->delivered, cpu_s);
	f.kb_a_person = share((double)(r->before.resident_kb - r->empty.resident_kb), r->up_before);
	f.own_kb_a_person = share((double)(r->before.own_resident_kb - r->empty.own_resident_kb), r->up_before);
	f.people_a_core = share(r->up_before, f.server_cores);
	if (r->before.counted && r->after.counted) {
		f.server_in_rate = share((double)(r->after.server_received - r->before.server_received), f.seconds);
		f.server_out_rate = share((double)(r->after.server_sent - r->before.server_sent), f.seconds);
	}
	return f;
}

static bool tool_is_busy(const struct figures *f)
{
	return f->own_cores * 100 > OWN_LIMIT_PERCENT;
}

static double ms_at(const struct load_histogram *h, double part, double unit)
{
	return (double)load_histogram_at(h, part) / unit;
}

const char *load_report_fault(const struct load_result *r)
{
	struct figures f = work_out(r);
	const struct load_counts *c = &r->counts;
	if (r->failed)
		return "not everybody got in";
	if (!f.received)
		return "nothing was received";
	if (c->wrong || c->foreign || c->forged)
		return "packets with wrong bytes";
	if (r->streams_heard < r->streams_due)
		return "streams that ought to come did not";
	if (f.loss_percent > r->engine->options.max_loss)
		return "more loss than --max-loss";
	return NULL;
}

static void table_server(FILE *out, const struct load_result *r, const struct figures *f)
{
	if (r->after.cpu_ns)
		fprintf(out, "server      %.1f %% of a core, %.2f us a packet delivered, %.0f packets per CPU-second\n", f->server_cores * 100, f->server_us,
			f->per_cpu_second);
	if (f->server_out_rate > 0)
		fprintf(out, "            by its own count %.0f packets/s in, %.0f packets/s out\n", f->server_in_rate, f->server_out_rate);
	if (r->after.resident_kb)
		fprintf(out, "memory      %lld kB with nobody, %lld kB at the begin (%.0f kB a person), %lld kB at the end, %lld kB when all had left\n"
			"descriptors %d, %d, %d, %d\n", (long long)r->empty.resident_kb, (long long)r->before.resident_kb, f->kb_a_person,
			(long long)r->after.resident_kb, (long long)r->left.resident_kb, r->empty.descriptors, r->before.descriptors, r->after.descriptors,
			r->left.descriptors);
}

static void table_joins(FILE *out, const struct load_result *r)
{
	fprintf(out, "joins       ms from the start of joining, p50 / p95 / max of %llu:", (unsigned long long)r->engine->joins[LOAD_PART_SHAKEN].count);
	for (int i = 0; i < LOAD_PARTS; i++)
		fprintf(out, "%s %s %.1f / %.1f / %.1f", i ? "," : "", part_names[i], ms_at(&r->engine->joins[i], 0.5, 1000),
			ms_at(&r->engine->joins[i], 0.95, 1000), (double)r->engine->joins[i].max / 1000);
	fputc('\n', out);
}

void load_report_table(FILE *out, const struct load_result *r)
{
	struct figures f = work_out(r);
	const struct load_counts *c = &r->counts;
	const struct load_options *o = &r->engine->options;
	fprintf(out, "scene       %s%s on %s: %d rooms of %d, %.1f s\n", r->kind->name, o->spread ? ", packets of a frame 1-2 ms apart" : o->burst ? ", packets of a frame at once" : "",
		r->engine->adaptor->name, r->scene->rooms, r->scene->room_size, f.seconds);
	fprintf(out, "people      %d came in, %d did not%s%s", r->up, r->failed, r->failed ? ": " : "", r->failed_why);
	if (r->joined_in_window || r->left_in_window)
		fprintf(out, "; during the measurement %d came and %d left", r->joined_in_window, r->left_in_window);
	fprintf(out, "\npackets     %.0f/s sent, %.0f/s delivered; checked byte for byte %llu of %d people", f.sent_rate, f.delivered_rate,
		(unsigned long long)f.received, r->scene->role_sampled[0] + r->scene->role_sampled[1]);
	if (r->streams_due)
		fprintf(out, ", %d streams of %d", r->streams_heard, r->streams_due);
	fprintf(out, "\nloss        %.4f %% (%llu), late %llu, twice %llu, wrong %llu, not opened %llu; %llu NACKs and %llu PLIs came\n", f.loss_percent,
		(unsigned long long)f.missing, (unsigned long long)c->late, (unsigned long long)c->twice, (unsigned long long)(c->wrong + c->foreign),
		(unsigned long long)c->forged, (unsigned long long)c->nacks, (unsigned long long)c->plis);
	if (c->send_failed)
		fprintf(out, "NOT SENT    %llu packets that the kernel refused\n", (unsigned long long)c->send_failed);
	fprintf(out, "latency     us: p50 %.0f, p99 %.0f, max %.0f\n", ms_at(&c->latency_ns, 0.5, 1000), ms_at(&c->latency_ns, 0.99, 1000),
		(double)c->latency_ns.max / 1000);
	table_server(out, r, &f);
	table_joins(out, r);
	fprintf(out, "this tool   %.1f %% of a core, %.2f us a packet sent or checked, %.0f kB a person\n", f.own_cores * 100, f.own_us, f.own_kb_a_person);
	if (tool_is_busy(&f))
		fprintf(out, "EXTRAPOLATED this tool was near its own limit: by CPU alone a core of the server would carry %.0f such people\n", f.people_a_core);
	const char *fault = load_report_fault(r);
	fprintf(out, "verdict     %s\n", fault ? fault : "good");
}

static json_t *mark_json(const struct load_mark *m)
{
	return json_pack("{s:I, s:i}", "resident_kb", (json_int_t)m->resident_kb, "descriptors", m->descriptors);
}

static json_t *joins_json(const struct load_result *r)
{
	json_t *o = json_object();
	for (int i = 0; i < LOAD_PARTS; i++) {
		const struct load_histogram *h = &r->engine->joins[i];
		json_object_set_new(o, part_names[i], json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)h->count, "p50_ms", ms_at(h, 0.5, 1000),
			"p95_ms", ms_at(h, 0.95, 1000), "max_ms", (double)h->max / 1000));
	}
	return o;
}

void load_report_json(FILE *out, const struct load_result *r)
{
	struct figures f = work_out(r);
	const struct load_counts *c = &r->counts;
	const char *fault = load_report_fault(r);
	json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:i, s:i, s:f, s:i, s:i, s:i, s:i}", "scene", r->kind->name, "server", r->engine->adaptor->name,
		"spread", r->engine->options.spread, "burst", r->engine->options.burst, "rooms", r->scene->rooms, "room_size", r->scene->room_size, "seconds", f.seconds, "people", r->up,
		"failed", r->failed, "joined_meanwhile", r->joined_in_window, "left_meanwhile", r->left_in_window);
	json_object_set_new(o, "packets", json_pack("{s:f, s:f, s:I, s:I, s:i, s:i}", "sent_per_s", f.sent_rate, "delivered_per_s", f.delivered_rate,
		"checked", (json_int_t)f.received, "sampled_people", (json_int_t)(r->scene->role_sampled[0] + r->scene->role_sampled[1]), "streams_due",
		r->streams_due, "streams_heard", r->streams_heard));
	json_object_set_new(o, "loss", json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "percent", f.loss_percent, "missing",
		(json_int_t)f.missing, "late", (json_int_t)c->late, "twice", (json_int_t)c->twice, "wrong", (json_int_t)(c->wrong + c->foreign),
		"not_opened", (json_int_t)c->forged, "nacks", (json_int_t)c->nacks, "plis", (json_int_t)c->plis,
		"send_failed", (json_int_t)c->send_failed, "not_sent_on_purpose", (json_int_t)c->dropped_on_purpose));
	json_object_set_new(o, "latency_us", json_pack("{s:f, s:f, s:f}", "p50", ms_at(&c->latency_ns, 0.5, 1000), "p99",
		ms_at(&c->latency_ns, 0.99, 1000), "max", (double)c->latency_ns.max / 1000));
	json_object_set_new(o, "server_use", json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "cores", f.server_cores, "us_per_packet", f.server_us,
		"packets_per_cpu_second", f.per_cpu_second, "kb_per_person", f.kb_a_person, "own_in_per_s", f.server_in_rate, "own_out_per_s",
		f.server_out_rate, "people_per_core", f.people_a_core));
	json_object_set_new(o, "marks", json_pack("{s:o, s:o, s:o, s:o}", "empty", mark_json(&r->empty), "before", mark_json(&r->before), "after",
		mark_json(&r->after), "left", mark_json(&r->left)));
	json_object_set_new(o, "joins", joins_json(r));
	json_object_set_new(o, "tool", json_pack("{s:f, s:f, s:f, s:b}", "cores", f.own_cores, "us_per_packet", f.own_us,
		"kb_per_person", f.own_kb_a_person, "extrapolated", tool_is_busy(&f)));
	json_object_set_new(o, "fault", fault ? json_string(fault) : json_null());
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(o);
}

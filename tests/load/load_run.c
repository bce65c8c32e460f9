#include "load_run.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load_process.h"

enum { UP_S = 30, GONE_S = 1, STORM_S = 1, CHURN_A_SECOND = 10, TURN_MS = 20, PAUSE_US = 700 };

struct run {
	struct load_result *result;
	struct load_engine *engine;
	struct load_scene *scene;
	struct tp_timer joins, churn;
	int64_t joins_from_us;
	int next, until;                /* members that are still to join */
	int rate;                       /* of them in a second */
	int churn_at;
	bool measuring, unhurried;      /* the latter: nobody joins, so nobody's join is held up by a pause */
};

/* -- what the engine tells -- */

static void person_up(struct load_engine *engine, struct load_person *person)
{
	struct run *run = engine->owner;
	run->result->up++;
}

static void person_failed(struct load_engine *engine, struct load_person *person, const char *why)
{
	struct run *run = engine->owner;
	if (!run->result->failed++)
		snprintf(run->result->failed_why, sizeof run->result->failed_why, "person %u: %.100s", person->number, why);
}

/* -- CPUs -- */

static void pin(int cpu)
{
	cpu_set_t set;
	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		fprintf(stderr, "hopkin-load: cannot run on CPU %d: %s\n", cpu, strerror(errno));
}

static int start_server(struct load_engine *engine, int rooms)
{
	cpu_set_t before;
	sched_getaffinity(0, sizeof before, &before);
	pin(engine->options.pin_server);        /* what is forked inherits it */
	int err = engine->adaptor->start(&engine->of_adaptor, engine->loop, &engine->options.server, rooms);
	sched_setaffinity(0, sizeof before, &before);
	pin(engine->options.pin_own);
	return err;
}

static int64_t own_cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct load_mark mark(struct load_engine *engine)
{
	pid_t pid = engine->options.server_pid ? engine->options.server_pid : engine->adaptor->pid(engine->of_adaptor);
	struct load_mark m = { .resident_kb = load_process_resident_kb(pid), .descriptors = load_process_descriptors(pid) };
	if (engine->adaptor->counts)
		m.counted = engine->adaptor->counts(engine->of_adaptor, &m.server_received, &m.server_sent);
	m.at_us = tp_now_us();
	m.cpu_ns = load_process_cpu_ns(pid);
	m.own_cpu_ns = own_cpu_ns();
	m.own_resident_kb = load_process_resident_kb(getpid());
	return m;
}

/* -- people come and go -- */

static void on_join_due(struct tp_timer *timer)
{
	struct run *run = timer->owner;
	int64_t due = run->joins_from_us;
	for (; run->next < run->until; run->next++) {
		due = run->joins_from_us;
		if (due > tp_now_us())
			break;
		run->joins_from_us += 1000000 / run->rate;
		run->result->joined_in_window += run->measuring;
		load_member_join(&run->scene->members[run->next]);
	}
	if (run->next < run->until)
		tp_timer_at(run->engine->loop, timer, due);
}

static void begin_joins(struct run *run, int until, int rate)
{
	run->until = until;
	run->rate = rate > 0 ? rate : 1;
	run->joins_from_us = tp_now_us();
	run->joins = (struct tp_timer){ .owner = run, .on_due = on_join_due };
	tp_timer_at(run->engine->loop, &run->joins, run->joins_from_us);
}

/* One goes, and who went before comes back: the next is far away in the list, so that rooms take turns. */
static void on_churn_due(struct tp_timer *timer)
{
	struct run *run = timer->owner;
	struct load_member *back = &run->scene->members[run->churn_at];
	run->churn_at = (run->churn_at + run->scene->room_size + 1) % run->scene->count;
	load_member_leave(&run->scene->members[run->churn_at]);
	run->result->left_in_window++;
	if (!back->joined) {
		load_member_join(back);
		run->result->joined_in_window++;
	}
	tp_timer_at(run->engine->loop, timer, timer->due_us + 1000000 / CHURN_A_SECOND);
}

static void begin_churn(struct run *run)
{
	run->churn = (struct tp_timer){ .owner = run, .on_due = on_churn_due };
	tp_timer_at(run->engine->loop, &run->churn, tp_now_us() + 1000000 / CHURN_A_SECOND);
}

/* -- the phases -- */

static bool all_in(const struct run *run)
{
	return run->next == run->until && run->result->up + run->result->failed >= run->until;
}

static void wait(struct run *run, double seconds, bool (*enough)(const struct run *))
{
	int64_t end = tp_now_us() + (int64_t)(seconds * 1e6);
	while (tp_now_us() < end && !(enough && enough(run))) {
		tp_loop_turn(run->engine->loop, TURN_MS);
		if (run->unhurried)
			usleep(PAUSE_US);       /* one waking for many packets: waking for each is what would cost this tool most */
	}
}

static int standing(const struct run *run, const struct load_scene_kind *kind)
{
	int rooms = kind->activity == LOAD_STORM ? run->engine->options.standing : run->scene->rooms;
	return (rooms < run->scene->rooms ? rooms : run->scene->rooms) * run->scene->room_size;
}

static void come(struct run *run, const struct load_scene_kind *kind)
{
	begin_joins(run, standing(run, kind), run->engine->options.join_rate);
	wait(run, UP_S + (double)run->until / run->rate, all_in);
	if (run->engine->adaptor->all_joined)
		run->engine->adaptor->all_joined(run->engine->of_adaptor);
	wait(run, run->engine->options.settle, NULL);
}

static void count_streams(struct run *run, bool first)
{
	for (int i = 0; i < run->scene->count; i++) {
		struct load_member *m = &run->scene->members[i];
		if (!m->sampled || !m->up)
			continue;
		int heard = load_member_heard(m);
		if (!first) {
			run->result->streams_due += load_scene_streams(m);
			run->result->streams_heard += heard;
		}
	}
}

static void measure(struct run *run, const struct load_scene_kind *kind)
{
	struct load_engine *engine = run->engine;
	if (kind->activity != LOAD_STAND)
		memset(engine->joins, 0, sizeof engine->joins); /* of those who come now */
	run->result->up_before = run->result->up;
	run->result->before = mark(engine);
	memset(&engine->counts, 0, sizeof engine->counts);
	count_streams(run, true);
	run->measuring = true;
	run->unhurried = kind->activity == LOAD_STAND;
	if (kind->activity == LOAD_STORM)
		begin_joins(run, run->scene->count, (run->scene->count - run->next) / STORM_S);
	if (kind->activity == LOAD_CHURN)
		begin_churn(run);
	wait(run, engine->options.seconds ? engine->options.seconds : kind->seconds, NULL);
	tp_timer_stop(engine->loop, &run->churn);
	run->measuring = run->unhurried = false;
	run->result->after = mark(engine);
	if (kind->activity == LOAD_STAND)
		count_streams(run, false);
}

static void go(struct run *run)
{
	for (int i = 0; i < run->scene->count; i++)
		load_member_leave(&run->scene->members[i]);
	wait(run, GONE_S, NULL);
	run->result->left = mark(run->engine);
}

static double delivered(const struct load_engine *engine, const struct load_scene *scene)
{
	double sum = 0;
	for (int r = 0; r < LOAD_ROLES; r++)
		if (scene->role_sampled[r])
			sum += (double)engine->counts.received[r] * scene->role_count[r] / scene->role_sampled[r];
	return sum;
}

int load_run(struct load_result *out, struct load_scene *scene, const struct load_scene_kind *kind, struct load_engine *engine)
{
	struct run run = { .result = out, .engine = engine, .scene = scene };
	*out = (struct load_result){ .kind = kind, .scene = scene, .engine = engine };
	engine->owner = &run;
	engine->person_up = person_up;
	engine->person_failed = person_failed;
	int err = start_server(engine, scene->rooms);
	if (err)
		return err;
	out->empty = mark(engine);
	come(&run, kind);
	measure(&run, kind);
	out->delivered = delivered(engine, scene);
	out->counts = engine->counts;
	go(&run);
	engine->adaptor->stop(engine->of_adaptor);
	return 0;
}

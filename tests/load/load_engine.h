/**
 * What the engine's parts share: the run's options, everybody in it, and what was counted. One thread, one loop.
 */
#ifndef HOPKIN_LOAD_ENGINE_H
#define HOPKIN_LOAD_ENGINE_H

#include <stdio.h>

#include "load_adaptor.h"
#include "load_histogram.h"
#include "load_trace.h"

enum { LOAD_ROLES = 2 };                /* who sends and receives alike has the same role */

/** How long the parts of a join took, from `join` on: microseconds. */
enum load_part { LOAD_PART_SIGNALED, LOAD_PART_CHECKED, LOAD_PART_SHAKEN, LOAD_PART_MEDIA, LOAD_PARTS };

struct load_counts {
	uint64_t sent, sent_bytes, send_failed, dropped_on_purpose;
	uint64_t received[LOAD_ROLES], received_bytes;  /* by those who are sampled */
	uint64_t missing_found;         /* of those missing, how many came later */
	uint64_t missing, late, twice;
	uint64_t forged, wrong, foreign, unknown_kind;  /* did not open; a wrong byte; no tag of ours; another payload type (RTX) */
	uint64_t plis, nacks, rtcp_in;
	struct load_histogram latency_ns;
};

struct load_options {
	struct load_server server;
	const char *scene;
	int rooms, size, publishers;    /* of the scene; size: people in a room */
	int seconds, settle, join_rate; /* join_rate: a second */
	int sample;                     /* one person in so many is counted and checked */
	int lose;                       /* one packet in so many is not sent, to see that loss is seen; 0: none */
	int standing;                   /* rooms that are there before a storm */
	pid_t server_pid;               /* whose use is read; 0: the adaptor says */
	int pin_server, pin_own;        /* CPUs, -1: as it comes */
	bool spread, burst, json, passwords_come;      /* the last: on standard input */
	double max_loss;                /* percent */
	const char *trace;              /* a file; NULL: the recording inside */
};

struct load_engine {
	struct tp_loop *loop;
	const struct load_adaptor *adaptor;
	void *of_adaptor;
	struct load_options options;
	struct load_trace trace;
	struct load_counts counts;      /* since the measurement began */
	struct load_histogram joins[LOAD_PARTS];
	uint32_t lose_at;
	struct load_receive_buffers *receive;
	struct load_send_buffers *send;
	void (*person_up)(struct load_engine *engine, struct load_person *person);
	void (*person_failed)(struct load_engine *engine, struct load_person *person, const char *why);
	void *owner;                    /* of those two */
};

/** Everything about a person that adaptors need not know. */
struct load_member {
	struct load_person person;      /* first: a person is a member */
	struct load_engine *engine;
	int role;
	bool sampled, joined, up, failed, part_noted[LOAD_PARTS];
	int64_t join_us;
	uint32_t lives;                 /* how often they joined */
};

static inline struct load_member *load_member(struct load_person *person)
{
	return (struct load_member *)person;
}

int load_engine_open(struct load_engine *engine);
void load_engine_close(struct load_engine *engine);

/** Calls the adaptor's `join` and `leave`, and forgets the peers after the latter. */
void load_member_join(struct load_member *member);
void load_member_leave(struct load_member *member);

/** Of a sampled person: on how many SSRCs something came since the last call. */
int load_member_heard(struct load_member *member);

#endif

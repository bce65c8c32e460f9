/* People, as far as all of them are alike: coming, going, what became of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load_peer_internal.h"

int load_engine_open(struct load_engine *engine)
{
	return load_send_open(engine) && load_receive_open(engine) ? 0 : -ENOMEM;
}

void load_engine_close(struct load_engine *engine)
{
	free(engine->receive);
	free(engine->send);
	load_trace_clear(&engine->trace);
}

int64_t load_wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void load_member_note(struct load_member *member, enum load_part part)
{
	if (member->part_noted[part])
		return;
	member->part_noted[part] = true;
	load_histogram_add(&member->engine->joins[part], tp_now_us() - member->join_us);
}

int load_layer_for(int height)
{
	return height > 360 ? 2 : height > 180 ? 1 : 0;
}

void load_person_failed(struct load_person *person, const char *why)
{
	struct load_member *member = load_member(person);
	if (member->failed)
		return;
	member->failed = true;
	member->engine->person_failed(member->engine, person, why);
}


void load_member_join(struct load_member *member)
{
	member->joined = true;
	member->up = member->failed = false;
	memset(member->part_noted, 0, sizeof member->part_noted);
	member->join_us = tp_now_us();
	member->lives++;
	member->engine->adaptor->join(member->engine->of_adaptor, &member->person);
}

void load_member_leave(struct load_member *member)
{
	if (!member->joined)
		return;
	member->engine->adaptor->leave(member->engine->of_adaptor, &member->person);
	for (int i = 0; i < LOAD_PEERS; i++)
		load_peer_close(member->person.peers[i]);
	member->joined = member->up = false;
}

int load_member_heard(struct load_member *member)
{
	int heard = 0;
	for (int i = 0; i < LOAD_PEERS; i++) {
		struct load_peer *peer = member->person.peers[i];
		for (int k = 0; peer && k < peer->sink_count; k++) {
			heard += peer->sinks[k].heard;
			peer->sinks[k].heard = false;
		}
	}
	return heard;
}

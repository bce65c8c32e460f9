/* Sealed tags: what goes in comes out; one flipped bit, another peer, another key: nothing does. */
#include "check.h"

#include <sodium.h>
#include <string.h>

#include "sealed_tag.h"

static struct live live;
static struct meeting meeting;
static struct participant person;
static struct live_peer peer;

static void furnish(void)
{
	memset(live.config.seal_key, 3, sizeof live.config.seal_key);
	meeting.live = &live;
	strcpy(meeting.room.id, "AAAAAAAAAAAAAAAAAAAAAA");
	meeting.locked = true;
	meeting.last_number = 12;
	meeting.revision = 40;
	person.meeting = &meeting;
	person.number = 5;
	person.guest = true;
	memset(person.name, 'n', sizeof person.name - 1);       /* as long as a name can be */
	person.since_s = 1790000000;
	person.hand_s = 1790000009;
	person.state[CONTROL_CAMERA] = person.blocked[CONTROL_MIC] = true;
	memset(person.resume_hash, 7, sizeof person.resume_hash);
	memset(&person.marks, 9, sizeof person.marks);
	strcpy(peer.id, "p-abcdefghijklmnopqrstuvwx");
	peer.generation = 2;
	peer.seat_count = 7;
}

static void round_trip(void)
{
	static struct removal removals[LIVE_REMOVALS_KEPT + 3];
	static char tag[CONTROL_TAG_MAX + 1];
	struct sealed_tag out;

	for (int i = 0; i < LIVE_REMOVALS_KEPT + 3; i++)
		removals[i] = (struct removal){ .mark = { (uint8_t)i }, .from_s = 1790000000 + i };
	meeting.removals = removals;
	meeting.removal_count = LIVE_REMOVALS_KEPT + 3;
	check("tag: the longest fits", sealed_tag_write(tag, &person, &peer));
	check("tag: opens", sealed_tag_read(&out, live.config.seal_key, tag, peer.id));
	check("tag: the person", out.number == 5 && out.guest && !strcmp(out.name, person.name) && out.hand_s == person.hand_s &&
		out.state[CONTROL_CAMERA] && !out.state[CONTROL_MIC] && out.blocked[CONTROL_MIC] &&
		!memcmp(out.resume_hash, person.resume_hash, sizeof out.resume_hash));
	check("tag: the meeting, at a new revision", out.locked && out.last_number == 12 && out.revision == 41 && !strcmp(out.room, meeting.room.id));
	check("tag: the newest removals", out.removal_count == LIVE_REMOVALS_KEPT && out.removals[0].mark[0] == 3 &&
		out.removals[0].from_s == 1790000003 && !memcmp(&out.marks, &person.marks, sizeof out.marks));
	check("tag: the peer", out.generation == 2 && out.seat_count == 7);
	check("tag: not for another peer", !sealed_tag_read(&out, live.config.seal_key, tag, "p-abcdefghijklmnopqrstuvwy"));
	uint8_t other[LIVE_SEAL_KEY_BYTES] = { 1 };
	check("tag: not under another key", !sealed_tag_read(&out, other, tag, peer.id));
	bool opened = false;
	for (size_t i = 0; tag[i]; i++) {
		char was = tag[i];
		tag[i] = was == 'A' ? 'B' : 'A';
		opened = opened || sealed_tag_read(&out, live.config.seal_key, tag, peer.id);
		tag[i] = 0;
		opened = opened || sealed_tag_read(&out, live.config.seal_key, tag, peer.id);
		tag[i] = was;
	}
	check("tag: changed or cut anywhere, it does not open", !opened);
	check("tag: unharmed, it still does", sealed_tag_read(&out, live.config.seal_key, tag, peer.id));
	check("tag: nothing is none", !sealed_tag_read(&out, live.config.seal_key, "", peer.id));
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	furnish();
	round_trip();
	return check_done();
}

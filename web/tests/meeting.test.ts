import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entered, Member, Present } from '../protocol/messages.ts';
import { announce } from '../state/announce.ts';
import {
	type Inside, type Meeting, type Step, atDoor, handsUp, meetingStep, seatOf, seatProven,
} from '../state/meeting.ts';

const member = (number: number, change: Partial<Member> = {}): Member => ({
	number, name: `P${number}`, guest: false, host: number === 1, since: 100 + number, mic: true, camera: true, screen: false, hand: 0,
	muted: false, blocked: [], away: false, ...change,
});
const entered: Entered = {
	title: 'Giao ban', you: { name: 'P1', guest: false, host: true }, banner: '', contact: '', people: 1, seats: 9,
};
const present = (roster: Member[]): Present => ({ number: 1, resume: 'r', locked: false, roster, chat: [] });
const walk = (from: Meeting, ...steps: Step[]) => steps.reduce(meetingStep, from);
const joined = (...others: Member[]) => walk(atDoor, { do: 'knock' }, { do: 'enter', entered },
	{ do: 'joining' }, { do: 'join', present: present([member(1), ...others]), seatKinds: ['person', 'person', 'screen', 'voice'] });
function inside(meeting: Meeting): Inside {
	assert.equal(meeting.at, 'inside');
	return (meeting as Extract<Meeting, { at: 'inside' }>).inside;
}

test('meeting: door, ready, inside', () => {
	assert.equal(walk(atDoor, { do: 'knock' }).at, 'door');
	assert.equal(walk(atDoor, { do: 'knock' }, { do: 'enter', entered }).at, 'ready');
	assert.equal(inside(joined()).number, 1);
});

test('meeting: a refusal stays where it was and says why', () => {
	const at = walk(atDoor, { do: 'knock' }, { do: 'refuse', problem: { code: 'refused', retryAfter: 0 } });
	assert.deepEqual(at, { at: 'door', busy: false, problem: { code: 'refused', retryAfter: 0 }, nameNeeded: false });
	const ready = walk(atDoor, { do: 'enter', entered }, { do: 'joining' }, { do: 'refuse', problem: { code: 'room_full', retryAfter: 0 } });
	assert.equal(ready.at === 'ready' && !ready.busy && ready.problem?.code, 'room_full');
});

test('meeting: people come, change and go', () => {
	let now = joined();
	now = walk(now, { do: 'event', event: { t: 'arrived', member: member(2) } });
	assert.deepEqual(inside(now).roster.map((m) => m.number), [1, 2]);
	now = walk(now, { do: 'event', event: { t: 'arrived', member: member(2, { name: 'again' }) } });
	assert.deepEqual(inside(now).roster.map((m) => m.name), ['P1', 'again']);
	now = walk(now, { do: 'pin', number: 2 }, { do: 'event', event: { t: 'departed', number: 2, reason: 'left' } });
	assert.deepEqual(inside(now).roster.map((m) => m.number), [1]);
	assert.equal(inside(now).pinned, 0);
});

test('meeting: no picture under a name before the packets agree', () => {
	let now = walk(joined(member(2), member(3)), { do: 'event', event: { t: 'seats', seats: [{ seat: 0, number: 2 }] } });
	assert.equal(seatOf(inside(now), 2, 'person'), 0);
	assert.equal(seatProven(inside(now), 0), false);
	now = walk(now, { do: 'proven', seat: 0, number: 2 });
	assert.equal(seatProven(inside(now), 0), true);
	now = walk(now, { do: 'event', event: { t: 'seats', seats: [{ seat: 0, number: 3 }] } });
	assert.equal(seatProven(inside(now), 0), false, 'the old picture is not shown under the new name');
	assert.equal(seatOf(inside(now), 2, 'person'), -1);
});

test('meeting: an empty seat proves nothing', () => {
	assert.equal(seatProven(inside(joined()), 0), false);
	assert.equal(seatProven(inside(joined()), -1), false);
	assert.equal(seatProven(inside(joined()), 99), false);
	assert.equal(seatOf(inside(joined()), 0, 'person'), -1);
});

test('meeting: seats beyond those offered are ignored', () => {
	const now = walk(joined(member(2)), { do: 'event', event: { t: 'seats', seats: [{ seat: 40, number: 2 }] } });
	assert.deepEqual(inside(now).seats, [0, 0, 0, 0]);
});

test('meeting: a new connection empties the seats, more seats keep them', () => {
	const seated = walk(joined(member(2)), { do: 'event', event: { t: 'seats', seats: [{ seat: 1, number: 2 }] } });
	const grown = walk(seated, { do: 'seatKinds', seatKinds: ['person', 'person', 'screen', 'voice', 'person'], fresh: false });
	assert.deepEqual(inside(grown).seats, [0, 2, 0, 0, 0]);
	const fresh = walk(seated, { do: 'seatKinds', seatKinds: ['person', 'person'], fresh: true });
	assert.deepEqual(inside(fresh).seats, [0, 0]);
});

test('meeting: chat counts what was not seen', () => {
	const line = { t: 'chat', number: 2, name: 'P2', guest: false, at: 1, text: '<b>x</b>' } as const;
	let now = walk(joined(member(2)), { do: 'event', event: line });
	assert.equal(inside(now).unread, 1);
	now = walk(now, { do: 'panel', panel: 'chat' }, { do: 'event', event: line });
	assert.equal(inside(now).unread, 0);
	assert.equal(inside(now).chat.length, 2);
	now = walk(now, { do: 'panel', panel: 'chat' }, { do: 'event', event: { ...line, number: 1 } });
	assert.equal(inside(now).unread, 0, 'not one\'s own');
});

test('meeting: removed and ended are the end, and stay it', () => {
	for (const t of ['removed', 'ended'] as const) {
		const over = walk(joined(), { do: 'event', event: { t } }, { do: 'over', how: 'left' });
		assert.deepEqual(over, { at: 'over', how: t, title: 'Giao ban' });
	}
});

test('meeting: coming back keeps what is on the screen', () => {
	const before = walk(joined(member(2)), { do: 'layout', layout: 'speaker' }, { do: 'panel', panel: 'people' },
		{ do: 'event', event: { t: 'seats', seats: [{ seat: 0, number: 2 }] } }, { do: 'signal', signal: 'lost' });
	const after = inside(walk(before, { do: 'resume', present: { ...present([member(1), member(3)]), ...entered, media: true } as Present & Entered }));
	assert.equal(after.signal, 'up');
	assert.equal(after.layout, 'speaker');
	assert.equal(after.panel, 'people');
	assert.deepEqual(after.seats, [2, 0, 0, 0]);
	assert.deepEqual(after.roster.map((m) => m.number), [1, 3]);
});

test('meeting: hands by how long they are up', () => {
	const now = inside(joined(member(2, { hand: 50 }), member(3, { hand: 40 }), member(4)));
	assert.deepEqual(handsUp(now).map((m) => m.number), [3, 2]);
});

test('announce: one sentence for what changed', () => {
	const now = inside(joined(member(2, { mic: false })));
	assert.deepEqual(announce(now, { t: 'arrived', member: member(3) }), { key: 'say.arrived', name: 'P3' });
	assert.deepEqual(announce(now, { t: 'departed', number: 2, reason: 'lost' }), { key: 'say.lost', name: 'P2' });
	assert.deepEqual(announce(now, { t: 'changed', member: member(2, { mic: false, hand: 9 }) }), { key: 'say.hand', name: 'P2' });
	assert.deepEqual(announce(now, { t: 'changed', member: member(2) }), { key: 'say.mic_on', name: 'P2' });
	assert.equal(announce(now, { t: 'changed', member: member(1, { mic: false }) }), null, 'not what one did oneself');
	assert.equal(announce(now, { t: 'departed', number: 9, reason: 'left' }), null);
	assert.deepEqual(announce(now, { t: 'blocked', sources: ['mic'], by: 1 }), { key: 'say.blocked' });
});

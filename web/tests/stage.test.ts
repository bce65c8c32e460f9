import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member, SeatKind } from '../protocol/messages.ts';
import type { Inside } from '../state/meeting.ts';
import { screenOf, seatsFor, speakerOf, stageOf, tileOrder, viewOf } from '../state/stage.ts';

const member = (number: number, change: Partial<Member> = {}): Member => ({
	number, name: `P${number}`, guest: false, host: false, since: 0, mic: true, camera: true, screen: false, hand: 0, muted: false,
	blocked: [], away: false, ...change,
});
function inside(count: number, change: Partial<Inside> = {}): Inside {
	const seatKinds: SeatKind[] = ['person', 'person', 'person', 'screen', 'voice'];
	return {
		number: 1, roster: Array.from({ length: count }, (_, i) => member(i + 1)), chat: [], unread: 0, locked: false, blocked: [],
		signal: 'up', media: 'up', via: '', seatKinds, seats: [0, 0, 0, 0, 0], proven: [0, 0, 0, 0, 0], speaking: [], recent: [],
		layout: 'grid', pinned: 0, page: 0, panel: 'none', ...change,
	};
}

test('stage: oneself first, then in the order of coming', () => {
	assert.deepEqual(tileOrder(inside(4), 9), [1, 2, 3, 4]);
});

test('stage: cameras before initials', () => {
	const now = inside(4);
	assert.deepEqual(tileOrder({ ...now, roster: [member(1), member(2, { camera: false }), member(3), member(4)] }, 9), [1, 3, 4, 2]);
});

test('stage: who is heard comes to the first page, and nobody there moves for it needlessly', () => {
	assert.deepEqual(tileOrder(inside(6, { recent: [6] }), 4), [1, 2, 3, 6, 4, 5]);
	assert.deepEqual(tileOrder(inside(6, { recent: [3, 2] }), 4), [1, 2, 3, 4, 5, 6]);
	assert.deepEqual(tileOrder(inside(6, { recent: [6, 4] }), 4), [1, 2, 6, 4, 3, 5], 'the silent one makes place');
});

test('stage: the pinned leads and is never moved out', () => {
	assert.deepEqual(tileOrder(inside(6, { pinned: 5, recent: [4, 6] }), 4).slice(0, 2), [1, 5]);
});

test('stage: everybody has exactly one place over all pages', () => {
	for (const recent of [[], [9], [9, 8, 7], [2, 9]]) {
		const order = tileOrder(inside(9, { recent }), 4);
		assert.deepEqual([...order].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
	}
});

test('stage: pages', () => {
	const stage = stageOf(inside(9, { page: 7 }), 4);
	assert.equal(stage.pages, 3);
	assert.equal(stage.page, 2, 'a page that is no more gives way to the last');
	assert.equal(stage.tiles.length, 1);
});

test('stage: a shared screen is large', () => {
	const now = inside(3, { seats: [0, 0, 0, 2, 0], roster: [member(1), member(2, { screen: true }), member(3)] });
	assert.equal(screenOf(now), 2);
	assert.deepEqual(stageOf(now, 9).large, { kind: 'screen', number: 2 });
	const withPin = stageOf({ ...now, pinned: 3 }, 9);
	assert.deepEqual(withPin.large, { kind: 'screen', number: 2 });
	assert.deepEqual(withPin.tiles.slice(0, 2), [1, 3]);
	assert.equal(screenOf(inside(3, { seats: [0, 0, 0, 2, 0] })), 0, 'not once it has stopped');
});

test('stage: speaker view shows another, never oneself while others are there', () => {
	assert.equal(speakerOf(inside(3, { recent: [1, 3] })), 3);
	assert.equal(speakerOf(inside(3)), 2);
	assert.equal(speakerOf(inside(1)), 1);
	assert.deepEqual(stageOf(inside(3, { layout: 'speaker', recent: [3] }), 9).tiles, [1, 2]);
	assert.equal(stageOf(inside(1, { layout: 'speaker' }), 9).large, null);
});

test('stage: the view says what is seen, by seat, and nothing of the rest', () => {
	const now = inside(4, { seats: [2, 3, 0, 0, 4], roster: [member(1), member(2), member(3), member(4, { camera: false })] });
	const view = viewOf(now, stageOf(now, 9), new Map([[1, 300], [2, 300.4], [4, 300]]), 0);
	assert.deepEqual(view, { pins: [], wants: [2, 3], heights: [300, 0, 0, 0, 0] });
});

test('stage: a pin is told, one\'s own is not', () => {
	const now = inside(3, { pinned: 3 });
	assert.deepEqual(viewOf(now, stageOf(now, 9), new Map(), 0).pins, [3]);
	assert.deepEqual(viewOf({ ...now, pinned: 1 }, stageOf(now, 9), new Map(), 0).pins, []);
});

test('stage: seats grow in steps up to what the server allows', () => {
	assert.deepEqual([2, 10, 11, 17, 18, 300].map((n) => seatsFor(n, 49)), [9, 9, 16, 16, 25, 25]);
	assert.equal(seatsFor(300, 9), 9);
	assert.equal(seatsFor(2, 4), 4);
});

test('stage: a wall display has no tile, an encoder has', () => {
	const now = { ...inside(3), roster: [member(1), member(2, { device: 'view', mic: false, camera: false }), member(3, { device: 'publish' })] };
	assert.deepEqual(tileOrder(now, 9), [1, 3]);
	assert.equal(speakerOf(now), 3);
});

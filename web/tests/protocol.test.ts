import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflate, inflate } from '../protocol/deflate.ts';
import { isEntered, isJoined, isResumed, readEvent } from '../protocol/messages.ts';

const member = {
	number: 1, name: 'Minh', guest: false, host: true, since: 1790000000, mic: true, camera: true, screen: false, hand: 0, muted: false,
	blocked: [], away: false,
};
const entered = {
	re: 1, t: 'entered', title: 'Giao ban', you: { name: 'Lan', guest: true, host: false }, banner: 'b', contact: 'c', people: 4,
	ice: { host: ['192.0.2.10'], port: 8443 }, seats: 9,
};
const joined = {
	re: 2, t: 'joined', sdp: 'v=0', number: 3, resume: 'K', locked: false, roster: [member],
	chat: [{ number: 1, name: 'Minh', guest: false, at: 1790000003, text: 'x' }],
};

test('protocol: the answers of PROTOCOL.md pass', () => {
	assert.ok(isEntered(entered));
	assert.ok(isJoined(joined));
	assert.ok(isResumed({ ...entered, ...joined, media: true }));
	assert.ok(isJoined({ ...joined, later: 'a newer server says more' }));
});

const events: readonly [string, unknown, boolean][] = [
	['arrived', { t: 'arrived', member }, true],
	['changed', { t: 'changed', member: { ...member, blocked: ['mic', 'screen'] } }, true],
	['departed', { t: 'departed', number: 1, reason: 'lost' }, true],
	['seats', { t: 'seats', seats: [{ seat: 0, number: 5 }] }, true],
	['speakers', { t: 'speakers', order: [1, 2], speaking: [] }, true],
	['chat', { t: 'chat', number: 1, name: 'x', guest: false, at: 1, text: '<script>' }, true],
	['locked', { t: 'locked', locked: true, by: 1 }, true],
	['blocked', { t: 'blocked', sources: ['camera'], by: 1 }, true],
	['media_lost', { t: 'media_lost' }, true],
	['media_state', { t: 'media_state', connected: true, via: 'udp4' }, true],
	['media_state without a path', { t: 'media_state', connected: false }, true],
	['removed', { t: 'removed' }, true],
	['ended', { t: 'ended' }, true],
	['an unknown event', { t: 'party' }, false],
	['a name of Object', { t: 'constructor' }, false],
	['a member without a name', { t: 'arrived', member: { ...member, name: undefined } }, false],
	['a number as text', { t: 'departed', number: '1', reason: 'left' }, false],
	['a negative seat', { t: 'seats', seats: [{ seat: -1, number: 5 }] }, false],
	['a fraction for a number', { t: 'seats', seats: [{ seat: 0, number: 1.5 }] }, false],
	['an unknown source', { t: 'blocked', sources: ['heart'], by: 1 }, false],
	['a reason of its own', { t: 'departed', number: 1, reason: 'bored' }, false],
	['a list', [], false],
	['null', null, false],
	['text', 'arrived', false],
];
for (const [name, value, passes] of events)
	test(`protocol: ${name} ${passes ? 'passes' : 'is refused'}`, () => {
		assert.equal(readEvent(value) !== null, passes);
	});

test('protocol: deflate and inflate give the same, with marks', async () => {
	const text = JSON.stringify({ t: 'chat', text: 'Trợ lý Bộ trưởng '.repeat(500) });
	const packed = await deflate(text);
	assert.ok(packed.byteLength < text.length / 10);
	assert.equal(await inflate(packed.buffer), text);
});

test('protocol: a frame that is not deflate is an error, not a hang', async () => {
	await assert.rejects(inflate(new Uint8Array([0xff, 0xff, 0xff, 0xff]).buffer));
});

test('protocol: a bomb is stopped', async () => {
	const packed = await deflate('0'.repeat(4_000_000));
	assert.ok(packed.byteLength < 10_000);
	const { deflateRawSync } = await import('node:zlib');
	const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024));
	await assert.rejects(inflate(new Uint8Array(bomb).buffer), /inflates/);
});

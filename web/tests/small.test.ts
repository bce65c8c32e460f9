import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewCodecs } from '../media/codecs.ts';
import { gradeOf, type Figures } from '../media/quality.ts';
import { backoffMs } from '../state/backoff.ts';
import { SHORTCUTS, commandOf } from '../state/shortcuts.ts';
import { duration, fill, initials, tint } from '../state/text.ts';

const press = (key: string, change = {}) => ({
	key, ctrlKey: false, altKey: false, metaKey: false, typing: false, onControl: false, ...change,
});

test('shortcuts: each key once', () => {
	assert.equal(new Set(SHORTCUTS.map((s) => s.key)).size, SHORTCUTS.length);
	assert.equal(new Set(SHORTCUTS.map((s) => s.command)).size, SHORTCUTS.length);
});

test('shortcuts: each is found by its key', () => {
	for (const s of SHORTCUTS)
		assert.equal(commandOf(press(s.key), true), s.command);
	assert.equal(commandOf(press('M'), true), 'mic', 'with the caps lock on, too');
});

test('shortcuts: not while typing, nor with a modifier', () => {
	assert.equal(commandOf(press('m', { typing: true }), true), null);
	for (const key of ['ctrlKey', 'altKey', 'metaKey'])
		assert.equal(commandOf(press('m', { [key]: true }), true), null);
});

test('shortcuts: the space bar presses the button that has the focus', () => {
	assert.equal(commandOf(press(' ', { onControl: true }), true), null);
	assert.equal(commandOf(press('m', { onControl: true }), true), 'mic');
});

test('shortcuts: letters can be switched off', () => {
	assert.equal(commandOf(press('m'), false), null);
	assert.equal(commandOf(press('PageDown'), false), 'next');
	assert.equal(commandOf(press('?'), false), 'help');
});

test('text: initials of Vietnamese and other names', () => {
	assert.equal(initials('Nguyễn Thị Lan Anh'), 'NA');
	assert.equal(initials('  đặng  '), 'Đ');
	assert.equal(initials(''), '?');
	assert.equal(initials('👩‍💻 Bình').length > 0, true);
});

test('text: placeholders, once and only what is known', () => {
	assert.equal(fill('{name} và {name}: {count}', { name: '{count}', count: 2 }), '{count} và {count}: 2');
	assert.equal(fill('{other}', {}), '{other}');
	assert.equal(fill('{constructor}', { name: 'x' }), '{constructor}');
});

test('text: duration', () => {
	assert.equal(duration(0), '00:00');
	assert.equal(duration(754.9), '12:34');
	assert.equal(duration(3661), '1:01:01');
	assert.equal(duration(-5), '00:00');
});

test('text: a tint is one of those there are', () => {
	for (const n of [0, 1, 2, 300, 2 ** 24])
		assert.ok(Number.isInteger(tint(n, 8)) && tint(n, 8) >= 0 && tint(n, 8) < 8);
});

test('backoff: quick at first, slower, never beyond ten seconds or so', () => {
	assert.ok(backoffMs(0, 1) <= 150);
	for (let i = 1; i < 30; i++)
		for (const random of [0, 0.5, 1])
			assert.ok(backoffMs(i, random) >= 180 && backoffMs(i, random) <= 11_200);
	assert.ok(backoffMs(6, 0.5) > backoffMs(2, 0.5));
});

test('quality: grades', () => {
	const figures = (change: Partial<Figures>): Figures => ({
		rttMs: 20, jitterMs: 5, lossIn: 0, lossOut: 0, kbitIn: 0, kbitOut: 0, sent: null, protocol: 'udp', ...change,
	});
	assert.equal(gradeOf(null), 'unknown');
	assert.equal(gradeOf(figures({ rttMs: null })), 'unknown');
	assert.equal(gradeOf(figures({})), 'good');
	assert.equal(gradeOf(figures({ rttMs: 250 })), 'fair');
	assert.equal(gradeOf(figures({ lossIn: 0.05 })), 'fair');
	assert.equal(gradeOf(figures({ lossOut: 0.2 })), 'poor');
	assert.equal(gradeOf(figures({ rttMs: 900 })), 'poor');
});

test('codecs: H264 is received in its plain form alone, and never sent', () => {
	const all = [
		{ mimeType: 'video/VP8', clockRate: 90000 }, { mimeType: 'video/rtx', clockRate: 90000 }, { mimeType: 'video/AV1', clockRate: 90000 },
		{ mimeType: 'video/H264', clockRate: 90000, sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' },
		{ mimeType: 'video/H264', clockRate: 90000, sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f' },
		{ mimeType: 'video/H264', clockRate: 90000, sdpFmtpLine: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f' },
	];
	assert.deepEqual(fewCodecs(all, 'video', true), [all[0], all[1], all[3]]);
	assert.deepEqual(fewCodecs(all, 'video', false), [all[0], all[1]]);
	assert.deepEqual(fewCodecs([{ mimeType: 'audio/opus', clockRate: 48000 }, { mimeType: 'audio/PCMU', clockRate: 8000 }], 'audio', true).length, 1);
});

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { DeviceError, openCamera } from '../media/devices.ts';

/** A browser whose camera answers each request in turn: a track, or the name of an error. */
function browser(...answers: string[]): { asked: number } {
	const seen = { asked: 0 };
	const getUserMedia = async () => {
		const answer = answers[seen.asked++] ?? 'NotFoundError';
		if (answer !== 'track')
			throw new DOMException('no', answer);
		return { getTracks: () => [answer] };
	};
	mock.getter(globalThis, 'navigator', () => ({ mediaDevices: { getUserMedia } }));
	return seen;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const cases = [
	{ name: 'free', answers: ['track'], asked: 1, ends: 'track' },
	{ name: 'taken for a moment', answers: ['NotReadableError', 'track'], asked: 2, ends: 'track' },
	{ name: 'taken for good', answers: ['NotReadableError', 'NotReadableError'], asked: 2, ends: 'in_use' },
	{ name: 'refused', answers: ['NotAllowedError', 'track'], asked: 1, ends: 'refused' },
	{ name: 'gone between', answers: ['AbortError', 'NotFoundError'], asked: 2, ends: 'missing' },
];

for (const { name, answers, asked, ends } of cases)
	test(`devices: a camera that is ${name}`, async () => {
		mock.timers.enable({ apis: ['setTimeout'] });
		const seen = browser(...answers);
		const opening = openCamera('').then(String, (error: unknown) => error instanceof DeviceError ? error.trouble : String(error));
		await settled();
		mock.timers.tick(1_000);
		assert.equal(await opening, ends);
		assert.equal(seen.asked, asked);
		mock.restoreAll();
		mock.timers.reset();
	});

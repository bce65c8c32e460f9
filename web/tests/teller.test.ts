import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { RequestError } from '../protocol/socket.ts';
import { Teller } from '../protocol/teller.ts';

/** What was begun has gone as far as it can without a clock. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A teller of `value`, whose requests are answered by hand. */
function scene() {
	const it = {
		value: 1, open: true, told: [] as number[], refused: [] as string[],
		answer: (): void => undefined, fail: (_code: string): void => undefined,
	};
	const teller = new Teller(() => it.value, (value) => it.open ? new Promise<void>((resolve, reject) => {
		it.told.push(value);
		it.answer = resolve;
		it.fail = (code) => reject(new RequestError(code));
	}) : null, (code) => it.refused.push(code));
	return { it, teller };
}

test('teller: nothing twice', async () => {
	const { it, teller } = scene();
	const done = teller.say();
	it.answer();
	await done;
	await teller.say();
	assert.deepEqual(it.told, [1]);
	teller.forget();
	const again = teller.say();
	it.answer();
	await again;
	assert.deepEqual(it.told, [1, 1], 'but to a server that has forgotten');
});

test('teller: what changed meanwhile follows, the newest alone', async () => {
	const { it, teller } = scene();
	const done = teller.say();
	for (it.value = 2; it.value < 5; it.value++)
		await teller.say();
	assert.deepEqual(it.told, [1], 'one at a time');
	it.answer();
	await settled();
	assert.deepEqual(it.told, [1, 5]);
	it.answer();
	await done;
});

test('teller: what went with another message is known', async () => {
	const { it, teller } = scene();
	teller.known(1);
	await teller.say();
	assert.deepEqual(it.told, []);
});

test('teller: nobody to tell, then told', async () => {
	const { it, teller } = scene();
	it.open = false;
	await teller.say();
	it.open = true;
	const done = teller.say();
	assert.deepEqual(it.told, [1]);
	it.answer();
	await done;
});

test('teller: in haste it waits and tells again; any other refusal is said', async () => {
	mock.timers.enable({ apis: ['setTimeout'] });
	const { it, teller } = scene();
	const first = teller.say();
	it.fail('too_fast');
	await first;
	assert.deepEqual([it.told, it.refused], [[1], []]);
	mock.timers.tick(500);
	assert.deepEqual(it.told, [1, 1]);
	it.fail('not_now');
	await settled();
	mock.timers.tick(500);
	assert.deepEqual([it.told, it.refused], [[1, 1, 1], []]);
	const second = teller.say();
	it.fail('blocked');
	await second;
	await settled();
	assert.deepEqual(it.refused, ['blocked']);
	mock.timers.tick(5_000);
	assert.deepEqual(it.told, [1, 1, 1]);
	mock.timers.reset();
});

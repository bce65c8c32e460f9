import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
// @ts-expect-error: a tool in plain JavaScript
import { faultsOf, localeFaults } from '../tools/locale_check.mjs';

test('locales: ours are whole', async () => {
	assert.deepEqual(await localeFaults(dirname(dirname(fileURLToPath(import.meta.url)))), []);
});

const cases: readonly [string, Record<string, Record<string, string>>, string, RegExp | null][] = [
	['all well', { vi: { 'a.b': 'x {n}' }, en: { 'a.b': '{n} y' } }, "t('a.b')", null],
	['a key that one language lacks', { vi: { 'a.b': 'x' }, en: {} }, "t('a.b')", /a\.b is missing in en/],
	['an empty sentence', { vi: { 'a.b': 'x' }, en: { 'a.b': ' ' } }, "t('a.b')", /missing in en/],
	['a key nobody uses', { vi: { 'a.b': 'x' }, en: { 'a.b': 'x' } }, '', /a\.b is not used/],
	['a key that is nowhere', { vi: {}, en: {} }, "t('a.b')", /a\.b is asked for/],
	['other placeholders', { vi: { 'a.b': '{x}' }, en: { 'a.b': '{y}' } }, "t('a.b')", /placeholders/],
	['marks that are not composed', { vi: { 'a.b': 'e\u0301' }, en: { 'a.b': 'e' } }, "t('a.b')", /normal form/],
	['counted', { vi: { 'a.b_one': '1', 'a.b_other': '{count}' }, en: { 'a.b_one': '1', 'a.b_other': '{count}' } }, "tn('a.b', 2)", null],
];
for (const [name, tables, source, fault] of cases)
	test(`locales: ${name}`, () => {
		const faults = faultsOf(tables, source) as string[];
		if (fault)
			assert.match(faults.join('\n'), fault);
		else
			assert.deepEqual(faults, []);
	});

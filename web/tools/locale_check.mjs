/** Whether the locales are whole: the same keys, the same placeholders, each key used, no key wanted that is not there. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const LOCALES = ['vi', 'en'];

const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join(' ');

async function sources(folder) {
	const texts = [];
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory())
			texts.push(...await sources(path));
		else if (/\.tsx?$/.test(entry.name))
			texts.push(await readFile(path, 'utf8'));
	}
	return texts;
}

/** Compares `tables` (language → key → text) with the words of the source. Returns a sentence for each fault. */
export function faultsOf(tables, text) {
	const faults = [];
	const keys = new Set(Object.values(tables).flatMap((table) => Object.keys(table)));
	// A key is a quoted word with a dot; one that is counted is asked for by what stands before `_one` and `_other`.
	const words = new Set([...text.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map((m) => m[1]));
	const asked = new Set([...text.matchAll(/\bt\(\s*'([^']+)'/g)].map((m) => m[1]));
	const counted = new Set([...text.matchAll(/\btn\(\s*'([^']+)'/g)].map((m) => m[1]));
	for (const base of counted)
		for (const key of [`${base}_one`, `${base}_other`])
			asked.add(key);
	for (const key of asked)
		if (!keys.has(key))
			faults.push(`${key} is asked for and is in no locale`);
	for (const key of keys) {
		const base = key.replace(/_(one|other)$/, '');
		if (!words.has(key) && !asked.has(key) && !counted.has(base))
			faults.push(`${key} is not used`);
		for (const [language, table] of Object.entries(tables)) {
			if (typeof table[key] !== 'string' || table[key].trim() === '')
				faults.push(`${key} is missing in ${language}`);
			else if (table[key] !== table[key].normalize('NFC'))
				faults.push(`${key} is not in normal form C in ${language}`);
		}
		const forms = new Set(Object.values(tables).filter((table) => typeof table[key] === 'string').map((table) => placeholders(table[key])));
		if (forms.size > 1 && !/_one$/.test(key))
			faults.push(`${key} has not the same placeholders everywhere`);
	}
	return faults;
}

export async function localeFaults(root) {
	const tables = {};
	for (const language of LOCALES)
		tables[language] = JSON.parse(await readFile(join(root, 'locales', `${language}.json`), 'utf8'));
	return faultsOf(tables, (await Promise.all(['ui', 'state'].map((folder) => sources(join(root, folder))))).flat().join('\n'));
}

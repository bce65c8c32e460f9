/** Runs tests/*.test.ts with node:test and prints one line for each: `ok NAME` or `not ok NAME (why)`. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'tests');
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts')).map((name) => join(folder, name));
let failed = 0;

run({ files, isolation: 'none' })
	.on('test:pass', (data) => {
		if (data.details.type !== 'suite')
			console.log(`ok web ${data.name}`);
	})
	.on('test:fail', (data) => {
		failed++;
		const why = String(data.details.error?.cause?.message ?? data.details.error?.message ?? '').replace(/\s+/g, ' ').slice(0, 300);
		console.log(`not ok web ${data.name} (${why})`);
	})
	.on('end', () => process.exit(failed > 0 ? 1 : 0))
	.resume();

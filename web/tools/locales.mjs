import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localeFaults } from './locale_check.mjs';

const faults = await localeFaults(dirname(dirname(fileURLToPath(import.meta.url))));
for (const fault of faults)
	console.log(`not ok web locales: ${fault}`);
if (faults.length === 0)
	console.log('ok web types and locales');
process.exit(faults.length === 0 ? 0 : 1);

/**
 * Bundles the client into dist/: index.html and assets/ with hashed names, each also as .gz and .br.
 * Stops when a locale is not whole. `--dev`: no compression, source maps, names kept.
 */
import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { localeFaults } from './tools/locale_check.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dev = process.argv.includes('--dev');
const dist = join(here, 'dist');

const faults = await localeFaults(here);
if (faults.length > 0) {
	for (const fault of faults)
		console.error(`locales: ${fault}`);
	process.exit(1);
}

await rm(dist, { recursive: true, force: true });
const result = await build({
	absWorkingDir: here,
	entryPoints: { app: 'ui/main.tsx' },
	outdir: 'dist/assets',
	entryNames: '[name]-[hash]',
	assetNames: '[name]-[hash]',
	publicPath: '/assets',
	bundle: true,
	format: 'esm',
	target: ['chrome120', 'firefox128', 'safari16.4'],
	jsx: 'automatic',
	jsxImportSource: 'preact',
	loader: { '.woff2': 'file' },
	legalComments: 'none',
	minify: !dev,
	sourcemap: dev ? 'inline' : false,
	metafile: true,
	logLevel: 'warning',
});

const outputs = Object.keys(result.metafile.outputs).map((name) => name.replace(/^dist/, ''));
const find = (pattern) => outputs.find((name) => pattern.test(name));
const fonts = outputs.filter((name) => /(latin|vietnamese)-(400|600)-normal.*\.woff2$/.test(name) && !/latin-ext/.test(name));
const page = (await readFile(join(here, 'public/index.html'), 'utf8'))
	.replace('<!-- assets -->', [
		...fonts.map((name) => `<link rel="preload" href="${name}" as="font" type="font/woff2" crossorigin>`),
		`<link rel="stylesheet" href="${find(/app-.*\.css$/)}">`,
		`<script type="module" src="${find(/app-.*\.js$/)}"></script>`,
	].join('\n\t'));
await writeFile(join(dist, 'index.html'), page);
await writeFile(join(dist, 'favicon.svg'), await readFile(join(here, 'public/favicon.svg')));
await writeFile(join(dist, 'assets/licences.txt'), await licences());

if (!dev)
	for (const file of await readdir(dist, { recursive: true, withFileTypes: true }))
		if (file.isFile() && /\.(html|js|css|svg|txt)$/.test(file.name))
			await compress(join(file.parentPath ?? file.path, file.name));

const script = find(/app-.*\.js$/);
const { bytes } = result.metafile.outputs[`dist${script}`];
const zipped = dev ? '' : `, ${Math.round((await readFile(join(dist, `${script}.gz`))).length / 1024)} kB gzipped`;
console.log(`web: ${Math.round(bytes / 1024)} kB of script${zipped}`);

async function compress(path) {
	const bytes = await readFile(path);
	await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
	await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

/** What is bundled is not all ours; its authors are named beside it. */
async function licences() {
	const parts = [];
	for (const name of ['preact', 'lucide', '@fontsource/be-vietnam-pro'])
		parts.push(`${name}\n${'='.repeat(name.length)}\n\n${await readFile(join(here, 'node_modules', name, 'LICENSE'), 'utf8')}`);
	await mkdir(join(dist, 'assets'), { recursive: true });
	return parts.join('\n\n');
}

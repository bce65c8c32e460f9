// Threat 27: a full disk, a locked database, kill -9 in the middle of writing. What was acknowledged is there, what was not is refused
// with a code, meetings go on, and it mends itself. Runs in a mount namespace of its own (run-durable): the data folder is a small disk.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from '../e2e/lib/client.mjs';
import { afterwards, check, scenario, until } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { faults, packetsFrom, Peers } from '../peer/driver.mjs';
import { join, known } from '../peer/meeting.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const PORT = 9880;
const WRITERS = ['lan', 'hoa', 'cuc'];

/** A data folder on a disk of its own, of `megabytes`. */
function small_disk(megabytes) {
	const folder = mkdtempSync(path(tmpdir(), 'hopkin-disk-'));
	execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder]);
	afterwards(() => {
		execFileSync('umount', ['-l', folder]);
		rmSync(folder, { recursive: true, force: true });
	});
	return folder;
}

/** Takes every byte that is left; gives what frees them. */
function fill(folder) {
	const name = path(folder, 'filler');
	const file = openSync(name, 'w');
	for (let size = 65536; size >= 1;) {
		try {
			writeSync(file, Buffer.alloc(size));
		} catch {
			size >>= 1;
		}
	}
	closeSync(file);
	return () => rmSync(name);
}

/** kill -9 of one process that must be there: 0 would mean all of ours. */
function strike(pid) {
	if (!(pid > 1))
		throw new Error('the program to kill is not running');
	process.kill(pid, 'SIGKILL');
}

function sound(folder) {
	const database = new DatabaseSync(path(folder, 'hopkin.db'), { readOnly: true });
	const { integrity_check: verdict } = database.prepare('PRAGMA integrity_check').get();
	database.close();
	return verdict;
}

async function signed_in(server, name) {
	const c = new Client(server.url);
	await until(async () => (await c.rest('POST', '/login', { name, password: PASSWORD }).catch(() => ({}))).status === 200, 30, 200);
	return c;
}

const titles = async (c) => (await c.rest('GET', '/rooms')).json.rooms.map((r) => r.title).sort();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

async function disk_full(server, peers, folder, lan, room) {
	const goes_on = async (what) => {
		const at = packetsFrom(await peers.report('b'), room.a, 'video');
		const r = await peers.until('b', (x) => packetsFrom(x, room.a, 'video') > at + 40);
		check(`27 ${what}: the call goes on`, packetsFrom(r, room.a, 'video') > at + 40 && faults(r) === '', faults(r));
	};
	const pid = server.pid_of('signaling');
	const before = await titles(lan);
	const free = fill(folder);
	const refused = [];
	for (let i = 0; i < 3; i++)
		refused.push(await lan.rest('POST', '/rooms', { title: `Không còn chỗ ${i}`, guests: true }));
	check('27 disk full: what cannot be kept is refused with a code', refused.every((r) => r.status === 503 && r.json?.error?.code === 'busy'),
		refused.map((r) => `${r.status} ${r.text}`).join(' '));
	check('27 disk full: and is not there', same(await titles(lan), before));
	const login = await new Client(server.url).rest('POST', '/login', { name: 'minh', password: PASSWORD });
	check('27 disk full: signing in is refused with a code', login.status === 503, `${login.status} ${login.text}`);
	check('27 disk full: who is signed in stays so', (await lan.rest('GET', '/me')).status === 200);
	await goes_on('disk full');
	const guest = await join(peers, 'c', server, { room: room.id, password: room.password, name: 'Khách sau' });
	check('27 disk full: a guest still comes in', guest.t === 'joined', guest.code);
	check('27 disk full: nothing has died', server.pid_of('signaling') === pid && pid > 0);
	free();
	const made = await lan.rest('POST', '/rooms', { title: 'Lại có chỗ', guests: true });
	check('27 disk free again: it keeps things again by itself', made.status === 201, `${made.status} ${made.text}`);
	strike(pid);
	await until(() => server.pid_of('signaling') > 0 && server.pid_of('signaling') !== pid, 20, 50);
	const back = await signed_in(server, 'lan');
	check('27 disk full, then kill -9: exactly what was acknowledged is there', same(await titles(back), [...before, 'Lại có chỗ'].sort()),
		JSON.stringify(await titles(back)));
	check('27 disk full: the database is sound', sound(folder) === 'ok', sound(folder));
	return back;
}

async function database_locked(server, folder, lan) {
	const other = new DatabaseSync(path(folder, 'hopkin.db'));
	const order = [];
	const note = (what) => (answer) => (order.push(what), answer);
	other.exec('BEGIN EXCLUSIVE');
	const write = lan.rest('POST', '/rooms', { title: 'Bị khóa', guests: true }).then(note('write'));
	const reads = ['/health', '/me', '/rooms'].map((what) => lan.rest('GET', what).then(note('read')));
	const read = await Promise.all(reads);
	check('27 database locked: all else is answered meanwhile', read.every((r) => r.status === 200) && !order.includes('write'), order.join(' '));
	const refused = await write;
	check('27 database locked for long: the write is refused with a code', refused.status === 503 && refused.json?.error?.code === 'busy',
		`${refused.status} ${refused.text}`);
	const late = lan.rest('POST', '/rooms', { title: 'Chờ khóa', guests: true });
	await lan.rest('GET', '/health');
	other.exec('ROLLBACK');
	other.close();
	const done = await late;
	check('27 database locked for a moment: the write waits and is kept', done.status === 201, `${done.status} ${done.text}`);
	const all = await titles(lan);
	check('27 and only what was acknowledged is there', all.includes('Chờ khóa') && !all.includes('Bị khóa'), all.join(', '));
}

/** Renames its own room for as long as it is answered; remembers what was asked for and what was acknowledged. */
class Writer {
	asked = 0;
	acknowledged = 0;

	static async make(server, name) {
		const writer = new Writer();
		writer.name = name;
		writer.client = await signed_in(server, name);
		writer.room = (await writer.client.rest('POST', '/rooms', { title: '0', guests: false })).json.id;
		return writer;
	}

	async write() {
		for (;;) {
			const n = ++this.asked;
			const answer = await this.client.rest('PATCH', `/rooms/${this.room}`, { title: String(n) }).catch(() => null);
			if (answer?.status !== 200)
				return;
			this.acknowledged = n;
		}
	}

	async kept() {
		const room = (await this.client.rest('GET', `/rooms/${this.room}`)).json;
		const n = Number(room?.title ?? -1);
		return n >= this.acknowledged && n <= this.asked;
	}
}

/** `kill` strikes while all write; `back` waits until the server stands again, and gives it. */
async function killed_writing(title, server, writers, rounds, kill, back) {
	let lost = '', acknowledged = 0;
	for (let round = 0; round < rounds; round++) {
		const from = writers.reduce((n, w) => n + w.acknowledged, 0);
		const writing = writers.map((w) => w.write());
		await until(() => writers.reduce((n, w) => n + w.acknowledged, 0) >= from + 20 + 7 * round, 30, 1);
		kill(server);
		await Promise.all(writing);
		server = await back(server);
		for (const w of writers) {
			// its session is one of the things that were acknowledged
			const known = await until(async () => (await w.client.rest('GET', '/me').catch(() => ({}))).status === 200, 20, 50);
			if (!known || !await w.kept())
				lost += ` ${w.name} had ${w.acknowledged} of ${w.asked}`;
		}
		acknowledged = writers.reduce((n, w) => n + w.acknowledged, 0);
	}
	check(`27 ${title}: nothing acknowledged is lost, ${rounds} times`, lost === '' && acknowledged > 20 * rounds, `${acknowledged} acknowledged;${lost}`);
	return server;
}

await scenario('attacks/durable', async () => {
	const folder = small_disk(8);
	let server = await start_server({ port: PORT, data: folder });
	const peers = new Peers();
	afterwards(() => peers.quit());
	for (const name of [...WRITERS, 'minh'])
		server.command(['user', 'add', name, '--role', 'host', '--display', name, '--password-stdin'], `${PASSWORD}\n`);
	const room = JSON.parse(server.command(['room', 'add', 'Giao ban', '--owner', 'lan', '--json', '--guests']));
	await known(peers, server, { room: room.id, password: room.password });
	room.a = (await join(peers, 'a', server, { room: room.id, password: room.password, name: 'A' })).number;
	await join(peers, 'b', server, { room: room.id, password: room.password, name: 'B' });
	const seen = await peers.until('b', (x) => packetsFrom(x, room.a, 'video') > 40);
	check('27 two are in a call', packetsFrom(seen, room.a, 'video') > 40);

	let lan = await signed_in(server, 'lan');
	lan = await disk_full(server, peers, folder, lan, room);
	await database_locked(server, folder, lan);

	const writers = [];
	for (const name of WRITERS)
		writers.push(await Writer.make(server, name));
	let pid = 0;
	server = await killed_writing('kill -9 of signaling while it writes', server, writers, 4, (now) => {
		pid = now.pid_of('signaling');
		strike(pid);
	}, async (now) => {
		await until(() => now.pid_of('signaling') > 0 && now.pid_of('signaling') !== pid, 20, 20);
		return now;
	});
	server = await killed_writing('kill -9 of all of it while it writes', server, writers, 2, (now) => {
		// the launcher last: its children go with it
		for (const one of [now.pid_of('signaling'), now.pid_of('hopkin-media'), now.child.pid])
			strike(one);
	}, async (now) => {
		await until(() => now.ended, 5, 10);
		return start_server({ port: PORT, data: folder });
	});
	await server.stop();
	check('27 in the end the database is sound', sound(folder) === 'ok', sound(folder));
});

// Drives hopkin-peer from a test: commands as promises, events as things to wait for, TAP-like results.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export const build = process.env.HOPKIN_BUILD ?? 'build/release';

let failures = 0;

/** One result line, as tests/run counts them. */
export function check(name, condition, detail = '') {
	if (condition) {
		console.log(`ok ${name}`);
	} else {
		console.log(`not ok ${name}${detail === '' ? '' : ` (${detail})`}`);
		failures++;
	}
	return Boolean(condition);
}

export function finish() {
	process.exitCode = failures ? 1 : 0;
	return failures;
}

export const sum = (list, field) => list.reduce((total, item) => total + (item[field] ?? 0), 0);

/** One hopkin-peer process. */
export class Peers {
	#child;
	#next = 1;
	#answers = new Map();
	#waiting = new Set();
	events = [];

	constructor({ program = `${build}/hopkin-peer`, stderr = 'inherit' } = {}) {
		this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', stderr] });
		createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
		this.ended = new Promise((resolve) => this.#child.on('exit', (code, signal) => {
			for (const { reject } of this.#answers.values())
				reject(new Error(`hopkin-peer ended: ${code ?? signal}`));
			resolve(code ?? signal);
		}));
	}

	#take(event) {
		const answer = this.#answers.get(event.ref);
		if (answer) {
			this.#answers.delete(event.ref);
			if (event.ev === 'done')
				answer.resolve(event);
			else
				answer.reject(new Error(`${answer.text}: ${event.why}`));
			return;
		}
		if (event.ev === 'error')
			throw new Error(`hopkin-peer: ${event.why}`);
		if (event.ev === 'media.died')
			console.error(`hopkin-media ended: exit ${event.exit} signal ${event.signal}`);
		this.events.push(event);
		for (const waiter of [...this.#waiting])
			waiter(event);
	}

	/** Runs a command; rejects with its reason when it is refused. */
	run(cmd, fields = {}) {
		const ref = this.#next++;
		const text = JSON.stringify({ cmd, ...fields, ref });
		return new Promise((resolve, reject) => {
			this.#answers.set(ref, { resolve, reject, text: text.slice(0, 200) });
			this.#child.stdin.write(`${text}\n`);
		});
	}

	/** The first event, from `from` (an index into `events`) on, that `matches`; rejects after `ms`. */
	wait(what, matches, { from = 0, ms = 15000 } = {}) {
		const found = this.events.slice(from).find(matches);
		if (found)
			return Promise.resolve(found);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(waiter);
				reject(new Error(`waited ${ms} ms in vain for ${what}`));
			}, ms);
			const waiter = (event) => {
				if (!matches(event))
					return;
				clearTimeout(timer);
				this.#waiting.delete(waiter);
				resolve(event);
			};
			this.#waiting.add(waiter);
		});
	}

	waitPeer(peer, ev, options) {
		return this.wait(`${ev} of ${peer}`, (e) => e.peer === peer && e.ev === ev, options);
	}

	async report(peer) {
		return (await this.run('report', { peer })).report;
	}

	/** Reports of a peer until `enough` of it holds; the last one either way. */
	async until(peer, enough, ms = 10000) {
		const end = Date.now() + ms;
		for (;;) {
			const report = await this.report(peer);
			if (enough(report) || Date.now() > end)
				return report;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}

	/** A request on the control link and its answer (rig only). */
	async link(msg) {
		const from = this.events.length;
		const { re } = await this.run('link', { msg });
		return (await this.wait(`answer to ${msg.t}`, (e) => e.ev === 'link' && e.msg.re === re, { from })).msg;
	}

	async stats() {
		return (await this.link({ t: 'stats' })).counters;
	}

	async quit() {
		this.#child.stdin.write('{"cmd":"quit"}\n');
		return this.ended;
	}
}

/** hopkin-media alone, driven over its control link. */
export async function startMedia({ workers = 2, port = 9800, addresses = ['127.0.0.1'], program = `${build}/hopkin-media` } = {}) {
	const peers = new Peers();
	const { pid } = await peers.run('media.start', { program, workers, port, addresses });
	peers.mediaPid = pid;
	const welcome = await peers.wait('welcome', (e) => e.ev === 'link' && e.msg.t === 'welcome');
	peers.epoch = welcome.msg.epoch;
	return peers;
}

/** A peer that sends everything and has `seats` person seats, a screen seat and a voice seat; connected and added to `room`. */
export async function addPeer(peers, peer, number, { room = 'r', seats = 4, wait = true, ...more } = {}) {
	const from = peers.events.length;
	await peers.run('peer', { peer, number, mic: true, camera: { layers: 3 },
		seats: [...Array(seats).fill('person'), 'screen', 'voice'], ...more });
	await peers.run('rig.add', { peer, room });
	if (wait)
		await peers.wait(`${peer} connected`, (e) => e.peer === peer && (e.ev === 'connected' || e.ev === 'closed'), { from });
}

/** Packets in the seats of a report that came from `number`. */
export function packetsFrom(report, number, kind) {
	return report.seats.filter((s) => !kind || s.kind === kind).reduce((n, s) => n + (s.from[number] ?? 0), 0);
}

/** What must never be wrong, as one text: empty when all is well. */
export function faults(report) {
	const bad = report.seats.filter((s) => s.wrong).map((s) => Object.entries(s)
		.filter(([key, value]) => value && ['wrong_pt', 'wrong_csrc', 'wrong_payload', 'wrong_mid', 'alien_ext', 'duplicates',
			'switch_without_keyframe', 'picture_id_jumps', 'tl0_jumps', 'ts_back', 'tag_back'].includes(key))
		.map(([key, value]) => `seat ${s.seat} ${s.kind} ${key}=${value}`).join(' '));
	for (const key of ['forged', 'reused'])
		if (report.srtp[key])
			bad.push(`srtp ${key}=${report.srtp[key]}`);
	for (const key of ['rtp_before_keys', 'unknown_ssrc', 'bad_rtp', 'bad_rtcp', 'unknown_plis', 'unknown_nacks', 'server_checks_bad', 'rx_other'])
		if (report.counts[key])
			bad.push(`${key}=${report.counts[key]}`);
	return bad.join(', ');
}

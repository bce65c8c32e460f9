#!/usr/bin/env node
// What hopkin-media costs: CPU for each packet forwarded, memory for each participant, the parts of a join. Native peers on loopback.
//
//   tests/load/bench.mjs [--seconds N] [--workers N] [--scene PATTERN] [--json]
//
// CPU is the media program's own run time (schedstat, summed over its threads) over the packets that it sent meanwhile; compare
// figures of one run with each other, since the machine and its neighbours change from run to run. Prints figures and asserts nothing but that
// no packet was wrong.
import { readdirSync, readFileSync } from 'node:fs';
import { addPeer, check, faults, finish, startMedia } from '../peer/driver.mjs';

const options = { seconds: 8, workers: 2, scene: '', json: false };
for (let i = 2; i < process.argv.length; i++) {
	const name = process.argv[i].slice(2);
	options[name] = name === 'json' ? true : name === 'scene' ? process.argv[++i] : Number(process.argv[++i]);
}

// each is a room: `publish` people send, all receive in `seats` seats
const SCENES = [
	{ name: 'two people', people: 2, publish: 2, seats: 4 },
	{ name: 'meeting of six', people: 6, publish: 6, seats: 5 },
	{ name: 'one to thirty', people: 31, publish: 1, seats: 1 },
	{ name: 'one to a hundred', people: 101, publish: 1, seats: 1 },
	{ name: 'one to two hundred', people: 201, publish: 1, seats: 1 },
	{ name: 'meeting of twelve, nine seats', people: 12, publish: 12, seats: 9 },
];

function cpu_seconds(pid) {
	const tasks = readdirSync(`/proc/${pid}/task`);
	return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
}

function resident_kb(pid) {
	return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

async function run(scene, port) {
	const peers = await startMedia({ workers: options.workers, port });
	await peers.link({ t: 'room.open', room: 'r' });
	const names = Array.from({ length: scene.people }, (_, i) => `p${i + 1}`);
	const empty_kb = resident_kb(peers.mediaPid);
	for (const [i, name] of names.entries()) {
		const sends = i < scene.publish ? {} : { mic: false, camera: false };
		await addPeer(peers, name, i + 1, { seats: scene.seats, voice: i === 0, ...sends });
	}
	await pause(2000); // layers chosen, SSL objects freed
	const before = { cpu: cpu_seconds(peers.mediaPid), ...await peers.stats() };
	await pause(options.seconds * 1000);
	const after = { cpu: cpu_seconds(peers.mediaPid), ...await peers.stats() };
	const reports = [];
	for (const name of names)
		reports.push(await peers.report(name));
	const times = peers.events.filter((event) => event.ev === 'connected').map((event) => event.times);
	const firsts = reports.map((report) => report.times?.first_us ?? -1).filter((us) => us >= 0);
	const memory_kb = (resident_kb(peers.mediaPid) - empty_kb) / scene.people;
	const wrong = reports.map(faults).filter(Boolean);
	await peers.quit();
	const cpu = after.cpu - before.cpu, sent = after.tx_packets - before.tx_packets, got = after.rx_packets - before.rx_packets;
	check(`bench: ${scene.name}: every packet was right`, wrong.length === 0 && sent > 0, wrong.join('; '));
	return {
		scene: scene.name, people: scene.people, received_per_s: Math.round(got / options.seconds), sent_per_s: Math.round(sent / options.seconds),
		cpu_percent: +(100 * cpu / options.seconds).toFixed(1), us_per_packet_sent: +(1e6 * cpu / sent).toFixed(2),
		us_per_packet: +(1e6 * cpu / (sent + got)).toFixed(2), packets_per_cpu_second: Math.round((sent + got) / cpu),
		kb_per_participant: Math.round(memory_kb), join_check_ms: +(median(times.map((t) => t.check_us)) / 1000).toFixed(2),
		join_dtls_ms: +(median(times.map((t) => t.dtls_us)) / 1000).toFixed(2), join_first_packet_ms: +(median(firsts) / 1000).toFixed(1),
	};
}

const rows = [];
for (const [i, scene] of SCENES.filter(({ name }) => name.match(options.scene)).entries())
	rows.push(await run(scene, 9890 + i));
if (options.json)
	console.log(JSON.stringify(rows));
else
	for (const row of rows)
		console.log(`# ${row.scene}: in ${row.received_per_s}/s, out ${row.sent_per_s}/s, CPU ${row.cpu_percent} %, ${row.us_per_packet_sent} us a packet sent `
			+ `(${row.us_per_packet} us a packet in or out, ${row.packets_per_cpu_second} packets per CPU-second), ${row.kb_per_participant} kB a participant; `
			+ `join: ICE check ${row.join_check_ms} ms, DTLS done ${row.join_dtls_ms} ms, first packet ${row.join_first_packet_ms} ms`);
finish();

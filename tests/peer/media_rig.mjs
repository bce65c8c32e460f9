#!/usr/bin/env node
// hopkin-media alone with a few native peers: joins them into a room, lets them talk, prints what each received.
//   tests/peer/media_rig [--media PATH] [--peers N] [--workers N] [--port N] [--seconds N] [--addresses A,B] [--tcp] [--link]
// --link prints every message of the control link.
import { build, startMedia, addPeer, packetsFrom, faults } from './driver.mjs';

const options = { media: `${build}/hopkin-media`, peers: 3, workers: 2, port: 9800, seconds: 3, addresses: '127.0.0.1' };
for (let i = 2; i < process.argv.length; i++) {
	const name = process.argv[i].slice(2);
	options[name] = ['tcp', 'link'].includes(name) ? true : process.argv[++i];
}

const peers = await startMedia({ program: options.media, workers: Number(options.workers), port: Number(options.port),
	addresses: options.addresses.split(',') });
console.log(`hopkin-media runs as ${peers.mediaPid}, epoch ${peers.epoch}`);
console.log('room.open', JSON.stringify(await peers.link({ t: 'room.open', room: 'r' })));
const names = Array.from({ length: Number(options.peers) }, (_, i) => `p${i + 1}`);
for (const [i, name] of names.entries()) {
	await addPeer(peers, name, i + 1, { tcp: Boolean(options.tcp), voice: i === 0 });
	console.log(name, JSON.stringify(peers.events.findLast((e) => e.peer === name)));
}
await new Promise((resolve) => setTimeout(resolve, Number(options.seconds) * 1000));
for (const name of names) {
	const report = await peers.report(name);
	console.log(`${name}: rtp received ${report.counts.rx_rtp} sent ${report.counts.sent_rtp}, opened ${report.srtp.opened}, faults: ${faults(report) || 'none'}`);
	for (const [i] of names.entries())
		console.log(`   from ${i + 1}: audio ${packetsFrom(report, i + 1, 'audio')} video ${packetsFrom(report, i + 1, 'video')}`);
	for (const s of report.sends)
		console.log(`   sent ${s.source}/${s.layer}: ${s.packets} packets, ${s.keyframes} keyframes, ${s.plis} PLI, ${s.nacks} NACK`);
}
console.log('counters', JSON.stringify(await peers.stats(), null, 1));
if (options.link)
	for (const e of peers.events.filter((x) => x.ev === 'link' || x.ev === 'media.died'))
		console.log(JSON.stringify(e));
await peers.quit();

// Attacks on hopkin-media by participants and strangers, over its control link, without signaling.
// Each check names the line of the threat list it stands for (see tests/attacks/README.md).
import { readFileSync } from 'node:fs';
import { addPeer, check, faults, finish, packetsFrom, startMedia } from '../peer/driver.mjs';

const PORT = 9810;
const room = 'attacked';

/** Packets that two witnesses exchange must go on, unharmed, whatever happens between `before` and now. */
async function goesOn(peers, name, watcher, number, packets = 30) {
	const before = packetsFrom(await peers.report(watcher), number);
	const after = await peers.until(watcher, (r) => packetsFrom(r, number) >= before + packets);
	check(`${name}: the call goes on`, packetsFrom(after, number) >= before + packets);
	check(`${name}: nothing wrong in it`, faults(after) === '', faults(after));
}

const delta = (after, before, key) => (after[key] ?? 0) - (before[key] ?? 0);

const peers = await startMedia({ port: PORT, addresses: ['127.0.0.1', '::1'] });
await peers.link({ t: 'room.open', room });
await addPeer(peers, 'ann', 1, { room });
await addPeer(peers, 'ben', 2, { room });
await addPeer(peers, 'eve', 3, { room });
let report = await peers.until('ben', (r) => packetsFrom(r, 1, 'video') > 50 && packetsFrom(r, 3, 'audio') > 20);
check('media: three peers hear and see each other', packetsFrom(report, 1, 'video') > 50 && packetsFrom(report, 3, 'audio') > 20);
check('media: nothing wrong in it', faults(report) === '', faults(report));

// -- 28: the jail, on the program as it is released ---------------------------------------------------------------------
{
	const tasks = readFileSync(`/proc/${peers.mediaPid}/status`, 'utf8');
	const sanitized = /(asan|tsan)/.test(process.env.HOPKIN_BUILD ?? '');
	check('28 the media program runs under a seccomp filter', /^Seccomp:\s+2$/m.test(tasks));
	check('28 the media program has no_new_privs', /^NoNewPrivs:\s+1$/m.test(tasks));
	if (!sanitized) {
		const maps = readFileSync(`/proc/${peers.mediaPid}/maps`, 'utf8');
		check('28 no mapping of it is both writable and executable', !/^\S+ .wx/m.test(maps));
	}
}

// -- 16: strangers ------------------------------------------------------------------------------------------------------
{
	const before = await peers.stats();
	const hello = '16feff0000000000000000003a0100002e000000000000002efefd' + '00'.repeat(46);
	const attacks = [
		['dtls', 'a ClientHello', { what: 'hex', hex: hello, count: 20 }],
		['rtp', "a participant's own protected packet from another address", { what: 'kept', of: 'eve', count: 20 }],
		['rtcp', 'RTCP-like bytes', { what: 'random', first: 128, count: 50 }],
		['noise', 'random bytes', { what: 'random', count: 200 }],
		['anonymous', 'a check without integrity', { what: 'check', of: 'eve', no_integrity: true, count: 5 }],
		['forged', 'a check with a wrong password', { what: 'check', of: 'eve', bad_integrity: true, count: 5 }],
		['nobody', 'a check for an unknown user', { what: 'check', of: 'eve', unknown_user: true, count: 5 }],
	];
	for (const [stray, what, fields] of attacks) {
		await peers.run('stray', { stray, host: '127.0.0.1', port: PORT, ...fields });
		await goesOn(peers, `16 ${what}`, 'ben', 1, 5);
		const got = await peers.run('stray.report', { stray });
		if (fields.what === 'check')
			check(`16 the answer to ${what} is no larger than the question`, got.bytes_received <= got.bytes_sent,
				`${got.bytes_received} of ${got.bytes_sent}`);
		else
			check(`16 no answer to ${what}`, got.received === 0, `${got.received} datagrams`);
	}
	const after = await peers.stats();
	check('16 no handshake began for a stranger', delta(after, before, 'dtls_started') === 0);
	check('16 no packet of a stranger was opened as RTP', delta(after, before, 'peers_connected') === 0);
}

// -- 16: a right check whose address then says nothing ---------------------------------------------------------------------
{
	// eve opens another port, nominates it, but does not answer the server's checks there (as a spoofed address would not).
	const seen = (await peers.report('eve')).ways[0].media;
	const { way } = await peers.run('way.add', { peer: 'eve', silent: true });
	let r = await peers.until('eve', (x) => x.ways[way].nominated && x.ways[0].media > seen + 60);
	check('16 the new address was nominated by authenticated checks', r.ways[way].nominated);
	check('16 the server asks the new address before it sends there', r.ways[way].server_checks > 0);
	check('16 an address that does not answer gets no media', r.ways[way].media === 0, `${r.ways[way].media}`);
	check('16 media stays on the address that did', r.ways[0].media > seen + 60);
	await peers.run('way.close', { peer: 'eve', way });
	// the same, honest: media moves.
	const { way: honest } = await peers.run('way.add', { peer: 'eve' });
	r = await peers.until('eve', (x) => x.ways[honest].media > 30);
	check('16 an address that answers gets the media', r.ways[honest].media > 30);
	await peers.run('way.close', { peer: 'eve', way: 0 });
	r = await peers.until('ben', (x) => packetsFrom(x, 3) > packetsFrom(report, 3) + 30);
	check('16 and the call goes on from the new address', packetsFrom(r, 3) > packetsFrom(report, 3) + 30);
}

// -- 17: fingerprints ---------------------------------------------------------------------------------------------------------
{
	const from = peers.events.length;
	await peers.run('peer', { peer: 'mallory', number: 9, mic: true, seats: ['person'], wrong_fingerprint: true });
	await peers.run('rig.add', { peer: 'mallory', room });
	const closed = await peers.wait('peer.closed', (e) => e.ev === 'link' && e.msg.t === 'peer.closed', { from });
	check('17 a wrong fingerprint closes the peer with that reason', closed.msg.reason === 'fingerprint', closed.msg.reason);
	await goesOn(peers, '17 a wrong fingerprint', 'ben', 1);
	const r = await peers.report('mallory');
	check('17 a wrong fingerprint gets no media', r.seats.every((s) => s.packets === 0) && r.counts.rx_rtp === 0, `${r.counts.rx_rtp}`);
	check('17 nobody receives from it', packetsFrom(await peers.report('ben'), 9) === 0);
	await peers.run('drop', { peer: 'mallory' });
}
for (const profiles of ['none']) {
	const from = peers.events.length;
	await peers.run('peer', { peer: 'plain', number: 9, mic: true, seats: ['person'], profiles });
	await peers.run('rig.add', { peer: 'plain', room });
	await peers.wait('plain closed', (e) => (e.ev === 'link' && e.msg.t === 'peer.closed') || (e.ev === 'closed' && e.peer === 'plain'), { from });
	check('17 a handshake without use_srtp gives no keys', (await peers.report('plain')).counts.rx_rtp === 0);
	await peers.run('drop', { peer: 'plain' });
}

// -- 18: forged and replayed SRTP ------------------------------------------------------------------------------------------------
{
	const before = await peers.stats();
	for (const seq of [0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff])
		await peers.run('forge', { peer: 'eve', count: 50, seq });
	await peers.run('forge', { peer: 'eve', count: 200 });
	await peers.run('forge', { peer: 'eve', count: 200, rtcp: true });
	await goesOn(peers, '18 forged SRTP of every sequence number', 'ben', 3);
	const { sent } = await peers.run('replay', { peer: 'eve', times: 5 });
	await goesOn(peers, '18 replayed SRTP', 'ben', 3);
	const after = await peers.stats();
	check('18 forged packets are counted', delta(after, before, 'srtp_forged') + delta(after, before, 'srtp_replayed') >= 400,
		`${delta(after, before, 'srtp_forged')} forged, ${delta(after, before, 'srtp_replayed')} replayed`);
	check('18 replays are dropped', delta(after, before, 'srtp_replayed') >= sent, `${delta(after, before, 'srtp_replayed')} of ${sent}`);
}

// -- 18: roll-over of the sequence number, both ways -----------------------------------------------------------------------------
{
	await addPeer(peers, 'rolf', 5, { room, first_seq: 65500 });
	const r = await peers.until('ben', (x) => packetsFrom(x, 5, 'video') > 200 && packetsFrom(x, 5, 'audio') > 60);
	check('18 a publisher whose sequence rolls over is heard on', packetsFrom(r, 5, 'audio') > 60 && faults(r) === '', faults(r));
	await peers.run('forge', { peer: 'rolf', count: 100, seq: 65535 });
	await peers.run('forge', { peer: 'rolf', count: 100, seq: 0 });
	await goesOn(peers, '18 forged packets around the roll-over', 'ben', 5);
	await peers.link({ t: 'peer.remove', peer: '$rolf' });
	await peers.run('drop', { peer: 'rolf' });
}

// -- 19: SSRCs nobody declared -----------------------------------------------------------------------------------------------------
{
	const before = await peers.stats();
	await peers.run('ssrc_flood', { peer: 'eve', count: 2000 });
	await peers.run('ssrc_flood', { peer: 'eve', count: 500, mid: '0' });
	await peers.run('ssrc_flood', { peer: 'eve', count: 500, mid: '1', rid: 'q', pt: 96 });
	await peers.run('ssrc_flood', { peer: 'eve', count: 500, mid: '77' });
	await goesOn(peers, '19 3500 undeclared SSRCs', 'ben', 1);
	const after = await peers.stats();
	check('19 undeclared SSRCs are dropped and counted', delta(after, before, 'rtp_unknown_ssrc') + delta(after, before, 'rtp_ssrc_limit') > 0);
	check('19 at most twelve SSRCs a section are taken in', delta(after, before, 'rtp_ssrc_bound') <= 24, `${delta(after, before, 'rtp_ssrc_bound')}`);
	// a collision: eve sends under ann's SSRC and under her own seat's.
	const ann = (await peers.report('ann')).sends[0].ssrc;
	await peers.run('forge', { peer: 'eve', count: 50, ssrc: ann });
	await goesOn(peers, "19 another participant's SSRC", 'ben', 1);
}

// -- 20: feedback floods and lies ---------------------------------------------------------------------------------------------------
for (const kind of ['nack', 'pli', 'fir', 'twcc', 'remb', 'bye', 'rr', 'sr']) {
	const before = await peers.report('ann');
	const start = await peers.stats();
	await peers.run('flood', { peer: 'eve', kind, count: 300 });
	await peers.run('flood', { peer: 'eve', kind, count: 50, media: 1 });
	await goesOn(peers, `20 a flood of ${kind.toUpperCase()}`, 'ben', 1);
	const after = await peers.report('ann');
	const plis = after.sends.reduce((n, s) => n + s.plis, 0) - before.sends.reduce((n, s) => n + s.plis, 0);
	check(`20 a flood of ${kind.toUpperCase()} reaches the publisher throttled`, plis <= 12, `${plis} keyframes asked for`);
	const sent = delta(await peers.stats(), start, 'rtx_sent');
	check(`20 a flood of ${kind.toUpperCase()} makes a bounded number of resends`, sent <= 4000, `${sent}`);
}
{
	// malformed RTCP under right keys
	const bodies = ['80c8', '80c80000', '81c9ffff', '81c9000700000001', '81cd00020000000100000002', '8fcd000100000001', '8fce0003000000010000000052454d42',
		'81ca0001000000010aff', 'bfc8000600000001', '81c900070000000100000002ff0000000000000000000000000000000000', '80cc0002000000014142434400'];
	for (const hex of bodies)
		await peers.run('inject', { peer: 'eve', as: 'rtcp', hex: hex.padEnd(16, '0'), count: 20 });
	for (const hex of ['906f00010000000100000009bede0004', '9f6f000100000001', 'b06f0001000000010000000900ff', 'a06f00010000000100000009ff',
		'906f00010000000100000009bede00014fffffff', '90600001000000010000000910000001ff00ff00'])
		await peers.run('inject', { peer: 'eve', as: 'rtp', hex, count: 20 });
	await goesOn(peers, '20 malformed RTP and RTCP under right keys', 'ben', 1);
}

// -- 20: subscribers that receive badly; one that asks for everything again is among the floods above -----------------------------------
{
	await addPeer(peers, 'dumb', 4, { room, seats: 1, quiet: true, mic: false, camera: false });
	const dumb = await peers.until('dumb', (r) => r.seats.reduce((n, s) => n + s.packets, 0) > 300);
	check('20 a subscriber that never sends RTCP is sent to, and nothing is wrong in it', faults(dumb) === '', faults(dumb));
	await goesOn(peers, '20 a subscriber that never sends RTCP', 'ben', 1);

	// over TCP, and it stops reading: what does not fit into its queue is dropped, whole frames, and nobody waits for it
	await addPeer(peers, 'slow', 5, { room, seats: 2, tcp: true, mic: false, camera: false });
	await peers.until('slow', (r) => packetsFrom(r, 1) > 30);
	const before = await peers.stats();
	await peers.run('read', { peer: 'slow', on: false });
	let full = await peers.stats();
	let heard = packetsFrom(await peers.report('ben'), 1);
	for (let i = 0; i < 60 && delta(full, before, 'tcp_queue_full') < 100; i++) {
		heard += 100;
		await peers.until('ben', (r) => packetsFrom(r, 1) >= heard);
		full = await peers.stats();
	}
	await goesOn(peers, '20 a slow TCP reader', 'ben', 1);
	check('20 a slow TCP reader is dropped for', delta(full, before, 'tcp_queue_full') >= 100, `${delta(full, before, 'tcp_queue_full')}`);
	const at = packetsFrom(await peers.report('slow'), 1);
	await peers.run('read', { peer: 'slow', on: true });
	const again = await peers.until('slow', (r) => packetsFrom(r, 1) > at + 500);
	check('20 a slow TCP reader that reads again is served again', packetsFrom(again, 1) > at + 500 && again.srtp.forged === 0 && again.srtp.reused === 0);

	// no goodbye: the server goes on sending to a closed port until consent runs out
	for (const peer of ['dumb', 'slow'])
		await peers.run('drop', { peer });
	await goesOn(peers, '20 subscribers that vanish', 'ben', 1, 100);
}

// -- 8: what a host forbids is dropped here --------------------------------------------------------------------------------------------
{
	await goesOn(peers, '8 before the mute', 'ben', 3);
	await peers.link({ t: 'peer.block', peer: '$eve', mic: true, camera: true, screen: true });
	const at = packetsFrom(await peers.until('ben', (r) => r.seats.every((s) => s.number !== 3 || s.quiet_us > 300000)), 3);
	const atAnn = packetsFrom(await peers.report('ann'), 3);
	const sent = (await peers.report('eve')).counts.sent_rtp;
	const later = await peers.until('eve', (r) => r.counts.sent_rtp > sent + 200);
	check('8 the muted peer goes on sending', later.counts.sent_rtp > sent + 200);
	check('8 nobody receives what it sends', packetsFrom(await peers.report('ben'), 3) === at);
	check('8 nor anybody else', packetsFrom(await peers.report('ann'), 3) === atAnn);
	await peers.link({ t: 'peer.state', peer: '$eve', mic: true, camera: true, screen: true, screen_audio: true });
	const again = await peers.until('eve', (r) => r.counts.sent_rtp > later.counts.sent_rtp + 200);
	check('8 switching it on oneself does not undo it', packetsFrom(await peers.report('ben'), 3) === at && again.counts.sent_rtp > later.counts.sent_rtp);
	await peers.link({ t: 'peer.block', peer: '$eve', mic: false, camera: false, screen: false });
	const back = await peers.until('ben', (r) => packetsFrom(r, 3) > at + 50);
	check('8 lifted by the host, it is heard again', packetsFrom(back, 3) > at + 50);
}

// -- 10: removed ---------------------------------------------------------------------------------------------------------------------------
{
	await peers.link({ t: 'peer.remove', peer: '$eve' });
	const { rx_rtp: got, sent_rtp: sent, checks_answered: answered } = (await peers.report('eve')).counts;
	const at = packetsFrom(await peers.until('ben', (r) => r.seats.every((s) => s.number !== 3 || s.quiet_us > 300000)), 3);
	for (let i = 0; i < 3; i++)
		await peers.run('bad_check', { peer: 'eve', use_candidate: true });
	await peers.until('eve', (r) => r.counts.sent_rtp > sent + 150);
	const eve = await peers.report('eve');
	check('10 removed: media to it stops', eve.counts.rx_rtp - got < 10, `${eve.counts.rx_rtp - got} packets after`);
	check('10 removed: nobody receives from it', packetsFrom(await peers.report('ben'), 3) === at);
	check('10 removed: its checks are no longer answered', eve.counts.checks_answered === answered, `${eve.counts.checks_answered - answered}`);
	await goesOn(peers, '10 a removal', 'ben', 1);
	await peers.run('drop', { peer: 'eve' });
}

// -- 18: no index is ever used twice, through seat switches, resends and moves ------------------------------------------------------------------
{
	for (let i = 0; i < 6; i++)
		await addPeer(peers, `s${i}`, 20 + i, { room, seats: 2, voice: i === 0 });
	await peers.run('lose', { peer: 'ben', one_in: 25 });
	for (let turn = 0; turn < 8; turn++) {
		for (let i = 0; i < 6; i++)
			await peers.run('voice', { peer: `s${i}`, on: i === turn % 6 });
		await peers.link({ t: 'peer.view', peer: '$ben', pins: [20 + turn % 6], wants: [20 + turn % 6, 20 + (turn + 1) % 6],
			heights: [720, 180, 180, 180] });
		const n = 20 + turn % 6;
		await peers.until('ben', (r) => r.seats.some((s) => s.number === n && s.quiet_us < 100000), 5000);
		const { way } = await peers.run('way.add', { peer: 'ben' });
		await peers.until('ben', (r) => r.ways[way].media > 20, 5000);
		await peers.run('way.close', { peer: 'ben', way: way === 0 ? 1 : 0 });
	}
	await peers.run('lose', { peer: 'ben', one_in: 0 });
	const r = await peers.report('ben');
	check('18 lost packets were resent', sumOf(r, 'recovered') > 0, `${sumOf(r, 'recovered')} recovered`);
	check('18 no SRTP index was used for two packets', r.srtp.reused === 0, `${r.srtp.reused}`);
	check('18 every packet opened', r.srtp.forged === 0, `${r.srtp.forged}`);
	check('18 seats were switched', sumOf(r, 'switches') > 8, `${sumOf(r, 'switches')}`);
	check('18 nobody was shown under another number', r.seats.every((s) => s.wrong_csrc === 0));
}

function sumOf(r, key) {
	return r.seats.reduce((n, s) => n + s[key], 0);
}

// -- 22: a join storm ------------------------------------------------------------------------------------------------------------------------------
{
	const before = await peers.report('ann');
	const names = Array.from({ length: 30 }, (_, i) => `storm${i}`);
	await peers.link({ t: 'room.open', room: 'storm' });
	for (const [i, name] of names.entries())
		await peers.run('peer', { peer: name, number: 100 + i, mic: true, seats: ['person', 'voice'] });
	const from = peers.events.length;
	await Promise.all(names.map((peer) => peers.run('rig.add', { peer, room: 'storm' })));
	await Promise.all(names.map((peer) => peers.waitPeer(peer, 'connected', { from, ms: 30000 })));
	check('22 thirty join at once and all connect', true);
	const after = await peers.until('ann', (r) => packetsFrom(r, 2) > packetsFrom(before, 2) + 100);
	check('22 a call in progress loses nothing meanwhile', after.seats.every((s, i) => s.lost === (before.seats[i]?.lost ?? 0)),
		after.seats.map((s) => s.lost).join(' '));
	check('22 and nothing is wrong in it', faults(after) === '', faults(after));
	await peers.link({ t: 'room.close', room: 'storm' });
	for (const name of names)
		await peers.run('drop', { peer: name });
}

// -- 15, 21: the link itself ---------------------------------------------------------------------------------------------------------------------------
{
	const before = await peers.stats();
	for (const raw of ['{', '[]', 'null', '{"t":"peer.add","id":1}', '{"t":"room.open","t":"room.close","id":2,"room":"r"}', '{"t":"hello","id":-1,"version":1}',
		`{"t":"room.open","id":3,"room":"${'x'.repeat(65)}"}`, `${'['.repeat(5000)}${']'.repeat(5000)}`, '{"t":"no.such","id":4}', '{"t":"stats","id":5,"extra":1}'])
		await peers.run('link', { raw });
	const after = await peers.stats();
	check('21 malformed link messages are refused and counted', delta(after, before, 'link_bad') >= 10, `${delta(after, before, 'link_bad')}`);
	await goesOn(peers, '21 malformed link messages', 'ben', 1);
}

// -- 27: killed and back ----------------------------------------------------------------------------------------------------------------------------------
{
	const from = peers.events.length;
	await peers.run('media.signal', { signal: 9 });
	await peers.wait('death', (e) => e.ev === 'media.died', { from });
	await peers.run('media.restart');
	const welcome = await peers.wait('welcome', (e) => e.ev === 'link' && e.msg.t === 'welcome', { from });
	check('27 a new life has a new epoch and certificate', welcome.msg.epoch !== peers.epoch);
	await peers.link({ t: 'room.open', room });
	await addPeer(peers, 'ann', 1, { room });
	await addPeer(peers, 'ben', 2, { room });
	const r = await peers.until('ben', (x) => packetsFrom(x, 1, 'video') > 50);
	check('27 media is back on the same sockets after kill -9', packetsFrom(r, 1, 'video') > 50 && faults(r) === '', faults(r));
	// signaling gone: media flows on, a new link takes a snapshot
	const at = packetsFrom(r, 1);
	const snap = peers.events.length;
	await peers.run('media.relink');
	await peers.wait('welcome', (e) => e.ev === 'link' && e.msg.t === 'welcome', { from: snap });
	await peers.link({ t: 'snapshot' });
	await peers.wait('snapshot.end', (e) => e.ev === 'link' && e.msg.t === 'snapshot.end', { from: snap });
	const listed = peers.events.slice(snap).filter((e) => e.ev === 'link' && e.msg.t === 'snapshot.peer').map((e) => e.msg);
	check('27 a new link finds both peers in the snapshot', listed.length === 2 && listed.every((p) => p.connected && p.tag === 'dGVzdA'));
	const on = await peers.until('ben', (x) => packetsFrom(x, 1) > at + 60);
	check('27 without signaling media flows on', packetsFrom(on, 1) > at + 60 && faults(on) === '', faults(on));
}

await peers.quit();
finish();

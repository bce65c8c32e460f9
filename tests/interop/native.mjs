// Native peers on hopkin-media: two rooms, UDP, IPv6, TCP, both SRTP profiles, payload types and extension ids of their own,
// joins and leaves, mutes, screens, losses, a killed server. Also the scene that sanitizer builds run.
import { addPeer, check, faults, finish, packetsFrom, startMedia } from '../peer/driver.mjs';

const peers = await startMedia({ port: 9820, addresses: ['127.0.0.1', '::1'] });
const other = { pt: { opus: 109, vp8: 120, rtx: 124 }, ext: { mid: 9, rid: 2, rrid: 5, level: 7, twcc: 13 } };
const plans = {
	udp: { room: 'a', number: 1 },
	six: { room: 'a', number: 2, ipv6: true, ...other },
	tcp: { room: 'a', number: 3, tcp: true },
	cm: { room: 'a', number: 4, profiles: 'cm', temporal: true },
	lone: { room: 'b', number: 1, dtls_mtu: 256 },
	pair: { room: 'b', number: 2, tcp: true, ipv6: true, declare_ssrcs: true, ext: { level: 0, mid: 4, rid: 10, rrid: 11, twcc: 0 } },
};
const names = Object.keys(plans);
const roomOf = (room) => names.filter((n) => plans[n].room === room);

async function join(name) {
	const { number, ...plan } = plans[name];
	await addPeer(peers, name, number, plan);
}

/** All of a room receive each other: more audio and video than before from every other one. */
async function meets(what, room, among = roomOf(room)) {
	for (const name of among) {
		const others = among.filter((n) => n !== name).map((n) => plans[n].number);
		const before = await peers.report(name);
		const grown = (r, n, kind) => packetsFrom(r, n, kind) > packetsFrom(before, n, kind) + 10;
		const r = await peers.until(name, (x) => others.every((n) => grown(x, n, 'audio') && grown(x, n, 'video')));
		check(`${what}: ${name} hears and sees ${others.length}`, others.every((n) => grown(r, n, 'audio') && grown(r, n, 'video')));
		check(`${what}: ${name} finds nothing wrong`, faults(r) === '', faults(r));
	}
}

await peers.link({ t: 'room.open', room: 'a' });
await peers.link({ t: 'room.open', room: 'b' });
for (const name of names)
	await join(name);
check('native: six connect over UDP, IPv6, TCP, GCM and AES-CM', names.every((n) => peers.events.some((e) => e.peer === n && e.ev === 'connected')));
await meets('native', 'a');
await meets('native', 'b');
{
	const r = await peers.report('lone');
	check('native: nothing crosses from one room into another', [3, 4].every((n) => packetsFrom(r, n) === 0));
	const via = (name) => peers.events.find((e) => e.ev === 'link' && e.msg.t === 'peer.connected' && e.msg.peer.startsWith(`${name}-`))?.msg.via;
	check('native: the server says by which way each came', via('udp') === 'udp4' && via('six') === 'udp6' && via('tcp') === 'tcp',
		`${via('udp')} ${via('six')} ${via('tcp')}`);
}

// transport-cc feedback, reports and keyframe requests reach publishers
{
	const r = await peers.until('udp', (x) => x.counts.twcc_feedback > 3 && x.counts.reports > 0);
	check('native: a publisher gets transport-cc feedback', r.counts.twcc_feedback > 3);
	check('native: nearly all it sent is reported as received', r.counts.twcc_received > 0 && r.counts.twcc_received >= r.counts.twcc_reported * 0.95,
		`${r.counts.twcc_received} of ${r.counts.twcc_reported}`);
	check('native: a publisher gets receiver reports', r.counts.reports > 0);
	check('native: a publisher was asked for keyframes', r.sends.some((s) => s.plis > 0));
	const six = await peers.until('six', (x) => x.seats.filter((s) => s.packets > 0).every((s) => s.sr > 0));
	check('native: audio carries its level', six.seats.every((s) => s.no_level === 0));
	check('native: every seat in use has sender reports', six.seats.filter((s) => s.packets > 0).every((s) => s.sr > 0));
}

// a screen with its sound, and off again
{
	const from = peers.events.length;
	await addPeer(peers, 'udp', 1, { room: 'a', screen: { kbps: [800] }, screen_audio: true });
	const r = await peers.until('tcp', (x) => x.seats.filter((s) => s.source.startsWith('screen') && s.number === 1 && s.packets > 20).length === 2);
	check('native: a shared screen comes with its sound', r.seats.filter((s) => s.source.startsWith('screen') && s.packets > 20).length === 2);
	const seats = r.seats.filter((s) => s.source.startsWith('screen') && s.packets > 20).map((s) => s.seat);
	check('native: both in one seat', seats[0] === seats[1] && seats[0] === 4, `${seats}`);
	await peers.link({ t: 'peer.state', peer: '$udp', mic: true, camera: true, screen: false, screen_audio: false });
	const off = await peers.until('tcp', (x) => x.seats.filter((s) => s.seat === 4).every((s) => s.quiet_us > 300000));
	check('native: switched off it is no longer forwarded', off.seats.filter((s) => s.seat === 4).every((s) => s.quiet_us > 300000));
	check('native: and its seat is empty', peers.events.slice(from).some((e) => e.ev === 'link' && e.msg.t === 'seats' && e.msg.seats.some((s) => s.seat === 4 && s.number === 0)));
}

// layers: what is shown small comes small
{
	await peers.link({ t: 'peer.view', peer: '$cm', pins: [], wants: [1, 2, 3], heights: [90, 90, 90, 90, 0, 0] });
	const small = (x) => x.seats.filter((s) => s.kind === 'video' && s.seat < 3 && s.quiet_us < 200000);
	const r = await peers.until('cm', (x) => small(x).length === 3 && small(x).every((s) => s.layer === 0));
	check('native: shown at 90 pixels, the smallest layer comes', small(r).every((s) => s.layer === 0), small(r).map((s) => s.layer).join(' '));
	await peers.link({ t: 'peer.view', peer: '$cm', pins: [2], wants: [2, 1, 3], heights: [720, 720, 720, 720, 0, 0] });
	const big = await peers.until('cm', (x) => x.seats.some((s) => s.kind === 'video' && s.number === 2 && s.layer === 2 && s.quiet_us < 200000));
	check('native: shown at 720 pixels, the largest', big.seats.some((s) => s.kind === 'video' && s.number === 2 && s.layer === 2));
	check('native: no fault at the switches', faults(big) === '', faults(big));
	await peers.link({ t: 'peer.view', peer: '$cm', pins: [], wants: [], heights: [0, 0, 0, 0, 0, 0] });
	const none = await peers.until('cm', (x) => x.seats.filter((s) => s.kind === 'video').every((s) => s.quiet_us > 300000 || !s.packets));
	check('native: not shown, no video comes', none.seats.filter((s) => s.kind === 'video').every((s) => s.quiet_us > 300000 || !s.packets));
	await peers.link({ t: 'peer.view', peer: '$cm', pins: [], wants: [1, 2, 3], heights: [360, 360, 360, 360, 0, 0] });
}

// loss on the way to a viewer is repaired
{
	await peers.run('lose', { peer: 'six', one_in: 20 });
	const lossy = await peers.until('six', (x) => x.seats.reduce((n, s) => n + s.recovered, 0) > 20);
	await peers.run('lose', { peer: 'six', one_in: 0 });
	check('native: what is lost is resent as RTX', lossy.seats.reduce((n, s) => n + s.recovered, 0) > 20);
	check('native: no payload is wrong after it', lossy.seats.every((s) => s.wrong_payload === 0) && lossy.srtp.reused === 0);
}

// mute, leave, return, ICE restart
{
	await peers.link({ t: 'peer.state', peer: '$tcp', mic: false, camera: true, screen: false, screen_audio: false });
	await peers.until('udp', (x) => x.seats.every((s) => s.kind !== 'audio' || s.number !== 3 || s.quiet_us > 300000));
	const at = packetsFrom(await peers.report('udp'), 3, 'audio');
	const video = packetsFrom(await peers.report('udp'), 3, 'video');
	const r = await peers.until('udp', (x) => packetsFrom(x, 3, 'video') > video + 60);
	check('native: a muted microphone is not forwarded, its camera is', packetsFrom(r, 3, 'audio') === at && packetsFrom(r, 3, 'video') > video + 60);
	await peers.link({ t: 'peer.state', peer: '$tcp', mic: true, camera: true, screen: false, screen_audio: false });
	await meets('native after a mute', 'a', ['udp', 'tcp']);
}
for (let round = 0; round < 3; round++) {
	await peers.link({ t: 'peer.remove', peer: '$cm' });
	await join('cm');
	await peers.link({ t: 'peer.remove', peer: '$pair' });
	await join('pair');
}
await meets('native after leaving and returning', 'a');
await meets('native after leaving and returning', 'b');

// the server killed and back
{
	const from = peers.events.length;
	await peers.run('media.signal', { signal: 9 });
	await peers.wait('death', (e) => e.ev === 'media.died', { from });
	await peers.run('media.restart');
	await peers.wait('welcome', (e) => e.ev === 'link' && e.msg.t === 'welcome', { from });
	await peers.link({ t: 'room.open', room: 'a' });
	await peers.link({ t: 'room.open', room: 'b' });
	await Promise.all(names.map(join));
	await meets('native after kill -9', 'a');
	await meets('native after kill -9', 'b');
}
const from = peers.events.length;
await peers.run('media.signal', { signal: 15 });
const died = await peers.wait('end', (e) => e.ev === 'media.died', { from });
check('native: hopkin-media ends in order', died.exit === 0 || died.signal === 15, `exit ${died.exit} signal ${died.signal}`);
await peers.quit();
finish();

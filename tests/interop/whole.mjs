// Native peers in a whole Hopkin: six people, two rooms, UDP, IPv6 and TCP, joins and leaves, mutes, a killed media program.
import { afterwards, check, scenario, until } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { faults, packetsFrom, Peers } from '../peer/driver.mjs';
import { ask, join, known, reconnect, told } from '../peer/meeting.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';

await scenario('interop/whole', async () => {
	const server = await start_server({ port: 9880 });
	const six = { ...server, url: server.url.replace('127.0.0.1', '[::1]') };
	const peers = new Peers();
	afterwards(() => peers.quit());
	server.command(['user', 'add', 'lan', '--role', 'host', '--display', 'lan', '--password-stdin'], `${PASSWORD}\n`);
	const rooms = ['Một', 'Hai'].map((title) => JSON.parse(server.command(['room', 'add', title, '--owner', 'lan', '--json', '--guests'])));
	for (const room of rooms)
		await known(peers, server, { room: room.id, password: room.password });
	const plans = { udp: [0, {}], cm: [0, { profiles: 'cm' }], six: [0, { ipv6: true }], tcp: [0, { tcp: true }],
		one: [1, { deflate: true, pt: { opus: 109, vp8: 120, rtx: 124 }, ext: { mid: 9, rid: 2, rrid: 5, level: 7, twcc: 13 } }], two: [1, { ipv6: true, tcp: true }] };
	const numbers = {};
	const enter = async (name) => {
		const [room, plan] = plans[name];
		const joined = await join(peers, name, plan.ipv6 ? six : server, { room: rooms[room].id, password: rooms[room].password, ...plan });
		numbers[name] = joined.number;
		return joined.t === 'joined';
	};
	const names = Object.keys(plans);
	const meets = async (what, among) => {
		for (const name of among) {
			const others = among.filter((n) => n !== name).map((n) => numbers[n]);
			const before = await peers.report(name);
			const grown = (r) => others.every((n) => ['audio', 'video'].every((kind) => packetsFrom(r, n, kind) > packetsFrom(before, n, kind) + 10));
			const r = await peers.until(name, grown, 20000);
			check(`whole: ${what}: ${name} hears and sees the others, nothing wrong`, grown(r) && faults(r) === '', faults(r) || others.map((n) => `${n}:${packetsFrom(r, n, 'audio')}/${packetsFrom(r, n, 'video')}`).join(' '));
		}
	};
	const firsts = names.filter((n) => plans[n][0] === 0), seconds = names.filter((n) => plans[n][0] === 1);

	for (const name of names)
		check(`whole: ${name} joins`, await enter(name));
	await meets('first room', firsts);
	await meets('second room', seconds);
	{
		const r = await peers.report('one');
		check('whole: seats are told as they are filled', r.seats.filter((s) => s.quiet_us < 500000 && s.packets).every((s) => s.seated === s.number));
		const via = peers.events.findLast((e) => e.peer === 'two' && e.ev === 'msg' && e.msg.t === 'media_state');
		check('whole: a client is told that its media came by TCP', via?.msg.via === 'tcp', JSON.stringify(via?.msg));
	}

	for (let i = 0; i < 3; i++) {
		const from = peers.events.length;
		await ask(peers, 'cm', { t: 'leave' });
		await told(peers, 'udp', 'departed', { from });
		check(`whole: back after leaving (${i + 1})`, await enter('cm'));
	}
	await meets('after leaving and returning', firsts);

	await ask(peers, 'six', { t: 'state', mic: false, camera: false, screen: false, screen_audio: false });
	const quiet = (r) => r.seats.every((s) => s.number !== numbers.six || s.quiet_us > 300000 || !s.packets);
	check('whole: switched off, nothing is forwarded', quiet(await peers.until('udp', quiet)));
	await ask(peers, 'six', { t: 'state', mic: true, camera: true, screen: false, screen_audio: false });
	await meets('after a mute', firsts);

	const from = peers.events.length;
	process.kill(server.pid_of('hopkin-media'), 'SIGKILL');
	await Promise.all(names.map((name) => told(peers, name, 'media_lost', { from })));
	check('whole: hopkin-media killed: everybody is told', true);
	const back = async (name) => until(async () => (await reconnect(peers, name, plans[name][1])).t === 'answer', 20, 200);
	const all = await Promise.all(names.map(back));
	check('whole: and everybody connects anew at once', all.every(Boolean));
	await meets('after kill -9 of hopkin-media', firsts);
	await meets('after kill -9 of hopkin-media', seconds);

	for (const name of names)
		await ask(peers, name, { t: 'leave' });
	const end = await server.stop();
	check('whole: it ends in order', end.code === 0 && !end.late, JSON.stringify(end));
	const said = server.said + server.log;
	check('whole: no sanitizer has found anything', !/(Address|Thread)Sanitizer|runtime error/.test(said), /.*(Sanitizer|runtime error).*/.exec(said)?.[0]);
});

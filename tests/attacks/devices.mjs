// Devices over HTTP (WHIP, WHEP): tokens that are wrong, another room's, revoked or of the other right; floods; bodies without end.
import { connect } from 'node:tls';
import { Client } from '../e2e/lib/client.mjs';
import { afterwards, check, scenario, until } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { FRAGMENT, ask, post } from '../e2e/lib/whip.mjs';
import { Peers } from '../peer/driver.mjs';
import { join } from '../peer/meeting.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const MISSING = 'AAAAAAAAAAAAAAAAAAAAAA';
const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i * 7 % 256).toString(16).padStart(2, '0').toUpperCase()).join(':');
const section = (kind, pt, codec, mid, way) => [`m=${kind} 9 UDP/TLS/RTP/SAVPF ${pt}`, `a=mid:${mid}`, `a=${way}`, 'a=rtcp-mux', `a=rtpmap:${pt} ${codec}`];
const sdp = (way) => [`v=0`, 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901',
	'a=setup:actpass', `a=fingerprint:sha-256 ${FINGERPRINT}`, ...section('audio', 111, 'opus/48000/2', 0, way), ...section('video', 96, 'VP8/90000', 1, way), ''].join('\r\n');

/** All of an answer that could tell one refusal from another. */
const seen = ({ status, text, headers }) => JSON.stringify([status, text, [...headers].filter(([name]) => name !== 'date').sort()]);

await scenario('attacks/devices', async () => {
	const server = await start_server({ port: 9880 });
	const peers = new Peers();
	afterwards(() => peers.quit());
	for (const name of ['lan', 'minh'])
		server.command(['user', 'add', name, '--role', 'host', '--display', name, '--password-stdin'], `${PASSWORD}\n`);
	const make = (owner) => JSON.parse(server.command(['room', 'add', `Phòng của ${owner}`, '--owner', owner, '--json', '--guests']));
	const room = make('lan'), other = make('minh');
	const lan = new Client(server.url), minh = new Client(server.url);
	await lan.rest('POST', '/login', { name: 'lan', password: PASSWORD });
	await minh.rest('POST', '/login', { name: 'minh', password: PASSWORD });
	const token = async (of, right) => (await (of === room ? lan : minh).rest('POST', `/rooms/${of.id}/tokens`, { name: 'Máy', right })).json;
	const sender = await token(room, 'publish'), watcher = await token(room, 'view'), stranger = await token(other, 'publish');
	const whip = `${server.url}/whip/${room.id}`, whep = `${server.url}/whep/${room.id}`;
	const people = async () => (await lan.rest('GET', `/rooms/${room.id}`)).json.live.people;
	const six = (url) => url.replace('127.0.0.1', '[::1]');

	// -- 1, 4: one answer for every wrong token
	{
		const ways = { 'a wrong token': [whip, 'A'.repeat(43)], 'no such room': [`${server.url}/whip/${MISSING}`, 'A'.repeat(43)], "another room's token": [whip, stranger.token],
			'a right token at no room': [`${server.url}/whip/${MISSING}`, sender.token] };
		const answers = Object.fromEntries(await Promise.all(Object.entries(ways).map(async ([what, [address, word]]) => [what, await post(address, word, sdp('sendonly'))])));
		for (const [what, answer] of Object.entries(answers))
			check(`1 ${what} is refused like any other`, answer.status === 401 && seen(answer) === seen(answers['a wrong token']), seen(answer));
		const odd = await Promise.all(['', 'x', sender.token.slice(1), `${sender.token}A`, sender.id, '../../etc/passwd', 'Á'.repeat(43)].map((word) => post(whip, encodeURI(word), sdp('sendonly'))));
		check('4 cut, stretched and odd tokens are none', odd.every((a) => a.status === 401 || a.status === 429), odd.map((a) => a.status).join(' '));
		const cookie = await fetch(whip, { method: 'POST', headers: { cookie: lan.cookie, 'content-type': 'application/sdp' }, body: sdp('sendonly') });
		check("5 the owner's cookie is no token", cookie.status === 401 || cookie.status === 429, `${cookie.status}`);
		check('1 nobody came in by all that', await people() === 0);
	}

	{
		const preflight = await ask(whip, 'OPTIONS', { headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' } });
		const simple = await ask(whip, 'POST', { token: 'x', body: sdp('sendonly'), type: 'application/sdp', headers: { origin: 'https://evil.test' } });
		check('5 pages of elsewhere may neither ask nor read', [preflight, simple].every((a) => ![...a.headers.keys()].some((name) => name.startsWith('access-control-'))));
	}

	// -- 2: guessing
	{
		const tries = [];
		for (let i = 0; i < 14; i++)
			tries.push((await post(whip, `${String(i).padStart(3, '0')}${'B'.repeat(40)}`, sdp('sendonly'))).status);
		check('2 guessing is slowed within a dozen tries', tries.includes(429), tries.join(' '));
		const right = await post(whip, sender.token, sdp('sendonly'));
		check('2 which holds back nobody who has a token', right.status === 201, `${right.status} ${right.text.slice(0, 100)}`);
		check('2 nor people from there', (await join(peers, 'khach', server, { room: room.id, password: room.password, name: 'Khách' })).t === 'joined');
		await ask(right.headers.get('location'), 'DELETE', { token: sender.token });
		peers.run('drop', { peer: 'khach' });
	}

	// -- 4, 8: each token has one right
	{
		const before = await people();
		const cheat = await post(whip, watcher.token, sdp('sendonly'));
		check('4 a token to watch does not publish', cheat.status === 403, `${cheat.status}`);
		check('4 a token to publish does not watch', (await post(whep, sender.token, sdp('recvonly'))).status === 403);
		check('9 nobody came in by that', await people() === before);
		const watching = await post(whep, watcher.token, sdp('sendrecv'));
		check('8 who may watch is not received, whatever it offers', watching.status === 201 && !/a=(recvonly|sendrecv)/.test(watching.text), watching.text.slice(0, 200));
		const sending = await post(whip, sender.token, sdp('sendrecv'));
		check('9 who may publish is sent nothing, whatever it offers', sending.status === 201 && !/a=(sendonly|sendrecv)/.test(sending.text) && !/a=ssrc/.test(sending.text));
		const session = sending.headers.get('location'), theirs = watching.headers.get('location');
		const etag = sending.headers.get('etag');
		check("7 another device's session is not found", (await ask(session.replace('/whip/', '/whep/'), 'DELETE', { token: watcher.token })).status === 404
			&& (await ask(theirs.replace('/whep/', '/whip/'), 'DELETE', { token: sender.token })).status === 404);
		check('7 a session alone opens nothing', (await ask(session, 'DELETE')).status >= 400);
		await until(async () => (await ask(session, 'DELETE', { token: stranger.token })).status === 401, 20, 1000);
		check("4 nor does another room's token", await people() === before + 2, `${await people()}`);

		// -- revoked: what stood ends, what is replayed is refused
		await lan.rest('DELETE', `/rooms/${room.id}/tokens/${sender.id}`);
		await until(async () => await people() === before + 1, 5);
		check('10 revoking puts the device out', await people() === before + 1);
		const replays = [await post(six(whip), sender.token, sdp('sendonly')), await ask(six(session), 'DELETE', { token: sender.token }),
			await ask(six(session), 'PATCH', { token: sender.token, type: FRAGMENT, body: 'a=end-of-candidates\r\n', headers: { 'if-match': etag } })];
		check('4 a revoked token opens nothing, neither door nor session', replays.every((a) => a.status === 401), replays.map((a) => a.status).join(' '));
		check("4 a stranger cannot revoke another room's", (await minh.rest('DELETE', `/rooms/${room.id}/tokens/${watcher.id}`)).status === 404
			&& (await minh.rest('DELETE', `/rooms/${other.id}/tokens/${watcher.id}`)).status === 404 && await people() === before + 1);
	}

	// -- 22: a device that enters without end has one place, and is slowed
	{
		const before = await people();
		const statuses = await Promise.all(Array.from({ length: 30 }, () => post(whep, watcher.token, sdp('recvonly')).then((a) => a.status)));
		check('22 entering again and again is slowed', statuses.filter((s) => s === 429).length >= 20 && statuses.every((s) => [201, 429, 503].includes(s)), statuses.join(' '));
		check('22 and takes one place', await people() === before, `${await people()} ${before}`);
	}

	// -- 15: bodies
	{
		check('15 an offer too large is refused', (await post(whep, watcher.token, `${sdp('recvonly')}${'a=x:y\r\n'.repeat(12000)}`)).status === 413);
		const bad = await until(async () => [400, 406].includes((await post(whep, watcher.token, `${sdp('recvonly')}${'m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n'.repeat(400)}`)).status), 15, 1000);
		check('15 an offer of hundreds of sections is refused', bad);
		const slow = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
		const ended = new Promise((resolve) => { slow.on('close', () => resolve(true)); slow.on('error', () => undefined); });
		slow.on('secureConnect', () => slow.write(`POST /whep/${room.id} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${watcher.token}\r\nContent-Type: application/sdp\r\nContent-Length: 60000\r\n\r\nv=0`));
		slow.resume();
		const others = await until(async () => (await post(whep, watcher.token, sdp('recvonly'))).status === 201, 15, 1000);
		check('15 a body that does not come holds up nobody', others);
		check('15 and is given up', await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve(false), 45000))]));
	}
	check('26 no token is in the log', ![sender, watcher, stranger].some((one) => (server.said + server.log).includes(one.token)));
});

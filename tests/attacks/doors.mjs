// Getting in: refusals that tell nothing, guessing, cookies, origins, administration, what the log says.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join as join_path } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect } from 'node:tls';
import { Client } from '../e2e/lib/client.mjs';
import { afterwards, check, scenario } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { Peers } from '../peer/driver.mjs';
import { ask, closed, enter, join, knock } from '../peer/meeting.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const MISSING = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Signs in from an address whose guesses before have slowed it: as a person would, after the time that the answer names. */
async function sign_in(client, name) {
	for (let tries = 0; ; tries++) {
		const answer = await client.rest('POST', '/login', { name, password: PASSWORD });
		if (answer.status !== 429 || tries === 10)
			return answer;
		await new Promise((done) => setTimeout(done, 1000 * answer.json.error.retry_after));
	}
}

/** What the programs of `server` listen on, as "tcp PORT"; administration's with "loopback" if it has no other address. */
function listening(server) {
	const pids = [server.child.pid, server.pid_of('signaling'), server.pid_of('hopkin-media')];
	const sockets = new Set(pids.flatMap((pid) => readdirSync(`/proc/${pid}/fd`).map((fd) => {
		try {
			return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
		} catch {
			return undefined;       // closed meanwhile
		}
	})));
	const bound = new Map();
	for (const [file, kind, state] of [['tcp', 'tcp', '0A'], ['tcp6', 'tcp', '0A'], ['udp', 'udp', '07'], ['udp6', 'udp', '07']]) {
		for (const line of readFileSync(`/proc/${pids[0]}/net/${file}`, 'latin1').split('\n').slice(1)) {
			const [, local, , st, , , , , , inode] = line.trim().split(/\s+/);
			if (st !== state || !sockets.has(inode))
				continue;
			const [address, port] = local.split(':');
			const key = `${kind} ${parseInt(port, 16)}`;
			bound.set(key, [...bound.get(key) ?? [], address]);
		}
	}
	const loopback = ['0100007F', '00000000000000000000000001000000'];
	// of administration alone: in tests the one port too is on loopback only
	return new Set([...bound].map(([key, addresses]) => key === `tcp ${server.admin_port}` && addresses.every((a) => loopback.includes(a))
		? `${key} loopback` : key));
}

/** Raw bytes over TLS; gives what came back until the end or `ms` passed. */
function speak(port, text, ms = 4000) {
	return new Promise((resolve) => {
		const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
		let got = '';
		const timer = setTimeout(() => socket.destroy(), ms);
		socket.on('secureConnect', () => socket.write(text));
		socket.on('data', (bytes) => { got += bytes.toString('latin1'); });
		socket.on('error', () => undefined);
		socket.on('close', () => { clearTimeout(timer); resolve(got); });
	});
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

await scenario('attacks/doors', async () => {
	const server = await start_server({ port: 9840 });
	const peers = new Peers();
	afterwards(() => peers.quit());
	for (const [name, role] of [['lan', 'host'], ['minh', 'member'], ['root', 'admin'], ['thu', 'member']])
		server.command(['user', 'add', name, '--role', role, '--display', name, '--password-stdin'], `${PASSWORD}\n`);
	const make = (...flags) => JSON.parse(server.command(['room', 'add', 'Phòng kín số một', '--owner', 'lan', '--json', ...flags]));
	const root = new Client(server.admin_url);
	await root.rest('POST', '/login', { name: 'root', password: PASSWORD });
	/** What guesses have cost until now: hashes computed. Time itself is noise on a busy machine. */
	const hashed = async () => (await root.rest('GET', '/stats')).json.hashed;
	const open = make('--guests'), members = make(), shut = make('--guests');
	const lan = new Client(server.url), minh = new Client(server.url);
	await lan.rest('POST', '/login', { name: 'lan', password: PASSWORD });
	await minh.rest('POST', '/login', { name: 'minh', password: PASSWORD });
	await lan.rest('PATCH', `/rooms/${shut.id}`, { closed: true });

	// -- 1: ids and uniform refusals
	check('1 a room id has 128 random bits', /^[A-Za-z0-9_-]{22}$/.test(open.id) && open.id !== members.id);
	{
		const ways = { 'a wrong password': [open.id, 'sai-mat-khau-1'], 'a missing room': [MISSING, 'sai-mat-khau-1'],
			'a closed room': [shut.id, shut.password], 'a members\' room': [members.id, 'sai-mat-khau-1'], 'an id of no sense': ['x', 'sai-mat-khau-1'],
			'the right password of another room': [open.id, shut.password], 'an empty password': [open.id, ''], 'no password': [open.id, undefined] };
		const answers = {}, costs = {};
		let n = 0;
		for (const [what, [room, password]] of Object.entries(ways)) {
			const before = (await hashed()).rooms;
			const answer = await enter(peers, `knock${n++}`, server, { room, password, name: 'Khách' });
			delete answer.re;
			answers[what] = answer;
			costs[what] = (await hashed()).rooms - before;
		}
		for (const [what, answer] of Object.entries(answers).filter(([key]) => !/sense|empty/.test(key)))
			check(`1 ${what} is refused like any other, and costs one hash`, same(answer, { t: 'error', code: 'refused' }) && costs[what] === 1,
				`${JSON.stringify(answer)} ${costs[what]} hashes`);
		check('1 no refusal tells a title, a number of people or a reason', Object.values(answers).every((a) => Object.keys(a).every((k) => ['t', 'code', 'retry_after'].includes(k))),
			JSON.stringify(answers));
		// pages and REST
		const pages = await Promise.all([open.id, shut.id, MISSING, members.id].map((id) => fetch(`${server.url}/r/${id}`).then(async (r) => [r.status, await r.text()])));
		check('1 the page of a room, a closed one and a missing one is the same', pages.every((p) => same(p, pages[0])));
		const rest = await Promise.all([open.id, shut.id, MISSING].map((id) => minh.rest('GET', `/rooms/${id}`).then((r) => [r.status, r.text])));
		check("1 REST tells nobody else's room from a missing one", rest.every((r) => same(r, rest[0])) && rest[0][0] === 404, JSON.stringify(rest));
		await root.rest('POST', '/people', { name: 'chua.vao', display: 'chua vào', role: 'member' });
		server.command(['user', 'add', 'da.nghi', '--password-stdin'], `${PASSWORD}\n`);
		server.command(['user', 'disable', 'da.nghi']);
		const logins = {};
		for (const [what, name, password] of [['with a wrong password', 'lan', 'sai-mat-khau-2'], ['as nobody', 'khong-co-ai', 'sai-mat-khau-2'],
			['as who has not used the link yet', 'chua.vao', ''], ['as who is disabled, with the right password', 'da.nghi', PASSWORD],
			['under a name longer than any', 'x'.repeat(60), 'sai-mat-khau-2']]) {
			const before = (await hashed()).accounts;
			const r = await new Client(server.url).rest('POST', '/login', { name, password });
			logins[what] = [r.status, r.text, (await hashed()).accounts - before];
		}
		for (const [what, got] of Object.entries(logins))
			check(`1 a login ${what} is refused like any other, and costs one hash`, got[0] === 401 && got[2] === 1 &&
				same(got, logins['with a wrong password']), JSON.stringify(got));
	}

	// -- 2: guessing
	{
		const answers = [];
		await knock(peers, 'guess', server);
		for (let i = 0; i < 14 && answers.at(-1)?.t !== 'closed'; i++)
			answers.push(await ask(peers, 'guess', { t: 'enter', room: open.id, password: `doan-mo-${i}`, name: 'Kẻ đoán' }));
		const slow = answers.findIndex((a) => a.code === 'slow_down' || a.code === 'too_fast');
		check('2 guessing a room is slowed within a dozen tries', slow > 0 && slow < 14, answers.map((a) => a.code).join(' '));
		const again = await enter(peers, 'guess2', server, { room: open.id, password: 'doan-mo-99', name: 'Kẻ đoán' });
		check('2 a new connection from there is slowed as well', again.code === 'slow_down' || again.code === 'too_fast', JSON.stringify(again));
		const owner = await join(peers, 'owner', server, { room: open.id, cookie: lan.cookie });
		check("2 the room's owner is not locked out by it", owner.t === 'joined', JSON.stringify(owner).slice(0, 200));
		const six = server.url.replace('127.0.0.1', '[::1]');
		const elsewhere = await join(peers, 'elsewhere', { ...server, url: six }, { room: open.id, password: open.password, name: 'Từ nơi khác', ipv6: true });
		check('2 nor are others at another address', elsewhere.t === 'joined', JSON.stringify(elsewhere).slice(0, 200));
		const tries = [];
		for (let i = 0; i < 12; i++)
			tries.push((await new Client(server.url).rest('POST', '/login', { name: 'thu', password: `doan-mo-${i}-x` })).status);
		check('2 guessing an account is slowed within a dozen tries', tries.includes(429), tries.join(' '));
		const still = await new Client(six).rest('POST', '/login', { name: 'thu', password: PASSWORD });
		check('2 its owner still signs in from elsewhere', still.status === 200, `${still.status} ${still.text}`);
	}

	// -- 2: what a guess at a stolen database costs
	if (!/(asan|tsan)/.test(process.env.HOPKIN_BUILD ?? '')) {      // those hash cheaply
		const database = new DatabaseSync(join_path(server.data, 'hopkin.db'), { readOnly: true });
		const hashes = ['accounts', 'rooms'].flatMap((table) => database.prepare(`SELECT password_hash FROM ${table}`).all()).map((r) => r.password_hash);
		database.close();
		check('2 every password is kept as Argon2id of 64 MiB and three passes', hashes.length >= 7 && hashes.filter(Boolean).every((h) =>
			h.startsWith('$argon2id$v=19$m=65536,t=3,p=1$')), hashes.map((h) => h.slice(0, 32)).join(' '));
	}

	// -- 3, 9: whoever is early still meets the password; nobody unseen
	{
		await knock(peers, 'early', server);
		const early = await ask(peers, 'early', { t: 'enter', room: members.id, password: '', name: 'Sớm' });
		check('3 the first to come meets the password too', early.code === 'refused' || early.code === 'slow_down', JSON.stringify(early));
		await peers.run('peer', { peer: 'sneak', mic: true, seats: ['person'] });
		await knock(peers, 'sneak', server);
		const { sdp, sections } = await peers.run('offer', { peer: 'sneak' });
		const state = { mic: true, camera: false, screen: false, screen_audio: false };
		const sneak = await ask(peers, 'sneak', { t: 'join', sdp, sections, state });
		check('3 join without enter is refused', sneak.t === 'error' && sneak.code === 'not_now', JSON.stringify(sneak).slice(0, 200));
		const offer = await ask(peers, 'sneak', { t: 'offer', new: true, sdp, sections });
		check('3 offer without join is refused', offer.t === 'error' && offer.code === 'not_now', JSON.stringify(offer).slice(0, 200));
		for (const t of ['state', 'view', 'hand', 'chat', 'mute', 'remove', 'lock', 'end', 'allow', 'lower_hand'])
			if ((await ask(peers, 'sneak', { t, ...fields(t) })).code !== 'not_now') {
				check(`3 ${t} before joining is refused`, false);
				break;
			}
		const inside = await peers.report('owner');
		check('3 nothing of it received media', (await peers.report('sneak')).counts.rx_rtp === 0 && inside.connected);
	}

	// -- 4: tokens
	{
		const used = await server_link(server, 'ngoc');
		const first = await new Client(server.url).rest('POST', '/link/use', { token: used, password: PASSWORD });
		const second = await new Client(server.url).rest('POST', '/link/use', { token: used, password: 'mot-mat-khau-khac-8' });
		check('4 a one-time link works once', first.status === 200 && second.status === 404, `${first.status} ${second.status}`);
		const forged = [];
		for (const token of ['', 'none', used.slice(0, -2), `${used}A`, 'A'.repeat(used.length), 'eyJhbGciOiJub25lIn0.e30.'])
			forged.push((await new Client(server.url).rest('POST', '/link/look', { token })).status);
		check('4 forged, cut and empty tokens are refused', forged.every((s) => s === 404 || s === 400), forged.join(' '));
		for (const token of ['', 'A'.repeat(43), 'none'])
			if ((await (async () => { await knock(peers, 'res', server); return ask(peers, 'res', { t: 'resume', token }); })()).t !== 'error')
				check('4 a forged resume token is refused', false, token);
		const j = await join(peers, 'once', { ...server, url: server.url.replace('127.0.0.1', '[::1]') }, { room: open.id, password: open.password, name: 'Một lần', ipv6: true });
		await peers.run('ws.drop', { peer: 'once' });
		await knock(peers, 'once', { ...server, url: server.url.replace('127.0.0.1', '[::1]') });
		const back = await ask(peers, 'once', { t: 'resume', token: j.resume });
		await knock(peers, 'thief', { ...server, url: server.url.replace('127.0.0.1', '[::1]') });
		const stolen = await ask(peers, 'thief', { t: 'resume', token: j.resume });
		check('4 a resume token works once', back.t === 'resumed' && stolen.code === 'no_session', `${JSON.stringify(back).slice(0, 120)} ${JSON.stringify(stolen).slice(0, 120)}`);
		check('4 and is replaced at its use', back.resume && back.resume !== j.resume);
		for (const name of ['admin', 'root', 'hopkin', 'administrator'])
			for (const password of ['admin', 'password', 'hopkin', 'changeme', ''])
				if ((await new Client(server.admin_url).rest('POST', '/login', { name, password })).status === 200)
					check('4 no default password works', false, `${name}/${password}`);
		check('4 no default password works', true);
	}

	// -- 5: cookies, origins, sockets that end with the session
	{
		const answer = await fetch(`${server.url}/api/v1/login`, { method: 'POST', headers: { origin: server.url, 'content-type': 'application/json' }, body: JSON.stringify({ name: 'minh', password: PASSWORD }) });
		const cookie = answer.headers.getSetCookie()[0] ?? '';
		check('5 the session cookie is __Host-, Secure, HttpOnly and SameSite=Strict', /^__Host-hopkin=/.test(cookie) && ['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/'].every((w) => cookie.includes(w)) && !/Domain/i.test(cookie), cookie.replace(/=[^;]+/, '=…'));
		for (const origin of ['https://evil.test', 'null', 'http://127.0.0.1:9840', 'https://127.0.0.1:9841', 'https://127.0.0.1:9840.evil.test', null]) {
			const door = await knock(peers, 'xs', server, { origin, cookie: minh.cookie });
			check(`5 a WebSocket from origin ${origin} is refused`, !door.opened && (door.status === 403 || door.status === 0), JSON.stringify(door));
			if (origin !== null) {
				const r = await lan.rest('POST', '/rooms', { title: 'x', guests: false }, { origin });
				check(`5 a change from origin ${origin} is refused`, r.status === 403 && r.json?.error?.code === 'bad_origin', `${r.status} ${r.text}`);
			}
		}
		const none = await fetch(`${server.url}/api/v1/rooms`, { method: 'POST', headers: { cookie: lan.cookie, 'content-type': 'application/json' }, body: '{"title":"x","guests":false}' });
		check('5 a change without Origin is refused', none.status === 403, `${none.status}`);
		const simple = await lan.rest('POST', '/rooms', '{"title":"x","guests":false}', { 'content-type': 'text/plain' });
		check('5 a change as a form could send it is refused', simple.status === 415, `${simple.status}`);
		const asks = { 'signing out': (c) => c.rest('POST', '/logout'),
			'another role': () => root.rest('PATCH', `/people/${ids.minh}`, { role: 'host' }),
			'disabling the account': () => root.rest('PATCH', `/people/${ids.minh}`, { disabled: true }) };
		const entered = await sign_in(root, 'root');
		check('5 administration has a cookie of its own', entered.status === 200 && root.cookie.startsWith('__Host-hopkin-admin='), `${entered.status} ${root.cookie.split('=')[0]}`);
		const people = (await root.rest('GET', '/people')).json.people;
		const ids = Object.fromEntries(people.map((p) => [p.name, p.id]));
		for (const [what, act] of Object.entries(asks)) {
			const c = new Client(server.url);
			await c.rest('POST', '/login', { name: 'minh', password: PASSWORD });
			const joined = await join(peers, 'minh', server, { room: open.id, password: open.password, cookie: c.cookie });
			const from = peers.events.length;
			await act(c);
			const end = await closed(peers, 'minh', { from });
			check(`5 ${what} closes open sockets`, joined.t === 'joined' && end.code === 4401, `${joined.t} ${joined.code ?? ''} ${end.code}`);
			check(`5 after ${what} the cookie is worth nothing`, (await c.rest('GET', '/me')).status === 401);
			await peers.run('drop', { peer: 'minh' });
		}
		const off = await new Client(server.url).rest('POST', '/login', { name: 'minh', password: PASSWORD });
		check('5 a disabled account does not sign in', off.status === 401, `${off.status}`);
		const admin_cookie = await new Client(server.url).rest('GET', '/me', undefined, { cookie: root.cookie });
		check('5 the administration cookie is nothing on the main listener', admin_cookie.status === 401);
		const main_cookie = await new Client(server.admin_url).rest('GET', '/people', undefined, { cookie: lan.cookie });
		check('5 nor the main cookie on the administration one', main_cookie.status === 401 || main_cookie.status === 404, `${main_cookie.status}`);
	}

	// -- 25: administration elsewhere does not exist
	{
		const root = new Client(server.url);
		await root.rest('POST', '/login', { name: 'root', password: PASSWORD });
		const statuses = [];
		for (const path of ['/people', '/stats'])
			statuses.push((await root.rest('GET', path)).status);
		statuses.push((await root.rest('POST', '/people', { name: 'xx', display: 'xx', role: 'admin' })).status);
		check('25 administration answers on its own port only', statuses.every((s) => s === 404), statuses.join(' '));
		const door = await knock(peers, 'adm', server, { admin: true, origin: server.admin_url });
		check('25 no meetings on the administration port', !door.opened, JSON.stringify(door));
		const heard = listening(server), wanted = [`tcp ${server.port}`, `udp ${server.port}`, `tcp ${server.admin_port} loopback`];
		check('25 nothing listens but the one port and, on loopback, administration', wanted.every((w) => heard.has(w)) && heard.size === wanted.length,
			[...heard].join(', '));
	}

	// -- 15: requests that are too much
	{
		const origin = `Origin: ${server.url}\r\n`;
		const post = (length, body, more = '') => `POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1:9840\r\n${origin}Content-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n${body}`;
		const status = async (text, ms) => Number(/^HTTP\/1\.1 (\d+)/.exec(await speak(server.port, text, ms))?.[1] ?? 0);
		const tib = await status(post(2 ** 40, '{'));
		check('15 a body of 1 TiB is refused by its length', tib === 0 || tib >= 400, `${tib}`);
		check('15 a body over 16 KiB is refused', (await status(post(20000, ' '.repeat(20000)))) === 413);
		check('15 a deep body is refused', (await status(post(10000, '['.repeat(5000) + ']'.repeat(5000)))) === 400);
		check('15 a header of 100 kB is refused', [0, 400, 413, 414, 431].includes(await status(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100000)}\r\n\r\n`)));
		check('15 a request that is no HTTP is refused', [0, 400, 403, 404, 405, 501].includes(await status('\x00\x01\x02\x03\r\n\r\n')));
		const slow = speak(server.port, post(1000, '{"name":'), 60000).then((got) => got.length >= 0);
		const fine = await new Client(server.url).rest('GET', '/health');
		check('15 a slow upload holds up nobody', fine.status === 200);
		void slow;
		const two = await status(`POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1:9840\r\n${origin}Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`);
		check('15 two lengths at once are refused', [0, 400, 411].includes(two), `${two}`);
		for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2f..%2fetc/passwd', '/\\..\\..\\etc\\passwd', '/r/%00', '//etc/passwd']) {
			const got = await speak(server.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:9840\r\nConnection: close\r\n\r\n`);
			check(`13 ${path} gives no file of the machine`, !/root:.*:0:0/.test(got));
		}
	}

	// -- 26: what the log tells
	{
		const said = server.said + server.log;
		const secrets = { 'a password': PASSWORD, 'a room password': open.password, 'another room password': shut.password, 'a guessed password': 'doan-mo-',
			'a cookie': lan.cookie.split('=')[1], 'SDP': 'a=ice-pwd' };
		for (const [what, text] of Object.entries(secrets))
			check(`26 the log shows no ${what}`, !said.includes(text));
		check('26 no crash was logged', !/AddressSanitizer|runtime error|ThreadSanitizer|Assertion/.test(said), said.slice(-500));
		check('26 the log is a line an event', said.split('\n').every((line) => line.length < 600));
	}
});

function fields(t) {
	return { state: { mic: true, camera: true, screen: false, screen_audio: false }, view: { pins: [], wants: [], heights: [] }, hand: { up: true }, chat: { text: 'x' },
		mute: { number: 1 }, remove: { number: 1 }, lock: { locked: true }, end: {}, allow: { number: 1, source: 'mic' }, lower_hand: { number: 1 } }[t];
}

async function server_link(server, name) {
	const root = new Client(server.admin_url);
	await root.rest('POST', '/login', { name: 'root', password: PASSWORD });
	const made = await root.rest('POST', '/people', { name, display: name, role: 'member' });
	return made.json.link.split('#')[1];
}

// Native peers in a whole Hopkin: the documented protocol (signaling/PROTOCOL.md) over its WebSocket.

/** Opens the WebSocket of `peer`; gives {opened} or {status, code} when it was refused. */
export async function knock(peers, peer, server, { origin = server.url, cookie, protocol, path = '/ws', admin = false } = {}) {
	const from = peers.events.length;
	const base = (admin ? server.admin_url : server.url).replace('https:', 'wss:');
	await peers.run('ws.open', { peer, url: `${base}${path}`, ...(origin === null ? {} : { origin }), ...(cookie ? { cookie } : {}),
		...(protocol === undefined ? {} : { protocol }) });
	const e = await peers.wait(`${peer} knocks`, (x) => x.peer === peer && (x.ev === 'ws.opened' || x.ev === 'ws.closed'), { from });
	return e.ev === 'ws.opened' ? { opened: true, us: e.us } : { opened: false, status: e.status, code: e.code };
}

/** A request and its answer; {t: "closed", code} when the connection ended instead. */
export async function ask(peers, peer, msg, ms = 60000) {
	const from = peers.events.length;
	const { id } = await peers.run('ws.send', { peer, msg });
	return answerTo(peers, peer, id, from, ms);
}

async function answerTo(peers, peer, id, from, ms = 60000) {
	const e = await peers.wait(`answer to ${peer}`, (x) => x.peer === peer
		&& ((x.ev === 'msg' && (x.msg.re === id || x.msg.re === 0)) || x.ev === 'ws.closed'), { from, ms });
	return e.ev === 'msg' ? e.msg : { t: 'closed', code: e.code, status: e.status };
}

/** Knocks and enters; gives the answer to `enter`. */
export async function enter(peers, peer, server, { room, password, name, cookie } = {}) {
	const door = await knock(peers, peer, server, { cookie });
	if (!door.opened)
		return { t: 'closed', ...door };
	return ask(peers, peer, { t: 'enter', room, ...(password === undefined ? {} : { password }), ...(name === undefined ? {} : { name }) });
}

/** All the way in, with media: gives the answer to `join`. What the peer sends and where it receives are in `plan`. */
export async function join(peers, peer, server, { room, password, name, cookie, state, wait = true, ...plan } = {}) {
	await peers.run('peer', { peer, mic: true, camera: { layers: 3 }, seats: ['person', 'person', 'person', 'person', 'screen', 'voice'], ...plan });
	const entered = await enter(peers, peer, server, { room, password, name: name ?? (cookie ? undefined : peer), cookie });
	if (entered.t !== 'entered')
		return entered;
	const from = peers.events.length;
	const { id } = await peers.run('join', { peer, ...(state ? { state } : {}) });
	const joined = await answerTo(peers, peer, id, from);
	const bad = peers.events.slice(from).find((e) => e.peer === peer && e.ev === 'bad_answer');
	if (bad)
		throw new Error(`the answer's SDP is wrong: ${bad.why}`);
	if (joined.t === 'joined' && wait)
		await peers.wait(`${peer} connected`, (e) => e.peer === peer && (e.ev === 'connected' || e.ev === 'closed'), { from });
	return { ...joined, seats: entered.seats, entered };
}

/** A new media connection on the same signaling (after `media_lost`): the peer is made anew with `plan`. */
export async function reconnect(peers, peer, plan = {}) {
	await peers.run('peer', { peer, mic: true, camera: { layers: 3 }, seats: ['person', 'person', 'person', 'person', 'screen', 'voice'], ...plan });
	const from = peers.events.length;
	const { id } = await peers.run('reoffer', { peer });
	const answer = await answerTo(peers, peer, id, from);
	if (answer.t === 'answer')
		await peers.wait(`${peer} connected`, (e) => e.peer === peer && (e.ev === 'connected' || e.ev === 'closed'), { from });
	return answer;
}

/** Waits for an event message of type `t` to `peer`. */
export function told(peers, peer, t, options) {
	return peers.wait(`${t} to ${peer}`, (e) => e.peer === peer && e.ev === 'msg' && e.msg.t === t && e.msg.re === undefined, options).then((e) => e.msg);
}

export function closed(peers, peer, options) {
	return peers.wait(`${peer}'s socket to close`, (e) => e.peer === peer && e.ev === 'ws.closed', options);
}

/** Waits until the running server knows a room that the command line has just made. */
export async function known(peers, server, key) {
	for (let i = 0; i < 50; i++) {
		const answer = await enter(peers, 'first knock', server, { ...key, name: 'first' });
		if (answer.t === 'entered')
			break;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	await peers.run('drop', { peer: 'first knock' });
}

// Threat 22: more connections than a place, or the whole, may have. Small limits, so that each is reached in a moment.
import { once } from 'node:events';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Client } from '../e2e/lib/client.mjs';
import { afterwards, check, scenario, until } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const PORT = 9850;
const MOST = 40, MOST_OF_ONE = 24;

/** A TLS connection from `host` that then says nothing. `in`: whether the server took it. */
async function visitor(host) {
	const socket = connect({ port: PORT, host, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
	socket.on('error', () => undefined);
	const ended = new Promise((resolve) => socket.on('close', () => resolve('closed')));
	const how = await Promise.race([once(socket, 'secureConnect').then(() => 'in', () => 'closed'), ended]);
	return { in: how === 'in', socket };
}

async function visitors(host, count) {
	const all = [];
	for (let i = 0; i < count; i++)
		all.push(await visitor(host));
	return all;
}

const inside = (all) => all.filter((v) => v.in).length;

await scenario('attacks/caps', async () => {
	const data = mkdtempSync(join(tmpdir(), 'hopkin-caps-'));
	afterwards(() => rmSync(data, { recursive: true, force: true }));
	writeFileSync(join(data, 'hopkin.conf'), `connections = ${MOST};\nconnections_per_address = ${MOST_OF_ONE};\n`);
	const server = await start_server({ port: PORT, data });
	server.command(['user', 'add', 'root', '--role', 'admin', '--password-stdin'], `${PASSWORD}\n`);
	const root = new Client(server.admin_url);
	await root.rest('POST', '/login', { name: 'root', password: PASSWORD });
	const refused = async () => (await root.rest('GET', '/stats')).json.front.connections_refused;

	const first = await visitors('127.0.0.1', MOST_OF_ONE + 6);
	check('22 one place has no more connections than it may', inside(first) <= MOST_OF_ONE && inside(first) >= MOST_OF_ONE - 2, `${inside(first)} in`);
	check('22 it is the late ones that are refused, and counted', first.slice(0, 12).every((v) => v.in) && first.slice(-6).every((v) => !v.in) &&
		await refused() >= 6, `${await refused()} refused`);
	const second = await visitors('::1', 6);
	check('22 another place still comes in', inside(second) === 6, `${inside(second)} of 6`);
	const third = await visitors('::1', MOST);
	const all = inside(first) + inside(second) + inside(third);
	check('22 all places together have no more than they may', all <= MOST && third.slice(-6).every((v) => !v.in), `${all} in`);
	const people = await root.rest('GET', '/people');
	check('22 administration is answered all the same', people.status === 200 && people.json.people.length === 1, `${people.status}`);
	for (const { socket } of [...first, ...second, ...third])
		socket.destroy();
	const back = await until(async () => {
		const v = await visitor('127.0.0.1');
		v.socket.destroy();
		return v.in;
	}, 10, 50);
	check('22 once they have gone, all come in again', back);
	const log = server.log;
	check('22 the log is not a line a refused connection', log.split('\n').length < 60, `${log.split('\n').length} lines`);
});

// Threat 23: no default route, then a default route that leads to a counter. Runs in a network namespace of its own (run-sealed).
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { afterwards, check, scenario } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { faults, packetsFrom, Peers } from '../peer/driver.mjs';
import { join, known } from '../peer/meeting.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8' });
const sent = () => Number(readFileSync('/proc/net/dev', 'utf8').split('\n').find((line) => line.includes('way0:')).split(':')[1].trim().split(/\s+/)[9]);

async function meeting(what, port) {
	const server = await start_server({ port });
	const peers = new Peers();
	afterwards(() => peers.quit());
	server.command(['user', 'add', 'lan', '--role', 'host', '--display', 'lan', '--password-stdin'], `${PASSWORD}\n`);
	const room = JSON.parse(server.command(['room', 'add', 'Giao ban', '--owner', 'lan', '--json', '--guests']));
	await known(peers, server, { room: room.id, password: room.password });
	const a = await join(peers, 'a', server, { room: room.id, password: room.password });
	const b = await join(peers, 'b', server, { room: room.id, password: room.password });
	const r = await peers.until('b', (x) => packetsFrom(x, a.number, 'video') > 60);
	check(`23 ${what}: two meet`, b.t === 'joined' && packetsFrom(r, a.number, 'video') > 60 && faults(r) === '', `${a.code ?? a.t} ${b.code ?? b.t} ${faults(r)} ${JSON.stringify(r.counts)}`);
	await server.stop();
}

await scenario('attacks/sealed', async () => {
	check('23 there is no default route', ip('route', 'show', 'default') === '');
	await meeting('without a default route', 9870);
	// a way out that only counts: a veth whose other end nobody reads; IPv6 off on it, so that the kernel itself says nothing
	ip('link', 'add', 'way0', 'type', 'veth', 'peer', 'name', 'way1');
	for (const name of ['way0', 'way1'])
		execFileSync('sysctl', ['-qw', `net.ipv6.conf.${name}.disable_ipv6=1`]);
	ip('address', 'add', '10.99.0.2/24', 'dev', 'way0');
	ip('link', 'set', 'way1', 'up');
	ip('link', 'set', 'way0', 'up');
	ip('neighbour', 'add', '10.99.0.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'way0');
	ip('route', 'add', 'default', 'via', '10.99.0.1');
	const before = sent();
	await meeting('with a default route', 9872);
	check('23 not one packet was sent to the outside', sent() === before, `${sent() - before} packets`);
	const probe = createSocket('udp4');
	await new Promise((resolve) => probe.send('x', 9, '10.1.2.3', resolve));
	probe.close();
	check('23 one that is sent would have been counted', sent() > before);
});

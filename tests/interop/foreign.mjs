// Foreign WebRTC stacks in a meeting: what they decode is asserted on (a colour, a tone), not that they connect.
import { afterwards, check, scenario } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';
import { Peers } from '../peer/driver.mjs';
import { join, known } from '../peer/meeting.mjs';
import { ForeignPeer } from './foreign_peer.mjs';

const PASSWORD = 'mot-mat-khau-kha-dai-7';
const RED = [76, 85, 250], BLUE = [60, 230, 110];
const near = (a, b) => a !== null && a !== undefined && a.every((v, i) => Math.abs(v - b[i]) < 14);
const shows = (r, colour) => r.seats.some((s) => s.kind === 'video' && s.frames > 10 && near(s.yuv, colour));
const sounds = (r, hertz) => r.seats.some((s) => s.kind === 'audio' && s.frames > 10 && Math.abs(s.hertz - hertz) < hertz * 0.03);

await scenario('interop/foreign', async () => {
	const server = await start_server({ port: 9890 });
	const peers = new Peers();
	afterwards(() => peers.quit());
	server.command(['user', 'add', 'lan', '--role', 'host', '--display', 'lan', '--password-stdin'], `${PASSWORD}\n`);
	const made = JSON.parse(server.command(['room', 'add', 'Họp', '--owner', 'lan', '--json', '--guests']));
	const key = { room: made.id, password: made.password };
	await known(peers, server, key);

	const red = new ForeignPeer('/usr/bin/python3', ['tests/interop/aiortc_peer.py']);
	const blue = new ForeignPeer('/usr/bin/python3', ['tests/interop/aiortc_peer.py']);
	afterwards(() => { red.quit(); blue.quit(); });
	const j1 = await red.join(server, { ...key, name: 'aiortc đỏ', tone: 440, colour: RED, seats: 3 });
	check('aiortc joins by the documented protocol', j1.t === 'joined', JSON.stringify(j1).slice(0, 300));
	const j2 = await blue.join(server, { ...key, name: 'aiortc xanh', tone: 660, colour: BLUE, seats: 3 });
	check('a second aiortc joins', j2.t === 'joined', JSON.stringify(j2).slice(0, 300));
	const atBlue = await blue.until((r) => shows(r, RED) && sounds(r, 440));
	check("aiortc decodes another aiortc's colour", shows(atBlue, RED), JSON.stringify(atBlue));
	check("aiortc decodes another aiortc's tone", sounds(atBlue, 440), JSON.stringify(atBlue));
	const atRed = await red.until((r) => shows(r, BLUE) && sounds(r, 660));
	check('and the other way round', shows(atRed, BLUE) && sounds(atRed, 660), JSON.stringify(atRed));

	const native = await join(peers, 'native', server, { ...key, name: 'native' });
	const got = await peers.until('native', (r) => packetsFromSsrc(r) > 100, 15000);
	check('a native peer receives aiortc', native.t === 'joined' && packetsFromSsrc(got) > 100, `${packetsFromSsrc(got)}`);
	check('with nothing wrong in header or protection', got.srtp.forged === 0 && got.srtp.reused === 0 && got.counts.unknown_ssrc === 0 && got.seats.every((s) => s.wrong_pt === 0 && s.alien_ext === 0 && s.wrong_mid === 0));
	check('aiortc still decodes both', shows(await blue.until((r) => shows(r, RED)), RED));
	await peers.run('drop', { peer: 'native' });

	// werift, WebRTC in TypeScript: it echoes what its first seat receives, here red's picture and tone; blue then sees red under werift's number
	red.socket.request({ t: 'leave' });
	blue.socket.request({ t: 'leave' });
	const room2 = JSON.parse(server.command(['room', 'add', 'Vọng', '--owner', 'lan', '--json', '--guests']));
	const key2 = { room: room2.id, password: room2.password };
	await known(peers, server, key2);
	const source = new ForeignPeer('/usr/bin/python3', ['tests/interop/aiortc_peer.py']);
	const echo = new ForeignPeer(process.execPath, ['tests/interop/werift_peer.mjs']);
	const viewer = new ForeignPeer('/usr/bin/python3', ['tests/interop/aiortc_peer.py']);
	afterwards(() => { source.quit(); echo.quit(); viewer.quit(); });
	await source.join(server, { ...key2, name: 'nguồn', tone: 520, colour: RED, seats: 1 });
	const j3 = await echo.join(server, { ...key2, name: 'werift', seats: 1 });
	check('werift joins by the documented protocol', j3.t === 'joined', JSON.stringify(j3).slice(0, 300));
	const echoed = await echo.until((r) => r.seats.every((s) => s.echoed > 30));
	check('werift receives picture and sound of another stack', echoed.seats.every((s) => s.echoed > 30), JSON.stringify(echoed));
	check('under the number of who sends them', echoed.seats.every((s) => s.csrc.length === 1 && s.csrc[0] === source.number), JSON.stringify(echoed.seats.map((s) => s.csrc)));
	// the source leaves its place to be seen through werift alone: the viewer pins werift
	const j4 = await viewer.join(server, { ...key2, name: 'xem', tone: 880, colour: BLUE, seats: 1, state: { mic: false, camera: false } });
	await viewer.socket.request({ t: 'view', pins: [echo.number], wants: [echo.number], heights: [180] });
	const inSeat = () => viewer.socket.received.filter((m) => m.t === 'seats').flatMap((m) => m.seats).filter((s) => s.seat === 0).at(-1)?.number;
	const seated = await viewer.until(() => inSeat() === echo.number);
	const least = (kind) => (seated.seats.find((s) => s.kind === kind)?.frames ?? 0) + 20;
	const through = await viewer.until((r) => r.seats.length === 2 && r.seats.every((s) => s.frames > least(s.kind)) && shows(r, RED) && sounds(r, 520));
	check('what went through werift is decoded: its colour', j4.t === 'joined' && shows(through, RED), JSON.stringify(through));
	check('and its tone', sounds(through, 520), JSON.stringify(through));
	check("from werift's own place", inSeat() === echo.number, `${inSeat()}`);
});

/** Media packets in seats; foreign payloads carry no tag, so they cannot be told by number. */
function packetsFromSsrc(r) {
	return r.seats.reduce((n, s) => n + s.packets, 0);
}

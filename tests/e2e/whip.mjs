// Devices without our client: an encoder publishes by WHIP, a wall display watches by WHEP. What is decoded is asserted on.

import { AxeBuilder } from "@axe-core/playwright";
import { join } from "node:path";
import { ForeignPeer } from "../interop/foreign_peer.mjs";
import { check, afterwards, scenario, until } from "./lib/check.mjs";
import { open_chromium } from "./lib/chromium.mjs";
import { COLOURS, fields, tone_hz, yuv } from "./lib/media.mjs";
import { at_screen, enter, fill, make_room, meets, perceive, press, sign_in } from "./lib/people.mjs";
import { screen_code, tone_code } from "./lib/probe.mjs";
import { start_server, TOP } from "./lib/server.mjs";
import { FRAGMENT, ask, bring, post } from "./lib/whip.mjs";

const PASSWORD = "mot-mat-khau-kha-dai-7";
const ENCODER = { code: 5, name: "Máy quay" };
const LAN = { code: 1, name: "Lan Anh" };

const quarters = (code) => fields(code).map((digit) => yuv(COLOURS[digit]));
const aiortc = () => {
	const peer = new ForeignPeer("/usr/bin/python3", ["tests/interop/aiortc_peer.py"]);
	afterwards(() => peer.quit());
	return peer;
};
const near = (a, b) => a?.every((v, i) => Math.abs(v - b[i]) < 24);
const shows = (report, code) => report.seats.some((one) => one.kind === "video" && one.quarters && quarters(code).every((c, i) => near(one.quarters[i], c)));
const sounds = (report, code) => report.seats.some((one) => one.kind === "audio" && Math.abs(one.hertz - tone_hz(code)) < 15);

/** A page that knows nothing of Hopkin's client: RTCPeerConnection and fetch. */
async function watch_in_page(person, address, token) {
	return person.page.evaluate(async ([address, token]) => {
		const pc = window.wall = new RTCPeerConnection();
		pc.addTransceiver("audio", { direction: "recvonly" });
		pc.addTransceiver("video", { direction: "recvonly" });
		const video = window.picture = document.createElement("video");
		video.autoplay = video.muted = true;
		document.body.append(video);
		pc.ontrack = (event) => { video.srcObject = event.streams[0]; };
		await pc.setLocalDescription();
		const answer = await fetch(address, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" }, body: pc.localDescription.sdp });
		window.session = { address: answer.headers.get("location"), etag: answer.headers.get("etag") };
		if (answer.status === 201)
			await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
		return { status: answer.status, ...window.session };
	}, [address, token]);
}

const seen_in_page = (person) => person.page.evaluate(async () => {
	const { read_code, read_tone } = window.hopkin_probe;
	const sound = window.picture.srcObject?.getAudioTracks()[0];
	return { code: read_code(window.picture), hz: await read_tone(sound), tracks: window.picture.srcObject?.getTracks().length ?? 0, state: window.wall.connectionState };
});

/** ICE restart as RFC 9725 §4.3.3 has it: only credentials are exchanged. */
const restart_in_page = (person, token) => person.page.evaluate(async ([token, type]) => {
	const pc = window.wall, value = (sdp, name) => new RegExp(`^a=${name}:(.*)$`, "m").exec(sdp)[1].trim();
	const before = pc.remoteDescription.sdp;
	await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
	const local = pc.localDescription.sdp;
	const body = `a=ice-ufrag:${value(local, "ice-ufrag")}\r\na=ice-pwd:${value(local, "ice-pwd")}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:${value(local, "mid")}\r\n`;
	const answer = await fetch(window.session.address, { method: "PATCH", headers: { authorization: `Bearer ${token}`, "content-type": type, "if-match": "*" }, body });
	const fragment = await answer.text();
	if (answer.status === 200) {
		const sdp = before.replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${value(fragment, "ice-ufrag")}`).replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${value(fragment, "ice-pwd")}`);
		await pc.setRemoteDescription({ type: "answer", sdp });
	}
	const frames = async () => [...(await pc.getStats()).values()].find((one) => one.type === "inbound-rtp" && one.kind === "video").framesDecoded;
	const pair = async () => [...(await pc.getStats()).values()].filter((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded").length;
	return { status: answer.status, etag: answer.headers.get("etag"), fragment, frames: await frames(), pairs: await pair() };
}, [token, FRAGMENT]);

const frames_in_page = (person) => person.page.evaluate(async () => [...(await window.wall.getStats()).values()].find((one) => one.type === "inbound-rtp" && one.kind === "video")?.framesDecoded ?? 0);

async function roster(person) {
	return person.page.evaluate(() => [...document.querySelectorAll('[data-testid="roster-row"]')].map((row) => ({
		name: row.querySelector('[data-testid="roster-name"]').textContent, device: row.querySelector('[data-testid="device-badge"]')?.textContent ?? "",
	})));
}

const tone_of = async (person, name) => (await perceive(person)).tiles.find((one) => one.name === name)?.hz ?? 0;

/** What a host does with one of the roster. */
async function of_row(person, name, act) {
	await person.page.locator('[data-testid="roster-row"]', { hasText: name }).locator('[data-testid="roster-more"]').click();
	await person.page.locator(`[data-testid="${act}"]`).click();
}

await scenario("whip", async () => {
	const server = await start_server({ port: 9560, flags: ["--device-origin", "https://player.example"] });
	server.command(["user", "add", "lan", "--role", "host", "--display", LAN.name, "--password-stdin"], `${PASSWORD}\n`);
	const lan = Object.assign(await open_chromium(LAN.code, { media: process.env.HOPKIN_MEDIA ?? join(TOP, "build/tests-media") }), LAN);
	await sign_in(lan, server.url, "lan", PASSWORD);
	const { address } = await make_room(lan, "Hội trường");
	const room = address.split("/").pop();

	// -- a token for the wall, made on the page; one for the encoder, made on the command line beside the running server
	await press(lan, "room-more");
	await press(lan, "room-devices");
	const faults = (await new AxeBuilder({ page: lan.page }).setLegacyMode(true).analyze()).violations.filter((one) => ["serious", "critical"].includes(one.impact));
	check("axe finds nothing serious in the dialog of devices", faults.length === 0, faults.map((one) => one.id).join());
	await fill(lan, "device-name", "Màn hình sảnh");
	await lan.page.locator('[data-testid="device-right"]').selectOption("view");
	await press(lan, "device-make");
	await until(() => lan.page.evaluate(() => document.querySelectorAll('[data-testid="copy-text"]').length === 2));
	const [wall_address, wall_token] = await lan.page.evaluate(() => [...document.querySelectorAll('[data-testid="copy-text"]')].map((one) => one.textContent));
	check("the room's menu makes a token to watch", wall_address === `${server.url}/whep/${room}` && /^[\w-]{43}$/.test(wall_token), `${wall_address} ${wall_token.length}`);
	await press(lan, "device-done");
	const encoder_token = JSON.parse(server.command(["room", "token", room, "--publish", "--name", ENCODER.name, "--json"]));
	check("the command line makes one to publish", encoder_token.right === "publish" && /^[\w-]{43}$/.test(encoder_token.token) && encoder_token.address.endsWith(`/whip/${room}`));
	const whip = `${server.url}/whip/${room}`, whep = `${server.url}/whep/${room}`;

	// -- the wall watches a meeting of one person
	await enter(lan, address);
	await press(lan, "people-open");
	const wall = await open_chromium(9, { devices: false });
	await wall.page.goto(`${server.url}/`);
	const made = await watch_in_page(wall, whep, wall_token);
	check("a bare page watches by WHEP", made.status === 201 && made.address.startsWith(`${whep}/`) && /^"[0-9a-f]+"$/.test(made.etag), JSON.stringify(made));
	let seen;
	await until(async () => { seen = await seen_in_page(wall); return seen.code === LAN.code && tone_code(seen.hz) === LAN.code; }, 25, 300);
	check("it decodes who is in the meeting, picture and tone, in one stream", seen.code === LAN.code && tone_code(seen.hz) === LAN.code && seen.tracks === 2, JSON.stringify(seen));
	const listed = await until(async () => (await roster(lan)).find((one) => one.name === "Màn hình sảnh"), 5);
	check("everybody sees that the wall is there, a device", listed?.device === "Device", JSON.stringify(await roster(lan)));

	const display = aiortc();
	const second = JSON.parse(server.command(["room", "token", room, "--view", "--name", "Màn hình 2", "--json"]));
	const shown = await bring(display, whep, second.token, { tracks: ["audio", "video"] });
	check("another stack watches by WHEP", shown.status === 201, `${shown.status} ${shown.text.slice(0, 200)}`);
	const report = await display.until((r) => shows(r, LAN.code) && sounds(r, LAN.code), 25000);
	check("aiortc decodes the same picture and tone", shows(report, LAN.code) && sounds(report, LAN.code), JSON.stringify(report));

	// -- a shared screen takes the wall, and gives it back
	await press(lan, "screen");
	await until(async () => { seen = await seen_in_page(wall); return seen.code === screen_code(LAN.code); }, 20, 300);
	check("a shared screen is the main picture", seen.code === screen_code(LAN.code) && tone_code(seen.hz) === LAN.code, JSON.stringify(seen));
	await press(lan, "screen");
	await until(async () => { seen = await seen_in_page(wall); return seen.code === LAN.code; }, 20, 300);
	check("and the camera when it ends", seen.code === LAN.code, JSON.stringify(seen));

	// -- PATCH
	const old_tag = made.etag;
	const trickle = { token: wall_token, type: FRAGMENT, body: "a=candidate:1 1 udp 2122260223 192.0.2.9 9 typ host\r\n" };
	check("candidates are taken", (await ask(made.address, "PATCH", { ...trickle, headers: { "if-match": old_tag } })).status === 204);
	check("not without If-Match", (await ask(made.address, "PATCH", trickle)).status === 428);
	const restarted = await restart_in_page(wall, wall_token);
	check("an ICE restart is answered with new credentials and a new tag", restarted.status === 200 && restarted.etag && restarted.etag !== old_tag, JSON.stringify(restarted));
	await until(async () => await frames_in_page(wall) > restarted.frames + 30, 15, 200);
	seen = await seen_in_page(wall);
	check("media flows on through it", await frames_in_page(wall) > restarted.frames + 30 && seen.state === "connected", JSON.stringify(seen));
	check("the tag before is worth nothing", (await ask(made.address, "PATCH", { ...trickle, headers: { "if-match": old_tag } })).status === 412);

	// -- the encoder publishes
	for (const codec of ["VP8", "H264"]) {
		const encoder = aiortc();
		const sent = await bring(encoder, whip, encoder_token.token, { tone: tone_hz(ENCODER.code), colour: quarters(ENCODER.code), codec });
		check(`${codec}: an encoder publishes by WHIP`, sent.status === 201 && sent.session?.startsWith(`${whip}/`), `${sent.status} ${sent.text.slice(0, 200)}`);
		let wrong = "", got;
		await until(async () => { got = await perceive(lan); wrong = meets(got, ENCODER); return !wrong; }, 30, 300);
		check(`${codec}: it is seen and heard under its name`, !wrong, `${wrong} ${JSON.stringify(got)}`);
		if (codec === "VP8") {
			check("it is on the roster as a device", (await roster(lan)).find((one) => one.name === ENCODER.name)?.device === "Device", JSON.stringify(await roster(lan)));
			await of_row(lan, ENCODER.name, "host-mute");
			let hz;
			await until(async () => { hz = await tone_of(lan, ENCODER.name); return tone_code(hz) !== ENCODER.code; }, 10, 300);
			check("a host mutes it like anyone", tone_code(hz) !== ENCODER.code && !meets(await perceive(lan), ENCODER, { sound: false }), `${hz}`);
			await of_row(lan, ENCODER.name, "host-allow-mic");
			await until(async () => { hz = await tone_of(lan, ENCODER.name); return tone_code(hz) === ENCODER.code; }, 10, 300);
			check("allowed again, it is heard again", tone_code(hz) === ENCODER.code, `${hz}`);
			check("DELETE ends it", (await ask(sent.session, "DELETE", { token: encoder_token.token })).status === 200);
			await until(async () => !(await roster(lan)).some((one) => one.name === ENCODER.name), 5);
			check("and it is gone from the roster", !(await roster(lan)).some((one) => one.name === ENCODER.name), JSON.stringify(await roster(lan)));
			check("a session ends once", (await ask(sent.session, "DELETE", { token: encoder_token.token })).status === 404);
			encoder.quit();
		}
	}

	// -- without signaling media flows on, and the next one knows the devices
	const before = server.pid_of("signaling");
	process.kill(before, "SIGKILL");
	await until(() => server.pid_of("signaling") > 0 && server.pid_of("signaling") !== before, 15);
	await until(async () => await lan.page.evaluate(() => document.querySelector(".meeting")?.dataset.signal === "up").catch(() => false), 20);
	let again = "";
	await until(async () => { again = meets(await perceive(lan), ENCODER); return !again && (await roster(lan)).some((one) => one.name === ENCODER.name); }, 20, 300);
	check("after the death of signaling the encoder is still seen, under its name", !again && (await roster(lan)).some((one) => one.name === ENCODER.name && one.device === "Device"), `${again} ${JSON.stringify(await roster(lan))}`);
	const patched = await ask((await wall.page.evaluate(() => window.session.address)), "PATCH", { ...trickle, headers: { "if-match": restarted.etag } });
	check("its sessions are known", patched.status === 204, `${patched.status} ${patched.text}`);

	// -- revoked
	server.command(["room", "token", room, "--revoke", encoder_token.id]);
	await until(async () => !(await roster(lan)).some((one) => one.name === ENCODER.name), 8);
	check("revoking the token ends the session", !(await roster(lan)).some((one) => one.name === ENCODER.name), JSON.stringify(await roster(lan)));
	const refused = await post(whip, encoder_token.token, "v=0\r\n");
	check("and the token opens nothing", refused.status === 401 && refused.headers.get("www-authenticate") === "Bearer", `${refused.status} ${refused.text}`);

	// -- what pages of elsewhere may
	const preflight = async (origin) => (await ask(whip, "OPTIONS", { headers: { origin, "access-control-request-method": "POST" } }));
	const ours = await preflight("https://player.example"), foreign = await preflight("https://evil.example");
	check("OPTIONS says what is taken", ours.status === 200 && ours.headers.get("accept-post") === "application/sdp");
	check("the configured origin may ask, and no other", ours.headers.get("access-control-allow-origin") === "https://player.example"
		&& /authorization/i.test(ours.headers.get("access-control-allow-headers")) && !foreign.headers.get("access-control-allow-origin"));
	check("GET is not for this", (await ask(whip, "GET")).status === 405);
	await at_screen(lan, "meeting");
});

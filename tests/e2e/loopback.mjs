// The harness tests itself: two connections within one page, with no server of ours between them. When this fails, the
// browsers or the readers are at fault, not Hopkin.

import { createServer } from "node:http";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { check, until, scenario, afterwards } from "./lib/check.mjs";
import { open_chromium } from "./lib/chromium.mjs";
import { open_firefox } from "./lib/firefox.mjs";
import { tone_code } from "./lib/probe.mjs";

const media = process.env.HOPKIN_MEDIA ?? join(tmpdir(), "hopkin-media");

async function call_itself() {
	const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
	const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
	near.onicecandidate = (event) => event.candidate && far.addIceCandidate(event.candidate);
	far.onicecandidate = (event) => event.candidate && near.addIceCandidate(event.candidate);
	far.ontrack = (event) => {
		const video = document.querySelector("video");
		video.srcObject = event.streams[0];
		video.play();
	};
	for (const track of stream.getTracks())
		near.addTrack(track, stream);
	await near.setLocalDescription();
	await far.setRemoteDescription(near.localDescription);
	await far.setLocalDescription();
	await near.setRemoteDescription(far.localDescription);
}

async function look() {
	const video = document.querySelector("video");
	const { read_code, read_tone, sound_of, received } = window.hopkin_probe;
	return { code: read_code(video), hz: await read_tone(sound_of(video)), packets: (await received()).packets };
}

await scenario("harness", async () => {
	const server = createServer((_, answer) => {
		answer.setHeader("content-type", "text/html");
		answer.end("<!doctype html><title>loopback</title><video muted></video>");
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	afterwards(() => server.close());
	const address = `http://localhost:${server.address().port}/`;

	for (const [open, code] of [[open_chromium, 5], [open_firefox, 38]]) {
		const person = await open(code, { media });
		await person.page.goto(address);
		await person.page.evaluate(call_itself);
		let seen;
		await until(async () => {
			seen = await person.page.evaluate(look);
			return seen.code === code && tone_code(seen.hz) === code;
		}, 20, 300);
		check(`harness: ${person.kind} decodes the picture of person ${code}`, seen.code === code, JSON.stringify(seen));
		check(`harness: ${person.kind} decodes the tone of person ${code}`, tone_code(seen.hz) === code, JSON.stringify(seen));
		check(`harness: ${person.kind} counts packets`, seen.packets > 0);
		await person.browser.close();
	}
});

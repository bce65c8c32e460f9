// Records how Chromium sends in a Hopkin meeting: sizes, times and marks of its packets, nothing of their content. hopkin-load replays them.
//
//   tests/lib/alone tests/e2e/node_modules/.bin/node tests/load/trace/record.mjs >tests/load/trace/chromium.trace
//
// Two Chromium in a room, 720p at 30 pictures a second. The sender's WebRTC library prints each packet before SRTP (its own field trial
// for debugging); a while after the rates have settled, SECONDS of it are kept. Once with three layers, once with one of 1.5 Mbit/s.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards, scenario } from "../../e2e/lib/check.mjs";
import { open_chromium } from "../../e2e/lib/chromium.mjs";
import { at_screen, enter, press } from "../../e2e/lib/people.mjs";
import { start_server } from "../../e2e/lib/server.mjs";
import { MEDIA, furnish } from "../../e2e/lib/stage.mjs";

const WIDTH = 1280, HEIGHT = 720, FPS = 30, FRAMES = 45;
const SETTLE_S = 28, SECONDS = 15;

/** A dim room with grain, and a head that moves: about as hard to encode as a person before a camera. */
function write_camera(path) {
	const file = openSync(path, "w");
	writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420jpeg\n`);
	const chroma = Buffer.alloc(WIDTH * HEIGHT / 2, 128);
	let grain = 1;
	for (let n = 0; n < FRAMES; n++) {
		const luma = Buffer.alloc(WIDTH * HEIGHT);
		const turn = 2 * Math.PI * n / FRAMES;
		const head_x = WIDTH / 2 + 60 * Math.sin(turn), head_y = HEIGHT / 2 + 15 * Math.sin(2 * turn);
		for (let y = 0; y < HEIGHT; y++)
			for (let x = 0; x < WIDTH; x++) {
				grain = Math.imul(grain, 1664525) + 1013904223 | 0;
				const dx = (x - head_x) / 150, dy = (y - head_y) / 200;
				const head = dx * dx + dy * dy < 1;
				const texture = head ? 30 * Math.sin(dx * 9) * Math.cos(dy * 7 + turn) : 18 * Math.sin(x / 23) * Math.sin(y / 31);
				luma[y * WIDTH + x] = (head ? 150 : 80) + texture + (grain >>> 29);
			}
		writeSync(file, "FRAME\n");
		writeSync(file, luma);
		writeSync(file, chroma);
	}
	closeSync(file);
}

/** Something like speech: syllables of changing pitch, and pauses. */
function write_voice(path) {
	const rate = 48000, count = rate * 8;
	const bytes = Buffer.alloc(44 + count * 2);
	bytes.write("RIFF", 0, "latin1");
	bytes.writeUInt32LE(36 + count * 2, 4);
	bytes.write("WAVEfmt ", 8, "latin1");
	for (const [at, value, size] of [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, rate, 4], [28, rate * 2, 4], [32, 2, 2], [34, 16, 2], [40, count * 2, 4]])
		bytes[size === 4 ? "writeUInt32LE" : "writeUInt16LE"](value, at);
	bytes.write("data", 36, "latin1");
	let phase = 0;
	for (let n = 0; n < count; n++) {
		const t = n / rate;
		phase += 2 * Math.PI * (130 + 40 * Math.sin(2 * t) + 25 * Math.sin(7 * t)) / rate;
		const syllable = Math.max(0, Math.sin(2 * Math.PI * 3.7 * t)) * (Math.sin(2 * Math.PI * t / 4) > -0.6 ? 1 : 0);
		let v = 0;
		for (let k = 1; k < 12; k++)
			v += Math.sin(k * phase) / k * (1 + Math.sin(5 * t + k));
		bytes.writeInt16LE(Math.round(4000 * syllable * v + 60 * (Math.random() - 0.5)), 44 + n * 2);
	}
	writeFileSync(path, bytes);
}

/** In the page of the second recording: the camera is sent as one stream. */
function one_layer() {
	const add = RTCPeerConnection.prototype.addTransceiver;
	RTCPeerConnection.prototype.addTransceiver = function (what, init) {
		if (init?.sendEncodings?.length === 3)
			init = { ...init, sendEncodings: [{ maxBitrate: 1_500_000 }] };
		return add.call(this, what, init);
	};
}

// -- the library's packet dump: a log line with the time, then `O CLOCK 0000 BYTES… # RTP_DUMP` for each packet that goes out --

function read_dump(path) {
	const packets = [];
	let us = 0;
	for (const line of readFileSync(path, "latin1").split("\n")) {
		const stamp = /^\[\d+:\d+:\d+\/(\d\d)(\d\d)(\d\d)\.(\d{6}):/.exec(line);
		if (stamp)
			us = ((+stamp[1] * 60 + +stamp[2]) * 60 + +stamp[3]) * 1e6 + +stamp[4];
		const dump = /^O \S+ 0000 ((?:[0-9a-f]{2} )+)/.exec(line);
		const bytes = dump && Buffer.from(dump[1].replaceAll(" ", ""), "hex");
		if (bytes && (bytes[1] < 192 || bytes[1] > 223))
			packets.push({ us, ...read_rtp(bytes) });
	}
	return packets;
}

function read_rtp(bytes) {
	const packet = { pt: bytes[1] & 127, marker: bytes[1] >> 7, seq: bytes.readUInt16BE(2), ts: bytes.readUInt32BE(4), ssrc: bytes.readUInt32BE(8), texts: [], level: -1 };
	let at = 12;
	if (bytes[0] & 16) {
		const end = at + 4 + 4 * bytes.readUInt16BE(at + 2);
		for (at += 4; at < end;) {
			const head = bytes[at++];
			if (!head)
				continue;
			const value = bytes.subarray(at, at + (head & 15) + 1);
			at += value.length;
			packet.texts.push(value.toString("latin1"));
			if (value.length === 1 && packet.level < 0)
				packet.level = value[0];
		}
		at = end;
	}
	packet.payload = bytes.subarray(at, bytes[0] & 32 ? bytes.length - bytes[bytes.length - 1] : bytes.length);
	return packet;
}

function read_vp8(payload) {
	const x = payload[0] & 128 ? payload[1] : 0;
	let at = payload[0] & 128 ? 2 : 1;
	if (x & 128)
		at += payload[at] & 128 ? 2 : 1;
	if (x & 64)
		at++;
	const tail = x & 48 ? payload[at++] : 0;
	const start = Boolean(payload[0] & 16) && !(payload[0] & 15);
	return { shape: x & 240, start, non_reference: Boolean(payload[0] & 32), tid: tail >> 6, sync: Boolean(tail & 32), keyframe: start && !(payload[at] & 1) };
}

// -- the trace: a head line a stream, then a line a packet (format: load_trace.h) --

const say = (text) => process.stderr.write(`# ${text}\n`); // the trace has standard output to itself

function print_stream(head, packets, begin, more) {
	const kept = packets.filter((one) => one.us >= begin && one.us < begin + SECONDS * 1e6 && one.payload.length > 0);
	const rate = Math.round(kept.reduce((sum, one) => sum + one.payload.length * 8, 0) / SECONDS / 1000);
	say(`${head}: ${kept.length} packets, ${rate} kbit/s`);
	console.log(`stream ${head}`);
	for (const one of kept)
		console.log(`${one.us - begin} ${one.payload.length} ${one.ts - kept[0].ts >>> 0}${more(one)}`);
}

function print_video(name, packets, begin) {
	const shape = read_vp8(packets[0].payload).shape.toString(16);
	print_stream(`vp8 ${name} ${shape}`, packets, begin, (one) => {
		const d = read_vp8(one.payload);
		const marks = `${d.start ? "S" : ""}${one.marker ? "M" : ""}${d.keyframe ? "K" : ""}${d.non_reference ? "N" : ""}${d.sync ? "Y" : ""}`;
		return ` ${d.tid} ${marks || "-"}`;
	});
}

function streams_of(packets) {
	const all = new Map();
	for (const one of packets)
		all.set(one.ssrc, [...all.get(one.ssrc) ?? [], one]);
	return [...all.values()];
}

async function record(server, room, name, simulcast) {
	const folder = mkdtempSync(join(tmpdir(), "hopkin-trace-"));
	afterwards(() => rmSync(folder, { recursive: true, force: true }));
	const [camera, voice, log] = ["camera.y4m", "voice.wav", "chromium.log"].map((file) => join(folder, file));
	write_camera(camera);
	write_voice(voice);
	const sender = await open_chromium(1, { devices: false, flags: [`--use-file-for-fake-video-capture=${camera}`, `--use-file-for-fake-audio-capture=${voice}`,
		"--enable-logging", `--log-file=${log}`, "--vmodule=*/srtp_session*=3", "--force-fieldtrials=WebRTC-Debugging-RtpDump/Enabled/"],
		env: { CHROME_LOG_FILE: log } });
	if (!simulcast)
		await sender.page.addInitScript(one_layer);
	const viewer = await open_chromium(2, { media: MEDIA, context: { viewport: { width: 480, height: 320 } } });
	await enter(sender, room.address, { password: room.password, name: `${name} sends` });
	await enter(viewer, room.address, { password: room.password, name: `${name} looks` });
	const pause = (s) => new Promise((done) => setTimeout(done, s * 1000));
	await pause(SETTLE_S + SECONDS / 4);
	await press(viewer, "leave"); // who comes anew asks for keyframes: some are recorded
	await at_screen(viewer, "left");
	await enter(viewer, room.address, { password: room.password, name: `${name} looks` });
	await pause(SECONDS);
	await viewer.browser.close();
	await sender.browser.close();
	return read_dump(log);
}

await scenario("record", async () => {
	const server = await start_server({ port: 9870 });
	const room = furnish(server);
	console.log("hopkin-trace 1");
	for (const simulcast of [true, false]) {
		const packets = await record(server, room, simulcast ? "three" : "one", simulcast);
		const streams = streams_of(packets).filter((one) => one.length > 100);
		const begin = packets[0].us + SETTLE_S * 1e6;
		say(`${packets.length} packets of ${streams.length} streams`);
		const audio = streams.find((one) => one.every((packet) => packet.payload.length < 400));
		if (simulcast)
			print_stream("opus", audio, begin, (one) => ` ${one.level}`);
		for (const [rid, layer] of simulcast ? [["q", "0/3"], ["h", "1/3"], ["f", "2/3"]] : [["", "0/1"]]) {
			const stream = streams.find((one) => simulcast ? one.some((packet) => packet.texts.includes(rid)) : one !== audio && one[0].pt === 96);
			print_video(layer, stream, begin);
		}
	}
});

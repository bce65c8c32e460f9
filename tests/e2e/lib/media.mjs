// What each person in a test looks and sounds like: a picture of four coloured fields that spells their number, and a tone
// of their own. The pictures and sounds are made here, at the start of a test, so that no binary is kept.

import { existsSync, mkdirSync, openSync, writeSync, closeSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const WIDTH = 640;
export const HEIGHT = 360;
export const FPS = 10; // four browsers that encode share two cores
const SECONDS = 2;
const SAMPLE_RATE = 48000;

/** The alphabet, as RGB: far apart in all three, so that a low layer at a poor rate still reads right. */
export const COLOURS = [[210, 40, 40], [40, 180, 60], [50, 70, 230], [235, 225, 60]];

/** The four fields of person `code` (0…63): three digits to base four and their check digit. */
export function fields(code) {
	const digits = [code >> 4 & 3, code >> 2 & 3, code & 3];
	return [...digits, (digits[0] + 2 * digits[1] + 3 * digits[2] + 1) % 4];
}

export function tone_hz(code) {
	return 500 + 150 * code;
}

export function yuv([r, g, b]) {
	return [
		16 + 0.257 * r + 0.504 * g + 0.098 * b,
		128 - 0.148 * r - 0.291 * g + 0.439 * b,
		128 + 0.439 * r - 0.368 * g - 0.071 * b,
	].map((v) => Math.round(v));
}

function plane(width, height, paint) {
	const bytes = Buffer.alloc(width * height);
	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++)
			bytes[y * width + x] = paint(x, y);
	return bytes;
}

/** A white bar wanders through the middle, so that no two pictures are alike and a frozen one shows. */
function frame(colours, n, total, width, height) {
	const bar = Math.floor(n * (width - 40) / total);
	const field = (x, y, w, h) => colours[(y >= h / 2 ? 2 : 0) + (x >= w / 2 ? 1 : 0)];
	const luma = plane(width, height, (x, y) => {
		const inside = Math.abs(y - height / 2) < 10 && x >= bar && x < bar + 40;
		return inside ? 235 : field(x, y, width, height)[0];
	});
	const chroma = (index) => plane(width / 2, height / 2, (x, y) => {
		const inside = Math.abs(y - height / 4) < 5 && x >= bar / 2 && x < bar / 2 + 20;
		return inside ? 128 : field(x, y, width / 2, height / 2)[index];
	});
	return [luma, chroma(1), chroma(2)];
}

function write_y4m(path, code, width, height) {
	const colours = fields(code).map((digit) => yuv(COLOURS[digit]));
	const total = SECONDS * FPS;
	const file = openSync(path, "w");
	writeSync(file, `YUV4MPEG2 W${width} H${height} F${FPS}:1 Ip A1:1 C420jpeg\n`);
	for (let n = 0; n < total; n++) {
		writeSync(file, "FRAME\n");
		for (const bytes of frame(colours, n, total, width, height))
			writeSync(file, bytes);
	}
	closeSync(file);
}

/** Whole periods only, so that the end meets the beginning without a click when it is played in a loop. */
function write_wav(path, hz) {
	const count = SAMPLE_RATE * SECONDS;
	const head = Buffer.alloc(44);
	head.write("RIFF", 0, "latin1");
	head.writeUInt32LE(36 + count * 2, 4);
	head.write("WAVEfmt ", 8, "latin1");
	head.writeUInt32LE(16, 16);
	head.writeUInt16LE(1, 20); // PCM
	head.writeUInt16LE(1, 22); // one channel
	head.writeUInt32LE(SAMPLE_RATE, 24);
	head.writeUInt32LE(SAMPLE_RATE * 2, 28);
	head.writeUInt16LE(2, 32);
	head.writeUInt16LE(16, 34);
	head.write("data", 36, "latin1");
	head.writeUInt32LE(count * 2, 40);
	const body = Buffer.alloc(count * 2);
	for (let n = 0; n < count; n++)
		body.writeInt16LE(Math.round(9000 * Math.sin(2 * Math.PI * hz * n / SAMPLE_RATE)), n * 2);
	writeFileSync(path, Buffer.concat([head, body]));
}

/** The camera and microphone files of person `code` in `folder`, made when they are not there. */
export function media_files(folder, code, width = WIDTH, height = HEIGHT) {
	mkdirSync(folder, { recursive: true });
	const camera = join(folder, `person-${code}-${width}x${height}.y4m`);
	const microphone = join(folder, `person-${code}.wav`);
	const make = (path, write) => {
		if (existsSync(path))
			return;
		const partial = `${path}.${process.pid}`;
		write(partial);
		renameSync(partial, path);
	};
	make(camera, (path) => write_y4m(path, code, width, height));
	make(microphone, (path) => write_wav(path, tone_hz(code)));
	return { camera, microphone };
}

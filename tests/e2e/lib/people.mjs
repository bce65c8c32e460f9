// What people do with Hopkin's pages, and what they then see and hear. Works on Chromium's and Firefox's pages alike.

import { check, note, until } from "./check.mjs";
import { tone_code } from "./probe.mjs";

const id = (name) => `[data-testid="${name}"]`;

export async function fill(person, name, text) {
	await person.page.locator(id(name)).fill(text);
}

export async function press(person, name) {
	await person.page.locator(id(name)).click();
}

export async function press_in(person, within, name) {
	await person.page.locator(`${within} ${id(name)}`).click();
}

export function screen_of(person) {
	return person.page.evaluate(() => document.body.dataset.screen ?? "");
}

/** Waits for a screen by its name; throws with what is there instead. */
export async function at_screen(person, name, seconds = 15) {
	let now = "";
	const there = await until(async () => {
		now = await screen_of(person).catch(() => "");
		return now === name;
	}, seconds);
	if (there)
		return;
	const text = await person.page.evaluate(() => document.body.innerText).catch(() => "");
	throw new Error(`${person.kind} ${person.code}: no screen ${name}, but ${now || "none"}: ${text.slice(0, 300)} ${person.complaints.slice(-4).join("; ")}`);
}

export async function use_link(person, link, { name, display, password }) {
	await person.page.goto(link);
	await person.page.locator(id("link-password")).fill(password);
	if (name) {
		await fill(person, "link-display", display);
		await fill(person, "link-name", name);
	}
	await press(person, "link-submit");
}

export async function sign_in(person, url, name, password) {
	await person.page.goto(url);
	await at_screen(person, "signin");
	await fill(person, "signin-name", name);
	await fill(person, "signin-password", password);
	await press(person, "signin-submit");
}

/** Makes a room on the rooms page; gives its address and the password that is shown this once. */
export async function make_room(person, title, { guests = false } = {}) {
	await at_screen(person, "rooms");
	await press(person, "room-make");
	await fill(person, "room-title", title);
	if (guests)
		await press(person, "room-guests");
	await press(person, "room-submit");
	await until(() => person.page.evaluate((box) => document.querySelectorAll(box).length === 2, id("copy-text")));
	const [password, address] = await person.page.evaluate((box) => [...document.querySelectorAll(box)].map((one) => one.textContent), id("copy-text"));
	await press(person, "password-done");
	return { address, password };
}

/** Knocks with password and, for a guest, name; gives the screen that this led to: `ready`, or `before` when refused. */
export async function knock(person, address, { password, name } = {}) {
	await person.page.goto(address);
	await until(async () => ["before", "ready", "error"].includes(await screen_of(person)) && await person.page.evaluate(
		(boxes) => boxes.some((box) => document.querySelector(box)), [id("join-password"), id("join")]));
	if (await screen_of(person) === "ready")
		return "ready";
	if (name)
		await fill(person, "join-name", name);
	await fill(person, "join-password", password ?? "");
	await press(person, "enter");
	await until(async () => await screen_of(person) === "ready" || await alert_of(person) !== "");
	return screen_of(person);
}

export function alert_of(person) {
	return person.page.evaluate(() => [...document.querySelectorAll("[role=alert]")].map((one) => one.textContent.trim()).join(" "));
}

/** From the address to the inside of the meeting, camera and microphone on. */
export async function enter(person, address, how = {}) {
	const screen = await knock(person, address, how);
	if (screen !== "ready")
		throw new Error(`${person.kind} ${person.code} was not let in: ${await alert_of(person)} ${person.complaints.slice(-3).join("; ")}`);
	await join(person);
}

export async function join(person) {
	// the devices open by themselves; join when they have
	await until(() => person.page.evaluate((buttons) => buttons.every((one) => document.querySelector(one)?.getAttribute("aria-pressed") === "true"),
		[id("mic"), id("camera")]), 10);
	await press(person, "join");
	await at_screen(person, "meeting");
}

/** Everything on this person's stage and in their ears, as decoded: one entry a tile. */
export function perceive(person) {
	return person.page.evaluate(async () => {
		const { read_code, read_tone, sound_of } = window.hopkin_probe;
		const seen = [];
		for (const tile of document.querySelectorAll('[data-testid="tile"]')) {
			const video = tile.querySelector("video");
			const number = Number(tile.dataset.number);
			const seat = tile.dataset.seat;
			const screen = tile.dataset.source === "screen";
			const audio = document.querySelector(`[data-testid="sounds"] audio[data-seat="${seat}"]`);
			const visible = video && !video.hidden && tile.dataset.shown === "true";
			seen.push({
				number, seat: Number(seat), screen, self: "self" in tile.dataset,
				name: tile.querySelector('[data-testid="tile-name"]')?.textContent ?? "",
				code: visible ? read_code(video) : null,
				height: video?.videoHeight ?? 0,
				hz: audio && Number(audio.dataset.number) === number ? Math.round(await read_tone(sound_of(audio))) : 0,
			});
		}
		const meeting = document.querySelector(".meeting");
		return { tiles: seen, via: meeting?.dataset.via ?? "", media: meeting?.dataset.media ?? "", signal: meeting?.dataset.signal ?? "" };
	});
}

/** Whether `person` sees and hears `other` under their name; else what is wrong. */
export function meets(perceived, other, { sound = true, picture = true } = {}) {
	const tile = perceived.tiles.find((one) => one.name === other.name && !one.screen);
	if (!tile)
		return `no tile of ${other.name}`;
	if (picture && tile.code !== other.code)
		return `under ${other.name} the picture of ${tile.code}`;
	if (sound && tone_code(tile.hz) !== other.code)
		return `under ${other.name} the tone ${tile.hz} Hz`;
	return "";
}

/** Checks that each of `people` comes to see and hear each other of them, with the picture and tone that are theirs. */
export async function all_meet(title, people, seconds = 25, pairs = (a, b) => a !== b) {
	for (const person of people) {
		const others = people.filter((other) => pairs(person, other));
		if (others.length === 0)
			continue;
		let perceived, wrong;
		await until(async () => {
			perceived = await perceive(person);
			wrong = others.map((other) => meets(perceived, other)).filter(Boolean);
			return wrong.length === 0;
		}, seconds, 300);
		const detail = wrong.length ? `${wrong.join("; ")} | ${JSON.stringify(perceived)} | ${person.complaints.slice(-3).join("; ")}` : "";
		check(`${title}: ${person.kind} ${person.name} sees and hears ${others.map((other) => other.name).join(", ")}`, wrong.length === 0, detail);
		// the other end of what is missing
		for (const other of wrong.length ? others : [])
			note(`${title}: ${other.name} has ${JSON.stringify(await perceive(other))}`);
	}
}

/** Never a wrong face or voice under a name: checked on one perception, for every tile that shows or plays anything. */
export function mistaken(perceived, people) {
	return perceived.tiles.filter((tile) => !tile.screen && !tile.self).flatMap((tile) => {
		const owner = people.find((one) => one.name === tile.name);
		const wrong = [];
		if (owner && tile.code !== null && tile.code !== owner.code)
			wrong.push(`picture of ${tile.code} under ${tile.name}`);
		return wrong;
	});
}

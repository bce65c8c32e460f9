// A closed meeting from the first start to the last share: the one-time link, accounts, a room, four people in two kinds of
// browser who see and hear each other under the right names, seats that change hands, a shared screen, chat, mute, leaving.
// With --fast: two people in Chromium, and done.

import { check, note, until, scenario } from "./lib/check.mjs";
import { start_server } from "./lib/server.mjs";
import { person, PASSWORD } from "./lib/stage.mjs";
import {
	all_meet, at_screen, enter, fill, make_room, meets, mistaken, perceive, press, screen_of, sign_in, use_link,
} from "./lib/people.mjs";
import { screen_code } from "./lib/probe.mjs";

const fast = process.argv.includes("--fast");

/** Lets this page offer only `seats` seats for people, by changing what the server grants it. */
async function few_seats(one, seats) {
	await one.page.routeWebSocket(/\/ws$/, (near) => {
		const far = near.connectToServer();
		far.onMessage((message) => near.send(typeof message === "string" ? message.replace(/"seats":\d+/, `"seats":${seats}`) : message));
	});
}

async function add_member(admin, server, name, display, role) {
	await admin.page.goto(server.admin_url);
	await at_screen(admin, "people");
	await press(admin, "person-add");
	await fill(admin, "person-display", display);
	await fill(admin, "person-name", name);
	await admin.page.selectOption('[data-testid="person-role"]', role);
	await press(admin, "person-submit");
	await admin.page.waitForSelector('[data-testid="copy-text"]');
	return admin.page.textContent('[data-testid="copy-text"]');
}

async function first_administrator(admin, server) {
	check("meeting: the start prints a one-time link", server.first_link !== null, server.said);
	await use_link(admin, server.first_link, { name: "lan", display: admin.name, password: PASSWORD });
	await at_screen(admin, "people");
	check("meeting: the link makes the first administrator", true);
	await admin.page.goto("about:blank");
	await admin.page.goto(server.first_link);
	await until(async () => !await admin.page.evaluate(() => document.querySelector(".spinner")));
	check("meeting: the link works once", !await admin.page.evaluate(() => document.querySelector('[data-testid="link-password"]')));
}

/** With fewer seats than people, whoever is pinned must be seen, whole: picture, tone and name. */
async function seats_change_hands(viewer, others, times) {
	const wrong = [];
	const began = performance.now();
	for (let n = 0; n < times; n++) {
		const wanted = others[n % others.length];
		await viewer.page.evaluate((name) => {
			const tile = [...document.querySelectorAll('[data-testid="tile"]')].find((one) =>
				one.querySelector('[data-testid="tile-name"]').textContent === name);
			const pin = tile.querySelector('[data-testid="pin"]');
			if (pin.getAttribute("aria-pressed") !== "true")
				pin.click();
		}, wanted.name);
		let perceived, problem;
		await until(async () => {
			perceived = await perceive(viewer);
			wrong.push(...mistaken(perceived, others));
			problem = meets(perceived, wanted);
			return problem === "";
		}, 12, 200);
		if (problem)
			wrong.push(`swap ${n + 1}: ${problem} ${JSON.stringify(perceived)}`);
	}
	// the pin stays: a screen shared next must be seen all the same
	check(`meeting: after each of ${times} seat swaps the right person is seen and heard, and never a wrong one`, wrong.length === 0, wrong.join("; "));
	note(`${times} seat swaps in ${Math.round(performance.now() - began)} ms`);
}

async function share_screen(sharer, viewers) {
	await press(sharer, "screen");
	for (const viewer of viewers) {
		let screen;
		await until(async () => {
			screen = (await perceive(viewer)).tiles.find((tile) => tile.screen);
			return screen?.code === screen_code(sharer.code);
		}, 20, 300);
		check(`meeting: ${viewer.kind} ${viewer.name} sees the screen that ${sharer.name} shares`,
			screen?.code === screen_code(sharer.code) && screen.name.includes(sharer.name), JSON.stringify(screen));
	}
	await press(sharer, "screen");
	for (const viewer of viewers)
		check(`meeting: the share ends for ${viewer.name}`, await until(async () => !(await perceive(viewer)).tiles.some((tile) => tile.screen), 10));
}

async function chat(writer, readers) {
	await press(writer, "chat-open");
	await fill(writer, "chat-input", "Xin chào <b>mọi người</b>");
	await press(writer, "chat-send");
	for (const reader of readers) {
		await press(reader, "chat-open");
		const line = await until(() => reader.page.evaluate(() =>
			[...document.querySelectorAll('[data-testid="chat-line"]')].map((one) => one.textContent).join("\n")), 8);
		check(`meeting: ${reader.name} reads the chat, as text`, line?.includes("Xin chào <b>mọi người</b>") && line.includes(writer.name), line);
	}
	for (const one of [writer, ...readers])
		await press(one, "chat-open");
}

async function silence(one, listener) {
	await press(one, "mic");
	const quiet = await until(async () => {
		const tile = (await perceive(listener)).tiles.find((other) => other.name === one.name);
		return tile && tile.hz === 0 && tile.code === one.code;
	}, 10, 300);
	check(`meeting: ${one.name} switches the microphone off: seen, not heard`, quiet);
	await press(one, "mic");
	await all_meet("meeting: microphone on again", [one, listener], 15, (a, b) => a === listener && b === one);
}

await scenario("meeting", async () => {
	const server = await start_server();
	const admin = await person("chromium", 1);
	await first_administrator(admin, server);

	await sign_in(admin, server.url, "lan", PASSWORD);
	const room = await make_room(admin, "Giao ban tuần", { guests: true });
	check("meeting: a room has an address and a password", /\/r\/[A-Za-z0-9_-]{22}$/.test(room.address) && room.password.length >= 8, JSON.stringify(room));

	const member = await person("chromium", 2);
	const link = await add_member(admin, server, "minh", member.name, "member");
	await use_link(member, link, { password: PASSWORD });
	await at_screen(member, "rooms");
	check("meeting: an invited member signs in through the link", true);

	await enter(admin, room.address);
	if (!fast)
		await few_seats(member, 2);
	await enter(member, room.address, { password: room.password });
	const people = [admin, member];
	await all_meet("two", people);
	if (fast)
		return;

	const guest = await person("chromium", 3);
	await enter(guest, room.address, { password: room.password, name: guest.name });
	const fox = await person("firefox", 4);
	await enter(fox, room.address, { password: room.password, name: fox.name });
	people.push(guest, fox);
	const all = people.filter((one) => one !== member);
	await all_meet("four", people, 40, (a, b) => a !== b && a !== member);
	await seats_change_hands(member, all, 10);
	await all_meet("four after the swaps", people, 20, (a, b) => a !== b && a !== member);

	const marks = await admin.page.evaluate(() => [...document.querySelectorAll('[data-testid="tile"]')].map((tile) =>
		[tile.querySelector('[data-testid="tile-name"]').textContent, tile.querySelector(".badge.guest") !== null]));
	check("meeting: guests are marked, members are not", marks.every(([name, marked]) => marked === (name === guest.name || name === fox.name)), JSON.stringify(marks));

	await share_screen(admin, [guest, fox, member]);
	await chat(guest, [fox, admin]);
	await silence(guest, admin);

	await press(fox, "leave");
	await at_screen(fox, "left");
	check("meeting: who leaves is gone from the others' stage", await until(async () =>
		!(await perceive(admin)).tiles.some((tile) => tile.name === fox.name), 10));
	check("meeting: the others stay", await screen_of(guest) === "meeting");
	const lights = await fox.page.evaluate(() => window.hopkin_probe.live_devices());
	check("meeting: leaving lets go of camera and microphone", lights === 0, lights);

	for (const one of people)
		check(`meeting: ${one.kind} ${one.name} complained of nothing`, one.complaints.filter((line) => !/status of 40[14]|net::ERR_ABORTED/.test(line)).length === 0,
			one.complaints.join("; "));
	const foreign = people.flatMap((one) => one.requests).filter((address) => !/^(https|wss):\/\/127\.0\.0\.1:\d+\/|^(data|blob|about):/.test(address));
	check("meeting: no page asked any other host for anything", foreign.length === 0, foreign.join(" "));

	const ended = await server.stop();
	check("meeting: the server stops in order", ended.code === 0 && !ended.late, JSON.stringify(ended));
});

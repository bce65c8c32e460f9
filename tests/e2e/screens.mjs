// Every screen in both languages, wide and narrow, light and dark: pictures for people to look at (build/screenshots), and for
// each a run of axe, a look for sideways scrolling at 320 px, and a walk with the Tab key.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { check, note, until, scenario } from "./lib/check.mjs";
import { start_server, TOP } from "./lib/server.mjs";
import { MEDIA, PASSWORD, person } from "./lib/stage.mjs";
import { alert_of, all_meet, at_screen, enter, fill, join as join_meeting, knock, make_room, perceive, press, sign_in, use_link } from "./lib/people.mjs";

const FOLDER = process.env.HOPKIN_SCREENSHOTS ?? join(TOP, "build/screenshots");
const WIDE = { width: 1280, height: 720 };
const NARROW = { width: 320, height: 640 };

let shots = 0;

/** Looks at what `one` sees now, under `name`. */
async function look(one, language, name) {
	const found = [];
	for (const [size, viewport] of [["wide", WIDE], ["narrow", NARROW]]) {
		await one.page.setViewportSize(viewport);
		for (const scheme of ["light", "dark"]) {
			await one.page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
			await settle(one);
			await one.page.screenshot({ path: join(FOLDER, language, `${name}-${size}-${scheme}.png`) });
			shots++;
			// each size and each scheme once, and each language's words
			if ((language === "vi" && (size === "wide") === (scheme === "dark")) || (language === "en" && size === "wide" && scheme === "light"))
				found.push(...await axe(one, `${size} ${scheme}`));
		}
		const wide = await one.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		check(`screens: ${language} ${name} ${size} does not scroll sideways`, wide <= 0, `${wide} px`);
	}
	await one.page.emulateMedia({ colorScheme: "light" });
	await one.page.setViewportSize(WIDE);
	check(`screens: ${language} ${name}: axe finds nothing serious`, found.length === 0, found.join(" | "));
	const lang = await one.page.evaluate(() => document.documentElement.lang);
	check(`screens: ${language} ${name} says its language`, lang === language, lang);
}

/** Two frames drawn and the fonts there: what a person would see. */
async function settle(one) {
	await one.page.evaluate(async () => {
		await document.fonts.ready;
		for (let n = 0; n < 3; n++)
			await new Promise(requestAnimationFrame);
		await Promise.all(document.getAnimations().filter((animation) => animation.effect?.getTiming().iterations !== Infinity)
			.map((animation) => animation.finished.catch(() => undefined)));
	});
}

async function axe(one, where) {
	const results = await new AxeBuilder({ page: one.page }).setLegacyMode(true).analyze();
	return results.violations.filter((violation) => ["serious", "critical"].includes(violation.impact)).map((violation) =>
		`${where}: ${violation.id}: ${violation.nodes.slice(0, 2).map((node) => `${node.html.slice(0, 120)} ${node.any[0]?.message ?? ""}`).join(" / ")}`);
}

/** Tab goes through the page, each stop is visible and has a name, and comes round again. */
async function tab_walk(one, language, name, least) {
	const stops = [];
	let ends = 0; // the first Tab may leave the page, when a dialog has just closed
	await one.page.evaluate(() => document.activeElement?.blur());
	for (let n = 0; n < 60; n++) {
		await one.page.keyboard.press("Tab");
		const stop = await one.page.evaluate(() => {
			const element = document.activeElement;
			if (!element || element === document.body)
				return null;
			const box = element.getBoundingClientRect();
			const style = getComputedStyle(element);
			const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none"
				|| [element.parentElement, element.parentElement?.parentElement].some((around) => around
					&& (getComputedStyle(around).outlineStyle !== "none" || getComputedStyle(around).boxShadow !== "none"));
			const named = element.getAttribute("aria-label") || element.innerText || element.labels?.length || element.title;
			return { what: element.outerHTML.slice(0, 90), seen: box.width > 0 && box.height > 0, ring, named: Boolean(named) };
		});
		if (stop)
			stops.push(stop);
		else if (stops.length > 0 || ++ends > 1)
			break;
	}
	const bad = stops.filter((stop) => !stop.seen || !stop.ring || !stop.named);
	check(`screens: ${language} ${name}: the Tab key reaches ${least} stops or more, each seen, named and marked`, stops.length >= least && bad.length === 0,
		`${stops.length} stops; ${JSON.stringify(bad.slice(0, 3))}`);
}

async function escape(one) {
	await one.page.keyboard.press("Escape");
}

async function office(one, language, server) {
	await one.page.goto(server.first_link);
	await at_screen(one, "setup");
	await until(() => one.page.evaluate(() => document.querySelector('[data-testid="link-password"]')));
	await look(one, language, "01-first-administrator");
	await use_link(one, server.first_link, { name: "lan", display: one.name, password: PASSWORD });
	await at_screen(one, "people");
	await look(one, language, "02-people-alone");
	await press(one, "person-add");
	await look(one, language, "03-people-add");
	await fill(one, "person-display", "Minh Đức");
	await fill(one, "person-name", "minh");
	await press(one, "person-submit");
	await one.page.waitForSelector('[data-testid="copy-text"]');
	const link = await one.page.textContent('[data-testid="copy-text"]');
	await look(one, language, "04-people-link");
	await escape(one);
	await look(one, language, "05-people");
	await tab_walk(one, language, "people", 5);

	await one.page.goto(server.url);
	await at_screen(one, "signin");
	await look(one, language, "06-sign-in");
	await tab_walk(one, language, "sign in", 3);
	await fill(one, "signin-name", "lan");
	await fill(one, "signin-password", "khong-dung-roi");
	await press(one, "signin-submit");
	await until(async () => await alert_of(one) !== "");
	await look(one, language, "07-sign-in-wrong");
	await sign_in(one, server.url, "lan", PASSWORD);
	await at_screen(one, "rooms");
	await look(one, language, "08-rooms-none");
	await press(one, "room-make");
	await look(one, language, "09-room-make");
	await escape(one);
	const room = await make_room(one, "Giao ban tuần", { guests: true });
	await press(one, "room-more");
	await one.page.locator('[data-testid="room-password"]').click();
	await one.page.locator('[data-testid="confirm"]').click();
	await until(() => one.page.evaluate(() => document.querySelectorAll('[data-testid="copy-text"]').length === 2));
	room.password = await one.page.evaluate(() => document.querySelector('[data-testid="copy-text"]').textContent);
	await look(one, language, "10-room-password");
	await press(one, "password-done");
	await look(one, language, "11-rooms");
	await tab_walk(one, language, "rooms", 5);
	await press(one, "account-menu");
	await look(one, language, "12-account-menu");
	await escape(one);
	await devices_of_a_room(one, language);
	return { room, link };
}

async function devices_of_a_room(one, language) {
	await press(one, "room-more");
	await one.page.locator('[data-testid="room-devices"]').click();
	await fill(one, "device-name", "Máy quay hội trường");
	await press(one, "device-make");
	await until(() => one.page.evaluate(() => document.querySelectorAll('[data-testid="copy-text"]').length === 2));
	await look(one, language, "14-device-token");
	await press(one, "device-done");
	await one.page.waitForSelector('[data-testid="device"]');
	await look(one, language, "15-devices");
	await escape(one);
}

async function way_in(guest, language, room) {
	await guest.page.goto(room.address);
	await at_screen(guest, "before");
	await guest.page.waitForSelector('[data-testid="join-password"]');
	await look(guest, language, "20-door");
	await tab_walk(guest, language, "door", 3);
	await knock(guest, room.address, { password: "khong-dung-roi", name: guest.name });
	await look(guest, language, "21-door-wrong");
	await knock(guest, room.address, { password: room.password, name: guest.name });
	await at_screen(guest, "ready");
	await look(guest, language, "22-ready");
	await tab_walk(guest, language, "ready", 5);
}

async function meeting(host, guest, language, room) {
	await enter(host, room.address);
	await look(host, language, "30-meeting-alone");
	await join_meeting(guest);
	await all_meet(`screens ${language}`, [host, guest]);
	await look(host, language, "31-meeting");
	await tab_walk(host, language, "meeting", 8);
	for (const [button, name] of [["people-open", "32-meeting-people"], ["chat-open", "33-meeting-chat"]]) {
		await press(host, button);
		await look(host, language, name);
		await press(host, button);
	}
	await press(host, "more");
	await look(host, language, "34-meeting-more");
	await press(host, "help");
	await look(host, language, "35-meeting-shortcuts");
	await escape(host);
	await press(host, "more");
	await press(host, "settings");
	await look(host, language, "36-meeting-settings");
	await escape(host);
	await press(host, "quality");
	await look(host, language, "37-meeting-quality");
	await escape(host);
	await press(guest, "hand");
	await press(guest, "camera");
	await until(async () => (await perceive(host)).tiles.some((tile) => !tile.self && tile.code === null));
	await look(host, language, "38-meeting-hand-no-camera");
	await press(guest, "camera");
	await press(guest, "screen");
	await until(async () => (await perceive(host)).tiles.some((tile) => tile.screen && tile.code !== null), 15);
	await look(host, language, "39-meeting-share");
	await look(guest, language, "40-meeting-sharing");
	await press(guest, "screen");
}

async function ends(host, guest, language, server, room) {
	await press(guest, "leave");
	await at_screen(guest, "left");
	await look(guest, language, "50-left");
	await enter(guest, room.address, { password: room.password, name: guest.name });
	await press(host, "more");
	await press(host, "end");
	await look(host, language, "51-end-for-all");
	await press(host, "confirm");
	await at_screen(guest, "closed");
	await look(guest, language, "52-ended");
	await guest.page.goto(`${server.url}/khong/co`);
	await at_screen(guest, "error");
	await look(guest, language, "53-no-such-page");
	await guest.page.goto(`${server.url}/l#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`);
	await until(() => guest.page.evaluate(() => !document.querySelector(".spinner") && document.querySelector("h1")));
	await look(guest, language, "54-link-used");
}

async function camera_refused(language, room) {
	const shy = await person("chromium", 5, {
		media: MEDIA, permissions: [], flags: ["--deny-permission-prompts"], real_ui: true, context: { locale: locale(language), viewport: WIDE },
	});
	await knock(shy, room.address, { password: room.password, name: shy.name });
	await at_screen(shy, "ready");
	const told = await until(async () => await alert_of(shy) !== "", 10);
	check(`screens: ${language}: a refused camera is explained`, told, await alert_of(shy));
	await look(shy, language, "60-camera-refused");
	await shy.browser.close();
}

function locale(language) {
	return language === "vi" ? "vi-VN" : "en-GB";
}

await scenario("screens", async () => {
	for (const language of ["vi", "en"]) {
		mkdirSync(join(FOLDER, language), { recursive: true });
		const server = await start_server();
		const context = { locale: locale(language), viewport: WIDE };
		const host = await person("chromium", 1, { context });
		const { room, link } = await office(host, language, server);
		const guest = await person("chromium", 3, { context });
		await guest.page.goto(link);
		await until(() => guest.page.evaluate(() => document.querySelector('[data-testid="link-password"]')));
		await look(guest, language, "13-invited");
		await way_in(guest, language, room);
		await meeting(host, guest, language, room);
		await ends(host, guest, language, server, room);
		await camera_refused(language, room);
		await host.page.goto(server.url);
		await at_screen(host, "rooms");
		await host.page.route("**/api/v1/server", (route) => route.abort());
		await host.page.reload();
		await at_screen(host, "error");
		await look(host, language, "61-server-gone");
		await host.browser.close();
		await guest.browser.close();
		await server.stop();
	}
	note(`${shots} pictures in ${FOLDER}`);
});

// Who is not let in gets the refusal that is written down, and not one packet of media.

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { check, until, scenario } from "./lib/check.mjs";
import { start_server } from "./lib/server.mjs";
import { furnish, person, PASSWORD } from "./lib/stage.mjs";
import { alert_of, all_meet, at_screen, enter, knock, press, screen_of, sign_in } from "./lib/people.mjs";

/** What the page's connections received: nothing may have come, whatever the page has tried. */
async function no_media(title, one) {
	const got = await one.page.evaluate(() => window.hopkin_probe.received());
	check(`refused: ${title}: no media`, got.packets === 0 && got.frames === 0, JSON.stringify(got));
}

async function refused(title, one, address, how, words) {
	const screen = await knock(one, address, how);
	const text = await alert_of(one);
	check(`refused: ${title}`, screen !== "ready" && (!words || words.test(text)), `${screen}: ${text}`);
	await new Promise((done) => setTimeout(done, 500)); // media that should not come would come now
	await no_media(title, one);
	return text;
}

await scenario("refusals", async () => {
	let server = await start_server();
	const open = furnish(server, { members: ["minh"] });
	const make = (title, ...flags) => {
		const room = JSON.parse(server.command(["room", "add", title, "--owner", "lan", "--json", ...flags]));
		return { address: `${server.url}/r/${room.id}`, password: room.password, id: room.id };
	};
	const members_only = make("Chỉ nội bộ");
	const small = make("Phòng nhỏ", "--max", "2", "--guests");

	// somebody is inside, sending, so that there is something to leak
	const host = await person("chromium", 1);
	await sign_in(host, server.url, "lan", PASSWORD);
	await at_screen(host, "rooms");
	await enter(host, open.address);

	const stranger = await person("chromium", 5);
	const name = stranger.name;
	const wrong = await refused("wrong password", stranger, open.address, { password: "sai-mat-khau-99", name });
	const missing = await refused("no such room", stranger, `${server.url}/r/AAAAAAAAAAAAAAAAAAAAAA`, { password: open.password, name });
	check("refused: a wrong password and a missing room sound alike", wrong === missing && wrong !== "", `${wrong} / ${missing}`);
	await refused("guest where guests are not allowed", stranger, members_only.address, { password: members_only.password, name }, /member|account|sign/i);

	// full: the host and one guest are the two that this room takes
	await host.page.goto("about:blank");
	await enter(host, small.address);
	const first = await person("chromium", 2);
	await enter(first, small.address, { password: small.password, name: first.name });
	await all_meet("small room", [host, first]);
	await refused("room full", stranger, small.address, { password: small.password, name }, /full/i);

	// removed: out within a moment, and not back under another name
	await press(host, "people-open");
	await host.page.locator(`[data-testid="roster-row"]:has-text("${first.name}") [data-testid="roster-more"]`).click();
	await press(host, "host-remove");
	await press(host, "confirm");
	await at_screen(first, "removed");
	check("refused: a removed person is told so", true);
	const still = await until(() => first.page.evaluate(() => window.hopkin_probe.connections.every((one) => one.connectionState === "closed")), 3);
	check("refused: a removed person's media has ended", still);
	await first.page.reload();
	check("refused: reloading does not bring a removed person back", await screen_of(first) !== "meeting");
	await refused("removed, under another name", first, small.address, { password: small.password, name: "Người khác" });

	// another guest, and the password changes with the removal: the old one is worth nothing, from any device
	const second = await person("chromium", 4);
	await enter(second, open.address, { password: open.password, name: second.name });
	await host.page.goto("about:blank");
	await enter(host, open.address);
	await press(host, "people-open");
	await host.page.locator(`[data-testid="roster-row"]:has-text("${second.name}") [data-testid="roster-more"]`).click();
	await press(host, "host-remove");
	await press(host, "confirm-renew");
	await at_screen(second, "removed");
	await until(() => host.page.evaluate(() => document.querySelector('[data-testid="copy-text"]')?.textContent));
	const renewed = await host.page.evaluate(() => document.querySelector('[data-testid="copy-text"]')?.textContent ?? "");
	check("refused: the host is shown the new password", renewed.length > 8 && renewed !== open.password, renewed);
	await press(host, "password-done");
	await refused("the old password after a removal", stranger, open.address, { password: open.password, name });
	check("refused: the new one lets others in", await knock(stranger, open.address, { password: renewed, name }) === "ready", await alert_of(stranger));

	// a session that has run out: the server starts again to find it a year old
	const member = await person("chromium", 3);
	await sign_in(member, server.url, "minh", PASSWORD);
	await at_screen(member, "rooms");
	await server.stop();
	const database = new DatabaseSync(join(server.data, "hopkin.db"));
	database.exec("UPDATE sessions SET created_s = created_s - 31536000, seen_s = seen_s - 31536000");
	database.close();
	server = await start_server({ data: server.data });
	await member.page.reload();
	await at_screen(member, "signin");
	check("refused: an expired session has to sign in again", true);
	const answer = await member.page.evaluate(async () => (await fetch("/api/v1/rooms")).status);
	check("refused: an expired session gets no rooms", answer === 401, answer);
	await knock(member, members_only.address, { password: members_only.password, name: member.name });
	check("refused: an expired session is a guest where only members may go in", await screen_of(member) !== "ready");
	await no_media("expired session", member);

	// no account, wrong account password
	await stranger.page.goto(server.url);
	await at_screen(stranger, "signin");
	for (const [who, title] of [["nguoi.la", "no account"], ["minh", "wrong account password"]]) {
		await stranger.page.locator('[data-testid="signin-name"]').fill(who);
		await stranger.page.locator('[data-testid="signin-password"]').fill("khong-phai-mat-khau");
		await press(stranger, "signin-submit");
		await until(async () => await alert_of(stranger) !== "");
		check(`refused: ${title}`, await screen_of(stranger) === "signin" && await alert_of(stranger) !== "", await alert_of(stranger));
	}
});

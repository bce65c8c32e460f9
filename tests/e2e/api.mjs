// signaling/API.md is true: each row of its table is asked of the running server, on the listener and as the person it names, and
// answered with the status and fields that the page shows.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, scenario } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { start_server, TOP } from "./lib/server.mjs";
import { PASSWORD } from "./lib/stage.mjs";

const page = readFileSync(join(TOP, "signaling/API.md"), "utf8");
const asked = new Set();

const ROOM = ["id", "title", "url", "guests", "max", "closed", "banner", "contact", "created", "live"];
const TOKEN = ["id", "name", "right", "created", "used", "expires"];
const ME = ["id", "name", "display", "role"];

/** Asks for `row` (as the table writes it) and checks status and fields. */
async function row(who, written, path, body, status, fields) {
	asked.add(written);
	const [method] = written.split(" ");
	const answer = await who.rest(method, path, body);
	const keys = answer.json && typeof answer.json === "object" ? Object.keys(answer.json) : [];
	const missing = (fields ?? []).filter((field) => !keys.includes(field));
	const good = answer.status === status && (fields === undefined || (missing.length === 0 && keys.length === fields.length));
	check(`api: ${written} answers ${status}${fields ? " as written" : ""}`, good, `${answer.status} ${answer.text.slice(0, 300)}`);
	return answer.json ?? {};
}

async function refused(title, who, method, path, body, status, code, headers) {
	const answer = await who.rest(method, path, body, headers);
	check(`api: ${title}: ${status} ${code}`, answer.status === status && answer.json?.error?.code === code, `${answer.status} ${answer.text.slice(0, 200)}`);
}

await scenario("api", async () => {
	const server = await start_server();
	const token = server.first_link.split("#")[1];
	const admin = new Client(server.admin_url);
	const main = new Client(server.url);
	const nobody = new Client(server.url);

	const told = await row(nobody, "GET `/server`", "/server", undefined, 200);
	check("api: /server says what it must", ["version", "languages", "banner", "contact", "admin", "setup_needed"].every((key) => key in told), JSON.stringify(told));
	check("api: /server: setup is needed at first", told.setup_needed === true);
	await row(nobody, "GET `/me`", "/me", undefined, 401);
	await row(nobody, "GET `/health`", "/health", undefined, 200, ["ok", "media"]);

	await refused("a setup link on the main listener", main, "POST", "/link/use", { token, password: PASSWORD, name: "lan", display: "Lan Anh" }, 404, "bad_link");
	await row(admin, "POST `/link/look`", "/link/look", { token }, 200);
	await row(admin, "POST `/link/use`", "/link/use", { token, password: PASSWORD, name: "lan", display: "Lan Anh" }, 200, ME);
	await refused("a link used twice", admin, "POST", "/link/look", { token }, 404, "bad_link");
	await row(main, "POST `/login`", "/login", { name: "lan", password: PASSWORD }, 200, ME);
	check("api: cookies are __Host-, one name a listener", main.cookie.startsWith("__Host-hopkin=") && admin.cookie.startsWith("__Host-hopkin-admin="), `${main.cookie.slice(0, 22)} ${admin.cookie.slice(0, 22)}`);
	await row(main, "GET `/me`", "/me", undefined, 200, ME);

	const room = await row(main, "POST `/rooms`", "/rooms", { title: "Giao ban tuần", guests: true, max: 10 }, 201, [...ROOM, "password"]);
	const list = await row(main, "GET `/rooms`", "/rooms", undefined, 200, ["rooms"]);
	check("api: the room is listed, without its password", list.rooms?.length === 1 && Object.keys(list.rooms[0]).sort().join() === [...ROOM].sort().join(), JSON.stringify(list));
	check("api: a room's id is 128 random bits", /^[A-Za-z0-9_-]{22}$/.test(room.id), room.id);
	await row(main, "GET `/rooms/ID`", `/rooms/${room.id}`, undefined, 200, ROOM);
	const changed = await row(main, "PATCH `/rooms/ID`", `/rooms/${room.id}`, { title: "Giao ban tháng", closed: true }, 200, ROOM);
	check("api: PATCH changes what it names", changed.title === "Giao ban tháng" && changed.closed === true && changed.guests === true, JSON.stringify(changed));
	await row(main, "POST `/rooms/ID/password`", `/rooms/${room.id}/password`, {}, 200, ["password"]);

	const device = await row(main, "POST `/rooms/ID/tokens`", `/rooms/${room.id}/tokens`, { name: "Máy quay", right: "publish" }, 201, [...TOKEN, "address", "token"]);
	check("api: a token's address is for what it may do", device.address === `${server.url}/whip/${room.id}`, device.address);
	const devices = await row(main, "GET `/rooms/ID/tokens`", `/rooms/${room.id}/tokens`, undefined, 200, ["tokens"]);
	check("api: tokens are listed, never in clear", devices.tokens?.length === 1 && Object.keys(devices.tokens[0]).sort().join() === [...TOKEN].sort().join(), JSON.stringify(devices));
	await row(main, "DELETE `/rooms/ID/tokens/ID`", `/rooms/${room.id}/tokens/${device.id}`, undefined, 204);

	const person = await row(admin, "POST `/people` *admin*", "/people", { name: "minh", display: "Minh Đức", role: "member" }, 201, ["id", "link"]);
	const people = await row(admin, "GET `/people` *admin*", "/people", undefined, 200, ["people"]);
	check("api: people are shown as written", people.people?.length === 2 && people.people.every((one) =>
		["id", "name", "display", "role", "disabled", "pending", "last_seen"].every((key) => key in one)), JSON.stringify(people));
	const member = new Client(server.url);
	await row(member, "POST `/link/use`", "/link/use", { token: person.link.split("#")[1], password: PASSWORD }, 200, ME);
	await refused("a member makes no rooms", member, "POST", "/rooms", { title: "x", guests: false }, 403, "not_allowed");
	await refused("another's room", member, "GET", `/rooms/${room.id}`, undefined, 404, "not_found");
	await row(member, "POST `/password`", "/password", { old: PASSWORD, new: `${PASSWORD}-moi` }, 204);
	await refused("administration on the main listener", main, "GET", "/people", undefined, 404, "not_found");
	await refused("the last administrator stays", admin, "PATCH", `/people/${people.people?.find((one) => one.name === "lan").id}`, { disabled: true }, 409, "last_admin");
	await row(admin, "PATCH `/people/ID` *admin*", `/people/${person.id}`, { role: "host" }, 200);
	await row(admin, "POST `/people/ID/reset` *admin*", `/people/${person.id}/reset`, undefined, 200, ["link"]);
	await row(admin, "GET `/stats` *admin*", "/stats", undefined, 200);
	check("api: a reset ends the sessions", (await member.rest("GET", "/me")).status === 401);

	await refused("another origin", main, "POST", "/rooms", { title: "x", guests: false }, 403, "bad_origin", { origin: "https://evil.example" });
	await refused("no JSON", main, "POST", "/rooms", "{", 400, "bad_json");
	await refused("a duplicate key", main, "POST", "/rooms", '{"title":"a","title":"b","guests":false}', 400, "bad_json");
	await refused("an unknown field", main, "POST", "/rooms", { title: "x", guests: false, owner: 7 }, 400, "bad_request");
	await refused("another content type", main, "POST", "/rooms", "title=x", 415, "unsupported_media_type", { "content-type": "text/plain" });
	await refused("a body too large", main, "POST", "/rooms", { title: "x".repeat(20000), guests: false }, 413, "too_large");
	await refused("no such path", main, "GET", "/nothing", undefined, 404, "not_found");
	await refused("a direction-changing character in a name", admin, "POST", "/people", { name: "x1", display: "a\u202Eb", role: "member" }, 400, "bad_name");
	await refused("a short password", main, "POST", "/password", { old: PASSWORD, new: "ngan" }, 400, "weak_password");
	await refused("a wrong login", nobody, "POST", "/login", { name: "lan", password: "sai-mat-khau-roi" }, 401, "bad_login");
	await refused("an account that is not", nobody, "POST", "/login", { name: "khong.co", password: "sai-mat-khau-roi" }, 401, "bad_login");
	let slowed = null;
	for (let n = 0; n < 40 && !slowed; n++) {
		const answer = await nobody.rest("POST", "/login", { name: "minh", password: `sai-mat-khau-${n}` });
		slowed = answer.status === 429 ? answer.json : null;
	}
	check("api: guessing is slowed, and told for how long", slowed?.error?.code === "slow_down" && slowed.error.retry_after > 0, JSON.stringify(slowed));

	await row(main, "DELETE `/rooms/ID`", `/rooms/${room.id}`, undefined, 204);
	await row(main, "POST `/logout`", "/logout", undefined, 204);
	await row(main, "GET `/me`", "/me", undefined, 401);

	const head = await fetch(`${server.url}/`);
	const policy = head.headers.get("content-security-policy") ?? "";
	check("api: the page's policy starts from nothing and allows nothing unsafe", /default-src 'none'/.test(policy) && !/unsafe-(inline|eval)/.test(policy) && /require-trusted-types-for 'script'/.test(policy), policy);
	for (const [name, value] of [["cross-origin-opener-policy", /same-origin/], ["cross-origin-embedder-policy", /require-corp/], ["referrer-policy", /no-referrer|same-origin/],
		["permissions-policy", /camera=\(self\)/], ["x-content-type-options", /nosniff/]])
		check(`api: the page has ${name}`, value.test(head.headers.get(name) ?? ""), head.headers.get(name));

	const written = [...page.matchAll(/^\| ((?:GET|POST|PATCH|DELETE) `[^`]+`(?: \*admin\*)?)/gm)].map((match) => match[1]).filter((one) => !one.includes("?token"));
	check("api: every row of the page was asked for", written.every((one) => asked.has(one)), written.filter((one) => !asked.has(one)).join("; "));
});

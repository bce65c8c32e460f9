// signaling/PROTOCOL.md is true: its examples and each row of its tables are sent to the running server, with only ids, passwords and
// SDP put in, and the answers have the fields and types that the page shows. Then what it says of bad messages.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, until, scenario } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { offer, state } from "./lib/offer.mjs";
import { start_server, TOP } from "./lib/server.mjs";
import { furnish, PASSWORD } from "./lib/stage.mjs";

const page = readFileSync(join(TOP, "signaling/PROTOCOL.md"), "utf8");

/** The JSON examples of one heading: blocks and inline ones, in order. */
function examples(heading) {
	const part = new RegExp(`### ${heading}\\n([\\s\\S]*?)(?=\\n##)`).exec(page)?.[1] ?? "";
	const texts = [...part.matchAll(/```json\n([\s\S]*?)```|`(\{"[^`]*\})`/g)].map((match) => match[1] ?? match[2]);
	return texts.map((text) => JSON.parse(text.replaceAll("…", "")));
}

/** The rows of the table under `## heading`: lists of cells. */
function rows(heading) {
	const part = new RegExp(`## ${heading}\\n([\\s\\S]*?)(?=\\n## |$)`).exec(page)?.[1] ?? "";
	return part.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Where `given` differs in shape from `shown`: fields missing or too many, other types. Lists: each item like the first shown. */
function differs(shown, given, path = "") {
	if (Array.isArray(shown))
		return !Array.isArray(given) ? [`${path} is no list`] : shown.length === 0 ? []
			: given.flatMap((item, index) => differs(shown[0], item, `${path}[${index}]`));
	if (shown !== null && typeof shown === "object") {
		if (given === null || typeof given !== "object")
			return [`${path} is no object`];
		const missing = Object.keys(shown).filter((key) => !(key in given)).map((key) => `${path}.${key} is missing`);
		const extra = Object.keys(given).filter((key) => !(key in shown)).map((key) => `${path}.${key} is not documented`);
		return [...missing, ...extra, ...Object.keys(shown).filter((key) => key in given).flatMap((key) => differs(shown[key], given[key], `${path}.${key}`))];
	}
	return typeof shown === typeof given ? [] : [`${path} is ${typeof given}, not ${typeof shown}`];
}

function as_written(name, shown, given) {
	const wrong = differs(shown, given);
	check(`protocol: ${name} is answered as written`, wrong.length === 0, `${wrong.join("; ")} in ${JSON.stringify(given).slice(0, 400)}`);
}

async function enter_and_join(visitor, room, name) {
	const socket = await visitor.socket();
	await socket.request({ t: "enter", room: room.id, password: room.password, ...(name ? { name } : {}) });
	const { sdp, sections } = offer();
	const joined = await socket.request({ t: "join", sdp, sections, state: state() });
	return { socket, joined };
}

async function entering(server, room) {
	const guest = new Client(server.url);
	const socket = await guest.socket();
	check("protocol: the server speaks hopkin.v1", socket.raw.protocol === "hopkin.v1", socket.closed?.code);
	const [enter, entered] = examples("enter");
	socket.next = enter.id + 1;
	socket.send({ ...enter, room: room.id, password: room.password });
	const first = await until(() => socket.received.find((one) => one.re === enter.id));
	as_written("enter", entered, first);

	const [join, joined] = examples("join");
	const made = offer();
	check("protocol: the example of join names what an offer has", Object.keys(join.sections).every((key) => key in made.sections));
	const answer = await socket.request({ ...join, sdp: made.sdp, sections: made.sections });
	as_written("join", { ...joined, chat: [] }, answer);
	const sdp = answer.sdp ?? "";
	for (const [what, line] of [["ICE-lite", /^a=ice-lite/m], ["setup:passive", /^a=setup:passive/m], ["a UDP candidate", /^a=candidate:\S+ 1 udp .* typ host/im],
		["a passive TCP candidate", /^a=candidate:\S+ 1 tcp .* tcptype passive/im], ["msid of seats", /^a=msid:/m], ["ssrc of seats", /^a=ssrc:\d+ /m], ["BUNDLE", /^a=group:BUNDLE 0 1 2/m],
		["simulcast received", /^a=simulcast:recv q;h;f/m]])
		check(`protocol: the answer has ${what}`, line.test(sdp), sdp.slice(0, 500));

	const [again, replied] = examples("offer");
	const fresh = offer();
	as_written("offer", replied, await socket.request({ ...again, sdp: fresh.sdp, sections: fresh.sections }));
	return { guest, socket, resume: answer.resume, number: answer.number };
}

async function coming_back(server, one) {
	one.socket.close();
	await until(() => one.socket.closed);
	const socket = await one.guest.socket();
	const [resume] = examples("resume");
	const answer = await socket.request({ ...resume, token: one.resume });
	const shown = { ...examples("enter")[1], ...examples("join")[1], chat: [], t: "resumed", media: true };
	delete shown.sdp;
	as_written("resume", shown, answer);
	check("protocol: resume gives the same number", answer.number === one.number, JSON.stringify(answer).slice(0, 200));
	const stale = await (await one.guest.socket()).request({ ...resume, token: one.resume });
	check("protocol: a resume token works once", stale.code === "no_session", JSON.stringify(stale));
	one.socket = socket;
}

async function in_the_meeting(server, host, guest) {
	const values = {
		state: state(true, false), view: { pins: [guest.number], wants: [guest.number], heights: [360, 0, 0, 0] }, hand: { up: true }, chat: { text: "Chào mọi người" },
		ping: {}, mute: { number: guest.number }, stop_camera: { number: guest.number }, stop_share: { number: guest.number },
		allow: { number: guest.number, source: "mic" }, lower_hand: { number: guest.number }, remove: { number: guest.number }, lock: { locked: true }, end: {},
	};
	// what a guest may not do is tried first, by the guest
	for (const [types, , , who] of rows("In the meeting"))
		for (const type of types.replaceAll("`", "").split(", "))
			if (who.startsWith("host"))
				check(`protocol: ${type} is not for a guest`, (await guest.socket.request({ t: type, ...values[type] })).code === "not_allowed");
	for (const [types, , shown] of rows("In the meeting")) {
		for (const type of types.replaceAll("`", "").split(", ")) {
			check(`protocol: ${type} has a value here`, type in values);
			const answer = await host.socket.request({ t: type, ...values[type] });
			const want = type === "ping" ? { re: 1, t: "pong", at: 1 } : { re: 1, t: "ok" };
			check(`protocol: ${type} is documented with its answer`, shown.includes(want.t), shown);
			as_written(type, want, answer);
			if (type === "remove") {
				check("protocol: removed: the event", await guest.socket.event("removed") !== undefined);
				await until(() => guest.socket.closed);
				check("protocol: removed: then close 4403", guest.socket.closed?.code === 4403, JSON.stringify(guest.socket.closed));
			}
		}
	}
	check("protocol: end: the event", Boolean(await host.socket.event("ended")));
	await until(() => host.socket.closed);
	check("protocol: end: then close 4404", host.socket.closed?.code === 4404, JSON.stringify(host.socket.closed));
	const chat = guest.socket.received.find((one) => one.t === "chat" && one.re === undefined);
	check("protocol: chat reaches the others as written", chat && differs({ t: "", number: 1, name: "", guest: true, at: 1, text: "" }, chat).length === 0, JSON.stringify(chat));
	const blocked = guest.socket.received.find((one) => one.t === "blocked");
	check("protocol: blocked tells what and by whom", blocked && differs({ t: "", sources: [""], by: 1 }, blocked).length === 0, JSON.stringify(blocked));
	const changed = guest.socket.received.find((one) => one.t === "changed");
	const member = examples("join")[1].roster[0];
	check("protocol: changed holds a whole member", changed && differs({ t: "", member }, changed).length === 0, JSON.stringify(changed));
	const arrived = host.socket.received.find((one) => one.t === "arrived");
	check("protocol: arrived holds a whole member", arrived && differs({ t: "", member }, arrived).length === 0, JSON.stringify(arrived));
	const departed = host.socket.received.find((one) => one.t === "departed");
	check("protocol: departed tells why", departed?.number === guest.number && departed.reason === "removed", JSON.stringify(departed));
}

async function leaving(server, room) {
	const { socket } = await enter_and_join(new Client(server.url), room, "Thu Hà");
	const [leave, left] = examples("leave");
	as_written("leave", left, await socket.request(leave));
}

async function bad_messages(server, room) {
	const cases = [
		["an unknown type", { t: "fly" }], ["an unknown field", { t: "ping", colour: "red" }], ["a wrong type", { t: "hand", up: "yes" }],
		["a missing field", { t: "hand" }], ["a number out of range", { t: "mute", number: -1 }], ["another's identity", { t: "chat", text: "x", number: 1 }],
		["an empty text", { t: "chat", text: "" }],
	];
	const { socket } = await enter_and_join(new Client(server.url), room, "Thu Hà");
	for (const [name, message] of cases) {
		const answer = await socket.request(message);
		check(`protocol: ${name} is refused`, answer.t === "error" && ["bad_message", "not_allowed"].includes(answer.code), JSON.stringify(answer));
	}
	socket.send('{"t":"hand","id":900,"up":true,"up":false}');
	const twice = await until(() => socket.received.find((one) => one.re === 900 || (one.t === "error" && !one.re)), 3);
	check("protocol: a duplicate key is refused", twice?.code === "bad_message", JSON.stringify(twice));
	check("protocol: the connection is unharmed", (await socket.request({ t: "ping" })).t === "pong");
	for (let n = 0; n < 12 && !socket.closed; n++)
		await socket.request({ t: "fly" }, 2);
	await until(() => socket.closed, 3);
	check("protocol: ten refused messages close the connection with 4400", socket.closed?.code === 4400, JSON.stringify(socket.closed));

	const early = await new Client(server.url).socket();
	check("protocol: chat before entering is refused", (await early.request({ t: "chat", text: "x" })).code === "not_now");
	check("protocol: join before entering is refused", (await early.request({ t: "join", ...offer(), state: state() })).code === "not_now");
	const elsewhere = await new Client(server.url).socket({ origin: "https://evil.example" });
	check("protocol: another site's page cannot connect", !elsewhere.opened);
	const large = await new Client(server.url).socket();
	large.send(JSON.stringify({ t: "enter", id: 1, room: "x".repeat(200000) }));
	await until(() => large.closed || large.received.length > 0, 5);
	check("protocol: an oversize message is refused", large.closed !== null || large.received[0]?.code === "too_large", JSON.stringify(large.received));
	check("protocol: the server is still there", (await new Client(server.url).rest("GET", "/health")).status === 200);
}

await scenario("protocol", async () => {
	const server = await start_server();
	const room = furnish(server);
	const owner = new Client(server.url);
	check("protocol: the owner signs in", (await owner.rest("POST", "/login", { name: "lan", password: PASSWORD })).status === 200);
	const guest = await entering(server, room);
	await coming_back(server, guest);
	await leaving(server, room);
	await bad_messages(server, room);
	const { socket, joined } = await enter_and_join(owner, { id: room.id });
	check("protocol: the owner needs no password", joined.t === "joined", JSON.stringify(joined).slice(0, 200));
	const late = await enter_and_join(new Client(server.url), room, "Quốc Bảo");
	late.socket.close();
	await in_the_meeting(server, { socket }, guest);
});

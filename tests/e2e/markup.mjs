// Markup in whatever people can write stays text on everybody's screen: title, name, chat, banner. Nothing in a message is loaded or run.

import { afterwards, check, until, scenario } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { offer, state } from "./lib/offer.mjs";
import { at_screen, enter, press, sign_in } from "./lib/people.mjs";
import { start_server } from "./lib/server.mjs";
import { furnish, person, PASSWORD } from "./lib/stage.mjs";

const TITLE = "<script>window.hit=1</script><b>Giao ban</b>";
const NAME = "<img src=/x onerror=window.hit=2>";
const BANNER = "<iframe src=https://evil.example/></iframe><svg onload=window.hit=3>";
const CHAT = ["<img src=https://evil.example/y onerror=window.hit=4>", "<a href=javascript:window.hit=5>x</a> javascript:window.hit=6",
	"https://evil.example/ &lt;b&gt;", "{{constructor.constructor('window.hit=7')()}} ${window.hit=8}"];

/** A guest without a browser, in the meeting. */
async function writer(server, room) {
	const socket = await new Client(server.url).socket();
	await socket.request({ t: "enter", room: room.id, password: room.password, name: NAME });
	const { sdp, sections } = offer();
	const joined = await socket.request({ t: "join", sdp, sections, state: state() });
	check("markup: the writer is in", joined.t === "joined", joined.code);
	afterwards(() => socket.close());
	return socket;
}

await scenario("markup", async () => {
	const server = await start_server();
	const room = furnish(server, { title: TITLE });
	const lan = new Client(server.url);
	await lan.rest("POST", "/login", { name: "lan", password: PASSWORD });
	await lan.rest("PATCH", `/rooms/${room.id}`, { banner: BANNER });
	const reader = await person("chromium", 1);
	await sign_in(reader, server.url, "lan", PASSWORD);
	await at_screen(reader, "rooms");
	const text = () => reader.page.evaluate(() => document.body.innerText);
	await until(async () => (await text()).includes(TITLE));
	check("markup: a title is text among the rooms", (await text()).includes(TITLE));
	await reader.page.goto(room.address);
	await until(async () => (await text()).includes(BANNER));
	check("markup: a banner is text at the door", (await text()).includes(BANNER));
	await enter(reader, room.address);
	const socket = await writer(server, room);
	await press(reader, "people-open");
	await until(async () => (await reader.page.locator('[data-testid="roster-name"]').allTextContents()).includes(NAME));
	check("markup: a name is text on the roster", (await reader.page.locator('[data-testid="roster-name"]').allTextContents()).includes(NAME));
	check("markup: and on the tile", await until(async () => (await reader.page.locator('[data-testid="tile-name"]').allTextContents()).includes(NAME), 5));
	await press(reader, "chat-open");
	for (const line of CHAT)
		await socket.request({ t: "chat", text: line });
	const lines = () => reader.page.locator('[data-testid="chat-line"]').allTextContents();
	await until(async () => (await lines()).length >= CHAT.length);
	const shown = (await lines()).join("\n");
	check("markup: chat is text, letter for letter", CHAT.every((line) => shown.includes(line)), shown);
	const made = await reader.page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, svg [onload], .chat a, .roster a, script:not([src])").length);
	check("markup: it made no element of its own", made === 0, made);
	check("markup: nothing of it ran", await reader.page.evaluate(() => window.hit === undefined));
	const foreign = reader.requests.filter((url) => !/^(https|wss):\/\/127\.0\.0\.1:\d+\/|^(data|blob|about):/.test(url) || /\/[xy]$/.test(url));
	check("markup: no address in it was loaded", foreign.length === 0, foreign.join(" "));
	const refused = await reader.page.evaluate(() => {
		try {
			document.createElement("div").innerHTML = "<b>x</b>";
			return "";
		} catch (error) {
			return error.name;
		}
	});
	check("markup: even a slip of the page's own could not make elements of text", refused === "TypeError", refused);
});

// What stands in front, against clients that are no browsers: bytes that are not TLS, silence, half a handshake, requests and frames
// that lie about their length, other origins, the administration's port. Nobody else may notice any of it.

import { once } from "node:events";
import { copyFileSync, readFileSync, statSync, utimesSync } from "node:fs";
import { connect as connect_tcp } from "node:net";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { connect as connect_tls } from "node:tls";
import { afterwards, check, scenario, until } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { start_server, TOP } from "./lib/server.mjs";

const PORT = Number(process.env.HOPKIN_FRONT_PORT ?? 9421);
const PASSWORD = "mot-cau-dai-de-nho-42";

/** A TCP connection that keeps what it hears and when it ended. */
function tcp(bytes = "") {
	const socket = connect_tcp(PORT, "127.0.0.1");
	const one = { socket, heard: Buffer.alloc(0), ended: null, began: performance.now() };
	socket.on("connect", () => bytes && socket.write(bytes));
	socket.on("data", (more) => { one.heard = Buffer.concat([one.heard, more]); });
	socket.on("error", () => {});
	socket.on("close", () => { one.ended = performance.now() - one.began; });
	return one;
}

/** The same over TLS, once the handshake is done. */
async function tls(options = {}) {
	const socket = connect_tls({ port: PORT, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"], ...options });
	const one = { socket, heard: Buffer.alloc(0), ended: null, error: null, began: performance.now() };
	socket.on("data", (more) => { one.heard = Buffer.concat([one.heard, more]); });
	socket.on("error", (error) => { one.error = error; });
	socket.on("close", () => { one.ended = performance.now() - one.began; });
	await Promise.race([once(socket, "secureConnect").catch(() => {}), until(() => one.error || one.ended, 8)]);
	return one;
}

async function say(text, options) {
	const one = await tls(options);
	one.socket.write(text);
	return one;
}

function upgrade(headers = {}, path = "/ws") {
	const all = { Host: `127.0.0.1:${PORT}`, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": randomBytes(16).toString("base64"), "Sec-WebSocket-Protocol": "hopkin.v1", Origin: `https://127.0.0.1:${PORT}`, ...headers };
	return `GET ${path} HTTP/1.1\r\n${Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

async function websocket(headers, path) {
	const one = await say(upgrade(headers, path));
	await until(() => one.heard.includes("\r\n\r\n") || one.ended !== null, 8, 20);
	one.open = one.heard.toString("latin1").startsWith("HTTP/1.1 101");
	one.heard = Buffer.alloc(0);
	return one;
}

/** A masked frame; `declared` may lie. */
function frame(payload, { op = 1, fin = true, declared = payload.length } = {}) {
	const head = [(fin ? 0x80 : 0) | op];
	const length = Buffer.alloc(8);
	length.writeBigUInt64BE(BigInt(declared));
	if (declared < 126)
		head.push(0x80 | Number(declared));
	else if (declared < 65536)
		head.push(0x80 | 126, ...length.subarray(6));
	else
		head.push(0x80 | 127, ...length);
	return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload]); // mask 0: the payload as it is
}

function close_code(heard) {
	for (let at = 0; at + 2 <= heard.length;) {
		const length = heard[at + 1] & 127;
		const start = at + (length === 126 ? 4 : length === 127 ? 10 : 2);
		const size = length === 126 ? heard.readUInt16BE(at + 2) : length === 127 ? Number(heard.readBigUInt64BE(at + 2)) : length;
		if ((heard[at] & 15) === 8)
			return size >= 2 ? heard.readUInt16BE(start) : 0;
		at = start + size;
	}
	return null;
}

/** A page is answered while the crowd still stands there: not only once it has been sent away. */
async function answered_among(title, crowd) {
	const answer = await fetch(`https://127.0.0.1:${PORT}/api/v1/health`, { signal: AbortSignal.timeout(20000) });
	const standing = crowd.filter((one) => one.ended === null).length;
	check(`front: ${title}: a page is answered among them`, answer.status === 200 && standing > 0, `${answer.status}, ${standing} stand`);
}

await scenario("front", async () => {
	const server = await start_server({ port: PORT, flags: process.env.HOPKIN_FRONT_FLAGS?.split(" ") ?? [] });
	const admin = new Client(server.admin_url);
	const origin = `https://127.0.0.1:${PORT}`;
	await admin.rest("POST", "/link/use", { token: server.first_link.split("#")[1], password: PASSWORD, name: "lan", display: "Lan Anh" });
	const figures = async () => (await admin.rest("GET", "/stats")).json?.front ?? {};

	// -- before TLS
	const beside = tcp();
	const odd = tcp("GET / HTTP/1.0\r\n\r\n");
	await until(() => odd.ended !== null, 10, 5);
	check("front: plain HTTP is closed without a word, and without the patience that silence gets",
		odd.ended !== null && odd.heard.length === 0 && beside.ended === null, odd.ended);
	const silent = Array.from({ length: 1000 }, () => tcp());
	await until(() => silent.every((one) => one.socket.readyState === "open" || one.ended !== null), 10);
	await answered_among("1000 silent clients", silent);
	await until(() => silent.every((one) => one.ended !== null), 30);
	check("front: the silent ones are closed, not before their three seconds", silent.every((one) => one.ended > 2000),
		`${silent.filter((one) => one.ended === null).length} open, ${Math.round(Math.max(...silent.map((one) => one.ended ?? 0)))} ms`);
	const halves = Array.from({ length: 300 }, () => tcp(Buffer.from([0x16, 3, 1, 2, 0, 1])));
	await answered_among("300 halves of a handshake", halves);
	await until(() => halves.every((one) => one.ended !== null), 30);
	check("front: an unfinished handshake is cut", halves.every((one) => one.ended !== null),
		`${halves.filter((one) => one.ended === null).length} open`);
	const after = await figures();
	check("front: they were counted, and are gone", after.accepted_silent >= 1000 && after.handshakes_cut >= 300 && after.connections < 50, JSON.stringify(after));
	const media = tcp(Buffer.from([0, 20, 0, 1, 0, 0]));
	await until(() => media.ended !== null, 1, 50);
	check("front: bytes of RFC 4571 are handed over, not closed", (await figures()).accepted_media === 1);
	media.socket.destroy();

	// -- TLS
	for (const version of ["TLSv1", "TLSv1.1"]) {
		const old = await tls({ minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" });
		check(`front: ${version} is refused`, old.error !== null || old.ended !== null);
	}
	for (const version of ["TLSv1.2", "TLSv1.3"]) {
		const one = await tls({ minVersion: version, maxVersion: version });
		check(`front: ${version} is spoken`, one.socket.getProtocol?.() === version, one.error);
		check(`front: ${version}: http/1.1 is chosen`, one.socket.alpnProtocol === "http/1.1", one.socket.alpnProtocol);
		one.socket.destroy();
	}
	for (const cipher of ["AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES256-GCM-SHA384"]) {
		const weak = await tls({ maxVersion: "TLSv1.2", ciphers: `${cipher}:@SECLEVEL=0` });
		check(`front: ${cipher} is refused`, weak.error !== null || weak.ended !== null);
	}
	const h2 = await tls({ ALPNProtocols: ["h2"] });
	check("front: h2 is not spoken", h2.socket.alpnProtocol !== "h2");
	h2.socket.destroy();

	// -- HTTP
	const page = await fetch(`${origin}/`);
	check("front: no HSTS with the trial certificate", !page.headers.has("strict-transport-security"));
	check("front: the server does not say what it is made of", !page.headers.has("server") && !page.headers.has("x-powered-by"));
	check("front: the page may open a socket to this host alone", (page.headers.get("content-security-policy") ?? "").includes(`connect-src 'self' wss://127.0.0.1:${PORT};`));
	const html = await page.text();
	for (const path of ["/r/3q2-7wAAAAAAAAAAAAAAAA", "/l", "/people"])
		check(`front: ${path} is the page`, (await (await fetch(origin + path)).text()) === html);
	const asset = /\/assets\/[^"]+\.js/.exec(html)?.[0];
	const script = await fetch(origin + asset, { headers: { "accept-encoding": "br" } });
	check("front: a hashed file is kept for ever, and compressed", /immutable/.test(script.headers.get("cache-control")) && script.headers.get("content-encoding") === "br", asset);
	check("front: it is what was built", (await script.text()) === readFileSync(join(TOP, "web/dist", asset), "utf8"));
	const again = await fetch(origin + asset, { headers: { "if-none-match": script.headers.get("etag") } });
	check("front: what is known is not sent again", again.status === 304);
	for (const path of ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../package.json", "/assets/", "/.git/config", "/index.html%00.js", "//etc/passwd", "/r/a/b", `/${"a".repeat(3000)}`]) {
		const one = await say(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${PORT}\r\nConnection: close\r\n\r\n`);
		await until(() => one.ended !== null || one.heard.includes("}"), 5, 20);
		const text = one.heard.toString("latin1");
		check(`front: ${path.slice(0, 30)} gives nothing away`, !text.includes("root:") && !/^HTTP\/1.1 200/.test(text) || text.includes(html.slice(0, 30)), text.slice(0, 80));
		one.socket.destroy();
	}
	const lost = await fetch(`${origin}/nowhere`, { headers: { accept: "text/html,*/*" } });
	check("front: a mistyped address is 404 and the page", lost.status === 404 && (await lost.text()) === html);
	check("front: HEAD has the headers and no body", await fetch(origin, { method: "HEAD" }).then(async (a) => a.status === 200 && (await a.text()) === ""));
	check("front: PUT on a page is refused", (await fetch(origin, { method: "PUT", body: "x" })).status >= 400);
	check("front: another method on a route: 405", (await new Client(origin).rest("DELETE", "/login")).status === 405);
	const chunked = await say(`POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1:${PORT}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
	await until(() => chunked.ended !== null || chunked.heard.length, 5, 20);
	check("front: a chunked body is refused, not guessed at", chunked.heard.toString("latin1").startsWith("HTTP/1.1 411"), chunked.heard.toString("latin1").slice(0, 60));
	const slow = await say(`POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1:${PORT}\r\nContent-Length: 100\r\n\r\n{`);
	const slow_head = await say("GET / HTTP/1.1\r\nHost: a");
	const two = await say(`GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:${PORT}\r\n\r\nGET /api/v1/server HTTP/1.1\r\nHost: 127.0.0.1:${PORT}\r\n\r\n`);
	await until(() => two.heard.toString("latin1").split("HTTP/1.1 200").length === 3, 5, 20);
	check("front: two requests at once are both answered", two.heard.toString("latin1").split("HTTP/1.1 200").length === 3);
	two.socket.destroy();
	const cross = await say(`GET /api/v1/people HTTP/1.1\r\nHost: administration\r\nConnection: close\r\n\r\n`, { servername: "administration" });
	await until(() => cross.ended !== null || cross.heard.length, 5, 20);
	check("front: no Host or SNI leads from the main port to administration", /^HTTP\/1.1 404/.test(cross.heard.toString("latin1")), cross.heard.toString("latin1").slice(0, 60));
	const borrowed = await fetch(`${origin}/api/v1/people`, { headers: { cookie: admin.cookie } });
	check("front: the administration's cookie opens nothing on the main port", borrowed.status === 404 &&
		(await fetch(`${origin}/api/v1/me`, { headers: { cookie: admin.cookie.replace("-admin", "") } })).status === 401);

	// -- WebSocket
	const good = await websocket();
	check("front: a socket of this origin opens", good.open);
	good.socket.on("data", (bytes) => {
		const at = bytes.indexOf(Buffer.from([0x89, 1]));
		if (at >= 0)
			good.socket.write(frame(bytes.subarray(at + 2, at + 3), { op: 10 }));
	});
	for (const [what, headers, path] of [["another origin", { Origin: "https://evil.example" }], ["no origin", { Origin: null }], ["the origin null", { Origin: "null" }],
		["plain http of this host", { Origin: `http://127.0.0.1:${PORT}` }], ["another port", { Origin: `https://127.0.0.1:${PORT + 1}` }],
		["no subprotocol", { "Sec-WebSocket-Protocol": null }], ["another subprotocol", { "Sec-WebSocket-Protocol": "chat" }], ["the subprotocol http", { "Sec-WebSocket-Protocol": "http" }],
		["another path", {}, "/"], ["a longer path", {}, "/ws/x"]]) {
		const one = await websocket(headers, path);
		check(`front: a socket with ${what} is refused`, !one.open);
		one.socket.destroy();
	}
	const on_admin = connect_tls({ port: PORT + 1, host: "127.0.0.1", rejectUnauthorized: false });
	await once(on_admin, "secureConnect");
	let heard = "";
	on_admin.on("data", (more) => { heard += more; });
	on_admin.on("error", () => {});
	on_admin.write(upgrade({ Host: `127.0.0.1:${PORT + 1}`, Origin: `https://127.0.0.1:${PORT + 1}` }));
	await until(() => heard || on_admin.destroyed, 3, 20);
	check("front: the administration's port opens no sockets", !heard.startsWith("HTTP/1.1 101"), heard.slice(0, 40));
	on_admin.destroy();
	const huge = await websocket();
	huge.socket.write(frame(Buffer.from("{"), { declared: 2n ** 40n }));
	await until(() => huge.ended !== null || close_code(huge.heard), 5, 20);
	check("front: a frame of 1 TiB is closed with 1009 before it comes", close_code(huge.heard) === 1009, close_code(huge.heard));
	const parts = await websocket();
	for (let n = 0; n < 600 && parts.ended === null; n++)
		parts.socket.write(frame(Buffer.alloc(1024, 32), { op: n ? 0 : 1, fin: false }));
	await until(() => parts.ended !== null || close_code(parts.heard), 5, 20);
	check("front: a message in endless parts is cut off", parts.ended !== null || close_code(parts.heard) === 1009, close_code(parts.heard));
	const large = await websocket();
	large.socket.write(frame(Buffer.alloc(70000, 32)));
	await until(() => large.heard.includes("too_large"), 5, 20);
	check("front: a message of 70 kB is told to be too large, and the socket stays", large.heard.includes("too_large") && large.ended === null, large.heard.toString("latin1").slice(0, 90));
	for (const [what, bytes] of [["a reserved opcode", frame(Buffer.from("x"), { op: 5 })],
		["a reserved bit", Buffer.from([0xf1, 0x81, 0, 0, 0, 0, 65])], ["a fragmented ping", frame(Buffer.from("x"), { op: 9, fin: false })], ["a ping of 200 bytes", frame(Buffer.alloc(200), { op: 9 })]]) {
		const one = await websocket();
		one.socket.write(bytes);
		await until(() => one.ended !== null || close_code(one.heard), 4, 20);
		check(`front: ${what} ends the socket`, one.ended !== null || close_code(one.heard) === 1002, close_code(one.heard));
		one.socket.destroy();
	}
	check("front: the first socket noticed nothing", good.ended === null);
	const answer = await fetch(`${origin}/api/v1/health`);
	check("front: after all of it a page is answered", answer.status === 200, answer.status);

	// -- sessions and their sockets
	const lan = new Client(origin);
	await lan.rest("POST", "/login", { name: "lan", password: PASSWORD });
	const invited = await admin.rest("POST", "/people", { name: "minh", display: "Minh", role: "member" });
	const minh = new Client(origin);
	await minh.rest("POST", "/link/use", { token: invited.json.link.split("#")[1], password: PASSWORD });
	const as_lan = await websocket({ Cookie: lan.cookie });
	const as_minh = await websocket({ Cookie: minh.cookie });
	check("front: sockets with a session open", as_lan.open && as_minh.open);
	await lan.rest("POST", "/logout");
	await until(() => as_lan.ended !== null || close_code(as_lan.heard), 3, 20);
	check("front: signing out closes the socket with 4401", close_code(as_lan.heard) === 4401, close_code(as_lan.heard));
	server.command(["user", "disable", "minh"]);
	await until(() => as_minh.ended !== null || close_code(as_minh.heard), 3, 20);
	check("front: disabled from the command line, the socket is closed with 4401", close_code(as_minh.heard) === 4401, close_code(as_minh.heard));
	check("front: and the session is over", (await minh.rest("GET", "/me")).status === 401);
	check("front: a guest's socket noticed nothing", good.ended === null);

	// -- what takes time
	await until(() => slow.ended !== null && slow_head.ended !== null, 30);
	check("front: half a body and half a header are closed", slow.ended !== null && slow_head.ended !== null, `${slow.ended} ${slow_head.ended}`);

	// -- a new certificate
	const before = (await tls()).socket.getPeerCertificate().fingerprint256;
	execFileSync(join(TOP, "certs/trial"), ["--force", server.data], { stdio: "ignore" });
	const renewed = await until(async () => {
		const one = await tls();
		const print = one.socket.getPeerCertificate().fingerprint256;
		one.socket.destroy();
		return print && print !== before;
	}, 8, 300);
	check("front: a new certificate is taken up while running", renewed);
	check("front: and the open socket noticed nothing", good.ended === null);
	execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "9", "-subj", "/O=So Vi du/CN=meet.test",
		"-keyout", join(server.data, "certs/server.key"), "-out", join(server.data, "certs/server.pem")], { stdio: "ignore" });
	const strict = await until(async () => (await fetch(`${origin}/`)).headers.get("strict-transport-security"), 8, 300);
	check("front: HSTS with a certificate of one's own", /^max-age=\d{7,}/.test(strict ?? ""), strict);
	copyFileSync(join(TOP, "README.md"), join(server.data, "certs/server.pem"));
	utimesSync(join(server.data, "certs/server.pem"), statSync(join(server.data, "certs/server.pem")).atime, new Date());
	await until(() => /certificate.refused/.test(server.log), 6);
	check("front: a broken certificate is refused and the old one stays", /certificate.refused/.test(server.log) && (await fetch(`${origin}/api/v1/health`)).status === 200);

	await until(() => performance.now() - good.began > 35000, 40);
	check("front: a socket that says nothing, but answers pings, stays open", good.ended === null, `${good.ended}`);

	const end = await server.stop();
	check("front: SIGTERM ends it in order", end.code === 0 && !end.late, JSON.stringify(end));
	await until(() => good.ended !== null, 3, 20);
	check("front: sockets are told that the server goes", close_code(good.heard) === 1001 || good.ended !== null, close_code(good.heard));
});

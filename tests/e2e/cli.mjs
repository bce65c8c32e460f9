// The command line, alone and beside a running server: what scripts count on.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards, check, scenario, until } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { BUILD, TOP, start_server } from "./lib/server.mjs";

const PASSWORD = "mot-cau-du-dai-8";

/** Runs `hopkin WORDS…`; gives its exit status, what it printed and that as JSON where it is. */
function hopkin(words, input = "") {
	const ran = spawnSync(join(BUILD, "hopkin"), words, { input, encoding: "utf8", timeout: 30000 });
	let json = null;
	try {
		json = JSON.parse(ran.stdout);
	} catch {
		// words for people
	}
	return { status: ran.status, out: ran.stdout, err: ran.stderr, json };
}

/** [what it shows, words, standard input, exit status, what standard error says] */
const REFUSED = [
	["no word", [], "", 2, /hopkin serve/],
	["an unknown word", ["dance"], "", 2, /hopkin serve/],
	["an unknown flag of serve", ["serve", "--prot", "1"], "", 2, /--prot: unknown flag/],
	["a port out of range", ["serve", "--port", "70000"], "", 2, /--port: expected a number from 1 to 65535/],
	["a user without a name", ["user", "add", "--password-stdin"], `${PASSWORD}\n`, 2, /expected one account name/],
	["a name with a blank", ["user", "add", "lan anh", "--password-stdin"], `${PASSWORD}\n`, 2, /2 to 32/],
	["an unknown role", ["user", "add", "lan", "--role", "king", "--password-stdin"], `${PASSWORD}\n`, 2, /admin, host or member/],
	["a password that everybody uses", ["user", "add", "lan", "--password-stdin"], "12345678901\n", 2, /too weak/],
	["no password on standard input", ["user", "add", "lan", "--password-stdin"], "", 2, /first line of standard input/],
	["no terminal to ask on", ["user", "add", "lan"], "", 2, /--password-stdin/],
	["a password as an argument", ["user", "add", "lan", "--password", PASSWORD], "", 2, /--password: unknown option/],
	["nobody of that name", ["user", "disable", "nobody"], "", 3, /no such account/],
	["a room without an owner", ["room", "add", "Phòng"], "", 3, /needs an owner/],
	["a room for one", ["room", "add", "Phòng", "--max", "1"], "", 2, /2 to 500/],
	["a room's id of the wrong form", ["room", "remove", "../etc"], "", 2, /22 characters/],
	["a room that is not there", ["room", "remove", "AAAAAAAAAAAAAAAAAAAAAA"], "", 3, /no such room/],
	["a token of no room", ["room", "token", "AAAAAAAAAAAAAAAAAAAAAA", "--publish"], "", 3, /no such room/],
	["a token that sends and watches", ["room", "token", "AAAAAAAAAAAAAAAAAAAAAA", "--publish", "--view"], "", 2, /one of --publish, --view/],
	["a value forgotten", ["user", "list", "--data"], "", 2, /expected a value/],
];

function folder() {
	const made = mkdtempSync(join(tmpdir(), "hopkin-cli-"));
	afterwards(() => rmSync(made, { recursive: true, force: true }));
	return made;
}

function refusals() {
	const data = ["--data", folder()];
	for (const [name, words, input, status, says] of REFUSED) {
		const forgotten = words.at(-1) === "--data" || words.length === 0 || words[0] === "dance";
		const ran = hopkin(forgotten ? words : [...words, ...data], input);
		check(`cli: ${name} is refused`, ran.status === status && says.test(ran.err), `${ran.status} ${ran.err}`);
	}
	const json = hopkin(["user", "disable", "nobody", "--json", ...data]);
	check("cli: with --json a refusal has a code", json.json?.error?.code === "no_such_user", json.out);
}

function accounts() {
	const dir = join(folder(), "new"), data = ["--data", dir];
	const added = hopkin(["user", "add", "lan", "--role", "admin", "--display", "Lan Anh", "--password-stdin", "--json", ...data], `${PASSWORD}\n`);
	check("cli: an account is added, and the data folder made for it", added.status === 0 && added.json?.display === "Lan Anh", added.err);
	check("cli: the folder and the database are this user's alone", (statSync(dir).mode & 0o77) === 0 && (statSync(join(dir, "hopkin.db")).mode & 0o77) === 0);
	check("cli: the same name again is a conflict", hopkin(["user", "add", "lan", "--password-stdin", ...data], `${PASSWORD}\n`).status === 4);
	check("cli: the last administrator stays", hopkin(["user", "disable", "lan", ...data]).status === 4);
	const link = hopkin(["user", "reset", "lan", "--json", ...data]);
	check("cli: a one-time link carries its secret behind the #", /^https:\/\/[^?#]+\/l#[\w-]{43}$/.test(link.json?.link ?? ""), link.out);
	const room = hopkin(["room", "add", "Giao ban", "--json", "--host-name", "x", ...data]);
	check("cli: a flag of serve is no flag of room", room.status === 2);
	const made = hopkin(["room", "add", "Giao ban", "--json", ...data]);
	check("cli: a room has an address and a password, once", made.json?.url?.endsWith(`/r/${made.json?.id}`) && made.json?.password?.length >= 12, made.out);
	const list = hopkin(["room", "list", "--json", ...data]);
	check("cli: the list has no passwords", list.json?.rooms?.length === 1 && !list.out.includes("password"), list.out);
	const token = hopkin(["room", "token", "Giao ban", "--publish", "--name", "Máy quay", "--json", ...data]);
	check("cli: a token, once, with its address", token.json?.right === "publish" && /^[\w-]{43}$/.test(token.json?.token) && token.json?.address?.endsWith(`/whip/${made.json.id}`), token.out);
	const tokens = hopkin(["room", "token", made.json.id, "--list", "--json", ...data]);
	check("cli: the list of tokens has none in clear", tokens.json?.tokens?.[0]?.name === "Máy quay" && !tokens.out.includes(token.json.token), tokens.out);
	check("cli: a token is revoked, once", hopkin(["room", "token", made.json.id, "--revoke", token.json.id, ...data]).status === 0
		&& hopkin(["room", "token", made.json.id, "--revoke", token.json.id, ...data]).status === 3);
	check("cli: a room is removed", hopkin(["room", "remove", made.json.id, ...data]).status === 0);
	check("cli: version", /^hopkin \d+\.\d+\.\d+\n$/.test(hopkin(["version"]).out));
}

function settings_file() {
	const dir = folder();
	writeFileSync(join(dir, "hopkin.conf"), "port = 8443;\nprot = 1;\n");
	const ran = hopkin(["serve", "--data", dir]);
	check("cli: a bad key stops the start, with file and line", ran.status === 2 && /hopkin\.conf:2: prot: unknown key/.test(ran.err), ran.err);
}

function check_command() {
	const dir = folder();
	const without = hopkin(["check", "--data", dir, "--json"]);
	check("cli: check names a missing certificate", without.status === 1 && without.json?.checks?.some((row) => row.name === "certificate" && !row.ok), without.out);
	execFileSync(join(TOP, "certs/trial"), [dir], { stdio: "ignore" });
	const withal = hopkin(["check", "--data", dir, "--json"]);
	const row = withal.json?.checks?.find((one) => one.name === "certificate");
	check("cli: check says for how long the certificate is valid", row?.ok && /valid for 39\d days/.test(row.detail), JSON.stringify(withal.json));
	check("cli: check --running fails when nothing runs", hopkin(["check", "--running", "--data", dir]).status === 1);
}

async function beside_a_server() {
	const server = await start_server({ port: 9762 });
	const running = () => hopkin(["check", "--running", "--json", "--config", join(server.data, "hopkin.conf"), "--data", server.data]);
	writeFileSync(join(server.data, "hopkin.conf"), `port = ${server.port};\nadmin_port = ${server.admin_port};\nlisten = ["127.0.0.1"];\n`);
	let found;
	check("cli: check --running hears the server and its media program", await until(() => {
		found = running();
		return found.status === 0;
	}, 10, 500), found?.out);
	server.command(["user", "add", "lan", "--role", "host", "--password-stdin"], `${PASSWORD}\n`);
	const lan = new Client(server.url);
	const signed = await lan.rest("POST", "/login", { name: "lan", password: PASSWORD });
	check("cli: an account made beside the server signs in at once", signed.status === 200, signed.status);
	server.command(["user", "add", "chef", "--role", "admin", "--password-stdin"], `${PASSWORD}\n`);
	server.command(["user", "disable", "lan"]);
	check("cli: disabled beside it, a session ends", await until(async () => (await lan.rest("GET", "/me")).status === 401, 5));
	const again = spawnSync(join(BUILD, "hopkin"), ["serve", "--data", server.data, "--listen", "127.0.0.1"], { encoding: "utf8", timeout: 20000 });
	check("cli: a second server on the same port says why it cannot", again.status === 1 && /TCP port \d+ on 127\.0\.0\.1 cannot be had: another program has it/.test(again.stderr),
		`${again.status} ${again.stderr}`);
	const ended = await server.stop();
	check("cli: SIGTERM ends it in order", ended?.code === 0 && !ended.late, JSON.stringify(ended));
	check("cli: nothing is left running", !existsSync(`/proc/${server.child.pid}`));
}

await scenario("cli", async () => {
	refusals();
	accounts();
	settings_file();
	check_command();
	await beside_a_server();
});

// hopkin-load on small scenes: it finds nothing wrong where nothing is, and something where something was made wrong.
//
//   HOPKIN_BUILD=build/release tests/lib/alone node tests/load/check.mjs

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { check, scenario } from "../e2e/lib/check.mjs";
import { start_server } from "../e2e/lib/server.mjs";
import { furnish } from "../e2e/lib/stage.mjs";

const PROGRAM = join(process.env.HOPKIN_BUILD ?? "build/release", "hopkin-load");

let port = 9860;

async function load_with(input, ...words) {
	const child = spawn(PROGRAM, ["--port", String(port++), ...words, "--json", "--settle", "1"], { timeout: 100000 });
	child.stdin.on("error", () => {}); // who is refused does not read
	child.stdin.end(input);
	const [said, log, status] = await Promise.all([text(child.stdout), text(child.stderr), new Promise((done) => child.on("close", done))]);
	let result = null;
	try {
		result = JSON.parse(said);
	} catch {
		// what it said instead is in `log`
	}
	return { status, result, text: `${said.slice(0, 1500)} ${log.slice(-500)}` };
}

const load = (...words) => load_with("", ...words);

/** Every packet, byte for byte, on every stream; and nothing that the server kept of people who left. */
async function flawless(name, words, input = "") {
	const { status, result, text: said } = await load_with(input, ...words, "--sample", "1", "--max-loss", "0");
	check(`load: ${name}: nothing lost, nothing wrong, nothing missing`, status === 0 && result?.fault === null && result.packets.checked > 100
		&& result.loss.missing === 0 && result.loss.wrong === 0 && result.loss.twice === 0, said);
	return result;
}

async function loss_is_seen() {
	const lossy = await load("--scene", "one-to-many", "--size", "6", "--seconds", "3", "--sample", "1", "--lose", "50");
	check("load: one packet in fifty is missing, and that is an error", lossy.status === 1 && /loss/.test(lossy.result?.fault)
		&& lossy.result.loss.percent > 1 && lossy.result.loss.percent < 3 && lossy.result.loss.nacks > 0, lossy.text);
	const allowed = await load("--scene", "one-to-many", "--size", "4", "--seconds", "2", "--sample", "1", "--lose", "50", "--max-loss", "10");
	check("load: unless so much is allowed", allowed.status === 0 && allowed.result?.fault === null, allowed.text);
}

async function people_come_and_go() {
	const churn = await flawless("people come and go", ["--scene", "churn", "--rooms", "2", "--size", "4", "--seconds", "3"]);
	check("load: people came and went, and no descriptor stayed", churn?.joined_meanwhile > 5 && churn.left_meanwhile > 5
		&& churn.marks.left.descriptors === churn.marks.empty.descriptors, JSON.stringify(churn));
}

async function every_join_is_timed() {
	const one = await flawless("one to many", ["--scene", "one-to-many", "--size", "6", "--seconds", "2"]);
	check("load: every viewer has sound and picture", one?.packets.streams_heard === 10 && one.packets.streams_due === 10, JSON.stringify(one));
	check("load: it reads what the server used", one?.server_use.cores > 0 && one.marks.before.resident_kb > 0 && one.server_use.own_out_per_s > 0, JSON.stringify(one));
	check("load: everybody's join is in the table", ["signaled", "ice_checked", "dtls_done"].every((part) => one?.joins[part].count === 6)
		&& one.joins.first_media.count === 5, JSON.stringify(one?.joins));
}

async function a_storm_comes() {
	const storm = await flawless("people come within a second", ["--scene", "join-storm", "--rooms", "3", "--standing", "1", "--size", "3", "--seconds", "3"]);
	check("load: all of a storm came in", storm?.joined_meanwhile === 6 && storm.joins.first_media.count === 6, JSON.stringify(storm));
}

async function some_stand_for_all() {
	const { result: sampled } = await load("--scene", "one-to-many", "--size", "13", "--sample", "12", "--seconds", "3");
	check("load: who is not sampled is counted from who is", sampled?.packets.sampled_people === 2 && sampled.packets.delivered_per_s
		> 0.9 * sampled.server_use.own_out_per_s && sampled.packets.delivered_per_s < 1.02 * sampled.server_use.own_out_per_s, JSON.stringify(sampled));
}

async function nonsense_is_refused() {
	for (const words of [["--scene", "nowhere"], ["--size", "one"], ["--server", "other"], ["--max-loss", "200"], ["--pin", "0,"], ["--trace", "/nowhere"]]) {
		const { status, result } = await load(...words);
		check(`load: ${words.join(" ")} is refused`, status !== 0 && result === null);
	}
}

async function whole_hopkin() {
	const server = await start_server({ port: 9850 });
	const room = furnish(server);
	const media = server.pid_of("hopkin-media");
	const whole = await flawless("a whole Hopkin by its protocol", ["--url", room.address, "--password-stdin", "--pid", String(media), "--scene", "typical",
		"--size", "4", "--seconds", "2"], `${room.password}\n`);
	check("load: whose media program is measured", whole?.server_use.cores > 0 && whole.people === 4, JSON.stringify(whole));
	const refused = await load_with("wrong\n", "--url", room.address, "--password-stdin", "--scene", "typical", "--size", "2", "--seconds", "1");
	check("load: with a wrong password nobody gets in", refused.status === 1 && refused.result?.failed === 2 && refused.result.people === 0, refused.text);
}

await scenario("load", async () => {
	await people_come_and_go();
	await loss_is_seen();
	if (process.argv.includes("--few"))
		return;
	await Promise.all([ // small enough to run beside each other
		every_join_is_timed(),
		flawless("rooms, all to all", ["--scene", "rooms", "--rooms", "2", "--size", "3", "--seconds", "2"]),
		flawless("three layers", ["--scene", "typical", "--size", "4", "--seconds", "2"]),
		flawless("webinar, packets apart", ["--scene", "webinar", "--size", "6", "--seconds", "2", "--spread"]),
		flawless("sound alone, by IPv6", ["--address", "::1", "--scene", "audio-only", "--size", "4", "--seconds", "2"]),
		a_storm_comes(),
		some_stand_for_all(),
		nonsense_is_refused(),
	]);
	await whole_hopkin();
});

// Hopkin for one test: the built programs, on a port and a data folder of their own.

import { spawn, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterwards, check, until } from "./check.mjs";

export const TOP = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const BUILD = process.env.HOPKIN_BUILD ?? join(TOP, "build/release");

/**
 * Starts Hopkin and waits until it says that it is ready.
 *
 * @param options  port, admin_port; listen: addresses (default: loopback); flags: more for `hopkin serve`;
 *                 within: words put before the command, such as those that enter a network namespace;
 *                 data: a folder to use again
 */
export async function start_server(options = {}) {
	const port = options.port ?? 9743;
	const admin_port = options.admin_port ?? port + 1;
	const data = options.data ?? mkdtempSync(join(tmpdir(), "hopkin-e2e-"));
	if (!options.data)
		afterwards(() => rmSync(data, { recursive: true, force: true }));
	execFileSync(join(TOP, "certs/trial"), [data], { stdio: "ignore" });
	const listen = options.listen ?? ["127.0.0.1", "::1", ...here("10.77.0.1")];
	const words = [
		...(options.within ?? []), join(BUILD, "hopkin"), "serve", "--data", data, "--port", String(port),
		"--admin-port", String(admin_port), "--web", join(TOP, "web/dist"),
		...listen.flatMap((address) => ["--listen", address]), ...(options.flags ?? []),
	];
	const child = spawn(words[0], words.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
	const server = { port, admin_port, data, child, said: "", log: "", ended: null };
	server.url = `https://${options.name ?? "127.0.0.1"}:${port}`;
	server.admin_url = `https://${options.name ?? "127.0.0.1"}:${admin_port}`;
	child.stdout.on("data", (bytes) => { server.said += bytes; });
	child.stderr.on("data", (bytes) => { server.log += bytes; });
	child.on("exit", (code, signal) => { server.ended = { code, signal }; });
	child.on("close", () => { server.silent = true; });
	server.stop = () => stop(server);
	server.command = (...args) => run_command(server, ...args);
	server.pid_of = (program) => pid_of(child.pid, program);
	afterwards(async () => {
		await stop(server);
		if (process.env.HOPKIN_KEEP_LOG)
			writeFileSync(process.env.HOPKIN_KEEP_LOG, server.said + server.log);
	});
	await until(() => /^ready$/m.test(server.said) || server.ended, 30);
	if (server.ended || !/^ready$/m.test(server.said))
		throw new Error(`hopkin serve did not start: ${JSON.stringify(server.ended)} ${server.said} ${server.log.slice(-1500)}`);
	server.first_link = /^first administrator:? (\S+)$/m.exec(server.said)?.[1] ?? null;
	return server;
}

/** `address` if this machine has it: Firefox meets the server there, see tests/lib/alone. */
function here(address) {
	return Object.values(networkInterfaces()).flat().some((one) => one.address === address) ? [address] : [];
}

async function stop(server) {
	if (server.ended)
		return server.ended;
	await end(server);
	await until(() => server.silent, 3, 10);        // what the last of them said has been read
	const complaint = /ERROR: \w+Sanitizer|runtime error:/.exec(server.log);
	if (complaint) {
		console.log(server.log.slice(complaint.index, complaint.index + 4000));
		check("the sanitizers had nothing to say when it ended", false, complaint[0]);
	}
	return server.ended;
}

async function end(server) {
	server.child.kill("SIGTERM");
	await until(() => server.ended, 8, 50);
	if (!server.ended) {
		server.child.kill("SIGKILL");
		await until(() => server.ended, 3, 50);
		server.ended = { ...server.ended, late: true };
	}
}

/** `hopkin WORDS… --data DATA`, with `input` on its standard input; gives what it printed. */
function run_command(server, words, input = "") {
	return execFileSync(join(BUILD, "hopkin"), [...words, "--data", server.data], { input, encoding: "utf8", timeout: 20000 });
}

/** The process id of `program` (`hopkin-media`, `signaling`) among the descendants of `root`, or 0. */
function pid_of(root, program) {
	const children = new Map();
	for (const name of readdirSync("/proc")) {
		if (!/^\d+$/.test(name))
			continue;
		try {
			const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "latin1"))[1]);
			children.set(parent, [...children.get(parent) ?? [], Number(name)]);
		} catch {
			// it has ended meanwhile
		}
	}
	const queue = [root];
	for (const pid of queue) {
		queue.push(...children.get(pid) ?? []);
		if (pid === root || !existsSync(`/proc/${pid}/cmdline`))
			continue;
		const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
		if (words.slice(0, 2).some((word) => word === program || word.endsWith(`/${program}`)))
			return pid;
	}
	return 0;
}

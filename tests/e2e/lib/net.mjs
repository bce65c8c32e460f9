// A cable: the server in a network namespace of its own, we at the other end, with addresses of both kinds.

import { execFileSync } from "node:child_process";
import { afterwards } from "./check.mjs";

export const SERVER4 = "10.78.0.1";
export const SERVER6 = "fd78::1";
export const OURS = "10.78.0.2";
export const LINK = "hk0";
export const WITHIN = ["ip", "netns", "exec", "hopkin-server"];

export function ip(...words) {
	execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

export function nft(...lines) {
	execFileSync("nft", ["-f", "-"], { input: `${lines.join("\n")}\n` });
}

/** Firefox finds out its own address by the system's way to 8.8.8.8 (see tests/lib/alone). */
export function firefox_route(address) {
	ip("route", "replace", "8.8.8.8/32", "dev", LINK, "src", address);
}

/** Only within tests/lib/alone: it changes the network it is called in. */
export function cable() {
	execFileSync("sh", ["-c", "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns"]);
	ip("netns", "add", "hopkin-server");
	afterwards(() => ip("netns", "delete", "hopkin-server"));
	ip("link", "add", LINK, "type", "veth", "peer", "name", "hk1", "netns", "hopkin-server");
	ip("address", "add", `${OURS}/24`, "dev", LINK);
	ip("address", "add", "fd78::2/64", "dev", LINK, "nodad");
	ip("link", "set", LINK, "up");
	ip("-n", "hopkin-server", "address", "add", `${SERVER4}/24`, "dev", "hk1");
	ip("-n", "hopkin-server", "address", "add", `${SERVER6}/64`, "dev", "hk1", "nodad");
	ip("-n", "hopkin-server", "link", "set", "hk1", "up");
	ip("-n", "hopkin-server", "link", "set", "lo", "up");
	firefox_route(OURS);
}

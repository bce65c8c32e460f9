// What most scenarios begin with: a server, accounts and a room made on the command line, and people with names.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { open_chromium } from "./chromium.mjs";
import { open_firefox } from "./firefox.mjs";

export const MEDIA = process.env.HOPKIN_MEDIA ?? join(tmpdir(), "hopkin-media");
export const PASSWORD = "mat-khau-rat-dai-1";

const NAMES = ["", "Lan Anh", "Minh Đức", "Thu Hà", "Quốc Bảo", "Ngọc Ánh", "Văn Hùng"];

/** A browser with person `code` before it, whose name is known to the checks. */
export async function person(kind, code, options = {}) {
	const open = kind === "firefox" ? open_firefox : open_chromium;
	const one = await open(code, { media: MEDIA, ...options });
	one.name = NAMES[code];
	return one;
}

/** Account `lan` who may make rooms, further members, and a room of lan's; gives the room's address and password. */
export function furnish(server, { guests = true, max = 20, members = [], title = "Giao ban tuần" } = {}) {
	for (const name of ["lan", ...members])
		server.command(["user", "add", name, "--role", name === "lan" ? "host" : "member", "--display", NAMES[name === "lan" ? 1 : 2],
			"--password-stdin"], `${PASSWORD}\n`);
	const words = ["room", "add", title, "--owner", "lan", "--max", String(max), "--json", ...(guests ? ["--guests"] : [])];
	const room = JSON.parse(server.command(words));
	return { address: `${server.url}/r/${room.id}`, password: room.password, id: room.id };
}

// A certificate from certs/authority, and a browser that trusts that authority as certs/README.md tells staff machines to: no
// warning, and a meeting page that loads. A browser that does not trust it refuses.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards, check, scenario, until } from "./lib/check.mjs";
import { start_server, TOP } from "./lib/server.mjs";
import { person } from "./lib/stage.mjs";
import { at_screen } from "./lib/people.mjs";

function authority(words) {
	execFileSync(join(TOP, "certs/authority"), words, { env: { ...process.env, HOPKIN_CA_PASSPHRASE: "khoa-bi-mat-1" }, stdio: "ignore" });
}

/** The serial number of the certificate that the server shows now. */
function serial(server) {
	const shown = execFileSync("sh", ["-c", `openssl s_client -connect 127.0.0.1:${server.port} </dev/null 2>/dev/null | openssl x509 -noout -serial`], { encoding: "utf8" });
	return shown.trim();
}

await scenario("certs", async () => {
	const folder = mkdtempSync(join(tmpdir(), "hopkin-certs-"));
	afterwards(() => rmSync(folder, { recursive: true, force: true }));
	const data = join(folder, "data");
	const home = join(folder, "home");
	authority(["create", join(folder, "ca"), "Sở Ví dụ"]);
	authority(["issue", join(folder, "ca"), join(data, "certs"), "meet.test", "127.0.0.1"]);
	const store = join(home, ".pki/nssdb");
	mkdirSync(store, { recursive: true });
	execFileSync("certutil", ["-d", `sql:${store}`, "-N", "--empty-password"]);
	execFileSync("certutil", ["-d", `sql:${store}`, "-A", "-t", "C,,", "-n", "Hopkin", "-i", join(folder, "ca/authority.pem")]);

	const server = await start_server({ data, name: "meet.test" });
	const flags = ["--host-resolver-rules=MAP meet.test 127.0.0.1"];
	const trusting = await person("chromium", 1, { trust: true, env: { HOME: home }, flags });
	await trusting.page.goto(server.url);
	await at_screen(trusting, "signin");
	check("certs: a browser that trusts the authority opens the page without a warning", true);
	const answer = await trusting.page.evaluate(async () => (await fetch("/")).headers.get("strict-transport-security"));
	check("certs: with a real certificate the server asks for HTTPS only", /max-age=\d{6,}/.test(answer ?? ""), answer);

	const other = await person("chromium", 2, { trust: true, env: { HOME: join(folder, "other") }, flags });
	const refused = await other.page.goto(server.url).then(() => "", (error) => error.message);
	check("certs: a browser that does not trust it refuses", /ERR_CERT_AUTHORITY_INVALID/.test(refused), refused);

	const before = serial(server);
	authority(["issue", join(folder, "ca"), join(data, "certs"), "meet.test", "127.0.0.1"]);
	check("certs: a renewed certificate is taken up without a restart", await until(() => serial(server) !== before, 15, 500), before);
	check("certs: and the server goes on", server.ended === null);

	const trial = await start_server({ port: 9753 });
	const plain = await person("chromium", 3);
	await plain.page.goto(trial.url);
	const none = await plain.page.evaluate(async () => (await fetch("/")).headers.get("strict-transport-security"));
	check("certs: with the trial certificate it does not", none === null, none);
});

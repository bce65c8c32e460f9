// signaling/openapi.json is true: it names the same routes as API.md, each answers where it says, and what is answered fits its schema.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, scenario } from "./lib/check.mjs";
import { Client } from "./lib/client.mjs";
import { start_server, TOP } from "./lib/server.mjs";

const spec = JSON.parse(readFileSync(join(TOP, "signaling/openapi.json"), "utf8"));
const PASSWORD = "mot-cau-dai-de-nho-42";
const METHODS = ["get", "post", "patch", "delete"];

function resolve(part) {
	return part?.$ref ? resolve(part.$ref.split("/").slice(1).reduce((at, key) => at?.[key], spec)) : part;
}

/** What in `value` does not fit `schema`, or "". Knows what the file uses. */
function misfit(value, schema, at = "") {
	schema = resolve(schema);
	if (!schema)
		return `${at}: no such schema`;
	const type = Array.isArray(value) ? "array" : value === null ? "null" : Number.isInteger(value) ? "integer" : typeof value;
	if (schema.type && schema.type !== type)
		return `${at}: ${type}, not ${schema.type}`;
	if (schema.enum && !schema.enum.includes(value))
		return `${at}: ${value}`;
	if (schema.pattern && !new RegExp(schema.pattern).test(value))
		return `${at}: ${value}`;
	if (type === "array")
		return value.map((one, n) => misfit(one, schema.items, `${at}[${n}]`)).find(Boolean) ?? "";
	if (type !== "object")
		return "";
	const missing = (schema.required ?? []).find((key) => !(key in value));
	if (missing)
		return `${at}.${missing} is missing`;
	for (const [key, one] of Object.entries(value)) {
		const inner = schema.properties?.[key];
		const why = inner ? misfit(one, inner, `${at}.${key}`) : schema.additionalProperties === false ? `${at}.${key} is not in the schema` : "";
		if (why)
			return why;
	}
	return "";
}

const operations = Object.entries(spec.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })));
const seen = new Set();

/** Asks, and holds the answer to what the file says of that status. */
async function ask(who, operationId, values = {}, body) {
	const operation = operations.find((one) => one.operationId === operationId);
	const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => values[name]);
	const answer = await who.rest(operation.method.toUpperCase(), path, body);
	const response = resolve(operation.responses[answer.status]);
	const schema = response?.content?.["application/json"]?.schema;
	const why = !response ? `status ${answer.status} is not in the file` : schema ? misfit(answer.json, schema) : answer.text ? "a body where none is written" : "";
	check(`openapi: ${operationId} answers ${answer.status} as written`, why === "", `${why} ${answer.text.slice(0, 200)}`);
	if (answer.status < 300)
		seen.add(operationId);
	return answer.json ?? {};
}

await scenario("openapi", async () => {
	const rows = [...readFileSync(join(TOP, "signaling/API.md"), "utf8").matchAll(/^\| (GET|POST|PATCH|DELETE) `(\/[^`?]*)`( \*admin\*)?/gm)]
		.map(([, method, path, admin]) => `${method} ${path.replace(/^\/rooms\/ID/, "/rooms/{room}").replace(/\/tokens\/ID/, "/tokens/{token}").replace(/^\/people\/ID/, "/people/{person}")}${admin ? " administration" : ""}`);
	const written = operations.map((one) => `${one.method.toUpperCase()} ${one.path}${one["x-listener"] === "administration" ? " administration" : ""}`);
	check("openapi: it names the routes of API.md, and no others", rows.sort().join() === written.sort().join(),
		[...rows.filter((one) => !written.includes(one)), ...written.filter((one) => !rows.includes(one))].join("; "));
	const refs = JSON.stringify(spec).match(/#\/components\/[A-Za-z/]+/g);
	check("openapi: every reference leads somewhere", refs.every((ref) => resolve({ $ref: ref })), refs.find((ref) => !resolve({ $ref: ref })));

	const server = await start_server({ port: 9441 });
	const admin = new Client(server.admin_url);
	const main = new Client(server.url);
	const token = server.first_link.split("#")[1];
	await ask(main, "server");
	await ask(main, "health");
	await ask(main, "me");
	for (const one of operations.filter((each) => each["x-listener"] === "administration")) {
		const path = one.path.replace("{person}", "1");
		const body = one.method === "get" ? undefined : {};
		check(`openapi: ${one.operationId} does not exist on the main listener`, (await main.rest(one.method.toUpperCase(), path, body)).status === 404);
		check(`openapi: ${one.operationId} needs a session on the other`, (await new Client(server.admin_url).rest(one.method.toUpperCase(), path, body)).status === 401);
	}
	await ask(admin, "linkLook", {}, { token });
	await ask(admin, "linkUse", {}, { token, password: "ngan", name: "lan", display: "Lan" });
	await ask(admin, "linkUse", {}, { token, password: PASSWORD, name: "lan", display: "Lan" });
	await ask(main, "login", {}, { name: "lan", password: "khong phai mat khau" });
	await ask(main, "login", {}, { name: "lan", password: PASSWORD });
	await ask(main, "me");
	const room = await ask(main, "roomAdd", {}, { title: "Giao ban", guests: true });
	await ask(main, "roomAdd", {}, { title: "", guests: true });
	await ask(main, "rooms");
	await ask(main, "room", { room: room.id });
	await ask(main, "room", { room: "A".repeat(22) });
	await ask(main, "roomChange", { room: room.id }, { max: 3 });
	await ask(main, "roomPassword", { room: room.id }, {});
	const made = await ask(main, "tokenAdd", { room: room.id }, { name: "Máy quay", right: "publish" });
	await ask(main, "tokenAdd", { room: room.id }, { name: "", right: "view" });
	await ask(main, "tokens", { room: room.id });
	await ask(main, "tokens", { room: "A".repeat(22) });
	await ask(main, "tokenRemove", { room: room.id, token: made.id });
	await ask(main, "tokenRemove", { room: room.id, token: made.id });
	const invited = await ask(admin, "personAdd", {}, { name: "minh", display: "Minh", role: "member" });
	await ask(admin, "personAdd", {}, { name: "minh", display: "Minh", role: "member" });
	await ask(admin, "people");
	await ask(admin, "personChange", { person: invited.id }, { role: "host" });
	await ask(admin, "personChange", { person: "1" }, { disabled: true });
	await ask(admin, "personReset", { person: invited.id });
	await ask(admin, "stats");
	await ask(main, "password", {}, { old: "khong phai mat khau", new: `${PASSWORD}-moi` });
	await ask(main, "password", {}, { old: PASSWORD, new: `${PASSWORD}-moi` });
	await ask(main, "roomRemove", { room: room.id });
	await ask(main, "logout");
	check("openapi: every operation has been carried out", operations.every((one) => seen.has(one.operationId)), operations.filter((one) => !seen.has(one.operationId)).map((one) => one.operationId).join());
});

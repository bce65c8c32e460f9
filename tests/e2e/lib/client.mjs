// A client of the documented protocols with no browser: REST and WebSocket straight from Node.

import { until } from "./check.mjs";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // the trial certificate
process.removeAllListeners("warning");
process.on("warning", (warning) => {
	if (!/NODE_TLS_REJECT_UNAUTHORIZED|experimental/i.test(String(warning)))
		console.error(String(warning));
});

/** One visitor of `origin`: keeps its cookie. */
export class Client {
	constructor(origin) {
		this.origin = origin;
		this.cookie = "";
	}

	async rest(method, path, body, headers = {}) {
		const answer = await fetch(`${this.origin}/api/v1${path}`, {
			method,
			headers: {
				origin: this.origin,
				...(this.cookie ? { cookie: this.cookie } : {}),
				...(body === undefined ? {} : { "content-type": "application/json" }),
				...headers,
			},
			body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
			signal: AbortSignal.timeout(60000), // only against hanging: a busy machine hashes slowly
		});
		for (const cookie of answer.headers.getSetCookie())
			this.cookie = cookie.split(";")[0];
		const text = await answer.text();
		let json = null;
		try {
			json = text ? JSON.parse(text) : null;
		} catch {
			// not JSON: `text` has it
		}
		return { status: answer.status, json, text, headers: answer.headers };
	}

	/** A WebSocket of the meeting protocol, open. */
	async socket(options = {}) {
		const headers = { origin: options.origin ?? this.origin, ...(this.cookie ? { cookie: this.cookie } : {}) };
		const socket = new Socket(`${this.origin.replace("https:", "wss:")}/ws`, headers);
		await until(() => socket.opened || socket.closed, 10, 10);
		return socket;
	}
}

class Socket {
	constructor(url, headers) {
		this.received = [];
		this.opened = false;
		this.closed = null;
		this.next = 1;
		this.raw = new WebSocket(url, { protocols: ["hopkin.v1"], headers });
		this.raw.binaryType = "arraybuffer";
		this.raw.onopen = () => { this.opened = true; };
		this.raw.onclose = (event) => { this.closed = { code: event.code, reason: event.reason }; };
		this.raw.onerror = () => undefined;
		this.raw.onmessage = (event) => this.#take(event.data);
	}

	async #take(data) {
		const slot = {};
		this.received.push(slot);
		const text = typeof data === "string" ? data
			: await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
		Object.assign(slot, JSON.parse(text));
	}

	send(message) {
		this.raw.send(typeof message === "string" ? message : JSON.stringify(message));
	}

	/** Sends a request with the next id; gives its answer. */
	async request(message, seconds = 10) {
		const id = this.next++;
		this.send({ ...message, id });
		return await until(() => this.received.find((one) => one.re === id) ?? (this.closed && { t: "closed", code: this.closed.code }), seconds, 10)
			?? { t: "silence" };
	}

	event(type, seconds = 5) {
		return until(() => this.received.find((one) => one.t === type && one.re === undefined), seconds, 20);
	}

	close() {
		this.raw.close();
	}
}

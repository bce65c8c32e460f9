/**
 * One WebSocket connection that speaks hopkin.v1: numbers requests, matches answers, hands events on in the order they came.
 * It does not reconnect; its owner makes another one.
 */
import { deflate, inflate } from './deflate.ts';
import { type Guard, isNatural, isRecord, isString } from './guard.ts';
import { type ServerEvent, SUBPROTOCOL, readEvent } from './messages.ts';

export class RequestError extends Error {
	readonly code: string;
	readonly retryAfter: number;

	constructor(code: string, retryAfter = 0) {
		super(code);
		this.name = 'RequestError';
		this.code = code;
		this.retryAfter = retryAfter;
	}
}

export interface SocketHandlers {
	onEvent(event: ServerEvent): void;
	/** Once, and never before `open` has settled. */
	onClose(code: number): void;
}

interface Waiting {
	resolve(value: unknown): void;
	reject(error: RequestError): void;
	timer: ReturnType<typeof setTimeout>;
	took: ((answer: unknown) => void) | undefined;
}

const OPEN_TIMEOUT_MS = 8_000;
const ANSWER_TIMEOUT_MS = 15_000;
/** Texts above this travel compressed (an SDP offer of 35 kB deflates to 2 kB). */
const COMPRESS_ABOVE = 4_096;

export class Socket {
	#ws: WebSocket;
	#handlers: SocketHandlers;
	#next = 1;
	#waiting = new Map<number, Waiting>();
	#incoming: Promise<void> = Promise.resolve();
	#outgoing: Promise<void> = Promise.resolve();
	#closed = false;

	private constructor(ws: WebSocket, handlers: SocketHandlers) {
		this.#ws = ws;
		this.#handlers = handlers;
	}

	/** Rejects with code `unreachable` if the server is not there. */
	static open(url: string, handlers: SocketHandlers): Promise<Socket> {
		return new Promise((resolve, reject) => {
			const ws = new WebSocket(url, SUBPROTOCOL);
			ws.binaryType = 'arraybuffer';
			const socket = new Socket(ws, handlers);
			const timer = setTimeout(() => {
				socket.#closed = true;
				ws.close();
				reject(new RequestError('unreachable'));
			}, OPEN_TIMEOUT_MS);
			let opened = false;
			ws.onopen = () => {
				opened = true;
				clearTimeout(timer);
				resolve(socket);
			};
			ws.onclose = (event) => {
				clearTimeout(timer);
				if (opened)
					socket.#incoming.finally(() => socket.#end(event.code));
				else
					reject(new RequestError('unreachable'));
			};
			ws.onmessage = (event) => socket.#take(event.data);
		});
	}

	get open(): boolean {
		return !this.#closed && this.#ws.readyState === WebSocket.OPEN;
	}

	/**
	 * Rejects with RequestError: the server's code, `closed`, `silent` (no answer in time) or `bad_answer`.
	 * `took` is called with the answer before any later message is handed on; the promise settles some turns after.
	 */
	async request<T>(t: string, fields: Record<string, unknown>, guard: Guard<T>, took?: (answer: T) => void): Promise<T> {
		const value = await this.#ask(t, fields, (answer) => {
			if (guard(answer))
				took?.(answer);
		});
		if (!guard(value))
			throw new RequestError('bad_answer');
		return value;
	}

	/** A request whose answer says nothing more. */
	async tell(t: string, fields: Record<string, unknown> = {}): Promise<void> {
		await this.#ask(t, fields);
	}

	/** Closes from this side; onClose follows with this code. */
	close(): void {
		this.#ws.close(1000);
		this.#end(1000);
	}

	#ask(t: string, fields: Record<string, unknown>, took?: (answer: unknown) => void): Promise<unknown> {
		if (!this.open)
			return Promise.reject(new RequestError('closed'));
		const id = this.#next++;
		const text = JSON.stringify({ t, id, ...fields });
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(id);
				reject(new RequestError('silent'));
			}, ANSWER_TIMEOUT_MS);
			this.#waiting.set(id, { resolve, reject, timer, took });
			this.#send(text);
		});
	}

	/** Keeps the order of requests although compressing takes its time. */
	#send(text: string): void {
		this.#outgoing = this.#outgoing.then(async () => {
			const frame = text.length > COMPRESS_ABOVE ? await deflate(text) : text;
			if (this.open)
				this.#ws.send(frame);
		});
	}

	#take(data: unknown): void {
		this.#incoming = this.#incoming.then(async () => {
			try {
				const text = data instanceof ArrayBuffer ? await inflate(data) : data;
				if (isString(text))
					this.#deliver(JSON.parse(text));
			} catch (error) {
				console.error('hopkin: a message could not be read', error);
			}
		});
	}

	#deliver(value: unknown): void {
		if (!isRecord(value))
			return;
		if (!isNatural(value['re'])) {
			const event = readEvent(value);
			if (event)
				this.#handlers.onEvent(event);
			return;
		}
		const waiting = this.#waiting.get(value['re']);
		if (!waiting)
			return;
		this.#waiting.delete(value['re']);
		clearTimeout(waiting.timer);
		if (value['t'] === 'error')
			waiting.reject(new RequestError(isString(value['code']) ? value['code'] : 'bad_answer',
				isNatural(value['retry_after']) ? value['retry_after'] : 0));
		else {
			waiting.took?.(value);
			waiting.resolve(value);
		}
	}

	#end(code: number): void {
		if (this.#closed)
			return;
		this.#closed = true;
		for (const waiting of this.#waiting.values()) {
			clearTimeout(waiting.timer);
			waiting.reject(new RequestError('closed'));
		}
		this.#waiting.clear();
		this.#handlers.onClose(code);
	}
}

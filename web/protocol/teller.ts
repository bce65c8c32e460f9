/**
 * Tells the server something of which only the newest counts (what we send, what our screen shows): one request at a time, nothing
 * twice, and what changed meanwhile after it.
 */
import { RequestError } from './socket.ts';

/** After these the same message will be taken a little later. */
const PASSING = ['too_fast', 'not_now'];
const AGAIN_MS = 500;

export class Teller<T> {
	#newest: () => T;
	#tell: (value: T) => Promise<unknown> | null;
	#refused: (code: string) => void;
	#told = '';
	#busy = false;
	#again: ReturnType<typeof setTimeout> | undefined;

	/**
	 * @param newest   what there is to tell at this moment
	 * @param tell     sends it; null: there is nobody to tell now
	 * @param refused  the server would not have it, for another reason than haste
	 */
	constructor(newest: () => T, tell: (value: T) => Promise<unknown> | null, refused: (code: string) => void = () => undefined) {
		this.#newest = newest;
		this.#tell = tell;
		this.#refused = refused;
	}

	/** The server has this already: it went with another message. */
	known(value: T): void {
		this.#told = JSON.stringify(value);
	}

	/** The server knows nothing any more. */
	forget(): void {
		this.#told = '';
	}

	stop(): void {
		clearTimeout(this.#again);
	}

	async say(): Promise<void> {
		if (this.#busy)
			return;
		this.#busy = true;
		try {
			for (;;) {
				const value = this.#newest();
				const text = JSON.stringify(value);
				const telling = text === this.#told ? null : this.#tell(value);
				if (!telling)
					return;
				this.#told = text;
				await telling;
			}
		} catch (error) {
			this.#told = '';
			this.#failed(error instanceof RequestError ? error.code : 'failed');
		} finally {
			this.#busy = false;
		}
	}

	#failed(code: string): void {
		clearTimeout(this.#again);
		if (PASSING.includes(code))
			this.#again = setTimeout(() => this.say(), AGAIN_MS);
		else
			this.#refused(code);
	}
}

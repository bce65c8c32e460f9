/**
 * Keeps one working media connection: makes it, watches it, mends it. In order: wait a little (a Wi-Fi hiccup), restart ICE, throw the
 * connection away and make another with the tracks that are running.
 */
import { Link, type Offer, type SendSource, type SeatPlan } from '../../media/link.ts';
import { backoffMs } from '../../state/backoff.ts';

export interface PathOps {
	/** Sends an offer and calls `took` as soon as the answer is read, before anything that came after it. */
	offer(offer: Offer, fresh: boolean, took: () => void): Promise<string>;
	track(source: SendSource): MediaStreamTrack | null;
	onSeats(link: Link, fresh: boolean): void;
	onState(state: 'connecting' | 'up' | 'lost' | 'stuck'): void;
	/** May an offer be sent at all now? */
	ready(): boolean;
	/** How long the server asks to wait after this error, or null if trying again makes no sense without a new socket. */
	waitAfter(error: unknown): number | null;
}

const HICCUP_MS = 2_000;
const RESTART_MS = 4_000;
const CONNECT_MS = 8_000;
const STUCK_AFTER = 2;
const SOURCES: readonly SendSource[] = ['mic', 'camera', 'screen', 'screen_audio'];

export class MediaPath {
	link: Link | null = null;
	#ops: PathOps;
	#plan: SeatPlan;
	#busy = false;
	#again: 'new' | 'restart' | 'grow' | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	#stopped = false;

	constructor(ops: PathOps, plan: SeatPlan) {
		this.#ops = ops;
		this.#plan = plan;
	}

	get persons(): number {
		return this.#plan.persons;
	}

	/** A connection with its offer made, not yet sent. */
	async prepare(plan: SeatPlan): Promise<{ link: Link; offer: Offer }> {
		if (!this.link || this.link.persons !== plan.persons) {
			this.link?.close();
			this.#plan = plan;
			this.link = this.#make();
		}
		const link = this.link;
		return { link, offer: await link.prepare() };
	}

	/** The offer of `prepare` has been answered. */
	async start(link: Link, sdp: string): Promise<void> {
		if (link !== this.link)
			return;
		this.#watchConnect();
		await link.answer(sdp);
		await this.attach(link);
	}

	/** Our running tracks go to this link. */
	async attach(link: Link): Promise<void> {
		await Promise.all(SOURCES.map((source) => link.send(source, this.#ops.track(source)).catch(() => undefined)));
	}

	send(source: SendSource, track: MediaStreamTrack | null): void {
		this.link?.send(source, track).catch(() => this.renew());
	}

	/** The connection is gone, or does not work: make another. */
	renew(): void {
		this.#negotiate('new');
	}

	restart(): void {
		this.#negotiate('restart');
	}

	grow(persons: number): void {
		if (persons <= this.#plan.persons)
			return;
		this.#plan = { ...this.#plan, persons };
		this.#negotiate('grow');
	}

	/** The socket is back: carry out what had to wait. `stands`: the server says the media connection still works. */
	signalBack(stands: boolean): void {
		const again = this.#again;
		if (!stands || !this.link || again === 'new')
			this.renew();
		else if (again || this.link.pc.connectionState !== 'connected')
			this.#negotiate(again ?? 'restart');
	}

	/** A fresh path with the same surroundings. */
	again(plan: SeatPlan): MediaPath {
		return new MediaPath(this.#ops, plan);
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
		this.link?.close();
		this.link = null;
	}

	#make(): Link {
		const link: Link = new Link(this.#plan, { onState: (state) => this.#onState(link, state) });
		return link;
	}

	#onState(link: Link, state: RTCPeerConnectionState): void {
		if (link !== this.link || this.#stopped)
			return;
		switch (state) {
		case 'connected':
			this.#failures = 0;
			clearTimeout(this.#timer);
			this.#ops.onState('up');
			break;
		case 'disconnected':
			clearTimeout(this.#timer);
			this.#timer = setTimeout(() => {
				this.#ops.onState('lost');
				this.restart();
				this.#timer = setTimeout(() => this.renew(), RESTART_MS);
			}, HICCUP_MS);
			break;
		case 'failed':
			this.#ops.onState('lost');
			this.#retry();
			break;
		default:
			break;
		}
	}

	/** An answered offer that leads nowhere. */
	#watchConnect(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			if (this.link && this.link.pc.connectionState !== 'connected')
				this.#retry();
		}, CONNECT_MS);
	}

	#retry(): void {
		this.#failures++;
		if (this.#failures >= STUCK_AFTER)
			this.#ops.onState('stuck');
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.renew(), backoffMs(this.#failures - 1, Math.random()));
	}

	async #negotiate(what: 'new' | 'restart' | 'grow'): Promise<void> {
		if (this.#stopped)
			return;
		// One negotiation at a time; of those that wait, a new connection makes the others needless.
		if (this.#busy || !this.#ops.ready()) {
			this.#again = this.#again === 'new' || what === 'new' ? 'new' : what;
			return;
		}
		this.#busy = true;
		this.#again = null;
		try {
			await (what === 'new' || !this.link ? this.#exchangeNew() : this.#exchange(this.link, what));
		} catch (error) {
			const wait = this.#ops.waitAfter(error);
			if (wait === null)
				this.#again = 'new';
			else {
				clearTimeout(this.#timer);
				this.#timer = setTimeout(() => this.renew(), wait + backoffMs(0, Math.random()));
			}
		} finally {
			this.#busy = false;
		}
		const again = this.#again;
		if (again && this.#ops.ready())
			this.#negotiate(again);
	}

	async #exchangeNew(): Promise<void> {
		clearTimeout(this.#timer);
		this.link?.close();
		const link = this.#make();
		this.link = link;
		this.#ops.onState(this.#failures >= STUCK_AFTER ? 'stuck' : 'connecting');
		// Tracks first: the offer then says what is really sent.
		await this.attach(link);
		const sdp = await this.#ops.offer(await link.prepare(), true, () => this.#ops.onSeats(link, true));
		if (link !== this.link)
			return;
		this.#watchConnect();
		await link.answer(sdp);
	}

	async #exchange(link: Link, what: 'restart' | 'grow'): Promise<void> {
		const offer = await link.offerAgain({ persons: this.#plan.persons, restart: what === 'restart' });
		const sdp = await this.#ops.offer(offer, false, () => this.#ops.onSeats(link, false));
		if (link === this.link)
			await link.answer(sdp);
	}
}

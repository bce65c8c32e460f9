/**
 * One visit to one room, from the door to the end: owns the socket, the media connection and our own devices, turns what happens into
 * steps of state/meeting, and carries out what the screens ask for.
 */
import { QualityWatch, type Figures } from '../../media/quality.ts';
import type { Link, Offer, SeatPlan } from '../../media/link.ts';
import { isAnything } from '../../protocol/guard.ts';
import { type Entered, type ServerEvent, type Source, isAnswer, isEntered, isJoined, isPong, isResumed } from '../../protocol/messages.ts';
import { RequestError, Socket } from '../../protocol/socket.ts';
import { Teller } from '../../protocol/teller.ts';
import { type Said, announce } from '../../state/announce.ts';
import { backoffMs } from '../../state/backoff.ts';
import { type Ending, type Meeting, type Step, atDoor, meetingStep } from '../../state/meeting.ts';
import { type View, seatsFor } from '../../state/stage.ts';
import { type Kept, forget, keep, readKept } from './kept.ts';
import { LocalMedia } from './local.ts';
import { MediaPath } from './media_path.ts';
import { setPrefs } from './prefs.ts';
import { endingOf, problemOf, waitAfter } from './problem.ts';
import { Store } from './store.ts';

const PING_MS = 8_000;
const PONG_MS = 5_000;
/** The server keeps our place for 60 s. */
const RETURN_MS = 60_000;
/** Asking costs a hop to another thread of the browser, so not for each of thirty pictures a second and seat. */
const PROVE_MS = 200;
const PROVE_PICTURE_MS = 60;
const VIEW_MS = 120;
const QUALITY_MS = 2_000;

const PLAN: SeatPlan = { persons: 9, screens: 1, voices: 3 };

/** Something to tell the person, once. */
export type Notice = { readonly said: Said } | { readonly code: string };

export class Session {
	readonly meeting: Store<Meeting>;
	readonly local = new LocalMedia();
	readonly link = new Store<Link | null>(null);
	readonly figures = new Store<Figures | null>(null);
	onNotice: (notice: Notice) => void = () => undefined;

	#room: string;
	#socket: Socket | null = null;
	#path: MediaPath;
	#password: string | undefined;
	#name = '';
	#token = '';
	#tries = 0;
	#lostAt = 0;
	#reconnect: ReturnType<typeof setTimeout> | undefined;
	#connecting = false;
	#timers: ReturnType<typeof setInterval>[] = [];
	#viewTimer: ReturnType<typeof setTimeout> | undefined;
	#view: View = { pins: [], wants: [], heights: [] };
	#viewTeller = new Teller(() => this.#view, (view) => this.#inside()?.request('view', { ...view }, isAnything) ?? null);
	#ownTeller = new Teller(() => this.local.own(), (own) => this.#inside()?.tell('state', { ...own }) ?? null, (code) => this.#refusedOwn(code));
	#quality = new QualityWatch();
	#provenAt = new Map<number, number>();
	#disposed = false;

	constructor(room: string) {
		this.#room = room;
		const kept = readKept(room);
		this.meeting = new Store<Meeting>(kept ? { at: 'returning' } : atDoor);
		this.#path = new MediaPath({
			offer: (offer, fresh, took) => this.#offer(offer, fresh, took),
			track: (source) => this.local.track(source),
			onSeats: (link, fresh) => this.#seated(link, fresh),
			onState: (media) => this.#step({ do: 'media', media }),
			ready: () => this.#socket !== null && this.#socket.open && this.meeting.get().at === 'inside',
			waitAfter,
		}, PLAN);
		this.local.onTrack = (source, track) => this.#path.send(source, track);
		this.local.onChange = () => this.#ownChanged();
		addEventListener('online', this.#online);
		addEventListener('offline', this.#online);
		addEventListener('pageshow', this.#online);
		if (kept)
			this.#return(kept);
	}

	/** The room's id. */
	get room(): string {
		return this.#room;
	}

	// -- the way in ------------------------------------------------------------------------------------------------

	/** Password and name at the door. `password` undefined: the room's owner needs none. */
	async knock(password: string | undefined, name: string): Promise<void> {
		this.#password = password;
		this.#name = name.trim();
		this.#step({ do: 'knock' });
		try {
			const socket = await this.#open();
			await this.#enter(socket);
			if (this.#name)
				setPrefs({ name: this.#name });
			this.#prepare();
		} catch (error) {
			this.#dropSocket();
			this.#step({ do: 'refuse', problem: problemOf(error) });
		}
	}

	async join(): Promise<void> {
		const now = this.meeting.get();
		if (now.at !== 'ready' || now.busy)
			return;
		this.#step({ do: 'joining' });
		try {
			const socket = this.#socket?.open ? this.#socket : await this.#reenter();
			await this.#join(socket);
		} catch (error) {
			this.#step({ do: 'refuse', problem: problemOf(error) });
		}
	}

	/** Back from before joining to the door. */
	back(): void {
		this.#dropSocket();
		this.local.stopAll();
		this.#step({ do: 'door' });
	}

	// -- in the meeting ----------------------------------------------------------------------------------------------

	async leave(): Promise<void> {
		const socket = this.#socket;
		this.#over('left');
		if (socket?.open)
			await Promise.race([socket.tell('leave').catch(() => undefined), new Promise((r) => setTimeout(r, 1_000))]);
		socket?.close();
	}

	setMic(on: boolean): Promise<void> {
		return this.#switch('mic', on, () => this.local.setMic(on));
	}

	setCamera(on: boolean): Promise<void> {
		return this.#switch('camera', on, () => this.local.setCamera(on));
	}

	setScreen(on: boolean): Promise<void> {
		return this.#switch('screen', on, () => this.local.setScreen(on));
	}

	/** Any request of the meeting that answers nothing more; a refusal becomes a notice. */
	async tell(t: string, fields: Record<string, unknown> = {}): Promise<boolean> {
		try {
			if (!this.#socket)
				throw new RequestError('closed');
			await this.#socket.tell(t, fields);
			return true;
		} catch (error) {
			this.onNotice({ code: problemOf(error).code });
			return false;
		}
	}

	step(step: Extract<Step, { do: 'layout' | 'pin' | 'page' | 'panel' }>): void {
		this.#step(step);
	}

	/** What the screen shows now; told to the server when it has settled. */
	show(view: View): void {
		this.#view = view;
		this.#viewTimer ??= setTimeout(() => {
			this.#viewTimer = undefined;
			this.#viewTeller.say();
		}, VIEW_MS);
	}

	/** A picture of this seat reached the screen. */
	pictured(seat: number): void {
		const now = performance.now();
		if (now - (this.#provenAt.get(seat) ?? 0) >= PROVE_PICTURE_MS) {
			this.#provenAt.set(seat, now);
			this.prove(seat);
		}
	}

	/** Looks whose packets come out of a seat, and takes it over into the state. */
	prove(seat: number): void {
		const now = this.meeting.get();
		const link = this.link.get();
		if (now.at !== 'inside' || !link)
			return;
		const number = link.contributor(seat);
		if (number !== now.inside.proven[seat])
			this.#step({ do: 'proven', seat, number });
	}

	dispose(): void {
		this.#disposed = true;
		removeEventListener('online', this.#online);
		removeEventListener('offline', this.#online);
		removeEventListener('pageshow', this.#online);
		// "Back" out of a meeting is leaving it; a reload never comes here.
		const socket = this.#socket;
		const left = this.meeting.get().at === 'inside' && socket?.open ? socket.tell('leave').catch(() => undefined) : Promise.resolve();
		left.finally(() => socket?.close());
		this.#stop();
		forget();
		this.local.dispose();
	}

	// -- socket --------------------------------------------------------------------------------------------------------

	async #open(): Promise<Socket> {
		this.#dropSocket();
		let mine: Socket | null = null;
		const socket = await Socket.open(`wss://${location.host}/ws`, {
			onEvent: (event) => {
				if (this.#socket === mine)
					this.#onEvent(event);
			},
			onClose: (code) => {
				if (this.#socket === mine)
					this.#onClose(code);
			},
		});
		mine = socket;
		if (this.#disposed) {
			socket.close();
			throw new RequestError('closed');
		}
		this.#socket = socket;
		return socket;
	}

	#dropSocket(): void {
		const socket = this.#socket;
		this.#socket = null;
		socket?.close();
	}

	async #enter(socket: Socket): Promise<Entered> {
		const entered = await socket.request('enter', {
			room: this.#room,
			...(this.#password === undefined ? {} : { password: this.#password }),
			...(this.#name ? { name: this.#name } : {}),
		}, isEntered);
		if (this.meeting.get().at !== 'inside')
			this.#step({ do: 'enter', entered });
		return entered;
	}

	/** The socket broke while the person was still looking at the camera. */
	async #reenter(): Promise<Socket> {
		const socket = await this.#open();
		await this.#enter(socket);
		this.#step({ do: 'joining' });
		return socket;
	}

	/** Makes the connection and its offer ready while the person looks at the preview. */
	#prepare(): void {
		this.#path.prepare(this.#plan()).catch(() => undefined);
	}

	#plan(): SeatPlan {
		const now = this.meeting.get();
		const most = now.at === 'ready' || now.at === 'inside' ? now.room.seats : PLAN.persons;
		return { ...PLAN, persons: Math.max(1, Math.min(PLAN.persons, most)) };
	}

	async #join(socket: Socket): Promise<void> {
		const { link, offer } = await this.#path.prepare(this.#plan());
		await this.#path.attach(link);
		const own = this.local.own();
		const joined = await socket.request('join', { sdp: offer.sdp, sections: offer.sections, state: own }, isJoined, (present) => {
			this.#ownTeller.known(own);
			this.#step({ do: 'join', present, seatKinds: link.seats.map((s) => s.kind) });
			this.#keep(present.resume);
			this.#begin();
			this.link.set(link);
		});
		await this.#path.start(link, joined.sdp);
		// Somebody may have pressed a button while the answer was on its way.
		this.#ownChanged();
		this.#growSeats();
	}

	#onClose(code: number): void {
		this.#socket = null;
		const now = this.meeting.get();
		if (now.at === 'over')
			return;
		const ending = endingOf(code);
		if (ending) {
			this.#over(ending);
			return;
		}
		if (now.at === 'inside') {
			if (now.inside.signal === 'up')
				this.#lostAt = Date.now();
			this.#step({ do: 'signal', signal: 'lost' });
			this.#tryAgain();
		} else if (now.at === 'door' && now.busy) {
			this.#step({ do: 'refuse', problem: { code: 'closed', retryAfter: 0 } });
		}
	}

	#tryAgain(now = false): void {
		clearTimeout(this.#reconnect);
		if (now)
			this.#tries = 0;
		this.#reconnect = setTimeout(() => this.#resume(), backoffMs(this.#tries++, Math.random()));
	}

	async #resume(): Promise<void> {
		if (this.#disposed || this.#connecting)
			return;
		this.#connecting = true;
		try {
			const socket = await this.#open();
			const resumed = await socket.request('resume', { token: this.#token }, isResumed, (present) => {
				this.#keep(present.resume);
				this.#step({ do: 'resume', present });
				this.#tries = 0;
			});
			this.#afterResume(resumed.media);
		} catch (error) {
			await this.#resumeFailed(problemOf(error).code);
		} finally {
			this.#connecting = false;
		}
	}

	#afterResume(stands: boolean): void {
		this.#begin();
		this.#ownTeller.forget();
		this.#viewTeller.forget();
		this.#ownChanged();
		this.#path.signalBack(stands);
		this.#viewTeller.say();
	}

	async #resumeFailed(code: string): Promise<void> {
		this.#dropSocket();
		const now = this.meeting.get();
		if (code === 'no_session') {
			if (now.at === 'inside')
				await this.#comeAgain();
			else {
				forget();
				this.#step({ do: 'door' });
			}
		} else if (code === 'removed' || code === 'ended') {
			this.#over(code);
		} else if (now.at === 'returning' && Date.now() - this.#lostAt > RETURN_MS) {
			this.#step({ do: 'refuse', problem: { code, retryAfter: 0 } });
		} else if (now.at === 'returning' || now.at === 'inside') {
			this.#tryAgain();
		}
	}

	/** Our place is forgotten (away for long, or the meeting began anew): the same way in as at first. */
	async #comeAgain(): Promise<void> {
		const before = this.meeting.get();
		const title = before.at === 'inside' ? before.room.title : '';
		try {
			const socket = await this.#open();
			this.#path.stop();
			const entered = await socket.request('enter', {
				room: this.#room,
				...(this.#password === undefined ? {} : { password: this.#password }),
				...(this.#name ? { name: this.#name } : {}),
			}, isEntered);
			this.#step({ do: 'enter', entered });
			this.#renewPath();
			await this.#join(socket);
		} catch (error) {
			const { code } = problemOf(error);
			if (code === 'unreachable' || code === 'closed' || code === 'silent') {
				this.#tryAgain();
				return;
			}
			this.#stop();
			this.meeting.set({ at: 'over', how: 'lost', title });
		}
	}

	#renewPath(): void {
		this.#path.stop();
		this.#path = this.#path.again(PLAN);
	}

	/** After a reload. */
	#return(kept: Kept): void {
		this.#token = kept.token;
		this.#lostAt = Date.now();
		if (kept.mic)
			this.local.setMic(true);
		if (kept.camera)
			this.local.setCamera(true);
		this.#resume();
	}

	readonly #online = (): void => {
		const now = this.meeting.get();
		if (now.at !== 'inside' && now.at !== 'returning')
			return;
		if (this.#socket?.open)
			this.#ping(2_000);
		else if (!this.#connecting)
			this.#tryAgain(true);
	};

	/** No answer in time: the socket is dead although nobody has said so. */
	async #ping(patience: number): Promise<void> {
		const socket = this.#socket;
		if (!socket?.open)
			return;
		const timer = setTimeout(() => socket.close(), patience);
		await socket.request('ping', {}, isPong).catch(() => undefined);
		clearTimeout(timer);
	}

	// -- events --------------------------------------------------------------------------------------------------------

	#onEvent(event: ServerEvent): void {
		const before = this.meeting.get();
		if (event.t === 'removed' || event.t === 'ended') {
			this.#over(event.t);
			return;
		}
		this.#step({ do: 'event', event });
		if (before.at !== 'inside')
			return;
		const said = announce(before.inside, event);
		if (said)
			this.onNotice({ said });
		switch (event.t) {
		case 'media_lost':
			this.#path.renew();
			break;
		case 'blocked':
			this.#obey(event.sources);
			break;
		case 'seats':
			for (const { seat } of event.seats)
				this.prove(seat);
			break;
		case 'arrived':
			this.#growSeats();
			break;
		default:
			break;
		}
	}

	/** A host has forbidden these: what runs is stopped here too, not only dropped there. */
	#obey(sources: readonly Source[]): void {
		const own = this.local.own();
		if (sources.includes('mic') && own.mic)
			this.local.setMic(false);
		if (sources.includes('camera') && own.camera)
			this.local.setCamera(false);
		if (sources.includes('screen') && own.screen)
			this.local.setScreen(false);
	}

	#growSeats(): void {
		const now = this.meeting.get();
		if (now.at === 'inside')
			this.#path.grow(seatsFor(now.inside.roster.length, now.room.seats));
	}

	// -- our own -------------------------------------------------------------------------------------------------------

	async #switch(source: Source, on: boolean, act: () => Promise<void>): Promise<void> {
		const now = this.meeting.get();
		if (on && now.at === 'inside' && now.inside.blocked.includes(source)) {
			this.onNotice({ code: `blocked_${source}` });
			return;
		}
		if (source !== 'screen')
			setPrefs({ [source]: on });
		await act();
	}

	#ownChanged(): void {
		const now = this.meeting.get();
		if (now.at !== 'inside')
			return;
		const own = this.local.own();
		this.#step({ do: 'own', own });
		this.#keep(this.#token);
		this.#ownTeller.say();
	}

	/** A host has forbidden what we were about to switch on. */
	#refusedOwn(code: string): void {
		const now = this.meeting.get();
		if (code === 'blocked' && now.at === 'inside')
			this.#obey(now.inside.blocked);
	}

	/** The socket, while we are in the meeting and it carries. */
	#inside(): Socket | null {
		return this.meeting.get().at === 'inside' && this.#socket?.open ? this.#socket : null;
	}

	// -- media -----------------------------------------------------------------------------------------------------------

	async #offer(offer: Offer, fresh: boolean, took: () => void): Promise<string> {
		if (!this.#socket)
			throw new RequestError('closed');
		const answer = await this.#socket.request('offer', {
			...(fresh ? { new: true } : {}), sdp: offer.sdp, sections: offer.sections,
		}, isAnswer, took);
		return answer.sdp;
	}

	#seated(link: Link, fresh: boolean): void {
		this.#step({ do: 'seatKinds', seatKinds: link.seats.map((s) => s.kind), fresh });
		// A link that grew is the same object: the seats' elements must be drawn again all the same.
		this.link.set(null);
		this.link.set(link);
		this.#viewTeller.forget();
		this.#viewTeller.say();
	}

	async #look(): Promise<void> {
		const link = this.link.get();
		if (link && !link.closed)
			this.figures.set(await this.#quality.look(link.pc));
	}

	#proveAll(): void {
		const now = this.meeting.get();
		if (now.at !== 'inside')
			return;
		now.inside.seatKinds.forEach((kind, seat) => {
			if (kind !== 'voice' && ((now.inside.seats[seat] ?? 0) !== 0 || now.inside.proven[seat] !== 0))
				this.prove(seat);
		});
	}

	// -- beginning and end ---------------------------------------------------------------------------------------------

	#begin(): void {
		if (this.#timers.length > 0)
			return;
		this.#timers = [
			setInterval(() => this.#ping(PONG_MS), PING_MS),
			setInterval(() => this.#proveAll(), PROVE_MS),
			setInterval(() => this.#look(), QUALITY_MS),
		];
	}

	#over(how: Ending): void {
		this.#step({ do: 'over', how });
		this.#stop();
	}

	#stop(): void {
		for (const timer of this.#timers)
			clearInterval(timer);
		this.#timers = [];
		clearTimeout(this.#reconnect);
		clearTimeout(this.#viewTimer);
		this.#viewTeller.stop();
		this.#ownTeller.stop();
		if (this.meeting.get().at === 'over')
			forget();
		this.#path.stop();
		this.link.set(null);
		this.local.stopAll();
	}

	#keep(token: string): void {
		this.#token = token;
		const { mic, camera } = this.local.own();
		keep({ room: this.#room, token, mic, camera });
	}

	#step(step: Step): void {
		this.meeting.set(meetingStep(this.meeting.get(), step));
	}
}

/**
 * What is known about one meeting, and how it changes. Pure: every change is `next = meetingStep(now, step)`.
 * The session (ui/session) turns the world into steps; the screens draw what comes out.
 */
import type { ChatLine, Entered, Member, Own, Present, SeatKind, ServerEvent, Source } from '../protocol/messages.ts';

export interface RoomInfo {
	readonly title: string;
	readonly banner: string;
	readonly contact: string;
	readonly people: number;
	readonly seats: number;
	readonly name: string;
	readonly guest: boolean;
	readonly host: boolean;
}

/** Why a meeting is over for this browser. */
export type Ending = 'left' | 'removed' | 'ended' | 'replaced' | 'session' | 'kicked' | 'lost';

export type Layout = 'grid' | 'speaker';
export type Panel = 'none' | 'people' | 'chat';
export type Via = 'udp4' | 'udp6' | 'tcp' | '';

export interface Problem {
	/** A code of PROTOCOL.md, or one of the client's own: unreachable, closed, silent, bad_answer. */
	readonly code: string;
	readonly retryAfter: number;
}

export interface Inside {
	readonly number: number;
	readonly roster: readonly Member[];
	readonly chat: readonly ChatLine[];
	readonly unread: number;
	readonly locked: boolean;
	readonly blocked: readonly Source[];
	/** The WebSocket. */
	readonly signal: 'up' | 'lost';
	/** The media connection. `stuck`: tried for long, and something on the way must be stopping it. */
	readonly media: 'connecting' | 'up' | 'lost' | 'stuck';
	readonly via: Via;
	readonly seatKinds: readonly SeatKind[];
	/** By seat: who the server says sits there; 0: nobody. */
	readonly seats: readonly number[];
	/** By seat: whose packets come out of it (CSRC); 0: none seen. */
	readonly proven: readonly number[];
	readonly speaking: readonly number[];
	readonly recent: readonly number[];
	readonly layout: Layout;
	readonly pinned: number;
	readonly page: number;
	readonly panel: Panel;
}

export type Meeting =
	/** A reload comes back by itself. */
	| { readonly at: 'returning' }
	| { readonly at: 'door'; readonly busy: boolean; readonly problem: Problem | null; readonly nameNeeded: boolean }
	| { readonly at: 'ready'; readonly busy: boolean; readonly problem: Problem | null; readonly room: RoomInfo }
	| { readonly at: 'inside'; readonly room: RoomInfo; readonly inside: Inside }
	| { readonly at: 'over'; readonly how: Ending; readonly title: string };

export type Step =
	| { readonly do: 'knock' }
	| { readonly do: 'refuse'; readonly problem: Problem }
	| { readonly do: 'door' }
	| { readonly do: 'enter'; readonly entered: Entered }
	| { readonly do: 'joining' }
	| { readonly do: 'join'; readonly present: Present; readonly seatKinds: readonly SeatKind[] }
	| { readonly do: 'resume'; readonly present: Present & Entered }
	| { readonly do: 'seatKinds'; readonly seatKinds: readonly SeatKind[]; readonly fresh: boolean }
	| { readonly do: 'proven'; readonly seat: number; readonly number: number }
	| { readonly do: 'signal'; readonly signal: Inside['signal'] }
	| { readonly do: 'media'; readonly media: Inside['media'] }
	| { readonly do: 'event'; readonly event: ServerEvent }
	| { readonly do: 'own'; readonly own: Own }
	| { readonly do: 'layout'; readonly layout: Layout }
	| { readonly do: 'pin'; readonly number: number }
	| { readonly do: 'page'; readonly page: number }
	| { readonly do: 'panel'; readonly panel: Panel }
	| { readonly do: 'over'; readonly how: Ending };

/** Chat is gone with the meeting; a browser keeps this much of it. */
const CHAT_KEPT = 1000;

export const atDoor: Meeting = { at: 'door', busy: false, problem: null, nameNeeded: false };

export function roomInfo(entered: Entered): RoomInfo {
	return {
		title: entered.title, banner: entered.banner, contact: entered.contact, people: entered.people, seats: entered.seats,
		name: entered.you.name, guest: entered.you.guest, host: entered.you.host,
	};
}

export function meetingStep(now: Meeting, step: Step): Meeting {
	switch (step.do) {
	case 'knock':
		return { at: 'door', busy: true, problem: null, nameNeeded: now.at === 'door' && now.nameNeeded };
	case 'refuse':
		return refused(now, step.problem);
	case 'door':
		return atDoor;
	case 'enter':
		return { at: 'ready', busy: false, problem: null, room: roomInfo(step.entered) };
	case 'joining':
		return now.at === 'ready' ? { ...now, busy: true, problem: null } : now;
	case 'join':
		return now.at === 'ready' ? { at: 'inside', room: now.room, inside: arriving(step.present, step.seatKinds) } : now;
	case 'resume':
		return resumed(now, step.present);
	case 'over':
		return over(now, step.how);
	case 'event':
		if (step.event.t === 'removed' || step.event.t === 'ended')
			return over(now, step.event.t);
		break;
	default:
		break;
	}
	if (now.at !== 'inside')
		return now;
	const inside = insideStep(now.inside, step);
	return inside === now.inside ? now : { ...now, inside };
}

function refused(now: Meeting, problem: Problem): Meeting {
	if (now.at === 'ready')
		return { ...now, busy: false, problem };
	if (now.at === 'door' || now.at === 'returning')
		return {
			at: 'door', busy: false, problem, nameNeeded: problem.code === 'name_needed' || problem.code === 'bad_name',
		};
	return now;
}

function over(now: Meeting, how: Ending): Meeting {
	if (now.at === 'over')
		return now;
	return { at: 'over', how, title: now.at === 'inside' || now.at === 'ready' ? now.room.title : '' };
}

function arriving(present: Present, seatKinds: readonly SeatKind[]): Inside {
	const self = present.roster.find((m) => m.number === present.number);
	return {
		number: present.number, roster: present.roster, chat: present.chat, unread: 0, locked: present.locked,
		blocked: self?.blocked ?? [], signal: 'up', media: 'connecting', via: '', seatKinds,
		seats: seatKinds.map(() => 0), proven: seatKinds.map(() => 0), speaking: [], recent: [],
		layout: 'grid', pinned: 0, page: 0, panel: 'none',
	};
}

/** What is on the screen stays as it was; what the server knows is taken over. */
function resumed(now: Meeting, present: Present & Entered): Meeting {
	const fresh = arriving(present, []);
	if (now.at !== 'inside')
		return { at: 'inside', room: roomInfo(present), inside: fresh };
	const { seatKinds, seats, proven, layout, pinned, page, panel, media, via, unread } = now.inside;
	return {
		at: 'inside', room: roomInfo(present),
		inside: { ...fresh, seatKinds, seats, proven, layout, pinned, page, panel, media, via, unread },
	};
}

function insideStep(now: Inside, step: Step): Inside {
	switch (step.do) {
	case 'seatKinds':
		return {
			...now, seatKinds: step.seatKinds,
			seats: step.seatKinds.map((_, i) => (step.fresh ? 0 : now.seats[i] ?? 0)),
			proven: step.seatKinds.map((_, i) => (step.fresh ? 0 : now.proven[i] ?? 0)),
		};
	case 'proven':
		return now.proven[step.seat] === step.number ? now : {
			...now, proven: now.proven.map((n, i) => (i === step.seat ? step.number : n)),
		};
	case 'signal':
		return { ...now, signal: step.signal };
	case 'media':
		return now.media === step.media ? now : { ...now, media: step.media };
	case 'own':
		return {
			...now,
			roster: now.roster.map((m) => (m.number === now.number
				? { ...m, mic: step.own.mic, camera: step.own.camera, screen: step.own.screen } : m)),
		};
	case 'layout':
		return { ...now, layout: step.layout, page: 0 };
	case 'pin':
		return { ...now, pinned: now.pinned === step.number ? 0 : step.number };
	case 'page':
		return { ...now, page: Math.max(0, step.page) };
	case 'panel':
		return { ...now, panel: now.panel === step.panel ? 'none' : step.panel, unread: step.panel === 'chat' ? 0 : now.unread };
	case 'event':
		return eventStep(now, step.event);
	default:
		return now;
	}
}

function eventStep(now: Inside, event: ServerEvent): Inside {
	switch (event.t) {
	case 'arrived':
	case 'changed':
		return { ...withMember(now, event.member) };
	case 'departed':
		return {
			...now,
			roster: now.roster.filter((m) => m.number !== event.number),
			speaking: now.speaking.filter((n) => n !== event.number),
			recent: now.recent.filter((n) => n !== event.number),
			pinned: now.pinned === event.number ? 0 : now.pinned,
		};
	case 'seats': {
		const seats = [...now.seats];
		for (const { seat, number } of event.seats)
			if (seat < seats.length)
				seats[seat] = number;
		return { ...now, seats };
	}
	case 'speakers':
		return { ...now, speaking: event.speaking, recent: event.order };
	case 'chat': {
		const { number, name, guest, at, text } = event;
		const away = now.panel !== 'chat' && number !== now.number;
		return {
			...now, chat: [...now.chat, { number, name, guest, at, text }].slice(-CHAT_KEPT), unread: now.unread + (away ? 1 : 0),
		};
	}
	case 'locked':
		return { ...now, locked: event.locked };
	case 'blocked':
		return { ...now, blocked: event.sources };
	case 'media_state':
		return { ...now, media: event.connected ? 'up' : now.media, via: viaOf(event.via) };
	default:
		return now;
	}
}

function viaOf(via: string | undefined): Via {
	return via === 'udp4' || via === 'udp6' || via === 'tcp' ? via : '';
}

function withMember(now: Inside, member: Member): Inside {
	const known = now.roster.some((m) => m.number === member.number);
	return {
		...now,
		roster: known ? now.roster.map((m) => (m.number === member.number ? member : m)) : [...now.roster, member],
		blocked: member.number === now.number ? member.blocked : now.blocked,
	};
}

export function memberOf(inside: Inside, number: number): Member | undefined {
	return inside.roster.find((m) => m.number === number);
}

/** The seat in which the server shows this person, or -1. */
export function seatOf(inside: Inside, number: number, kind: SeatKind): number {
	return number === 0 ? -1 : inside.seats.findIndex((n, i) => n === number && inside.seatKinds[i] === kind);
}

/** A picture is shown under a name only when the packets themselves say whose they are. */
export function seatProven(inside: Inside, seat: number): boolean {
	const number = inside.seats[seat];
	return number !== undefined && number !== 0 && inside.proven[seat] === number;
}

/** Raised hands, the longest up first. */
export function handsUp(inside: Inside): Member[] {
	return inside.roster.filter((m) => m.hand > 0).sort((a, b) => a.hand - b.hand || a.number - b.number);
}

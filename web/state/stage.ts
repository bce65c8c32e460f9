/** Who is shown where: pure choices from what is known of the meeting. */
import type { Member } from '../protocol/messages.ts';
import { type Inside, memberOf, seatOf } from './meeting.ts';

export interface Stage {
	/** Large: a screen share (`screen`), one person, or nothing (0) when all are equal. */
	readonly large: { readonly kind: 'screen' | 'person'; readonly number: number } | null;
	/** In the order shown; holds oneself. */
	readonly tiles: readonly number[];
	readonly pages: number;
	readonly page: number;
}

/**
 * Order of the tiles: the pinned first, then those heard of late who would otherwise not be seen, then by the time they came.
 * Nobody jumps forward while already on the first page: a grid that dances cannot be read.
 */
export function tileOrder(inside: Inside, first: number): number[] {
	const others = inside.roster.filter((m) => m.number !== inside.number && hasPlace(m)).sort((a, b) => rank(a) - rank(b) || a.number - b.number)
		.map((m) => m.number);
	const order = inside.pinned && others.includes(inside.pinned)
		? [inside.pinned, ...others.filter((n) => n !== inside.pinned)] : others;
	const room = Math.max(1, first - 1);
	const unseen = inside.recent.filter((n) => order.indexOf(n) >= room).slice(0, Math.max(0, room - 1));
	if (unseen.length > 0) {
		const front = order.slice(0, room);
		const rest = order.slice(room).filter((n) => !unseen.includes(n));
		// The longest silent of the front make place.
		const silent = [...front].sort((a, b) => quiet(inside, b) - quiet(inside, a) || front.indexOf(b) - front.indexOf(a));
		const leaving = silent.filter((n) => n !== inside.pinned).slice(0, unseen.length);
		const kept = front.map((n) => (leaving.includes(n) ? unseen[leaving.indexOf(n)] ?? n : n));
		return [inside.number, ...kept, ...leaving, ...rest];
	}
	return [inside.number, ...order];
}

/** A wall display is on the roster, but has nothing to show: no tile for it. */
function hasPlace(member: Member): boolean {
	return member.device !== 'view';
}

/** People with a picture before those without: a page of initials says little. */
function rank(member: { camera: boolean; away: boolean }): number {
	return member.camera && !member.away ? 0 : 1;
}

function quiet(inside: Inside, number: number): number {
	const at = inside.recent.indexOf(number);
	return at < 0 ? Number.MAX_SAFE_INTEGER : at;
}

/** Who shares a screen that is seated here; 0: nobody. */
export function screenOf(inside: Inside): number {
	return inside.seats.find((n, i) => n !== 0 && inside.seatKinds[i] === 'screen' && memberOf(inside, n)?.screen === true) ?? 0;
}

/** The one to show large in speaker view: the pinned, else who spoke last, else anyone but oneself. */
export function speakerOf(inside: Inside): number {
	if (inside.pinned)
		return inside.pinned;
	const spoke = inside.recent.find((n) => n !== inside.number && memberOf(inside, n));
	return spoke ?? inside.roster.find((m) => m.number !== inside.number && hasPlace(m))?.number ?? inside.number;
}

export function stageOf(inside: Inside, perPage: number): Stage {
	const screen = screenOf(inside);
	const order = tileOrder(inside, perPage);
	let large: Stage['large'] = null;
	// A share is what the meeting looks at: whoever pinned a face before must not miss it. The pinned then leads the strip.
	if (screen)
		large = { kind: 'screen', number: screen };
	else if (inside.pinned && memberOf(inside, inside.pinned) && inside.layout === 'speaker')
		large = { kind: 'person', number: inside.pinned };
	else if (inside.layout === 'speaker' && inside.roster.length > 1)
		large = { kind: 'person', number: speakerOf(inside) };

	const rest = large?.kind === 'person' ? order.filter((n) => n !== large.number) : order;
	const pages = Math.max(1, Math.ceil(rest.length / perPage));
	const page = Math.min(inside.page, pages - 1);
	return { large, tiles: rest.slice(page * perPage, (page + 1) * perPage), pages, page };
}

export interface View {
	readonly pins: number[];
	readonly wants: number[];
	readonly heights: number[];
}

/**
 * What to tell the server: `shown` is the height in device pixels of each picture on the screen, by person (and of the shared
 * screen). Nothing is wanted of what nobody sees.
 */
export function viewOf(inside: Inside, stage: Stage, shown: ReadonlyMap<number, number>, screenHeight: number): View {
	const large = stage.large?.kind === 'person' ? [stage.large.number] : [];
	const wants = [...large, ...stage.tiles].filter((n) => n !== inside.number && memberOf(inside, n)?.camera === true);
	const heights = inside.seatKinds.map((kind, seat) => {
		const number = inside.seats[seat] ?? 0;
		if (number === 0 || kind === 'voice')
			return 0;
		if (kind === 'screen')
			return Math.round(screenHeight);
		return Math.round(seatOf(inside, number, 'person') === seat ? shown.get(number) ?? 0 : 0);
	});
	return { pins: inside.pinned && inside.pinned !== inside.number ? [inside.pinned] : [], wants: [...new Set(wants)], heights };
}

/** Seats to offer for a grid of this many people: in steps, so that a meeting which fills up negotiates seldom. */
export function seatsFor(people: number, most: number): number {
	const step = [9, 16, 25].find((n) => n >= people - 1) ?? 25;
	return Math.max(1, Math.min(step, most));
}

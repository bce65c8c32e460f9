/** The messages of signaling/PROTOCOL.md that the server sends, each with the guard that lets it in. */
import {
	type Guard, type Shaped, both, isBoolean, isNatural, isNumber, isRecord, isString, listOf, oneOf, optional, shape,
} from './guard.ts';

export const SUBPROTOCOL = 'hopkin.v1';

/** What a host can forbid. Forbidding `screen` covers its sound. */
export type Source = 'mic' | 'camera' | 'screen';
export const isSource = oneOf('mic', 'camera', 'screen');

/** What one has switched on. */
export interface Own {
	readonly mic: boolean;
	readonly camera: boolean;
	readonly screen: boolean;
	readonly screen_audio: boolean;
}

const memberShape = {
	number: isNatural,
	name: isString,
	guest: isBoolean,
	host: isBoolean,
	since: isNumber,
	mic: isBoolean,
	camera: isBoolean,
	screen: isBoolean,
	hand: isNumber,
	muted: isBoolean,
	blocked: listOf(isSource),
	away: isBoolean,
	/** Only of devices: it came by WHIP or WHEP, without a person. */
	device: optional(oneOf('publish', 'view')),
};
export type Member = Readonly<Shaped<typeof memberShape>>;
const isMember = shape(memberShape);

export interface ChatLine {
	readonly number: number;
	readonly name: string;
	readonly guest: boolean;
	readonly at: number;
	readonly text: string;
}
export const isChatLine: Guard<ChatLine> = shape({
	number: isNatural, name: isString, guest: isBoolean, at: isNumber, text: isString,
});

export interface Entered {
	readonly title: string;
	readonly you: { readonly name: string; readonly guest: boolean; readonly host: boolean };
	readonly banner: string;
	readonly contact: string;
	readonly people: number;
	readonly seats: number;
}
export const isEntered: Guard<Entered> = shape({
	title: isString,
	you: shape({ name: isString, guest: isBoolean, host: isBoolean }),
	banner: isString,
	contact: isString,
	people: isNatural,
	seats: isNatural,
});

export interface Present {
	readonly number: number;
	readonly resume: string;
	readonly locked: boolean;
	readonly roster: Member[];
	readonly chat: ChatLine[];
}
const isPresent: Guard<Present> = shape({
	number: isNatural, resume: isString, locked: isBoolean, roster: listOf(isMember), chat: listOf(isChatLine),
});

export type Joined = Present & { readonly sdp: string };
export const isJoined: Guard<Joined> = both(isPresent, shape({ sdp: isString }));

export type Resumed = Present & Entered & { readonly media: boolean };
export const isResumed: Guard<Resumed> = both(both(isPresent, isEntered), shape({ media: isBoolean }));

export const isAnswer: Guard<{ sdp: string }> = shape({ sdp: isString });
export const isPong: Guard<{ at: number }> = shape({ at: isNumber });

export type SeatKind = 'person' | 'screen' | 'voice';

/** What each m-section of an offer is for, by its mid. */
export interface Sections {
	mic?: string;
	camera?: string;
	screen?: string;
	screen_audio?: string;
	seats: { kind: SeatKind; audio?: string; video?: string }[];
}

// -- events ---------------------------------------------------------------------------------------------------------

export type DepartReason = 'left' | 'lost' | 'removed';

export type ServerEvent =
	| { readonly t: 'arrived'; readonly member: Member }
	| { readonly t: 'departed'; readonly number: number; readonly reason: DepartReason }
	| { readonly t: 'changed'; readonly member: Member }
	| { readonly t: 'seats'; readonly seats: { readonly seat: number; readonly number: number }[] }
	| { readonly t: 'speakers'; readonly order: number[]; readonly speaking: number[] }
	| { readonly t: 'chat' } & ChatLine
	| { readonly t: 'locked'; readonly locked: boolean; readonly by: number }
	| { readonly t: 'blocked'; readonly sources: Source[]; readonly by: number }
	| { readonly t: 'media_lost' }
	| { readonly t: 'media_state'; readonly connected: boolean; readonly via?: string }
	| { readonly t: 'removed' }
	| { readonly t: 'ended' };

const eventGuards: Record<ServerEvent['t'], Guard<unknown>> = {
	arrived: shape({ member: isMember }),
	departed: shape({ number: isNatural, reason: oneOf('left', 'lost', 'removed') }),
	changed: shape({ member: isMember }),
	seats: shape({ seats: listOf(shape({ seat: isNatural, number: isNatural })) }),
	speakers: shape({ order: listOf(isNatural), speaking: listOf(isNatural) }),
	chat: isChatLine,
	locked: shape({ locked: isBoolean, by: isNatural }),
	blocked: shape({ sources: listOf(isSource), by: isNatural }),
	media_lost: isRecord,
	media_state: shape({ connected: isBoolean, via: optional(isString) }),
	removed: isRecord,
	ended: isRecord,
};

/** An event, or null for one that is unknown or malformed. */
export function readEvent(value: unknown): ServerEvent | null {
	if (!isRecord(value) || !isString(value['t']) || !Object.hasOwn(eventGuards, value['t']))
		return null;
	return eventGuards[value['t'] as ServerEvent['t']](value) ? (value as unknown as ServerEvent) : null;
}

// -- closing --------------------------------------------------------------------------------------------------------

export const CLOSE = {
	badMessages: 4400,
	sessionEnded: 4401,
	removed: 4403,
	ended: 4404,
	silent: 4408,
	replaced: 4409,
	tooFast: 4429,
} as const;

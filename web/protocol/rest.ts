/** REST of signaling/API.md. Every call rejects with RestError; `code` is the server's, or `unreachable`, or `bad_answer`. */
import {
	type Guard, type Shaped, isAnything, isBoolean, isNatural, isNumber, isRecord, isString, listOf, oneOf, optional, shape,
} from './guard.ts';

export class RestError extends Error {
	readonly status: number;
	readonly code: string;
	readonly retryAfter: number;
	readonly field: string;

	constructor(status: number, code: string, retryAfter = 0, field = '') {
		super(code);
		this.name = 'RestError';
		this.status = status;
		this.code = code;
		this.retryAfter = retryAfter;
		this.field = field;
	}
}

export type Role = 'admin' | 'host' | 'member';
const isRole = oneOf('admin', 'host', 'member');

const serverShape = {
	version: isString, banner: isString, contact: isString, admin: isBoolean, admin_url: optional(isString), main_url: optional(isString),
	setup_needed: isBoolean,
};
export type ServerInfo = Readonly<Shaped<typeof serverShape>>;

const meShape = { name: isString, display: isString, role: isRole };
export type Me = Readonly<Shaped<typeof meShape>>;
const isMe = shape(meShape);

const isText: Guard<string | null> = (v): v is string | null => v === null || isString(v);
const roomShape = {
	id: isString, title: isString, url: isString, guests: isBoolean, max: isNatural, closed: isBoolean,
	live: shape({ open: isBoolean, people: isNatural }), password: optional(isString), banner: optional(isText), contact: optional(isText),
};
export type Room = Readonly<Shaped<typeof roomShape>>;
const isRoom = shape(roomShape);

export type TokenRight = 'publish' | 'view';
const tokenShape = {
	id: isString, name: isString, right: oneOf('publish', 'view') as Guard<TokenRight>, created: isNumber, used: isNumber, expires: isNumber,
};
export type Token = Readonly<Shaped<typeof tokenShape>>;
const tokenMadeShape = { ...tokenShape, address: isString, token: isString };
export type TokenMade = Readonly<Shaped<typeof tokenMadeShape>>;

const isId: Guard<string | number> = (v): v is string | number => isString(v) || isNatural(v);
const personShape = {
	id: isId, name: isString, display: isString, role: isRole, disabled: isBoolean, pending: isBoolean,
	last_seen: ((v: unknown): v is number | null => v === null || isNumber(v)) as Guard<number | null>,
};
export type Person = Readonly<Shaped<typeof personShape>>;
const isPerson = shape(personShape);

export type LinkKind = 'setup' | 'invite' | 'reset';
const linkShape = {
	kind: oneOf('setup', 'invite', 'reset') as Guard<LinkKind>, name: optional(isString), display: optional(isString),
};
export type Link = Readonly<Shaped<typeof linkShape>>;

async function call<T>(method: string, path: string, guard: Guard<T>, body?: object): Promise<T> {
	let response: Response;
	try {
		response = await fetch(`/api/v1${path}`, {
			method,
			credentials: 'same-origin',
			cache: 'no-store',
			redirect: 'error',
			...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
		});
	} catch {
		throw new RestError(0, 'unreachable');
	}
	const text = await response.text().catch(() => '');
	let value: unknown = null;
	try {
		value = text ? JSON.parse(text) : null;
	} catch {
		throw new RestError(response.status, 'bad_answer');
	}
	if (!response.ok)
		throw refusal(response.status, value);
	if (!guard(value))
		throw new RestError(response.status, 'bad_answer');
	return value;
}

function refusal(status: number, value: unknown): RestError {
	const top = isRecord(value) ? value : {};
	const error = isRecord(top['error']) ? top['error'] : {};
	const retry = error['retry_after'] ?? top['retry_after'];
	const field = error['field'] ?? top['field'];
	return new RestError(status, isString(error['code']) ? error['code'] : 'bad_answer', isNatural(retry) ? retry : 0,
		isString(field) ? field : '');
}

const at = (id: string | number) => encodeURIComponent(String(id));

export const rest = {
	server: () => call('GET', '/server', shape(serverShape)),
	me: () => call('GET', '/me', isMe),
	login: (name: string, password: string) => call('POST', '/login', isMe, { name, password }),
	logout: () => call('POST', '/logout', isAnything),
	password: (old: string, fresh: string) => call('POST', '/password', isAnything, { old, new: fresh }),
	linkLook: (token: string) => call('POST', '/link/look', shape(linkShape), { token }),
	linkUse: (token: string, fields: { password: string; name?: string; display?: string }) =>
		call('POST', '/link/use', isMe, { token, ...fields }),
	rooms: async () => (await call('GET', '/rooms', shape({ rooms: listOf(isRoom) }))).rooms,
	room: (id: string) => call('GET', `/rooms/${at(id)}`, isRoom),
	roomMake: (fields: { title: string; guests: boolean; max: number }) => call('POST', '/rooms', isRoom, fields),
	roomChange: (id: string, fields: {
		title?: string; guests?: boolean; max?: number; closed?: boolean; banner?: string; contact?: string;
	}) =>
		call('PATCH', `/rooms/${at(id)}`, isRoom, fields),
	roomPassword: (id: string) => call('POST', `/rooms/${at(id)}/password`, shape({ password: isString }), {}),
	roomRemove: (id: string) => call('DELETE', `/rooms/${at(id)}`, isAnything),
	tokens: async (id: string) => (await call('GET', `/rooms/${at(id)}/tokens`, shape({ tokens: listOf(shape(tokenShape)) }))).tokens,
	tokenMake: (id: string, fields: { name: string; right: TokenRight }) =>
		call('POST', `/rooms/${at(id)}/tokens`, shape(tokenMadeShape), fields),
	tokenRevoke: (id: string, token: string) => call('DELETE', `/rooms/${at(id)}/tokens/${at(token)}`, isAnything),
	people: async () => (await call('GET', '/people', shape({ people: listOf(isPerson) }))).people,
	personAdd: (fields: { name: string; display: string; role: Role }) => call('POST', '/people', shape({ link: isString }), fields),
	personChange: (id: string | number, fields: { role?: Role; disabled?: boolean; display?: string }) =>
		call('PATCH', `/people/${at(id)}`, isPerson, fields),
	personReset: (id: string | number) => call('POST', `/people/${at(id)}/reset`, shape({ link: isString }), {}),
};

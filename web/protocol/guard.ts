/**
 * Guards: whatever comes from outside is `unknown` until one of these accepts it. Fields that are not named are let pass, so that a
 * newer server can say more.
 */
export type Guard<T> = (value: unknown) => value is T;
export type Guarded<G> = G extends Guard<infer T> ? T : never;

export const isString: Guard<string> = (v): v is string => typeof v === 'string';
export const isBoolean: Guard<boolean> = (v): v is boolean => typeof v === 'boolean';
export const isNumber: Guard<number> = (v): v is number => typeof v === 'number' && Number.isFinite(v);
export const isNatural: Guard<number> = (v): v is number => Number.isSafeInteger(v) && (v as number) >= 0;

export function isRecord(v: unknown): v is Record<string, unknown> {
	return typeof v === 'object' && v !== null && !Array.isArray(v);
}

export function listOf<T>(item: Guard<T>): Guard<T[]> {
	return (v): v is T[] => Array.isArray(v) && v.every(item);
}

export function oneOf<const T extends string>(...words: T[]): Guard<T> {
	return (v): v is T => typeof v === 'string' && (words as string[]).includes(v);
}

export function optional<T>(guard: Guard<T>): Guard<T | undefined> {
	return (v): v is T | undefined => v === undefined || guard(v);
}

type Shape = Record<string, Guard<unknown>>;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends Guarded<S[K]> ? K : never }[keyof S];
export type Shaped<S extends Shape> = { [K in Exclude<keyof S, OptionalKeys<S>>]: Guarded<S[K]> } & {
	[K in OptionalKeys<S>]?: Guarded<S[K]>;
};

export function shape<S extends Shape>(fields: S): Guard<Shaped<S>> {
	return (v): v is Shaped<S> => isRecord(v) && Object.entries(fields).every(([key, guard]) => guard(v[key]));
}

export function both<A, B>(a: Guard<A>, b: Guard<B>): Guard<A & B> {
	return (v): v is A & B => a(v) && b(v);
}

/** For answers that say nothing. */
export const isAnything: Guard<unknown> = (_v): _v is unknown => true;

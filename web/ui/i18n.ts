/** Words in the chosen language. Screens read them while drawing; the root draws everything anew when the language changes. */
import en from '../locales/en.json';
import vi from '../locales/vi.json';
import { fill } from '../state/text.ts';
import { prefs } from './session/prefs.ts';

export type Key = keyof typeof vi;
type Counted = Key extends infer K ? (K extends `${infer Base}_one` ? Base : never) : never;

const locales: Record<'vi' | 'en', Record<Key, string>> = { vi, en };

export function t(key: Key, words: Readonly<Record<string, string | number>> = {}): string {
	return fill(locales[prefs.get().language][key], words);
}

/** The sentence for one or for several; `{count}` is the number. */
export function tn(base: Counted, count: number): string {
	return t(`${base}_${count === 1 ? 'one' : 'other'}` as Key, { count });
}

export function timeOf(unixSeconds: number): string {
	return new Intl.DateTimeFormat(prefs.get().language, { hour: '2-digit', minute: '2-digit' }).format(unixSeconds * 1000);
}

export function dateOf(unixSeconds: number): string {
	return new Intl.DateTimeFormat(prefs.get().language, { dateStyle: 'medium', timeStyle: 'short' }).format(unixSeconds * 1000);
}

export function decimal(value: number, digits: number): string {
	return new Intl.NumberFormat(prefs.get().language, { maximumFractionDigits: digits }).format(value);
}

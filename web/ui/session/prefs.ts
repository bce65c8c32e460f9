/** What this browser remembers between visits. Nothing secret: no password, no token. */
import type { DeviceKind } from '../../media/devices.ts';
import { Store } from './store.ts';

export type Language = 'vi' | 'en';
export type Theme = 'auto' | 'light' | 'dark';

export interface Prefs {
	readonly language: Language;
	readonly theme: Theme;
	readonly name: string;
	readonly device: Readonly<Record<DeviceKind, string>>;
	readonly mic: boolean;
	readonly camera: boolean;
	readonly shortcuts: boolean;
}

const KEY = 'hopkin.prefs';

function initial(): Prefs {
	const wished = navigator.languages.find((l) => /^(vi|en)\b/i.test(l)) ?? 'vi';
	const fresh: Prefs = {
		language: wished.toLowerCase().startsWith('en') ? 'en' : 'vi', theme: 'auto', name: '',
		device: { mic: '', camera: '', speaker: '' }, mic: true, camera: true, shortcuts: true,
	};
	try {
		const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
		return typeof kept === 'object' && kept !== null ? merge(fresh, kept as Record<string, unknown>) : fresh;
	} catch {
		return fresh;
	}
}

function merge(fresh: Prefs, kept: Record<string, unknown>): Prefs {
	const device = typeof kept['device'] === 'object' && kept['device'] !== null ? kept['device'] as Record<string, unknown> : {};
	const text = (v: unknown, otherwise: string) => (typeof v === 'string' ? v : otherwise);
	const flag = (v: unknown, otherwise: boolean) => (typeof v === 'boolean' ? v : otherwise);
	return {
		language: kept['language'] === 'vi' || kept['language'] === 'en' ? kept['language'] : fresh.language,
		theme: kept['theme'] === 'light' || kept['theme'] === 'dark' ? kept['theme'] : 'auto',
		name: text(kept['name'], ''),
		device: { mic: text(device['mic'], ''), camera: text(device['camera'], ''), speaker: text(device['speaker'], '') },
		mic: flag(kept['mic'], true),
		camera: flag(kept['camera'], true),
		shortcuts: flag(kept['shortcuts'], true),
	};
}

export const prefs = new Store<Prefs>(initial());

export function setPrefs(change: Partial<Prefs>): void {
	prefs.set({ ...prefs.get(), ...change });
	try {
		localStorage.setItem(KEY, JSON.stringify(prefs.get()));
	} catch {
		// A browser that keeps nothing: the choice holds until the page is closed.
	}
}

export function setDevice(kind: DeviceKind, id: string): void {
	setPrefs({ device: { ...prefs.get().device, [kind]: id } });
}

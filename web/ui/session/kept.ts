/**
 * What a reload must find again to go back to its place: in this tab's storage alone, and gone with it.
 */
const KEY = 'hopkin.resume';

export interface Kept {
	readonly room: string;
	readonly token: string;
	readonly mic: boolean;
	readonly camera: boolean;
}

export function keep(kept: Kept): void {
	try {
		sessionStorage.setItem(KEY, JSON.stringify(kept));
	} catch {
		// Without it a reload asks for the password again.
	}
}

/** Null: nothing was kept, or it is of another room. */
export function readKept(room: string): Kept | null {
	try {
		const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
		if (typeof kept !== 'object' || kept === null)
			return null;
		const { room: where, token, mic, camera } = kept as Record<string, unknown>;
		return where === room && typeof token === 'string' && token !== '' ? { room, token, mic: mic === true, camera: camera === true }
			: null;
	} catch {
		return null;
	}
}

export function forget(): void {
	try {
		sessionStorage.removeItem(KEY);
	} catch {
		// Nothing was kept.
	}
}

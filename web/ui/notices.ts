/** What is said: to the eye as a note that goes away, to the ear through the one live region. */
import { Store } from './session/store.ts';

export interface Note {
	readonly id: number;
	readonly text: string;
	readonly act: { readonly label: string; readonly run: () => void } | null;
}

export const notes = new Store<readonly Note[]>([]);
export const spoken = new Store<string>('');

let next = 1;
const SHOWN_MS = 5_000;
const SHOWN_WITH_ACT_MS = 8_000;

export function say(text: string, act: Note['act'] = null): void {
	const note: Note = { id: next++, text, act };
	notes.set([...notes.get(), note].slice(-3));
	speak(text);
	setTimeout(() => dismiss(note.id), act ? SHOWN_WITH_ACT_MS : SHOWN_MS);
}

export function dismiss(id: number): void {
	notes.set(notes.get().filter((n) => n.id !== id));
}

/** To the ear alone. The same words twice need a change, or they are not read again. */
export function speak(text: string): void {
	spoken.set(spoken.get() === text ? `${text}\u00a0` : text);
}

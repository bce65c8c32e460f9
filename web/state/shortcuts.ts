/** Every shortcut of the meeting, in one place: the help sheet lists these, the keyboard is read by them. */
export type Command =
	| 'mic' | 'camera' | 'screen' | 'hand' | 'chat' | 'people' | 'layout' | 'unpin' | 'next' | 'previous' | 'fullscreen' | 'figures'
	| 'leave' | 'help' | 'talk';

export interface Shortcut {
	readonly command: Command;
	/** As KeyboardEvent.key, lower case; shown as it stands, but for ' '. */
	readonly key: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
	{ command: 'mic', key: 'm' },
	{ command: 'talk', key: ' ' },
	{ command: 'camera', key: 'v' },
	{ command: 'screen', key: 's' },
	{ command: 'hand', key: 'h' },
	{ command: 'chat', key: 'c' },
	{ command: 'people', key: 'p' },
	{ command: 'layout', key: 'g' },
	{ command: 'unpin', key: 'u' },
	{ command: 'next', key: 'pagedown' },
	{ command: 'previous', key: 'pageup' },
	{ command: 'fullscreen', key: 'f' },
	{ command: 'figures', key: 'i' },
	{ command: 'leave', key: 'q' },
	{ command: 'help', key: '?' },
];

export interface Press {
	readonly key: string;
	readonly ctrlKey: boolean;
	readonly altKey: boolean;
	readonly metaKey: boolean;
	/** The focus is where letters are typed, or where the space bar presses a button. */
	readonly typing: boolean;
	readonly onControl: boolean;
}

/** `letters` off (WCAG 2.1.4): only keys that are not characters work, and the help sheet. */
export function commandOf(press: Press, letters: boolean): Command | null {
	if (press.typing || press.ctrlKey || press.altKey || press.metaKey)
		return null;
	const key = press.key.toLowerCase();
	if (key === ' ' && press.onControl)
		return null;
	const found = SHORTCUTS.find((s) => s.key === key);
	if (!found)
		return null;
	return letters || key.length > 1 || found.command === 'help' ? found.command : null;
}

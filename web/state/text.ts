/** Small choices about words. */

/** Two letters for a face that is not seen: of a Vietnamese name the given name counts, which stands last. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/).filter((w) => w !== '');
	const last = words.at(-1);
	if (last === undefined)
		return '?';
	const first = words.length > 1 ? words.at(0) : undefined;
	return ((first === undefined ? '' : [...first][0] ?? '') + ([...last][0] ?? '')).toLocaleUpperCase('vi');
}

/** One of `count` colours, the same for a person through a meeting. */
export function tint(number: number, count: number): number {
	return ((number * 2_654_435_761) >>> 8) % count;
}

/** `{name}` and `{count}` in a sentence. */
export function fill(sentence: string, words: Readonly<Record<string, string | number>>): string {
	return sentence.replace(/\{(\w+)\}/g, (whole, word: string) => (Object.hasOwn(words, word) ? String(words[word]) : whole));
}

export function duration(seconds: number): string {
	const s = Math.max(0, Math.floor(seconds));
	const two = (n: number) => String(n).padStart(2, '0');
	const hours = Math.floor(s / 3600);
	return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

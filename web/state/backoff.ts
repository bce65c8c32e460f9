/** Waiting between tries: quick at first, then slower, never in step with everybody else's. `random` is 0…1. */
export function backoffMs(attempt: number, random: number): number {
	if (attempt === 0)
		return Math.round(150 * random);
	const base = Math.min(8_000, 300 * 2 ** (attempt - 1));
	return Math.round(base * (0.6 + 0.8 * random));
}

/** The sign of Hopkin: the face of a Đông Sơn drum. People have sat round one in closed circles for two and a half thousand years. */
const round = (n: number) => Math.round(n * 100) / 100;

function polar(radius: number, turn: number): string {
	const angle = turn * 2 * Math.PI - Math.PI / 2;
	return `${round(100 + radius * Math.cos(angle))} ${round(100 + radius * Math.sin(angle))}`;
}

function star(points: number, outer: number, inner: number): string {
	const corners = Array.from({ length: points * 2 }, (_, i) => polar(i % 2 === 0 ? outer : inner, i / (points * 2)));
	return `M${corners.join('L')}Z`;
}

function teeth(count: number, inner: number, outer: number): string {
	return Array.from({ length: count }, (_, i) =>
		`M${polar(inner, (i - 0.38) / count)}L${polar(outer, i / count)}L${polar(inner, (i + 0.38) / count)}`).join('');
}

/** Herons in flight, as on the drum: a beak, two wings, a tail. */
function birds(count: number, radius: number): string {
	return Array.from({ length: count }, (_, i) => {
		const at = (along: number, out: number) => polar(radius + out, (i + along) / count);
		return `M${at(-0.3, 0)}L${at(0.02, -1)}L${at(0.34, 1.5)}M${at(-0.1, -0.6)}L${at(0.06, 5.5)}L${at(0.12, 0)}M${at(-0.04, -0.8)}L${at(0.06, -5)}L${at(0.12, -0.2)}`;
	}).join('');
}

function dots(count: number, radius: number, size: number) {
	return Array.from({ length: count }, (_, i) => {
		const [x, y] = polar(radius, i / count).split(' ');
		return <circle key={i} cx={x} cy={y} r={size} fill="currentColor" stroke="none" />;
	});
}

export function Drum() {
	return (
		<svg class="drum" viewBox="0 0 200 200" fill="none" stroke="currentColor" stroke-width="0.5" aria-hidden="true" focusable="false">
			<path d={star(14, 22, 8.5)} fill="currentColor" stroke="none" />
			{[25, 27, 36, 38, 52, 54, 62, 64, 78, 80, 86, 98].map((r) => <circle key={r} cx="100" cy="100" r={r} />)}
			{dots(40, 31.5, 1.1)}
			<path d={birds(14, 45)} stroke-width="0.6" />
			<path d={teeth(64, 55, 61)} />
			<path d={birds(22, 71)} stroke-width="0.6" />
			{dots(96, 83, 0.9)}
			<path d={teeth(96, 87, 97)} />
		</svg>
	);
}

export function Mark({ size = 28 }: { size?: number }) {
	return (
		<svg class="mark" width={size} height={size} viewBox="0 0 200 200" aria-hidden="true" focusable="false">
			<circle cx="100" cy="100" r="92" fill="none" stroke="currentColor" stroke-width="14" />
			<path d={star(8, 66, 26)} fill="currentColor" />
		</svg>
	);
}

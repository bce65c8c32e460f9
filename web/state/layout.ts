/** The grid: how many columns make the tiles largest. Lengths in CSS pixels. */
export interface Grid {
	readonly columns: number;
	readonly rows: number;
	readonly tileWidth: number;
	readonly tileHeight: number;
}

/** A tile may be as wide as a camera's picture and as narrow as a phone held upright; between these its shape follows the space. */
const WIDEST = 16 / 9;
const NARROWEST = 3 / 4;

export function gridOf(count: number, width: number, height: number, gap: number): Grid {
	let best: Grid = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
	for (let columns = 1; columns <= Math.max(1, count); columns++) {
		const rows = Math.ceil(count / columns);
		const cell = cellOf(columns, Math.max(1, rows), width, height, gap);
		if (better(cell, best))
			best = cell;
	}
	return best;
}

function cellOf(columns: number, rows: number, width: number, height: number, gap: number): Grid {
	let tileWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
	let tileHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
	if (tileWidth > tileHeight * WIDEST)
		tileWidth = tileHeight * WIDEST;
	else if (tileWidth < tileHeight * NARROWEST)
		tileHeight = tileWidth / NARROWEST;
	return { columns, rows, tileWidth: Math.floor(tileWidth), tileHeight: Math.floor(tileHeight) };
}

/** What counts is how much of a 16:9 picture can be seen in the tile; a tie goes to the fewer rows. */
function better(a: Grid, b: Grid): boolean {
	return seen(a) > seen(b) * 1.02;
}

function seen({ tileWidth, tileHeight }: Grid): number {
	const picture = Math.min(tileWidth, tileHeight * WIDEST);
	const cropped = Math.min(tileHeight, tileWidth / NARROWEST);
	return picture * cropped;
}

/** The most tiles on one page such that none is too small to know a face by. */
export function pageSize(width: number, height: number, gap: number, most = 25): number {
	const [narrowest, lowest] = width < 600 ? [96, 84] : [150, 93];
	for (let count = most; count > 1; count--) {
		const grid = gridOf(count, width, height, gap);
		if (grid.tileWidth >= narrowest && grid.tileHeight >= lowest)
			return count;
	}
	return 1;
}

/** How many tiles of a strip fit along its length. */
export function stripSize(length: number, tile: number, gap: number): number {
	return Math.max(1, Math.floor((length + gap) / (tile + gap)));
}

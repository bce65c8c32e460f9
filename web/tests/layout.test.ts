import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridOf, pageSize, stripSize } from '../state/layout.ts';

const SPACES = [[1256, 668], [1900, 940], [378, 600], [308, 480], [800, 320], [600, 900]] as const;

test('layout: every tile fits, from 1 to 25, in every space', () => {
	for (const [width, height] of SPACES)
		for (let count = 1; count <= 25; count++) {
			const g = gridOf(count, width, height, 8);
			assert.ok(g.columns * g.rows >= count, `${count} in ${width}×${height}`);
			assert.ok(g.columns * g.tileWidth + 8 * (g.columns - 1) <= width);
			assert.ok(g.rows * g.tileHeight + 8 * (g.rows - 1) <= height);
		}
});

test('layout: no tile is flatter than a camera or slimmer than an upright phone', () => {
	for (const [width, height] of SPACES)
		for (let count = 1; count <= 25; count++) {
			const { tileWidth, tileHeight } = gridOf(count, width, height, 8);
			assert.ok(tileWidth / tileHeight <= 16 / 9 + 0.06 && tileWidth / tileHeight >= 0.75 - 0.05, `${tileWidth}×${tileHeight}`);
		}
});

test('layout: the space is filled well', () => {
	for (let count = 1; count <= 25; count++) {
		const { tileWidth, tileHeight } = gridOf(count, 1256, 668, 8);
		const share = (count * tileWidth * tileHeight) / (1256 * 668);
		assert.ok(share > 0.66, `${count}: ${share.toFixed(2)}`);
	}
});

const columns: readonly [number, number, number, number][] = [
	[1, 1256, 668, 1], [2, 1256, 668, 2], [4, 1256, 668, 2], [6, 1256, 668, 3], [9, 1256, 668, 3], [2, 378, 600, 1], [25, 1256, 668, 5],
];
for (const [count, width, height, expected] of columns)
	test(`layout: ${count} in ${width}×${height} stand in ${expected} columns`, () => {
		assert.equal(gridOf(count, width, height, 8).columns, expected);
	});

test('layout: nothing to show and no space are no error', () => {
	assert.equal(gridOf(0, 100, 100, 8).columns, 1);
	assert.ok(gridOf(5, 0, 0, 8).tileWidth >= 0);
	assert.equal(pageSize(0, 0, 8), 1);
});

test('layout: a page holds no more than can be recognised', () => {
	assert.equal(pageSize(1256, 668, 8), 25);
	const phone = pageSize(378, 600, 8);
	assert.ok(phone >= 6 && phone <= 25, String(phone));
	assert.ok(pageSize(308, 300, 8) < phone);
});

test('layout: a strip holds what fits', () => {
	assert.equal(stripSize(668, 124, 8), 5);
	assert.equal(stripSize(10, 124, 8), 1);
});

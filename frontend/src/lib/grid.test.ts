import { describe, expect, test } from 'vitest';
import { Grid } from './grid';

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `${from + n}`);
const measures = { width: 320, least: 100, height: () => 50, heading: 30, gap: 10 };
// Two headings, three lanes: 0 1 2 / 3 and 4 5 / with 7 in all.
const cards = new Grid(
  [
    { title: 'running', ids: ids(0, 4) },
    { title: 'stopped', ids: ids(4, 7) },
  ],
  measures,
);
const rows = new Grid([{ title: '', ids: ids(0, 500) }], { ...measures, least: 0, gap: 0 });

describe('layout', () => {
  test('cards share the width', () => {
    expect([cards.lanes, cards.width, cards.total, cards.rows]).toEqual([3, 100, 240, 5]);
    expect(cards.headings.map(({ y, row, count }) => [y, row, count])).toEqual([
      [0, 0, 4],
      [150, 3, 3],
    ]);
    expect(cards.box(3)).toEqual({ x: 0, y: 90, width: 100, height: 50 });
    expect(cards.box(6)).toEqual({ x: 220, y: 180, width: 100, height: 50 });
    expect([cards.row(2), cards.row(3), cards.row(4)]).toEqual([1, 2, 4]);
  });
  test('a row is as wide as the list', () => {
    expect([rows.lanes, rows.width, rows.total, rows.rows]).toEqual([1, 320, 25_000, 500]);
  });
  test('a list too narrow for a card has one lane', () =>
    expect(new Grid([], { ...measures, width: 40 }).lanes).toBe(1));
  test('who is not there has no place', () => expect([rows.place('7'), rows.place('x')]).toEqual([7, -1]));
});

describe('what lies between two heights', () => {
  test.each([
    [0, 100, 0, 2],
    [49, 101, 0, 3],
    [24_990, 30_000, 499, 500],
    [30_000, 40_000, 0, 0],
  ])('%d to %d', (top, bottom, from, to) => expect(rows.between(top, bottom)).toEqual([from, to]));
  test('headings have no nodes', () => expect(cards.between(0, 30)).toEqual([0, 0]));
  test('nothing lies in an empty list', () =>
    expect(new Grid([{ title: '', ids: [] }], measures).between(0, 100)).toEqual([0, 0]));
});

describe('a lasso', () => {
  test('takes what it touches', () => {
    expect(cards.within({ x: 105, y: 40, width: 10, height: 60 })).toEqual(['1']);
    expect(cards.within({ x: 105, y: 75, width: 200, height: 120 })).toEqual(['1', '2', '5', '6']);
  });
  test('between two lanes it takes none', () =>
    expect(cards.within({ x: 102, y: 40, width: 4, height: 10 })).toEqual([]));
  test('takes rows far out of sight', () =>
    expect(rows.within({ x: 0, y: 10_010, width: 1, height: 100 })).toEqual(['200', '201', '202']));
});

describe('keys', () => {
  test.each([
    [0, 'ArrowRight', 1],
    [2, 'ArrowRight', 3],
    [0, 'ArrowLeft', 0],
    [1, 'ArrowDown', 3],
    [3, 'ArrowDown', 4],
    [5, 'ArrowUp', 3],
    [6, 'ArrowDown', 6],
    [0, 'PageDown', 4],
    [6, 'PageUp', 2],
    [5, 'Home', 0],
    [0, 'End', 6],
  ])('from %d %s leads to %d', (from, key, to) => expect(cards.step(from, key, 2)).toBe(to));
  test('another leads nowhere', () => expect(cards.step(0, 'a', 2)).toBeUndefined());
});

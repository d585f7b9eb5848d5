import { expect, test } from 'vitest';
import { spot } from './tip';

const room = { width: 1000, height: 600 };
const tip = { width: 200, height: 30 };

test('a tip stands below the middle of its control', () => {
  expect(spot({ left: 400, top: 100, width: 28, height: 28 }, tip, room)).toEqual({ left: 314, top: 134 });
});

test('where there is no room below it stands above', () => {
  expect(spot({ left: 400, top: 560, width: 28, height: 28 }, tip, room).top).toBe(524);
});

test.each([
  [0, 8],
  [980, 792],
])('at the edge of the window it stays within: a control at %i', (left, want) => {
  expect(spot({ left, top: 100, width: 20, height: 28 }, tip, room).left).toBe(want);
});

test('beside an item of a menu, at the side that has room', () => {
  const item = { top: 100, width: 200, height: 28 };
  expect(spot({ left: 400, ...item }, tip, room, true)).toEqual({ left: 606, top: 99 });
  expect(spot({ left: 700, ...item }, tip, room, true)).toEqual({ left: 494, top: 99 });
});

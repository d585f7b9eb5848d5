import { expect, test } from 'vitest';
import { boxOf, pull } from './lasso';

test('a box may be drawn to any side', () => {
  const want = { x: 1, y: 2, width: 9, height: 18 };
  expect(boxOf({ x: 10, y: 2 }, { x: 1, y: 20 })).toEqual(want);
  expect(boxOf({ x: 1, y: 20 }, { x: 10, y: 2 })).toEqual(want);
});

test.each([
  [200, 0],
  [139, -1],
  [60, -24],
  [461, 1],
  [900, 24],
])('at %d of 100 to 500 it scrolls by %d', (y, by) => expect(pull(y, 100, 500)).toBe(by));

import { expect, test } from 'vitest';
import { margin, scaleOf, wish, type Size } from './scale';

const size = (width: number, height: number): Size => ({ width, height });

test.each([
  [1, 1],
  [1.25, 0.8],
  [1.5, 4 / 3],
  [2, 1],
  [0.75, 4 / 3],
])('at %f pixels of the monitor each, the own size is sharp', (ratio, want) => {
  const scale = scaleOf(false, size(640, 480), size(300, 300), ratio);
  expect(scale).toBeCloseTo(want);
  expect(scale * ratio).toBeCloseTo(Math.round(scale * ratio));
});

test('it fits the narrower way', () => {
  expect(scaleOf(true, size(800, 600), size(400, 600), 1)).toBe(0.5);
  expect(scaleOf(true, size(800, 600), size(1600, 900), 1)).toBe(1.5);
});

test('a guest that follows the window is not blurred by a rounding', () => {
  const room = size(801.3, 600.9);
  const guest = wish(room, 1.25);
  expect(guest).toEqual(size(1001, 751));
  expect(scaleOf(true, guest, room, 1.25)).toBe(0.8);
});

test('the picture is in the middle, on a pixel of the monitor', () => {
  expect(margin(0, 101, 50, 1)).toBe(25);
  const left = margin(168, 700.4, 512, 1.25);
  expect((168 + left) * 1.25).toBeCloseTo(Math.round((168 + left) * 1.25));
  expect(margin(10.5, 100, 200, 1)).toBe(0);
});
